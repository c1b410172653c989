/* porterctl webhook recover | deliveries retry --webhook … | replay list |
 * replay cancel: sending many deliveries again. */
#include "porterctl/replay.h"

#include "base/clock.h"
#include "base/rfc3339.h"
#include "message/message.h"
#include "store/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS 200
#define LIST_MAX 100
#define COLUMNS 9
#define BAR 30 /* Characters of the progress bar. */

static const struct author author = CTL_AUTHOR;

/* --- what there is to show ------------------------------------------------ */

static struct str state_word(const Porter__V1__Replay *r)
{
    return message_enum_word(&porter__v1__replay_state__descriptor,
                             (int)r->state);
}

static int64_t time_us(const Google__Protobuf__Timestamp *t)
{
    return t == NULL ? DB_TIME_NULL : t->seconds * US_PER_S + t->nanos / 1000;
}

static void replay_row(const Porter__V1__Replay *r, struct field row[COLUMNS])
{
    row[0] = F_TEXT("id", str_of(r->id));
    row[1] = F_TEXT("webhook_id", str_of(r->webhook_id));
    row[2] = F_TEXT("state", state_word(r));
    row[3] = F_INT("total_count",
                   r->total_count == NULL ? 0 : r->total_count->value);
    row[4] = F_INT("looked_count", r->looked_count);
    row[5] = F_INT("replayed_count", r->replayed_count);
    row[6] =
        F_TEXT("reason", r->reason[0] == '\0' ? STR_NONE : str_of(r->reason));
    row[7] = F_TIME("created_at", time_us(r->created_at));
    row[8] = F_TIME("finished_at", time_us(r->finished_at));
}

static void show(struct ctl *ctl, const Porter__V1__Replay *r)
{
    struct field fields[COLUMNS];

    replay_row(r, fields);
    output_one(ctl->words.is_json, fields, COLUMNS);
}

/* --- waiting -------------------------------------------------------------- */

/* How far it is: a bar that stays in its line, or a line whenever it moved. */
static void tell_progress(const Porter__V1__Replay *r, bool is_terminal)
{
    const int32_t total = r->total_count == NULL ? 0 : r->total_count->value;
    const int32_t looked = r->looked_count;
    char bar[BAR + 1];
    char of[32] = "";
    int done =
        total > 0 ? (int)((int64_t)MIN_OF(looked, total) * BAR / total) : 0;

    if (total > 0) {
        (void)snprintf(of, sizeof of, " of %" PRId32, total);
    }
    if (!is_terminal) {
        (void)fprintf(
            stderr, "%s: %.*s, %" PRId32 "%s looked at, %" PRId32 " due\n",
            r->id, STR_ARGS(state_word(r)), looked, of, r->replayed_count);
        return;
    }
    for (int i = 0; i < BAR; i++) {
        bar[i] = i < done ? '#' : '.';
    }
    bar[BAR] = '\0';
    (void)fprintf(stderr, "\r[%s] %" PRId32 "%s, %" PRId32 " due  %.*s ", bar,
                  looked, of, r->replayed_count, STR_ARGS(state_word(r)));
}

/* Until it has ended: for as long as it takes, dispatchers do the work. */
static bool wait_end(struct ctl *ctl, const struct replay_key *key,
                     Porter__V1__Replay **out, struct err *err)
{
    const struct timespec pause = {0, POLL_MS * 1000000L};
    const bool is_terminal = isatty(STDERR_FILENO) != 0;
    Porter__V1__Replay *r = NULL;
    int32_t told = -1;

    for (;;) {
        if (!replay_find(ctl->db, key, ctl->arena, &r, err)) {
            return false;
        }
        if (is_terminal || r->looked_count != told || r->finished_at != NULL) {
            tell_progress(r, is_terminal);
            told = r->looked_count;
        }
        if (r->finished_at != NULL) {
            break;
        }
        (void)nanosleep(&pause, NULL);
    }
    if (is_terminal) {
        (void)fputc('\n', stderr);
    }
    *out = r;
    return true;
}

static bool ask(struct ctl *ctl, struct replay_request *what, bool waits,
                struct err *err)
{
    struct replay_key key = {what->org_id, what->webhook_id, {{0}}};
    Porter__V1__Replay *r = NULL;
    Porter__V1__Webhook *w = NULL;

    what->by = author;
    what->now_us = clock_wall_us();
    if (!webhook_find(ctl->db, key.org_id, key.webhook_id, what->now_us,
                      ctl->arena, &w, err)) {
        return false;
    }
    if (w->status != PORTER__V1__WEBHOOK_STATUS__WEBHOOK_STATUS_ENABLED) {
        return err_set(err, ERR_CONFLICT,
                       "the webhook is disabled; enable it first");
    }
    if (!replay_insert(ctl->db, what, ctl->arena, &key.id, &r, err) ||
        (waits && !wait_end(ctl, &key, &r, err))) {
        return false;
    }
    show(ctl, r);
    return !waits || r->state == PORTER__V1__REPLAY_STATE__REPLAY_STATE_DONE ||
           err_set(err, ERR_CONFLICT, "the replay did not come to its end: %s",
                   r->reason[0] == '\0' ? "it was cancelled" : r->reason);
}

/* --- what it is of -------------------------------------------------------- */

static bool read_time(struct ctl *ctl, const char *option, int64_t *out,
                      struct err *err)
{
    struct str text = words_value(&ctl->words, option);

    *out = DB_TIME_NULL;
    return text.data == NULL || rfc3339_read(text, out) ||
           err_set(err, ERR_INVALID,
                   "--%s is a time such as 2026-03-01T08:30:00Z", option);
}

static bool read_states(struct str text, unsigned *bits, struct err *err)
{
    struct str word = STR_NONE;

    *bits = text.data == NULL ? 1U << DELIVERY_FAILED : 0;
    while (text.data != NULL && str_split(&text, ',', &word)) {
        if (str_eq(word, STR("failed"))) {
            *bits |= 1U << DELIVERY_FAILED;
        } else if (str_eq(word, STR("delivered"))) {
            *bits |= 1U << DELIVERY_DELIVERED;
        } else {
            return err_set(err, ERR_INVALID,
                           "--state is failed, delivered, or both by a comma");
        }
    }
    return *bits != 0 ||
           err_set(err, ERR_INVALID, "--state is failed or delivered");
}

static bool read_type(struct str text, struct err *err)
{
    enum event_type ignored;

    return text.data == NULL || event_type_find(text, &ignored) ||
           err_set(err, ERR_INVALID,
                   "\"%.*s\" is no event; porterctl topics list shows them",
                   STR_ARGS(text));
}

bool replay_deliveries(struct ctl *ctl, struct err *err)
{
    struct str webhook = words_value(&ctl->words, "webhook");
    struct replay_request what = {
        .event_type = words_value(&ctl->words, "event"),
        .failure = words_value(&ctl->words, "failure"),
    };
    bool waits = words_value(&ctl->words, "no-wait").data == NULL;

    if (webhook.data == NULL) {
        return err_set(err, ERR_INVALID,
                       "name a delivery (porterctl deliveries list shows "
                       "them), or a webhook with --webhook ID for all of its "
                       "that have failed");
    }
    return ctl_id(ID_WEBHOOK, webhook, "webhook's id", &what.webhook_id, err) &&
           read_states(words_value(&ctl->words, "state"), &what.states, err) &&
           read_type(what.event_type, err) &&
           read_time(ctl, "created-from", &what.from_us, err) &&
           read_time(ctl, "created-to", &what.to_us, err) &&
           ctl_org(ctl, &what.org_id, err) && ask(ctl, &what, waits, err);
}

bool webhook_recover_command(struct ctl *ctl, struct err *err)
{
    struct replay_request what = {.states = 1U << DELIVERY_FAILED,
                                  .to_us = DB_TIME_NULL};
    bool waits = words_value(&ctl->words, "no-wait").data == NULL;

    return read_time(ctl, "since", &what.from_us, err) &&
           ctl_id(ID_WEBHOOK, ctl->words.subject, "webhook's id",
                  &what.webhook_id, err) &&
           ctl_org(ctl, &what.org_id, err) && ask(ctl, &what, waits, err);
}

/* --- what there are ------------------------------------------------------- */

static bool read_key(struct ctl *ctl, struct replay_key *key, struct err *err)
{
    return ctl_id(ID_WEBHOOK, words_value(&ctl->words, "webhook"),
                  "webhook's id", &key->webhook_id, err) &&
           ctl_org(ctl, &key->org_id, err);
}

bool replay_list_command(struct ctl *ctl, struct err *err)
{
    struct replay_key key = {0};
    Porter__V1__Replay **list = NULL;
    size_t count = 0;

    if (!read_key(ctl, &key, err) ||
        !replay_list(ctl->db, &key, LIST_MAX, ctl->arena, &list, &count, err)) {
        return false;
    }
    struct field *fields =
        arena_zero(ctl->arena, count * COLUMNS + 1, sizeof(*fields));
    for (size_t i = 0; i < count; i++) {
        replay_row(list[i], fields + i * COLUMNS);
    }
    output_list(ctl->words.is_json, fields, COLUMNS, count, "no replays");
    return true;
}

bool replay_cancel_command(struct ctl *ctl, struct err *err)
{
    struct replay_key key = {0};
    Porter__V1__Replay *r = NULL;
    bool changed = false;

    if (!ctl_id(ID_REPLAY, ctl->words.subject, "replay's id", &key.id, err) ||
        !read_key(ctl, &key, err) ||
        !replay_cancel(ctl->db, &key, clock_wall_us(), &author, &changed,
                       err) ||
        !replay_find(ctl->db, &key, ctl->arena, &r, err)) {
        return false;
    }
    if (!changed) {
        return err_set(err, ERR_CONFLICT, "the replay is %.*s already",
                       STR_ARGS(state_word(r)));
    }
    show(ctl, r);
    return true;
}
