/* The ledger's reads, and the claim of rows that are due. */
#include "store/circuit.h"
#include "store/delivery.h"

#include "base/clock.h"
#include "base/macros.h"
#include "store_sql.h"

#include <assert.h>
#include <limits.h>

#define BODY_COLUMN 18
#define ORDINAL_COLUMN 19
#define TRACE_COLUMN 20 /* Of claims; its flags are the next. */
#define ASKED_COLUMN 22
#define PASSED_COLUMN 24 /* Of a claim: behind these and a number. */
#define LOOK_BEYOND 500  /* See delivery_claim: what may be put off at once. */
#define KEY_BYTES 64
#define ID_TIME_BYTES 6 /* Of a UUIDv7, and of id_pair's. */

static struct str text_or_none(const struct db_rows *rows, size_t i,
                               size_t column, struct arena *arena)
{
    return db_is_null(rows, i, column)
               ? STR_NONE
               : arena_str(arena, db_text(rows, i, column));
}

static enum delivery_state state_of(struct str word)
{
    for (unsigned i = 0; delivery_state_words[i] != NULL; i++) {
        if (str_eq(word, str_of(delivery_state_words[i]))) {
            return (enum delivery_state)i;
        }
    }
    assert(false && "the table allows no other state");
    return DELIVERY_FAILED;
}

/* Every statement that reads rows names these columns in this order; the body
 * behind them when it is asked for, the ordinal and the trace when it is
 * claimed. */
static struct delivery delivery_read(const struct db_rows *rows, size_t i,
                                     struct arena *arena)
{
    struct delivery d = {
        .org_id = db_uuid(rows, i, 0),
        .id = db_uuid(rows, i, 1),
        .event_at_us = db_time(rows, i, 2),
        .event_id = db_uuid(rows, i, 3),
        .webhook_id = db_uuid(rows, i, 4),
        .event_type = arena_str(arena, db_text(rows, i, 5)),
        .subject = arena_str(arena, db_text(rows, i, 6)),
        .state = state_of(db_text(rows, i, 7)),
        .is_test = db_bool(rows, i, 8),
        .attempts = (int)db_int(rows, i, 9),
        .due_at_us = db_time(rows, i, 10),
        .last_status = (int)db_int(rows, i, 11),
        .last_error = text_or_none(rows, i, 12, arena),
        .finished_at_us = db_time(rows, i, 13),
        .created_at_us = db_time(rows, i, 14),
        .attempts_before = (int)db_int(rows, i, 15),
        .request_id = text_or_none(rows, i, 16, arena),
        .last_failure = text_or_none(rows, i, 17, arena),
    };

    if (db_columns(rows) > BODY_COLUMN) {
        d.body = arena_str(arena, db_bytes(rows, i, BODY_COLUMN));
    }
    if (db_columns(rows) > ORDINAL_COLUMN &&
        !db_is_null(rows, i, ORDINAL_COLUMN)) {
        d.ordinal = db_int(rows, i, ORDINAL_COLUMN);
    }
    if (db_columns(rows) > TRACE_COLUMN) {
        d.trace.id = db_uuid(rows, i, TRACE_COLUMN);
        d.trace.flags = (uint8_t)db_int(rows, i, TRACE_COLUMN + 1);
        d.is_asked = db_bool(rows, i, ASKED_COLUMN);
    }
    return d;
}

static void deliveries_read(const struct db_rows *rows, struct arena *arena,
                            struct delivery **list, size_t *count)
{
    size_t n = db_count(rows);
    struct delivery *all = arena_zero(arena, n + 1, sizeof(*all));

    for (size_t i = 0; i < n; i++) {
        all[i] = delivery_read(rows, i, arena);
    }
    *list = all;
    *count = n;
}

/* What was passed over: so many rows of a line, or of a webhook. */
static void passed_read(const struct db_rows *got, size_t i,
                        struct arena *arena, struct delivery_claimed *out)
{
    const struct webhook_key key = {db_uuid(got, i, PASSED_COLUMN),
                                    db_uuid(got, i, PASSED_COLUMN + 1)};

    out->put_off += (size_t)db_int(got, i, PASSED_COLUMN + 3);
    if (!db_is_null(got, i, PASSED_COLUMN + 2)) {
        out->lines[out->line_count++] = (struct delivery_line){
            key, text_or_none(got, i, PASSED_COLUMN + 2, arena)};
    }
}

static void claimed_read(const struct db_rows *got, struct arena *arena,
                         struct delivery_claimed *out)
{
    const size_t n = db_count(got);

    *out = (struct delivery_claimed){
        .rows = arena_zero(arena, n + 1, sizeof *out->rows),
        .lines = arena_zero(arena, n + 1, sizeof *out->lines),
    };
    for (size_t i = 0; i < n; i++) {
        if (db_is_null(got, i, 0)) {
            passed_read(got, i, arena, out);
        } else {
            out->rows[out->count++] = delivery_read(got, i, arena);
        }
    }
}

bool delivery_claim(struct db *db, const struct delivery_ask *ask,
                    struct arena *arena, struct delivery_claimed *out,
                    struct err *err)
{
    struct db_rows *got = NULL;

    assert(ask->lease_until_us > ask->now_us);
    if (!db_run(db, &sql_delivery_claim,
                ARGS(ARG_TIME(ask->now_us), ARG_TIME(ask->lease_until_us),
                     ARG_INT((int64_t)ask->max),
                     ARG_UUIDS(ask->full, ask->full_count),
                     ARG_INT((int64_t)(ask->max + LOOK_BEYOND)),
                     ARG_INT((int64_t)ask->bytes_max)),
                &got, err)) {
        return false;
    }
    claimed_read(got, arena, out);
    db_rows_free(got);
    return true;
}

bool delivery_room(struct db *db, struct webhook_key key, int64_t now_us,
                   size_t max, size_t *count, struct err *err)
{
    struct db_rows *got = NULL;

    if (!db_run(db, &sql_delivery_room,
                ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id),
                     ARG_TIME(now_us), ARG_INT((int64_t)max)),
                &got, err)) {
        return false;
    }
    *count = (size_t)db_int(got, 0, 0);
    db_rows_free(got);
    return true;
}

bool delivery_room_seekers(struct db *db, struct webhook_key after, size_t max,
                           struct webhook_key *out, size_t *count,
                           struct err *err)
{
    struct db_rows *got = NULL;

    if (!db_run(db, &sql_delivery_room_seekers,
                ARGS(ARG_UUID(after.org_id), ARG_UUID(after.webhook_id),
                     ARG_INT((int64_t)max)),
                &got, err)) {
        return false;
    }
    *count = db_count(got);
    for (size_t i = 0; i < *count; i++) {
        out[i] = (struct webhook_key){db_uuid(got, i, 0), db_uuid(got, i, 1)};
    }
    db_rows_free(got);
    return true;
}

bool delivery_wake(struct db *db, const struct delivery_line *lines,
                   size_t count, int64_t now_us, struct err *err)
{
    struct arena *arena = arena_new(count * KEY_BYTES);
    struct id *orgs = arena_zero(arena, count, sizeof *orgs);
    struct id *webhooks = arena_zero(arena, count, sizeof *webhooks);
    struct str *subjects = arena_zero(arena, count, sizeof *subjects);

    assert(count > 0);
    for (size_t i = 0; i < count; i++) {
        orgs[i] = lines[i].key.org_id;
        webhooks[i] = lines[i].key.webhook_id;
        subjects[i] = lines[i].subject;
    }
    bool ok = db_run(db, &sql_delivery_wake,
                     ARGS(ARG_UUIDS(orgs, count), ARG_UUIDS(webhooks, count),
                          ARG_TEXTS(subjects, count), ARG_TIME(now_us)),
                     NULL, err);
    arena_free(arena);
    return ok;
}

bool delivery_wake_told(struct db *db, struct webhook_key key,
                        const struct db_rows *rows, size_t column,
                        int64_t now_us, struct err *err)
{
    struct arena *arena = NULL;
    struct delivery_line *lines = NULL;
    struct str *subjects = NULL;
    size_t count = 0;
    bool ok = false;

    if (db_is_null(rows, 0, column)) {
        return true;
    }
    arena = arena_new(KEY_BYTES);
    count = db_texts(rows, 0, column, arena, &subjects);
    lines = arena_zero(arena, count, sizeof *lines);
    for (size_t i = 0; i < count; i++) {
        lines[i] = (struct delivery_line){key, subjects[i]};
    }
    ok = delivery_wake(db, lines, count, now_us, err);
    arena_free(arena);
    return ok;
}

bool circuit_claim(struct db *db, struct webhook_key key,
                   const struct circuit_ask *ask, struct arena *arena,
                   struct delivery **row, size_t *count, struct err *err)
{
    struct db_rows *got = NULL;

    if (!db_run(
            db, &sql_delivery_claim_held,
            ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id),
                 ARG_TIME(ask->lease_until_us), ARG_TIME(ask->now_us),
                 ask->max_age_ms == 0 ? ARG_NULL : ARG_INT(ask->max_age_ms)),
            &got, err)) {
        return false;
    }
    deliveries_read(got, arena, row, count);
    db_rows_free(got);
    return true;
}

bool delivery_known(struct db *db, const struct delivery_key *keys,
                    size_t count, bool *is_known, struct err *err)
{
    struct arena *arena = arena_new(count * KEY_BYTES);
    struct id *orgs = arena_zero(arena, count, sizeof *orgs);
    struct id *ids = arena_zero(arena, count, sizeof *ids);
    int64_t *times = arena_zero(arena, count, sizeof *times);
    int64_t earliest = INT64_MAX;
    int64_t latest = INT64_MIN + 1;
    struct db_rows *got = NULL;

    assert(count > 0);
    for (size_t i = 0; i < count; i++) {
        orgs[i] = keys[i].org_id;
        ids[i] = keys[i].id;
        times[i] = keys[i].event_at_us;
        earliest = MIN_OF(earliest, times[i]);
        latest = MAX_OF(latest, times[i]);
    }
    bool ok = db_run(db, &sql_delivery_known,
                     ARGS(ARG_UUIDS(orgs, count), ARG_UUIDS(ids, count),
                          ARG_TIMES(times, count), ARG_TIME(earliest),
                          ARG_TIME(latest)),
                     &got, err);
    if (ok) {
        memset(is_known, 0, count * sizeof *is_known);
        for (size_t i = 0; i < db_count(got); i++) {
            is_known[db_int(got, i, 0) - 1] = true;
        }
    }
    db_rows_free(got);
    arena_free(arena);
    return ok;
}

bool delivery_next_due(struct db *db, int64_t *due_at_us, struct err *err)
{
    struct db_rows *got = NULL;

    if (!db_run(db, &sql_delivery_claim_next, ARGS_NONE, &got, err)) {
        return false;
    }
    *due_at_us = db_time(got, 0, 0);
    db_rows_free(got);
    return true;
}

static size_t state_words(unsigned states, struct str words[DELIVERY_STATES])
{
    size_t count = 0;

    for (unsigned i = 0; i < DELIVERY_STATES; i++) {
        if (states == 0 || (states & (1U << i)) != 0) {
            words[count++] = str_of(delivery_state_words[i]);
        }
    }
    return count;
}

static bool list_of_webhook(struct db *db, struct id org_id,
                            const struct delivery_filter *f, size_t max,
                            struct db_rows **got, struct err *err)
{
    struct str words[DELIVERY_STATES];
    size_t count = state_words(f->states, words);

    const struct sql *const of_all[] = {&sql_delivery_list_of_webhook_any_down,
                                        &sql_delivery_list_of_webhook_any_up};
    const struct sql *const of_type[] = {
        &sql_delivery_list_of_webhook_of_type_down,
        &sql_delivery_list_of_webhook_of_type_up};

    return db_run(
        db, (f->event_type.data == NULL ? of_all : of_type)[f->oldest_first],
        ARGS(ARG_UUID(org_id), ARG_UUID(f->webhook_id),
             ARG_UUID_OR_NULL(f->after), ARG_TEXTS(words, count),
             ARG_TEXT(f->event_type), ARG_TIME(f->from_us), ARG_TIME(f->to_us),
             ARG_INT((int64_t)max)),
        got, err);
}

bool delivery_list(struct db *db, struct id org_id,
                   const struct delivery_filter *filter, size_t max,
                   struct arena *arena, struct delivery **rows, size_t *count,
                   struct err *err)
{
    struct db_rows *got = NULL;
    bool ok =
        id_is_zero(filter->webhook_id)
            ? db_run(db, &sql_delivery_list,
                     ARGS(ARG_UUID(org_id), ARG_UUID_OR_NULL(filter->after),
                          ARG_INT((int64_t)max)),
                     &got, err)
            : list_of_webhook(db, org_id, filter, max, &got, err);

    if (ok) {
        deliveries_read(got, arena, rows, count);
    }
    db_rows_free(got);
    return ok;
}

/* The last or the first id of a millisecond. */
static struct id id_of_moment(struct id of, uint8_t rest)
{
    memset(of.bytes + ID_TIME_BYTES, rest, sizeof of.bytes - ID_TIME_BYTES);
    return of;
}

bool delivery_list_of_event(struct db *db, const struct delivery_event *of,
                            size_t max, struct arena *arena,
                            struct delivery **rows, size_t *count,
                            struct err *err)
{
    const int64_t at_us = id_time_us(of->event_id);
    struct db_rows *got = NULL;

    if (!db_run(db, &sql_delivery_list_of_event,
                ARGS(ARG_UUID(of->org_id), ARG_UUID(of->event_id),
                     ARG_UUID(id_of_moment(of->event_id, 0)),
                     ARG_UUID(id_of_moment(of->event_id, 0xFF)),
                     ARG_UUID_OR_NULL(of->after), ARG_TIME(at_us - US_PER_DAY),
                     ARG_TIME(at_us + US_PER_DAY), ARG_INT((int64_t)max)),
                &got, err)) {
        return false;
    }
    deliveries_read(got, arena, rows, count);
    db_rows_free(got);
    return true;
}

bool delivery_waiting(struct db *db, struct id org_id, struct id webhook_id,
                      struct deliveries_waiting *out, struct err *err)
{
    struct db_rows *got = NULL;

    if (!db_run(db, &sql_delivery_waiting,
                ARGS(ARG_UUID(org_id), ARG_UUID(webhook_id),
                     ARG_INT(DELIVERIES_WAITING_MAX)),
                &got, err)) {
        return false;
    }
    *out = (struct deliveries_waiting){db_int(got, 0, 0), db_int(got, 0, 1),
                                       db_time(got, 0, 2)};
    db_rows_free(got);
    return true;
}

bool delivery_any(struct db *db, struct id org_id, struct id webhook_id,
                  bool *found, struct err *err)
{
    struct db_rows *got = NULL;

    if (!db_run(db, &sql_delivery_any_of_webhook,
                ARGS(ARG_UUID(org_id), ARG_UUID(webhook_id)), &got, err)) {
        return false;
    }
    *found = db_bool(got, 0, 0);
    db_rows_free(got);
    return true;
}

bool delivery_find(struct db *db, struct id org_id, struct id id,
                   struct arena *arena, bool *found, struct delivery *out,
                   struct err *err)
{
    struct db_rows *got = NULL;

    if (!db_run(db, &sql_delivery_find, ARGS(ARG_UUID(org_id), ARG_UUID(id)),
                &got, err)) {
        return false;
    }
    *found = db_count(got) > 0;
    if (*found) {
        *out = delivery_read(got, 0, arena);
    }
    db_rows_free(got);
    return true;
}

static struct attempt attempt_read(const struct db_rows *rows, size_t i,
                                   struct arena *arena)
{
    return (struct attempt){
        .org_id = db_uuid(rows, i, 0),
        .delivery_id = db_uuid(rows, i, 1),
        .number = (int)db_int(rows, i, 2),
        .at_us = db_time(rows, i, 3),
        .verdict = text_or_none(rows, i, 4, arena),
        .status = (int)db_int(rows, i, 5),
        .failure = text_or_none(rows, i, 6, arena),
        .detail = text_or_none(rows, i, 7, arena),
        .remote = text_or_none(rows, i, 8, arena),
        .dns_us = db_int(rows, i, 9),
        .connect_us = db_int(rows, i, 10),
        .tls_us = db_int(rows, i, 11),
        .first_byte_us = db_int(rows, i, 12),
        .total_us = db_int(rows, i, 13),
        .response_headers = text_or_none(rows, i, 14, arena),
        .response_body = arena_str(arena, db_bytes(rows, i, 15)),
        .reused = db_bool(rows, i, 16),
        .http_version = text_or_none(rows, i, 17, arena),
        .tls_version = text_or_none(rows, i, 18, arena),
        .certificate_subject = text_or_none(rows, i, 19, arena),
        .certificate_issuer = text_or_none(rows, i, 20, arena),
        .certificate_expires_us = db_time(rows, i, 21),
        .request_headers = text_or_none(rows, i, 22, arena),
    };
}

bool attempt_list(struct db *db, const struct delivery *of, struct arena *arena,
                  struct attempt **list, size_t *count, struct err *err)
{
    int64_t newest =
        of->finished_at_us == DB_TIME_NULL ? of->attempts : INT_MAX;
    struct db_rows *got = NULL;
    struct attempt *all = NULL;

    if (!db_run(db, &sql_attempt_list,
                ARGS(ARG_UUID(of->org_id), ARG_UUID(of->id), ARG_INT(newest)),
                &got, err)) {
        return false;
    }
    all = arena_zero(arena, db_count(got) + 1, sizeof(*all));
    for (size_t i = 0; i < db_count(got); i++) {
        all[i] = attempt_read(got, i, arena);
    }
    *list = all;
    *count = db_count(got);
    db_rows_free(got);
    return true;
}
