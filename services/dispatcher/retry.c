/* Stands before the lanes, beside intake: a retry, a test, what found no room
 * and what a dead process left are all the same here, rows whose time has come.
 */
#include "dispatcher/retry.h"

#include "dispatcher/claim.h"
#include "dispatcher/ledger.h"
#include "dispatcher/meter.h"
#include "dispatcher/record.h"
#include "dispatcher/room.h"
#include "dispatcher/thread.h"
#include "dispatcher/worker.h"

#include "base/clock.h"
#include "base/cond.h"
#include "base/crash.h"
#include "log/log.h"

#include <pthread.h>
#include <stdlib.h>

#define PAUSE_US (20 * US_PER_MS) /* Between two claims at least. */
#define ARENA_BYTES 262144
#define SOON_US (100 * US_PER_MS) /* When nobody tells that there is room. */
#define ASK_US US_PER_S /* Between two pings of a dispatcher that is full. */
#define CLAIM_MAX 500
#define BYTES_PART 8 /* Of PORTER_IN_FLIGHT_BYTES, taken by one claim. */

struct retry {
    struct dispatcher *d;
    struct thread thread;
    struct arena *arena;
    struct room room;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int64_t next_at_us; /* Wall clock: when to look. */
    int64_t asked_us;   /* Steady clock: the last ping. */
    bool is_away;       /* PostgreSQL; said once. */
    bool is_behind;     /* Outcomes are; said once. */
};

void retry_due(struct retry *r, int64_t due_at_us)
{
    pthread_mutex_lock(&r->lock);
    if (due_at_us < r->next_at_us) {
        r->next_at_us = due_at_us;
        pthread_cond_signal(&r->changed);
    }
    pthread_mutex_unlock(&r->lock);
}

void retry_look(struct retry *r)
{
    retry_due(r, clock_wall_us());
}

/* Wait until it is time, but never longer than RETRY_LOOK_MS by the steady
 * clock: rows are due by the wall clock, which may be set back. */
static void wait_turn(struct retry *r)
{
    int64_t until_us = clock_steady_us() + RETRY_LOOK_MS * US_PER_MS;

    pthread_mutex_lock(&r->lock);
    while (!thread_is_stopping(&r->thread)) {
        int64_t left_us = MIN_OF(r->next_at_us - clock_wall_us(),
                                 until_us - clock_steady_us());
        if (left_us <= 0) {
            break;
        }
        cond_wait_us(&r->changed, &r->lock, left_us);
    }
    r->next_at_us = clock_wall_us() + RETRY_LOOK_MS * US_PER_MS;
    pthread_mutex_unlock(&r->lock);
}

/* Of those put off for their turn, the first whose turn it is after all. */
static bool wake_lines(struct retry *r, const struct delivery_claimed *claimed,
                       struct err *err)
{
    return claimed->line_count == 0 ||
           delivery_wake(r->d->db, claimed->lines, claimed->line_count,
                         clock_wall_us(), err);
}

static bool claim(struct retry *r, size_t max, int64_t now_us,
                  struct delivery_claimed *out, struct err *err)
{
    struct dispatcher *d = r->d;
    struct job_list send = {0};
    struct job_list ended = {0};
    bool is_away = false;
    const struct delivery_ask ask = {
        .now_us = now_us,
        .lease_until_us = now_us + (int64_t)d->settings.lease_ms * US_PER_MS,
        .max = max,
        .bytes_max = (size_t)d->settings.in_flight_bytes / BYTES_PART,
        .full = r->room.full_ids,
        .full_count = r->room.full_count,
    };

    arena_reset(r->arena);
    if (!delivery_claim(d->db, &ask, r->arena, out, err)) {
        return false;
    }
    if (out->count > 0) {
        crash_point("claimed");
    }
    for (size_t i = 0; i < out->count; i++) {
        claim_take(d, &out->rows[i], &is_away, &send, &ended);
    }
    room_note(&r->room, d, out);
    metrics_add(d->metrics, METER_CLAIMED, 0, (int64_t)out->count);
    metrics_add(d->metrics, METER_PUT_OFF, 0, (int64_t)out->put_off);
    workers_put(d->workers, &send);
    ledger_finish(d->ledger, &ended);
    return wake_lines(r, out, err);
}

/* When is the next look worth it? What is due already is another's claim by
 * now, or was too much for ours. */
static bool plan_next(struct retry *r, struct err *err)
{
    const int64_t soon_us = clock_wall_us() + SOON_US;
    int64_t due_at_us = DB_TIME_NULL;

    if (room_has_sated(&r->room)) {
        retry_due(r, soon_us);
    }
    if (!delivery_next_due(r->d->db, &due_at_us, err)) {
        return false;
    }
    if (due_at_us != DB_TIME_NULL) {
        retry_due(r, MAX_OF(due_at_us, soon_us));
    }
    return true;
}

/* Has a lease of ours ended before what came of it could be written down, as
 * when PostgreSQL was away for longer? Its row says nothing of that yet, and
 * would be sent again. (The ledger first: it hands on to the recorder.) */
static bool is_behind(struct retry *r, int64_t now_us)
{
    const int64_t written_us = ledger_lease_us(r->d->ledger);
    const int64_t first_us = MIN_OF(written_us, record_lease_us(r->d->record));
    const bool is_behind = first_us <= now_us;

    if (is_behind && !r->is_behind) {
        log_warn("retry.behind",
                 LOG_INT("late_ms", (now_us - first_us) / US_PER_MS));
    }
    r->is_behind = is_behind;
    return is_behind;
}

/* While there is room for nothing, nothing else asks PostgreSQL here. */
static bool is_there(struct retry *r, struct err *err)
{
    int64_t now_us = clock_steady_us();

    if (now_us - r->asked_us < ASK_US) {
        return !r->is_away;
    }
    r->asked_us = now_us;
    return db_ping(r->d->db, err);
}

/* One look: claim, and find out when the next is worth it. */
static bool look(struct retry *r, struct err *err)
{
    struct delivery_claimed claimed = {0};
    bool is_more = false;
    size_t max = MIN_OF(load_claims_left(&r->d->load), CLAIM_MAX);

    if (max == 0) {
        retry_due(r, clock_wall_us() + PAUSE_US);
        return is_there(r, err);
    }
    if (!room_look(&r->room, r->d, max, &is_more, err)) {
        return false;
    }
    const int64_t now_us = clock_wall_us();
    if (is_behind(r, now_us)) {
        return plan_next(r, err);
    }
    if (!claim(r, max, now_us, &claimed, err)) {
        return false;
    }
    if (claimed.count == max || claimed.put_off > 0 || is_more) {
        retry_look(r);
        return true;
    }
    return plan_next(r, err);
}

static void retry_run(void *user)
{
    struct retry *r = user;
    struct err err = ERR_NONE;

    while (!thread_is_stopping(&r->thread)) {
        wait_turn(r);
        if (thread_is_stopping(&r->thread)) {
            break;
        }
        bool ok = look(r, &err);
        metrics_set(r->d->metrics, METER_NEIGHBOUR_UP, UP_POSTGRESQL, ok);
        if (!ok && !r->is_away) {
            log_err(LOG_WARN, "retry.waiting", &err, NULL, 0);
        }
        if (ok && r->is_away) {
            log_info("retry.resumed", LOG_BOOL("ok", true));
        }
        r->is_away = !ok;
        err_clear(&err);
        (void)thread_rest(&r->thread, (unsigned)(PAUSE_US / US_PER_MS));
    }
}

struct retry *retry_new(struct dispatcher *d)
{
    struct retry *r = mem_zero(1, sizeof *r);

    r->d = d;
    r->arena = arena_new(ARENA_BYTES);
    pthread_mutex_init(&r->lock, NULL);
    cond_init_steady(&r->changed);
    return r;
}

bool retry_start(struct retry *r, struct err *err)
{
    return thread_start(&r->thread, "retry", retry_run, r, err);
}

void retry_stop(struct retry *r)
{
    if (r == NULL) {
        return;
    }
    thread_stop(&r->thread);
    pthread_mutex_lock(&r->lock);
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    thread_join(&r->thread);
}

void retry_close(struct retry *r)
{
    if (r == NULL) {
        return;
    }
    retry_stop(r);
    arena_free(r->arena);
    free(r);
}
