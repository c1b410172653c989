/* Stands between lane and fetch: docs/webhooks.md as code. The body is not
 * touched: the bytes that are sent are the bytes that are signed and stored. */
#include "dispatcher/request.h"

#include <assert.h>
#include <string.h>

#define MASKED_MIN 4
#define WORD_MIN 8 /* Of a value: the credentials behind a scheme. */

_Static_assert(REQUEST_LINES_MAX <= FETCH_HEADERS_MAX, "all are sent");

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

/* What a job says about its next request. */
static struct request_facts facts_of(const struct job *j,
                                     struct request_moment moment,
                                     const struct ed25519_keys *signing)
{
    const struct webhook_target *t = j->target;
    const struct body *b = j->body;

    return (struct request_facts){
        .now_us = moment.now_us,
        .secret = t->secret,
        .secret_previous = t->secret_previous,
        .overlap_until_us = t->overlap_until_us,
        .signing = signing,
        .event_id = b->event_id,
        .delivery_id = j->id,
        .event_type = b->event_type,
        .request_id = b->request_id,
        .trace = trace_at(b->trace, moment.span),
        .body = b->bytes,
        .headers = t->headers,
        .attempt = j->attempts + 1,
        .is_test = b->is_test,
    };
}

bool request_make(const struct job *j, struct request_moment moment,
                  const struct ed25519_keys *signing,
                  struct request_lines *lines, struct fetch_request *out,
                  struct err *err)
{
    assert(j->target != NULL);
    const struct request_facts facts = facts_of(j, moment, signing);

    if (!request_lines_make(&facts, lines, err)) {
        return false;
    }
    out->url = j->target->url.data; /* NUL-terminated: the arena's. */
    out->body = j->body->bytes;
    out->client_pem = j->target->client_pem;
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

static void mask(struct str value, char *text, size_t len)
{
    char *end = text + len;

    for (char *at = text; at != NULL && (size_t)(end - at) >= MASKED_MIN;) {
        size_t left = (size_t)(end - at);
        size_t same = value.len < left ? value.len : left;

        if (memcmp(at, value.data, same) == 0) {
            memset(at, '*', same);
            at += same;
        } else {
            at = memchr(at + 1, value.data[0], left - 1);
        }
    }
}

void request_mask(const struct request_lines *lines, char *text, size_t len)
{
    for (size_t i = 0; i < lines->count; i++) {
        struct str value = str_of(lines->text.data + lines->starts[i]);
        struct str name = STR_NONE;
        struct str word = STR_NONE;

        (void)str_split(&value, ':', &name);
        value = str_trim(value);
        if (is_shown(name) || value.len < MASKED_MIN) {
            continue;
        }
        mask(value, text, len);
        while (str_split(&value, ' ', &word)) {
            if (word.len >= WORD_MIN) {
                mask(word, text, len);
            }
        }
    }
}
