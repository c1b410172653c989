/* porterctl listen: an event as the dispatcher would send it. The body is what
 * the API answered, written by the same writer: the same bytes. */
#include "porterctl/listen.h"

#include "base/clock.h"
#include "base/rfc3339.h"

#include <stdio.h>

#define GOOD_FROM 200U
#define GOOD_TO 300U

/* What a line and a request say of an event. */
struct told {
    struct id id;
    struct str id_text, type, subject, request_id;
};

static struct str text_of(const struct json *object, const char *name)
{
    const struct json *v = json_find(object, name);

    return v != NULL && json_type(v) == JSON_TEXT ? json_text(v) : STR_NONE;
}

/* data has one member: the thing that the event is about. */
static struct str subject_of(const struct json *event)
{
    const struct json *data = json_find(event, "data");
    const struct json *thing = NULL;
    struct str name = STR_NONE;
    void *at = NULL;

    if (data == NULL || json_type(data) != JSON_OBJECT ||
        !json_next(data, &at, &name, &thing) ||
        json_type(thing) != JSON_OBJECT) {
        return STR_NONE;
    }
    return text_of(thing, "id");
}

static bool tell(const struct json *event, struct told *out, struct err *err)
{
    if (json_type(event) == JSON_OBJECT) {
        *out = (struct told){
            .id_text = text_of(event, "id"),
            .type = text_of(event, "type"),
            .subject = subject_of(event),
            .request_id = text_of(event, "request_id"),
        };
    }
    return id_read(ID_EVENT, out->id_text, &out->id) ||
           err_set(err, ERR_INTERNAL, "the log has an event without an id");
}

/* --- lines -----------------------------------------------------------------
 */

static void show_json(const struct told *t, const struct reply *r)
{
    const struct field fields[] = {
        F_TEXT("event_id", t->id_text),
        F_TEXT("type", t->type),
        F_TEXT("subject", t->subject),
        F_INT("status", r->status),
        F_INT("duration_ms", r->total_us / US_PER_MS),
        F_TEXT("failure",
               r->failure == FETCH_OK ? STR_NONE : str_of(r->detail)),
    };

    output_one(true, fields, COUNT_OF(fields));
}

static void show(const struct told *t, const struct reply *r)
{
    char time[RFC3339_LEN + 1];

    rfc3339_write(clock_wall_us(), time);
    (void)printf("%s  %.*s  %.*s  %.*s  ", time, STR_ARGS(t->type),
                 STR_ARGS(t->subject), STR_ARGS(t->id_text));
    if (r->failure == FETCH_OK) {
        (void)printf("-> %u in %lld ms\n", r->status,
                     (long long)(r->total_us / US_PER_MS));
    } else {
        (void)printf("-> no answer after %lld ms: %s\n",
                     (long long)(r->total_us / US_PER_MS), r->detail);
    }
    (void)fflush(stdout);
}

/* --- the request -----------------------------------------------------------
 */

static bool send_body(struct listener *l, const struct told *t, struct str body,
                      struct reply *reply, struct err *err)
{
    const struct request_facts facts = {
        .now_us = clock_wall_us(),
        .secret = l->secret,
        .event_id = t->id,
        .delivery_id = id_pair(t->id, l->id),
        .event_type = t->type,
        .request_id = t->request_id,
        .trace = {.id = t->id, .span = trace_span_new()},
        .body = body,
        .attempt = 1,
    };
    struct fetch_request request = {
        .url = l->forward_to.data, .body = body, .owner = reply};

    if (!request_lines_make(&facts, &l->lines, err)) {
        return false;
    }
    request.header_count = l->lines.count;
    for (size_t i = 0; i < l->lines.count; i++) {
        request.headers[i] = l->lines.text.data + l->lines.starts[i];
    }
    return listen_ask(l->endpoint, &request, reply, err) ||
           err_wrap(err, "--forward-to");
}

bool listen_send(struct listener *l, const struct json *event, struct err *err)
{
    struct told told = {.id_text = STR_NONE};
    struct buf body = BUF_EMPTY;
    struct json_writer w = json_writer(&body);
    struct reply reply = {.body = BUF_EMPTY};
    bool ok = tell(event, &told, err);

    json_add_value(&w, event);
    ok = ok && send_body(l, &told, buf_str(&body), &reply, err);
    if (ok) {
        l->good += reply.status >= GOOD_FROM && reply.status < GOOD_TO;
        (l->ctl->words.is_json ? show_json : show)(&told, &reply);
    }
    buf_free(&reply.body);
    buf_free(&body);
    return ok;
}
