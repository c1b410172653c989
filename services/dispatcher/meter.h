/* The dispatcher's metrics: one table, one name each. */
#ifndef PORTER_DISPATCHER_METER_H
#define PORTER_DISPATCHER_METER_H

#include "metrics/metrics.h"

enum meter {
    METER_RECORDS,
    METER_DEAD_LETTERS,
    METER_LAG,
    METER_PARTITIONS,
    METER_MATCHED,
    METER_KNOWN,
    METER_ATTEMPTS,
    METER_ATTEMPT_TIME,
    METER_EVENT_AGE,
    METER_CONNECTIONS_REUSED,
    METER_GIVEN_BACK,
    METER_REFUSED,
    METER_IN_FLIGHT,
    METER_CLAIMED,
    METER_LEDGER_ROWS,
    METER_LEDGER_BATCHES,
    METER_RECORD_ROWS,
    METER_RECORD_BATCHES,
    METER_NOT_STORED,
    METER_COUNT
};

extern const struct metric_row meter_rows[METER_COUNT];

#endif
