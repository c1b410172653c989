/* What the receiver answers: webhooks on any path by POST, and for tests
 * GET /stats, GET /received?after=&limit=, POST /control. Thread-safe. */
#ifndef PORTER_RECEIVER_HANDLER_H
#define PORTER_RECEIVER_HANDLER_H

#include "receiver/journal.h"
#include "receiver/options.h"
#include "web/web.h"

#include <stdatomic.h>

struct receiver {
    const struct options *options;
    struct journal *journal;
    /* Changed by POST /control {"status":503,"delay_ms":0,"fail_first":2,
     * "clear":true}. */
    atomic_uint status;
    atomic_uint delay_ms;
    atomic_uint fail_first;
};

void receiver_handle(void *user, const struct web_request *req,
                     struct web_response *res);
void receiver_refuse(void *user, enum web_refusal code, const char *detail,
                     const struct web_request *req, struct web_response *res);

#endif
