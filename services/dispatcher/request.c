/* Stands between lane and fetch: docs/webhooks.md as code. The body is not
 * touched: the bytes that are sent are the bytes that are signed and stored. */
#include "dispatcher/request.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/random.h"
#include "signature/sign.h"

#include <assert.h>
#include <inttypes.h>

#define LINES_BYTES 1536
#define TRACE_ID_LEN 32
#define SPAN_BYTES 8

/* What may be shown: these, and what begins with one of the prefixes. Anything
 * new is masked until it is named here. */
static const struct str shown[] = {
    {"Content-Type", 12},
    {"User-Agent", 10},
    {"traceparent", 11},
};
static const struct str shown_prefixes[] = {
    {"X-Porter-", 9},
    {"webhook-", 8},
};

static void line_begin(struct request_lines *l, struct str name)
{
    assert(l->count < FETCH_HEADERS_MAX);
    l->starts[l->count++] = l->text.len;
    buf_add(&l->text, name);
    BUF_ADD(&l->text, ": ");
}

static void line_end(struct request_lines *l)
{
    buf_add_char(&l->text, '\0');
}

static void line(struct request_lines *l, struct str name, struct str value)
{
    line_begin(l, name);
    buf_add(&l->text, value);
    line_end(l);
}

/* The caller's trace goes on with a span of ours; without one (a retry after
 * a restart, a test) the event's id is the trace's, the same at each attempt.
 */
static void line_trace(struct request_lines *l, const struct body *b)
{
    char trace[TRACE_ID_LEN + 1];
    char span[2 * SPAN_BYTES + 1];
    uint8_t random[SPAN_BYTES];
    struct str trace_id = {trace, TRACE_ID_LEN};
    struct str flags = STR("00");

    if (b->traceparent.len > 0) {
        trace_id = (struct str){b->traceparent.data + 3, TRACE_ID_LEN};
        flags = (struct str){b->traceparent.data + 53, 2};
    } else {
        hex_write(b->event_id.bytes, sizeof b->event_id.bytes, trace);
    }
    random_bytes(random, sizeof random);
    hex_write(random, sizeof random, span);
    line_begin(l, STR("traceparent"));
    buf_addf(&l->text, "00-%.*s-%s-%.*s", STR_ARGS(trace_id), span,
             STR_ARGS(flags));
    line_end(l);
}

static bool has_previous(const struct webhook_target *t, int64_t now_us)
{
    return t->secret_previous.len > 0 && now_us < t->overlap_until_us;
}

static void line_body_signature(struct request_lines *l, struct str name,
                                struct str secret, struct str body)
{
    char hex[SIGN_HEX_LEN + 1];

    sign_body(secret, body, hex);
    line(l, name, (struct str){hex, SIGN_HEX_LEN});
}

/* Standard Webhooks: id, timestamp, and a signature for each valid secret and
 * for the public key. */
static bool lines_standard(struct request_lines *l, const struct job *j,
                           int64_t now_us, struct err *err)
{
    const struct webhook_target *t = j->target;
    struct id_text event = id_text(ID_EVENT, j->body->event_id);
    struct str id = str_of(event.data);
    struct str body = j->body->bytes;
    int64_t now_s = now_us / US_PER_S;

    line(l, STR("webhook-id"), id);
    line_begin(l, STR("webhook-timestamp"));
    buf_add_i64(&l->text, now_s);
    line_end(l);
    line_begin(l, STR("webhook-signature"));
    if (!sign_standard(t->secret, id, now_s, body, &l->text, err)) {
        return false;
    }
    if (has_previous(t, now_us)) {
        buf_add_char(&l->text, ' ');
        if (!sign_standard(t->secret_previous, id, now_s, body, &l->text,
                           err)) {
            return false;
        }
    }
    if (l->signing != NULL) {
        buf_add_char(&l->text, ' ');
        sign_public(l->signing, id, now_s, body, &l->text);
    }
    line_end(l);
    return true;
}

static void lines_porter(struct request_lines *l, const struct job *j,
                         int64_t now_us)
{
    const struct webhook_target *t = j->target;
    const struct body *b = j->body;

    line_body_signature(l, STR("X-Porter-Signature"), t->secret, b->bytes);
    if (has_previous(t, now_us)) {
        line_body_signature(l, STR("X-Porter-Signature-Previous"),
                            t->secret_previous, b->bytes);
    }
    line(l, STR("X-Porter-Event"), b->event_type);
    line(l, STR("X-Porter-Delivery"), str_of(id_text(ID_DELIVERY, j->id).data));
    line_begin(l, STR("X-Porter-Attempt"));
    buf_add_i64(&l->text, j->attempts + 1);
    line_end(l);
    if (b->request_id.len > 0) {
        line(l, STR("X-Porter-Request-Id"), b->request_id);
    }
    if (b->is_test) {
        line(l, STR("X-Porter-Test"), STR("true"));
    }
}

/* Each is a whole line already, and none has a name of ours
 * (guard/header.h). */
static void lines_own(struct request_lines *l, struct str headers)
{
    struct str one = STR_NONE;

    while (str_split(&headers, '\n', &one)) {
        assert(l->count < FETCH_HEADERS_MAX);
        l->starts[l->count++] = l->text.len;
        buf_add(&l->text, one);
        line_end(l);
    }
}

bool request_make(const struct job *j, int64_t now_us,
                  struct request_lines *lines, struct fetch_request *out,
                  struct err *err)
{
    assert(j->target != NULL);
    buf_clear(&lines->text);
    buf_reserve(&lines->text, LINES_BYTES);
    lines->count = 0;
    line(lines, STR("Content-Type"), STR("application/json"));
    line(lines, STR("User-Agent"), STR("Porter-Webhooks/1"));
    lines_porter(lines, j, now_us);
    if (!lines_standard(lines, j, now_us, err)) {
        return false;
    }
    line_trace(lines, j->body);
    lines_own(lines, j->target->headers);
    out->url = j->target->url.data; /* NUL-terminated: the arena's. */
    out->body = j->body->bytes;
    out->header_count = lines->count;
    for (size_t i = 0; i < lines->count; i++) {
        out->headers[i] = lines->text.data + lines->starts[i];
    }
    return true;
}

static bool is_shown(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(shown_prefixes); i++) {
        if (str_starts(name, shown_prefixes[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < COUNT_OF(shown); i++) {
        if (str_eq_ci(name, shown[i])) {
            return true;
        }
    }
    return false;
}

void request_show(const struct request_lines *lines, struct buf *out)
{
    buf_reserve(out, lines->text.len);
    for (size_t i = 0; i < lines->count; i++) {
        struct str line = str_of(lines->text.data + lines->starts[i]);
        struct str rest = line;
        struct str name = STR_NONE;

        (void)str_split(&rest, ':', &name);
        if (is_shown(name)) {
            buf_add(out, line);
        } else {
            buf_add(out, name);
            BUF_ADD(out, ": (not kept)");
        }
        buf_add_char(out, '\n');
    }
}
