/* hiredis without blocking: we poll, it formats nothing and parses replies.
 * (Looking a host name up is the one thing it does not let us bound.) */
#include "kv/link.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define LIFE_LEN (KV_LIFE_MAX - 1)

/* What the whole server says, not the script: later, or elsewhere. */
static const char *const server_errors[] = {
    "LOADING", "BUSY",   "READONLY",   "OOM",       "MISCONF",    "MASTERDOWN",
    "NOAUTH",  "NOPERM", "NOREPLICAS", "WRONGPASS", "CLUSTERDOWN"};

void link_init(struct link *l, const struct kv_options *opts,
               const struct kv_url *url)
{
    *l = (struct link){.opts = opts, .url = url};
}

void link_close(struct link *l)
{
    if (l->redis != NULL) {
        redisFree(l->redis);
    }
    l->redis = NULL;
    l->script_count = 0;
    buf_free(&l->command);
}

static bool lose(struct link *l, const char *why, struct err *err)
{
    (void)err_set(err, ERR_UNAVAILABLE, "redis: %s", why);
    link_close(l);
    return false;
}

/* The other end closed the connection. */
static bool hang_up(struct link *l, struct err *err)
{
    l->was_hung_up = true;
    return lose(l, "the connection was closed", err);
}

static bool wait_socket(struct link *l, short events, int64_t until_us,
                        struct err *err)
{
    struct pollfd fd = {.fd = l->redis->fd, .events = events};

    for (;;) {
        const int64_t left_us = until_us - clock_steady_us();

        if (left_us <= 0) {
            return lose(l, "no answer in time", err);
        }
        if (poll(&fd, 1, (int)(left_us / US_PER_MS) + 1) > 0) {
            return true;
        }
    }
}

static int64_t deadline(unsigned ms)
{
    return clock_steady_us() + (int64_t)ms * US_PER_MS;
}

/* --- commands ------------------------------------------------------------ */

static void begin(struct link *l, size_t words)
{
    buf_clear(&l->command);
    buf_add_char(&l->command, '*');
    buf_add_u64(&l->command, words);
    BUF_ADD(&l->command, "\r\n");
}

static void word(struct link *l, struct str s)
{
    buf_add_char(&l->command, '$');
    buf_add_u64(&l->command, s.len);
    BUF_ADD(&l->command, "\r\n");
    buf_add(&l->command, s);
    BUF_ADD(&l->command, "\r\n");
}

/* With send, not hiredis' write, which would raise SIGPIPE. */
static bool send_command(struct link *l, int64_t until_us, struct err *err)
{
    struct str rest = buf_str(&l->command);

    while (rest.len > 0) {
        const ssize_t n = send(l->redis->fd, rest.data, rest.len, MSG_NOSIGNAL);

        if (n > 0) {
            rest.data += n;
            rest.len -= (size_t)n;
        } else if (errno == EAGAIN) {
            if (!wait_socket(l, POLLOUT, until_us, err)) {
                return false;
            }
        } else if (errno != EINTR) {
            return hang_up(l, err);
        }
    }
    return true;
}

/* Send what was put together, read the one answer. */
static bool exchange(struct link *l, int64_t until_us, redisReply **out,
                     struct err *err)
{
    void *reply = NULL;

    if (!send_command(l, until_us, err)) {
        return false;
    }
    for (;;) {
        if (redisGetReplyFromReader(l->redis, &reply) != REDIS_OK) {
            return lose(l, "an answer that is not Redis'", err);
        }
        if (reply != NULL) {
            *out = reply;
            return true;
        }
        if (!wait_socket(l, POLLIN, until_us, err)) {
            return false;
        }
        if (redisBufferRead(l->redis) != REDIS_OK) {
            return hang_up(l, err);
        }
    }
}

/* --- opening ------------------------------------------------------------- */

static bool no_connection(struct link *l, const char *why, struct err *err)
{
    (void)err_set(err, ERR_UNAVAILABLE, "redis: can't connect: %s", why);
    link_close(l);
    return false;
}

static bool await_connected(struct link *l, int64_t until_us, struct err *err)
{
    socklen_t size = sizeof(int);
    int failure = 0;

    if (!wait_socket(l, POLLOUT, until_us, err)) {
        return false;
    }
    if (getsockopt(l->redis->fd, SOL_SOCKET, SO_ERROR, &failure, &size) != 0) {
        failure = errno;
    }
    if (failure != 0) {
        return no_connection(l, strerror(failure), err);
    }
    return true;
}

/* A command whose answer must be no error. */
static bool greet(struct link *l, int64_t until_us, struct err *err)
{
    redisReply *reply = NULL;
    bool ok = false;

    if (!exchange(l, until_us, &reply, err)) {
        return false;
    }
    ok = reply->type != REDIS_REPLY_ERROR || lose(l, reply->str, err);
    freeReplyObject(reply);
    return ok;
}

static bool log_in(struct link *l, int64_t until_us, struct err *err)
{
    const struct str user = str_of(l->url->user);

    if (l->url->password[0] != '\0') {
        begin(l, user.len > 0 ? 3 : 2);
        word(l, STR("AUTH"));
        if (user.len > 0) {
            word(l, user);
        }
        word(l, str_of(l->url->password));
        if (!greet(l, until_us, err)) {
            return false;
        }
    }
    if (l->url->database > 0) {
        struct buf number = BUF_EMPTY;

        buf_add_i64(&number, l->url->database);
        begin(l, 2);
        word(l, STR("SELECT"));
        word(l, buf_str(&number));
        buf_free(&number);
        return greet(l, until_us, err);
    }
    return true;
}

/* The server's run id, new at each of its starts. */
static bool learn_life(struct link *l, int64_t until_us, struct err *err)
{
    static const char name[] = "run_id:";
    redisReply *reply = NULL;
    const char *at = NULL;
    bool ok = false;

    begin(l, 2);
    word(l, STR("INFO"));
    word(l, STR("server"));
    if (!exchange(l, until_us, &reply, err)) {
        return false;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        (void)lose(l, reply->str, err);
        goto out;
    }
    at = reply->type == REDIS_REPLY_STRING ? strstr(reply->str, name) : NULL;
    if (at == NULL || strlen(at) < sizeof name - 1 + LIFE_LEN) {
        (void)lose(l, "INFO tells no run id", err);
        goto out;
    }
    memcpy(l->life, at + sizeof name - 1, LIFE_LEN);
    l->life[LIFE_LEN] = '\0';
    ok = true;

out:
    freeReplyObject(reply);
    return ok;
}

bool link_open(struct link *l, struct err *err)
{
    const int64_t until_us = deadline(l->opts->connect_ms);

    link_close(l);
    l->was_used = false;
    l->redis = l->url->is_unix
                   ? redisConnectUnixNonBlock(l->url->place)
                   : redisConnectNonBlock(l->url->place, l->url->port);
    if (l->redis == NULL) {
        oom(sizeof *l->redis);
    }
    if (l->redis->err != 0) {
        return no_connection(l, l->redis->errstr, err);
    }
    return await_connected(l, until_us, err) && log_in(l, until_us, err) &&
           learn_life(l, until_us, err);
}

/* --- scripts ------------------------------------------------------------- */

static const char *find_sha(const struct link *l,
                            const struct kv_script *script)
{
    for (size_t i = 0; i < l->script_count; i++) {
        if (l->scripts[i].script == script) {
            return l->scripts[i].sha;
        }
    }
    return NULL;
}

/* Word an error reply: the server's state, or the script's fault. */
static bool fail(struct link *l, const char *what, const char *text,
                 struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(server_errors); i++) {
        if (strncmp(text, server_errors[i], strlen(server_errors[i])) == 0) {
            return lose(l, text, err);
        }
    }
    return err_set(err, ERR_INTERNAL, "redis script %s: %s", what, text);
}

/* The script's SHA-1, from Redis itself. NULL: `err` says why. */
static const char *load(struct link *l, const struct kv_script *script,
                        struct err *err)
{
    redisReply *reply = NULL;
    const char *sha = NULL;

    begin(l, 3);
    word(l, STR("SCRIPT"));
    word(l, STR("LOAD"));
    word(l, str_of(script->text));
    if (!exchange(l, deadline(l->opts->timeout_ms), &reply, err)) {
        return NULL;
    }
    if (reply->type == REDIS_REPLY_STRING && reply->len == SHA1_HEX) {
        assert(l->script_count < LINK_SCRIPTS_MAX);
        l->scripts[l->script_count].script = script;
        memcpy(l->scripts[l->script_count].sha, reply->str, SHA1_HEX + 1);
        sha = l->scripts[l->script_count++].sha;
    } else {
        (void)fail(l, script->name,
                   reply->type == REDIS_REPLY_ERROR ? reply->str
                                                    : "SCRIPT LOAD: no hash",
                   err);
    }
    freeReplyObject(reply);
    return sha;
}

static void put_eval(struct link *l, const char *sha,
                     const struct kv_script *script, struct item **items,
                     size_t count)
{
    const size_t keys = script->keys_per_item;
    const size_t args = script->args_per_item;
    struct buf text = BUF_EMPTY;

    buf_add_u64(&text, count * keys);
    begin(l, 3 + count * (keys + args));
    word(l, STR("EVALSHA"));
    word(l, (struct str){sha, SHA1_HEX});
    word(l, buf_str(&text));
    buf_free(&text);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < keys; k++) {
            word(l, items[i]->keys[k]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t a = 0; a < args; a++) {
            word(l, items[i]->args[a]);
        }
    }
}

static struct kv_value value_of(const redisReply *r, struct arena *arena)
{
    if (r->type == REDIS_REPLY_INTEGER) {
        return (struct kv_value){.is_number = true, .number = r->integer};
    }
    if (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS) {
        return (struct kv_value){
            .text = arena_str(arena, (struct str){r->str, r->len})};
    }
    return (struct kv_value){.text = STR_NONE}; /* nil */
}

static bool read_item(const struct link *l, const redisReply *r,
                      struct item *item, const char *name)
{
    struct kv_reply *reply = item->reply;

    if (r->type == REDIS_REPLY_ERROR) {
        return err_set(item->err, ERR_INTERNAL, "redis script %s: %s", name,
                       r->str);
    }
    reply->count = 1;
    if (r->type == REDIS_REPLY_ARRAY) {
        assert(r->elements <= KV_REPLY_MAX);
        reply->count = r->elements;
        for (size_t i = 0; i < r->elements; i++) {
            reply->values[i] = value_of(r->element[i], item->arena);
        }
    } else {
        reply->values[0] = value_of(r, item->arena);
    }
    memcpy(reply->life, l->life, sizeof reply->life);
    return true;
}

/* EVALSHA, loading the script when this server does not know it. */
static bool call(struct link *l, const struct kv_script *script,
                 struct item **items, size_t count, redisReply **out,
                 struct err *err)
{
    const int64_t until_us = deadline(l->opts->timeout_ms);
    const char *sha = find_sha(l, script);
    redisReply *reply = NULL;

    for (int try = 0; try < 2; try++) {
        if (sha == NULL && (sha = load(l, script, err)) == NULL) {
            return false;
        }
        put_eval(l, sha, script, items, count);
        if (!exchange(l, until_us, &reply, err)) {
            return false;
        }
        if (reply->type != REDIS_REPLY_ERROR ||
            strncmp(reply->str, "NOSCRIPT", sizeof "NOSCRIPT" - 1) != 0) {
            *out = reply;
            return true;
        }
        /* SCRIPT FLUSH since we loaded it. */
        freeReplyObject(reply);
        l->script_count = 0;
        sha = NULL;
    }
    return lose(l, "scripts do not stay loaded", err);
}

static bool eval(struct link *l, const struct kv_script *script,
                 struct item **items, size_t count, struct err *err)
{
    redisReply *reply = NULL;
    bool ok = false;

    if (!call(l, script, items, count, &reply, err)) {
        return false;
    }
    l->was_used = true;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == count) {
        for (size_t i = 0; i < count; i++) {
            items[i]->ok =
                read_item(l, reply->element[i], items[i], script->name);
        }
        ok = true;
    } else {
        (void)fail(l, script->name,
                   reply->type == REDIS_REPLY_ERROR
                       ? reply->str
                       : "not one reply for each item",
                   err);
        if (count == 1 && err->code == ERR_INTERNAL) {
            *items[0]->err = *err;
            items[0]->ok = false;
            ok = true;
        }
    }
    freeReplyObject(reply);
    return ok;
}

/* The script failed as a whole: run it for each item alone, so that the guilty
 * one disturbs nobody. */
static bool eval_apart(struct link *l, const struct kv_script *script,
                       struct item **items, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!eval(l, script, &items[i], 1, err)) {
            return false;
        }
    }
    return true;
}

bool link_eval(struct link *l, const struct kv_script *script,
               struct item **items, size_t count, struct err *err)
{
    bool ok = false;

    assert(l->redis != NULL);
    l->was_hung_up = false;
    ok = eval(l, script, items, count, err);
    /* Redis was started anew while we rested: nobody needs to notice. */
    if (!ok && l->was_hung_up && l->was_used) {
        ok = link_open(l, err) && eval(l, script, items, count, err);
    }
    if (!ok && err->code == ERR_INTERNAL) {
        ok = eval_apart(l, script, items, count, err);
    }
    return ok;
}
