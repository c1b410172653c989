/* Stands before the lanes, beside intake: a retry, a test, what found no room
 * and what a dead process left are all the same here, rows whose time has come.
 */
#include "dispatcher/retry.h"

#include "dispatcher/ledger.h"
#include "dispatcher/match.h"
#include "dispatcher/meter.h"
#include "dispatcher/outcome.h"
#include "dispatcher/thread.h"
#include "dispatcher/worker.h"

#include "base/clock.h"
#include "log/log.h"

#include <pthread.h>
#include <stdlib.h>

#define CLAIM_MAX 500
#define FULL_MAX 1024
#define PAUSE_US (20 * US_PER_MS) /* Between two claims at least. */
#define ARENA_BYTES 262144
#define GONE STR("The webhook does not exist any more.")
#define DISABLED STR("The webhook is disabled.")

struct retry {
    struct dispatcher *d;
    struct thread thread;
    struct arena *arena;
    struct id full[FULL_MAX];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int64_t next_at_us; /* Wall clock: when to look. */
    bool is_away;       /* PostgreSQL; said once. */
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

/* Claimed rows may fill a quarter of the memory: the rest is for new events. */
static size_t room_for_claims(struct dispatcher *d)
{
    size_t max = (size_t)d->settings.in_flight_max;
    size_t claimed = atomic_load(&d->load.claimed);
    size_t jobs = atomic_load(&d->load.jobs);
    size_t share = MAX_OF(max / 4, 1);

    if (claimed >= share || jobs >= max) {
        return 0;
    }
    return MIN_OF(MIN_OF(share - claimed, max - jobs), CLAIM_MAX);
}

static struct job *job_of_row(struct dispatcher *d, const struct delivery *row,
                              struct target_set *set)
{
    const struct body body = {
        .org_id = row->org_id,
        .event_id = row->event_id,
        .event_at_us = row->event_at_us,
        .is_test = row->is_test,
        .event_type = row->event_type,
        .subject = row->subject,
        .request_id = row->request_id,
        .bytes = row->body,
    };
    struct job *j = job_new(&d->load, true, body_new(&body), set,
                            match_find(set->list, set->count, row->webhook_id));

    j->id = row->id;
    j->webhook_id = row->webhook_id;
    j->attempts = row->attempts;
    j->attempts_before = row->attempts_before;
    j->made_at_us = row->created_at_us;
    j->lease_until_us = row->due_at_us;
    j->phase = JOB_WRITTEN;
    return j;
}

/* A sample goes to a disabled webhook too: is it mended? A secret that can't be
 * opened signs nothing. */
static bool is_wanted(const struct job *j)
{
    const struct webhook_target *t = j->target;

    return t != NULL && (t->is_enabled || (j->body->is_test && !t->is_broken));
}

/* A claimed row joins the road, or ends here when nobody wants it any more.
 * When the webhooks can't be read its lease runs out and it is claimed again.
 */
static void take_row(struct retry *r, const struct delivery *row,
                     struct job_list *send, struct job_list *ended)
{
    struct dispatcher *d = r->d;
    struct target_set *set = NULL;
    struct err err = ERR_NONE;

    if (!targets_take(d->targets, row->org_id, 0, &set, &err)) {
        log_err(LOG_WARN, "retry.postponed", &err,
                LOG_FIELDS(LOG_ID("delivery", ID_DELIVERY, row->id),
                           LOG_STR("request_id", row->request_id)));
        return;
    }
    struct job *j = job_of_row(d, row, set);
    if (is_wanted(j)) {
        job_list_add(send, j);
        return;
    }
    metrics_add(d->metrics, METER_REFUSED, 0, 1);
    outcome_refuse(j, j->target == NULL ? GONE : DISABLED, clock_wall_us());
    job_list_add(ended, j);
}

static bool claim(struct retry *r, size_t room, size_t *count, struct err *err)
{
    struct dispatcher *d = r->d;
    struct job_list send = {0};
    struct job_list ended = {0};
    struct delivery *rows = NULL;
    const int64_t now_us = clock_wall_us();
    const int64_t lease_us = (int64_t)d->settings.lease_ms * US_PER_MS;
    size_t full = workers_full(d->workers, r->full, FULL_MAX);

    arena_reset(r->arena);
    if (!delivery_claim(d->db, now_us, now_us + lease_us, room, r->full, full,
                        r->arena, &rows, count, err)) {
        return false;
    }
    for (size_t i = 0; i < *count; i++) {
        take_row(r, &rows[i], &send, &ended);
    }
    metrics_add(d->metrics, METER_CLAIMED, 0, (int64_t)*count);
    workers_put(d->workers, &send);
    ledger_finish(d->ledger, &ended);
    return true;
}

/* One look: claim, and find out when the next is worth it. */
static bool look(struct retry *r, struct err *err)
{
    size_t count = 0;
    int64_t due_at_us = DB_TIME_NULL;
    size_t room = room_for_claims(r->d);

    if (room == 0) {
        retry_due(r, clock_wall_us() + PAUSE_US);
        return true;
    }
    if (!claim(r, room, &count, err)) {
        return false;
    }
    if (count == room) {
        retry_look(r);
        return true;
    }
    if (!delivery_next_due(r->d->db, &due_at_us, err)) {
        return false;
    }
    /* Past: it belongs to a full lane, whose worker tells when it has room. */
    if (due_at_us != DB_TIME_NULL && due_at_us > clock_wall_us()) {
        retry_due(r, due_at_us);
    }
    return true;
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
