/* Stands between verdict (the opinion) and ledger and record (the writing):
 * copies what the row keeps out of the answer, whose memory is fetch's. */
#include "dispatcher/outcome.h"

#include "dispatcher/explain.h"

#include "base/clock.h"
#include "base/random.h"

#include <assert.h>

/* Response headers that may hold a secret are named, not shown. */
static const struct str hidden[] = {
    {"set-cookie", 10},
    {"authorization", 13},
    {"proxy-authorization", 19},
    {"x-api-key", 9},
};

struct piece {
    size_t at;
    size_t len;
};

static struct piece add(struct buf *notes, struct str s)
{
    struct piece p = {notes->len, s.len};

    buf_add(notes, s);
    return p;
}

/* PostgreSQL's text takes no NUL and only UTF-8; what an endpoint sends may be
 * anything. Every byte that is not plain becomes '?' unless all of it is good.
 */
static struct piece add_text(struct buf *notes, struct str s)
{
    struct piece p = add(notes, s);
    bool is_utf8 = str_is_utf8(s);

    for (size_t i = p.at; i < p.at + p.len; i++) {
        unsigned char c = (unsigned char)notes->data[i];
        if (c == 0 || (c >= 0x80 && !is_utf8)) {
            notes->data[i] = '?';
        }
    }
    return p;
}

static bool is_hidden(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(hidden); i++) {
        if (str_eq_ci(name, hidden[i])) {
            return true;
        }
    }
    return false;
}

static struct piece add_headers(struct buf *notes, struct str lines)
{
    struct str line = STR_NONE;
    struct str name = STR_NONE;
    size_t at = notes->len;

    while (str_split(&lines, '\n', &line)) {
        struct str rest = line;
        if (str_split(&rest, ':', &name) && is_hidden(name)) {
            add_text(notes, name);
            BUF_ADD(notes, ": (not kept)");
        } else {
            add_text(notes, line);
        }
        buf_add_char(notes, '\n');
    }
    return (struct piece){at, notes->len - at};
}

/* STR_NONE for an empty piece: NULL in the row. */
static struct str text_of(const struct buf *notes, struct piece p)
{
    return p.len == 0 ? STR_NONE : (struct str){notes->data + p.at, p.len};
}

/* Places first, pointers last: the buffer moves while it grows. */
struct kept {
    struct piece detail, remote, sent, headers, body;
    struct piece subject, issuer;
};

static struct piece add_sentence(struct buf *notes,
                                 const struct fetch_answer *a, struct str url)
{
    struct buf sentence = BUF_EMPTY;

    explain(a, url, &sentence);
    struct piece p = add_text(notes, buf_str(&sentence));
    buf_free(&sentence);
    return p;
}

static struct piece add_lines(struct buf *notes,
                              const struct request_lines *lines)
{
    struct piece p = {notes->len, 0};

    request_show(lines, notes);
    p.len = notes->len - p.at;
    return p;
}

static void keep_peer(struct attempt *at, const struct fetch_peer *peer,
                      struct buf *notes, struct kept *k)
{
    at->certificate_expires_us = DB_TIME_NULL;
    if (peer == NULL) {
        return;
    }
    at->tls_version = str_of(peer->tls);
    k->subject = add_text(notes, str_of(peer->subject));
    k->issuer = add_text(notes, str_of(peer->issuer));
    if (peer->issuer[0] != '\0') {
        at->certificate_expires_us = peer->expires_us;
    }
}

static void keep_answer(struct outcome *o, const struct fetch_answer *a,
                        const struct request_lines *lines, struct str url)
{
    struct attempt *at = &o->attempt;
    struct buf *n = &o->notes;
    struct kept k = {0};

    buf_reserve(n, lines->text.len + a->headers.len + a->body.len);
    k.sent = add_lines(n, lines);
    k.detail = add_sentence(n, a, url);
    k.remote = add_text(n, str_of(a->remote));
    k.headers = add_headers(n, a->headers);
    k.body = add(n, a->body);
    request_mask(lines, n->data + k.detail.at, k.detail.len);
    request_mask(lines, n->data + k.headers.at, k.headers.len);
    request_mask(lines, n->data + k.body.at, k.body.len);
    keep_peer(at, a->peer, n, &k);
    at->request_headers = text_of(n, k.sent);
    at->detail = text_of(n, k.detail);
    at->remote = text_of(n, k.remote);
    at->response_headers = text_of(n, k.headers);
    at->response_body = text_of(n, k.body);
    at->certificate_subject = text_of(n, k.subject);
    at->certificate_issuer = text_of(n, k.issuer);
}

/* Which attempt of the schedule is this? */
static int scheduled(const struct job *j)
{
    return j->attempts + 1 - j->attempts_before;
}

/* A sample answers a question of now: it is not tried again. What is tried to
 * see whether an endpoint is back must not use up its schedule by that. */
static bool is_last(const struct job *j, const struct backoff *backoff)
{
    return j->body->is_test ||
           (!j->is_probe && backoff_is_last(backoff, scheduled(j)));
}

static int64_t due_at(const struct job *j, const struct ruling *ruling,
                      const struct backoff *backoff, int64_t now_us)
{
    if (ruling->verdict != VERDICT_RETRY || j->is_probe) {
        return DB_TIME_NULL;
    }
    int64_t wait_us = backoff_wait_us(backoff, scheduled(j), random_unit());
    return now_us + MAX_OF(wait_us, ruling->wait_s * US_PER_S);
}

/* By the time of its next attempt it is too old: this was the last one. */
static void give_up_old(struct outcome *o)
{
    const struct str says = str_of(refusal_says(REFUSAL_TOO_OLD));

    o->verdict = VERDICT_GIVE_UP;
    o->due_at_us = DB_TIME_NULL;
    o->attempt.verdict = str_of(verdict_words[VERDICT_GIVE_UP]);
    o->failure = str_of(refusal_word(REFUSAL_TOO_OLD));
    o->error = says;
}

/* A probe that failed; and what an endpoint that is gone refuses, unless
 * somebody asked what it would answer. */
static bool is_held(const struct job *j, enum verdict verdict)
{
    return (j->is_probe && verdict == VERDICT_RETRY) ||
           (verdict == VERDICT_DISABLE && !j->body->is_test && !j->is_asked);
}

/* Sums of attempts, by which an endpoint is judged later, do not count others:
 * neither samples nor what was our own failure, nor refused events about
 * webhooks, which are to cause no other. */
static bool tells_of_endpoint(const struct job *j,
                              const struct fetch_answer *answer,
                              enum verdict verdict)
{
    const bool is_refused =
        verdict == VERDICT_RETRY || verdict == VERDICT_GIVE_UP;

    return !j->body->is_test && !verdict_is_ours(answer) &&
           !(j->body->is_operational && is_refused);
}

void outcome_answer(struct job *j, const struct fetch_answer *answer,
                    const struct request_lines *lines,
                    const struct backoff *configured, int64_t started_us,
                    int64_t now_us)
{
    struct outcome *o = &j->outcome;
    const int number = j->attempts + 1;
    const struct backoff backoff = backoff_of(j->target, configured);

    assert(o->ending == ENDING_NONE);
    struct ruling ruling = verdict_of(answer, is_last(j, &backoff));
    o->ending = ENDING_ATTEMPT;
    o->verdict = ruling.verdict;
    o->at_us = now_us;
    o->due_at_us = due_at(j, &ruling, &backoff, now_us);
    if (ruling.wait_s > 0) {
        o->not_before_us = now_us + ruling.wait_s * US_PER_S;
    }
    o->is_held = is_held(j, ruling.verdict);
    o->attempt = (struct attempt){
        .org_id = j->body->org_id,
        .delivery_id = j->id,
        .number = number,
        .webhook_id = tells_of_endpoint(j, answer, ruling.verdict)
                          ? j->webhook_id
                          : (struct id){{0}},
        .at_us = started_us,
        .verdict = str_of(verdict_words[ruling.verdict]),
        .status = (int)answer->status,
        .failure = str_of(explain_word(answer->failure)),
        .dns_us = answer->dns_us,
        .connect_us = answer->connect_us,
        .tls_us = answer->tls_us,
        .first_byte_us = answer->first_byte_us,
        .total_us = answer->total_us,
        .reused = answer->reused,
        .http_version = str_of(answer->http_version),
    };
    keep_answer(o, answer, lines, j->target->url);
    /* That it was nearly too late is no error of the delivery's. */
    o->error =
        ruling.verdict == VERDICT_DELIVERED ? STR_NONE : o->attempt.detail;
    o->failure =
        ruling.verdict == VERDICT_DELIVERED ? STR_NONE : o->attempt.failure;
    if (o->due_at_us != DB_TIME_NULL &&
        backoff_is_too_old(&backoff, j->body->event_at_us, o->due_at_us)) {
        give_up_old(o);
    }
}

void outcome_give_back(struct job *j, int64_t now_us)
{
    assert(j->outcome.ending == ENDING_NONE);
    j->outcome.ending = ENDING_GIVEBACK;
    j->outcome.at_us = now_us;
    j->outcome.due_at_us = now_us;
}

void outcome_hold(struct job *j, int64_t now_us)
{
    struct outcome *o = &j->outcome;

    assert(o->ending == ENDING_NONE);
    o->ending = ENDING_HOLD;
    o->at_us = now_us;
    o->due_at_us = DB_TIME_NULL;
    o->is_held = true;
}

void outcome_refuse(struct job *j, enum refusal why,
                    const struct refusal_facts *facts, int64_t now_us)
{
    struct outcome *o = &j->outcome;
    struct buf sentence = BUF_EMPTY;

    assert(o->ending == ENDING_NONE);
    o->ending = ENDING_REFUSED;
    o->at_us = now_us;
    o->due_at_us = DB_TIME_NULL;
    o->failure = str_of(refusal_word(why));
    refusal_say(why, facts, &sentence);
    struct piece error = add_text(&o->notes, buf_str(&sentence));
    o->error = text_of(&o->notes, error);
    buf_free(&sentence);
}

struct circuit_why outcome_why(const struct job *j)
{
    const struct outcome *o = &j->outcome;

    if (o->ending != ENDING_ATTEMPT) {
        return (struct circuit_why){.failure = o->failure,
                                    .detail = o->error,
                                    .not_before_us = DB_TIME_NULL,
                                    .seen_us = DB_TIME_NULL};
    }
    return (struct circuit_why){o->attempt.status, o->attempt.failure,
                                o->attempt.detail, o->not_before_us,
                                j->target->updated_at_us};
}
