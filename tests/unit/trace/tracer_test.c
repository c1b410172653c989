/* Spans on their way to a small collector of our own on the loopback address.
 */
#include "trace/tracer.h"

#include "trace/queue.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define REPLIES_MAX 4
#define REQUEST_BYTES 262144

#define WELL "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define BUSY "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
#define BAD "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"

/* Answers one request after the other; without a reply left, with silence. */
struct collector {
    int fd;
    unsigned port;
    const char *replies[REPLIES_MAX];
    atomic_uint requests;
    char request[REQUEST_BYTES]; /* The last. */
    pthread_t thread;
    atomic_uint fates[TRACER_FATES];
    atomic_uint told; /* That it is away. */
};

/* A whole request; false at the connection's end. */
static bool read_request(struct collector *c, int fd)
{
    size_t have = 0;

    for (;;) {
        ssize_t got = read(fd, c->request + have, sizeof c->request - 1 - have);
        const char *length = NULL;
        const char *end = NULL;

        if (got <= 0) {
            return false;
        }
        have += (size_t)got;
        c->request[have] = '\0';
        end = strstr(c->request, "\r\n\r\n");
        length = strstr(c->request, "Content-Length: ");
        if (end != NULL && length != NULL &&
            have >=
                (size_t)(end + 4 - c->request) +
                    strtoul(length + strlen("Content-Length: "), NULL, 10)) {
            return true;
        }
    }
}

static void *collect(void *user)
{
    struct collector *c = user;
    int fd = -1;

    while ((fd = accept(c->fd, NULL, NULL)) >= 0) {
        while (read_request(c, fd)) {
            unsigned n = atomic_fetch_add(&c->requests, 1);

            if (n < REPLIES_MAX && c->replies[n] != NULL &&
                write(fd, c->replies[n], strlen(c->replies[n])) < 0) {
                break;
            }
        }
        close(fd);
    }
    return NULL;
}

static void collector_open(struct collector *c)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;

    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(c->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(c->fd, 4), 0);
    assert_int_equal(getsockname(c->fd, (struct sockaddr *)&a, &size), 0);
    c->port = ntohs(a.sin_port);
    assert_int_equal(pthread_create(&c->thread, NULL, collect, c), 0);
}

static void collector_close(struct collector *c)
{
    shutdown(c->fd, SHUT_RDWR);
    pthread_join(c->thread, NULL);
    close(c->fd);
}

static void count(void *user, enum tracer_fate fate, size_t spans)
{
    struct collector *c = user;

    atomic_fetch_add(&c->fates[fate], (unsigned)spans);
}

static void tell(void *user, const struct err *why)
{
    struct collector *c = user;

    atomic_fetch_add(&c->told, why != NULL);
}

static struct tracer *tracer_to(struct collector *c)
{
    char endpoint[64];
    const struct tracer_options opts = {
        .endpoint = endpoint,
        .headers = "x-tenant=42",
        .sample = "0",
        .service = "porter-test",
        .count = count,
        .tell = tell,
        .user = c,
    };
    struct tracer *t = NULL;
    struct err err = ERR_NONE;

    (void)snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%u/", c->port);
    assert_true(tracer_open(&opts, &t, &err));
    assert_non_null(t);
    return t;
}

static void add(struct tracer *t, size_t spans)
{
    const struct span s = {
        .trace = {.id = {{1}}, .span = 2, .flags = TRACE_SAMPLED},
        .kind = SPAN_CLIENT,
        .name = STR("a span by name")};

    for (size_t i = 0; i < spans; i++) {
        tracer_add(t, &s);
    }
}

static void assert_fates(struct collector *c, unsigned sent, unsigned full,
                         unsigned refused, unsigned lost)
{
    assert_int_equal(c->fates[TRACER_SENT], sent);
    assert_int_equal(c->fates[TRACER_FULL], full);
    assert_int_equal(c->fates[TRACER_REFUSED], refused);
    assert_int_equal(c->fates[TRACER_LOST], lost);
}

static void closing_sends_what_is_there(void **state)
{
    static struct collector c = {.replies = {WELL}};
    struct tracer *t = NULL;

    (void)state;
    collector_open(&c);
    t = tracer_to(&c);
    add(t, 3);
    tracer_close(t);
    assert_int_equal(c.requests, 1);
    assert_fates(&c, 3, 0, 0, 0);
    assert_memory_equal(c.request, "POST /v1/traces HTTP/1.1\r\n", 26);
    assert_non_null(
        strstr(c.request, "\r\nContent-Type: application/x-protobuf\r\n"));
    assert_non_null(strstr(c.request, "\r\nx-tenant: 42\r\n"));
    collector_close(&c);
}

/* Longer than is waited for a batch's company. */
static void wait_for(const atomic_uint *what, unsigned value)
{
    for (int i = 0; i < 3000 && atomic_load(what) < value; i++) {
        usleep(10000);
    }
    assert_int_equal(atomic_load(what), value);
}

static void a_collector_that_is_busy_is_asked_again(void **state)
{
    static struct collector c = {.replies = {BUSY, WELL}};
    struct tracer *t = NULL;

    (void)state;
    collector_open(&c);
    t = tracer_to(&c);
    add(t, SPAN_BATCH_MAX);
    wait_for(&c.fates[TRACER_SENT], SPAN_BATCH_MAX);
    tracer_close(t);
    assert_int_equal(c.requests, 2);
    assert_int_equal(c.told, 1);
    assert_fates(&c, SPAN_BATCH_MAX, 0, 0, 0);
    collector_close(&c);
}

static void a_collector_that_refuses_is_not_asked_again(void **state)
{
    static struct collector c = {.replies = {BAD, WELL}};
    struct tracer *t = NULL;

    (void)state;
    collector_open(&c);
    t = tracer_to(&c);
    add(t, SPAN_BATCH_MAX);
    wait_for(&c.fates[TRACER_REFUSED], SPAN_BATCH_MAX);
    tracer_close(t);
    assert_int_equal(c.requests, 1);
    assert_fates(&c, 0, 0, SPAN_BATCH_MAX, 0);
    collector_close(&c);
}

/* It must not be the tracer that waits for the collector's answer at the end:
 * the test's own time-out would tell. */
static void what_a_silent_collector_leaves_no_room_for_is_dropped(void **state)
{
    static struct collector c;
    struct tracer *t = NULL;

    (void)state;
    collector_open(&c);
    t = tracer_to(&c);
    add(t, SPAN_QUEUE_MAX + 100);
    assert_fates(&c, 0, 100, 0, 0);
    tracer_close(t);
    assert_fates(&c, 0, 100, 0, SPAN_QUEUE_MAX);
    collector_close(&c);
}

static void without_an_endpoint_there_is_no_tracer(void **state)
{
    const struct tracer_options opts = {
        .endpoint = "", .headers = "", .sample = "1"};
    struct tracer *t = (struct tracer *)&opts;
    struct trace sampled = {.id = {{1}}, .flags = TRACE_SAMPLED};
    struct err err = ERR_NONE;

    (void)state;
    assert_true(tracer_open(&opts, &t, &err));
    assert_null(t);
    assert_false(tracer_wants(t, sampled));
    assert_int_equal(tracer_begin(t, trace_new()).flags & TRACE_SAMPLED, 0);
    tracer_close(t);
}

static void only_recorded_traces_are_wanted(void **state)
{
    static struct collector c;
    struct tracer *t = NULL;
    struct trace plain = {.id = {{1}}};
    struct trace sampled = {.id = {{1}}, .flags = TRACE_SAMPLED};

    (void)state;
    collector_open(&c);
    t = tracer_to(&c);
    assert_false(tracer_wants(t, plain));
    assert_true(tracer_wants(t, sampled));
    assert_int_equal(tracer_begin(t, trace_new()).flags & TRACE_SAMPLED, 0);
    tracer_close(t);
    assert_int_equal(c.requests, 0);
    collector_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closing_sends_what_is_there),
        cmocka_unit_test(a_collector_that_is_busy_is_asked_again),
        cmocka_unit_test(a_collector_that_refuses_is_not_asked_again),
        cmocka_unit_test(what_a_silent_collector_leaves_no_room_for_is_dropped),
        cmocka_unit_test(without_an_endpoint_there_is_no_tracer),
        cmocka_unit_test(only_recorded_traces_are_wanted),
    };

    return cmocka_run_group_tests_name("tracer", tests, NULL, NULL);
}
