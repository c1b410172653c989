/* What happens to every request: the steps, in order. Thread-safe. */
#ifndef PORTER_GATEWAY_PIPELINE_H
#define PORTER_GATEWAY_PIPELINE_H

#include "gateway/problem.h"
#include "web/web.h"

/* The public HTTPS listener's two handlers; user is the struct gateway. */
web_handler_fn pipeline_handle;
web_refuse_fn pipeline_refuse;

/* The same ending for other listeners: an answer that says this problem, with
 * the request's id, the fixed headers, the log line and the metrics. */
struct gateway;
void pipeline_problem(struct gateway *g, const struct web_request *req,
                      struct web_response *res, enum problem problem,
                      const char *detail);

#endif
