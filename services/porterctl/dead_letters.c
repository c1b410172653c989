/* porterctl dead-letters: what could not be read or sent, and back with it.
 *
 * A letter begins with the headers of bus/dead_letter.h. Those of older
 * versions are read as well: a dispatcher's began with topic, partition,
 * offset, reason and left_out, a relay's ended with porter_dead_topic,
 * …_reason, …_bytes. */
#include "porterctl/ctl.h"

#include "base/clock.h"
#include "base/codec.h"
#include "bus/dead_letter.h"
#include "bus/producer.h"
#include "bus/reader.h"
#include "json/json.h"
#include "message/message.h"
#include "porterctl/when.h"
#include "store/event.h"

#include <inttypes.h>
#include <stdio.h>

#define IDLE_MS 10000
#define SEND_MS 10000
#define LIST_MAX 1000
#define LIST_USUAL 50
#define PARTITIONS_MAX 1000
#define COLUMNS 7
#define ARENA_BYTES 4096
#define OLD_BYTES "porter_dead_bytes"
#define OLD_BEHIND 3 /* Headers of an old relay's letter. */

struct letter {
    struct record record; /* As it was, as far as the letter has it. */
    struct str place;     /* Of the letter: 0:17. */
    struct str was_at;    /* Of the record; STR_NONE: never on Kafka. */
    struct str reason;
    struct str left_out; /* STR_NONE: nothing */
    int64_t at_ms;
};

/* --- reading -------------------------------------------------------------- */

static bool is_named(const struct record *r, size_t i, const char *name)
{
    return i < r->header_count && str_eq(r->headers[i].name, str_of(name));
}

static void cut_headers(struct record *r, size_t from, size_t count)
{
    r->header_count -= count;
    memmove(&r->headers[from], &r->headers[from + count],
            (r->header_count - from) * sizeof *r->headers);
}

/* Take the first header, if it is this one; else *value stays. */
static bool take(struct record *r, const char *name, struct str *value)
{
    if (!is_named(r, 0, name)) {
        return false;
    }
    *value = r->headers[0].value;
    cut_headers(r, 0, 1);
    return true;
}

/* Their names, in the order in which they stand first. */
struct names {
    const char *topic, *partition, *offset, *reason, *left_out;
};
static const struct names names = {DEAD_TOPIC, DEAD_PARTITION, DEAD_OFFSET,
                                   DEAD_REASON, DEAD_LEFT_OUT};
static const struct names old_names = {"topic", "partition", "offset", "reason",
                                       "left_out"};

static void read_first(struct letter *l, const struct names *n,
                       struct arena *arena)
{
    struct record *r = &l->record;
    struct str partition = STR_NONE;
    struct str offset = STR_NONE;

    (void)take(r, n->topic, &r->topic);
    if (take(r, n->partition, &partition) && take(r, n->offset, &offset)) {
        l->was_at = arena_printf(arena, "%.*s:%.*s", STR_ARGS(partition),
                                 STR_ARGS(offset));
    }
    (void)take(r, n->reason, &l->reason);
    (void)take(r, n->left_out, &l->left_out);
}

static void read_old_relays(struct letter *l, struct arena *arena)
{
    struct record *r = &l->record;
    size_t first = r->header_count - OLD_BEHIND;
    struct str bytes = r->headers[first + 2].value;
    uint64_t was = 0;

    r->topic = r->headers[first].value;
    l->reason = r->headers[first + 1].value;
    if (!str_to_u64(bytes, INT64_MAX, &was) || was != r->value.len) {
        l->left_out = arena_printf(arena, "all but the first %zu of %.*s bytes",
                                   r->value.len, STR_ARGS(bytes));
    }
    cut_headers(r, first, OLD_BEHIND);
}

/* Borrows the record. */
static struct letter letter_read(const struct record *r, struct arena *arena)
{
    struct letter l = {.record = *r, .at_ms = r->at_ms};

    l.record.topic = STR_NONE;
    l.place = arena_printf(arena, "%" PRId32 ":%" PRId64, r->place.partition,
                           r->place.offset);
    if (is_named(r, 0, DEAD_TOPIC)) {
        read_first(&l, &names, arena);
    } else if (is_named(r, 0, "topic") && is_named(r, 1, "partition") &&
               is_named(r, 2, "offset") && is_named(r, 3, "reason")) {
        read_first(&l, &old_names, arena);
    } else if (r->header_count > OLD_BEHIND &&
               is_named(r, r->header_count - OLD_BEHIND, DEAD_TOPIC) &&
               is_named(r, r->header_count - 1, OLD_BYTES)) {
        read_old_relays(&l, arena);
    }
    return l;
}

static bool read_place(struct str text, struct record_place *out,
                       struct err *err)
{
    struct str rest = text;
    struct str part = STR_NONE;
    uint64_t partition = 0;
    uint64_t offset = 0;

    if (!str_split(&rest, ':', &part) ||
        !str_to_u64(part, PARTITIONS_MAX, &partition) ||
        !str_split(&rest, ':', &part) ||
        !str_to_u64(part, INT64_MAX, &offset) || rest.data != NULL) {
        return err_set(err, ERR_INVALID,
                       "\"%.*s\" is no letter: write it as the list does, 0:17",
                       STR_ARGS(text));
    }
    *out = (struct record_place){.partition = (int32_t)partition,
                                 .offset = (int64_t)offset};
    return true;
}

static struct str keep(struct arena *arena, struct str s)
{
    return s.data == NULL ? STR_NONE : arena_str(arena, s);
}

/* --- list ----------------------------------------------------------------- */

struct list {
    struct ctl *ctl;
    struct field *fields; /* Room for `max` rows. */
    size_t count;
    size_t max;
};

static bool list_add(void *user, const struct record *r, struct err *err)
{
    struct list *list = user;
    struct arena *arena = list->ctl->arena;
    struct letter l = letter_read(r, arena);
    struct field *row = &list->fields[list->count * COLUMNS];

    (void)err;
    if (list->count == list->max) {
        return true; /* Came while we read. */
    }
    list->count++;
    row[0] = F_TEXT("letter", l.place);
    row[1] = F_TIME("at", l.at_ms * US_PER_MS);
    row[2] = F_TEXT("topic", keep(arena, l.record.topic));
    row[3] = F_TEXT("was_at", l.was_at);
    row[4] = F_TEXT("key", keep(arena, l.record.key));
    row[5] = F_TEXT("reason", keep(arena, l.reason));
    row[6] = F_TEXT("left_out", keep(arena, l.left_out));
    return true;
}

bool dead_letters_list(struct ctl *ctl, struct err *err)
{
    struct bus_options bus = ctl_bus_options(ctl);
    struct list list = {.ctl = ctl};
    uint64_t limit = 0;

    if (!ctl_number(ctl, "limit", 1, LIST_MAX, LIST_USUAL, &limit, err)) {
        return false;
    }
    list.max = limit;
    list.fields = arena_zero(ctl->arena, limit * COLUMNS, sizeof(*list.fields));
    if (!topic_read(&bus, event_dead_letters_topic,
                    &(struct reader_range){.newest = (int64_t)limit}, IDLE_MS,
                    list_add, &list, err)) {
        return false;
    }
    output_list(ctl->words.is_json, list.fields, COLUMNS, list.count,
                "no dead letters");
    return true;
}

/* --- show ----------------------------------------------------------------- */

static struct str headers_json(const struct record *r, struct arena *arena)
{
    struct buf out = BUF_EMPTY;
    struct json_writer w = json_writer(&out);
    struct str text;

    json_object_begin(&w);
    for (size_t i = 0; i < r->header_count; i++) {
        json_key(&w, r->headers[i].name);
        json_add_text(&w, r->headers[i].value);
    }
    json_object_end(&w);
    text = arena_str(arena, buf_str(&out));
    buf_free(&out);
    return text;
}

/* The value as an event; "null" when it is none. */
static struct str event_json(struct str value, struct arena *arena)
{
    struct buf out = BUF_EMPTY;
    struct json_writer w = json_writer(&out);
    ProtobufCMessage *m = NULL;
    struct err ignored = ERR_NONE;
    struct str text;

    if (value.len == 0 || !message_unpack(&porter__v1__event__descriptor, value,
                                          arena, &m, &ignored)) {
        return STR("null");
    }
    message_write_json(m, &w);
    text = arena_str(arena, buf_str(&out));
    buf_free(&out);
    return text;
}

static bool show(void *user, const struct record *r, struct err *err)
{
    struct ctl *ctl = user;
    struct letter l = letter_read(r, ctl->arena);
    struct buf base64 = BUF_EMPTY;

    (void)err;
    base64_add(&base64, l.record.value.data, l.record.value.len);
    const struct field fields[] = {
        F_TEXT("letter", l.place),
        F_TIME("at", l.at_ms * US_PER_MS),
        F_TEXT("topic", l.record.topic),
        F_TEXT("was_at", l.was_at),
        F_TEXT("reason", l.reason),
        F_TEXT("left_out", l.left_out),
        F_TEXT("key", l.record.key),
        F_JSON("headers", headers_json(&l.record, ctl->arena)),
        F_JSON("event", event_json(l.record.value, ctl->arena)),
        F_TEXT("value_base64", buf_str(&base64)),
    };
    output_one(ctl->words.is_json, fields, COUNT_OF(fields));
    buf_free(&base64);
    return true;
}

bool dead_letters_show(struct ctl *ctl, struct err *err)
{
    struct bus_options bus = ctl_bus_options(ctl);
    struct record_place at = {0};

    return read_place(ctl->words.subject, &at, err) &&
           topic_read(&bus, event_dead_letters_topic,
                      &(struct reader_range){.at = &at}, IDLE_MS, show, ctl,
                      err);
}

/* --- requeue -------------------------------------------------------------- */

struct requeue {
    struct ctl *ctl;
    struct producer *producer;
    struct arena *arena; /* A letter's. */
    bool is_one;         /* What can't go back is an error. */
    int64_t since_ms;
    int64_t sent;
    int64_t left; /* Can't go back. */
};

static bool is_event_topic(struct str name)
{
    for (size_t i = 0; event_topics[i] != NULL; i++) {
        if (str_eq(name, str_of(event_topics[i]))) {
            return true;
        }
    }
    return false;
}

static bool may_go(const struct letter *l, struct err *err)
{
    if (!is_event_topic(l->record.topic)) {
        return err_set(err, ERR_CONFLICT,
                       "letter %.*s does not say which of Porter's topics it "
                       "is of",
                       STR_ARGS(l->place));
    }
    return l->left_out.data == NULL ||
           err_set(err, ERR_CONFLICT,
                   "letter %.*s does not hold the whole record (left out: "
                   "%.*s); porterctl events republish takes events from the "
                   "log",
                   STR_ARGS(l->place), STR_ARGS(l->left_out));
}

/* The letter stays: who sends it twice sends the event once more. */
static void mark_again(struct record *r)
{
    for (size_t i = 0; i < r->header_count; i++) {
        if (is_named(r, i, RECORD_AGAIN)) {
            return;
        }
    }
    if (r->header_count < RECORD_HEADERS_MAX) {
        r->headers[r->header_count++] =
            (struct record_header){STR(RECORD_AGAIN), STR("1")};
    }
}

static bool send(struct requeue *q, const struct letter *l, struct err *err)
{
    struct record r = l->record;
    bool is_acked = false;
    size_t bad = 0;

    r.at_ms = 0;
    r.topic = arena_str(q->arena, r.topic);
    mark_again(&r);
    if (!producer_send(q->producer, &r, 1, SEND_MS, &is_acked, &bad, err)) {
        return err_wrap(err, "letter %.*s", STR_ARGS(l->place));
    }
    return is_acked ||
           err_set(err, ERR_UNAVAILABLE,
                   "Kafka did not take letter %.*s: %s; those "
                   "before it are sent",
                   STR_ARGS(l->place), producer_trouble(q->producer));
}

static bool requeue(void *user, const struct record *r, struct err *err)
{
    struct requeue *q = user;
    struct letter l = letter_read(r, q->arena);
    struct err why = ERR_NONE;
    bool ok = true;

    if (r->at_ms < q->since_ms) {
        ok = true;
    } else if (may_go(&l, &why)) {
        ok = send(q, &l, err);
        q->sent += ok;
    } else if (q->is_one) {
        *err = why;
        ok = false;
    } else {
        (void)fprintf(stderr, "%s\n", why.text);
        q->left++;
    }
    arena_reset(q->arena);
    return ok;
}

static bool requeue_range(struct requeue *q, const struct reader_range *range,
                          struct err *err)
{
    struct bus_options bus = ctl_bus_options(q->ctl);
    const struct producer_options producer = {
        .bus = &bus, .message_timeout_ms = SEND_MS, .queue_max = 1};
    bool ok = false;

    if (!producer_open(&producer, &q->producer, err)) {
        return false;
    }
    q->arena = arena_new(ARENA_BYTES);
    ok = topic_read(&bus, event_dead_letters_topic, range, IDLE_MS, requeue, q,
                    err);
    arena_free(q->arena);
    producer_close(q->producer);
    if (ok) {
        const struct field fields[] = {F_INT("requeued", q->sent),
                                       F_INT("left", q->left)};

        output_one(q->ctl->words.is_json, fields, COUNT_OF(fields));
    }
    return ok;
}

bool dead_letters_requeue(struct ctl *ctl, struct err *err)
{
    struct str since = words_value(&ctl->words, "since");
    struct requeue q = {.ctl = ctl};
    struct record_place at = {0};
    int64_t since_us = 0;

    if ((ctl->words.subject.data == NULL) == (since.data == NULL)) {
        return err_set(err, ERR_INVALID,
                       "name one letter as the list does (0:17), or --since "
                       "WHEN for all since then; not both");
    }
    if (since.data == NULL) {
        q.is_one = true;
        return read_place(ctl->words.subject, &at, err) &&
               requeue_range(&q, &(struct reader_range){.at = &at}, err);
    }
    if (!when_read_past(since, clock_wall_us(), &since_us)) {
        return err_set(err, ERR_INVALID,
                       "--since \"%.*s\" is no time that is past: write 30m, "
                       "24h or 2027-01-31T00:00:00Z",
                       STR_ARGS(since));
    }
    q.since_ms = since_us / US_PER_MS;
    return requeue_range(&q, &(struct reader_range){0}, err);
}
