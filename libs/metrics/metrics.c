/* Counting: every series is a few cells, one per stripe.
 *
 * A thread keeps to the stripe it was given at its first update, so threads
 * rarely write the same cache line; a reader adds the stripes up. A gauge has
 * its value in the first stripe only, because a set must replace all of it. */
#include "metrics/metrics.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/traceparent.h"
#include "metrics/exemplar.h"
#include "metrics/process.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define STRIPES 8
#define LINE_BYTES 64
#define CELLS_PER_LINE (LINE_BYTES / sizeof(_Atomic int64_t))

/* Upper ends of the buckets: 1, 2, 5 and so on. */
static const int64_t bounds_us[] = {
    50,      100,     200,      500,      1000,     2000,     5000,
    10000,   20000,   50000,    100000,   200000,   500000,   1000000,
    2000000, 5000000, 10000000, 20000000, 30000000, 60000000,
};
static const char *const bounds_text[] = {
    "0.00005", "0.0001", "0.0002", "0.0005", "0.001", "0.002", "0.005",
    "0.01",    "0.02",   "0.05",   "0.1",    "0.2",   "0.5",   "1",
    "2",       "5",      "10",     "20",     "30",    "60",
};
/* OpenMetrics has one way to write each number. */
static const char *const bounds_open[] = {
    "5e-05", "0.0001", "0.0002", "0.0005", "0.001", "0.002", "0.005",
    "0.01",  "0.02",   "0.05",   "0.1",    "0.2",   "0.5",   "1.0",
    "2.0",   "5.0",    "10.0",   "20.0",   "30.0",  "60.0",
};
_Static_assert(COUNT_OF(bounds_us) == COUNT_OF(bounds_text), "one text each");
_Static_assert(COUNT_OF(bounds_us) == COUNT_OF(bounds_open), "one text each");

/* A histogram's cells: its buckets, the bucket above them all, the sum. */
#define SUM_CELL (COUNT_OF(bounds_us) + 1)
#define HISTOGRAM_CELLS (COUNT_OF(bounds_us) + 2)

struct metrics {
    const struct metric_row *rows;
    size_t count;
    size_t *first; /* Of each row: its first cell in a stripe. */
    size_t stripe_cells;
    _Atomic int64_t *cells; /* STRIPES times stripe_cells */
    /* One for each cell of a stripe: of what is no bucket it stays empty. */
    struct exemplar_slot *exemplars;
    int64_t started_us;
};

static size_t word_count(const struct metric_row *row)
{
    size_t n = 0;

    if (row->label == NULL) {
        return 1;
    }
    while (row->words[n] != NULL) {
        n++;
    }
    return n;
}

/* Gauges are set; the others only grow. */
static bool is_set(const struct metric_row *row)
{
    return row->kind == METRIC_GAUGE || row->kind == METRIC_SECONDS;
}

static size_t series_cells(const struct metric_row *row)
{
    return row->kind == METRIC_HISTOGRAM ? HISTOGRAM_CELLS : 1;
}

struct metrics *metrics_new(const struct metric_row *rows, size_t count)
{
    struct metrics *m = mem_zero(1, sizeof *m);
    size_t cells = 0;

    assert(rows != NULL && count > 0);
    m->rows = rows;
    m->count = count;
    m->first = mem_zero(count, sizeof *m->first);
    m->started_us = clock_wall_us();
    for (size_t i = 0; i < count; i++) {
        assert(rows[i].label == NULL || rows[i].words != NULL);
        m->first[i] = cells;
        cells += word_count(&rows[i]) * series_cells(&rows[i]);
    }
    m->stripe_cells =
        (cells + CELLS_PER_LINE - 1) / CELLS_PER_LINE * CELLS_PER_LINE;
    m->cells =
        aligned_alloc(LINE_BYTES, STRIPES * m->stripe_cells * sizeof *m->cells);
    if (m->cells == NULL) {
        oom(STRIPES * m->stripe_cells * sizeof *m->cells);
    }
    for (size_t i = 0; i < STRIPES * m->stripe_cells; i++) {
        atomic_init(&m->cells[i], 0);
    }
    m->exemplars = mem_zero(m->stripe_cells, sizeof *m->exemplars);
    return m;
}

void metrics_free(struct metrics *m)
{
    if (m != NULL) {
        free(m->first);
        free(m->cells);
        free(m->exemplars);
        free(m);
    }
}

/* --- updates ------------------------------------------------------------- */

static size_t my_stripe(void)
{
    static _Atomic size_t next;
    static THREAD_LOCAL size_t mine = SIZE_MAX;

    if (mine == SIZE_MAX) {
        mine =
            atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % STRIPES;
    }
    return mine;
}

static size_t cell_at(const struct metrics *m, size_t row, size_t word)
{
    assert(row < m->count && word < word_count(&m->rows[row]));
    return m->first[row] + word * series_cells(&m->rows[row]);
}

static void cell_add(struct metrics *m, size_t stripe, size_t cell, int64_t n)
{
    (void)atomic_fetch_add_explicit(&m->cells[stripe * m->stripe_cells + cell],
                                    n, memory_order_relaxed);
}

void metrics_add(struct metrics *m, size_t row, size_t word, int64_t n)
{
    size_t cell = cell_at(m, row, word);
    bool is_gauge = is_set(&m->rows[row]);

    assert(m->rows[row].kind != METRIC_HISTOGRAM);
    assert(is_gauge || n >= 0);
    cell_add(m, is_gauge ? 0 : my_stripe(), cell, n);
}

void metrics_set(struct metrics *m, size_t row, size_t word, int64_t n)
{
    size_t cell = cell_at(m, row, word);

    assert(is_set(&m->rows[row]));
    atomic_store_explicit(&m->cells[cell], n, memory_order_relaxed);
}

void metrics_observe_us(struct metrics *m, size_t row, size_t word, int64_t us)
{
    metrics_observe_traced_us(m, row, word, us, (struct id){{0}});
}

void metrics_observe_traced_us(struct metrics *m, size_t row, size_t word,
                               int64_t us, struct id trace)
{
    size_t cell = cell_at(m, row, word);
    size_t stripe = my_stripe();
    size_t bucket = 0;

    assert(m->rows[row].kind == METRIC_HISTOGRAM);
    while (bucket < COUNT_OF(bounds_us) && us > bounds_us[bucket]) {
        bucket++;
    }
    cell_add(m, stripe, cell + bucket, 1);
    cell_add(m, stripe, cell + SUM_CELL, us);
    if (!id_is_zero(trace)) {
        const struct exemplar e = {trace, us, clock_wall_us()};
        exemplar_put(&m->exemplars[cell + bucket], &e);
    }
}

/* --- text ---------------------------------------------------------------- */

static int64_t cell_read(const struct metrics *m, size_t cell)
{
    int64_t sum = 0;

    for (size_t s = 0; s < STRIPES; s++) {
        sum += atomic_load_explicit(&m->cells[s * m->stripe_cells + cell],
                                    memory_order_relaxed);
    }
    return sum;
}

/* `name<suffix>{label="word",le="0.1"} `, with what there is of it. */
static void add_series(const struct metric_row *row, size_t word,
                       const char *suffix, const char *le, struct buf *out)
{
    buf_addf(out, "%s%s", row->name, suffix);
    if (row->label != NULL || le != NULL) {
        BUF_ADD(out, "{");
        if (row->label != NULL) {
            buf_addf(out, "%s=\"%s\"%s", row->label, row->words[word],
                     le != NULL ? "," : "");
        }
        if (le != NULL) {
            buf_addf(out, "le=\"%s\"", le);
        }
        BUF_ADD(out, "}");
    }
    BUF_ADD(out, " ");
}

static void add_seconds(int64_t us, struct buf *out)
{
    buf_addf(out, "%.6f\n", (double)us / 1e6);
}

static void add_exemplar(const struct metrics *m, size_t cell, struct buf *out)
{
    struct exemplar e;

    if (exemplar_get(&m->exemplars[cell], &e)) {
        buf_addf(out, " # {trace_id=\"%s\"} %.6f %.6f",
                 trace_id_text(e.trace).data, (double)e.value_us / 1e6,
                 (double)e.at_us / 1e6);
    }
}

static const char *bound_text(size_t bucket, enum metrics_format format)
{
    if (bucket == COUNT_OF(bounds_us)) {
        return "+Inf";
    }
    return format == METRICS_OPENMETRICS ? bounds_open[bucket]
                                         : bounds_text[bucket];
}

static void add_histogram(const struct metrics *m, size_t row, size_t word,
                          enum metrics_format format, struct buf *out)
{
    size_t cell = cell_at(m, row, word);
    int64_t seen = 0;

    for (size_t b = 0; b <= COUNT_OF(bounds_us); b++) {
        seen += cell_read(m, cell + b);
        add_series(&m->rows[row], word, "_bucket", bound_text(b, format), out);
        buf_addf(out, "%lld", (long long)seen);
        if (format == METRICS_OPENMETRICS) {
            add_exemplar(m, cell + b, out);
        }
        BUF_ADD(out, "\n");
    }
    add_series(&m->rows[row], word, "_sum", NULL, out);
    add_seconds(cell_read(m, cell + SUM_CELL), out);
    add_series(&m->rows[row], word, "_count", NULL, out);
    buf_addf(out, "%lld\n", (long long)seen);
}

static const char *const kind_names[] = {
    [METRIC_COUNTER] = "counter",
    [METRIC_GAUGE] = "gauge",
    [METRIC_SECONDS] = "gauge",
    [METRIC_HISTOGRAM] = "histogram",
};

/* Of a counter's name OpenMetrics has the suffix in the samples alone. */
static struct str family_of(const struct metric_row *row,
                            enum metrics_format format)
{
    const struct str suffix = STR("_total");
    struct str name = str_of(row->name);

    if (format == METRICS_OPENMETRICS && row->kind == METRIC_COUNTER) {
        assert(name.len > suffix.len);
        name.len -= suffix.len;
    }
    return name;
}

static void add_family(const struct metrics *m, size_t i,
                       enum metrics_format format, struct buf *out)
{
    const struct metric_row *row = &m->rows[i];
    const struct str name = family_of(row, format);

    buf_addf(out, "# HELP %.*s %s\n# TYPE %.*s %s\n", STR_ARGS(name), row->help,
             STR_ARGS(name), kind_names[row->kind]);
    for (size_t word = 0; word < word_count(row); word++) {
        if (row->kind == METRIC_HISTOGRAM) {
            add_histogram(m, i, word, format, out);
            continue;
        }
        int64_t value = cell_read(m, cell_at(m, i, word));

        add_series(row, word, "", NULL, out);
        if (row->kind == METRIC_SECONDS) {
            add_seconds(value, out);
        } else {
            buf_addf(out, "%lld\n", (long long)value);
        }
    }
}

void metrics_write(const struct metrics *m, enum metrics_format format,
                   struct buf *out)
{
    for (size_t i = 0; i < m->count; i++) {
        add_family(m, i, format, out);
    }
    process_write(m->started_us, format, out);
    if (format == METRICS_OPENMETRICS) {
        BUF_ADD(out, "# EOF\n");
    }
}

void metrics_docs(const char *service, const struct metric_row *rows,
                  size_t count, struct buf *out)
{
    buf_addf(out,
             "\n## %s\n\n| Metric | Kind | Labels | Meaning |\n"
             "|---|---|---|---|\n",
             service);
    for (size_t i = 0; i < count; i++) {
        buf_addf(out, "| `%s` | %s | ", rows[i].name, kind_names[rows[i].kind]);
        if (rows[i].label != NULL) {
            buf_addf(out, "`%s`:", rows[i].label);
            for (size_t w = 0; rows[i].words[w] != NULL; w++) {
                buf_addf(out, "%s `%s`", w > 0 ? "," : "", rows[i].words[w]);
            }
        }
        buf_addf(out, " | %s |\n", rows[i].help);
    }
}
