/* Stands inside intake, first after Kafka. The payload is believed before the
 * headers: a relay of another make (Debezium) writes fewer of them. */
#include "dispatcher/decode.h"

#include "message/message.h"

#include <assert.h>

#define TRACEPARENT_LEN 55 /* 00-<32 hex>-<16 hex>-<2 hex> */

static struct str header_of(const struct record *r, struct str name)
{
    for (size_t i = 0; i < r->header_count; i++) {
        if (str_eq(r->headers[i].name, name)) {
            return r->headers[i].value;
        }
    }
    return STR_NONE;
}

static bool is_lower_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_traceparent(struct str s)
{
    if (s.len != TRACEPARENT_LEN || !str_starts(s, STR("00-"))) {
        return false;
    }
    for (size_t i = 3; i < s.len; i++) {
        bool is_dash = i == 35 || i == 52;
        if (is_dash ? s.data[i] != '-' : !is_lower_hex(s.data[i])) {
            return false;
        }
    }
    return true;
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
    struct str trace = header_of(r, STR("traceparent"));
    struct str request = str_of(d->message->request_id);

    if (request.len == 0) {
        request = header_of(r, STR("porter_request_id"));
    }
    d->request_id =
        cause_is_request_id(request) ? arena_str(arena, request) : STR_NONE;
    d->traceparent = is_traceparent(trace) ? arena_str(arena, trace) : STR_NONE;
    d->webhooks_version = webhooks_version(r);
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
