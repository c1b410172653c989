/* porterctl events tail: what internal systems read, for people's eyes.
 *
 * Reads outside of all groups, so nobody else's reading is moved and no right
 * to join one is needed. */
#include "porterctl/ctl.h"

#include "bus/follower.h"
#include "bus/reader.h"
#include "json/json.h"
#include "message/message.h"
#include "store/event.h"

#include <signal.h>
#include <stdio.h>

#define POLL_MS 200
#define WAIT_MS 10000
#define ARENA_BYTES 4096
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

struct tail {
    struct ctl *ctl;
    struct arena *arena; /* A record's. */
    uint64_t count;      /* Of records to show; 0: no matter. */
    uint64_t shown;
    int32_t topic; /* That is read to its end. */
};

static bool is_done(const struct tail *t)
{
    return t->count != 0 && t->shown >= t->count;
}

static void show(struct tail *t, const struct record *r)
{
    if (t->ctl->words.is_json) {
        print_json(r, t->arena);
    } else {
        print_plain(r, t->arena);
    }
    arena_reset(t->arena);
    t->shown++;
}

/* Until all were shown or a signal. */
static bool follow(struct tail *t, bool from_end, struct err *err)
{
    struct bus_options bus = ctl_bus_options(t->ctl);
    const struct follower_options opts = {
        .bus = &bus,
        .topics = event_topics,
        .from_end = from_end,
        .wait_ms = WAIT_MS,
    };
    const struct record *record = NULL;
    struct follower *f = NULL;
    bool ok = true;

    (void)signal(SIGINT, on_signal);
    (void)signal(SIGTERM, on_signal);
    if (!follower_open(&opts, &f, err)) {
        return false;
    }
    (void)fprintf(stderr, "reading; ctrl-C ends\n");
    while (ok && stop == 0 && !is_done(t)) {
        ok = follower_poll(f, POLL_MS, &record, err);
        if (ok && record != NULL) {
            show(t, record);
        }
    }
    follower_close(f);
    return ok;
}

static bool show_one(void *user, const struct record *r, struct err *err)
{
    struct tail *t = user;
    struct record of_topic = *r;

    (void)err;
    of_topic.place.topic = t->topic;
    show(t, &of_topic);
    return !is_done(t);
}

/* What is there now, topic by topic. */
static bool read_to_end(struct tail *t, struct err *err)
{
    struct bus_options bus = ctl_bus_options(t->ctl);

    for (t->topic = 0; event_topics[t->topic] != NULL && !is_done(t);
         t->topic++) {
        if (!topic_read(&bus, event_topics[t->topic], &(struct reader_range){0},
                        WAIT_MS, show_one, t, err)) {
            return false;
        }
    }
    return true;
}

bool events_tail(struct ctl *ctl, struct err *err)
{
    struct str from = words_value(&ctl->words, "from");
    bool from_start = str_eq(from, STR("beginning"));
    bool to_end = words_value(&ctl->words, "to-end").data != NULL;
    struct tail t = {.ctl = ctl};
    bool ok = false;

    if (from.data != NULL && !from_start && !str_eq(from, STR("end"))) {
        return err_set(err, ERR_INVALID, "--from is beginning or end");
    }
    if (to_end && !from_start) {
        return err_set(err, ERR_INVALID, "--to-end wants --from beginning");
    }
    if (!ctl_number(ctl, "count", 1, COUNT_MAX, 0, &t.count, err)) {
        return false;
    }
    t.arena = arena_new(ARENA_BYTES);
    ok = to_end ? read_to_end(&t, err) : follow(&t, !from_start, err);
    arena_free(t.arena);
    return ok;
}
