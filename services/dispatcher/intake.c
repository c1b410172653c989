/* Stands first on the road.
 *
 * Happy path: poll -> decode -> targets -> match -> body rendered once -> a
 * job per webhook -> ledger_add -> workers_put; and, as the ledger says what
 * is durable, consumer_done.
 * Records that were there when their partition came to us may have been sent
 * by an owner that died, and who sends one again says so: what has a row
 * already is left to it (known.c).
 * Endings: too large to be sent: a failed row; a webhook that gets nothing for
 * now: a held row; one with an order: a row that is due. What can't be read
 * goes to the dead letters (letter.c) and counts as done. What can't be matched
 * now (PostgreSQL away) waits in `pending`, in order, and nothing more is
 * fetched. Partitions taken away: what is pending is pushed on, the ledger
 * flushed, its places committed. */
#include "dispatcher/intake.h"

#include "dispatcher/circuits.h"
#include "dispatcher/claim.h"
#include "dispatcher/decode.h"
#include "dispatcher/known.h"
#include "dispatcher/ledger.h"
#include "dispatcher/letter.h"
#include "dispatcher/match.h"
#include "dispatcher/meter.h"
#include "dispatcher/outcome.h"
#include "dispatcher/spans.h"
#include "dispatcher/thread.h"
#include "dispatcher/worker.h"

#include "base/clock.h"
#include "base/crash.h"
#include "bus/consumer.h"
#include "log/log.h"

#include <assert.h>
#include <stdlib.h>

#define POLL_MAX 500
#define POLL_MS 50      /* Also how late a durable place may be noticed. */
#define POLL_FULL_MS 5  /* While memory is full. */
#define HOLD_MS 1       /* Between looks at a lane that is busy. */
#define HOLD_MAX_MS 100 /* Then what is pending goes on all the same. */
#define PLACES_MAX 64
#define ARENA_BYTES 524288
#define REVOKE_FLUSH_MS 10000
#define ASK_FLUSH_MS 2000

/* A record that was taken and is not yet in the ledger. */
struct pending {
    bool is_poison;
    bool is_inherited; /* An earlier owner may have had it. */
    bool is_doubtful;  /* That, or it was sent before. */
    bool is_asked;     /* …and `known` says what came of it. */
    struct known_part asked;
    struct decoded event;
    struct letter letter; /* When poison. */
    struct record_place place;
    int64_t sent_us; /* Kafka's timestamp; 0: it has none. */
};

struct intake {
    struct dispatcher *d;
    struct thread thread;
    struct consumer *consumer;
    struct letters *letters;
    struct known *known;
    struct arena *arena; /* Of all that is pending; reset when nothing is. */
    struct pending *pending;
    size_t pending_count;
    size_t pending_cap;
    size_t pending_next; /* The first not yet in the ledger. */
    struct buf body;
    int64_t held_us; /* Steady: since when the lanes hold us; 0: not. */
    bool is_away;    /* A neighbour; said once. */
    _Atomic bool is_joined;
};

/* --- one event ------------------------------------------------------------ */

static struct job *make_job(struct intake *in, struct body *body,
                            struct target_set *set,
                            const struct webhook_target *target)
{
    struct dispatcher *d = in->d;
    struct job *j =
        job_new(&d->load, false, body_hold(body), target_set_hold(set), target);

    j->webhook_id = target->id;
    j->id = id_pair(body->event_id, target->id);
    j->made_at_us = clock_wall_us();
    j->lease_until_us =
        j->made_at_us + (int64_t)d->settings.lease_ms * US_PER_MS;
    return j;
}

/* Who is to be told: the webhooks, borrowed from the set. */
static bool find_wanted(struct intake *in, const struct decoded *e,
                        struct target_set **set,
                        const struct webhook_target **wanted, size_t *count,
                        struct err *err)
{
    if (!targets_take(in->d->targets, e->org_id, e->webhooks_version, set,
                      err)) {
        return false;
    }
    assert((*set)->count <= WEBHOOKS_PER_ORG_MAX);
    *count = match_event((*set)->list, (*set)->count, e->type, wanted);
    return true;
}

/* Without those that were seen to before; how many are left. */
static size_t drop_known(struct intake *in, const struct pending *p,
                         const struct webhook_target **wanted, size_t count)
{
    size_t kept = known_drop(in->known, p->asked, p->event.id, wanted, count);

    metrics_add(in->d->metrics, METER_KNOWN, 0, (int64_t)(count - kept));
    return kept;
}

/* To the lanes at once? */
static bool goes_on(const struct intake *in, const struct job *j)
{
    const struct dispatcher *d = in->d;

    return !job_is_on_hold(j) && j->ordinal == 0 &&
           load_has_room(&d->load, j->body->org_id);
}

/* Only the rows are written: their webhooks get nothing for now, they have an
 * order, or their organization has its share of the memory. Those come back by
 * the claim of due rows, which alone knows what is before them, with whomever.
 */
static void put_off(struct intake *in, struct job_list *jobs)
{
    for (struct job *j = jobs->first; j != NULL; j = j->next) {
        if (job_is_on_hold(j)) {
            circuits_hold(in->d->circuits, j);
        } else {
            outcome_give_back(j, clock_wall_us());
        }
    }
    ledger_finish(in->d->ledger, jobs);
}

static bool take_event(struct intake *in, const struct pending *p,
                       struct err *err)
{
    const struct webhook_target *wanted[WEBHOOKS_PER_ORG_MAX];
    struct job *jobs[WEBHOOKS_PER_ORG_MAX];
    struct job_list send = {0};
    struct job_list waits = {0};
    struct job_list refused = {0};
    struct target_set *set = NULL;
    const int64_t began_us = clock_wall_us();
    size_t count = 0;

    if (!find_wanted(in, &p->event, &set, wanted, &count, err)) {
        return false;
    }
    if (count > 0) {
        crash_point("consumed");
    }
    if (p->is_asked) {
        count = drop_known(in, p, wanted, count);
    }
    struct body *body =
        count > 0 ? decoded_body(&p->event, &in->d->load, &in->body) : NULL;
    for (size_t i = 0; i < count; i++) {
        jobs[i] = make_job(in, body, set, wanted[i]);
        if (wanted[i]->by_subject) {
            jobs[i]->ordinal = p->place.offset + 1;
        }
        if (jobs[i]->body->bytes.len > in->d->settings.body_max) {
            /* It says nothing about an endpoint. */
            claim_refuse(in->d, jobs[i], REFUSAL_TOO_LARGE);
            job_list_add(&refused, jobs[i]);
        } else {
            job_list_add(goes_on(in, jobs[i]) ? &send : &waits, jobs[i]);
        }
    }
    ledger_add(in->d->ledger, &p->place, jobs, count);
    ledger_finish(in->d->ledger, &refused);
    meter_taken(in->d, p->event.trace, p->sent_us);
    workers_put(in->d->workers, &send);
    put_off(in, &waits);
    metrics_add(in->d->metrics, METER_MATCHED, 0, (int64_t)count);
    spans_processed(in->d, &p->event, &p->place, began_us, count);
    body_release(body);
    target_set_release(set);
    return true;
}

static bool take_poison(struct intake *in, const struct pending *p,
                        struct err *err)
{
    if (!letters_send(in->letters, &p->letter, err)) {
        return false;
    }
    metrics_add(in->d->metrics, METER_DEAD_LETTERS, 0, 1);
    log_warn("record.unreadable", LOG_STR("topic", p->letter.record.topic),
             LOG_INT("partition", p->place.partition),
             LOG_INT("offset", p->place.offset),
             LOG_STR("reason", p->letter.reason));
    ledger_add(in->d->ledger, &p->place, NULL, 0);
    return true;
}

/* --- what was done before ------------------------------------------------- */

/* Put the event's deliveries into the question; false in *fits when they are
 * left to the next one. */
static bool ask_for(struct intake *in, struct pending *p, bool *fits,
                    struct err *err)
{
    const struct webhook_target *wanted[WEBHOOKS_PER_ORG_MAX];
    struct target_set *set = NULL;
    size_t count = 0;

    if (!find_wanted(in, &p->event, &set, wanted, &count, err)) {
        return false;
    }
    *fits = known_add(in->known, &p->event, wanted, count, &p->asked);
    target_set_release(set);
    return true;
}

/* One question for the pending record at `first` and those behind it. */
static bool ask_known(struct intake *in, size_t first, struct err *err)
{
    size_t end = first;
    bool fits = true;

    known_clear(in->known);
    while (end < in->pending_count && fits) {
        struct pending *p = &in->pending[end];
        if (p->is_doubtful && !ask_for(in, p, &fits, err)) {
            return false;
        }
        end += fits;
    }
    /* With the rows of what went on a moment ago. */
    if (!ledger_flush(in->d->ledger, ASK_FLUSH_MS)) {
        return err_set(err, ERR_UNAVAILABLE, "rows are not written yet");
    }
    if (!known_ask(in->known, err)) {
        return false;
    }
    for (size_t i = first; i < end; i++) {
        struct pending *p = &in->pending[i];
        p->is_asked = true;
        if (p->is_inherited && p->asked.count > 0) {
            consumer_taken(in->consumer, &p->place,
                           known_any(in->known, p->asked));
        }
    }
    return true;
}

/* --- pending -------------------------------------------------------------- */

static void keep(struct intake *in, const struct record *r)
{
    struct err why = ERR_NONE;

    if (in->pending_count == in->pending_cap) {
        in->pending_cap = in->pending_cap * 2 + POLL_MAX;
        in->pending =
            mem_grow(in->pending, in->pending_cap * sizeof *in->pending);
    }
    struct pending *p = &in->pending[in->pending_count++];
    *p = (struct pending){.place = r->place,
                          .is_inherited = r->is_inherited,
                          .sent_us = r->at_ms * US_PER_MS};
    if (!decode_event(r, in->arena, &p->event, &why)) {
        p->is_poison = true;
        p->letter = letter_make(r, str_of(why.text), in->arena);
        return;
    }
    p->is_doubtful = p->is_inherited || p->event.is_again;
    spans_begin(in->d, &p->event);
}

/* Should what is pending wait for the lanes? Until HOLD_MAX_MS have passed: one
 * endpoint never stops the others. */
static bool is_held_by_lanes(struct intake *in)
{
    if (!workers_are_busy(in->d->workers)) {
        in->held_us = 0;
        return false;
    }
    int64_t now_us = clock_steady_us();
    if (in->held_us == 0) {
        in->held_us = now_us;
    }
    return now_us - in->held_us < HOLD_MAX_MS * US_PER_MS;
}

/* In order: the first that can't go on holds what is behind it. */
static bool push_on(struct intake *in, bool heed_room, struct err *err)
{
    while (in->pending_next < in->pending_count) {
        const struct pending *p = &in->pending[in->pending_next];
        if (heed_room && (load_is_full(&in->d->load) || is_held_by_lanes(in))) {
            return true;
        }
        if (p->is_doubtful && !p->is_asked &&
            !ask_known(in, in->pending_next, err)) {
            return false;
        }
        if (!(p->is_poison ? take_poison(in, p, err)
                           : take_event(in, p, err))) {
            return false;
        }
        in->pending_next++;
    }
    in->pending_next = 0;
    in->pending_count = 0;
    in->held_us = 0;
    arena_reset(in->arena);
    return true;
}

/* --- the turn ------------------------------------------------------------- */

static void tell_done(struct intake *in)
{
    struct record_place places[PLACES_MAX];
    size_t count = 0;

    while ((count = ledger_durable(in->d->ledger, places, PLACES_MAX)) > 0) {
        for (size_t i = 0; i < count; i++) {
            consumer_done(in->consumer, &places[i]);
        }
    }
}

static void revoked(void *user)
{
    struct intake *in = user;
    struct err err = ERR_NONE;

    /* The next owner gets it too: here it goes on without what has a row. */
    if (!push_on(in, false, &err)) {
        log_err(LOG_WARN, "intake.revoked_while_waiting", &err, NULL, 0);
        for (size_t i = in->pending_next; i < in->pending_count; i++) {
            in->pending[i].is_doubtful = !in->pending[i].is_poison;
            in->pending[i].is_asked = false;
        }
    }
    crash_point("revoked");
    if (!ledger_flush(in->d->ledger, REVOKE_FLUSH_MS)) {
        log_warn("intake.revoked_unwritten",
                 LOG_INT("wait_ms", REVOKE_FLUSH_MS));
    }
    tell_done(in);
}

static bool fetch_more(struct intake *in, struct err *err)
{
    const struct record *records = NULL;
    size_t count = 0;

    /* (Pausing partitions would throw away what librdkafka fetched ahead.) */
    if (in->pending_count > 0 && !load_is_full(&in->d->load) &&
        is_held_by_lanes(in)) {
        (void)thread_rest(&in->thread, HOLD_MS);
        return true;
    }
    bool is_held = in->pending_count > 0 || load_is_full(&in->d->load);
    consumer_pause(in->consumer, is_held);
    if (!consumer_poll(in->consumer, is_held ? POLL_FULL_MS : POLL_MS, POLL_MAX,
                       &records, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        keep(in, &records[i]);
    }
    metrics_add(in->d->metrics, METER_RECORDS, 0, (int64_t)count);
    return true;
}

static void publish(struct intake *in)
{
    atomic_store(&in->is_joined, consumer_is_joined(in->consumer));
    metrics_set(in->d->metrics, METER_NEIGHBOUR_UP, UP_KAFKA,
                intake_is_joined(in) && !consumer_is_away(in->consumer));
    metrics_set(in->d->metrics, METER_LAG, 0, consumer_lag(in->consumer));
    for (size_t i = 0; event_topics[i] != NULL; i++) {
        metrics_set(in->d->metrics, METER_PARTITIONS, i,
                    (int64_t)consumer_owned(in->consumer, i));
    }
    metrics_set(in->d->metrics, METER_IN_FLIGHT, 0,
                (int64_t)atomic_load(&in->d->load.jobs));
    metrics_set(in->d->metrics, METER_IN_FLIGHT_BYTES, 0,
                (int64_t)atomic_load(&in->d->load.bytes));
}

static void intake_run(void *user)
{
    struct intake *in = user;
    struct err err = ERR_NONE;

    while (!thread_is_stopping(&in->thread)) {
        bool ok = fetch_more(in, &err) && push_on(in, true, &err);
        tell_done(in);
        consumer_look(in->consumer);
        publish(in);
        if (!ok && !in->is_away) {
            log_err(LOG_WARN, "intake.waiting", &err, NULL, 0);
        }
        bool is_away = !ok || (in->is_away && consumer_is_away(in->consumer));
        if (in->is_away && !is_away) {
            log_info("intake.resumed", LOG_INT("pending", in->pending_count));
        }
        in->is_away = is_away;
        if (!ok) {
            err_clear(&err);
            (void)thread_rest(&in->thread, REST_MS);
        }
    }
}

/* --- life ----------------------------------------------------------------- */

/* Nobody shall have to find out by himself (docs/kafka.md says what to do). */
static void skipped(void *user, const struct record *first, int64_t from)
{
    struct intake *in = user;

    metrics_add(in->d->metrics, METER_SKIPPED, 0, first->place.offset - from);
    log_write(LOG_ERROR, "intake.skipped",
              LOG_FIELDS(LOG_STR("topic", first->topic),
                         LOG_INT("partition", first->place.partition),
                         LOG_INT("from", from),
                         LOG_INT("to", first->place.offset)));
}

bool intake_open(struct dispatcher *d, struct intake **out, struct err *err)
{
    struct intake *in = mem_zero(1, sizeof *in);
    const struct bus_options bus = {
        .brokers = d->settings.kafka.brokers,
        .client_id = "porter-dispatcher",
        .extra = d->settings.kafka.extra,
    };
    const struct consumer_options consumer = {
        .bus = &bus,
        .group = d->settings.kafka_group,
        .topics = event_topics,
        .on_revoke = revoked,
        .on_skipped = skipped,
        .user = in,
    };

    in->d = d;
    in->arena = arena_new(ARENA_BYTES);
    in->known = known_new(d->db);
    *out = in;
    return letters_open(&bus, &in->letters, err) &&
           consumer_open(&consumer, &in->consumer, err) &&
           thread_start(&in->thread, "intake", intake_run, in, err);
}

bool intake_is_joined(struct intake *in)
{
    return atomic_load(&in->is_joined);
}

void intake_stop(struct intake *in)
{
    if (in == NULL) {
        return;
    }
    thread_stop(&in->thread);
    thread_join(&in->thread);
}

void intake_close(struct intake *in)
{
    struct err err = ERR_NONE;

    if (in == NULL) {
        return;
    }
    intake_stop(in);
    if (in->consumer != NULL) {
        tell_done(in);
        if (!consumer_commit(in->consumer, &err)) {
            log_err(LOG_WARN, "intake.not_committed", &err, NULL, 0);
        }
    }
    consumer_close(in->consumer);
    letters_close(in->letters);
    known_free(in->known);
    arena_free(in->arena);
    buf_free(&in->body);
    free(in->pending);
    free(in);
}
