/* What libcurl and endpoints say, in our words. */
#include "fetch/answer.h"
#include "fetch/peer.h"

#include <curl/curl.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define NOW_S 784111777 /* Sun, 06 Nov 1994 08:49:37 GMT */

static void retry_after_is_seconds_or_a_date(void **state)
{
    static const struct {
        struct str value;
        int64_t want;
    } cases[] = {
        {{"0", 1}, 0},
        {{" 120 ", 5}, 120},
        {{"-1", 2}, -1},
        {{"1.5", 3}, -1},
        {{"soon", 4}, -1},
        {{"", 0}, -1},
        {{"99999999999", 11}, 31536000},
        {{"99999999999999999999999", 23}, 31536000},
        {{"9999999999999999999999d", 23}, -1},
        {{"Sun, 06 Nov 1994 08:50:37 GMT", 29}, 60},
        {{"Sun, 06 Nov 1994 08:48:37 GMT", 29}, 0},
        {{"Sunday, 06-Nov-94 08:50:37 GMT", 30}, 60},
        {{"Sun, 99 Nov 1994 08:50:37 GMT", 29}, -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(answer_retry_after(cases[i].value, NOW_S),
                         cases[i].want);
    }
}

static struct answer_head head_of(const struct str *lines, size_t count)
{
    struct answer_head head = {.retry_after_s = -1};

    for (size_t i = 0; i < count; i++) {
        answer_header(lines[i], NOW_S, &head);
    }
    return head;
}

static void headers_are_kept_as_lines_and_bounded(void **state)
{
    static char big[ANSWER_HEADERS_MAX];
    const struct str lines[] = {
        STR("HTTP/1.1 503 No\r\n"), STR("Server:  x \r\n"),
        STR("retry-AFTER: 7\r\n"),  {big, sizeof big},
        STR("no colon\r\n"),        STR("\r\n"),
    };

    (void)state;
    memset(big, 'x', sizeof big);
    memcpy(big, "a: ", 3);
    struct answer_head head = head_of(lines, COUNT_OF(lines));
    assert_string_equal(buf_cstr(&head.kept), "Server: x\nretry-AFTER: 7\n");
    assert_int_equal(head.retry_after_s, 7);
    assert_int_equal(head.status, 503);
    assert_true(head.is_whole);
    assert_false(head.is_encoded);
    buf_free(&head.kept);
}

static void interim_answers_are_counted_and_forgotten(void **state)
{
    const struct str lines[] = {
        STR("HTTP/1.1 100 Continue\r\n"),
        STR("\r\n"),
        STR("HTTP/1.1 103 Early\r\n"),
        STR("Retry-After: 9\r\n"),
        STR("\r\n"),
        STR("HTTP/1.1 200 OK\r\n"),
    };

    (void)state;
    struct answer_head head = head_of(lines, COUNT_OF(lines) - 1);
    assert_int_equal(head.interim_count, 2);
    assert_int_equal(head.status, 0);
    assert_true(head.is_whole);
    buf_free(&head.kept);
    head = head_of(lines, COUNT_OF(lines));
    assert_int_equal(head.interim_count, 2);
    assert_int_equal(head.status, 200);
    assert_false(head.is_whole);
    assert_int_equal(head.kept.len, 0);
    assert_int_equal(head.retry_after_s, -1);
    buf_free(&head.kept);
}

static void a_status_line_may_be_anything(void **state)
{
    static const struct {
        struct str line;
        unsigned want;
    } cases[] = {
        {{"HTTP/2 204", 10}, 204},  {{"HTTP/1.1 999 x", 14}, 999},
        {{"HTTP/1.1", 8}, 0},       {{"HTTP/1.1 ", 9}, 0},
        {{"HTTP/1.1 two", 12}, 0},  {{"HTTP/1.1 1000", 13}, 0},
        {{"HTTP/1.1 -200", 13}, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct answer_head head = head_of(&cases[i].line, 1);
        assert_int_equal(head.status, cases[i].want);
        buf_free(&head.kept);
    }
}

static void a_packed_transfer_is_seen(void **state)
{
    static const struct {
        struct str line;
        bool want;
    } cases[] = {
        {{"Transfer-Encoding: chunked", 26}, false},
        {{"transfer-encoding:  Chunked ", 28}, false},
        {{"Transfer-Encoding: identity", 27}, false},
        {{"Transfer-Encoding: gzip", 23}, true},
        {{"Transfer-Encoding: gzip, chunked", 32}, true},
        {{"Content-Encoding: gzip", 22}, false}, /* Left as it is. */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct answer_head head = head_of(&cases[i].line, 1);
        assert_int_equal(head.is_encoded, cases[i].want);
        buf_free(&head.kept);
    }
}

/* --- failures --------------------------------------------------------------
 */

#define ALERT(reason) "error:" reason ":SSL routines::words"

/* A request that was sent over a new TLS connection, and got no byte. */
static struct answer_facts sent(int code, const char *words,
                                const struct answer_head *head)
{
    return (struct answer_facts){.code = code,
                                 .words = words,
                                 .is_tls = true,
                                 .is_sent = true,
                                 .dns_us = 1,
                                 .connect_us = 2,
                                 .tls_us = 3,
                                 .head = head};
}

static void a_timeout_is_the_first_phase_that_was_not_reached(void **state)
{
    struct answer_head none = {.retry_after_s = -1};
    struct answer_head some = {.bytes = 17, .status = 200};
    struct answer_head interim = {.bytes = 17, .interim_count = 1};
    struct answer_facts f = sent(CURLE_OPERATION_TIMEDOUT, "", &none);

    (void)state;
    assert_int_equal(answer_failure(&f), FETCH_TIMEOUT);
    f.head = &some;
    assert_int_equal(answer_failure(&f), FETCH_TIMEOUT_ANSWER);
    f.head = &interim;
    assert_int_equal(answer_failure(&f), FETCH_INTERIM);
    f.head = &none;
    f.is_sent = false;
    assert_int_equal(answer_failure(&f), FETCH_TIMEOUT_SENDING);
    f.tls_us = 0;
    assert_int_equal(answer_failure(&f), FETCH_TLS_TIMEOUT);
    f.connect_us = 0;
    assert_int_equal(answer_failure(&f), FETCH_CONNECT_TIMEOUT);
    f.dns_us = 0;
    assert_int_equal(answer_failure(&f), FETCH_DNS_TIMEOUT);
    f.is_reused = true; /* None of these phases was needed. */
    assert_int_equal(answer_failure(&f), FETCH_TIMEOUT_SENDING);
}

static void an_end_is_before_or_within_the_answer(void **state)
{
    struct answer_head none = {.retry_after_s = -1};
    struct answer_head some = {.bytes = 17, .status = 200};
    struct answer_facts f = sent(CURLE_RECV_ERROR, "reset by peer", &none);

    (void)state;
    assert_int_equal(answer_failure(&f), FETCH_ENDED_SILENT);
    f.is_asking = true;
    assert_int_equal(answer_failure(&f), FETCH_TLS_CLIENT_CERTIFICATE);
    f.head = &some; /* It answered nevertheless. */
    assert_int_equal(answer_failure(&f), FETCH_ENDED_SHORT);
    f = sent(CURLE_SEND_ERROR, "", &none);
    f.is_sent = false;
    assert_int_equal(answer_failure(&f), FETCH_ENDED_SENDING);
    f = sent(CURLE_RECV_ERROR, "Illegal hex in chunked-encoding", &some);
    assert_int_equal(answer_failure(&f), FETCH_NOT_HTTP);
    f.os_errno = ECONNRESET; /* Of an earlier transfer's connect. */
    assert_false(answer_was_reset(&f));
    f.words = "Recv failure: Connection reset by peer";
    assert_true(answer_was_reset(&f));
}

static void a_connect_fails_by_its_errno(void **state)
{
    static const struct {
        int os_errno;
        enum fetch_failure want;
    } cases[] = {
        {ECONNREFUSED, FETCH_CONNECT_REFUSED},
        {ETIMEDOUT, FETCH_CONNECT_TIMEOUT},
        {ECONNRESET, FETCH_TLS_ENDED},
        {ENETUNREACH, FETCH_UNREACHABLE},
        {EHOSTUNREACH, FETCH_UNREACHABLE},
    };
    struct answer_head none = {.retry_after_s = -1};
    struct answer_facts f = sent(CURLE_COULDNT_CONNECT, "", &none);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        f.os_errno = cases[i].os_errno;
        assert_int_equal(answer_failure(&f), cases[i].want);
    }
    f.is_refused = true;
    assert_int_equal(answer_failure(&f), FETCH_REFUSED_ADDRESS);
    /* Another of the name's addresses took the connection. */
    f.code = CURLE_GOT_NOTHING;
    assert_int_equal(answer_failure(&f), FETCH_ENDED_SILENT);
}

static void
a_handshake_fails_by_the_certificate_or_by_openssls_number(void **state)
{
    static const struct {
        const char *words;
        bool is_asking;
        enum fetch_failure want;
    } cases[] = {
        {ALERT("0A00042E"), false, FETCH_TLS_PROTOCOL},
        {ALERT("0A000102"), false, FETCH_TLS_PROTOCOL},
        {ALERT("0A00010B"), false, FETCH_TLS_PLAIN},
        {ALERT("0A000410"), false, FETCH_TLS_HANDSHAKE},
        {ALERT("0A000410"), true, FETCH_TLS_CLIENT_CERTIFICATE},
        {ALERT("0A00045C"), false, FETCH_TLS_CLIENT_CERTIFICATE},
        {ALERT("0A00018F"), false, FETCH_TLS_WEAK},
        {ALERT("0A000126"), false, FETCH_TLS_ENDED},
        {ALERT("0A000460"), false, FETCH_TLS_HANDSHAKE},
        {"error:10000001:other library", false, FETCH_TLS_HANDSHAKE},
        {"OpenSSL SSL_connect: Connection reset by peer", false, FETCH_OK},
    };
    struct answer_head none = {.retry_after_s = -1};
    struct answer_facts f = sent(CURLE_SSL_CONNECT_ERROR, "", &none);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(peer_failure_of(cases[i].words, cases[i].is_asking),
                         cases[i].want);
    }
    assert_int_equal(answer_failure(&f), FETCH_TLS_ENDED);
    f.code = CURLE_PEER_FAILED_VERIFICATION;
    assert_int_equal(answer_failure(&f), FETCH_TLS_WRONG_HOST);
    f.tls = FETCH_TLS_EXPIRED;
    assert_int_equal(answer_failure(&f), FETCH_TLS_EXPIRED);
}

static void a_proxy_is_told_from_the_endpoint(void **state)
{
    struct answer_head none = {.retry_after_s = -1};
    struct answer_facts f = sent(CURLE_COULDNT_CONNECT, "", &none);

    (void)state;
    f.os_errno = ECONNREFUSED;
    f.is_proxied = true;
    assert_int_equal(answer_failure(&f), FETCH_PROXY);
    f.code = CURLE_COULDNT_RESOLVE_PROXY;
    assert_int_equal(answer_failure(&f), FETCH_PROXY);
    f.code = CURLE_RECV_ERROR;
    f.words = "CONNECT tunnel failed, response 403";
    assert_int_equal(answer_failure(&f), FETCH_PROXY);
    for (f.proxy_status = 500; f.proxy_status <= 505; f.proxy_status++) {
        bool is_theirs = f.proxy_status >= 502 && f.proxy_status <= 504;
        assert_int_equal(answer_failure(&f),
                         is_theirs ? FETCH_UNREACHABLE : FETCH_PROXY);
    }
    f.proxy_status = 407;
    assert_int_equal(answer_failure(&f), FETCH_PROXY);
    f.proxy_status = 200;
    f.words = "Recv failure: Connection reset by peer";
    assert_int_equal(answer_failure(&f), FETCH_ENDED_SILENT);
    f.code = CURLE_OPERATION_TIMEDOUT;
    assert_int_equal(answer_failure(&f), FETCH_TIMEOUT);
    f.connect_us = 0;
    assert_int_equal(answer_failure(&f), FETCH_PROXY);
}

static void what_we_lack_is_told_from_the_endpoint(void **state)
{
    static const int ours[] = {EMFILE, ENFILE,   ENOBUFS,
                               ENOMEM, ENETDOWN, EADDRNOTAVAIL};
    struct answer_head none = {.retry_after_s = -1};
    struct answer_facts f = sent(CURLE_COULDNT_CONNECT, "", &none);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ours); i++) {
        f.os_errno = ours[i];
        assert_int_equal(answer_failure(&f), FETCH_LACK);
    }
    f.os_errno = EHOSTUNREACH;
    assert_int_equal(answer_failure(&f), FETCH_UNREACHABLE);
    f.is_lacking = true;
    assert_int_equal(answer_failure(&f), FETCH_LACK);
    f.code = CURLE_COULDNT_RESOLVE_HOST;
    assert_int_equal(answer_failure(&f), FETCH_LACK);
}

static void what_we_stop_ourselves_is_told_by_what_we_saw(void **state)
{
    struct answer_head body = {.bytes = 9, .is_body_too_large = true};
    struct answer_head head = {.bytes = 9, .status = 200, .is_too_large = true};
    struct answer_head flood = {
        .bytes = 9, .interim_count = 4, .is_too_large = true};
    struct answer_head packed = {.bytes = 9, .status = 200, .is_encoded = true};
    struct answer_head none = {.retry_after_s = -1};
    struct answer_facts f = sent(CURLE_WRITE_ERROR, "", &body);

    (void)state;
    assert_int_equal(answer_failure(&f), FETCH_TOO_LARGE);
    f.head = &head;
    assert_int_equal(answer_failure(&f), FETCH_HEADERS_TOO_LARGE);
    f.head = &flood;
    assert_int_equal(answer_failure(&f), FETCH_INTERIM);
    f.head = &packed;
    assert_int_equal(answer_failure(&f), FETCH_ENCODED);
    f.head = &none;
    assert_int_equal(answer_failure(&f), FETCH_OTHER);
    f.code = CURLE_OUT_OF_MEMORY; /* A line without end. */
    assert_int_equal(answer_failure(&f), FETCH_HEADERS_TOO_LARGE);
    f.code = CURLE_UNSUPPORTED_PROTOCOL;
    assert_int_equal(answer_failure(&f), FETCH_NOT_HTTP);
}

static void remote_is_address_and_port(void **state)
{
    char text[64];

    (void)state;
    answer_remote("192.0.2.1", 443, text, sizeof text);
    assert_string_equal(text, "192.0.2.1:443");
    answer_remote("2001:db8::1", 8443, text, sizeof text);
    assert_string_equal(text, "[2001:db8::1]:8443");
    answer_remote("", 0, text, sizeof text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_after_is_seconds_or_a_date),
        cmocka_unit_test(headers_are_kept_as_lines_and_bounded),
        cmocka_unit_test(interim_answers_are_counted_and_forgotten),
        cmocka_unit_test(a_status_line_may_be_anything),
        cmocka_unit_test(a_packed_transfer_is_seen),
        cmocka_unit_test(a_timeout_is_the_first_phase_that_was_not_reached),
        cmocka_unit_test(an_end_is_before_or_within_the_answer),
        cmocka_unit_test(a_connect_fails_by_its_errno),
        cmocka_unit_test(
            a_handshake_fails_by_the_certificate_or_by_openssls_number),
        cmocka_unit_test(a_proxy_is_told_from_the_endpoint),
        cmocka_unit_test(what_we_lack_is_told_from_the_endpoint),
        cmocka_unit_test(what_we_stop_ourselves_is_told_by_what_we_saw),
        cmocka_unit_test(remote_is_address_and_port),
    };

    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
