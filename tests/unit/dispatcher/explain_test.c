/* The sentence of every kind of failure, row by row. */
#include "dispatcher/explain.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#define URL STR("https://hooks.example.com:8443/in?a=b")
#define LITERAL STR("https://[fd00::1]:8443/")
#define NO_WAIT -1

static const struct fetch_options limits = {
    .connect_ms = 5000, .total_ms = 15000, .response_max = 65536};

static const struct fetch_peer peer = {
    .tls = "TLSv1.3",
    .subject = "CN=hooks.example.com",
    .issuer = "CN=Middle CA, O=Acme",
    .culprit = "CN=hooks.example.com",
    .culprit_issuer = "CN=Middle CA, O=Acme",
    .culprit_from_us = INT64_C(1772357400000000),  /* 2026-03-01 09:30 */
    .culprit_until_us = INT64_C(1804066199000000), /* 2027-03-03 09:29 */
    .names = "a.example.com, *.b.example.com",
};

static struct fetch_answer failed(enum fetch_failure failure)
{
    return (struct fetch_answer){.failure = failure,
                                 .retry_after_s = NO_WAIT,
                                 .remote = "203.0.113.9:8443",
                                 .detail = "error:0A000410:SSL routines::words",
                                 .total_us = 5001 * US_PER_MS,
                                 .interim_count = 7,
                                 .header_bytes = 120,
                                 .body_bytes = 30,
                                 .peer = &peer,
                                 .limits = &limits};
}

static struct fetch_answer answered(unsigned status)
{
    struct fetch_answer a = failed(FETCH_OK);

    a.status = status;
    a.total_us = 20 * US_PER_MS;
    return a;
}

static void says(const struct fetch_answer *a, struct str url, const char *want)
{
    struct buf got = BUF_EMPTY;

    explain(a, url, &got);
    assert_string_equal(buf_cstr(&got), want);
    buf_free(&got);
}

static void every_failure_has_its_sentence(void **state)
{
    /* clang-format off */
    static const struct {
        enum fetch_failure failure;
        const char *word;
        const char *want;
    } cases[] = {
        {FETCH_DNS, "dns",
         "The name hooks.example.com could not be resolved: check its spelling in the webhook's URL, and its DNS "
         "records."},
        {FETCH_DNS_TIMEOUT, "dns_timeout",
         "The name servers of hooks.example.com did not answer within 5 s: check its DNS."},
        {FETCH_CONNECT_REFUSED, "connect_refused",
         "203.0.113.9:8443 refused the connection: start the server there, or mend the port in the webhook's URL."},
        {FETCH_CONNECT_TIMEOUT, "connect_timeout",
         "203.0.113.9:8443 did not take the connection within 5 s: check that the server runs, and that its "
         "firewall lets us in."},
        {FETCH_UNREACHABLE, "unreachable",
         "There is no way to 203.0.113.9:8443: check the server's network, and the DNS records of "
         "hooks.example.com."},
        {FETCH_TLS_EXPIRED, "tls_expired",
         "The certificate \"CN=hooks.example.com\" expired on 2027-03-03 09:29 UTC: renew it."},
        {FETCH_TLS_NOT_YET_VALID, "tls_not_yet_valid",
         "The certificate \"CN=hooks.example.com\" is not valid before 2026-03-01 09:30 UTC: install one that is "
         "valid now."},
        {FETCH_TLS_WRONG_HOST, "tls_wrong_host",
         "The certificate is good for a.example.com, *.b.example.com, not for hooks.example.com: install one that "
         "names hooks.example.com, or mend the host in the webhook's URL."},
        {FETCH_TLS_SELF_SIGNED, "tls_self_signed",
         "The certificate \"CN=hooks.example.com\" is signed by nobody but itself: install one of a public "
         "authority."},
        {FETCH_TLS_CHAIN, "tls_chain",
         "The certificate chain lacks the intermediate \"CN=Middle CA, O=Acme\", which signed "
         "\"CN=hooks.example.com\": have the server send the whole chain (if that is an authority of your own, "
         "install a certificate of a public one)."},
        {FETCH_TLS_UNKNOWN_CA, "tls_unknown_ca",
         "The certificate chain ends at \"CN=Middle CA, O=Acme\", which is not trusted here: install a certificate "
         "of a public authority."},
        {FETCH_TLS_WEAK, "tls_weak",
         "The endpoint's TLS is too weak (words): install a certificate with a key of RSA 2048 bits or ECDSA "
         "P-256, signed with SHA-256 or better."},
        {FETCH_TLS_CERTIFICATE, "tls_certificate",
         "The certificate \"CN=hooks.example.com\" does not hold (words): install one of a public authority."},
        {FETCH_TLS_PROTOCOL, "tls_protocol",
         "The endpoint speaks neither TLS 1.2 nor 1.3: enable them there."},
        {FETCH_TLS_PLAIN, "tls_plain",
         "What answers at 203.0.113.9:8443 does not speak TLS: enable HTTPS there, or mend the port in the "
         "webhook's URL."},
        {FETCH_TLS_CLIENT_CERTIFICATE, "tls_client_certificate",
         "The endpoint wants a client certificate that it trusts: give the webhook one (client_certificate), or ask "
         "for none at its URL and verify the signature instead."},
        {FETCH_CLIENT_EXPIRED, "client_certificate_expired",
         "The webhook's client certificate has expired, and nothing was sent: give the webhook a new one "
         "(client_certificate)."},
        {FETCH_TLS_HANDSHAKE, "tls_handshake",
         "The TLS handshake failed (words): check the TLS settings of the server."},
        {FETCH_TLS_ENDED, "tls_ended",
         "The endpoint closed the connection within the TLS handshake: check that HTTPS is enabled on this port, "
         "and what stands before the server."},
        {FETCH_TLS_TIMEOUT, "tls_timeout",
         "The TLS handshake was not over within 5 s: check that HTTPS is enabled on this port, and the load of the "
         "server."},
        {FETCH_TIMEOUT_SENDING, "timeout_sending",
         "The endpoint had not taken the whole request within 15 s: read the body first, and do the work "
         "afterwards."},
        {FETCH_TIMEOUT, "timeout",
         "The endpoint did not answer within 15 s: answer 2xx first, and do the work afterwards."},
        {FETCH_TIMEOUT_ANSWER, "timeout_answer",
         "The answer was not whole within 15 s (120 bytes of its head and 30 of its body came): send a short one, "
         "in one go."},
        {FETCH_ENDED_SENDING, "ended_sending",
         "The endpoint closed the connection before it had the whole request: let it take larger bodies, and "
         "look into its log."},
        {FETCH_ENDED_SILENT, "ended_silent",
         "The endpoint had the request, and closed the connection without an answer: look into its log, and at "
         "what stands before it."},
        {FETCH_ENDED_SHORT, "ended_short",
         "The endpoint closed the connection within its answer (120 bytes of its head and 30 of its body came): "
         "look into its log, and send no more Content-Length than body."},
        {FETCH_NOT_HTTP, "not_http",
         "What came from 203.0.113.9:8443 is no HTTP answer (words): check the port in the webhook's URL, and what "
         "stands before the server."},
        {FETCH_INTERIM, "interim",
         "The endpoint sent 7 interim answers (1xx) and no final one: answer 2xx."},
        {FETCH_HEADERS_TOO_LARGE, "headers_too_large",
         "The headers of the answer are larger than what we read: send less than 64 KiB of them."},
        {FETCH_PROXY, "proxy",
         "Our own proxy did not lead to hooks.example.com (words): tell us if it goes on."},
        {FETCH_LACK, "lack",
         "We could not connect to anybody (words): it is not your endpoint, and we try again."},
        {FETCH_OTHER, "other",
         "The attempt failed (words): look into the endpoint's log, and ask us if it goes on."},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fetch_answer a = failed(cases[i].failure);
        says(&a, URL, cases[i].want);
        assert_string_equal(explain_word(cases[i].failure), cases[i].word);
    }
}

static void a_refused_address_is_told_with_the_name_that_led_to_it(void **state)
{
    struct fetch_answer a = failed(FETCH_REFUSED_ADDRESS);

    (void)state;
    (void)snprintf(a.detail, sizeof a.detail, "The address ::1 is refused.");
    says(&a, URL,
         "The address ::1 is refused. hooks.example.com resolved to it: point "
         "the "
         "name to a public address.");
    says(&a, LITERAL,
         "The address ::1 is refused. The webhook's URL names it: give it a "
         "host "
         "with a public address.");
    says(&a, STR("https://10.0.0.1/"),
         "The address ::1 is refused. The webhook's URL names it: give it a "
         "host "
         "with a public address.");
}

static void openssls_own_words_win_over_libcurls(void **state)
{
    struct fetch_peer p = peer;
    struct fetch_answer a = failed(FETCH_TLS_CERTIFICATE);

    (void)state;
    (void)snprintf(p.why, sizeof p.why, "unsuitable certificate purpose");
    a.peer = &p;
    says(&a, URL,
         "The certificate \"CN=hooks.example.com\" does not hold (unsuitable "
         "certificate purpose): install one of a public authority.");
}

static void a_reset_is_told_from_a_close(void **state)
{
    struct fetch_answer a = failed(FETCH_ENDED_SILENT);

    (void)state;
    a.was_reset = true;
    says(&a, URL,
         "The endpoint had the request, and reset the connection without an "
         "answer: look into its log, and at what stands before it.");
}

static void every_status_has_its_sentence(void **state)
{
    /* clang-format off */
    static const struct {
        unsigned status;
        struct str headers;
        int64_t retry_after_s;
        const char *want;
    } cases[] = {
        {301, {"Location: https://new.example.com/in\n", 37}, NO_WAIT,
         "The endpoint answered 301 to https://new.example.com/in: update the webhook's URL (redirects are not "
         "followed)."},
        {308, {"Server: x\n", 10}, NO_WAIT,
         "The endpoint answered 308 and did not say where to: give the webhook its final URL (redirects are not "
         "followed)."},
        {400, {NULL, 0}, NO_WAIT,
         "The endpoint answered 400, it can't read the request: look at its answer's body, and into its log."},
        {401, {NULL, 0}, NO_WAIT,
         "The endpoint answered 401, it does not know us: check the webhook's secret there, and ask for no login at "
         "its URL."},
        {403, {NULL, 0}, NO_WAIT,
         "The endpoint answered 403, it does not let us in: check its firewall, and the webhook's secret there."},
        {404, {NULL, 0}, NO_WAIT,
         "The endpoint answered 404, there is nothing at this path: mend the webhook's URL, or the route there."},
        {405, {"allow:  GET, HEAD \n", 19}, NO_WAIT,
         "The endpoint answered 405, its path takes GET, HEAD: let it take POST, or mend the webhook's URL."},
        {405, {NULL, 0}, NO_WAIT,
         "The endpoint answered 405, its path takes no POST: let it, or mend the webhook's URL."},
        {410, {NULL, 0}, NO_WAIT,
         "The endpoint answered 410, it is gone for good: enable the webhook again when it is back."},
        {413, {NULL, 0}, NO_WAIT,
         "The endpoint answered 413, the body is too large for it: let it take larger ones."},
        {415, {NULL, 0}, NO_WAIT,
         "The endpoint answered 415, it does not take this kind of body: let it take application/json."},
        {429, {NULL, 0}, 30,
         "The endpoint answered 429 and asked to wait 30 s: let it take more at once, if that is too slow."},
        {429, {NULL, 0}, NO_WAIT,
         "The endpoint answered 429, it was asked too often: let it take more at once, or say with Retry-After when "
         "it does."},
        {422, {NULL, 0}, NO_WAIT,
         "The endpoint answered 422, it refuses the request: look at its answer's body, and into its log."},
        {500, {NULL, 0}, NO_WAIT,
         "The endpoint answered 500, it failed: look into its log."},
        {502, {NULL, 0}, NO_WAIT,
         "The endpoint answered 502, its proxy got no good answer: check that the server behind it runs."},
        {503, {NULL, 0}, 0,
         "The endpoint answered 503 and asked to wait 0 s: check that the server runs, if that goes on."},
        {503, {NULL, 0}, NO_WAIT,
         "The endpoint answered 503, it is not available: check that the server runs."},
        {504, {NULL, 0}, NO_WAIT,
         "The endpoint answered 504, its proxy got no answer in time: check that the server behind it runs, and "
         "answers before it works."},
        {599, {NULL, 0}, NO_WAIT,
         "The endpoint answered 599, it failed: look into its log."},
        {700, {NULL, 0}, NO_WAIT,
         "The endpoint answered 700, which means nothing to us: answer 2xx."},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fetch_answer a = answered(cases[i].status);
        a.headers = cases[i].headers;
        a.retry_after_s = cases[i].retry_after_s;
        says(&a, URL, cases[i].want);
    }
}

static void a_long_header_is_cut_between_characters(void **state)
{
    struct fetch_answer a = answered(302);
    struct buf line = BUF_EMPTY;
    struct buf got = BUF_EMPTY;

    (void)state;
    BUF_ADD(&line, "Location: x");
    for (int i = 0; i < 200; i++) {
        BUF_ADD(&line, "\xe5\xb1\xb1"); /* Three bytes: 300 is within one. */
    }
    a.headers = buf_str(&line);
    explain(&a, URL, &got);
    assert_true(got.len < 450);
    assert_true(str_is_utf8(buf_str(&got)));
    buf_free(&line);
    buf_free(&got);
}

static void a_success_says_nothing_unless_it_was_nearly_too_late(void **state)
{
    struct fetch_answer a = answered(200);

    (void)state;
    says(&a, URL, "");
    a.total_us = 11999 * US_PER_MS;
    says(&a, URL, "");
    a.total_us = 12 * US_PER_S;
    says(&a, URL,
         "The endpoint answered 200 after 12 s of 15 s: answer first, and do "
         "the work afterwards.");
    a.total_us = 14299 * US_PER_MS;
    says(&a, URL,
         "The endpoint answered 200 after 14.2 s of 15 s: answer first, and "
         "do the work afterwards.");
}

static void a_body_that_was_not_read_is_told_only_of_a_success(void **state)
{
    struct fetch_answer a = answered(200);

    (void)state;
    a.failure = FETCH_TOO_LARGE;
    says(&a, URL,
         "The endpoint answered 200 with a body of more than 64 KiB, and the "
         "rest was not read: send a short one, or none.");
    a.failure = FETCH_ENCODED;
    says(&a, URL,
         "The endpoint answered 200 with a packed body (Transfer-Encoding), "
         "which was not read: send it as it is.");
    a.status = 500;
    says(&a, URL, "The endpoint answered 500, it failed: look into its log.");
}

static void no_failure_is_without_word_and_sentence(void **state)
{
    (void)state;
    assert_null(explain_word(FETCH_OK));
    for (int i = FETCH_OK + 1; i < FETCH_FAILURES; i++) {
        struct fetch_answer a = failed((enum fetch_failure)i);
        struct buf got = BUF_EMPTY;

        a.status = 200; /* Of those that are told only then. */
        assert_non_null(explain_word(a.failure));
        explain(&a, URL, &got);
        assert_true(got.len > 0);
        assert_int_equal(got.data[got.len - 1], '.');
        buf_free(&got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failure_has_its_sentence),
        cmocka_unit_test(
            a_refused_address_is_told_with_the_name_that_led_to_it),
        cmocka_unit_test(openssls_own_words_win_over_libcurls),
        cmocka_unit_test(a_reset_is_told_from_a_close),
        cmocka_unit_test(every_status_has_its_sentence),
        cmocka_unit_test(a_long_header_is_cut_between_characters),
        cmocka_unit_test(a_success_says_nothing_unless_it_was_nearly_too_late),
        cmocka_unit_test(a_body_that_was_not_read_is_told_only_of_a_success),
        cmocka_unit_test(no_failure_is_without_word_and_sentence),
    };

    return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
