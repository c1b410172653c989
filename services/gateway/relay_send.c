/* The relay's sending half: rows -> records -> the broker's answers.
 *
 * Piles go out one after the other, and answers come back while the thread
 * does other things. When a record is not acknowledged, all that is under way
 * is purged, and its shards are read anew and sent with care: batch by batch,
 * waiting for the answers, until a batch is through.
 *
 * A record that Kafka will never take goes to porter.dead-letters.v1 with the
 * reason and the head of its payload (the event itself stays in the event
 * log), is counted and logged as an error, and only then leaves its shard; as
 * long as even that fails the shard waits. */
#include "gateway/relay_state.h"

#include "base/clock.h"
#include "gateway/metrics.h"
#include "gateway/spans.h"
#include "relay/relay_record.h"
#include "log/log.h"

#include <assert.h>

#define SETTLE_POLL_MS 10
/* Who had a shard before us may not know at once that it is ours. */
#define AGAIN_US (30 * US_PER_S)

static void stats_kafka(struct relay *r, size_t sent, int64_t took_us,
                        bool is_up)
{
    (void)pthread_mutex_lock(&r->stats_lock);
    r->stats.produced += sent;
    r->stats.batches++;
    r->stats.failures += is_up ? 0 : 1;
    r->stats.last_send_us = took_us;
    r->stats.kafka_is_up = is_up;
    (void)pthread_mutex_unlock(&r->stats_lock);
}

static void kafka_is(struct relay *r, enum neighbour now, const char *reason)
{
    if (now == NEIGHBOUR_AWAY && r->kafka != NEIGHBOUR_AWAY) {
        log_warn("relay.kafka_away", LOG_TEXT("reason", reason));
    }
    if (now == NEIGHBOUR_HERE && r->kafka == NEIGHBOUR_AWAY) {
        log_info("relay.kafka_back", LOG_INT("shards", r->stats.shards_owned));
    }
    r->kafka = now;
}

/* Kafka will never take records[bad]: set it aside, or leave it for the next
 * turn. True when it is set aside. */
static bool set_aside(struct relay *r, const struct outbox_row *row, size_t bad,
                      const struct err *why)
{
    struct record letter;
    struct err err = ERR_NONE;
    bool acked = false;
    size_t ignored = 0;

    relay_dead_letter(&r->records[bad], str_of(why->text), r->arena, &letter);
    if (!producer_send(r->producer, &letter, 1, RELAY_SEND_MS, &acked, &ignored,
                       &err) ||
        !acked) {
        kafka_is(r, NEIGHBOUR_AWAY,
                 err.code != ERR_OK ? err.text : producer_trouble(r->producer));
        return false;
    }
    (void)pthread_mutex_lock(&r->stats_lock);
    r->stats.set_aside++;
    (void)pthread_mutex_unlock(&r->stats_lock);
    log_err(LOG_ERROR, "relay.record_set_aside", why,
            LOG_FIELDS(LOG_ID("event_id", ID_EVENT, row->id),
                       LOG_ID("organization", ID_ORGANIZATION, row->org_id),
                       LOG_STR("topic", r->records[bad].topic),
                       LOG_STR("request_id", row->request_id),
                       LOG_INT("bytes", row->payload.len)));
    return true;
}

/* It has them from that one, or from us, when no answer came. */
void relay_doubt(const struct relay *r, struct pile *pile)
{
    const int64_t until_us = r->changed_us + AGAIN_US;

    for (size_t i = 0; i < pile->count; i++) {
        struct outbox_row *row = &pile->rows[i];
        row->is_again = r->is_careful || row->created_at_us < until_us;
    }
}

/* The row as a record that names the span of its sending. */
static void record_of(const struct relay *r, const struct outbox_row *row,
                      struct arena *arena, struct record *out)
{
    struct outbox_row traced = *row;

    traced.traceparent = spans_onward(r->opts.tracer, row, arena);
    relay_record(&traced, arena, out);
}

/* --- with care ----------------------------------------------------------- */

static void gone_add(struct relay *r, const struct outbox_row *row)
{
    assert(r->gone_count < RELAY_GONE_MAX);
    if (r->gone_count == 0) {
        r->gone_us = clock_steady_us();
    }
    r->gone[r->gone_count++] = (struct outbox_place){row->shard, row->seq};
}

/* The places of acknowledged rows; how many of all are missing. */
static size_t gone_collect(struct relay *r, const struct outbox_row *rows,
                           size_t count)
{
    size_t missing = 0;

    for (size_t i = 0; i < count; i++) {
        if (r->acked[i]) {
            gone_add(r, &rows[i]);
        } else {
            missing++;
        }
    }
    return missing;
}

void relay_send_careful(struct relay *r, const struct outbox_row *rows,
                        size_t count)
{
    int64_t started_us = clock_steady_us();
    struct err err = ERR_NONE;
    size_t bad = count;
    size_t missing = 0;
    bool is_up = false;

    for (size_t i = 0; i < count; i++) {
        record_of(r, &rows[i], r->arena, &r->records[i]);
    }
    bool ok = producer_send(r->producer, r->records, count, RELAY_SEND_MS,
                            r->acked, &bad, &err);
    for (size_t i = 0; i < count; i++) {
        if (r->acked[i]) {
            spans_sent(r->opts.tracer, &rows[i], started_us);
            gateway_metrics_produced(r->opts.metrics,
                                     clock_steady_us() - started_us);
        }
    }
    if (ok) {
        missing = gone_collect(r, rows, count);
        is_up = missing == 0;
    } else if (bad < count) {
        is_up = set_aside(r, &rows[bad], bad, &err);
        r->acked[bad] = is_up;
        missing = gone_collect(r, rows, count);
    } else {
        missing = gone_collect(r, rows, count);
    }
    stats_kafka(r, count - missing, clock_steady_us() - started_us, is_up);
    kafka_is(r, is_up ? NEIGHBOUR_HERE : NEIGHBOUR_AWAY,
             err.code != ERR_OK ? err.text : producer_trouble(r->producer));
    if (is_up) {
        r->pause_ms = 0;
        r->is_careful = false;
    } else {
        relay_pause(r);
    }
}

/* --- piles --------------------------------------------------------------- */

struct pile *relay_pile(struct relay *r)
{
    for (size_t i = 0; i < PILES; i++) {
        if (r->piles[i].sent_us == 0 && &r->piles[i] != r->handed) {
            pile_clear(&r->piles[i]);
            return &r->piles[i];
        }
    }
    return NULL;
}

/* Its answered rows leave the outbox, the others are to be read anew. */
static void pile_finish(struct relay *r, struct pile *pile)
{
    size_t acked = 0;

    for (size_t i = 0; i < pile->count; i++) {
        if (pile->slots[i].is_done && pile->slots[i].code == 0) {
            gone_add(r, &pile->rows[i]);
            spans_sent(r->opts.tracer, &pile->rows[i], pile->sent_us);
            gateway_metrics_produced(r->opts.metrics, pile->slots[i].took_us);
            acked++;
        } else {
            r->hot |= 1U << pile->rows[i].shard;
        }
    }
    stats_kafka(r, acked, clock_steady_us() - pile->sent_us,
                acked == pile->count);
    pile->sent_us = 0;
}

/* Nothing that is under way may be overtaken, so all of it is given up. */
static void give_up(struct relay *r)
{
    producer_drop(r->producer);
    for (size_t i = 0; i < PILES; i++) {
        if (r->piles[i].sent_us != 0) {
            pile_finish(r, &r->piles[i]);
        }
    }
    r->is_careful = true;
}

void relay_collect(struct relay *r, unsigned wait_ms)
{
    int64_t overdue_us = clock_steady_us() - RELAY_SEND_MS * US_PER_MS;
    bool ok = producer_poll(r->producer, wait_ms);

    for (size_t i = 0; i < PILES; i++) {
        struct pile *pile = &r->piles[i];

        if (pile->sent_us == 0) {
            continue;
        }
        ok = ok && pile->sent_us > overdue_us;
        if (ok && pile_is_done(pile)) {
            pile_finish(r, pile);
        }
    }
    if (!ok) {
        give_up(r);
    }
}

void relay_send(struct relay *r, struct pile *pile)
{
    struct record record;
    bool ok = true;

    pile->sent_us = clock_steady_us();
    for (size_t i = 0; i < pile->count; i++) {
        if (ok) {
            record_of(r, &pile->rows[i], pile->arena, &record);
            ok = producer_put(r->producer, &record, &pile->slots[i]);
        } else {
            pile->slots[i] =
                (struct producer_slot){.is_done = true, .code = -1};
        }
    }
    if (!ok) {
        give_up(r);
    }
}

void relay_settle(struct relay *r)
{
    while (producer_under_way(r->producer) > 0) {
        relay_collect(r, SETTLE_POLL_MS);
    }
    relay_collect(r, 0);
}

size_t relay_away(struct relay *r, struct outbox_place **out)
{
    struct outbox_place *all = NULL;
    size_t count = r->gone_count;

    for (size_t i = 0; i < PILES; i++) {
        count += r->piles[i].sent_us != 0 ? r->piles[i].count : 0;
    }
    all = arena_zero(r->arena, count + 1, sizeof *all);
    memcpy(all, r->gone, r->gone_count * sizeof *all);
    count = r->gone_count;
    for (size_t i = 0; i < PILES; i++) {
        const struct pile *pile = &r->piles[i];

        for (size_t k = 0; pile->sent_us != 0 && k < pile->count; k++) {
            all[count++] =
                (struct outbox_place){pile->rows[k].shard, pile->rows[k].seq};
        }
    }
    *out = all;
    return count;
}
