/* Stands after lane and before verdict: one turn takes jobs in, starts what
 * may start, waits once for answers, and hands outcomes on.
 *
 * Happy path: inbox -> lanes_offer -> lanes_next -> request_make ->
 * fetch_start … answered -> outcome -> ledger_finish.
 * Endings: no room in the lane, or no time in the lease: given back as due. An
 * endpoint that only fails: held until it is back (circuits.c). A
 * request that can't be made or started: refused. Anything else is an answer,
 * also that the guard refuses the URL, and verdict judges it. */
#include "dispatcher/worker.h"

#include "dispatcher/circuits.h"
#include "dispatcher/claim.h"
#include "dispatcher/lane.h"
#include "dispatcher/ledger.h"
#include "dispatcher/meter.h"
#include "dispatcher/outcome.h"
#include "dispatcher/preflight.h"
#include "dispatcher/ready.h"
#include "dispatcher/request.h"
#include "dispatcher/retry.h"
#include "dispatcher/spans.h"
#include "dispatcher/thread.h"

#include "base/clock.h"
#include "base/crash.h"
#include "fetch/fetch.h"
#include "log/log.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define TRANSFERS_MAX 100 /* Per worker; more make libcurl slower. */
#define IDLE_CONNECTIONS_MAX 512
#define RESPONSE_MAX 65536
#define RESPONSE_KEPT 4096
#define WAIT_MS 100
#define SHED_US 500000 /* Between looks at what waits in the lanes. */
#define FULL_MAX 4096  /* Full lanes told to retry, per worker. */
#define INBOX_EASY 256 /* More than that in an inbox is "busy". */

/* What is under way, and the memory its request borrows. */
struct sending {
    struct sending *next;
    struct job *job;
    struct request_lines lines;
    int64_t started_us; /* Steady clock. */
    struct request_moment moment;
};

struct worker {
    struct dispatcher *d;
    struct thread thread;
    struct fetch *fetch;
    struct lanes *lanes;
    struct sending *spare;
    struct job_list ended; /* Outcomes of this turn. */
    uint64_t full_changes;
    struct lane_counts told; /* To the metrics. */
    int64_t shed_at_us;      /* Steady clock. */
    _Atomic bool is_draining;
    _Atomic bool is_busy;        /* Lanes, as of the last turn. */
    _Atomic size_t inbox_length; /* Of inbox, for readers without the lock. */
    pthread_mutex_t lock;        /* Guards what follows. */
    struct job_list inbox;
    struct webhook_key full[FULL_MAX];
    size_t full_count;
};

struct workers {
    size_t count;
    struct worker *list;
};

/* --- outcomes ------------------------------------------------------------- */

static void end_job(struct worker *w, struct job *j)
{
    job_list_add(&w->ended, j);
}

static void hold(struct worker *w, struct job *j)
{
    circuits_hold(w->d->circuits, j);
    end_job(w, j);
}

/* (What somebody asked for is not put off, if only its lane is full.) */
static void give_back(struct worker *w, struct job *j)
{
    metrics_add(w->d->metrics, METER_GIVEN_BACK, 0, 1);
    outcome_give_back(j, clock_wall_us() + (j->is_asked ? US_PER_S : 0));
    end_job(w, j);
}

static struct sending *sending_take(struct worker *w)
{
    struct sending *s = w->spare;

    if (s == NULL) {
        return mem_zero(1, sizeof *s);
    }
    w->spare = s->next;
    /* An attempt that is refused shows what it sent: nothing. */
    buf_clear(&s->lines.text);
    s->lines.count = 0;
    return s;
}

static void sending_give(struct worker *w, struct sending *s)
{
    s->job = NULL;
    s->next = w->spare;
    w->spare = s;
}

/* What waits for an endpoint that has had one failure too many, or is gone. */
static void hold_waiting(struct worker *w, struct id webhook_id)
{
    struct job_list waiting = {0};
    struct job *j = NULL;

    lanes_clear(w->lanes, webhook_id, &waiting);
    while ((j = job_list_take(&waiting)) != NULL) {
        hold(w, j);
    }
}

/* What the answer says about the endpoint. Events about webhooks open nothing:
 * if the failure of one could cause the next, endpoints that fail could keep
 * each other's events going for ever. */
static void judge(struct worker *w, const struct job *j,
                  const struct fetch_answer *answer, int64_t took_us)
{
    const bool is_ours = verdict_is_ours(answer);
    const bool is_open = j->is_probe || j->target->is_open;
    const struct lane_end end = {
        .webhook_id = j->webhook_id,
        .took_us = took_us,
        .now_us = clock_steady_us(),
        .is_success = j->outcome.verdict == VERDICT_DELIVERED,
        .is_too_much = verdict_is_too_much(answer),
        .is_known = is_open || is_ours || j->body->is_operational ||
                    ready_has_moved(w->d, j),
        .is_gone = j->outcome.verdict == VERDICT_DISABLE,
    };
    unsigned failures = lanes_done(w->lanes, &end);

    if (is_ours) {
        return;
    }
    if (end.is_gone && !end.is_known) {
        hold_waiting(w, j->webhook_id);
    } else if (j->is_probe || (is_open && end.is_success)) {
        circuits_tried(w->d->circuits, j);
    } else if (failures > 0) {
        circuits_fell(w->d->circuits, j, failures);
        hold_waiting(w, j->webhook_id);
    } else if (!end.is_known && lanes_in_doubt(w->lanes, j->webhook_id)) {
        circuits_doubt(w->d->circuits, j);
    }
}

static void answered(void *user, const struct fetch_answer *answer)
{
    struct worker *w = user;
    struct sending *s = answer->owner;
    struct job *j = s->job;
    const int64_t took_us = clock_steady_us() - s->started_us;

    outcome_answer(j, answer, &s->lines, &w->d->backoff, s->moment.now_us,
                   clock_wall_us());
    judge(w, j, answer, took_us);
    crash_point("answered");
    meter_attempt(w->d, j, answer);
    spans_attempt(w->d, j, s->moment, took_us);
    sending_give(w, s);
    end_job(w, j);
}

/* --- sending -------------------------------------------------------------- */

/* May it be sent? Else it has ended. */
static bool may_be_sent(struct worker *w, struct job *j)
{
    enum refusal why = REFUSAL_NONE;

    switch (ready_look(w->d, j, &why)) {
    case READY_TO_SEND:
        return true;
    case READY_LATER:
        give_back(w, j);
        break;
    case READY_NEVER:
        claim_refuse(w->d, j, why);
        end_job(w, j);
        break;
    case READY_HELD:
        hold(w, j);
        break;
    }
    return false;
}

static bool begin(struct worker *w, struct sending *s, struct err *err)
{
    struct fetch_request request = {.owner = s};

    return request_make(s->job, s->moment, w->d->signing, &s->lines, &request,
                        err) &&
           fetch_start(w->fetch, &request, err);
}

static void start(struct worker *w, struct job *j)
{
    const struct id id = j->webhook_id;
    struct fetch_answer refused;
    struct err err = ERR_NONE;

    if (!may_be_sent(w, j)) {
        lanes_cancel(w->lanes, id);
        return;
    }
    struct sending *s = sending_take(w);
    s->job = j;
    s->started_us = clock_steady_us();
    s->moment = (struct request_moment){clock_wall_us(), trace_span_new()};
    if (!preflight(&w->d->guard, j, s->moment.now_us, &refused)) {
        refused.owner = s;
        answered(w, &refused);
    } else if (!begin(w, s, &err)) {
        const struct refusal_facts facts = {.why = str_of(err.text)};
        lanes_cancel(w->lanes, id);
        metrics_add(w->d->metrics, METER_REFUSED, 0, 1);
        outcome_refuse(j, REFUSAL_NOT_SENDABLE, &facts, clock_wall_us());
        sending_give(w, s);
        end_job(w, j);
    }
}

static void start_all(struct worker *w)
{
    struct job *j = NULL;

    while (fetch_room(w->fetch) > 0 &&
           (j = lanes_next(w->lanes, clock_steady_us())) != NULL) {
        start(w, j);
    }
}

/* --- in and out ----------------------------------------------------------- */

static void offer(struct worker *w, struct job *j)
{
    if (atomic_load(&w->is_draining)) {
        give_back(w, j);
        return;
    }
    enum lane_answer answer = lanes_offer(w->lanes, j, clock_steady_us());
    if (answer == LANE_FULL) {
        give_back(w, j);
    } else if (answer == LANE_OPEN) {
        hold(w, j);
    }
}

static void take_in(struct worker *w)
{
    struct job_list came = {0};
    struct job *j = NULL;

    pthread_mutex_lock(&w->lock);
    job_list_join(&came, &w->inbox);
    atomic_store(&w->inbox_length, 0);
    pthread_mutex_unlock(&w->lock);
    while ((j = job_list_take(&came)) != NULL) {
        offer(w, j);
    }
    atomic_store(&w->is_busy, lanes_counts(w->lanes).busy > 0);
}

static void hand_on(struct worker *w)
{
    if (w->ended.count > 0) {
        ledger_finish(w->d->ledger, &w->ended);
    }
}

/* Tell retry which webhooks it need not claim for. */
static void publish_full(struct worker *w)
{
    if (lanes_full_changes(w->lanes) == w->full_changes) {
        return;
    }
    w->full_changes = lanes_full_changes(w->lanes);
    pthread_mutex_lock(&w->lock);
    w->full_count = lanes_full(w->lanes, w->full, FULL_MAX);
    pthread_mutex_unlock(&w->lock);
    retry_look(w->d->retry);
}

static void give_back_all(struct worker *w, struct job_list *jobs)
{
    struct job *j = NULL;

    while ((j = job_list_take(jobs)) != NULL) {
        give_back(w, j);
    }
}

static void give_back_queued(struct worker *w)
{
    struct job_list waiting = {0};

    lanes_empty(w->lanes, &waiting);
    give_back_all(w, &waiting);
}

/* That an endpoint has become slow shows by nothing that happens; and a lane's
 * turn may come after its jobs' leases: others have these by then. */
static void shed(struct worker *w)
{
    int64_t now_us = clock_steady_us();
    struct job_list waiting = {0};

    if (now_us < w->shed_at_us) {
        return;
    }
    w->shed_at_us = now_us + SHED_US;
    lanes_sweep(w->lanes, now_us, ready_lease_us(w->d), &waiting);
    give_back_all(w, &waiting);
    meter_lanes(w->d->metrics, lanes_counts(w->lanes), &w->told);
}

static void worker_run(void *user)
{
    struct worker *w = user;

    while (!atomic_load(&w->is_draining) || fetch_stats(w->fetch).active > 0) {
        take_in(w);
        if (atomic_load(&w->is_draining)) {
            give_back_queued(w);
        }
        shed(w);
        start_all(w);
        atomic_store(&w->is_busy, lanes_counts(w->lanes).busy > 0);
        publish_full(w);
        hand_on(w);
        fetch_wait(w->fetch, WAIT_MS, answered, w);
    }
    take_in(w);
    give_back_queued(w);
    hand_on(w);
}

/* --- life ----------------------------------------------------------------- */

static struct worker *worker_of(struct workers *ws, struct id webhook_id)
{
    /* Not the lanes' own bits of the hash. */
    return &ws->list[(id_hash(webhook_id) >> 32) % ws->count];
}

void workers_put(struct workers *ws, struct job_list *jobs)
{
    struct job *j = NULL;

    while ((j = job_list_take(jobs)) != NULL) {
        struct worker *w = worker_of(ws, j->webhook_id);
        pthread_mutex_lock(&w->lock);
        bool was_empty = w->inbox.count == 0;
        job_list_add(&w->inbox, j);
        atomic_store(&w->inbox_length, w->inbox.count);
        pthread_mutex_unlock(&w->lock);
        if (was_empty) {
            fetch_wake(w->fetch);
        }
    }
}

bool workers_are_busy(struct workers *ws)
{
    for (size_t i = 0; i < ws->count; i++) {
        const struct worker *w = &ws->list[i];
        if (atomic_load(&w->is_busy) ||
            atomic_load(&w->inbox_length) > INBOX_EASY) {
            return true;
        }
    }
    return false;
}

size_t workers_full(struct workers *ws, struct webhook_key *out, size_t max)
{
    size_t found = 0;

    for (size_t i = 0; i < ws->count; i++) {
        struct worker *w = &ws->list[i];
        pthread_mutex_lock(&w->lock);
        for (size_t k = 0; k < w->full_count && found < max; k++) {
            out[found++] = w->full[k];
        }
        pthread_mutex_unlock(&w->lock);
    }
    return found;
}

static bool worker_open(struct dispatcher *d, size_t number, struct worker *w,
                        struct err *err)
{
    const struct dispatcher_settings *s = &d->settings;
    const struct fetch_options fetch = {
        .max_transfers = TRANSFERS_MAX,
        .max_idle = IDLE_CONNECTIONS_MAX,
        .connect_ms = (unsigned)s->connect_timeout_ms,
        .total_ms = (unsigned)s->attempt_timeout_ms,
        .response_max = RESPONSE_MAX,
        .keep_max = RESPONSE_KEPT,
        .ca_file = s->egress_ca_file,
        .proxy = s->egress_proxy,
        .http2 = s->egress_http2,
        .may_connect = guard_may_connect,
        .user = &d->guard,
    };
    const struct lanes_options lanes = {
        .slots = TRANSFERS_MAX,
        .window = s->lane_window,
        .queue_max = s->lane_queue,
        .quick_max = MAX_OF(s->in_flight_max, s->lane_queue),
        .room = MAX_OF(s->in_flight_max / s->workers, 1),
    };
    char name[16];

    w->d = d;
    pthread_mutex_init(&w->lock, NULL);
    w->lanes = lanes_new(&lanes);
    (void)snprintf(name, sizeof name, "worker-%u", (unsigned)number % 1000U);
    return fetch_open(&fetch, &w->fetch, err) &&
           thread_start(&w->thread, name, worker_run, w, err);
}

bool workers_open(struct dispatcher *d, struct workers **out, struct err *err)
{
    struct workers *ws = mem_zero(1, sizeof *ws);

    ws->count = d->settings.workers;
    ws->list = mem_zero(ws->count, sizeof *ws->list);
    for (size_t i = 0; i < ws->count; i++) {
        if (!worker_open(d, i, &ws->list[i], err)) {
            workers_drain(ws);
            workers_close(ws);
            return false;
        }
    }
    *out = ws;
    return true;
}

void workers_drain(struct workers *ws)
{
    if (ws == NULL) {
        return;
    }
    for (size_t i = 0; i < ws->count; i++) {
        atomic_store(&ws->list[i].is_draining, true);
        if (ws->list[i].fetch != NULL) {
            fetch_wake(ws->list[i].fetch);
        }
    }
    for (size_t i = 0; i < ws->count; i++) {
        thread_join(&ws->list[i].thread);
    }
}

void workers_close(struct workers *ws)
{
    if (ws == NULL) {
        return;
    }
    for (size_t i = 0; i < ws->count; i++) {
        struct worker *w = &ws->list[i];
        while (w->spare != NULL) {
            struct sending *s = w->spare;
            w->spare = s->next;
            buf_free(&s->lines.text);
            free(s);
        }
        fetch_close(w->fetch);
        lanes_free(w->lanes);
    }
    free(ws->list);
    free(ws);
}
