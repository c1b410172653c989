/* Ledger rows -> API messages. A detail has a delivery's fields and more, so
 * both are filled by the fields' names. */
#include "store/delivery.h"

#include "message/message.h"

#include "target.h"

/* C strings carry no NUL, JSON nothing but UTF-8; an endpoint may answer
 * anything. Every byte that is not plain becomes '?' unless all of it is good.
 */
static struct str readable(struct str s, struct arena *arena)
{
    char *copy = arena_cstr(arena, s);
    bool is_utf8 = str_is_utf8(s);

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)copy[i];

        if (c == 0 || (c >= 0x80 && !is_utf8)) {
            copy[i] = '?';
        }
    }
    return (struct str){copy, s.len};
}

static void set_text(struct target t, const char *name, struct str s)
{
    if (s.len > 0) {
        message_set_text(target_field(t, name), readable(s, t.arena), t.arena);
    }
}

static void set_id(struct target t, const char *name, enum id_kind kind,
                   struct id id)
{
    message_set_text(target_field(t, name), str_of(id_text(kind, id).data),
                     t.arena);
}

static void set_time(struct target t, const char *name, int64_t at_us)
{
    if (at_us != DB_TIME_NULL) {
        message_set_time(target_field(t, name), at_us, t.arena);
    }
}

/* 0 in a row is "none". */
static void set_status(struct target t, const char *name, int status)
{
    if (status != 0) {
        message_set_int(target_field(t, name), status);
    }
}

static void fill_delivery(struct target t, const struct delivery *d)
{
    set_id(t, "id", ID_DELIVERY, d->id);
    set_id(t, "webhook_id", ID_WEBHOOK, d->webhook_id);
    set_id(t, "event_id", ID_EVENT, d->event_id);
    set_text(t, "event_type", d->event_type);
    set_text(t, "subject", d->subject);
    message_set_enum(target_field(t, "state"),
                     str_of(delivery_state_words[d->state]));
    message_set_bool(target_field(t, "test"), d->is_test);
    message_set_int(target_field(t, "attempt_count"), d->attempts);
    set_status(t, "last_status", d->last_status);
    set_text(t, "last_error", d->last_error);
    set_text(t, "last_failure", d->last_failure);
    set_time(t, "created_at", d->event_at_us);
    set_time(t, "next_attempt_at", d->due_at_us);
    set_time(t, "finished_at", d->finished_at_us);
    set_text(t, "request_id", d->request_id);
}

static Porter__V1__Attempt *attempt_message(const struct attempt *a,
                                            struct arena *arena)
{
    struct target t = {message_new(&porter__v1__attempt__descriptor, arena),
                       arena};

    message_set_int(target_field(t, "number"), a->number);
    set_time(t, "at", a->at_us);
    message_set_enum(target_field(t, "verdict"), a->verdict);
    set_status(t, "status", a->status);
    set_text(t, "failure", a->failure);
    set_text(t, "detail", a->detail);
    set_text(t, "remote", a->remote);
    message_set_int(target_field(t, "dns_us"), a->dns_us);
    message_set_int(target_field(t, "connect_us"), a->connect_us);
    message_set_int(target_field(t, "tls_us"), a->tls_us);
    message_set_int(target_field(t, "first_byte_us"), a->first_byte_us);
    message_set_int(target_field(t, "total_us"), a->total_us);
    message_set_bool(target_field(t, "reused"), a->reused);
    set_text(t, "http_version", a->http_version);
    set_text(t, "tls_version", a->tls_version);
    if (a->certificate_expires_us != DB_TIME_NULL) {
        set_text(t, "certificate.subject", a->certificate_subject);
        set_text(t, "certificate.issuer", a->certificate_issuer);
        set_time(t, "certificate.expires_at", a->certificate_expires_us);
    }
    set_text(t, "request_headers", a->request_headers);
    set_text(t, "response_headers", a->response_headers);
    set_text(t, "response_body", a->response_body);
    return (Porter__V1__Attempt *)(void *)t.m;
}

Porter__V1__Delivery *delivery_message(const struct delivery *d,
                                       struct arena *arena)
{
    struct target t = {message_new(&porter__v1__delivery__descriptor, arena),
                       arena};

    fill_delivery(t, d);
    return (Porter__V1__Delivery *)(void *)t.m;
}

Porter__V1__DeliveryDetail *delivery_detail(const struct delivery *d,
                                            const struct attempt *attempts,
                                            size_t count, struct arena *arena)
{
    struct target t = {
        message_new(&porter__v1__delivery_detail__descriptor, arena), arena};
    Porter__V1__DeliveryDetail *detail = (void *)t.m;

    fill_delivery(t, d);
    set_text(t, "body", d->body);
    detail->n_attempts = count;
    detail->attempts =
        arena_zero(arena, count + 1, sizeof(Porter__V1__Attempt *));
    for (size_t i = 0; i < count; i++) {
        detail->attempts[i] = attempt_message(&attempts[i], arena);
    }
    return detail;
}
