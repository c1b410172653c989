/* porterctl secrets status | rewrap: which key seals what, and a change of the
 * master key while all services go on. */
#include "porterctl/ctl.h"

#include "base/clock.h"
#include "store/sealed.h"

#include <inttypes.h>
#include <stdio.h>

#define PASSES_MAX 8 /* Over rows that somebody changes again and again. */
#define PROGRESS_US (2 * US_PER_S)
#define COLUMNS 9

/* --- status ----------------------------------------------------------------
 */

static void status_row(const struct ctl *ctl, const struct sealed_count *c,
                       struct field row[COLUMNS])
{
    struct str first = str_of(ctl->seal_keys->list[0].id);

    row[0] = F_TEXT("key_id", c->key_id);
    row[1] = F_BOOL("known", seal_key_is_known(ctl->seal_keys, c->key_id));
    row[2] = F_BOOL("seals", str_eq(c->key_id, first));
    row[3] = F_INT("secrets", c->secrets);
    row[4] = F_INT("previous_secrets", c->previous);
    row[5] = F_INT("sealed_headers", c->headers);
    row[6] = F_INT("kept_answers", c->answers);
    row[7] = F_INT("sealed_certificates", c->certificates);
    row[8] = F_INT("authenticators", c->authenticators);
}

static bool is_counted(struct str key_id, const struct sealed_count *list,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(key_id, list[i].key_id)) {
            return true;
        }
    }
    return false;
}

/* The keys that seal something, then those that are only known. */
bool secrets_status(struct ctl *ctl, struct err *err)
{
    const struct seal_keys *keys = ctl->seal_keys;
    struct sealed_count *list = NULL;
    struct field *fields = NULL;
    size_t count = 0;
    size_t rows = 0;

    if (!sealed_count(ctl->db, clock_wall_us(), true, ctl->arena, &list, &count,
                      err)) {
        return false;
    }
    fields = arena_zero(ctl->arena, (count + keys->count) * COLUMNS,
                        sizeof(*fields));
    for (; rows < count; rows++) {
        status_row(ctl, &list[rows], fields + rows * COLUMNS);
    }
    for (size_t i = 0; i < keys->count; i++) {
        struct sealed_count none = {.key_id = str_of(keys->list[i].id)};

        if (!is_counted(none.key_id, list, count)) {
            status_row(ctl, &none, fields + rows++ * COLUMNS);
        }
    }
    output_list(ctl->words.is_json, fields, COLUMNS, rows, "no keys");
    return true;
}

/* --- rewrap ----------------------------------------------------------------
 */

struct rewrapping {
    struct ctl *ctl;
    int64_t total;
    int64_t said_at_us;
    int64_t rewrapped;
    int64_t missed; /* In the last pass. */
    int64_t unreadable;
    struct str why;
};

static bool count_all(struct rewrapping *r, struct err *err)
{
    struct sealed_count *list = NULL;
    size_t count = 0;

    if (!sealed_count(r->ctl->db, clock_wall_us(), true, r->ctl->arena, &list,
                      &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        r->total += list[i].secrets + list[i].answers; /* Rows. */
    }
    return true;
}

static void say_progress(struct rewrapping *r, int64_t seen)
{
    int64_t now_us = clock_steady_us();

    if (now_us - r->said_at_us >= PROGRESS_US) {
        (void)fprintf(stderr,
                      "porterctl: looked at %" PRId64 " of %" PRId64 "\n", seen,
                      r->total);
        r->said_at_us = now_us;
    }
}

static bool walk_kind(struct rewrapping *r, enum sealed_kind kind,
                      int64_t *seen, struct err *err)
{
    struct sealed_walk walk = {.kind = kind, .now_us = clock_wall_us()};
    bool ok = true;

    while (ok && !walk.is_done) {
        ok = sealed_rewrap(r->ctl->db, r->ctl->seal_keys, &walk, err);
        say_progress(r, *seen + walk.seen);
    }
    *seen += walk.seen;
    r->rewrapped += walk.rewrapped;
    r->missed += walk.missed;
    if (walk.unreadable > 0 && r->unreadable == 0) {
        r->why = arena_str(r->ctl->arena, str_of(walk.why.text));
    }
    r->unreadable += walk.unreadable;
    sealed_walk_done(&walk);
    return ok;
}

/* Again as long as somebody was quicker here and there. */
static bool rewrap_all(struct rewrapping *r, struct err *err)
{
    for (unsigned pass = 0; pass < PASSES_MAX; pass++) {
        int64_t seen = 0;

        r->missed = r->unreadable = 0;
        for (int kind = 0; kind < SEALED_KIND_COUNT; kind++) {
            if (!walk_kind(r, (enum sealed_kind)kind, &seen, err)) {
                return false;
            }
        }
        if (r->missed == 0) {
            return true;
        }
    }
    return true;
}

static bool judge(const struct rewrapping *r, struct err *err)
{
    if (r->unreadable > 0) {
        return err_set(err, ERR_INTERNAL,
                       "%" PRId64 " sealed values can't be opened with the "
                       "keys in PORTER_SEAL_KEYS (docs/secrets.md says what to "
                       "do); the first is %.*s",
                       r->unreadable, STR_ARGS(r->why));
    }
    return r->missed == 0 ||
           err_set(err, ERR_CONFLICT,
                   "%" PRId64 " are being changed again and again; try later",
                   r->missed);
}

bool secrets_rewrap(struct ctl *ctl, struct err *err)
{
    struct rewrapping r = {.ctl = ctl, .said_at_us = clock_steady_us()};

    if (!count_all(&r, err) || !rewrap_all(&r, err)) {
        return false;
    }
    const struct field fields[] = {
        F_TEXT("key_id", str_of(ctl->seal_keys->list[0].id)),
        F_INT("rewrapped", r.rewrapped),
        F_INT("changed_meanwhile", r.missed),
        F_INT("unreadable", r.unreadable),
    };
    output_one(ctl->words.is_json, fields, COUNT_OF(fields));
    return judge(&r, err);
}
