/* Stands beside the lanes: intake adds jobs here and offers them to the lanes
 * in the same breath.
 *
 * Happy path: ledger_add puts FRESH jobs into the open batch; workers finish
 * them; the batch closes (window half over, or full) and is due when all its
 * jobs are finished or its window is over; the thread writes it; finished jobs
 * are freed, places become durable.
 * Endings: a job unfinished when its batch is written becomes WRITTEN and its
 * outcome goes to record later; one that finishes during the write waits for
 * it in the batch and then goes to record. PostgreSQL away: the same batch is
 * tried until it is there; intake stops by itself when memory is full. */
#include "dispatcher/ledger.h"

#include "dispatcher/draft.h"
#include "dispatcher/meter.h"
#include "dispatcher/record.h"
#include "dispatcher/thread.h"

#include "base/clock.h"
#include "base/cond.h"
#include "base/crash.h"
#include "log/log.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#define BATCH_JOBS 500    /* A batch closes at so many (plus one event's). */
#define BATCH_PLACES 2000 /* …or so many records. */
#define IDLE_MS 500       /* The thread looks around at least so often. */

struct batch {
    struct batch *next;
    int64_t opened_us;
    bool is_closed;
    struct job **jobs;
    size_t count, cap;
    size_t unfinished;
    struct record_place *places;
    size_t place_count, place_cap;
};

struct ledger {
    struct dispatcher *d;
    int64_t window_us;
    struct thread thread;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* A batch may be due; a flush was asked for. */
    pthread_cond_t written;
    struct batch *first; /* Oldest; batches are written in this order. */
    struct batch *last;  /* Takes jobs unless it is closed. */
    struct record_place *durable;
    size_t durable_count, durable_cap;
    unsigned flushing; /* Callers inside ledger_flush. */
};

/* --- batches -------------------------------------------------------------- */

static void batch_free(struct batch *b)
{
    free(b->jobs);
    free(b->places);
    free(b);
}

static void *grown(void *list, size_t *cap, size_t need, size_t item)
{
    if (need <= *cap) {
        return list;
    }
    *cap = MAX_OF(need, *cap * 2 + 16);
    return mem_grow(list, *cap * item);
}

static struct batch *batch_open(struct ledger *l)
{
    struct batch *b = l->last;

    if (b != NULL && !b->is_closed) {
        return b;
    }
    b = mem_zero(1, sizeof *b);
    b->opened_us = clock_steady_us();
    if (l->last == NULL) {
        l->first = b;
    } else {
        l->last->next = b;
    }
    l->last = b;
    return b;
}

/* One place per partition is enough: the latest. */
static void batch_place(struct batch *b, const struct record_place *place)
{
    if (b->place_count > 0) {
        struct record_place *before = &b->places[b->place_count - 1];
        if (before->topic == place->topic &&
            before->partition == place->partition) {
            *before = *place;
            return;
        }
    }
    b->places =
        grown(b->places, &b->place_cap, b->place_count + 1, sizeof *b->places);
    b->places[b->place_count++] = *place;
}

void ledger_add(struct ledger *l, const struct record_place *place,
                struct job *const *jobs, size_t count)
{
    pthread_mutex_lock(&l->lock);
    struct batch *b = batch_open(l);
    bool was_empty = b->count == 0 && b->place_count == 0;
    b->jobs = grown(b->jobs, &b->cap, b->count + count, sizeof *b->jobs);
    for (size_t i = 0; i < count; i++) {
        jobs[i]->batch = b;
        jobs[i]->phase = JOB_FRESH;
        b->jobs[b->count++] = jobs[i];
    }
    b->unfinished += count;
    batch_place(b, place);
    if (b->count >= BATCH_JOBS || b->place_count >= BATCH_PLACES) {
        b->is_closed = true;
    }
    if (was_empty || b->is_closed) {
        pthread_cond_signal(&l->changed);
    }
    pthread_mutex_unlock(&l->lock);
}

/* --- outcomes ------------------------------------------------------------- */

void ledger_finish(struct ledger *l, struct job_list *jobs)
{
    struct job_list written = {0};
    struct job *j = NULL;

    pthread_mutex_lock(&l->lock);
    while ((j = job_list_take(jobs)) != NULL) {
        j->is_finished = true;
        if (j->phase == JOB_WRITTEN) {
            job_list_add(&written, j);
            continue;
        }
        assert(j->batch != NULL && j->batch->unfinished > 0);
        j->batch->unfinished--;
        if (j->batch->unfinished == 0 && j->batch->is_closed) {
            pthread_cond_signal(&l->changed);
        }
    }
    pthread_mutex_unlock(&l->lock);
    record_put(l->d->record, &written);
}

/* --- writing -------------------------------------------------------------- */

/* What became of them since the last try is written with them: a row that says
 * less may be due by then, and would be sent again. Called without the lock. */
static void draft_anew(struct ledger *l, struct draft *dr,
                       const struct batch *b)
{
    pthread_mutex_lock(&l->lock);
    draft_fill(dr, b->jobs, b->count);
    pthread_mutex_unlock(&l->lock);
}

/* Until it is there, or we are told to stop. Says once that it is waiting. */
static bool write_surely(struct ledger *l, struct draft *dr,
                         const struct batch *b)
{
    struct err err = ERR_NONE;
    bool is_told = false;

    while (!draft_write(l->d, dr, b->count, &err)) {
        if (!is_told) {
            log_err(LOG_WARN, "ledger.waiting", &err,
                    LOG_FIELDS(LOG_INT("rows", b->count)));
            is_told = true;
        }
        err_clear(&err);
        if (thread_rest(&l->thread, REST_MS)) {
            return false;
        }
        draft_anew(l, dr, b);
    }
    if (is_told) {
        log_info("ledger.resumed", LOG_INT("rows", b->count));
    }
    return true;
}

/* What becomes of job i after its row is there. Called with the lock. */
static void job_settle(struct ledger *l, struct job *j, const struct draft *dr,
                       size_t i, struct job_list *ended,
                       struct job_list *outcomes)
{
    j->phase = JOB_WRITTEN;
    j->batch = NULL;
    size_t word = !dr->is_new[i] ? 2 : dr->is_final[i] ? 0 : 1;
    metrics_add(l->d->metrics, METER_LEDGER_ROWS, word, 1);
    if (!j->is_finished) {
        return;
    }
    /* A row that was there keeps its own story; but a success is true whoever
     * it was that sent, and spares the other a repetition. One that an earlier
     * try may have left there unfinished is ours. */
    bool was_there = !dr->is_new[i];
    bool is_news = j->outcome.ending == ENDING_ATTEMPT &&
                   j->outcome.verdict == VERDICT_DELIVERED;
    if (!dr->is_final[i] || (was_there && (is_news || dr->was_open[i]))) {
        job_list_add(outcomes, j);
    } else {
        job_list_add(ended, j);
    }
}

static void batch_settle(struct ledger *l, struct batch *b,
                         const struct draft *dr)
{
    struct job_list ended = {0};
    struct job_list outcomes = {0};

    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < b->count; i++) {
        job_settle(l, b->jobs[i], dr, i, &ended, &outcomes);
    }
    l->durable = grown(l->durable, &l->durable_cap,
                       l->durable_count + b->place_count, sizeof *l->durable);
    for (size_t i = 0; i < b->place_count; i++) {
        l->durable[l->durable_count++] = b->places[i];
    }
    l->first = b->next;
    if (l->first == NULL) {
        l->last = NULL;
    }
    pthread_cond_broadcast(&l->written);
    /* With the lock: at every moment one of us two has them (ledger_lease). */
    record_put(l->d->record, &outcomes);
    pthread_mutex_unlock(&l->lock);
    record_ended(l->d->record, &ended);
}

/* The oldest batch if it is due now; else how long to wait for it. */
static struct batch *batch_due(struct ledger *l, int64_t *wait_us)
{
    struct batch *b = l->first;

    *wait_us = IDLE_MS * US_PER_MS;
    if (b == NULL) {
        return NULL;
    }
    int64_t age_us = clock_steady_us() - b->opened_us;
    if (age_us >= l->window_us / 2 || l->flushing > 0) {
        b->is_closed = true;
    }
    if (age_us >= l->window_us || l->flushing > 0 ||
        (b->is_closed && b->unfinished == 0)) {
        return b;
    }
    *wait_us = b->is_closed ? l->window_us - age_us : l->window_us / 2 - age_us;
    return NULL;
}

static void ledger_run(void *user)
{
    struct ledger *l = user;
    int64_t wait_us = 0;

    while (!thread_is_stopping(&l->thread)) {
        struct draft draft = {0};

        pthread_mutex_lock(&l->lock);
        struct batch *b = batch_due(l, &wait_us);
        if (b == NULL) {
            cond_wait_us(&l->changed, &l->lock, wait_us);
            pthread_mutex_unlock(&l->lock);
            continue;
        }
        b->is_closed = true;
        draft_make(&draft, b->jobs, b->count);
        pthread_mutex_unlock(&l->lock);
        if (b->count > 0) { /* Else it tells of places alone. */
            crash_point("unwritten");
        }
        if (write_surely(l, &draft, b)) {
            if (b->count > 0) {
                crash_point("written");
            }
            batch_settle(l, b, &draft);
            batch_free(b);
        }
        draft_done(&draft);
    }
}

size_t ledger_durable(struct ledger *l, struct record_place *out, size_t max)
{
    pthread_mutex_lock(&l->lock);
    size_t n = MIN_OF(l->durable_count, max);
    if (n > 0) {
        memcpy(out, l->durable, n * sizeof *out);
        memmove(l->durable, l->durable + n,
                (l->durable_count - n) * sizeof *out);
        l->durable_count -= n;
    }
    pthread_mutex_unlock(&l->lock);
    return n;
}

int64_t ledger_lease_us(struct ledger *l)
{
    int64_t first_us = INT64_MAX;

    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; l->first != NULL && i < l->first->count; i++) {
        const struct job *j = l->first->jobs[i];
        if (j->phase == JOB_WRITING) {
            first_us = MIN_OF(first_us, j->lease_until_us);
        }
    }
    pthread_mutex_unlock(&l->lock);
    return first_us;
}

bool ledger_flush(struct ledger *l, unsigned wait_ms)
{
    int64_t until_us = clock_steady_us() + wait_ms * US_PER_MS;
    int64_t left_us = 0;

    pthread_mutex_lock(&l->lock);
    l->flushing++;
    pthread_cond_signal(&l->changed);
    while (l->first != NULL && (left_us = until_us - clock_steady_us()) > 0) {
        cond_wait_us(&l->written, &l->lock, left_us);
    }
    l->flushing--;
    bool done = l->first == NULL;
    pthread_mutex_unlock(&l->lock);
    return done;
}

bool ledger_open(struct dispatcher *d, struct ledger **out, struct err *err)
{
    struct ledger *l = mem_zero(1, sizeof *l);

    l->d = d;
    l->window_us = (int64_t)d->settings.ledger_window_ms * US_PER_MS;
    pthread_mutex_init(&l->lock, NULL);
    cond_init_steady(&l->changed);
    cond_init_steady(&l->written);
    if (!thread_start(&l->thread, "ledger", ledger_run, l, err)) {
        free(l);
        return false;
    }
    *out = l;
    return true;
}

void ledger_close(struct ledger *l)
{
    if (l == NULL) {
        return;
    }
    thread_stop(&l->thread);
    pthread_mutex_lock(&l->lock);
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    thread_join(&l->thread);
    while (l->first != NULL) {
        struct batch *b = l->first;
        l->first = b->next;
        for (size_t i = 0; i < b->count; i++) {
            job_free(b->jobs[i]);
        }
        batch_free(b);
    }
    free(l->durable);
    free(l);
}
