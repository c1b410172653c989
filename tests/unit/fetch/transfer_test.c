/* Transfers against a tiny server of our own on the loopback address. */
#include "fetch/fetch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define WAITS_MAX 200
#define MIB 1048576
#define FDS_MAX 256

/* Answers one connection once. */
struct server {
    int fd;
    unsigned port;
    const char *reply;
    size_t reply_len;
    size_t body_len;   /* Read before the answer; 0: whatever comes. */
    unsigned pause_ms; /* Before the answer. */
    bool resets;       /* In place of an answer. */
    char request[2048];
    pthread_t thread;
};

static void read_body(int fd, const struct server *s)
{
    static char piece[65536];
    const char *end = strstr(s->request, "\r\n\r\n");
    size_t have = end == NULL ? 0 : strlen(end + 4);
    ssize_t got = 1;

    while (have < s->body_len && got > 0) {
        got = read(fd, piece, sizeof piece);
        have += got > 0 ? (size_t)got : 0;
    }
}

static void *serve(void *user)
{
    struct server *s = user;
    int fd = accept(s->fd, NULL, NULL);
    if (fd < 0) {
        return NULL;
    }
    ssize_t got = read(fd, s->request, sizeof s->request - 1);
    s->request[got > 0 ? got : 0] = '\0';
    if (s->resets) {
        const struct linger now = {.l_onoff = 1};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close(fd);
        return NULL;
    }
    read_body(fd, s);
    usleep(s->pause_ms * 1000U);
    ssize_t put = write(fd, s->reply, s->reply_len);
    (void)put;
    shutdown(fd, SHUT_WR);
    while (read(fd, &(char){0}, 1) > 0) {
        continue;
    }
    close(fd);
    return NULL;
}

static void server_open(struct server *s, const char *reply, size_t len)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;

    s->reply = reply;
    s->reply_len = len;
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s->fd, 4), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &size), 0);
    s->port = ntohs(a.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_close(struct server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
}

struct seen {
    unsigned count;
    unsigned silence_ms; /* See silence_of_sockets. */
    struct fetch_answer answer;
    char body[64];
};

/* The longest that the kernel waits for an acknowledgement, of all sockets;
 * one that is not told waits for a quarter of an hour, and says 0. */
static unsigned silence_of_sockets(void)
{
    unsigned longest = 0;

    for (int fd = 3; fd < FDS_MAX; fd++) {
        unsigned ms = 0;
        socklen_t size = sizeof ms;
        (void)getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, &size);
        longest = ms > longest ? ms : longest;
    }
    return longest;
}

static void note(void *user, const struct fetch_answer *a)
{
    struct seen *seen = user;

    seen->count++;
    seen->silence_ms = silence_of_sockets();
    seen->answer = *a;
    (void)snprintf(seen->body, sizeof seen->body, "%.*s", STR_ARGS(a->body));
}

static bool refuse_all(void *user, const struct sockaddr *a, struct err *why)
{
    (void)user;
    (void)a;
    return err_set(why, ERR_FORBIDDEN, "not there");
}

static struct seen post_body(struct fetch_options opts, unsigned port,
                             struct str body)
{
    struct fetch *f = NULL;
    struct err err = ERR_NONE;
    struct seen seen = {0};
    char url[64];
    struct fetch_request req = {
        .url = url, .headers = {"X-One: 1"}, .header_count = 1, .body = body};

    opts.max_transfers = 4;
    opts.max_idle = 4;
    opts.connect_ms = 1000;
    opts.total_ms = opts.total_ms == 0 ? 2000 : opts.total_ms;
    (void)snprintf(url, sizeof url, "%s://127.0.0.1:%u/x",
                   opts.proxy == NULL ? "http" : "https", port);
    assert_true(fetch_open(&opts, &f, &err));
    assert_int_equal(fetch_room(f), 4);
    assert_true(fetch_start(f, &req, &err));
    assert_int_equal(fetch_room(f), 3);
    for (unsigned i = 0; i < WAITS_MAX && seen.count == 0; i++) {
        fetch_wait(f, 100, note, &seen);
    }
    assert_int_equal(seen.count, 1);
    assert_int_equal(fetch_room(f), 4);
    fetch_close(f);
    return seen;
}

static struct seen post(struct fetch_options opts, unsigned port)
{
    return post_body(opts, port, STR("hello"));
}

static void an_answer_comes_back_whole(void **state)
{
    static const char reply[] = "HTTP/1.1 429 Slow\r\nRetry-After: 5\r\n"
                                "Content-Length: 4\r\n\r\nbusy";
    struct server s = {0};

    (void)state;
    server_open(&s, reply, sizeof reply - 1);
    struct seen seen = post(
        (struct fetch_options){.response_max = 100, .keep_max = 2}, s.port);
    assert_int_equal(seen.answer.failure, FETCH_OK);
    assert_int_equal(seen.answer.status, 429);
    assert_int_equal(seen.answer.retry_after_s, 5);
    assert_string_equal(seen.body, "bu");
    assert_true(seen.answer.total_us > 0);
    assert_false(seen.answer.reused);
    assert_non_null(strstr(s.request, "POST /x HTTP/1.1\r\n"));
    assert_non_null(strstr(s.request, "X-One: 1\r\n"));
    assert_null(strstr(s.request, "Expect"));
    assert_null(strstr(s.request, "Accept"));
    assert_non_null(strstr(s.request, "\r\n\r\nhello"));
    server_close(&s);
}

static void too_large_an_answer_ends_the_transfer(void **state)
{
    static char reply[4096];
    struct server s = {0};

    (void)state;
    int head = snprintf(reply, sizeof reply,
                        "HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n");
    memset(reply + head, 'x', 3000);
    server_open(&s, reply, (size_t)head + 3000);
    struct seen seen = post(
        (struct fetch_options){.response_max = 100, .keep_max = 10}, s.port);
    assert_int_equal(seen.answer.failure, FETCH_TOO_LARGE);
    assert_int_equal(seen.answer.status, 200);
    server_close(&s);
}

static void who_ends_the_connection_has_not_answered(void **state)
{
    struct server s = {0};

    (void)state;
    server_open(&s, "", 0);
    struct seen seen =
        post((struct fetch_options){.response_max = 100}, s.port);
    assert_int_equal(seen.answer.failure, FETCH_ENDED_SILENT);
    assert_int_equal(seen.answer.status, 0);
    server_close(&s);
}

/* libcurl would tell when the first byte of the request went. */
static void the_first_byte_is_the_answers(void **state)
{
    static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    struct server s = {.body_len = MIB, .pause_ms = 60};
    char *body = malloc(MIB);

    (void)state;
    assert_non_null(body);
    memset(body, 'x', MIB);
    server_open(&s, reply, sizeof reply - 1);
    struct seen seen = post_body((struct fetch_options){.response_max = 100},
                                 s.port, (struct str){body, MIB});
    assert_int_equal(seen.answer.status, 200);
    assert_true(seen.answer.first_byte_us >= s.pause_ms * 1000);
    assert_true(seen.answer.total_us >= seen.answer.first_byte_us);
    server_close(&s);
    free(body);
}

static void an_end_while_we_send_is_a_reset(void **state)
{
    const size_t size = 64 * (size_t)MIB; /* More than sockets hold. */
    struct server s = {.resets = true};
    char *body = calloc(1, size);

    (void)state;
    server_open(&s, "", 0);
    struct seen seen = post_body((struct fetch_options){.response_max = 100},
                                 s.port, (struct str){body, size});
    assert_int_equal(seen.answer.failure, FETCH_ENDED_SENDING);
    assert_true(seen.answer.was_reset);
    server_close(&s);
    free(body);
}

static void an_end_after_the_request_is_silence(void **state)
{
    struct server s = {.resets = true};

    (void)state;
    server_open(&s, "", 0);
    struct seen seen =
        post((struct fetch_options){.response_max = 100}, s.port);
    assert_int_equal(seen.answer.failure, FETCH_ENDED_SILENT);
    assert_true(seen.answer.was_reset);
    server_close(&s);
}

static void an_end_within_the_head_is_no_answer(void **state)
{
    static const char reply[] = "HTTP/1.1 200 OK\r\nServer: x\r\n";
    struct server s = {0};

    (void)state;
    server_open(&s, reply, sizeof reply - 1);
    struct seen seen =
        post((struct fetch_options){.response_max = 100}, s.port);
    assert_int_equal(seen.answer.failure, FETCH_ENDED_SHORT);
    assert_int_equal(seen.answer.status, 200);
    server_close(&s);
}

/* By a proxy that answers so to CONNECT. */
static struct seen post_through(struct server *s, const char *reply)
{
    char proxy[64];

    server_open(s, reply, strlen(reply));
    (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", s->port);
    return post((struct fetch_options){.response_max = 100, .proxy = proxy},
                s->port);
}

static void a_proxys_answer_is_not_the_endpoints(void **state)
{
    static const char reply[] = "HTTP/1.1 403 Forbidden\r\n"
                                "Retry-After: 5\r\nContent-Length: 0\r\n\r\n";
    struct server s = {0};

    (void)state;
    struct seen seen = post_through(&s, reply);
    assert_non_null(strstr(s.request, "CONNECT 127.0.0.1"));
    assert_int_equal(seen.answer.failure, FETCH_PROXY);
    assert_int_equal(seen.answer.status, 0);
    assert_int_equal(seen.answer.retry_after_s, -1);
    server_close(&s);
}

static void what_a_proxy_does_not_reach_is_unreachable(void **state)
{
    static const char reply[] = "HTTP/1.1 502 Bad Gateway\r\n"
                                "Content-Length: 0\r\n\r\n";
    struct server s = {0};

    (void)state;
    struct seen seen = post_through(&s, reply);
    assert_int_equal(seen.answer.failure, FETCH_UNREACHABLE);
    assert_string_equal(seen.answer.remote, ""); /* Not the proxy's. */
    server_close(&s);
}

static void
a_connection_that_is_silently_dead_is_not_kept_for_long(void **state)
{
    static const char reply[] = "HTTP/1.1 204 No Content\r\n\r\n";
    struct server s = {0};

    (void)state;
    server_open(&s, reply, sizeof reply - 1);
    struct seen seen = post(
        (struct fetch_options){.response_max = 100, .total_ms = 1234}, s.port);
    assert_int_equal(seen.answer.status, 204);
    assert_int_equal(seen.silence_ms, 1234);
    server_close(&s);
}

static void a_connection_that_is_refused_says_where_to(void **state)
{
    struct server s = {0};
    char want[64];

    (void)state;
    server_open(&s, "x", 1);
    server_close(&s);
    struct seen seen =
        post((struct fetch_options){.response_max = 100}, s.port);
    assert_int_equal(seen.answer.failure, FETCH_CONNECT_REFUSED);
    (void)snprintf(want, sizeof want, "127.0.0.1:%u", s.port);
    assert_string_equal(seen.answer.remote, want);
}

static void a_refused_address_is_not_connected_to(void **state)
{
    struct server s = {0};

    (void)state;
    server_open(&s, "x", 1);
    struct seen seen = post(
        (struct fetch_options){.response_max = 100, .may_connect = refuse_all},
        s.port);
    assert_int_equal(seen.answer.failure, FETCH_REFUSED_ADDRESS);
    assert_string_equal(seen.answer.detail, "not there");
    assert_string_equal(s.request, "");
    server_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_comes_back_whole),
        cmocka_unit_test(too_large_an_answer_ends_the_transfer),
        cmocka_unit_test(who_ends_the_connection_has_not_answered),
        cmocka_unit_test(the_first_byte_is_the_answers),
        cmocka_unit_test(an_end_while_we_send_is_a_reset),
        cmocka_unit_test(an_end_after_the_request_is_silence),
        cmocka_unit_test(an_end_within_the_head_is_no_answer),
        cmocka_unit_test(a_proxys_answer_is_not_the_endpoints),
        cmocka_unit_test(what_a_proxy_does_not_reach_is_unreachable),
        cmocka_unit_test(
            a_connection_that_is_silently_dead_is_not_kept_for_long),
        cmocka_unit_test(a_connection_that_is_refused_says_where_to),
        cmocka_unit_test(a_refused_address_is_not_connected_to),
    };

    return cmocka_run_group_tests_name("transfer", tests, NULL, NULL);
}
