/* One function per check. A scheme whose headers are not there is not checked:
 * an endpoint needs one of the two. */
#include "signature/checking.h"

#include "base/clock.h"
#include "json/json.h"
#include "signature/verify.h"

#include <assert.h>
#include <inttypes.h>

#define SHOWN_MAX 40 /* Bytes of what was sent that are said again. */
#define NUMBER_MAX 9999999999999999LL
#define MILLISECONDS_FROM 100000000000LL /* As seconds: the year 5138. */

const char *const signer_names[SIGNER_COUNT] = {
    [SIGNER_NONE] = "",
    [SIGNER_CURRENT] = "current",
    [SIGNER_PREVIOUS] = "previous",
    [SIGNER_EXPIRED] = "expired",
};

void checking_add(struct checking *c, struct signature_check check)
{
    assert(c->report->count < SIGNATURE_CHECKS_MAX);
    c->report->list[c->report->count++] = check;
    c->report->verified = c->report->verified && check.ok;
}

/* --- headers -------------------------------------------------------------- */

void signature_take_header(struct signature_question *q, struct str name,
                           struct str value)
{
    struct {
        struct str name;
        struct str *at;
    } ours[] = {
        {STR("webhook-id"), &q->id},
        {STR("webhook-timestamp"), &q->timestamp},
        {STR("webhook-signature"), &q->standard},
        {STR("X-Porter-Signature"), &q->porter},
        {STR("X-Porter-Signature-Previous"), &q->previous},
    };

    for (size_t i = 0; i < COUNT_OF(ours); i++) {
        if (str_eq_ci(name, ours[i].name)) {
            value = str_trim(value);
            *ours[i].at =
                (struct str){value.data != NULL ? value.data : "", value.len};
        }
    }
}

static bool has_standard(const struct signature_question *q)
{
    return checking_has(q->id) || checking_has(q->timestamp) ||
           checking_has(q->standard);
}

static const char *missing(const struct signature_question *q)
{
    if (!has_standard(q) && !checking_has(q->porter)) {
        return "no header of a signature";
    }
    if (!has_standard(q) ||
        (checking_has(q->id) && checking_has(q->timestamp) &&
         checking_has(q->standard))) {
        return NULL;
    }
    return !checking_has(q->id)          ? "no webhook-id"
           : !checking_has(q->timestamp) ? "no webhook-timestamp"
                                         : "no webhook-signature";
}

static void check_headers(struct checking *c)
{
    const struct signature_question *q = c->q;
    const char *what = missing(q);
    struct signature_check check = {.name = "headers", .ok = what == NULL};

    if (what != NULL) {
        check.reason = arena_printf(c->arena, "There is %s.", what);
        check.cure =
            STR("Porter sends webhook-id, webhook-timestamp, webhook-signature "
                "and X-Porter-Signature with every request. Hand over all that "
                "arrive; see whether a proxy or framework drops or renames "
                "some. What has none of them is not from Porter.");
    } else if (!checking_has(q->porter)) {
        check.reason = STR("webhook-id, webhook-timestamp and "
                           "webhook-signature are there, which is enough.");
    } else if (!has_standard(q)) {
        check.reason =
            STR("X-Porter-Signature is there, which is enough; but it does not "
                "cover the time: a recorded request could be played again.");
    } else {
        check.reason = STR("All are there.");
    }
    checking_add(c, check);
}

/* --- timestamp ------------------------------------------------------------ */

static void tell_no_time(struct checking *c, struct signature_check *check)
{
    struct str text = c->q->timestamp;

    text.len = MIN_OF(text.len, (size_t)SHOWN_MAX);
    check->reason = arena_printf(c->arena, "\"%.*s\" is no number of seconds.",
                                 STR_ARGS(text));
    check->cure = STR("Take the header as it arrives: Unix time in whole "
                      "seconds, digits only.");
}

static void tell_age(struct checking *c, int64_t age_s,
                     struct signature_check *check)
{
    bool is_old = age_s > 0;
    int64_t off_s = is_old ? age_s : -age_s;

    check->ok = off_s <= VERIFY_TOLERANCE_S;
    check->reason = arena_printf(
        c->arena, "It is %" PRId64 " s %s; at most %d s either way are taken.",
        off_s, is_old ? "old" : "ahead", VERIFY_TOLERANCE_S);
    if (check->ok) {
        return;
    }
    check->cure =
        is_old
            ? STR("Too old: the request waited before it was verified, or it "
                  "was recorded and played again, or the verifier's clock is "
                  "ahead. Verify on arrival and set the clock by NTP. To look "
                  "at a request of the past, say when it arrived.")
            : STR("Too new: the verifier's clock is behind. Set it by NTP.");
}

static void check_timestamp(struct checking *c)
{
    struct signature_check check = {.name = "timestamp"};
    uint64_t sent_s = 0;

    if (!checking_has(c->q->timestamp)) {
        return;
    }
    if (!str_to_u64(c->q->timestamp, NUMBER_MAX, &sent_s)) {
        tell_no_time(c, &check);
    } else if (sent_s >= MILLISECONDS_FROM) {
        check.reason = STR("It is in milliseconds.");
        check.cure = STR("Take the header as it arrives: Unix time in whole "
                         "seconds.");
    } else {
        tell_age(c, c->q->at_us / US_PER_S - (int64_t)sent_s, &check);
    }
    checking_add(c, check);
}

/* --- body ----------------------------------------------------------------- */

/* Bodies begin with {"id":…; printed again they may not. */
static bool is_sorted_anew(struct str body)
{
    struct err ignored = ERR_NONE;
    struct json *root = NULL;
    void *at = NULL;
    struct str name = STR_NONE;
    const struct json *value = NULL;
    bool is_anew =
        json_read(body, &root, &ignored) && json_type(root) == JSON_OBJECT &&
        json_next(root, &at, &name, &value) && !str_eq(name, STR("id"));

    json_free(root);
    return is_anew;
}

static bool is_json(struct str body)
{
    struct err ignored = ERR_NONE;
    struct json *root = NULL;
    bool ok = json_read(body, &root, &ignored);

    json_free(root);
    return ok;
}

/* No signature says what it was: does it look as Porter prints? */
static void judge_looks(struct checking *c, struct signature_check *check)
{
    for (int u = UNDO_NOTHING + 1; u < UNDO_COUNT; u++) {
        if (c->undone[u].data != NULL && u != UNDO_TWICE) {
            check->reason = str_of(undo_words[u].reason);
            check->cure = str_of(undo_words[u].cure);
            return;
        }
    }
    if (!is_json(c->q->body)) {
        check->reason = STR("It is no JSON: it was cut or changed.");
        check->cure = STR("Read the body to the end of its Content-Length, as "
                          "bytes.");
    } else if (is_sorted_anew(c->q->body)) {
        check->reason = STR("Its members are in another order than Porter's: "
                            "it was parsed and printed again.");
        check->cure = str_of(undo_words[UNDO_REPRINT].cure);
    } else {
        check->ok = true;
        check->reason =
            STR("It is JSON as Porter prints it. Whether a value in it was "
                "changed, only a signature that fits can tell.");
    }
}

static void check_body(struct checking *c)
{
    struct signature_check check = {.name = "body"};

    if (c->q->body.len == 0) {
        check.reason = STR("It is empty.");
        check.cure = STR("Something read the body before it was verified (a "
                         "body parser), or the request is no POST of Porter. "
                         "Take the raw body first.");
    } else if (c->is_fitting) {
        check.ok = true;
        check.reason = arena_printf(
            c->arena, "These %zu bytes are what was signed.", c->q->body.len);
    } else if (c->mishap != UNDO_NOTHING) {
        check.reason = str_of(undo_words[c->mishap].reason);
        check.cure = str_of(undo_words[c->mishap].cure);
    } else {
        judge_looks(c, &check);
    }
    checking_add(c, check);
}

static void undo_all(struct checking *c)
{
    struct buf text = BUF_EMPTY;

    for (int u = UNDO_NOTHING + 1; u < UNDO_COUNT; u++) {
        buf_clear(&text);
        if (undo_body((enum undo)u, c->q->body, &text)) {
            c->undone[u] = arena_str(c->arena, buf_str(&text));
        }
    }
    buf_free(&text);
}

void signature_check(const struct signature_question *q, struct arena *arena,
                     struct signature_report *out)
{
    struct checking c = {.q = q, .arena = arena, .report = out};

    assert(q->secret_count <= SIGNATURE_SECRETS_MAX);
    *out = (struct signature_report){.verified = true};
    undo_all(&c);
    check_headers(&c);
    check_timestamp(&c);
    checking_signature(&c, "webhook_signature", SCHEME_STANDARD, q->standard);
    checking_public(&c);
    checking_signature(&c, "x_porter_signature", SCHEME_PORTER, q->porter);
    checking_signature(&c, "x_porter_signature_previous", SCHEME_PORTER,
                       q->previous);
    check_body(&c);
}
