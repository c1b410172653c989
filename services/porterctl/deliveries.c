/* porterctl deliveries list | show | retry */
#include "porterctl/ctl.h"
#include "porterctl/replay.h"

#include "base/clock.h"
#include "json/json.h"
#include "store/delivery.h"

#include <stdio.h>

#define LIMIT 50
#define LIMIT_MAX 1000
#define COLUMNS 9

static void delivery_row(struct ctl *ctl, const struct delivery *d,
                         struct field row[COLUMNS])
{
    row[0] = F_TEXT("id", ctl_id_text(ctl, ID_DELIVERY, d->id));
    row[1] = F_TEXT("webhook_id", ctl_id_text(ctl, ID_WEBHOOK, d->webhook_id));
    row[2] = F_TEXT("event_type", d->event_type);
    row[3] = F_TEXT("subject", d->subject);
    row[4] = F_TEXT("state", str_of(delivery_state_words[d->state]));
    row[5] = F_INT("attempts", d->attempts);
    row[6] = F_INT("last_status", d->last_status);
    row[7] = F_TIME("created_at", d->created_at_us);
    row[8] = F_TIME("due_at", d->due_at_us);
}

bool deliveries_list(struct ctl *ctl, struct err *err)
{
    struct str webhook = words_value(&ctl->words, "webhook");
    struct str before = words_value(&ctl->words, "before");
    struct id org_id = {{0}};
    struct delivery_filter filter = {.from_us = DB_TIME_NULL,
                                     .to_us = DB_TIME_NULL};
    struct delivery *list = NULL;
    struct field *fields = NULL;
    uint64_t limit = 0;
    size_t count = 0;

    if ((webhook.data != NULL && !ctl_id(ID_WEBHOOK, webhook, "webhook's id",
                                         &filter.webhook_id, err)) ||
        (before.data != NULL &&
         !ctl_id(ID_DELIVERY, before, "delivery's id", &filter.after, err)) ||
        !ctl_number(ctl, "limit", 1, LIMIT_MAX, LIMIT, &limit, err) ||
        !ctl_org(ctl, &org_id, err) ||
        !delivery_list(ctl->db, org_id, &filter, (size_t)limit, ctl->arena,
                       &list, &count, err)) {
        return false;
    }
    fields = arena_zero(ctl->arena, count * COLUMNS + 1, sizeof(*fields));
    for (size_t i = 0; i < count; i++) {
        delivery_row(ctl, &list[i], fields + i * COLUMNS);
    }
    output_list(ctl->words.is_json, fields, COLUMNS, count, "no deliveries");
    return true;
}

/* --- show
 * --------------------------------------------------------------------- */

static void add_text(struct json_writer *w, const char *name, struct str s)
{
    json_key(w, str_of(name));
    if (s.data == NULL) {
        json_add_null(w);
    } else {
        json_add_text(w, s);
    }
}

static void add_number(struct json_writer *w, const char *name, int64_t n)
{
    json_key(w, str_of(name));
    json_add_int(w, n);
}

static void add_certificate(struct json_writer *w, const struct attempt *a)
{
    json_key(w, STR("certificate"));
    if (a->certificate_expires_us == DB_TIME_NULL) {
        json_add_null(w);
        return;
    }
    json_object_begin(w);
    add_text(w, "subject", a->certificate_subject);
    add_text(w, "issuer", a->certificate_issuer);
    json_key(w, STR("expires_at"));
    json_add_time(w, a->certificate_expires_us);
    json_object_end(w);
}

static void add_attempt(struct json_writer *w, const struct attempt *a)
{
    json_object_begin(w);
    add_number(w, "number", a->number);
    json_key(w, STR("at"));
    json_add_time(w, a->at_us);
    add_text(w, "verdict", a->verdict);
    add_number(w, "status", a->status);
    add_text(w, "failure", a->failure);
    add_text(w, "detail", a->detail);
    add_text(w, "remote", a->remote);
    add_number(w, "dns_us", a->dns_us);
    add_number(w, "connect_us", a->connect_us);
    add_number(w, "tls_us", a->tls_us);
    add_number(w, "first_byte_us", a->first_byte_us);
    add_number(w, "total_us", a->total_us);
    add_text(w, "response_headers", a->response_headers);
    add_text(w, "response_body", a->response_body);
    json_key(w, STR("reused"));
    json_add_bool(w, a->reused);
    add_text(w, "http_version", a->http_version);
    add_text(w, "tls_version", a->tls_version);
    add_certificate(w, a);
    add_text(w, "request_headers", a->request_headers);
    json_object_end(w);
}

static struct str attempts_json(struct ctl *ctl, const struct attempt *list,
                                size_t count)
{
    struct buf json = BUF_EMPTY;
    struct json_writer w = json_writer(&json);
    struct str copy;

    json_array_begin(&w);
    for (size_t i = 0; i < count; i++) {
        add_attempt(&w, &list[i]);
    }
    json_array_end(&w);
    copy = arena_str(ctl->arena, buf_str(&json));
    buf_free(&json);
    return copy;
}

/* "dns 310, connect 8120, …", in microseconds. */
static struct str times_text(struct ctl *ctl, const struct attempt *a)
{
    return arena_printf(
        ctl->arena,
        "dns %lld, connect %lld, tls %lld, first byte %lld, total %lld us",
        (long long)a->dns_us, (long long)a->connect_us, (long long)a->tls_us,
        (long long)a->first_byte_us, (long long)a->total_us);
}

/* For people: what is long (headers) is in --json only. */
static void show_attempt(struct ctl *ctl, const struct attempt *a)
{
    const struct field f[] = {
        F_INT("attempt", a->number),
        F_TIME("at", a->at_us),
        F_TEXT("verdict", a->verdict),
        F_INT("status", a->status),
        F_TEXT("failure", a->failure),
        F_TEXT("detail", a->detail),
        F_TEXT("remote", a->remote),
        F_BOOL("reused", a->reused),
        F_TEXT("tls_version", a->tls_version),
        F_TEXT("certificate", a->certificate_subject),
        F_TEXT("signed_by", a->certificate_issuer),
        F_TIME("expires_at", a->certificate_expires_us),
        F_TEXT("times", times_text(ctl, a)),
        F_TEXT("response_body", a->response_body),
    };

    (void)printf("\n");
    (void)fflush(stdout);
    output_one(false, f, COUNT_OF(f));
}

static void show_attempts(struct ctl *ctl, const struct attempt *list,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        show_attempt(ctl, &list[i]);
    }
    if (count == 0) {
        (void)printf("\nnot tried yet\n");
    }
}

bool deliveries_show(struct ctl *ctl, struct err *err)
{
    struct field fields[COLUMNS + 5];
    struct id org_id = {{0}};
    struct id id = {{0}};
    struct delivery d = {0};
    struct attempt *list = NULL;
    bool found = false;
    size_t count = 0;
    bool is_json = ctl->words.is_json;

    if (!ctl_id(ID_DELIVERY, ctl->words.subject, "delivery's id", &id, err) ||
        !ctl_org(ctl, &org_id, err) ||
        !delivery_find(ctl->db, org_id, id, ctl->arena, &found, &d, err) ||
        (found && !attempt_list(ctl->db, &d, ctl->arena, &list, &count, err))) {
        return false;
    }
    if (!found) {
        return err_set(err, ERR_NOT_FOUND,
                       "the organization has no delivery %.*s",
                       STR_ARGS(ctl->words.subject));
    }
    delivery_row(ctl, &d, fields);
    fields[COLUMNS] =
        F_TEXT("event_id", ctl_id_text(ctl, ID_EVENT, d.event_id));
    fields[COLUMNS + 1] = F_TEXT("request_id", d.request_id);
    fields[COLUMNS + 2] = F_TEXT("last_error", d.last_error);
    fields[COLUMNS + 3] = F_TEXT("body", d.body);
    fields[COLUMNS + 4] =
        F_JSON("attempt_list", attempts_json(ctl, list, count));
    output_one(is_json, fields, is_json ? COLUMNS + 5 : COLUMNS + 4);
    if (!is_json) {
        show_attempts(ctl, list, count);
    }
    return true;
}

bool deliveries_retry(struct ctl *ctl, struct err *err)
{
    const struct author by = {STR(CTL_ACTOR), STR_NONE, STR_NONE};
    struct id org_id = {{0}};
    struct id id = {{0}};
    struct delivery d = {0};
    bool found = false;
    bool changed = false;

    if (ctl->words.subject.data == NULL) {
        return replay_deliveries(ctl, err);
    }
    if (!ctl_id(ID_DELIVERY, ctl->words.subject, "delivery's id", &id, err) ||
        !ctl_org(ctl, &org_id, err) ||
        !delivery_find(ctl->db, org_id, id, ctl->arena, &found, &d, err)) {
        return false;
    }
    if (!found) {
        return err_set(err, ERR_NOT_FOUND,
                       "the organization has no delivery %.*s",
                       STR_ARGS(ctl->words.subject));
    }
    if (d.finished_at_us != DB_TIME_NULL &&
        !delivery_retry(ctl->db, &d, clock_wall_us(), &by, &changed, err)) {
        return false;
    }
    if (!changed) {
        return err_set(
            err, ERR_CONFLICT,
            "the delivery is not finished: its turn comes by itself");
    }
    const struct field fields[] = {
        F_TEXT("id", ctl_id_text(ctl, ID_DELIVERY, id)),
        F_BOOL("retried", true),
    };
    output_one(ctl->words.is_json, fields, COUNT_OF(fields));
    return true;
}

bool deliveries_settle(struct ctl *ctl, struct err *err)
{
    int64_t settled = 0;

    if (!delivery_settle(ctl->db, &settled, err)) {
        return false;
    }
    const struct field fields[] = {F_INT("settled", settled)};
    output_one(ctl->words.is_json, fields, COUNT_OF(fields));
    return true;
}
