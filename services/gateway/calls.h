/* What each key was used for lately, for who looks after it: the last
 * CALLS_KEPT calls of a key, for a week, in Redis.
 *
 * A call is put into a ring in memory when it is answered, and now and then the
 * ring goes to Redis. What does not fit into the ring, or what a crash or a
 * Redis that is away takes, is lost: this is a help, not a record. A path is
 * kept without its query; bodies never. Thread-safe. */
#ifndef PORTER_GATEWAY_CALLS_H
#define PORTER_GATEWAY_CALLS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "base/str.h"
#include "kv/kv.h"

#include <stdint.h>

#define CALLS_KEPT 200

struct calls;

struct calls *calls_new(void);
void calls_free(struct calls *c); /* Accepts NULL. */

struct call_note {
    struct id org_id;
    struct id key_id;
    int64_t at_us;
    int64_t took_us;
    unsigned status;
    struct str method;
    struct str path;
    struct str address;
    struct str request_id;
    struct id event_id; /* Zero: none, or not known */
};
void calls_note(struct calls *c, const struct call_note *note);

/* Send what there is; belongs to one thread at a time. */
void calls_flush(struct calls *c, struct kv *kv);

/* One that is kept. */
struct call_kept {
    int64_t at_us;
    struct id mark;  /* Tells it from others of the same moment. */
    struct str json; /* The text of an object. */
};

/* The newest first, by at_us and mark, whichever gateways they came from and
 * whenever those sent them on. Within the arena. ERR_UNAVAILABLE: Redis is
 * away. */
MUST_USE bool calls_read(struct kv *kv, struct id org_id, struct id key_id,
                         struct arena *arena, struct call_kept **list,
                         size_t *count, struct err *err);
/* Negative: `a` stands before `b` there. */
int calls_compare(const struct call_kept *a, const struct call_kept *b);

#endif
