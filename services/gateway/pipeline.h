/* What happens to every request: the steps, in order. Thread-safe. */
#ifndef PORTER_GATEWAY_PIPELINE_H
#define PORTER_GATEWAY_PIPELINE_H

#include "gateway/call.h"
#include "gateway/problem.h"
#include "web/web.h"

/* The public HTTPS listener's two handlers; user is the struct gateway. */
web_handler_fn pipeline_handle;
web_refuse_fn pipeline_refuse;

/* The call that a request is, with the id and the trace that its log lines
 * have: once for each request, whichever listener it came to. */
struct gateway;
struct call pipeline_call(struct gateway *g, const struct web_request *req,
                          struct web_response *res);

/* Its ending, the same as all: an answer that says this problem, with the
 * request's id, the fixed headers, the log line and the metrics. */
void pipeline_problem(struct call *call, enum problem problem,
                      const char *detail);

#endif
