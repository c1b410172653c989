/* The gateway's metrics: one table, written to by the pipeline, sampled from
 * the libraries' own counts when somebody asks. Thread-safe. */
#ifndef PORTER_GATEWAY_METRICS_H
#define PORTER_GATEWAY_METRICS_H

#include "base/buf.h"
#include "base/id.h"
#include "base/macros.h"
#include "metrics/metrics.h"

#include <stdint.h>

struct gateway;
struct gateway_metrics;

struct gateway_metrics *gateway_metrics_new(void);
void gateway_metrics_free(struct gateway_metrics *m); /* Accepts NULL. */

/* Whatever came by the dashboard's door. */
#define ROUTE_DASHBOARD (SIZE_MAX - 1)

/* What there is to count about one answer. */
struct answer_facts {
    size_t route; /* routes_index, ROUTE_DASHBOARD; SIZE_MAX: there is none */
    unsigned status;
    bool is_keys_doing; /* 503, for what one key asked for at once. */
    size_t problem;     /* enum problem */
    int64_t took_us;
    struct id trace;  /* All zero: it is not recorded. */
    int64_t admit_us; /* 0: nobody was admitted or refused */
    size_t verdict;   /* enum admit_verdict, when admit_us > 0 */
};
void gateway_metrics_answer(struct gateway_metrics *m,
                            const struct answer_facts *facts);

/* A key was revoked because it came over plain HTTP. */
void gateway_metrics_exposed(struct gateway_metrics *m);

/* A request was refused for the load. */
enum shed_cause { SHED_READ, SHED_WRITE, SHED_KEY_READ, SHED_KEY_WRITE };
void gateway_metrics_shed(struct gateway_metrics *m, enum shed_cause cause);

/* What became of spans: enum tracer_fate. */
void gateway_metrics_spans(struct gateway_metrics *m, size_t fate,
                           size_t spans);

/* For how long one write transaction has held back the event log's end. */
void gateway_metrics_log_held(struct gateway_metrics *m, int64_t held_us);

/* What waits for Kafka, as of the last look; after one that failed it stays. */
void gateway_metrics_outbox(struct gateway_metrics *m, int64_t count,
                            int64_t oldest_us);

/* Kafka has an event, so long after it was handed over. */
void gateway_metrics_produced(struct gateway_metrics *m, int64_t took_us);

/* Did PostgreSQL answer that look? */
void gateway_metrics_postgresql(struct gateway_metrics *m, bool is_up);

/* Everything in Prometheus' text form. */
void gateway_metrics_write(struct gateway_metrics *m, struct gateway *g,
                           enum metrics_format format, struct buf *out);

/* docs/metrics.md's part about the gateway. */
void gateway_metrics_docs(struct buf *out);

#endif
