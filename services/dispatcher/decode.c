/* Stands inside intake, first after Kafka. The payload is believed before the
 * headers: a relay of another make (Debezium) writes fewer of them. */
#include "dispatcher/decode.h"

#include "message/message.h"

#include <assert.h>

#define BODY_BYTES 2048 /* Most are shorter. */

static struct str header_of(const struct record *r, struct str name)
{
    for (size_t i = 0; i < r->header_count; i++) {
        if (str_eq(r->headers[i].name, name)) {
            return r->headers[i].value;
        }
    }
    return STR_NONE;
}

static bool read_fields(Porter__V1__Event *m, struct decoded *d,
                        struct err *err)
{
    struct message_field created =
        message_find(&m->base, STR("created_at"), NULL);

    if (!id_read(ID_EVENT, str_of(m->id), &d->id)) {
        return err_set(err, ERR_INVALID, "the event's id is not evt_…");
    }
    if (!id_read(ID_ORGANIZATION, str_of(m->organization_id), &d->org_id)) {
        return err_set(err, ERR_INVALID,
                       "the event's organization_id is not org_…");
    }
    if (!event_type_find(str_of(m->type), &d->type)) {
        return err_set(err, ERR_INVALID, "the event's type is not known");
    }
    if (!message_get_time(created, &d->created_at_us)) {
        return err_set(err, ERR_INVALID, "the event has no created_at");
    }
    if (m->data == NULL ||
        m->data->resource_case == PORTER__V1__EVENT_DATA__RESOURCE__NOT_SET) {
        return err_set(err, ERR_INVALID, "the event has no data");
    }
    d->is_test = m->kind_case == PORTER__V1__EVENT__KIND_TEST && m->test != 0;
    return true;
}

static bool read_subject(const struct record *r, struct arena *arena,
                         struct decoded *d, struct err *err)
{
    struct id subject;
    enum id_kind kind = event_types[d->type].subject;

    if (!id_read(kind, r->key, &subject)) {
        return err_set(err, ERR_INVALID, "the record's key is not %s_…",
                       id_prefix(kind));
    }
    d->subject = arena_str(arena, r->key);
    return true;
}

/* A version that was left out may be later than any we know: without it, a
 * webhook that was made just before the event would miss it. */
static int64_t webhooks_version(const struct record *r)
{
    struct str text = header_of(r, STR("porter_webhooks_version"));
    uint64_t version = 0;

    if (text.data == NULL && r->is_cut) {
        return INT64_MAX;
    }
    return str_to_u64(text, INT64_MAX, &version) ? (int64_t)version : 0;
}

static void read_headers(const struct record *r, struct arena *arena,
                         struct decoded *d)
{
    struct str request = str_of(d->message->request_id);

    if (request.len == 0) {
        request = header_of(r, STR("porter_request_id"));
    }
    d->request_id =
        cause_is_request_id(request) ? arena_str(arena, request) : STR_NONE;
    if (!traceparent_read(header_of(r, STR("traceparent")), &d->trace)) {
        d->trace = (struct trace){.id = d->id};
    }
    d->webhooks_version = webhooks_version(r);
    d->is_again = header_of(r, STR(RECORD_AGAIN)).len > 0;
}

bool decode_event(const struct record *r, struct arena *arena,
                  struct decoded *out, struct err *err)
{
    struct decoded d = {0};
    ProtobufCMessage *m = NULL;

    assert(r != NULL && arena != NULL);
    if (!message_unpack(&porter__v1__event__descriptor, r->value, arena, &m,
                        err)) {
        return false;
    }
    /* The generated struct begins with its base. */
    d.message = (Porter__V1__Event *)(void *)m;
    if (!read_fields(d.message, &d, err) || !read_subject(r, arena, &d, err)) {
        return false;
    }
    read_headers(r, arena, &d);
    *out = d;
    return true;
}

struct body *decoded_body(const struct decoded *e, struct load *load,
                          struct buf *scratch)
{
    struct body body = {
        .load = load,
        .org_id = e->org_id,
        .event_id = e->id,
        .event_at_us = e->created_at_us,
        .is_test = e->is_test,
        .is_operational = event_is_operational(e->type),
        .event_type = str_of(event_types[e->type].name),
        .subject = e->subject,
        .trace = trace_at(e->trace, trace_span_of(e->id, TRACE_PROCESSING)),
        .request_id = e->request_id,
    };

    buf_clear(scratch);
    buf_reserve(scratch, BODY_BYTES);
    event_body(e->message, scratch);
    body.bytes = buf_str(scratch);
    return body_new(&body);
}
