/* A ring under a lock; Redis lists of JSON lines. */
#include "gateway/calls.h"

#include "base/clock.h"
#include "base/codec.h"
#include "crypt/crypt.h"
#include "json/json.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RING 4096
#define METHOD_MAX 8
#define PATH_MAX_BYTES 160
#define ADDRESS_MAX 46
#define REQUEST_MAX 64
#define NAME_MAX 80
#define NUMBER_MAX 24
#define KEPT_MS (7LL * 86400 * 1000)
#define ARENA_BYTES 1024

struct entry {
    struct id org_id;
    struct id key_id;
    struct id event_id;
    int64_t at_us;
    int64_t took_us;
    unsigned status;
    char method[METHOD_MAX];
    char path[PATH_MAX_BYTES];
    char address[ADDRESS_MAX];
    char request_id[REQUEST_MAX];
};

struct calls {
    pthread_mutex_t lock;
    size_t count;
    struct entry ring[RING]; /* The next goes to count % RING. */
    struct entry sent[RING]; /* Of the thread that flushes. */
};

struct calls *calls_new(void)
{
    struct calls *c = mem_zero(1, sizeof *c);

    (void)pthread_mutex_init(&c->lock, NULL);
    return c;
}

void calls_free(struct calls *c)
{
    if (c != NULL) {
        (void)pthread_mutex_destroy(&c->lock);
        free(c);
    }
}

static void copy(char *out, size_t room, struct str s)
{
    size_t len = MIN_OF(s.len, room - 1);

    if (len > 0) {
        memcpy(out, s.data, len);
    }
    out[len] = '\0';
}

void calls_note(struct calls *c, const struct call_note *note)
{
    struct entry *e = NULL;

    (void)pthread_mutex_lock(&c->lock);
    e = &c->ring[c->count++ % RING];
    e->org_id = note->org_id;
    e->key_id = note->key_id;
    e->event_id = note->event_id;
    e->at_us = note->at_us;
    e->took_us = note->took_us;
    e->status = note->status;
    copy(e->method, sizeof e->method, note->method);
    copy(e->path, sizeof e->path, note->path);
    copy(e->address, sizeof e->address, note->address);
    copy(e->request_id, sizeof e->request_id, note->request_id);
    (void)pthread_mutex_unlock(&c->lock);
}

/* --- to Redis ------------------------------------------------------------ */

static const struct kv_script push = {
    .name = "calls_push",
    .text = "local r = {}\n"
            "for i = 1, #KEYS do\n"
            "    local a = 3 * (i - 1)\n"
            "    for line in string.gmatch(ARGV[a + 1], '[^\\n]+') do\n"
            "        redis.call('LPUSH', KEYS[i], line)\n"
            "    end\n"
            "    redis.call('LTRIM', KEYS[i], 0, ARGV[a + 2] - 1)\n"
            "    redis.call('PEXPIRE', KEYS[i], ARGV[a + 3])\n"
            "    r[i] = 1\n"
            "end\n"
            "return r\n",
    .keys_per_item = 1,
    .args_per_item = 3,
};

static const struct kv_script read_all = {
    .name = "calls_read",
    .text = "local r = {}\n"
            "for i = 1, #KEYS do\n"
            "    r[i] = table.concat(redis.call('LRANGE', KEYS[i], 0, -1), "
            "'\\n')\n"
            "end\n"
            "return r\n",
    .keys_per_item = 1,
    .args_per_item = 0,
};

static struct str name_of(struct id org_id, struct id key_id,
                          char out[NAME_MAX])
{
    char org[2 * sizeof org_id.bytes + 1];
    char key[2 * sizeof key_id.bytes + 1];

    hex_write(org_id.bytes, sizeof org_id.bytes, org);
    hex_write(key_id.bytes, sizeof key_id.bytes, key);
    (void)snprintf(out, NAME_MAX, "c:%s:%s", org, key);
    return str_of(out);
}

static void text(struct json_writer *w, struct str name, const char *value)
{
    json_key(w, name);
    json_add_text(w, str_of(value));
}

static void write_entry(const struct entry *e, struct buf *out)
{
    struct json_writer w = json_writer(out);

    buf_addf(out, "%lld ", (long long)e->at_us);
    json_object_begin(&w);
    json_key(&w, STR("at"));
    json_add_time(&w, e->at_us);
    text(&w, STR("method"), e->method);
    text(&w, STR("path"), e->path);
    json_key(&w, STR("status"));
    json_add_int(&w, e->status);
    json_key(&w, STR("duration_ms"));
    json_add_double(&w, (double)e->took_us / 1000.0);
    text(&w, STR("request_id"), e->request_id);
    json_key(&w, STR("event_id"));
    if (id_is_zero(e->event_id)) {
        json_add_null(&w);
    } else {
        json_add_text(&w, str_of(id_text(ID_EVENT, e->event_id).data));
    }
    text(&w, STR("address"), e->address);
    json_object_end(&w);
    buf_add_char(out, '\n');
}

static int by_key_and_time(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    int order = memcmp(&x->key_id, &y->key_id, sizeof x->key_id);

    return order != 0 ? order : (x->at_us > y->at_us) - (x->at_us < y->at_us);
}

static void send_some(struct kv *kv, const struct entry *first, size_t count,
                      struct arena *arena)
{
    const size_t begin = count > CALLS_KEPT ? count - CALLS_KEPT : 0;
    char name[NAME_MAX];
    char kept[NUMBER_MAX];
    char ttl[NUMBER_MAX];
    struct buf lines = BUF_EMPTY;
    struct kv_reply reply = {0};
    struct err ignored = ERR_NONE; /* Lost, as promised. */
    struct str key = name_of(first->org_id, first->key_id, name);
    struct str args[3];

    for (size_t i = begin; i < count; i++) {
        write_entry(&first[i], &lines);
    }
    (void)snprintf(kept, sizeof kept, "%d", CALLS_KEPT);
    (void)snprintf(ttl, sizeof ttl, "%lld", KEPT_MS);
    args[0] = buf_str(&lines);
    args[1] = str_of(kept);
    args[2] = str_of(ttl);
    (void)!kv_eval(kv, &push, &key, args, arena, &reply, &ignored);
    buf_free(&lines);
}

/* What was in the ring, oldest first by key. */
static size_t take(struct calls *c)
{
    size_t count = 0;

    (void)pthread_mutex_lock(&c->lock);
    count = MIN_OF(c->count, (size_t)RING);
    memcpy(c->sent, c->ring, count * sizeof c->sent[0]);
    c->count = 0;
    (void)pthread_mutex_unlock(&c->lock);
    qsort(c->sent, count, sizeof c->sent[0], by_key_and_time);
    return count;
}

void calls_flush(struct calls *c, struct kv *kv)
{
    size_t count = take(c);
    struct arena *arena = count > 0 ? arena_new(ARENA_BYTES) : NULL;

    for (size_t i = 0, end = 0; i < count && kv_is_up(kv); i = end) {
        while (end < count && id_eq(c->sent[end].key_id, c->sent[i].key_id)) {
            end++;
        }
        send_some(kv, &c->sent[i], end - i, arena);
        arena_reset(arena);
    }
    arena_free(arena);
}

/* --- from Redis ---------------------------------------------------------- */

int calls_compare(const struct call_kept *a, const struct call_kept *b)
{
    if (a->at_us != b->at_us) {
        return a->at_us > b->at_us ? -1 : 1;
    }
    return memcmp(&b->mark, &a->mark, sizeof a->mark);
}

static int newest_first(const void *a, const void *b)
{
    return calls_compare(a, b);
}

/* False: it is no line of ours. */
static bool read_line(struct str line, struct call_kept *out)
{
    struct sha256 hash;
    struct str number = STR_NONE;
    uint64_t at_us = 0;

    if (!str_split(&line, ' ', &number) ||
        !str_to_u64(number, INT64_MAX, &at_us)) {
        return false;
    }
    *out = (struct call_kept){.at_us = (int64_t)at_us, .json = line};
    hash = crypt_sha256(line);
    memcpy(out->mark.bytes, hash.bytes, sizeof out->mark.bytes);
    return true;
}

bool calls_read(struct kv *kv, struct id org_id, struct id key_id,
                struct arena *arena, struct call_kept **list, size_t *count,
                struct err *err)
{
    struct call_kept *all = arena_zero(arena, CALLS_KEPT, sizeof *all);
    char name[NAME_MAX];
    struct str key = name_of(org_id, key_id, name);
    struct str lines = STR_NONE;
    struct str line = STR_NONE;
    struct kv_reply reply = {0};
    size_t n = 0;

    if (!kv_eval(kv, &read_all, &key, NULL, arena, &reply, err)) {
        return false;
    }
    if (reply.count != 1 || reply.values[0].is_number) {
        return err_set(err, ERR_INTERNAL, "redis answered no list of calls");
    }
    lines = reply.values[0].text;
    while (n < CALLS_KEPT && str_split(&lines, '\n', &line)) {
        n += read_line(line, &all[n]) ? 1 : 0;
    }
    qsort(all, n, sizeof *all, newest_first);
    *list = all;
    *count = n;
    return true;
}
