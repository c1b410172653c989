/* The table of what is counted along the road, in its order. */
#include "dispatcher/meter.h"

#include "dispatcher/verdict.h"

#include "base/clock.h"
#include "store/event.h"
#include "trace/tracer.h"

/* From FETCH_HTTP1 on. */
static const char *const protocol_words[] = {"http1", "http2", NULL};
static const char *const ledger_words[] = {"final", "pending", "known", NULL};
static const char *const circuit_words[] = {"opened", "probed", "closed",
                                            "disabled", NULL};

static const char *const phase_words[] = {"dns", "connect", "tls", "first_byte",
                                          NULL};
static const char *const circuit_state_words[] = {"open", "draining", NULL};
static const char *const lane_words[] = {"quick", "slow", NULL};
static const char *const window_words[] = {"1",     "2-3", "4-7", "8-15",
                                           "16-31", "32+", NULL};
_Static_assert(COUNT_OF(window_words) == WINDOW_SIZES + 1, "one word each");
static const char *const place_words[] = {"allowed", "used", NULL};
static const char *const neighbour_words[] = {"postgresql", "kafka", NULL};
static const char *const connection_words[] = {"open", "busy", "waiting", NULL};

/* clang-format off */
const struct metric_row meter_rows[METER_COUNT] = {
    [METER_RECORDS] = {"porter_intake_records_total", METRIC_COUNTER,
        "Records taken from Kafka.", NULL, NULL},
    [METER_WAIT] = {"porter_intake_wait_seconds", METRIC_HISTOGRAM,
        "Time of an event's record from its hand-over to Kafka (the record's timestamp) until it was matched and its deliveries were handed to the workers.", NULL, NULL},
    [METER_DEAD_LETTERS] = {"porter_intake_dead_letters_total", METRIC_COUNTER,
        "Records that could not be read and went to porter.dead-letters.v1.", NULL, NULL},
    [METER_SKIPPED] = {"porter_intake_skipped_records_total", METRIC_COUNTER,
        "Records that Kafka dropped by age before any dispatcher read them.", NULL, NULL},
    [METER_LAG] = {"porter_intake_lag_records", METRIC_GAUGE,
        "Records between our place and the end of the owned partitions.", NULL, NULL},
    [METER_PARTITIONS] = {"porter_intake_partitions", METRIC_GAUGE,
        "Partitions that are ours now.", "topic", event_topics},
    [METER_MATCHED] = {"porter_deliveries_matched_total", METRIC_COUNTER,
        "Deliveries made from events and webhooks.", NULL, NULL},
    [METER_KNOWN] = {"porter_deliveries_known_total", METRIC_COUNTER,
        "Deliveries of records read again that were left to the row they have already.", NULL, NULL},
    [METER_ATTEMPTS] = {"porter_attempts_total", METRIC_COUNTER,
        "Attempts that ended, by verdict.", "verdict", verdict_words},
    [METER_ATTEMPT_TIME] = {"porter_attempt_seconds", METRIC_HISTOGRAM,
        "Time of one attempt, from start to the answer's end.", NULL, NULL},
    [METER_PHASES] = {"porter_attempt_phase_seconds", METRIC_HISTOGRAM,
        "Time of a phase of an attempt that came to it; a connection that was kept needs the last alone.",
        "phase", phase_words},
    [METER_EVENT_AGE] = {"porter_event_delivered_seconds", METRIC_HISTOGRAM,
        "Age of an event when its first attempt succeeded.", NULL, NULL},
    [METER_ANSWERS] = {"porter_attempt_answers_total", METRIC_COUNTER,
        "Attempts that got an HTTP answer, by protocol.", "protocol", protocol_words},
    [METER_ANSWERS_REUSED] = {"porter_attempt_connections_reused_total", METRIC_COUNTER,
        "Those of them that opened no connection. Divided by porter_attempt_answers_total: the ratio of reuse.",
        "protocol", protocol_words},
    [METER_GIVEN_BACK] = {"porter_deliveries_given_back_total", METRIC_COUNTER,
        "Deliveries stored as due because a lane had no room or a lease no time left.", NULL, NULL},
    [METER_REFUSED] = {"porter_deliveries_refused_total", METRIC_COUNTER,
        "Deliveries that ended without an attempt: webhook gone or unusable.", NULL, NULL},
    [METER_HELD] = {"porter_deliveries_held_total", METRIC_COUNTER,
        "Deliveries held because their webhook is disabled or its endpoint only fails.", NULL, NULL},
    [METER_DRAINED] = {"porter_deliveries_drained_total", METRIC_COUNTER,
        "Held deliveries made due again.", NULL, NULL},
    [METER_REPLAYED] = {"porter_deliveries_replayed_total", METRIC_COUNTER,
        "Finished deliveries that replays made due again.", NULL, NULL},
    [METER_CIRCUITS] = {"porter_circuit_events_total", METRIC_COUNTER,
        "Endpoints given a rest, tried meanwhile, found well again, and disabled for failing too long.",
        "event", circuit_words},
    [METER_CIRCUITS_NOW] = {"porter_circuits", METRIC_GAUGE,
        "Endpoints that are given a rest, and those that get what was held for them, as PostgreSQL knows them.",
        "state", circuit_state_words},
    [METER_HELD_WEBHOOKS] = {"porter_held_webhooks", METRIC_GAUGE,
        "Webhooks for which deliveries are held, of all dispatchers, as the look of each minute finds them.", NULL, NULL},
    [METER_IN_FLIGHT] = {"porter_deliveries_in_flight", METRIC_GAUGE,
        "Deliveries held in memory.", NULL, NULL},
    [METER_IN_FLIGHT_BYTES] = {"porter_deliveries_in_flight_bytes", METRIC_GAUGE,
        "Bytes of their bodies.", NULL, NULL},
    [METER_LANES] = {"porter_lanes", METRIC_GAUGE,
        "Webhooks that have a lane in memory. Slow: an attempt takes over a second, or what is under way says nothing for as long.",
        "pace", lane_words},
    [METER_WINDOWS] = {"porter_lane_windows", METRIC_GAUGE,
        "The same webhooks by their windows: how many attempts an endpoint gets at once. It begins with 1, grows with answers in good time, and halves at a time-out, 429 or 503.",
        "size", window_words},
    [METER_WINDOW_PLACES] = {"porter_lane_window_attempts", METRIC_GAUGE,
        "Attempts that all these windows allow at once, also those of webhooks with nothing to send, and those that are under way.",
        "state", place_words},
    [METER_CLAIMED] = {"porter_retry_claimed_total", METRIC_COUNTER,
        "Due rows claimed.", NULL, NULL},
    [METER_PUT_OFF] = {"porter_retry_put_off_total", METRIC_COUNTER,
        "Due rows that wait on: for room, or for an event before them.", NULL, NULL},
    [METER_LEDGER_ROWS] = {"porter_ledger_rows_total", METRIC_COUNTER,
        "Delivery rows written by the ledger: finished, still pending, or there already.",
        "state", ledger_words},
    [METER_LEDGER_BATCHES] = {"porter_ledger_batches_total", METRIC_COUNTER,
        "Statements of the ledger.", NULL, NULL},
    [METER_RECORD_ROWS] = {"porter_record_rows_total", METRIC_COUNTER,
        "Outcomes of rows that were there before.", NULL, NULL},
    [METER_RECORD_BATCHES] = {"porter_record_batches_total", METRIC_COUNTER,
        "Statements of the recorder.", NULL, NULL},
    [METER_NOT_STORED] = {"porter_outcomes_not_stored_total", METRIC_COUNTER,
        "Rows and outcomes that PostgreSQL refused for good; each is logged.", NULL, NULL},
    [METER_SPANS] = {"porter_trace_spans_total", METRIC_COUNTER,
        "Spans, by what became of them: sent, or dropped because the queue was full, the collector refused them or did not answer.",
        "fate", tracer_fate_words},
    [METER_NEIGHBOUR_UP] = {"porter_neighbour_up", METRIC_GAUGE,
        "1 while the neighbour answers; of Kafka, while its groups know us.", "neighbour", neighbour_words},
    [METER_DB_CONNECTIONS] = {"porter_db_connections", METRIC_GAUGE,
        "Connections to PostgreSQL, and callers waiting for one.", "state", connection_words},
    [METER_DB_STATEMENTS] = {"porter_db_statements_total", METRIC_COUNTER,
        "Statements run.", NULL, NULL},
    [METER_DB_BATCHES] = {"porter_db_batches_total", METRIC_COUNTER,
        "Sends that carried them.", NULL, NULL},
    [METER_DB_ERRORS] = {"porter_db_errors_total", METRIC_COUNTER,
        "Connections that could not be opened, or broke.", NULL, NULL},
    [METER_DB_TIMED_OUT] = {"porter_db_waits_timed_out_total", METRIC_COUNTER,
        "Callers that got no connection in time.", NULL, NULL},
};
/* clang-format on */

/* The gauges are of all workers, so each moves them by its own part. */
static void move(struct metrics *m, enum meter row, size_t word, size_t now,
                 size_t told)
{
    metrics_add(m, row, word, (int64_t)now - (int64_t)told);
}

void meter_lanes(struct metrics *m, struct lane_counts now,
                 struct lane_counts *told)
{
    move(m, METER_LANES, LANES_SLOW, now.slow, told->slow);
    move(m, METER_LANES, LANES_QUICK, now.lanes - now.slow,
         told->lanes - told->slow);
    move(m, METER_WINDOW_PLACES, PLACES_ALLOWED, now.windows.sum,
         told->windows.sum);
    move(m, METER_WINDOW_PLACES, PLACES_USED, now.active, told->active);
    for (size_t i = 0; i < WINDOW_SIZES; i++) {
        move(m, METER_WINDOWS, i, now.windows.lanes[i], told->windows.lanes[i]);
    }
    *told = now;
}

/* The clocks of two machines may differ by more than Kafka takes. */
void meter_taken(const struct dispatcher *d, struct trace trace,
                 int64_t sent_us)
{
    if (sent_us > 0) {
        metrics_observe_traced_us(d->metrics, METER_WAIT, 0,
                                  MAX_OF(clock_wall_us() - sent_us, 0),
                                  tracer_recorded(d->tracer, trace));
    }
}

/* The answer tells when each was over, from the start. */
static void observe_phases(struct metrics *m, const struct fetch_answer *a)
{
    const int64_t ends_us[] = {a->dns_us, a->connect_us, a->tls_us,
                               a->first_byte_us};
    int64_t began_us = 0;

    for (size_t i = 0; i < COUNT_OF(ends_us); i++) {
        if (ends_us[i] > 0) {
            metrics_observe_us(m, METER_PHASES, i,
                               MAX_OF(ends_us[i] - began_us, 0));
            began_us = ends_us[i];
        }
    }
}

void meter_attempt(const struct dispatcher *d, const struct job *j,
                   const struct fetch_answer *a)
{
    struct metrics *m = d->metrics;
    const struct id trace = tracer_recorded(d->tracer, j->body->trace);

    metrics_add(m, METER_ATTEMPTS, j->outcome.verdict, 1);
    metrics_observe_traced_us(m, METER_ATTEMPT_TIME, 0, a->total_us, trace);
    observe_phases(m, a);
    if (a->protocol != FETCH_NO_ANSWER) {
        unsigned label = a->protocol - FETCH_HTTP1;

        metrics_add(m, METER_ANSWERS, label, 1);
        metrics_add(m, METER_ANSWERS_REUSED, label, a->reused ? 1 : 0);
    }
    if (j->attempts == 0 && j->outcome.verdict == VERDICT_DELIVERED) {
        metrics_observe_traced_us(m, METER_EVENT_AGE, 0,
                                  clock_wall_us() - j->body->event_at_us,
                                  trace);
    }
}
