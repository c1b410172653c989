/* What a hostile or slow client meets, over real sockets. */
#include "web/web.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS 8
#define REQUEST_MS 600
#define WAIT_MS 5000

/* Answers with "METHOD path|body". */
static void echo(void *user, const struct web_request *req,
                 struct web_response *res)
{
    (void)user;
    res->status = 200;
    buf_add(&res->body, req->method_text);
    buf_add_char(&res->body, ' ');
    buf_add(&res->body, req->path);
    buf_add_char(&res->body, '|');
    buf_add(&res->body, req->body);
}

static void refuse(void *user, enum web_refusal code, const char *detail,
                   const struct web_request *req, struct web_response *res)
{
    static const unsigned statuses[] = {400, 408, 411, 413, 431, 501, 501, 505};

    (void)user;
    (void)req;
    res->status = statuses[code];
    buf_add(&res->body, str_of(detail));
}

static int open_server(void **state)
{
    const struct web_options opts = {.address = "127.0.0.1",
                                     .threads = THREADS,
                                     .backlog = 64,
                                     .keep_alive_ms = 2000,
                                     .request_ms = REQUEST_MS,
                                     .head_max = 4096,
                                     .body_max = 1000,
                                     .handler = echo,
                                     .refuse = refuse};
    struct err err = ERR_NONE;
    struct web *w = NULL;

    if (!web_open(&opts, &w, &err)) {
        print_error("%s\n", err.text);
        return -1;
    }
    *state = w;
    return 0;
}

static int close_server(void **state)
{
    web_close(*state, 1000);
    return 0;
}

static int dial(struct web *w)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)web_port(w)),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void say(int fd, struct str text)
{
    assert_int_equal(send(fd, text.data, text.len, MSG_NOSIGNAL), text.len);
}

/* Everything until the server closes, or stop bytes came, or WAIT_MS. */
static const char *hear(int fd, size_t stop)
{
    static char text[8192];
    size_t len = 0;
    struct pollfd p = {fd, POLLIN, 0};

    while (len < stop && len < sizeof text - 1 && poll(&p, 1, WAIT_MS) > 0) {
        ssize_t n = recv(fd, text + len, sizeof text - 1 - len, 0);
        if (n <= 0) {
            break;
        }
        len += (size_t)n;
    }
    text[len] = '\0';
    return text;
}

static void expect_answer(struct web *w, struct str request, const char *start,
                          const char *end)
{
    int fd = dial(w);
    const char *got = NULL;
    size_t len = 0;

    say(fd, request);
    got = hear(fd, SIZE_MAX);
    len = strlen(got);
    if (strncmp(got, start, strlen(start)) != 0 || len < strlen(end) ||
        strcmp(got + len - strlen(end), end) != 0) {
        print_error("sent %.*s\ngot %s\n", STR_ARGS(request), got);
        fail();
    }
    close(fd);
}

#define CLOSE "Host: a\r\nConnection: close\r\n"

static void answers_whole_requests(void **state)
{
    expect_answer(*state, STR("GET /a%20b HTTP/1.1\r\n" CLOSE "\r\n"),
                  "HTTP/1.1 200 OK\r\n", "GET /a b|");
    expect_answer(
        *state, STR("POST / HTTP/1.1\r\n" CLOSE "Content-Length: 3\r\n\r\nabc"),
        "HTTP/1.1 200 OK\r\n", "POST /|abc");
    expect_answer(*state,
                  STR("POST / HTTP/1.1\r\n" CLOSE
                      "Transfer-Encoding: chunked\r\n\r\n"
                      "2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: t\r\n\r\n"),
                  "HTTP/1.1 200 OK\r\n", "POST /|abc");
    expect_answer(*state,
                  STR("POST / HTTP/1.1\r\n" CLOSE "Expect: 100-continue\r\n"
                      "Content-Length: 3\r\n\r\nabc"),
                  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
                  "POST /|abc");
}

static void answers_pipelined_requests_in_order(void **state)
{
    expect_answer(*state,
                  STR("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                      "\r\nxGET /2 HTTP/1.1\r\n" CLOSE "\r\n"),
                  "HTTP/1.1 200 OK\r\n", "GET /2|");
}

static void refuses_and_closes(void **state)
{
    static const struct {
        const char *request;
        const char *status;
    } cases[] = {
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost: a\n\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\nHost: a\n\n", "HTTP/1.1 400 "},
        {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost: a\r\n b: c\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", "HTTP/1.1 400 "},
        {"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 501 "},
        {"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", "HTTP/1.1 505 "},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
         "HTTP/1.1 501 "},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n",
         "HTTP/1.1 413 "},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
         "x\r\n",
         "HTTP/1.1 400 "},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
         "1;\n\r\na\r\n0\r\n\r\n",
         "HTTP/1.1 400 "},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
         "ffffffffffffffff\r\na\r\n0\r\n\r\n",
         "HTTP/1.1 400 "},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        expect_answer(*state, str_of(cases[i].request), cases[i].status, "");
    }
}

static void refuses_a_head_that_is_too_long(void **state)
{
    struct buf raw = BUF_EMPTY;

    BUF_ADD(&raw, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    while (raw.len < 4096) {
        buf_add_char(&raw, 'x');
    }
    expect_answer(*state, buf_str(&raw), "HTTP/1.1 431 ", "");
    buf_free(&raw);
}

static void refuses_chunks_that_add_up_to_too_much(void **state)
{
    struct buf raw = BUF_EMPTY;

    BUF_ADD(&raw, "POST / HTTP/1.1\r\nHost: a\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < 101; i++) {
        BUF_ADD(&raw, "a\r\n0123456789\r\n");
    }
    BUF_ADD(&raw, "0\r\n\r\n");
    expect_answer(*state, buf_str(&raw), "HTTP/1.1 413 ", "");
    buf_free(&raw);
}

static void ends_who_sends_a_byte_now_and_then(void **state)
{
    int head = dial(*state);
    int body = dial(*state);
    int64_t began_us = clock_steady_us();

    say(head, STR("GET / HTTP/1.1\r\nX: "));
    say(body, STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n"));
    for (size_t i = 0; i < 3 * REQUEST_MS / 100; i++) {
        (void)send(head, "x", 1, MSG_NOSIGNAL);
        (void)send(body, "x", 1, MSG_NOSIGNAL);
        usleep(100000);
    }
    assert_memory_equal(hear(head, 12), "HTTP/1.1 408", 12);
    assert_memory_equal(hear(body, 12), "HTTP/1.1 408", 12);
    assert_true(clock_steady_us() - began_us < 3000000);
    close(head);
    close(body);
}

/* Idle connections may not keep everybody else out. */
static void serves_others_beside_idle_connections(void **state)
{
    int idle[4 * THREADS];

    for (size_t i = 0; i < COUNT_OF(idle); i++) {
        idle[i] = dial(*state);
    }
    expect_answer(*state, STR("GET / HTTP/1.1\r\n" CLOSE "\r\n"),
                  "HTTP/1.1 200 OK\r\n", "GET /|");
    for (size_t i = 0; i < COUNT_OF(idle); i++) {
        close(idle[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_whole_requests),
        cmocka_unit_test(answers_pipelined_requests_in_order),
        cmocka_unit_test(refuses_and_closes),
        cmocka_unit_test(refuses_a_head_that_is_too_long),
        cmocka_unit_test(refuses_chunks_that_add_up_to_too_much),
        cmocka_unit_test(ends_who_sends_a_byte_now_and_then),
        cmocka_unit_test(serves_others_beside_idle_connections),
    };

    return cmocka_run_group_tests(tests, open_server, close_server);
}
