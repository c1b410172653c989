/* porterctl events republish: the event log -> Kafka again, as the relay does
 * it.
 *
 * Organization by organization, each in the order of its log, a page at a
 * time: a page is on the broker before the next is read and before its last
 * place is written down. Ends in between, whenever they come, cost a page that
 * is sent twice. */
#include "porterctl/ctl.h"

#include "base/clock.h"
#include "base/rfc3339.h"
#include "bus/producer.h"
#include "relay/relay_record.h"
#include "message/message.h"
#include "porterctl/state_file.h"
#include "porterctl/when.h"
#include "store/event_log.h"
#include "store/organization.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define PAGE 500 /* The log bounds a page by bytes as well. */
#define SEND_MS 30000
#define ARENA_BYTES (1 << 20)
#define TOLD_EVERY 10000 /* Events; a terminal is told of each page. */

struct republish {
    struct ctl *ctl;
    struct producer *producer;
    struct arena *arena; /* A page's. */
    struct event_filter filter;
    struct id org_id;
    bool is_all; /* Organizations: org_id and those behind it. */
    bool goes_on;
    struct event_place after;
    struct str state_file; /* data NULL: none */
    bool is_terminal;
    int64_t sent;
    int64_t told;
    int64_t refused; /* Kafka never takes them. */
    struct record records[PAGE];
    bool acked[PAGE];
};

/* --- where it is ---------------------------------------------------------- */

static bool keep_state(const struct republish *p, struct err *err)
{
    if (p->state_file.data == NULL) {
        return true;
    }
    return state_file_write(
        p->state_file.data,
        arena_printf(p->arena, "%s %" PRId64 " %s",
                     id_text(ID_ORGANIZATION, p->org_id).data, p->after.txid,
                     id_text(ID_EVENT, p->after.id).data),
        p->arena, err);
}

static bool parse_state(struct str line, struct id *org_id,
                        struct event_place *place)
{
    struct str part = STR_NONE;
    uint64_t txid = 0;

    if (!str_split(&line, ' ', &part) ||
        !id_read(ID_ORGANIZATION, part, org_id) ||
        !str_split(&line, ' ', &part) || !str_to_u64(part, INT64_MAX, &txid) ||
        !id_read(ID_EVENT, line, &place->id)) {
        return false;
    }
    place->txid = (int64_t)txid;
    place->is_settled = true;
    return true;
}

/* A file that is not there yet: from the beginning. */
static bool read_state(struct republish *p, struct err *err)
{
    const char *path = p->state_file.data;
    char line[STATE_LINE_MAX] = "";
    struct id org_id;

    if (path == NULL) {
        return true;
    }
    if (!state_file_read(path, p->ctl->arena, line, err)) {
        return false;
    }
    p->goes_on = line[0] != '\0';
    if (!p->goes_on) {
        return true;
    }
    if (!parse_state(str_of(line), &org_id, &p->after)) {
        return err_set(err, ERR_INVALID,
                       "--state-file: %s does not hold a place of the log; "
                       "name another file, or remove it to begin at --since",
                       path);
    }
    if (!p->is_all && !id_eq(org_id, p->org_id)) {
        return err_set(
            err, ERR_INVALID,
            "--state-file: %s is of another organization; name another file",
            path);
    }
    p->org_id = org_id;
    return true;
}

static void tell(struct republish *p, int64_t at_us, bool is_end)
{
    char at[RFC3339_LEN + 1] = "the end";

    if (!is_end && !p->is_terminal && p->sent - p->told < TOLD_EVERY) {
        return;
    }
    if (!is_end) {
        rfc3339_write(at_us, at);
    }
    p->told = p->sent;
    (void)fprintf(stderr, "%s%" PRId64 " events sent, %s at %s%s",
                  p->is_terminal ? "\r" : "", p->sent,
                  id_text(ID_ORGANIZATION, p->org_id).data, at,
                  p->is_terminal && !is_end ? "  " : "\n");
}

/* --- a page --------------------------------------------------------------- */

/* The record that the relay made of it then, but for what the log does not
 * keep: traceparent is absent, and any list of webhooks will do. */
static bool record_of(struct republish *p, const Porter__V1__Event *event,
                      struct record *out, int64_t *at_us, struct err *err)
{
    const struct cause cause = {
        .org_id = p->org_id,
        .request_id =
            event->request_id[0] == '\0' ? STR_NONE : str_of(event->request_id),
    };
    struct buf payload = BUF_EMPTY;
    struct outbox_row row;
    enum event_type ignored;

    if (!event_type_find(str_of(event->type), &ignored)) {
        return err_set(err, ERR_UNSUPPORTED,
                       "%s is of the type %s, which this porterctl does not "
                       "know: take that of the newest gateway",
                       event->id, event->type);
    }
    message_pack(&event->base, &payload);
    row = outbox_row_of(event, &cause, arena_str(p->arena, buf_str(&payload)),
                        p->arena);
    buf_free(&payload);
    row.is_again = true;
    relay_record(&row, p->arena, out);
    *at_us = row.created_at_us;
    return true;
}

/* What was not acknowledged, without the one that Kafka refuses, in order. */
static size_t keep_unsent(struct republish *p, size_t count, size_t bad)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        p->sent += p->acked[i];
        if (!p->acked[i] && i != bad) {
            p->records[kept++] = p->records[i];
        }
    }
    return kept;
}

static bool send_page(struct republish *p, size_t count, struct err *err)
{
    while (count > 0) {
        struct err why = ERR_NONE;
        size_t bad = count;

        if (producer_send(p->producer, p->records, count, SEND_MS, p->acked,
                          &bad, &why)) {
            count = keep_unsent(p, count, count);
            return count == 0 ||
                   err_set(err, ERR_UNAVAILABLE, "Kafka did not take all: %s",
                           producer_trouble(p->producer));
        }
        if (bad == count) {
            *err = why;
            return false;
        }
        (void)fprintf(stderr, "left out, %.*s: %s\n",
                      STR_ARGS(p->records[bad].key), why.text);
        p->refused++;
        count = keep_unsent(p, count, bad);
    }
    return true;
}

static bool page(struct republish *p, bool *has_more, struct err *err)
{
    const struct event_query query = {
        .filter = p->filter,
        .goes_on = p->goes_on,
        .after = p->after,
        .max = PAGE,
    };
    struct event_answer answer = {0};
    int64_t at_us = 0;

    if (!event_list(p->ctl->db, p->org_id, &query, p->arena, &answer, err)) {
        return false;
    }
    for (size_t i = 0; i < answer.count; i++) {
        if (!record_of(p, answer.rows[i], &p->records[i], &at_us, err)) {
            return false;
        }
    }
    if (!send_page(p, answer.count, err)) {
        return false;
    }
    *has_more = answer.has_more;
    if (!answer.has_end) {
        return true;
    }
    p->goes_on = true;
    p->after = answer.end;
    if (answer.count > 0) {
        tell(p, at_us, false);
    }
    return keep_state(p, err);
}

/* --- all of it ------------------------------------------------------------ */

static bool organization(struct republish *p, struct err *err)
{
    bool has_more = true;

    while (has_more) {
        if (!page(p, &has_more, err)) {
            return false;
        }
        arena_reset(p->arena);
    }
    return true;
}

static bool all(struct republish *p, struct err *err)
{
    bool found = true;

    if (p->is_all && !p->goes_on) {
        if (!organization_next(p->ctl->db, p->org_id, &found, &p->org_id,
                               err)) {
            return false;
        }
    }
    while (found) {
        if (!organization(p, err)) {
            return false;
        }
        found = false;
        p->goes_on = false;
        if (p->is_all && !organization_next(p->ctl->db, p->org_id, &found,
                                            &p->org_id, err)) {
            return false;
        }
    }
    tell(p, 0, true);
    return true;
}

static bool read_types(struct str list, unsigned *types, struct err *err)
{
    struct str word = STR_NONE;
    enum event_type type;

    while (list.data != NULL && str_split(&list, ',', &word)) {
        if (!event_type_find(word, &type)) {
            return err_set(
                err, ERR_INVALID,
                "\"%.*s\" is no event; porterctl topics list shows them",
                STR_ARGS(word));
        }
        *types |= 1U << type;
    }
    return true;
}

static bool read_when(struct ctl *ctl, const char *option, int64_t now_us,
                      int64_t *out, struct err *err)
{
    struct str text = words_value(&ctl->words, option);

    *out = now_us;
    return text.data == NULL || when_read_past(text, now_us, out) ||
           err_set(err, ERR_INVALID,
                   "--%s \"%.*s\" is no time that is past: write 30m, 24h or "
                   "2027-01-31T00:00:00Z",
                   option, STR_ARGS(text));
}

static bool read_words(struct republish *p, struct err *err)
{
    struct ctl *ctl = p->ctl;
    int64_t now_us = clock_wall_us();

    p->is_all = words_value(&ctl->words, "org").data == NULL;
    p->state_file = words_value(&ctl->words, "state-file");
    return read_when(ctl, "since", now_us, &p->filter.from_us, err) &&
           read_when(ctl, "until", now_us, &p->filter.to_us, err) &&
           read_types(words_value(&ctl->words, "type"), &p->filter.types,
                      err) &&
           (p->is_all || ctl_org(ctl, &p->org_id, err)) && read_state(p, err);
}

bool events_republish(struct ctl *ctl, struct err *err)
{
    struct bus_options bus = ctl_bus_options(ctl);
    const struct producer_options producer = {
        .bus = &bus, .message_timeout_ms = SEND_MS, .queue_max = PAGE};
    struct republish *p = arena_zero(ctl->arena, 1, sizeof *p);
    bool ok = false;

    p->ctl = ctl;
    p->is_terminal = isatty(STDERR_FILENO) != 0;
    if (!read_words(p, err) || !producer_open(&producer, &p->producer, err)) {
        return false;
    }
    p->arena = arena_new(ARENA_BYTES);
    ok = all(p, err);
    arena_free(p->arena);
    producer_close(p->producer);
    if (ok) {
        const struct field fields[] = {F_INT("sent", p->sent),
                                       F_INT("refused", p->refused)};

        output_one(ctl->words.is_json, fields, COUNT_OF(fields));
    }
    return ok;
}
