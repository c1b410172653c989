/* The header lines of a webhook request, made anew at each attempt: whoever
 * sends one (the dispatcher, porterctl listen) has them from here. */
#include "signature/request.h"

#include "base/clock.h"
#include "signature/sign.h"

#include <assert.h>

#define LINES_BYTES 1536

static void line_begin(struct request_lines *l, struct str name)
{
    assert(l->count < REQUEST_LINES_MAX);
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

static bool has_previous(const struct request_facts *f)
{
    return f->secret_previous.len > 0 && f->now_us < f->overlap_until_us;
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
static bool lines_standard(struct request_lines *l,
                           const struct request_facts *f, struct err *err)
{
    struct id_text event = id_text(ID_EVENT, f->event_id);
    struct str id = str_of(event.data);
    int64_t now_s = f->now_us / US_PER_S;

    line(l, STR("webhook-id"), id);
    line_begin(l, STR("webhook-timestamp"));
    buf_add_i64(&l->text, now_s);
    line_end(l);
    line_begin(l, STR("webhook-signature"));
    if (!sign_standard(f->secret, id, now_s, f->body, &l->text, err)) {
        return false;
    }
    if (has_previous(f)) {
        buf_add_char(&l->text, ' ');
        if (!sign_standard(f->secret_previous, id, now_s, f->body, &l->text,
                           err)) {
            return false;
        }
    }
    if (f->signing != NULL) {
        buf_add_char(&l->text, ' ');
        sign_public(f->signing, id, now_s, f->body, &l->text);
    }
    line_end(l);
    return true;
}

static void lines_porter(struct request_lines *l, const struct request_facts *f)
{
    line_body_signature(l, STR("X-Porter-Signature"), f->secret, f->body);
    if (has_previous(f)) {
        line_body_signature(l, STR("X-Porter-Signature-Previous"),
                            f->secret_previous, f->body);
    }
    line(l, STR("X-Porter-Event"), f->event_type);
    line(l, STR("X-Porter-Delivery"),
         str_of(id_text(ID_DELIVERY, f->delivery_id).data));
    line_begin(l, STR("X-Porter-Attempt"));
    buf_add_i64(&l->text, f->attempt);
    line_end(l);
    if (f->request_id.len > 0) {
        line(l, STR("X-Porter-Request-Id"), f->request_id);
    }
    if (f->is_test) {
        line(l, STR("X-Porter-Test"), STR("true"));
    }
}

/* Each is a whole line already, and none has a name of ours
 * (guard/header.h). */
static void lines_own(struct request_lines *l, struct str headers)
{
    struct str one = STR_NONE;

    while (str_split(&headers, '\n', &one)) {
        assert(l->count < REQUEST_LINES_MAX);
        l->starts[l->count++] = l->text.len;
        buf_add(&l->text, one);
        line_end(l);
    }
}

bool request_lines_make(const struct request_facts *f,
                        struct request_lines *out, struct err *err)
{
    buf_clear(&out->text);
    buf_reserve(&out->text, LINES_BYTES);
    out->count = 0;
    line(out, STR("Content-Type"), STR("application/json"));
    line(out, STR("User-Agent"), STR("Porter-Webhooks/1"));
    lines_porter(out, f);
    if (!lines_standard(out, f, err)) {
        return false;
    }
    line(out, STR("traceparent"), str_of(traceparent_text(f->trace).data));
    lines_own(out, f->headers);
    return true;
}
