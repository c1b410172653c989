/* Stands after worker (which got the answer) and before ledger and record
 * (which write the verdict down). */
#include "dispatcher/verdict.h"

#include <assert.h>

const char *const verdict_words[VERDICT_COUNT + 1] = {
    "delivered", "retry", "give_up", "disable", NULL};

const char *verdict_failure_word(enum fetch_failure failure)
{
    switch (failure) {
    case FETCH_OK:
        return NULL;
    case FETCH_REFUSED_ADDRESS:
        return "refused_address";
    case FETCH_DNS:
        return "dns";
    case FETCH_CONNECT:
        return "connect";
    case FETCH_TLS:
        return "tls";
    case FETCH_TIMEOUT:
        return "timeout";
    case FETCH_PROTOCOL:
        return "protocol";
    case FETCH_TOO_LARGE:
        return "too_large";
    case FETCH_OTHER:
        break;
    }
    return "other";
}

static bool is_success(const struct fetch_answer *a)
{
    /* An endpoint that says yes and then talks too much has said yes. */
    return (a->failure == FETCH_OK || a->failure == FETCH_TOO_LARGE) &&
           a->status >= 200 && a->status <= 299;
}

static int64_t wait_asked_for(const struct fetch_answer *a)
{
    if ((a->status != 429 && a->status != 503) || a->retry_after_s < 0) {
        return 0;
    }
    return MIN_OF(a->retry_after_s, VERDICT_RETRY_AFTER_MAX_S);
}

struct ruling verdict_of(const struct fetch_answer *answer, bool is_last)
{
    assert(answer != NULL);

    if (is_success(answer)) {
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
    return answer->failure == FETCH_TIMEOUT || answer->status == 429 ||
           answer->status == 503;
}

void verdict_explain(const struct fetch_answer *answer, struct buf *out)
{
    if (is_success(answer)) {
        return;
    }
    if (answer->failure != FETCH_OK) {
        buf_add(out, str_of(answer->detail));
        return;
    }
    if (answer->status >= 300 && answer->status <= 399) {
        buf_addf(out,
                 "The endpoint answered %u: redirects are not followed, give "
                 "the webhook its final URL.",
                 answer->status);
        return;
    }
    buf_addf(out, "The endpoint answered %u.", answer->status);
}
