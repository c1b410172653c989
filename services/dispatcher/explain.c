/* Stands beside verdict, between the answer and its row. Who reads a sentence
 * runs the endpoint and sees nothing but this: it says what we saw, and after
 * the colon what to do. */
#include "dispatcher/explain.h"

#include "dispatcher/facts.h"
#include "store/refusal.h"
#include "dispatcher/verdict.h"

#include "base/clock.h"

#include <stdio.h>

#define PERCENT 100
#define CELL_MAX 40

enum when {
    ALWAYS,
    IF_NAMED, /* The URL's host is a name, no address. */
    IF_LOCATION,
    IF_ALLOW,
    IF_RETRY_AFTER,
};

/* Of rows that fit, the first counts; {…} stands for a fact (facts.h). */
struct failure_row {
    enum fetch_failure failure;
    enum when when;
    const char *word;
    const char *says;
};

struct status_row {
    unsigned first, last;
    enum when when;
    const char *says;
};

/* clang-format off */
static const struct failure_row failures[] = {
    {FETCH_REFUSED_ADDRESS, IF_NAMED, "refused_address",
     "{why} {host} resolved to it: point the name to a public address."},
    {FETCH_REFUSED_ADDRESS, ALWAYS, "refused_address",
     "{why} The webhook's URL names it: give it a host with a public address."},
    {FETCH_DNS, ALWAYS, "dns",
     "The name {host} could not be resolved: check its spelling in the webhook's URL, and its DNS records."},
    {FETCH_DNS_TIMEOUT, ALWAYS, "dns_timeout",
     "The name servers of {host} did not answer within {took}: check its DNS."},
    {FETCH_CONNECT_REFUSED, ALWAYS, "connect_refused",
     "{remote} refused the connection: start the server there, or mend the port in the webhook's URL."},
    {FETCH_CONNECT_TIMEOUT, ALWAYS, "connect_timeout",
     "{remote} did not take the connection within {took}: check that the server runs, and that its firewall "
     "lets us in."},
    {FETCH_UNREACHABLE, ALWAYS, "unreachable",
     "There is no way to {remote}: check the server's network, and the DNS records of {host}."},
    {FETCH_TLS_EXPIRED, ALWAYS, "tls_expired",
     "The certificate {culprit} expired on {until}: renew it."},
    {FETCH_TLS_NOT_YET_VALID, ALWAYS, "tls_not_yet_valid",
     "The certificate {culprit} is not valid before {from}: install one that is valid now."},
    {FETCH_TLS_WRONG_HOST, ALWAYS, "tls_wrong_host",
     "The certificate is good for {names}, not for {host}: install one that names {host}, or mend the host in "
     "the webhook's URL."},
    {FETCH_TLS_SELF_SIGNED, ALWAYS, "tls_self_signed",
     "The certificate {culprit} is signed by nobody but itself: install one of a public authority."},
    {FETCH_TLS_CHAIN, ALWAYS, "tls_chain",
     "The certificate chain lacks the intermediate {signer}, which signed {culprit}: have the server send the "
     "whole chain (if that is an authority of your own, install a certificate of a public one)."},
    {FETCH_TLS_UNKNOWN_CA, ALWAYS, "tls_unknown_ca",
     "The certificate chain ends at {signer}, which is not trusted here: install a certificate of a public "
     "authority."},
    {FETCH_TLS_WEAK, ALWAYS, "tls_weak",
     "The endpoint's TLS is too weak ({why}): install a certificate with a key of RSA 2048 bits or ECDSA P-256, "
     "signed with SHA-256 or better."},
    {FETCH_TLS_CERTIFICATE, ALWAYS, "tls_certificate",
     "The certificate {culprit} does not hold ({why}): install one of a public authority."},
    {FETCH_TLS_PROTOCOL, ALWAYS, "tls_protocol",
     "The endpoint speaks neither TLS 1.2 nor 1.3: enable them there."},
    {FETCH_TLS_PLAIN, ALWAYS, "tls_plain",
     "What answers at {remote} does not speak TLS: enable HTTPS there, or mend the port in the webhook's URL."},
    {FETCH_TLS_CLIENT_CERTIFICATE, ALWAYS, "tls_client_certificate",
     "The endpoint wants a client certificate that it trusts: give the webhook one (client_certificate), or ask "
     "for none at its URL and verify the signature instead."},
    {FETCH_CLIENT_EXPIRED, ALWAYS, "client_certificate_expired",
     "The webhook's client certificate has expired, and nothing was sent: give the webhook a new one "
     "(client_certificate)."},
    {FETCH_TLS_HANDSHAKE, ALWAYS, "tls_handshake",
     "The TLS handshake failed ({why}): check the TLS settings of the server."},
    {FETCH_TLS_ENDED, ALWAYS, "tls_ended",
     "The endpoint {ended} the connection within the TLS handshake: check that HTTPS is enabled on this port, "
     "and what stands before the server."},
    {FETCH_TLS_TIMEOUT, ALWAYS, "tls_timeout",
     "The TLS handshake was not over within {took}: check that HTTPS is enabled on this port, and the load of "
     "the server."},
    {FETCH_TIMEOUT_SENDING, ALWAYS, "timeout_sending",
     "The endpoint had not taken the whole request within {limit}: read the body first, and do the work "
     "afterwards."},
    {FETCH_TIMEOUT, ALWAYS, "timeout",
     "The endpoint did not answer within {limit}: answer 2xx first, and do the work afterwards."},
    {FETCH_TIMEOUT_ANSWER, ALWAYS, "timeout_answer",
     "The answer was not whole within {limit} ({head_bytes} bytes of its head and {body_bytes} of its body "
     "came): send a short one, in one go."},
    {FETCH_ENDED_SENDING, ALWAYS, "ended_sending",
     "The endpoint {ended} the connection before it had the whole request: let it take larger bodies, and look "
     "into its log."},
    {FETCH_ENDED_SILENT, ALWAYS, "ended_silent",
     "The endpoint had the request, and {ended} the connection without an answer: look into its log, and at what "
     "stands before it."},
    {FETCH_ENDED_SHORT, ALWAYS, "ended_short",
     "The endpoint {ended} the connection within its answer ({head_bytes} bytes of its head and {body_bytes} of "
     "its body came): look into its log, and send no more Content-Length than body."},
    {FETCH_NOT_HTTP, ALWAYS, "not_http",
     "What came from {remote} is no HTTP answer ({why}): check the port in the webhook's URL, and what stands "
     "before the server."},
    {FETCH_INTERIM, ALWAYS, "interim",
     "The endpoint sent {interim} interim answers (1xx) and no final one: answer 2xx."},
    {FETCH_HEADERS_TOO_LARGE, ALWAYS, "headers_too_large",
     "The headers of the answer are larger than what we read: send less than 64 KiB of them."},
    {FETCH_TOO_LARGE, ALWAYS, "too_large",
     "The endpoint answered {status} with a body of more than {body_limit}, and the rest was not read: send a "
     "short one, or none."},
    {FETCH_ENCODED, ALWAYS, "encoded",
     "The endpoint answered {status} with a packed body (Transfer-Encoding), which was not read: send it as it "
     "is."},
    {FETCH_PROXY, ALWAYS, "proxy",
     "Our own proxy did not lead to {host} ({why}): tell us if it goes on."},
    {FETCH_LACK, ALWAYS, "lack",
     "We could not connect to anybody ({why}): it is not your endpoint, and we try again."},
    {FETCH_OTHER, ALWAYS, "other",
     "The attempt failed ({why}): look into the endpoint's log, and ask us if it goes on."},
};

static const struct status_row statuses[] = {
    {300, 399, IF_LOCATION,
     "The endpoint answered {status} to {location}: update the webhook's URL (redirects are not followed)."},
    {300, 399, ALWAYS,
     "The endpoint answered {status} and did not say where to: give the webhook its final URL (redirects are not "
     "followed)."},
    {400, 400, ALWAYS,
     "The endpoint answered {status}, it can't read the request: look at its answer's body, and into its log."},
    {401, 401, ALWAYS,
     "The endpoint answered {status}, it does not know us: check the webhook's secret there, and ask for no login "
     "at its URL."},
    {403, 403, ALWAYS,
     "The endpoint answered {status}, it does not let us in: check its firewall, and the webhook's secret there."},
    {404, 404, ALWAYS,
     "The endpoint answered {status}, there is nothing at this path: mend the webhook's URL, or the route there."},
    {405, 405, IF_ALLOW,
     "The endpoint answered {status}, its path takes {allow}: let it take POST, or mend the webhook's URL."},
    {405, 405, ALWAYS,
     "The endpoint answered {status}, its path takes no POST: let it, or mend the webhook's URL."},
    {410, 410, ALWAYS,
     "The endpoint answered {status}, it is gone for good: enable the webhook again when it is back."},
    {413, 413, ALWAYS,
     "The endpoint answered {status}, the body is too large for it: let it take larger ones."},
    {415, 415, ALWAYS,
     "The endpoint answered {status}, it does not take this kind of body: let it take application/json."},
    {429, 429, IF_RETRY_AFTER,
     "The endpoint answered {status} and asked to wait {retry_after}: let it take more at once, if that is too "
     "slow."},
    {429, 429, ALWAYS,
     "The endpoint answered {status}, it was asked too often: let it take more at once, or say with Retry-After "
     "when it does."},
    {400, 499, ALWAYS,
     "The endpoint answered {status}, it refuses the request: look at its answer's body, and into its log."},
    {502, 502, ALWAYS,
     "The endpoint answered {status}, its proxy got no good answer: check that the server behind it runs."},
    {503, 503, IF_RETRY_AFTER,
     "The endpoint answered {status} and asked to wait {retry_after}: check that the server runs, if that goes on."},
    {503, 503, ALWAYS,
     "The endpoint answered {status}, it is not available: check that the server runs."},
    {504, 504, ALWAYS,
     "The endpoint answered {status}, its proxy got no answer in time: check that the server behind it runs, and "
     "answers before it works."},
    {500, 599, ALWAYS,
     "The endpoint answered {status}, it failed: look into its log."},
    {0, 999, ALWAYS,
     "The endpoint answered {status}, which means nothing to us: answer 2xx."},
};

static const char late[] =
    "The endpoint answered {status} after {took} of {limit}: answer first, and do the work afterwards.";
/* clang-format on */

static bool holds(enum when when, const struct facts *f)
{
    switch (when) {
    case ALWAYS:
        return true;
    case IF_NAMED:
        return facts_has_name(f);
    case IF_LOCATION:
        return facts_header(f, STR("location")).len > 0;
    case IF_ALLOW:
        return facts_header(f, STR("allow")).len > 0;
    case IF_RETRY_AFTER:
        return f->a->retry_after_s >= 0;
    }
    return false;
}

/* --- which sentence ------------------------------------------------------- */

const char *explain_word(enum fetch_failure failure)
{
    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        if (failures[i].failure == failure) {
            return failures[i].word;
        }
    }
    return NULL;
}

static void say_failure(const struct facts *f, struct buf *out)
{
    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        if (failures[i].failure == f->a->failure &&
            holds(failures[i].when, f)) {
            facts_say(f, failures[i].says, out);
            return;
        }
    }
}

static void say_status(const struct facts *f, struct buf *out)
{
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        const struct status_row *row = &statuses[i];

        if (f->a->status >= row->first && f->a->status <= row->last &&
            holds(row->when, f)) {
            facts_say(f, row->says, out);
            return;
        }
    }
}

static bool is_late(const struct fetch_answer *a)
{
    int64_t limit_us = (int64_t)a->limits->total_ms * US_PER_MS;

    return a->total_us >= limit_us / PERCENT * EXPLAIN_LATE_PERCENT;
}

void explain(const struct fetch_answer *answer, struct str url, struct buf *out)
{
    bool is_success = verdict_is_success(answer);
    /* A body that was not read is news only when nothing else is wrong. */
    bool is_read =
        answer->failure == FETCH_OK || ((answer->failure == FETCH_TOO_LARGE ||
                                         answer->failure == FETCH_ENCODED) &&
                                        !is_success);

    if (is_read && is_success && !is_late(answer)) {
        return;
    }
    struct facts f = facts_of(answer, url);
    if (!is_read) {
        say_failure(&f, out);
    } else if (is_success) {
        facts_say(&f, late, out);
    } else {
        say_status(&f, out);
    }
}

/* --- docs/failures.md ----------------------------------------------------- */

static void add_row(struct buf *out, const char *first, const char *says)
{
    buf_addf(out, "| %s | ", first);
    for (const char *c = says; *c != '\0'; c++) {
        if (*c == '{' || *c == '}') {
            buf_add_char(out, '`');
        } else {
            buf_add_char(out, *c);
        }
    }
    BUF_ADD(out, " |\n");
}

static void docs_of_failures(struct buf *out)
{
    BUF_ADD(out, "## No whole answer\n\n| `failure` | `detail` |\n|---|---|\n");
    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        char word[CELL_MAX];
        (void)snprintf(word, sizeof word, "`%s`", failures[i].word);
        add_row(out, word, failures[i].says);
    }
}

static void docs_of_statuses(struct buf *out)
{
    BUF_ADD(out, "\n## An answer\n\n| status | `detail` |\n|---|---|\n");
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        const struct status_row *row = &statuses[i];
        char range[CELL_MAX];
        (void)snprintf(range, sizeof range,
                       row->first == row->last ? "%u" : "%u–%u", row->first,
                       row->last);
        add_row(out, row->first == 0 ? "any other" : range, row->says);
    }
    add_row(out, "2xx, nearly too late", late);
}

static void docs_of_refusals(struct buf *out)
{
    BUF_ADD(out, "\n## No attempt\n\nA delivery that can't be sent has failed "
                 "without an attempt; its `last_failure` and `last_error` say "
                 "why.\n\n| `last_failure` | `last_error` |\n|---|---|\n");
    for (unsigned i = REFUSAL_NONE + 1; i < REFUSAL_COUNT; i++) {
        char word[CELL_MAX];
        (void)snprintf(word, sizeof word, "`%s`",
                       refusal_word((enum refusal)i));
        add_row(out, word, refusal_says((enum refusal)i));
    }
}

void explain_docs(struct buf *out)
{
    BUF_ADD(out,
            "# Why an attempt failed\n\n"
            "<!-- Made by `dispatcher --failures-docs`. -->\n\n"
            "Each attempt of a delivery says what went wrong (`failure`, a "
            "word for programs) and what to do about it (`detail`, a sentence "
            "for people). Words like `host` below stand for what was seen; of "
            "rows that fit, the first counts.\n\n");
    docs_of_failures(out);
    docs_of_statuses(out);
    buf_addf(out,
             "\nNearly too late is %d %% of the time that an attempt may take. "
             "Such a delivery is delivered all the same, as is one with 2xx "
             "and `too_large` or `encoded`. Everything else is tried again, "
             "but for 410: what is answered so is held until the webhook is "
             "enabled again.\n",
             EXPLAIN_LATE_PERCENT);
    docs_of_refusals(out);
}
