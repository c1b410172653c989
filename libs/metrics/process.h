/* The process_* metrics that every service has. Inside libs/metrics only. */
#ifndef PORTER_METRICS_PROCESS_H
#define PORTER_METRICS_PROCESS_H

#include "metrics/metrics.h"

#include "base/buf.h"

#include <stdint.h>

/* A figure the kernel does not give is left out. */
void process_write(int64_t started_us, enum metrics_format format,
                   struct buf *out);

#endif
