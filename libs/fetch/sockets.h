/* Which descriptors the loop's epoll looks at, and what for.
 *
 * libcurl takes a socket back after every transfer and asks for it again at
 * the next one on the same connection. A socket of ours stays in the epoll
 * meanwhile: two system calls less per transfer. Not thread-safe. */
#ifndef PORTER_FETCH_SOCKETS_H
#define PORTER_FETCH_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct socket_place {
    uint32_t events; /* In the epoll; 0: it is not there. */
    bool is_ours;    /* Opened and closed before our eyes. */
    bool is_wanted;  /* libcurl waits for it. */
};

struct sockets {
    int epoll_fd;
    struct socket_place *places; /* By descriptor. */
    size_t count;
};

void sockets_done(struct sockets *s); /* Not the epoll descriptor. */

/* A connection's socket begins and ends. */
void sockets_opened(struct sockets *s, int fd);
void sockets_closing(struct sockets *s, int fd);

/* Look for these epoll events; 0: libcurl does not wait for it any more. */
void sockets_set(struct sockets *s, int fd, uint32_t events);

/* Something happened: is it libcurl's business? What nobody waits for (an idle
 * connection that its server ends) is not looked at again. */
bool sockets_wants(struct sockets *s, int fd);

#endif
