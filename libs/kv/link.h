/* One connection to Redis: every wait has a deadline. Belongs to one thread at
 * a time. */
#ifndef PORTER_KV_LINK_H
#define PORTER_KV_LINK_H

#include "base/buf.h"
#include "kv/kv.h"
#include "kv/url.h"

#include <hiredis/hiredis.h>

#define LINK_SCRIPTS_MAX 8
#define SHA1_HEX 40

struct link {
    const struct kv_options *opts;
    const struct kv_url *url;
    redisContext *redis; /* NULL: not connected. */
    bool was_used;       /* Answered since it was opened. */
    bool was_hung_up;    /* The other end closed it. */
    char life[KV_LIFE_MAX];
    struct buf command;
    size_t script_count;
    struct {
        const struct kv_script *script;
        char sha[SHA1_HEX + 1];
    } scripts[LINK_SCRIPTS_MAX];
};

/* One item of a script call. */
struct item {
    const struct str *keys;
    const struct str *args;
    struct arena *arena;
    struct kv_reply *reply;
    struct err *err;
    bool ok;
};

void link_init(struct link *l, const struct kv_options *opts,
               const struct kv_url *url);
MUST_USE bool link_open(struct link *l, struct err *err);
void link_close(struct link *l);

/* Run the script over all items in one call and answer each item. False: Redis
 * could not tell, no item is answered, `err` says why (the link is closed when
 * it is of no more use). */
MUST_USE bool link_eval(struct link *l, const struct kv_script *script,
                        struct item **items, size_t count, struct err *err);

#endif
