/* porterctl webhook add | list | update | rotate-secret | delete | test */
#include "porterctl/ctl.h"

#include "base/clock.h"
#include "message/message.h"
#include "settings/common.h"
#include "store/delivery.h"
#include "store/event.h"
#include "store/webhook.h"

#include <limits.h>
#include <stdio.h>
#include <time.h>

#define WAIT_S 30
#define WAIT_S_MAX 600
#define POLL_MS 20
#define COLUMNS 5
#define EVENTS_NAMED_MAX 64

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

static bool read_events(struct ctl *ctl, struct str text,
                        struct webhook_input *in, struct err *err)
{
    struct str *words =
        arena_zero(ctl->arena, EVENTS_NAMED_MAX, sizeof(*words));
    struct str word = STR_NONE;
    size_t count = 0;

    while (str_split(&text, ',', &word)) {
        if (!webhook_is_event(word)) {
            return refuse_event(word, err);
        }
        if (count == EVENTS_NAMED_MAX) {
            return err_set(err, ERR_INVALID, "name each event once");
        }
        words[count++] = word;
    }
    in->events = words;
    in->event_count = count;
    return true;
}

static bool read_ordering(struct str word, bool *by_subject, struct err *err)
{
    *by_subject = str_eq(word, STR("subject"));
    return *by_subject || str_eq(word, STR("none")) ||
           err_set(err, ERR_INVALID, "--ordering is none or subject");
}

static const struct author author = {
    .actor = {CTL_ACTOR, sizeof CTL_ACTOR - 1}};

static bool read_input(struct ctl *ctl, struct webhook_input *in,
                       struct err *err)
{
    struct str events = words_value(&ctl->words, "events");
    struct str ordering = words_value(&ctl->words, "ordering");

    *in = (struct webhook_input){
        .url = words_value(&ctl->words, "url"),
        .description = words_value(&ctl->words, "description"),
        .guard = &ctl->guard,
    };
    return (ordering.data == NULL ||
            read_ordering(ordering, &in->by_subject, err)) &&
           read_events(ctl, events.data == NULL ? STR("*") : events, in, err);
}

bool webhook_add(struct ctl *ctl, struct err *err)
{
    struct webhook_input in = {0};
    struct id org_id = {{0}};
    struct id id = {{0}};
    struct str secret = STR_NONE;

    if (!read_input(ctl, &in, err) || !ctl_org(ctl, &org_id, err) ||
        !webhook_insert(ctl->db, ctl->seal_keys, org_id, &in, &author,
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
                        struct field row[COLUMNS])
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
        !webhook_list(ctl->db, org_id, (struct id){{0}}, WEBHOOKS_PER_ORG_MAX,
                      clock_wall_us(), ctl->arena, &list, &count, err)) {
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
        fields = arena_zero(ctl->arena, count * COLUMNS + 1, sizeof(*fields));
        for (size_t i = 0; i < count; i++) {
            webhook_row(ctl, list[i], fields + COLUMNS * i);
        }
        output_list(false, fields, COLUMNS, count, "no webhooks");
    }
    return true;
}

/* --- changes ---------------------------------------------------------------
 */

/* The webhook that the command names, and what a change of it begins with. */
static bool find(struct ctl *ctl, struct webhook_change *change,
                 Porter__V1__Webhook **out, struct err *err)
{
    struct webhook_change c = {.now_us = clock_wall_us(), .by = author};
    Porter__V1__Webhook *w = NULL;

    if (!ctl_id(ID_WEBHOOK, ctl->words.subject, "webhook's id", &c.id, err) ||
        !ctl_org(ctl, &c.org_id, err) ||
        !webhook_find(ctl->db, c.org_id, c.id, c.now_us, ctl->arena, &w, err)) {
        return false;
    }
    c.seen_us = w->updated_at->seconds * US_PER_S + w->updated_at->nanos / 1000;
    *change = c;
    *out = w;
    return true;
}

static bool was_changed(bool changed, struct err *err)
{
    return changed || err_set(err, ERR_CONFLICT,
                              "somebody else changed the webhook at this very "
                              "moment; look at it and try again");
}

static void show_webhook(struct ctl *ctl, const Porter__V1__Webhook *w)
{
    struct field fields[COLUMNS];

    webhook_row(ctl, w, fields);
    output_one(ctl->words.is_json, fields, COLUMNS);
}

static bool read_status(struct str word, bool *is_disabled, struct err *err)
{
    *is_disabled = str_eq(word, STR("disabled"));
    return *is_disabled || str_eq(word, STR("enabled")) ||
           err_set(err, ERR_INVALID, "--status is enabled or disabled");
}

/* What is not given stays. */
static bool read_changes(struct ctl *ctl, const Porter__V1__Webhook *w,
                         struct webhook_input *in, struct webhook_change *c,
                         struct err *err)
{
    static const char *const names[] = {"url", "description", "events",
                                        "ordering", "status"};
    struct str *fields =
        arena_zero(ctl->arena, COUNT_OF(names), sizeof(*fields));
    struct str given[COUNT_OF(names)];

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        given[i] = words_value(&ctl->words, names[i]);
        if (given[i].data != NULL) {
            fields[c->field_count++] = str_of(names[i]);
        }
    }
    c->fields = fields;
    *in = (struct webhook_input){
        .url = given[0].data != NULL ? given[0] : str_of(w->url),
        .description =
            given[1].data != NULL ? given[1] : str_of(w->description),
        .by_subject = w->ordering ==
                      PORTER__V1__WEBHOOK_ORDERING__WEBHOOK_ORDERING_SUBJECT,
        .is_disabled =
            w->status == PORTER__V1__WEBHOOK_STATUS__WEBHOOK_STATUS_DISABLED,
        .guard = given[0].data != NULL ? &ctl->guard : NULL,
    };
    if (w->retry_schedule != NULL) {
        in->waits_s = w->retry_schedule->waits_seconds;
        in->wait_count = w->retry_schedule->n_waits_seconds;
    }
    if (w->max_age_seconds != NULL) {
        in->max_age_s = w->max_age_seconds->value;
    }
    return (given[2].data == NULL || read_events(ctl, given[2], in, err)) &&
           (given[3].data == NULL ||
            read_ordering(given[3], &in->by_subject, err)) &&
           (given[4].data == NULL ||
            read_status(given[4], &in->is_disabled, err));
}

bool webhook_update_command(struct ctl *ctl, struct err *err)
{
    struct webhook_change change = {0};
    struct webhook_input in = {0};
    Porter__V1__Webhook *w = NULL;
    bool changed = false;

    if (!find(ctl, &change, &w, err) ||
        !read_changes(ctl, w, &in, &change, err) ||
        !webhook_update(ctl->db, NULL, &change, &in, &changed, err) ||
        !was_changed(changed, err) || !find(ctl, &change, &w, err)) {
        return false;
    }
    show_webhook(ctl, w);
    return true;
}

bool webhook_rotate_command(struct ctl *ctl, struct err *err)
{
    struct webhook_change change = {0};
    Porter__V1__Webhook *w = NULL;
    struct str secret = STR_NONE;
    uint64_t overlap_s = 0;

    if (!ctl_number(ctl, "overlap", 0, WEBHOOK_OVERLAP_MAX_S, WEBHOOK_OVERLAP_S,
                    &overlap_s, err) ||
        !find(ctl, &change, &w, err) ||
        !webhook_rotate(ctl->db, ctl->seal_keys, &change,
                        overlap_s == 0
                            ? DB_TIME_NULL
                            : change.now_us + (int64_t)overlap_s * US_PER_S,
                        ctl->arena, &secret, err) ||
        !was_changed(secret.len > 0, err)) {
        return false;
    }
    const struct field fields[] = {
        F_TEXT("id", str_of(w->id)),
        F_TEXT("secret", secret),
        F_INT("overlap_seconds", (int64_t)overlap_s),
    };
    output_one(ctl->words.is_json, fields, COUNT_OF(fields));
    if (!ctl->words.is_json) {
        (void)fprintf(stderr, "Keep the secret now: it is not shown again.\n");
    }
    return true;
}

bool webhook_delete_command(struct ctl *ctl, struct err *err)
{
    struct webhook_change change = {0};
    Porter__V1__Webhook *w = NULL;
    bool changed = false;

    if (!find(ctl, &change, &w, err) ||
        !webhook_delete(ctl->db, &change, &changed, err) ||
        !was_changed(changed, err)) {
        return false;
    }
    const struct field fields[] = {
        F_TEXT("id", str_of(w->id)),
        F_BOOL("deleted", true),
    };
    output_one(ctl->words.is_json, fields, COUNT_OF(fields));
    return true;
}

/* --- test ------------------------------------------------------------------
 */

/* The first attempt, or ERR_UNAVAILABLE: no dispatcher took the row in time. */
static bool wait_attempt(struct ctl *ctl, struct id org_id, struct id id,
                         uint64_t wait_s, struct attempt *out, struct err *err)
{
    const struct timespec pause = {0, POLL_MS * 1000000L};
    const struct delivery all = {.org_id = org_id,
                                 .id = id,
                                 .attempts = INT_MAX,
                                 .finished_at_us = DB_TIME_NULL};
    int64_t until_us = clock_steady_us() + (int64_t)wait_s * US_PER_S;
    struct attempt *list = NULL;
    size_t count = 0;

    while (clock_steady_us() < until_us) {
        if (!attempt_list(ctl->db, &all, ctl->arena, &list, &count, err)) {
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
        F_TEXT("tls_version", a->tls_version),
        F_TEXT("certificate_subject", a->certificate_subject),
        F_TEXT("certificate_issuer", a->certificate_issuer),
        F_TIME("certificate_expires_at", a->certificate_expires_us),
        F_TEXT("response_body", a->response_body),
    };

    output_one(ctl->words.is_json, fields, COUNT_OF(fields));
}

bool webhook_test(struct ctl *ctl, struct err *err)
{
    struct str name = words_value(&ctl->words, "event");
    struct delivery_sample what = {.type = EVENT_VISITOR_CHECKED_IN};
    struct webhook_change change = {0};
    Porter__V1__Webhook *webhook = NULL;
    struct delivery d = {0};
    struct attempt attempt = {0};
    uint64_t wait_s = 0;

    if (name.data != NULL && !event_type_find(name, &what.type)) {
        return refuse_event(name, err);
    }
    if (!ctl_number(ctl, "wait", 1, WAIT_S_MAX, WAIT_S, &wait_s, err) ||
        !find(ctl, &change, &webhook, err)) {
        return false;
    }
    what.cause.org_id = change.org_id;
    what.webhook_id = change.id;
    what.now_us = change.now_us;
    if (!delivery_test(ctl->db, &what, ctl->arena, &d, err) ||
        !wait_attempt(ctl, change.org_id, d.id, wait_s, &attempt, err)) {
        return false;
    }
    show_attempt(ctl, d.id, &attempt);
    if (str_eq(attempt.verdict, STR("delivered"))) {
        return true;
    }
    return err_set(err, ERR_INTERNAL, "it was not delivered: %.*s",
                   STR_ARGS(attempt.detail));
}
