/* Stands at the end of the road, after the verdict, for retries and for first
 * attempts that outlived their ledger batch.
 *
 * PostgreSQL away: the batch is tried until it is there. Given up only at
 * shutdown: the rows' leases run out and another process sends again. */
#include "dispatcher/record.h"

#include "dispatcher/circuits.h"
#include "dispatcher/meter.h"
#include "dispatcher/retry.h"
#include "dispatcher/thread.h"

#include "base/clock.h"
#include "base/cond.h"
#include "base/crash.h"
#include "log/log.h"

#include <pthread.h>
#include <stdlib.h>

#define BATCH_MAX 500
#define WINDOW_MS 10 /* How long the first outcome waits for company. */
#define IDLE_MS 500

struct record_desk {
    struct dispatcher *d;
    struct thread thread;
    pthread_mutex_t lock;
    pthread_cond_t came;
    pthread_cond_t done;
    struct job_list queue;
    size_t busy;           /* Jobs in the thread's hands, */
    int64_t busy_lease_us; /* and when the first lease of these ends. */
};

/* Whatever its webhook is by now: what stands behind it waits all the same. */
static bool is_in_line(const struct job *j)
{
    return j->ordinal != 0;
}

/* It is due again, or what waited for it in its order may go. */
static void tell_retry(struct dispatcher *d, const struct job *j)
{
    if (j->outcome.due_at_us != DB_TIME_NULL) {
        retry_due(d->retry, j->outcome.due_at_us);
    } else if (is_in_line(j)) {
        retry_look(d->retry);
    }
}

/* The way of its event ends here: the line by which it is found. */
static void tell_failed(const struct job *j)
{
    if (job_has_failed(j)) {
        log_info("delivery.failed", LOG_ID("delivery", ID_DELIVERY, j->id),
                 LOG_ID("webhook", ID_WEBHOOK, j->webhook_id),
                 LOG_ID("event_id", ID_EVENT, j->body->event_id),
                 LOG_ID("organization", ID_ORGANIZATION, j->body->org_id),
                 LOG_STR("request_id", j->body->request_id),
                 LOG_TEXT("trace_id", trace_id_text(j->body->trace.id).data),
                 LOG_INT("status", j->outcome.attempt.status));
    }
}

static bool is_gone(const struct job *j)
{
    return j->outcome.ending == ENDING_ATTEMPT &&
           j->outcome.verdict == VERDICT_DISABLE;
}

void record_ended(struct record_desk *r, struct job_list *jobs)
{
    struct job *j = NULL;

    while ((j = job_list_take(jobs)) != NULL) {
        tell_retry(r->d, j);
        tell_failed(j);
        if (is_gone(j)) {
            circuits_gone(r->d->circuits, j);
        }
        job_free(j);
    }
}

void record_put(struct record_desk *r, struct job_list *jobs)
{
    if (jobs->count == 0) {
        return;
    }
    pthread_mutex_lock(&r->lock);
    job_list_join(&r->queue, jobs);
    pthread_cond_signal(&r->came);
    pthread_mutex_unlock(&r->lock);
}

/* --- writing -------------------------------------------------------------- */

static bool write_list(struct record_desk *r, struct job *const *jobs,
                       size_t count, struct err *err)
{
    struct delivery *rows = mem_zero(count, sizeof *rows);
    struct attempt *attempts = mem_zero(count, sizeof *attempts);
    size_t attempt_count = 0;

    for (size_t i = 0; i < count; i++) {
        rows[i] = job_row(jobs[i], true);
        if (jobs[i]->outcome.ending == ENDING_ATTEMPT) {
            attempts[attempt_count++] = jobs[i]->outcome.attempt;
        }
    }
    bool ok =
        delivery_record(r->d->db, rows, count, attempts, attempt_count, err);
    metrics_add(r->d->metrics, METER_RECORD_BATCHES, 0, 1);
    free(rows);
    free(attempts);
    return ok;
}

static void tell_refused(const struct job *j, const char *what,
                         const struct err *err)
{
    log_err(LOG_ERROR, what, err,
            LOG_FIELDS(
                LOG_ID("delivery", ID_DELIVERY, j->id),
                LOG_STR("request_id", j->body->request_id),
                LOG_TEXT("trace_id", trace_id_text(j->body->trace.id).data)));
}

/* An outcome that is refused with its attempt goes without: else the delivery
 * would be sent again at the end of each lease. */
static bool write_without(struct record_desk *r, const struct job *j,
                          struct err *err)
{
    struct delivery row = job_row(j, true);

    tell_refused(j, "outcome.refused", err);
    err_clear(err);
    if (delivery_record(r->d->db, &row, 1, NULL, 0, err)) {
        return true;
    }
    if (!delivery_is_refused(err)) {
        return false;
    }
    tell_refused(j, "outcome.not_stored", err);
    metrics_add(r->d->metrics, METER_NOT_STORED, 0, 1);
    err_clear(err);
    return true;
}

/* Refused for good: halve until the culprit stands alone, and leave it out. */
static bool write_halves(struct record_desk *r, struct job *const *jobs,
                         size_t count, struct err *err)
{
    if (write_list(r, jobs, count, err)) {
        return true;
    }
    if (!delivery_is_refused(err)) {
        return false;
    }
    if (count > 1) {
        size_t half = count / 2;
        err_clear(err);
        return write_halves(r, jobs, half, err) &&
               write_halves(r, jobs + half, count - half, err);
    }
    return write_without(r, jobs[0], err);
}

/* What stood behind those that are finished may go. Not told, it goes when its
 * own time comes. */
static void wake_lines(struct record_desk *r, struct job *const *jobs,
                       size_t count)
{
    struct delivery_line *lines = mem_zero(count, sizeof *lines);
    struct err err = ERR_NONE;
    size_t ended = 0;

    for (size_t i = 0; i < count; i++) {
        const struct job *j = jobs[i];
        if (is_in_line(j) && j->outcome.due_at_us == DB_TIME_NULL &&
            !j->outcome.is_held) {
            lines[ended++] = (struct delivery_line){
                {j->body->org_id, j->webhook_id}, j->body->subject};
        }
    }
    if (ended > 0 &&
        !delivery_wake(r->d->db, lines, ended, clock_wall_us(), &err)) {
        log_err(LOG_WARN, "record.not_woken", &err,
                LOG_FIELDS(LOG_INT("lines", ended)));
    }
    free(lines);
}

static bool write_surely(struct record_desk *r, struct job *const *jobs,
                         size_t count)
{
    struct err err = ERR_NONE;
    bool is_told = false;

    crash_point("unrecorded");
    while (!write_halves(r, jobs, count, &err)) {
        if (!is_told) {
            log_err(LOG_WARN, "record.waiting", &err,
                    LOG_FIELDS(LOG_INT("rows", count)));
            is_told = true;
        }
        err_clear(&err);
        if (thread_rest(&r->thread, REST_MS)) {
            return false;
        }
    }
    if (is_told) {
        log_info("record.resumed", LOG_INT("rows", count));
    }
    metrics_add(r->d->metrics, METER_RECORD_ROWS, 0, (int64_t)count);
    return true;
}

/* Up to BATCH_MAX jobs; waits a little for company after the first. */
static size_t take_batch(struct record_desk *r, struct job **out)
{
    size_t count = 0;

    pthread_mutex_lock(&r->lock);
    if (r->queue.count == 0) {
        cond_wait_us(&r->came, &r->lock, IDLE_MS * US_PER_MS);
    }
    int64_t until_us = clock_steady_us() + WINDOW_MS * US_PER_MS;
    int64_t left_us = 0;
    while (r->queue.count > 0 && r->queue.count < BATCH_MAX &&
           !thread_is_stopping(&r->thread) &&
           (left_us = until_us - clock_steady_us()) > 0) {
        cond_wait_us(&r->came, &r->lock, left_us);
    }
    r->busy_lease_us = INT64_MAX;
    while (count < BATCH_MAX && r->queue.count > 0) {
        out[count] = job_list_take(&r->queue);
        r->busy_lease_us = MIN_OF(r->busy_lease_us, out[count]->lease_until_us);
        count++;
    }
    r->busy = count;
    pthread_mutex_unlock(&r->lock);
    return count;
}

static void give_out(struct record_desk *r, struct job **jobs, size_t count,
                     bool is_durable)
{
    struct job_list ended = {0};

    for (size_t i = 0; i < count; i++) {
        if (is_durable) {
            job_list_add(&ended, jobs[i]);
        } else {
            job_free(jobs[i]);
        }
    }
    record_ended(r, &ended);
    pthread_mutex_lock(&r->lock);
    r->busy = 0;
    pthread_cond_broadcast(&r->done);
    pthread_mutex_unlock(&r->lock);
}

static void record_run(void *user)
{
    struct record_desk *r = user;
    struct job **jobs = mem_zero(BATCH_MAX, sizeof(struct job *));

    while (!thread_is_stopping(&r->thread)) {
        size_t count = take_batch(r, jobs);
        bool is_durable = count == 0 || write_surely(r, jobs, count);
        wake_lines(r, jobs, is_durable ? count : 0);
        give_out(r, jobs, count, is_durable);
    }
    free(jobs);
}

int64_t record_lease_us(struct record_desk *r)
{
    pthread_mutex_lock(&r->lock);
    int64_t first_us = r->busy == 0 ? INT64_MAX : r->busy_lease_us;
    for (const struct job *j = r->queue.first; j != NULL; j = j->next) {
        first_us = MIN_OF(first_us, j->lease_until_us);
    }
    pthread_mutex_unlock(&r->lock);
    return first_us;
}

bool record_flush(struct record_desk *r, unsigned wait_ms)
{
    int64_t until_us = clock_steady_us() + wait_ms * US_PER_MS;
    int64_t left_us = 0;

    pthread_mutex_lock(&r->lock);
    while (r->queue.count + r->busy > 0 &&
           (left_us = until_us - clock_steady_us()) > 0) {
        cond_wait_us(&r->done, &r->lock, left_us);
    }
    bool is_done = r->queue.count + r->busy == 0;
    pthread_mutex_unlock(&r->lock);
    return is_done;
}

bool record_open(struct dispatcher *d, struct record_desk **out,
                 struct err *err)
{
    struct record_desk *r = mem_zero(1, sizeof *r);

    r->d = d;
    pthread_mutex_init(&r->lock, NULL);
    cond_init_steady(&r->came);
    cond_init_steady(&r->done);
    if (!thread_start(&r->thread, "record", record_run, r, err)) {
        free(r);
        return false;
    }
    *out = r;
    return true;
}

void record_close(struct record_desk *r)
{
    struct job *j = NULL;

    if (r == NULL) {
        return;
    }
    thread_stop(&r->thread);
    pthread_mutex_lock(&r->lock);
    pthread_cond_broadcast(&r->came);
    pthread_mutex_unlock(&r->lock);
    thread_join(&r->thread);
    while ((j = job_list_take(&r->queue)) != NULL) {
        job_free(j);
    }
    free(r);
}
