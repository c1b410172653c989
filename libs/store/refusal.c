/* Stands beside dispatcher/explain.c, for what never came to an attempt. */
#include "store/refusal.h"

#include "base/macros.h"

#include <assert.h>

/* clang-format off */
static const struct {
    const char *word;
    const char *says;
} rows[REFUSAL_COUNT] = {
    [REFUSAL_WEBHOOK_GONE] = {"webhook_gone", "The webhook does not exist any more."},
    [REFUSAL_SECRET_LOCKED] = {"secret_locked",
        "The webhook's secret can't be opened: no key of this installation sealed it. Rotate the secret."},
    [REFUSAL_TOO_LARGE] = {"event_too_large",
        "The event's body has {size} bytes, and a webhook gets {limit} at most: read the event from the API, or have "
        "the operator raise PORTER_WEBHOOK_BODY_MAX and send it again."},
    [REFUSAL_TOO_OLD] = {"too_old",
        "The event is older than its webhook lets it be tried again (max_age_seconds), or would be by then: raise that, "
        "or send the event again by hand."},
    [REFUSAL_WAITED] = {"waited_too_long",
        "It waited for room at its endpoint, or for its turn there, for longer than deliveries are kept "
        "(PORTER_RETENTION_DELIVERIES): the endpoint takes fewer events than it is sent. Have it answer faster, or "
        "subscribe the webhook to fewer events."},
    [REFUSAL_NOT_SENDABLE] = {"not_sendable", "{why}"},
};
/* clang-format on */

const char *refusal_word(enum refusal refusal)
{
    assert(refusal > REFUSAL_NONE && refusal < REFUSAL_COUNT);
    return rows[refusal].word;
}

const char *refusal_says(enum refusal refusal)
{
    assert(refusal > REFUSAL_NONE && refusal < REFUSAL_COUNT);
    return rows[refusal].says;
}

static void add_fact(struct str name, const struct refusal_facts *facts,
                     struct buf *out)
{
    if (str_eq(name, STR("size"))) {
        buf_addf(out, "%zu", facts->size);
    } else if (str_eq(name, STR("limit"))) {
        buf_addf(out, "%zu", facts->limit);
    } else {
        assert(str_eq(name, STR("why")));
        buf_add(out, facts->why);
    }
}

void refusal_say(enum refusal refusal, const struct refusal_facts *facts,
                 struct buf *out)
{
    struct str rest = str_of(refusal_says(refusal));
    struct str part = STR_NONE;
    bool is_fact = false;

    while (str_split(&rest, is_fact ? '}' : '{', &part)) {
        if (is_fact) {
            add_fact(part, facts, out);
        } else {
            buf_add(out, part);
        }
        is_fact = !is_fact;
    }
}
