/* One buffer, one write: a head and a body that leave in two cost 40 ms
 * against delayed acknowledgements. */
#include "web/reply.h"

#include "base/clock.h"

#include <assert.h>
#include <time.h>

#define DATE_BYTES sizeof("Sun, 06 Nov 1994 08:49:37 GMT")

static const struct {
    unsigned status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {418, "I'm a teapot"},
    {422, "Unprocessable Content"},
    {425, "Too Early"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

const char *web_reason(unsigned status)
{
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "Unknown";
}

void web_add_header(struct web_response *r, struct str name, struct str value)
{
    assert(name.len > 0 && !str_has(name, '\r') && !str_has(name, '\n'));
    assert(!str_has(value, '\r') && !str_has(value, '\n'));
    buf_add(&r->headers, name);
    BUF_ADD(&r->headers, ": ");
    buf_add(&r->headers, value);
    BUF_ADD(&r->headers, "\r\n");
}

/* Each thread words the date once a second. */
static struct str date_of(int64_t now_us)
{
    static THREAD_LOCAL time_t worded_for = -1;
    static THREAD_LOCAL char text[DATE_BYTES];
    time_t now = (time_t)(now_us / US_PER_S);
    struct tm tm;

    if (now != worded_for && gmtime_r(&now, &tm) != NULL &&
        strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0) {
        worded_for = now;
    }
    return str_of(text);
}

void reply_write(const struct web_response *res, bool is_head, bool close,
                 int64_t now_us, struct buf *out)
{
    bool has_body = res->status != 204 && res->status != 304;

    assert(res->status >= 200 && res->status <= 599);
    buf_clear(out);
    buf_reserve(out, 256 + res->headers.len + res->body.len);
    BUF_ADD(out, "HTTP/1.1 ");
    buf_add_u64(out, res->status);
    buf_add_char(out, ' ');
    buf_add(out, str_of(web_reason(res->status)));
    BUF_ADD(out, "\r\nDate: ");
    buf_add(out, date_of(now_us));
    if (has_body) {
        BUF_ADD(out, "\r\nContent-Length: ");
        buf_add_u64(out, res->body.len);
    }
    BUF_ADD(out, "\r\nConnection: ");
    buf_add(out, close ? STR("close") : STR("keep-alive"));
    BUF_ADD(out, "\r\n");
    buf_add(out, buf_str(&res->headers));
    BUF_ADD(out, "\r\n");
    if (has_body && !is_head) {
        buf_add(out, buf_str(&res->body));
    }
}
