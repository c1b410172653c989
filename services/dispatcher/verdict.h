/* What an endpoint's answer means for the delivery: the only file with that
 * opinion. Pure. */
#ifndef PORTER_DISPATCHER_VERDICT_H
#define PORTER_DISPATCHER_VERDICT_H

#include "fetch/fetch.h"

#define VERDICT_RETRY_AFTER_MAX_S 86400 /* A day; more is cut to it. */

enum verdict {
    VERDICT_DELIVERED,
    VERDICT_RETRY,
    VERDICT_GIVE_UP, /* That was the last attempt. */
    VERDICT_DISABLE, /* 410: the endpoint says that it is gone for good. */
    VERDICT_COUNT
};

/* As stored in attempts.verdict and shown in metrics; NULL-terminated. */
extern const char *const verdict_words[VERDICT_COUNT + 1];

/* Did the endpoint say yes? Who says so and then talks too much, or packs what
 * it says, has said yes. */
bool verdict_is_success(const struct fetch_answer *answer);

struct ruling {
    enum verdict verdict;
    int64_t wait_s; /* At least so long until the next attempt; 0: any. */
};

struct ruling verdict_of(const struct fetch_answer *answer, bool is_last);

/* Does it ask for less at once? (A time-out, 429, 503.) */
bool verdict_is_too_much(const struct fetch_answer *answer);

/* Was it our own failure, or our proxy's? It tells nothing about the endpoint.
 */
bool verdict_is_ours(const struct fetch_answer *answer);

#endif
