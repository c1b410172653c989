/* porterctl events tail: what internal systems read, for people's eyes.
 *
 * Reads as a group of its own that commits nothing, so nobody else's reading
 * is moved. */
#include "porterctl/ctl.h"

#include "bus/consumer.h"
#include "json/json.h"
#include "message/message.h"
#include "store/event.h"

#include <signal.h>
#include <stdio.h>

#define POLL_MS 200
#define POLL_MAX 500
#define COUNT_MAX 1000000000ULL

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

static void add_headers(struct json_writer *w, const struct record *r)
{
    json_key(w, STR("headers"));
    json_object_begin(w);
    for (size_t i = 0; i < r->header_count; i++) {
        json_key(w, r->headers[i].name);
        json_add_text(w, r->headers[i].value);
    }
    json_object_end(w);
}

/* The event as JSON; null when the bytes are none. */
static void add_event(struct json_writer *w, const struct record *r,
                      struct arena *arena)
{
    ProtobufCMessage *m = NULL;
    struct err ignored = ERR_NONE;

    json_key(w, STR("event"));
    if (message_unpack(&porter__v1__event__descriptor, r->value, arena, &m,
                       &ignored)) {
        message_write_json(m, w);
    } else {
        json_add_null(w);
    }
}

static void print_json(const struct record *r, struct arena *arena)
{
    struct buf out = BUF_EMPTY;
    struct json_writer w = json_writer(&out);

    json_object_begin(&w);
    json_key(&w, STR("topic"));
    json_add_text(&w, str_of(event_topics[r->place.topic]));
    json_key(&w, STR("partition"));
    json_add_int(&w, r->place.partition);
    json_key(&w, STR("offset"));
    json_add_int(&w, r->place.offset);
    json_key(&w, STR("at_ms"));
    json_add_int(&w, r->at_ms);
    json_key(&w, STR("key"));
    json_add_text(&w, r->key);
    add_headers(&w, r);
    add_event(&w, r, arena);
    json_object_end(&w);
    (void)printf("%s\n", buf_cstr(&out));
    (void)fflush(stdout);
    buf_free(&out);
}

static void print_plain(const struct record *r, struct arena *arena)
{
    struct buf out = BUF_EMPTY;
    struct json_writer w = json_writer(&out);

    (void)printf("%s/%d@%lld  %.*s\n", event_topics[r->place.topic],
                 (int)r->place.partition, (long long)r->place.offset,
                 STR_ARGS(r->key));
    for (size_t i = 0; i < r->header_count; i++) {
        (void)printf("    %s: %.*s\n", r->headers[i].name.data,
                     STR_ARGS(r->headers[i].value));
    }
    w.pretty = true;
    json_object_begin(&w);
    add_event(&w, r, arena);
    json_object_end(&w);
    (void)printf("%s\n", buf_cstr(&out));
    (void)fflush(stdout);
    buf_free(&out);
}

/* Until `count` records were shown (0: for ever) or a signal. */
static bool follow(struct ctl *ctl, struct consumer *c, uint64_t count,
                   struct err *err)
{
    const struct record *records = NULL;
    struct arena *turn = arena_new(POLL_MAX);
    uint64_t shown = 0;
    size_t got = 0;
    bool said = false;
    bool ok = true;

    while (ok && stop == 0 && (count == 0 || shown < count)) {
        ok = consumer_poll(c, POLL_MS, POLL_MAX, &records, &got, err);
        for (size_t i = 0; ok && i < got && (count == 0 || shown < count);
             i++, shown++) {
            if (ctl->words.is_json) {
                print_json(&records[i], turn);
            } else {
                print_plain(&records[i], turn);
            }
            arena_reset(turn);
        }
        if (!said && consumer_is_joined(c)) {
            (void)fprintf(stderr, "reading; ctrl-C ends\n");
            said = true;
        }
    }
    arena_free(turn);
    return ok;
}

bool events_tail(struct ctl *ctl, struct err *err)
{
    struct str from = words_value(&ctl->words, "from");
    struct bus_options bus = ctl_bus_options(ctl);
    bool from_start = str_eq(from, STR("beginning"));
    struct str group = arena_printf(ctl->arena, "porterctl-%s",
                                    id_text(ID_REQUEST, id_new()).data);
    struct consumer_options opts = {
        .bus = &bus,
        .group = group.data,
        .topics = event_topics,
    };
    struct consumer *c = NULL;
    uint64_t count = 0;
    bool ok = false;

    if (from.data != NULL && !from_start && !str_eq(from, STR("end"))) {
        return err_set(err, ERR_INVALID, "--from is beginning or end");
    }
    if (!ctl_number(ctl, "count", 1, COUNT_MAX, 0, &count, err)) {
        return false;
    }
    opts.from_end = !from_start;
    (void)signal(SIGINT, on_signal);
    (void)signal(SIGTERM, on_signal);
    ok = consumer_open(&opts, &c, err) && follow(ctl, c, count, err);
    consumer_close(c);
    return ok;
}
