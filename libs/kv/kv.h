/* Redis: scripts, many callers, one send.
 *
 * Callers run a script for one item each. While a connection is busy, items
 * queue; the thread whose turn it is sends everything that waits as ONE
 * EVALSHA over all items (a script gets n * keys_per_item KEYS and n *
 * args_per_item ARGV and answers n replies) and wakes the others. So
 * concurrent requests share one round trip and one script call, and a lone
 * request pays nothing extra.
 *
 * Every call has a deadline. After `errors_max` failures in a row the breaker
 * opens: calls answer ERR_UNAVAILABLE at once, and a probe is let through each
 * probe_ms. A connection's life is named by the server's run id, so that a
 * caller can refuse what an earlier life of the server left (kv_life).
 * Thread-safe. */
#ifndef PORTER_KV_KV_H
#define PORTER_KV_KV_H

#include "base/arena.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kv;

struct kv_options {
    const char *url; /* redis://[user:password@]host:port[/db] or unix:/path */
    unsigned connections; /* 1..16 */
    unsigned batch_max;   /* items in one EVALSHA, 1..256 */
    unsigned connect_ms;
    unsigned timeout_ms; /* one round trip */
    unsigned errors_max;
    unsigned probe_ms;
};

struct kv_script {
    const char *name;
    const char *text;
    unsigned keys_per_item;
    unsigned args_per_item;
};

/* One value of an item's reply: a number or a text. */
struct kv_value {
    bool is_number;
    int64_t number;
    struct str text; /* In the caller's arena. */
};

#define KV_REPLY_MAX 8
#define KV_LIFE_MAX 17

struct kv_reply {
    size_t count;
    struct kv_value values[KV_REPLY_MAX];
    char life[KV_LIFE_MAX]; /* Of the server that answered; see kv_life. */
};

/* redis://[user:password@]host:port[/db] or unix:/path? The error does not show
 * it. */
MUST_USE bool kv_url_check(const char *url, struct err *err);

MUST_USE bool kv_open(const struct kv_options *opts, struct kv **out,
                      struct err *err); /* Does not connect. */
void kv_close(struct kv *kv);           /* Accepts NULL. */

/* Run the script for one item. keys and args have the script's counts. After a
 * lost connection, or a script that failed for another's item, an item may run
 * a second time. ERR_UNAVAILABLE: away, or too slow; it may have run.
 * ERR_INTERNAL: the script failed. */
MUST_USE bool kv_eval(struct kv *kv, const struct kv_script *script,
                      const struct str *keys, const struct str *args,
                      struct arena *arena, struct kv_reply *reply,
                      struct err *err);

/* A word (16 hex characters at most) for the life of the server that keys can
 * carry in their names; changes when the server restarted or another one took
 * its place. What it says may be old by the time of the call: compare it with
 * the reply's. Connects if need be; ERR_UNAVAILABLE as kv_eval. */
MUST_USE bool kv_life(struct kv *kv, char out[KV_LIFE_MAX], struct err *err);

/* The breaker is closed, and the last call was answered. */
bool kv_is_up(struct kv *kv);

/* True: kv_is_up is false, and *why (never a password) is how the last call
 * failed. Does no I/O: without calls nobody notices a change. */
bool kv_trouble(struct kv *kv, struct err *why);

struct kv_stats {
    uint64_t items, batches, errors;
};
struct kv_stats kv_stats(struct kv *kv);

#endif
