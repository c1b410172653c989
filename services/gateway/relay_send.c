/* The relay's sending half: rows -> records -> the broker's answers.
 *
 * A record that Kafka will never take goes to porter.dead-letters.v1 with the
 * reason and the head of its payload (the event itself stays in the event
 * log), is logged as an error, and only then leaves its shard; as long as even
 * that fails the shard waits. */
#include "gateway/relay_state.h"

#include "base/clock.h"
#include "gateway/relay_record.h"
#include "log/log.h"

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
    log_err(LOG_ERROR, "relay.record_set_aside", why,
            LOG_FIELDS(LOG_ID("event", ID_EVENT, row->id),
                       LOG_ID("organization", ID_ORGANIZATION, row->org_id),
                       LOG_STR("topic", r->records[bad].topic),
                       LOG_INT("bytes", row->payload.len)));
    return true;
}

/* The places of acknowledged rows; how many of all are missing. */
static size_t gone_collect(struct relay *r, const struct outbox_row *rows,
                           size_t count)
{
    r->gone_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (r->acked[i]) {
            r->gone[r->gone_count++] =
                (struct outbox_place){rows[i].shard, rows[i].seq};
        }
    }
    return count - r->gone_count;
}

void relay_send(struct relay *r, const struct outbox_row *rows, size_t count)
{
    int64_t started_us = clock_steady_us();
    struct err err = ERR_NONE;
    size_t bad = count;
    size_t missing = 0;
    bool is_up = false;

    for (size_t i = 0; i < count; i++) {
        relay_record(&rows[i], r->arena, &r->records[i]);
    }
    if (producer_send(r->producer, r->records, count, RELAY_SEND_MS, r->acked,
                      &bad, &err)) {
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
    if (!is_up) {
        relay_pause(r);
    } else {
        r->pause_ms = 0;
    }
}
