/* Counters, gauges and histograms from one table per service, in Prometheus'
 * text exposition (format 0.0.4) or OpenMetrics (1.0), which adds exemplars.
 *
 * A metric may have one label whose values are a fixed list of words, so a
 * series is an index and never a string; nothing is allocated after open.
 * Thread-safe: updates are relaxed atomics, spread over a few stripes. */
#ifndef PORTER_METRICS_METRICS_H
#define PORTER_METRICS_METRICS_H

#include "base/buf.h"
#include "base/id.h"
#include "base/macros.h"
#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

enum metric_kind {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_SECONDS, /* A gauge: set in microseconds, shown in seconds. */
    METRIC_HISTOGRAM,
};

struct metric_row {
    const char *name; /* porter_<noun>_<unit>[_total] */
    enum metric_kind kind;
    const char *help;
    const char *label;        /* NULL: one series. */
    const char *const *words; /* The label's values, NULL-terminated. */
};

struct metrics;

/* Rows are borrowed for the life of the metrics. A row's index is its name in
 * code: give the table an enum beside it. */
struct metrics *metrics_new(const struct metric_row *rows, size_t count);
void metrics_free(struct metrics *m);

/* `word` is the label value's index, 0 without a label. */
void metrics_add(struct metrics *m, size_t row, size_t word, int64_t n);
void metrics_set(struct metrics *m, size_t row, size_t word, int64_t n);

/* A duration; buckets from 50 us to 60 s in steps of about 2. */
void metrics_observe_us(struct metrics *m, size_t row, size_t word, int64_t us);

/* The same of something whose trace is recorded: its bucket keeps the last one
 * as an exemplar. All zero: it is not, and this is metrics_observe_us. */
void metrics_observe_traced_us(struct metrics *m, size_t row, size_t word,
                               int64_t us, struct id trace);

enum metrics_format { METRICS_TEXT, METRICS_OPENMETRICS };

/* What a scraper with this Accept gets, and its Content-Type. */
enum metrics_format metrics_format_for(struct str accept);
struct str metrics_type(enum metrics_format format);

/* Everything as text, plus process_* (CPU seconds, resident bytes, open
 * descriptors, start time). */
void metrics_write(const struct metrics *m, enum metrics_format format,
                   struct buf *out);

/* The table as Markdown, for docs/metrics.md. */
void metrics_docs(const char *service, const struct metric_row *rows,
                  size_t count, struct buf *out);

#endif
