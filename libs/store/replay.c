/* Replays: rows <-> messages, and a portion of one. */
#include "store/replay.h"

#include "base/clock.h"
#include "base/crash.h"
#include "row.h"
#include "clean.h"
#include "store_sql.h"

/* Deliveries that one portion looks at, whether they fit or not. */
#define LOOK_MAX 1000
#define TOTAL_MAX 50000     /* More are not counted. */
#define BACKLOG_US US_PER_S /* Before an endpoint that is behind gets more. */

const char *const replay_state_words[] = {"failed", "delivered", NULL};

static struct db_arg text_or_null(struct str s)
{
    return s.len == 0 ? ARG_NULL : ARG_TEXT(s);
}

bool replay_insert(struct db *db, const struct replay_request *what,
                   struct arena *arena, struct id *id, Porter__V1__Replay **out,
                   struct err *err)
{
    const struct id made = id_new();
    struct id_text subject = id_text(ID_WEBHOOK, what->webhook_id);
    struct id_text text = id_text(ID_REPLAY, made);
    struct str words[DELIVERY_STATES];
    struct db_rows *rows = NULL;
    ProtobufCMessage *m = NULL;
    size_t count = 0;
    bool ok = true;

    for (unsigned i = 0; i < DELIVERY_STATES; i++) {
        if ((what->states & (1U << i)) != 0) {
            words[count++] = str_of(delivery_state_words[i]);
        }
    }
    if (!db_run(db, &sql_replay_insert,
                ARGS(ARG_UUID(what->org_id), ARG_UUID(made),
                     ARG_UUID(what->webhook_id), ARG_TEXTS(words, count),
                     text_or_null(what->event_type), ARG_TIME(what->from_us),
                     ARG_TIME(what->to_us), text_or_null(what->failure),
                     ARG_TIME(what->now_us), ARG_UUID(id_new()),
                     ARG_INT(REPLAYS_GOING_MAX), ARG_TEXT(what->by.actor),
                     ARG_TEXT(str_of(subject.data)),
                     ARG_TEXT(what->by.request_id),
                     ARG_TEXT(str_of(text.data))),
                &rows, err)) {
        return false;
    }
    ok = db_count(rows) > 0 ||
         err_set(err, ERR_LIMITED,
                 "%d replays of the webhook are not at their end, the most "
                 "there may be; wait for one, or cancel it",
                 REPLAYS_GOING_MAX);
    ok = ok &&
         row_message(rows, 0, &porter__v1__replay__descriptor, arena, &m, err);
    if (ok) {
        *id = made;
        *out = (Porter__V1__Replay *)(void *)m;
    }
    db_rows_free(rows);
    return ok;
}

bool replay_find(struct db *db, const struct replay_key *key,
                 struct arena *arena, Porter__V1__Replay **out, struct err *err)
{
    struct db_rows *rows = NULL;
    ProtobufCMessage *m = NULL;
    bool ok = db_run(db, &sql_replay_find,
                     ARGS(ARG_UUID(key->org_id), ARG_UUID(key->webhook_id),
                          ARG_UUID(key->id)),
                     &rows, err);

    if (ok && db_count(rows) == 0) {
        ok = err_set(err, ERR_NOT_FOUND, "the webhook has no replay %s",
                     id_text(ID_REPLAY, key->id).data);
    }
    ok = ok &&
         row_message(rows, 0, &porter__v1__replay__descriptor, arena, &m, err);
    if (ok) {
        *out = (Porter__V1__Replay *)(void *)m;
    }
    db_rows_free(rows);
    return ok;
}

bool replay_list(struct db *db, const struct replay_key *key, size_t max,
                 struct arena *arena, Porter__V1__Replay ***list, size_t *count,
                 struct err *err)
{
    struct db_rows *rows = NULL;
    ProtobufCMessage **all = NULL;
    bool ok = db_run(db, &sql_replay_list,
                     ARGS(ARG_UUID(key->org_id), ARG_UUID(key->webhook_id),
                          ARG_UUID_OR_NULL(key->id), ARG_INT((int64_t)max)),
                     &rows, err) &&
              row_messages(rows, &porter__v1__replay__descriptor, arena, &all,
                           count, err);

    if (ok) {
        *list = (Porter__V1__Replay **)(void *)all;
    }
    db_rows_free(rows);
    return ok;
}

bool replay_cancel(struct db *db, const struct replay_key *key, int64_t now_us,
                   const struct author *by, bool *changed, struct err *err)
{
    struct id_text subject = id_text(ID_REPLAY, key->id);
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_replay_cancel,
                ARGS(ARG_UUID(key->org_id), ARG_UUID(key->webhook_id),
                     ARG_UUID(key->id), ARG_TIME(now_us), ARG_UUID(id_new()),
                     ARG_TEXT(by->actor), ARG_TEXT(str_of(subject.data)),
                     ARG_TEXT(by->request_id)),
                &rows, err)) {
        return false;
    }
    *changed = db_count(rows) > 0;
    db_rows_free(rows);
    return true;
}

/* --- a portion ------------------------------------------------------------ */

enum taken_column {
    TAKEN_ORG,
    TAKEN_ID,
    TAKEN_WEBHOOK,
    TAKEN_STATES,
    TAKEN_TYPE,
    TAKEN_FROM,
    TAKEN_TO,
    TAKEN_FAILURE,
    TAKEN_MADE,
    TAKEN_CURSOR,
    TAKEN_IS_NEW,
    TAKEN_OBSTACLE,
};

/* One that is ours until the transaction ends; what is borrowed is the rows'.
 */
struct portion {
    struct tx *tx;
    const struct replay_pace *pace;
    struct db_rows *rows;
    struct id org_id, id, webhook_id;
    struct str states[DELIVERY_STATES];
    size_t state_count;
};

#define LOOK_ARGS 9

/* The first arguments of replay_total and replay_step alike. */
static void look_args(const struct portion *p, int64_t max,
                      struct db_arg args[LOOK_ARGS])
{
    const struct id cursor = db_uuid(p->rows, 0, TAKEN_CURSOR);

    args[0] = ARG_UUID(p->org_id);
    args[1] = ARG_UUID(p->webhook_id);
    args[2] = ARG_TEXTS(p->states, p->state_count);
    args[3] = text_or_null(db_text(p->rows, 0, TAKEN_TYPE));
    args[4] = ARG_TIME(db_time(p->rows, 0, TAKEN_FROM));
    args[5] = ARG_TIME(db_time(p->rows, 0, TAKEN_TO));
    args[6] = ARG_UUID_OR_NULL(cursor);
    args[7] = ARG_TIME(db_time(p->rows, 0, TAKEN_MADE));
    args[8] = ARG_INT(max);
}

static bool count_all(const struct portion *p, struct err *err)
{
    struct db_arg args[LOOK_ARGS];
    struct db_rows *rows = NULL;

    look_args(p, TOTAL_MAX, args);
    if (!tx_run(p->tx, &sql_replay_total, args, COUNT_OF(args), &rows, err)) {
        return false;
    }
    bool is_known = !db_is_null(rows, 0, 0);
    int64_t total = db_int(rows, 0, 0);
    db_rows_free(rows);
    return !is_known ||
           tx_run(p->tx, &sql_replay_count,
                  ARGS(ARG_UUID(p->org_id), ARG_UUID(p->id), ARG_INT(total)),
                  NULL, err);
}

static bool is_behind(const struct portion *p, bool *out, struct err *err)
{
    struct db_rows *rows = NULL;

    if (!tx_run(p->tx, &sql_replay_backlog,
                ARGS(ARG_UUID(p->org_id), ARG_UUID(p->webhook_id),
                     ARG_TIME(p->pace->now_us), ARG_INT((int64_t)p->pace->max)),
                &rows, err)) {
        return false;
    }
    *out = db_int(rows, 0, 0) >= (int64_t)p->pace->max;
    db_rows_free(rows);
    return true;
}

static bool make_due(const struct portion *p, size_t *replayed, struct err *err)
{
    struct db_arg args[LOOK_ARGS + 5];
    struct db_rows *rows = NULL;

    look_args(p, LOOK_MAX, args);
    args[9] = ARG_INT((int64_t)p->pace->max);
    args[10] = ARG_UUID(p->id);
    args[11] = ARG_TIME(p->pace->now_us);
    args[12] = ARG_INT(p->pace->apart_us);
    args[13] = text_or_null(db_text(p->rows, 0, TAKEN_FAILURE));
    if (!tx_run(p->tx, &sql_replay_step, args, COUNT_OF(args), &rows, err)) {
        return false;
    }
    *replayed = (size_t)db_int(rows, 0, 0);
    db_rows_free(rows);
    return true;
}

static bool work(const struct portion *p, size_t *replayed, struct err *err)
{
    const struct id org = p->org_id;
    bool behind = false;

    if (!db_is_null(p->rows, 0, TAKEN_OBSTACLE)) {
        return tx_run(p->tx, &sql_replay_fail,
                      ARGS(ARG_UUID(org), ARG_UUID(p->id),
                           ARG_TEXT(db_text(p->rows, 0, TAKEN_OBSTACLE)),
                           ARG_TIME(p->pace->now_us)),
                      NULL, err);
    }
    if (!is_behind(p, &behind, err)) {
        return false;
    }
    if (behind) {
        return tx_run(p->tx, &sql_replay_later,
                      ARGS(ARG_UUID(org), ARG_UUID(p->id),
                           ARG_TIME(p->pace->now_us + BACKLOG_US)),
                      NULL, err);
    }
    return (!db_bool(p->rows, 0, TAKEN_IS_NEW) || count_all(p, err)) &&
           make_due(p, replayed, err);
}

static void portion_read(struct portion *p, struct arena *arena)
{
    struct str *states = NULL;

    p->org_id = db_uuid(p->rows, 0, TAKEN_ORG);
    p->id = db_uuid(p->rows, 0, TAKEN_ID);
    p->webhook_id = db_uuid(p->rows, 0, TAKEN_WEBHOOK);
    size_t count = db_texts(p->rows, 0, TAKEN_STATES, arena, &states);
    for (size_t i = 0; i < MIN_OF(count, DELIVERY_STATES); i++) {
        p->states[p->state_count++] = states[i];
    }
}

bool replay_step(struct db *db, const struct replay_pace *pace, bool *found,
                 size_t *replayed, struct err *err)
{
    struct arena *arena = arena_new(1024);
    struct portion p = {.pace = pace};
    bool is_there = false;
    size_t count = 0;
    bool ok = tx_begin(db, &p.tx, err) &&
              tx_run(p.tx, &sql_replay_take, ARGS(ARG_TIME(pace->now_us)),
                     &p.rows, err);

    if (ok && db_count(p.rows) > 0) {
        is_there = true;
        portion_read(&p, arena);
        ok = work(&p, &count, err);
        if (ok) {
            crash_point("replaying");
        }
        ok = ok && tx_commit(p.tx, err);
    }
    db_rows_free(p.rows);
    tx_end(p.tx);
    arena_free(arena);
    if (ok) {
        *found = is_there;
        *replayed = count;
    }
    return ok;
}

bool replay_clean(struct db *db, int64_t before_us, int64_t *removed,
                  struct err *err)
{
    return clean_rows(db, &sql_replay_clean, before_us, REPLAY_CLEAN_MAX,
                      removed, err);
}
