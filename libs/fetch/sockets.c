/* Between libcurl's wishes and the epoll: only changes become system calls.
 *
 * A place outlives its socket unless the socket is seen to close, and numbers
 * of descriptors come again. So only those that libcurl opens and closes
 * through us may stay while they are not wanted; others (the resolver's) leave
 * the epoll when libcurl says so. */
#include "fetch/sockets.h"

#include "base/err.h"
#include "base/macros.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define FIRST_COUNT 64U

static struct socket_place *place_of(struct sockets *s, int fd)
{
    size_t at = (size_t)fd;

    assert(fd >= 0);
    if (at >= s->count) {
        size_t count = MAX_OF(at + 1, MAX_OF(s->count * 2, FIRST_COUNT));

        s->places = mem_grow(s->places, count * sizeof *s->places);
        memset(s->places + s->count, 0, (count - s->count) * sizeof *s->places);
        s->count = count;
    }
    return &s->places[at];
}

void sockets_done(struct sockets *s)
{
    free(s->places);
    s->places = NULL;
    s->count = 0;
}

void sockets_opened(struct sockets *s, int fd)
{
    *place_of(s, fd) = (struct socket_place){.is_ours = true};
}

/* Closing it takes it out of the epoll. */
void sockets_closing(struct sockets *s, int fd)
{
    *place_of(s, fd) = (struct socket_place){0};
}

static void leave(struct sockets *s, int fd, struct socket_place *place)
{
    (void)epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    place->events = 0;
}

void sockets_set(struct sockets *s, int fd, uint32_t events)
{
    struct socket_place *place = place_of(s, fd);
    struct epoll_event event = {.events = events, .data.fd = fd};

    place->is_wanted = events != 0;
    if (events == 0) {
        if (!place->is_ours) {
            leave(s, fd, place);
        }
        return;
    }
    if (events == place->events) {
        return;
    }
    int op = place->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (epoll_ctl(s->epoll_fd, op, fd, &event) != 0 && errno == EEXIST) {
        (void)epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, fd, &event);
    }
    place->events = events;
}

bool sockets_wants(struct sockets *s, int fd)
{
    struct socket_place *place = place_of(s, fd);

    if (!place->is_wanted && place->events != 0) {
        leave(s, fd, place);
    }
    return place->is_wanted;
}
