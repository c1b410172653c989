/* The dispatcher's metrics: one table, one name each. */
#ifndef PORTER_DISPATCHER_METER_H
#define PORTER_DISPATCHER_METER_H

#include "dispatcher/dispatcher.h"
#include "dispatcher/job.h"
#include "dispatcher/lane.h"

#include "fetch/fetch.h"
#include "metrics/metrics.h"

enum meter {
    METER_RECORDS,
    METER_WAIT,
    METER_DEAD_LETTERS,
    METER_SKIPPED,
    METER_LAG,
    METER_PARTITIONS,
    METER_MATCHED,
    METER_KNOWN,
    METER_ATTEMPTS,
    METER_ATTEMPT_TIME,
    METER_PHASES,
    METER_EVENT_AGE,
    METER_ANSWERS,
    METER_ANSWERS_REUSED,
    METER_GIVEN_BACK,
    METER_REFUSED,
    METER_HELD,
    METER_DRAINED,
    METER_REPLAYED,
    METER_CIRCUITS,
    METER_CIRCUITS_NOW,
    METER_HELD_WEBHOOKS,
    METER_IN_FLIGHT,
    METER_IN_FLIGHT_BYTES,
    METER_LANES,
    METER_WINDOWS,
    METER_WINDOW_PLACES,
    METER_CLAIMED,
    METER_PUT_OFF,
    METER_LEDGER_ROWS,
    METER_LEDGER_BATCHES,
    METER_RECORD_ROWS,
    METER_RECORD_BATCHES,
    METER_NOT_STORED,
    METER_SPANS,
    METER_NEIGHBOUR_UP,
    METER_DB_CONNECTIONS,
    METER_DB_STATEMENTS,
    METER_DB_BATCHES,
    METER_DB_ERRORS,
    METER_DB_TIMED_OUT,
    METER_COUNT
};

/* Values of METER_CIRCUITS. */
enum circuit_event {
    CIRCUIT_OPENED,
    CIRCUIT_PROBED,
    CIRCUIT_CLOSED,
    CIRCUIT_DISABLED,
};

/* Values of METER_CIRCUITS_NOW. */
enum circuit_state { CIRCUIT_IS_OPEN, CIRCUIT_IS_DRAINING };

/* Values of METER_LANES. */
enum meter_lanes { LANES_QUICK, LANES_SLOW };

/* Values of METER_WINDOW_PLACES. */
enum meter_places { PLACES_ALLOWED, PLACES_USED };

/* Values of METER_NEIGHBOUR_UP. */
enum meter_neighbour { UP_POSTGRESQL, UP_KAFKA };

/* Values of METER_DB_CONNECTIONS. */
enum meter_connections { DB_OPEN, DB_BUSY, DB_WAITING };

extern const struct metric_row meter_rows[METER_COUNT];

/* One worker's lanes: *told is what it said last, of zeros at first. */
void meter_lanes(struct metrics *m, struct lane_counts now,
                 struct lane_counts *told);

/* An event was handed to the workers: its record's timestamp; 0: unknown. */
void meter_taken(const struct dispatcher *d, struct trace trace,
                 int64_t sent_us);

/* An attempt that ended: the job has its outcome. */
void meter_attempt(const struct dispatcher *d, const struct job *j,
                   const struct fetch_answer *a);

#endif
