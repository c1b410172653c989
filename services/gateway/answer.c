/* Road step 6: the ending that all answers have. */
#include "gateway/answer.h"

#include <stdio.h>

#define UNAVAILABLE_RETRY_S 1 /* Our neighbours restart within seconds. */

static void add_retry_after(struct call *call)
{
    char digits[24];
    int64_t seconds = call->problem == PROBLEM_RATE_LIMITED
                          ? call_seconds(call->admission.retry_ms)
                          : UNAVAILABLE_RETRY_S;

    (void)snprintf(digits, sizeof digits, "%lld", (long long)seconds);
    web_add_header(call->response, STR("Retry-After"), str_of(digits));
}

/* Our own failures are worded for the log; the caller gets the table's. */
static struct str detail_for(const struct call *call, const struct err *err)
{
    return problem_is_ours(call->problem) ? STR_NONE : str_of(err->text);
}

void answer_problem(struct call *call, const struct err *err)
{
    struct problem_report report;

    if (err->code == ERR_OK || call->is_told) {
        return;
    }
    call->is_told = true;
    if (call->problem == PROBLEM_NONE) {
        call->problem = problem_of_err(err->code);
    }
    buf_clear(&call->response->body);
    call_answer(call, problem_row(call->problem)->status, PROBLEM_TYPE);
    report = (struct problem_report){
        .problem = call->problem,
        .base_url = str_of(call->gateway->settings.public_url),
        .detail = detail_for(call, err),
        .instance = call->request_id,
        .faults = call->faults,
        .current = call->current,
    };
    problem_write(&report, &call->response->body);
    if (call->problem == PROBLEM_RATE_LIMITED ||
        call->problem == PROBLEM_IDEMPOTENCY_IN_PROGRESS ||
        call->problem == PROBLEM_UNAVAILABLE) {
        add_retry_after(call);
    }
    if (problem_row(call->problem)->status == 401) {
        web_add_header(call->response, STR("WWW-Authenticate"), STR("ApiKey"));
    }
}

/* Both forms: the customary three, and the IETF draft's two. */
void answer_limits(struct call *call)
{
    const struct admission *a = &call->admission;
    long long reset_s = (long long)call_seconds(a->reset_ms);

    if (!call->is_known) {
        return;
    }
    buf_addf(&call->response->headers,
             "RateLimit-Limit: %u\r\nRateLimit-Remaining: %u\r\n"
             "RateLimit-Reset: %lld\r\n"
             "RateLimit: \"default\";r=%u;t=%lld\r\n"
             "RateLimit-Policy: \"default\";q=%u;w=%d\r\n",
             a->limit, a->remaining, reset_s, a->remaining, reset_s, a->limit,
             ADMIT_WINDOW_MS / 1000);
}

void answer_fixed(struct call *call)
{
    web_add_header(call->response, STR("X-Request-Id"), call->request_id);
    BUF_ADD(&call->response->headers, "X-Content-Type-Options: nosniff\r\n");
    web_add_header(call->response, STR("Cache-Control"),
                   call->is_cacheable && call->problem == PROBLEM_NONE
                       ? STR("public, max-age=300")
                       : STR("no-store"));
    if (call->request->is_tls) {
        BUF_ADD(&call->response->headers,
                "Strict-Transport-Security: max-age=31536000\r\n");
    }
}
