/* What the loop's epoll reports as libcurl takes sockets and gives them back.
 */
#include "fetch/sockets.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

struct pair {
    struct sockets sockets;
    int ours, peer;
};

static void pair_open(struct pair *p, bool is_ours)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    p->ours = ends[0];
    p->peer = ends[1];
    if (is_ours) {
        sockets_opened(&p->sockets, p->ours);
    }
}

static void pair_close(struct pair *p)
{
    sockets_closing(&p->sockets, p->ours);
    assert_int_equal(close(p->ours), 0);
    assert_int_equal(close(p->peer), 0);
}

static void start(struct pair *p)
{
    *p = (struct pair){.sockets = {.epoll_fd = epoll_create1(0)}};
    assert_true(p->sockets.epoll_fd >= 0);
}

static void finish(struct pair *p)
{
    assert_int_equal(close(p->sockets.epoll_fd), 0);
    sockets_done(&p->sockets);
}

static void peer_writes(const struct pair *p)
{
    assert_int_equal(write(p->peer, "x", 1), 1);
}

/* Does the epoll report our end now? */
static bool is_reported(const struct pair *p)
{
    struct epoll_event event = {0};
    int count = epoll_wait(p->sockets.epoll_fd, &event, 1, 0);

    assert_true(count <= 0 || event.data.fd == p->ours);
    return count == 1;
}

static void a_socket_is_reported_at_every_transfer(void **state)
{
    struct pair p;

    (void)state;
    start(&p);
    pair_open(&p, true);
    for (int transfer = 0; transfer < 3; transfer++) {
        char byte = 0;

        sockets_set(&p.sockets, p.ours, EPOLLOUT);
        assert_true(is_reported(&p));
        sockets_set(&p.sockets, p.ours, EPOLLIN);
        assert_false(is_reported(&p));
        peer_writes(&p);
        assert_true(is_reported(&p));
        assert_true(sockets_wants(&p.sockets, p.ours));
        assert_int_equal(read(p.ours, &byte, 1), 1);
        sockets_set(&p.sockets, p.ours, 0);
    }
    pair_close(&p);
    finish(&p);
}

static void what_an_idle_connection_says_is_reported_once(void **state)
{
    struct pair p;

    (void)state;
    start(&p);
    pair_open(&p, true);
    sockets_set(&p.sockets, p.ours, EPOLLIN);
    sockets_set(&p.sockets, p.ours, 0);
    peer_writes(&p);
    assert_true(is_reported(&p));
    assert_false(sockets_wants(&p.sockets, p.ours));
    assert_false(is_reported(&p));
    sockets_set(&p.sockets, p.ours, EPOLLIN);
    assert_true(is_reported(&p));
    pair_close(&p);
    finish(&p);
}

static void a_number_that_comes_again_is_a_new_socket(void **state)
{
    struct pair p;

    (void)state;
    start(&p);
    for (int life = 0; life < 2; life++) {
        pair_open(&p, true);
        sockets_set(&p.sockets, p.ours, EPOLLIN);
        peer_writes(&p);
        assert_true(is_reported(&p));
        sockets_set(&p.sockets, p.ours, 0);
        pair_close(&p);
    }
    finish(&p);
}

static void a_descriptor_of_others_leaves_when_libcurl_says_so(void **state)
{
    struct pair p;

    (void)state;
    start(&p);
    pair_open(&p, false);
    sockets_set(&p.sockets, p.ours, EPOLLIN);
    peer_writes(&p);
    assert_true(is_reported(&p));
    sockets_set(&p.sockets, p.ours, 0);
    assert_false(is_reported(&p));
    pair_close(&p);
    finish(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_is_reported_at_every_transfer),
        cmocka_unit_test(what_an_idle_connection_says_is_reported_once),
        cmocka_unit_test(a_number_that_comes_again_is_a_new_socket),
        cmocka_unit_test(a_descriptor_of_others_leaves_when_libcurl_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
