/* The table of what is counted along the road, in its order. */
#include "dispatcher/meter.h"

#include "dispatcher/verdict.h"

#include "store/event.h"

/* From FETCH_HTTP1 on. */
static const char *const protocol_words[] = {"http1", "http2", NULL};
static const char *const ledger_words[] = {"final", "pending", "known", NULL};
static const char *const circuit_words[] = {"opened", "probed", "closed",
                                            "disabled", NULL};

/* clang-format off */
const struct metric_row meter_rows[METER_COUNT] = {
    [METER_RECORDS] = {"porter_intake_records_total", METRIC_COUNTER,
        "Records taken from Kafka.", NULL, NULL},
    [METER_DEAD_LETTERS] = {"porter_intake_dead_letters_total", METRIC_COUNTER,
        "Records that could not be read and went to porter.dead-letters.v1.", NULL, NULL},
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
    [METER_CIRCUITS] = {"porter_circuits_total", METRIC_COUNTER,
        "Endpoints given a rest, tried meanwhile, found well again, and disabled for failing too long.",
        "event", circuit_words},
    [METER_IN_FLIGHT] = {"porter_deliveries_in_flight", METRIC_GAUGE,
        "Deliveries held in memory.", NULL, NULL},
    [METER_CLAIMED] = {"porter_retry_claimed_total", METRIC_COUNTER,
        "Due rows claimed.", NULL, NULL},
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
};
/* clang-format on */
