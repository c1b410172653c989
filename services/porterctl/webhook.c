/* porterctl webhook add | list | test */
#include "porterctl/ctl.h"

#include "base/clock.h"
#include "message/message.h"
#include "settings/common.h"
#include "store/delivery.h"
#include "store/event.h"
#include "store/webhook.h"

#include <stdio.h>
#include <time.h>

#define WAIT_S 30
#define WAIT_S_MAX 600
#define POLL_MS 20

static bool refuse_event(struct str word, struct err *err)
{
    struct buf names = BUF_EMPTY;

    for (unsigned i = 0; i < EVENT_TYPE_COUNT; i++) {
        buf_addf(&names, "%s%s", i > 0 ? ", " : "", event_types[i].name);
    }
    (void)err_set(err, ERR_INVALID, "\"%.*s\" is no event; there are %s",
                  STR_ARGS(word), buf_cstr(&names));
    buf_free(&names);
    return false;
}

static bool read_events(struct str text, unsigned *out, struct err *err)
{
    struct str word = STR_NONE;
    unsigned events = 0;

    if (text.data == NULL || str_eq(text, STR("*"))) {
        *out = (1U << EVENT_TYPE_COUNT) - 1;
        return true;
    }
    while (str_split(&text, ',', &word)) {
        enum event_type type;

        if (!event_type_find(word, &type)) {
            return refuse_event(word, err);
        }
        events |= 1U << type;
    }
    *out = events;
    return true;
}

static bool read_input(struct ctl *ctl, struct webhook_input *in,
                       struct err *err)
{
    struct str ordering = words_value(&ctl->words, "ordering");

    *in = (struct webhook_input){
        .url = words_value(&ctl->words, "url"),
        .description = words_value(&ctl->words, "description"),
        .by_subject = str_eq(ordering, STR("subject")),
        .is_development =
            ctl->settings.common.environment == ENVIRONMENT_DEVELOPMENT,
    };
    if (ordering.data != NULL && !in->by_subject &&
        !str_eq(ordering, STR("none"))) {
        return err_set(err, ERR_INVALID, "--ordering is none or subject");
    }
    return read_events(words_value(&ctl->words, "events"), &in->events, err);
}

bool webhook_add(struct ctl *ctl, struct err *err)
{
    struct webhook_input in = {0};
    struct id org_id = {{0}};
    struct id id = {{0}};
    struct str secret = STR_NONE;

    if (!read_input(ctl, &in, err) || !ctl_org(ctl, &org_id, err) ||
        !webhook_insert(ctl->db, ctl->seal_keys, org_id, &in, STR(CTL_ACTOR),
                        ctl->arena, &id, &secret, err)) {
        return false;
    }
    const struct field fields[] = {
        F_TEXT("id", ctl_id_text(ctl, ID_WEBHOOK, id)),
        F_TEXT("organization_id", ctl_id_text(ctl, ID_ORGANIZATION, org_id)),
        F_TEXT("url", in.url),
        F_TEXT("secret", secret),
    };
    output_one(ctl->words.is_json, fields, COUNT_OF(fields));
    if (!ctl->words.is_json) {
        (void)fprintf(stderr, "Keep the secret now: it is not shown again.\n");
    }
    return true;
}

/* Text fields of an API message as people's columns. */
static void webhook_row(struct ctl *ctl, const Porter__V1__Webhook *w,
                        struct field row[5])
{
    struct str events = STR_NONE;

    for (size_t i = 0; i < w->n_events; i++) {
        events = arena_printf(ctl->arena, "%.*s%s%s", STR_ARGS(events),
                              i > 0 ? "," : "", w->events[i]);
    }
    row[0] = F_TEXT("id", str_of(w->id));
    row[1] = F_TEXT("status",
                    message_enum_word(&porter__v1__webhook_status__descriptor,
                                      (int)w->status));
    row[2] = F_TEXT("url", str_of(w->url));
    row[3] = F_TEXT("events", events);
    row[4] = F_TEXT("disabled_reason", str_of(w->disabled_reason));
}

bool webhook_list_command(struct ctl *ctl, struct err *err)
{
    struct id org_id = {{0}};
    Porter__V1__Webhook **list = NULL;
    struct field *fields = NULL;
    size_t count = 0;

    if (!ctl_org(ctl, &org_id, err) ||
        !webhook_list(ctl->db, org_id, ctl->arena, &list, &count, err)) {
        return false;
    }
    for (size_t i = 0; ctl->words.is_json && i < count; i++) {
        struct buf json = BUF_EMPTY;
        struct json_writer w = json_writer(&json);

        message_write_json(&list[i]->base, &w);
        (void)printf("%s\n", buf_cstr(&json));
        buf_free(&json);
    }
    if (!ctl->words.is_json) {
        fields = arena_zero(ctl->arena, count * 5 + 1, sizeof(*fields));
        for (size_t i = 0; i < count; i++) {
            webhook_row(ctl, list[i], fields + 5 * i);
        }
        output_list(false, fields, 5, count, "no webhooks");
    }
    return true;
}

/* --- test ------------------------------------------------------------------
 */

static bool check_webhook(struct ctl *ctl, struct id org_id, struct str id,
                          struct err *err)
{
    Porter__V1__Webhook **list = NULL;
    size_t count = 0;

    if (!webhook_list(ctl->db, org_id, ctl->arena, &list, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (str_eq(id, str_of(list[i]->id))) {
            return true;
        }
    }
    return err_set(err, ERR_NOT_FOUND, "the organization has no webhook %.*s",
                   STR_ARGS(id));
}

static struct str subject_of(const Porter__V1__Event *event)
{
    const Porter__V1__EventData *d = event->data;

    if (d->resource_case == PORTER__V1__EVENT_DATA__RESOURCE_VISITOR) {
        return str_of(d->visitor->id);
    }
    return d->resource_case == PORTER__V1__EVENT_DATA__RESOURCE_CONTRACTOR
               ? str_of(d->contractor->id)
               : str_of(d->evacuation->id);
}

static bool send_test(struct ctl *ctl, struct id org_id, struct id webhook_id,
                      enum event_type type, struct id *id, struct err *err)
{
    int64_t now_us = clock_wall_us();
    Porter__V1__Event *event = event_sample(type, org_id, now_us, ctl->arena);
    struct buf body = BUF_EMPTY;
    struct delivery d = {
        .org_id = org_id,
        .webhook_id = webhook_id,
        .event_at_us = now_us,
        .event_type = str_of(event->type),
        .subject = subject_of(event),
        .state = DELIVERY_PENDING,
        .is_test = true,
        .due_at_us = now_us,
        .finished_at_us = DB_TIME_NULL,
        .created_at_us = now_us,
    };
    bool ok = ctl_id(ID_EVENT, str_of(event->id), "event", &d.event_id, err);

    d.id = id_pair(d.event_id, webhook_id);
    event_body(event, &body);
    d.body = buf_str(&body);
    ok = ok && delivery_test(ctl->db, &d, err);
    buf_free(&body);
    if (ok) {
        *id = d.id;
    }
    return ok;
}

/* The first attempt, or ERR_UNAVAILABLE: no dispatcher took the row in time. */
static bool wait_attempt(struct ctl *ctl, struct id org_id, struct id id,
                         uint64_t wait_s, struct attempt *out, struct err *err)
{
    const struct timespec pause = {0, POLL_MS * 1000000L};
    int64_t until_us = clock_steady_us() + (int64_t)wait_s * US_PER_S;
    struct attempt *list = NULL;
    size_t count = 0;

    while (clock_steady_us() < until_us) {
        if (!attempt_list(ctl->db, org_id, id, ctl->arena, &list, &count,
                          err)) {
            return false;
        }
        if (count > 0) {
            *out = list[0];
            return true;
        }
        (void)nanosleep(&pause, NULL);
    }
    return err_set(err, ERR_UNAVAILABLE,
                   "delivery %s was not tried within %llu s; is a dispatcher "
                   "running?",
                   id_text(ID_DELIVERY, id).data, (unsigned long long)wait_s);
}

static void show_attempt(struct ctl *ctl, struct id id, const struct attempt *a)
{
    const struct field fields[] = {
        F_TEXT("delivery_id", ctl_id_text(ctl, ID_DELIVERY, id)),
        F_BOOL("delivered", str_eq(a->verdict, STR("delivered"))),
        F_INT("status", a->status),
        F_TEXT("failure", a->failure),
        F_TEXT("detail", a->detail),
        F_TEXT("remote", a->remote),
        F_INT("dns_us", a->dns_us),
        F_INT("connect_us", a->connect_us),
        F_INT("tls_us", a->tls_us),
        F_INT("first_byte_us", a->first_byte_us),
        F_INT("total_us", a->total_us),
        F_TEXT("response_body", a->response_body),
    };

    output_one(ctl->words.is_json, fields, COUNT_OF(fields));
}

bool webhook_test(struct ctl *ctl, struct err *err)
{
    struct str name = words_value(&ctl->words, "event");
    enum event_type type = EVENT_VISITOR_CHECKED_IN;
    struct id org_id = {{0}};
    struct id webhook_id = {{0}};
    struct id id = {{0}};
    struct attempt attempt = {0};
    uint64_t wait_s = 0;

    if (name.data != NULL && !event_type_find(name, &type)) {
        return err_set(err, ERR_INVALID, "\"%.*s\" is no event",
                       STR_ARGS(name));
    }
    if (!ctl_number(ctl, "wait", 1, WAIT_S_MAX, WAIT_S, &wait_s, err) ||
        !ctl_id(ID_WEBHOOK, ctl->words.subject, "webhook's id", &webhook_id,
                err) ||
        !ctl_org(ctl, &org_id, err) ||
        !check_webhook(ctl, org_id, ctl->words.subject, err) ||
        !send_test(ctl, org_id, webhook_id, type, &id, err) ||
        !wait_attempt(ctl, org_id, id, wait_s, &attempt, err)) {
        return false;
    }
    show_attempt(ctl, id, &attempt);
    if (str_eq(attempt.verdict, STR("delivered"))) {
        return true;
    }
    name = attempt.failure.len > 0 ? attempt.failure : attempt.verdict;
    return err_set(err, ERR_INTERNAL, "the endpoint did not accept it: %.*s",
                   STR_ARGS(name));
}
