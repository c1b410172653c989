/* Road step 6: the ending that all answers have. */
#include "gateway/answer.h"

#include "base/clock.h"
#include "gateway/accept.h"
#include "gzip/gzip.h"

#include <stdio.h>

#define UNAVAILABLE_RETRY_S 1 /* Our neighbours restart within seconds. */
#define PACK_MIN 1024         /* Smaller ones fit into one packet anyway. */

/* Those of whom we know when a further one is let in. */
static bool is_slowed(enum problem p)
{
    return p == PROBLEM_RATE_LIMITED || p == PROBLEM_UNKNOWN_KEYS ||
           p == PROBLEM_SIGN_INS_SLOWED;
}

static void add_retry_after(struct call *call)
{
    char digits[24];
    int64_t seconds = is_slowed(call->problem)
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
    if (is_slowed(call->problem) || call->problem == PROBLEM_OVERLOADED ||
        call->problem == PROBLEM_IDEMPOTENCY_IN_PROGRESS ||
        call->problem == PROBLEM_UNAVAILABLE) {
        add_retry_after(call);
    }
    if (problem_row(call->problem)->status == 401) {
        web_add_header(call->response, STR("WWW-Authenticate"),
                       call->is_dashboard ? STR("Session") : STR("ApiKey"));
    }
}

/* --- gzip ---------------------------------------------------------------- */

void answer_pack(struct call *call)
{
    struct web_response *res = call->response;
    struct buf packed = BUF_EMPTY;

    if (res->status == HTTP_NOT_MODIFIED &&
        !call->is_packed) { /* What 200 would have said. */
        web_add_header(res, STR("Vary"), STR("Accept-Encoding"));
        return;
    }
    if (res->body.len < PACK_MIN || call->is_packed) {
        return;
    }
    web_add_header(res, STR("Vary"), STR("Accept-Encoding"));
    if (!accept_takes_coding(web_header(call->request, STR("Accept-Encoding")),
                             STR("gzip"))) {
        return;
    }
    gzip_pack(buf_str(&res->body), &packed);
    buf_clear(&res->body);
    buf_add(&res->body, buf_str(&packed));
    buf_free(&packed);
    web_add_header(res, STR("Content-Encoding"), STR("gzip"));
}

/* --- headers ------------------------------------------------------------- */

/* On every answer, so without printf. */
static void add_number(struct buf *out, struct str name, uint64_t n)
{
    buf_add(out, name);
    buf_add_u64(out, n);
}

/* Both forms: the customary three, and the IETF draft's two. */
void answer_limits(struct call *call)
{
    const struct admission *a = &call->admission;
    struct buf *out = &call->response->headers;
    uint64_t reset_s = (uint64_t)call_seconds(a->reset_ms);

    if (!call->is_known) {
        return;
    }
    add_number(out, STR("RateLimit-Limit: "), a->limit);
    add_number(out, STR("\r\nRateLimit-Remaining: "), a->remaining);
    add_number(out, STR("\r\nRateLimit-Reset: "), reset_s);
    add_number(out, STR("\r\nRateLimit: \"default\";r="), a->remaining);
    add_number(out, STR(";t="), reset_s);
    add_number(out, STR("\r\nRateLimit-Policy: \"default\";q="), a->limit);
    add_number(out, STR(";w="), ADMIT_WINDOW_MS / 1000);
    BUF_ADD(out, "\r\n");
}

/* Microseconds as milliseconds: 0.081 */
static void add_ms(struct buf *out, struct str name, int64_t us)
{
    uint64_t n = (uint64_t)MAX_OF(us, 0);

    add_number(out, name, n / 1000);
    buf_add_char(out, '.');
    buf_add_char(out, (char)('0' + n / 100 % 10));
    buf_add_char(out, (char)('0' + n / 10 % 10));
    buf_add_char(out, (char)('0' + n % 10));
}

/* The key and its limit are one trip to Redis: `limit` is that trip, `auth` all
 * else of the admission. */
static void add_timing(struct call *call)
{
    const int64_t limit_us = call->admission.limit_us;
    struct buf *out = &call->response->headers;

    if (call->admit_us > 0) {
        add_ms(out, STR("Server-Timing: auth;dur="), call->admit_us - limit_us);
        add_ms(out, STR(", limit;dur="), limit_us);
        add_ms(out, STR(", db;dur="), call->db_us);
        BUF_ADD(out, "\r\n");
    }
}

static struct str cache_of(const struct call *call)
{
    if (call->problem != PROBLEM_NONE) {
        return STR("no-store");
    }
    if (call->cache.len > 0) {
        return call->cache;
    }
    return call->is_cacheable ? STR("public, max-age=300") : STR("no-store");
}

void answer_fixed(struct call *call)
{
    add_timing(call);
    web_add_header(call->response, STR("X-Request-Id"), call->request_id);
    BUF_ADD(&call->response->headers, "X-Content-Type-Options: nosniff\r\n");
    web_add_header(call->response, STR("Cache-Control"), cache_of(call));
    if (call->request->is_tls) {
        BUF_ADD(&call->response->headers,
                "Strict-Transport-Security: max-age=31536000\r\n");
    }
}
