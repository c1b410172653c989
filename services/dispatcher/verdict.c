/* Stands after worker (which got the answer) and before ledger and record
 * (which write the verdict down). */
#include "dispatcher/verdict.h"

#include <assert.h>

const char *const verdict_words[VERDICT_COUNT + 1] = {
    "delivered", "retry", "give_up", "disable", NULL};

bool verdict_is_success(const struct fetch_answer *a)
{
    return (a->failure == FETCH_OK || a->failure == FETCH_TOO_LARGE ||
            a->failure == FETCH_ENCODED) &&
           a->status >= 200 && a->status <= 299;
}

static bool is_asked_to_wait(const struct fetch_answer *a)
{
    return a->status == 429 || a->status == 503;
}

static int64_t wait_asked_for(const struct fetch_answer *a)
{
    if (!is_asked_to_wait(a) || a->retry_after_s < 0) {
        return 0;
    }
    return MIN_OF(a->retry_after_s, VERDICT_RETRY_AFTER_MAX_S);
}

struct ruling verdict_of(const struct fetch_answer *answer, bool is_last)
{
    assert(answer != NULL);

    if (verdict_is_success(answer)) {
        return (struct ruling){VERDICT_DELIVERED, 0};
    }
    if (answer->failure == FETCH_OK && answer->status == 410) {
        return (struct ruling){VERDICT_DISABLE, 0};
    }
    if (is_last) {
        return (struct ruling){VERDICT_GIVE_UP, 0};
    }
    return (struct ruling){VERDICT_RETRY, wait_asked_for(answer)};
}

bool verdict_is_too_much(const struct fetch_answer *answer)
{
    switch ((int)answer->failure) {
    case FETCH_DNS_TIMEOUT:
    case FETCH_CONNECT_TIMEOUT:
    case FETCH_TLS_TIMEOUT:
    case FETCH_TIMEOUT_SENDING:
    case FETCH_TIMEOUT:
    case FETCH_TIMEOUT_ANSWER:
        return true;
    default:
        return is_asked_to_wait(answer);
    }
}

bool verdict_is_ours(const struct fetch_answer *answer)
{
    return answer->failure == FETCH_PROXY || answer->failure == FETCH_LACK;
}
