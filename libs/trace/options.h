/* What an operator says about traces, read from his variables' texts. Pure. */
#ifndef PORTER_TRACE_OPTIONS_H
#define PORTER_TRACE_OPTIONS_H

#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"

#include <stddef.h>
#include <stdint.h>

#define TRACE_HEADERS_MAX 16
#define TRACE_PATH "/v1/traces"

/* An http or https URL without a query; TRACE_PATH is put behind it. "": traces
 * are off. */
MUST_USE bool trace_endpoint_check(const char *endpoint, struct err *err);

/* "name=value,name=value", values percent-encoded where they must be, as in
 * OTEL_EXPORTER_OTLP_HEADERS. The error does not show a value. */
MUST_USE bool trace_headers_check(const char *headers, struct err *err);

/* As header lines, each to be freed; only what trace_headers_check has let
 * pass. How many. */
size_t trace_headers_read(const char *headers,
                          char *lines[static TRACE_HEADERS_MAX]);

/* How many of the traces that begin with us are recorded: a decimal number from
 * 0 to 1. *threshold is what trace_is_chosen compares with. */
MUST_USE bool trace_sample_read(const char *sample, uint64_t *threshold,
                                struct err *err);

/* Decided by the trace's last 7 bytes, as OpenTelemetry's consistent sampling
 * does: whoever decides about a trace decides alike, and what a smaller ratio
 * chooses a larger one chooses too. */
bool trace_is_chosen(struct id trace_id, uint64_t threshold);

#endif
