/* porterctl listen: a webhook endpoint on a developer's own machine, which no
 * dispatcher can reach.
 *
 * Happy path: read a page of the event log behind the cursor (listen_log.c) ->
 * send each event as the dispatcher would (listen_send.c) -> move the cursor.
 * The cursor moves only behind what was dealt with, and the log shows nothing
 * new before it: so a gateway that restarts costs no event and repeats none.
 * The log is asked again and again, not waited for: a request that waits would
 * hold a thread of the gateway. */
#include "porterctl/listen.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/random.h"
#include "base/rfc3339.h"
#include "crypt/crypt.h"
#include "porterctl/file.h"
#include "porterctl/state_file.h"
#include "porterctl/when.h"
#include "signature/sign.h"
#include "store/event.h"

#include <stdio.h>

#define KEY_FILE_MAX 1024
#define COUNT_MAX 1000000000ULL
#define SECRET_BYTES 24
#define PAGE 50
#define CONNECT_MS 5000
#define API_MS 20000
#define ENDPOINT_MS 15000         /* As PORTER_ATTEMPT_TIMEOUT is as a rule. */
#define PAGE_BYTES_MAX (64 << 20) /* 4 MiB of events, as JSON. */
#define ANSWER_BYTES_MAX (1 << 20)
#define QUIET_MIN_MS 1000 /* Two thirds of what a key may ask as a rule. */
#define QUIET_MAX_MS 2000

volatile sig_atomic_t listen_stop;

static void on_signal(int number)
{
    listen_stop = 1;
    (void)signal(number, SIG_DFL);
}

/* --- options ---------------------------------------------------------------
 */

static struct str option(const struct listener *l, const char *name)
{
    return words_value(&l->ctl->words, name);
}

static bool read_url(struct listener *l, struct err *err)
{
    struct str url = option(l, "url");

    while (url.len > 0 && url.data[url.len - 1] == '/') {
        url.len--;
    }
    if (!str_starts(url, STR("https://")) || str_has(url, '?') ||
        str_has(url, '#')) {
        return err_set(err, ERR_INVALID,
                       "--url is the gateway's, as https://acme.example.com: "
                       "a key goes over HTTPS only");
    }
    l->log_url =
        arena_printf(l->ctl->arena, "%.*s/api/v1/events", STR_ARGS(url));
    return true;
}

static bool read_key(struct listener *l, struct err *err)
{
    struct str key = STR_NONE;

    if (!file_first_line(l->ctl, "key-file", KEY_FILE_MAX, &key, err)) {
        return false;
    }
    if (str_has_control(key, "")) {
        return err_set(err, ERR_INVALID,
                       "--key-file: its first line is no API key");
    }
    l->key_line = arena_printf(l->ctl->arena, "X-API-Key: %.*s", STR_ARGS(key));
    return true;
}

static bool read_types(struct listener *l, struct err *err)
{
    struct str rest = option(l, "types");
    struct str name = STR_NONE;
    enum event_type type;

    while (str_split(&rest, ',', &name)) {
        name = str_trim(name);
        if (!event_type_find(name, &type)) {
            return err_set(err, ERR_INVALID,
                           "--types: \"%.*s\" is no type of event; as "
                           "visitor.checked_in,contractor.approved",
                           STR_ARGS(name));
        }
        l->filters = arena_printf(l->ctl->arena, "%.*s&type=%.*s",
                                  STR_ARGS(l->filters), STR_ARGS(name));
    }
    return true;
}

static bool read_target(struct listener *l, struct err *err)
{
    struct str url = option(l, "forward-to");

    l->is_print = option(l, "print").data != NULL;
    if (url.data == NULL) {
        return l->is_print ||
               err_set(err, ERR_INVALID,
                       "say what to do with the events: --forward-to URL, or "
                       "--print");
    }
    if (!str_starts(url, STR("http://")) && !str_starts(url, STR("https://"))) {
        return err_set(err, ERR_INVALID,
                       "--forward-to is a URL, as http://localhost:3000/hook");
    }
    l->forward_to = url;
    return true;
}

static bool read_secret(struct listener *l, struct err *err)
{
    uint8_t bytes[SIGN_KEY_MAX];
    struct buf made = BUF_EMPTY;
    size_t len = 0;

    if (option(l, "secret-file").data != NULL) {
        bool ok = file_first_line(l->ctl, "secret-file", KEY_FILE_MAX,
                                  &l->secret, err);
        if (ok && (!str_starts(l->secret, STR(SIGN_SECRET_PREFIX)) ||
                   !sign_key(l->secret, bytes, &len))) {
            ok = err_set(err, ERR_INVALID,
                         "--secret-file: a secret is " SIGN_SECRET_PREFIX
                         " and base64, nothing else");
        }
        crypt_wipe(bytes, sizeof bytes);
        return ok;
    }
    random_bytes(bytes, SECRET_BYTES);
    BUF_ADD(&made, SIGN_SECRET_PREFIX);
    base64_add(&made, bytes, SECRET_BYTES);
    l->secret = arena_str(l->ctl->arena, buf_str(&made));
    buf_free(&made);
    return true;
}

/* --- where to begin --------------------------------------------------------
 */

static void set_after(struct listener *l, struct str id)
{
    (void)snprintf(l->after, sizeof l->after, "%.*s", STR_ARGS(id));
}

static bool keep_state(struct listener *l, struct err *err)
{
    if (l->state_file == NULL || l->after[0] == '\0') {
        return true;
    }
    return state_file_write(l->state_file, str_of(l->after), l->ctl->arena,
                            err);
}

static bool read_state(struct listener *l, struct err *err)
{
    char line[STATE_LINE_MAX] = "";
    struct id id;

    l->state_file = option(l, "state-file").data;
    if (l->state_file == NULL) {
        return true;
    }
    if (!state_file_read(l->state_file, l->ctl->arena, line, err)) {
        return false;
    }
    const struct str text = str_of(line);
    if (text.len > 0 && !id_read(ID_EVENT, text, &id)) {
        return err_set(err, ERR_INVALID,
                       "--state-file: %s does not hold an event's id; name "
                       "another file, or remove it to begin at --since",
                       l->state_file);
    }
    set_after(l, text);
    return true;
}

static bool read_since(struct listener *l, bool *from_now, struct err *err)
{
    struct str since = option(l, "since");
    char time[RFC3339_LEN + 1];
    struct id id;
    int64_t at_us = 0;

    *from_now = l->after[0] == '\0' && since.data == NULL;
    if (l->after[0] != '\0' || since.data == NULL ||
        str_eq(since, STR("beginning"))) {
        return true;
    }
    if (id_read(ID_EVENT, since, &id)) {
        set_after(l, since);
        return true;
    }
    if (!when_read_past(since, clock_wall_us(), &at_us)) {
        return err_set(err, ERR_INVALID,
                       "--since \"%.*s\" is none of 30m, 24h, 7d, "
                       "2026-03-01T08:30:00Z, beginning, evt_…",
                       STR_ARGS(since));
    }
    rfc3339_write(at_us, time);
    l->filters = arena_printf(l->ctl->arena, "%.*s&created_from=%s",
                              STR_ARGS(l->filters), time);
    return true;
}

/* The last event there is; none in a log that is empty. */
static bool find_end(struct listener *l, struct err *err)
{
    struct json *page = NULL;
    const struct json *events = NULL;
    const struct json *id = NULL;

    if (!listen_read(l, STR("sort=-created_at&limit=1"), &page, err)) {
        return false;
    }
    if (page != NULL) {
        events = json_find(page, "events");
        if (json_count(events) > 0) {
            id = json_find(json_at(events, 0), "id");
            set_after(l, json_text(id));
        }
    }
    json_free(page);
    return true;
}

/* --- the loop --------------------------------------------------------------
 */

static void print_event(const struct listener *l, const struct json *event)
{
    struct buf out = BUF_EMPTY;
    struct json_writer w = json_writer(&out);

    w.pretty = !l->ctl->words.is_json;
    json_add_value(&w, event);
    (void)printf("%s\n", buf_cstr(&out));
    (void)fflush(stdout);
    buf_free(&out);
}

static bool is_over(const struct listener *l)
{
    return listen_stop != 0 || (l->max > 0 && l->seen >= l->max);
}

static bool deal_with(struct listener *l, const struct json *event,
                      struct err *err)
{
    if (l->is_print) {
        print_event(l, event);
    }
    if (l->forward_to.data != NULL && !listen_send(l, event, err)) {
        return false;
    }
    l->seen++;
    set_after(l, json_text(json_find(event, "id")));
    return keep_state(l, err);
}

/* Of a page that was read to its end the cursor is `after`: behind what did not
 * fit, too. */
static bool deal_with_page(struct listener *l, const struct json *page,
                           struct err *err)
{
    const struct json *events = json_find(page, "events");
    const struct json *end = json_find(page, "pagination");
    const struct json *after = json_find(end, "after");
    size_t count = json_count(events);

    for (size_t i = 0; i < count; i++) {
        if (is_over(l)) {
            return true;
        }
        if (!deal_with(l, json_at(events, i), err)) {
            return false;
        }
    }
    if (after != NULL && json_type(after) == JSON_TEXT) {
        set_after(l, json_text(after));
    }
    return keep_state(l, err);
}

static bool has_more(const struct json *page)
{
    const struct json *end = json_find(page, "pagination");

    return json_bool(json_find(end, "has_more"));
}

static bool turn(struct listener *l, int64_t *quiet_ms, struct err *err)
{
    struct json *page = NULL;
    struct str query = arena_printf(
        l->ctl->arena, "limit=%d%.*s%s%s", PAGE, STR_ARGS(l->filters),
        l->after[0] == '\0' ? "" : "&after=", l->after);
    uint64_t seen = l->seen;
    bool more = false;
    bool ok = listen_read(l, query, &page, err);

    if (ok && page != NULL) {
        ok = deal_with_page(l, page, err);
        more = has_more(page);
    }
    json_free(page);
    if (!ok || more || is_over(l)) {
        return ok;
    }
    *quiet_ms = l->seen > seen ? QUIET_MIN_MS
                               : MIN_OF(*quiet_ms + QUIET_MIN_MS / 4,
                                        (int64_t)QUIET_MAX_MS);
    listen_pause(l, *quiet_ms);
    return true;
}

static bool follow(struct listener *l, bool from_now, struct err *err)
{
    int64_t quiet_ms = QUIET_MIN_MS;
    struct arena *all = l->ctl->arena;
    struct arena *one = arena_new(PAGE_BYTES_MAX >> 12);
    bool ok = true;

    l->ctl->arena = one; /* What a turn makes is gone after it. */
    do {
        ok = !from_now || find_end(l, err);
    } while (ok && from_now && !l->was_answered && !is_over(l));
    if (ok && !is_over(l)) {
        (void)fprintf(stderr, "porterctl: listening; ctrl-C ends\n");
    }
    while (ok && !is_over(l)) {
        ok = turn(l, &quiet_ms, err);
        arena_reset(one);
    }
    l->ctl->arena = all;
    arena_free(one);
    return ok;
}

static bool open_all(struct listener *l, struct err *err)
{
    const char *ca = option(l, "ca").data;
    struct fetch_options api = {
        .max_transfers = 1,
        .max_idle = 1,
        .connect_ms = CONNECT_MS,
        .total_ms = API_MS,
        .response_max = PAGE_BYTES_MAX,
        .keep_max = PAGE_BYTES_MAX,
        .ca_file = ca,
    };
    struct fetch_options endpoint = {
        .max_transfers = 1,
        .max_idle = 1,
        .connect_ms = CONNECT_MS,
        .total_ms = ENDPOINT_MS,
        .response_max = ANSWER_BYTES_MAX,
    };

    if (ca != NULL && !fetch_ca_check(ca, err)) {
        return err_wrap(err, "--ca: %s", ca);
    }
    return fetch_open(&api, &l->api, err) &&
           fetch_open(&endpoint, &l->endpoint, err);
}

static void say_secret(const struct listener *l)
{
    if (l->forward_to.data != NULL && option(l, "secret-file").data == NULL) {
        (void)fprintf(stderr, "porterctl: signing with %.*s\n",
                      STR_ARGS(l->secret));
    }
}

static void say_summary(const struct listener *l)
{
    (void)fprintf(stderr, "porterctl: %llu events",
                  (unsigned long long)l->seen);
    if (l->forward_to.data != NULL) {
        (void)fprintf(stderr, ", %llu answered 2xx, %llu not",
                      (unsigned long long)l->good,
                      (unsigned long long)(l->seen - l->good));
    }
    if (l->after[0] != '\0') {
        (void)fprintf(stderr, "; go on with --since %s", l->after);
    }
    (void)fprintf(stderr, "\n");
}

bool listen_command(struct ctl *ctl, struct err *err)
{
    struct listener l = {.ctl = ctl, .id = id_new(), .lines.text = BUF_EMPTY};
    bool from_now = false;
    bool ok = read_url(&l, err) && read_key(&l, err) && read_target(&l, err) &&
              read_types(&l, err) && read_secret(&l, err) &&
              read_state(&l, err) && read_since(&l, &from_now, err) &&
              ctl_number(ctl, "count", 1, COUNT_MAX, 0, &l.max, err) &&
              open_all(&l, err);

    if (ok) {
        (void)signal(SIGINT, on_signal);
        (void)signal(SIGTERM, on_signal);
        say_secret(&l);
        ok = follow(&l, from_now, err);
        say_summary(&l);
    }
    fetch_close(l.api);
    fetch_close(l.endpoint);
    buf_free(&l.lines.text);
    return ok;
}
