/* Stands beside intake, where a record ends that is not an event. */
#include "dispatcher/letter.h"

#include "bus/dead_letter.h"
#include "bus/producer.h"
#include "store/event.h"

#include <inttypes.h>
#include <stdlib.h>

#define SEND_MS 5000
#define QUEUE_MAX 16
#define ARENA_BYTES 4096

struct letters {
    struct producer *producer;
    struct arena *arena;
};

struct letter letter_make(const struct record *r, struct str reason,
                          struct arena *arena)
{
    struct letter l = {.record = *r, .reason = arena_str(arena, reason)};

    l.record.topic = arena_str(arena, r->topic);
    l.record.key = arena_str(arena, r->key);
    l.record.value = arena_str(arena, r->value);
    for (size_t i = 0; i < r->header_count; i++) {
        l.record.headers[i].name = arena_str(arena, r->headers[i].name);
        l.record.headers[i].value = arena_str(arena, r->headers[i].value);
    }
    return l;
}

static void add_header(struct record *r, struct str name, struct str value)
{
    if (r->header_count < RECORD_HEADERS_MAX) {
        r->headers[r->header_count++] = (struct record_header){name, value};
    }
}

struct record letter_record(const struct letter *l, enum letter_form form,
                            struct arena *arena)
{
    const struct record *from = &l->record;
    struct record r = {.topic = str_of(event_dead_letters_topic)};

    add_header(&r, STR(DEAD_TOPIC), from->topic);
    add_header(&r, STR(DEAD_PARTITION),
               arena_printf(arena, "%" PRId32, from->place.partition));
    add_header(&r, STR(DEAD_OFFSET),
               arena_printf(arena, "%" PRId64, from->place.offset));
    add_header(&r, STR(DEAD_REASON), l->reason);
    if (form != LETTER_WHOLE) {
        add_header(
            &r, STR(DEAD_LEFT_OUT),
            arena_printf(arena, "the value, %zu bytes%s", from->value.len,
                         form == LETTER_BARE ? ", key and headers" : ""));
    }
    if (form == LETTER_BARE) {
        return r;
    }
    r.key = from->key;
    r.value = form == LETTER_WHOLE ? from->value : STR_NONE;
    for (size_t i = 0; i < from->header_count; i++) {
        add_header(&r, from->headers[i].name, from->headers[i].value);
    }
    return r;
}

bool letters_open(const struct bus_options *bus, struct letters **out,
                  struct err *err)
{
    struct letters *l = mem_zero(1, sizeof *l);
    const struct producer_options producer = {
        .bus = bus,
        .message_timeout_ms = SEND_MS,
        .queue_max = QUEUE_MAX,
    };

    l->arena = arena_new(ARENA_BYTES);
    if (!producer_open(&producer, &l->producer, err)) {
        letters_close(l);
        return false;
    }
    *out = l;
    return true;
}

void letters_close(struct letters *l)
{
    if (l == NULL) {
        return;
    }
    producer_close(l->producer);
    arena_free(l->arena);
    free(l);
}

static bool send_form(struct letters *l, const struct letter *letter,
                      enum letter_form form, struct err *err)
{
    struct record r = letter_record(letter, form, l->arena);
    bool is_acked = false;
    size_t bad = 0;

    bool ok = producer_send(l->producer, &r, 1, SEND_MS, &is_acked, &bad, err);
    arena_reset(l->arena);
    if (ok && !is_acked) {
        return err_set(err, ERR_UNAVAILABLE,
                       "Kafka did not take a dead letter");
    }
    return ok;
}

/* A letter that can't be sent would stop its partition for ever. */
bool letters_send(struct letters *l, const struct letter *letter,
                  struct err *err)
{
    for (enum letter_form form = LETTER_WHOLE; form < LETTER_BARE; form++) {
        if (send_form(l, letter, form, err)) {
            return true;
        }
        if (err->code == ERR_UNAVAILABLE) {
            return false;
        }
        err_clear(err);
    }
    return send_form(l, letter, LETTER_BARE, err);
}
