/* A plain socket and HTTP/1.0: no library of a client for one word. */
#include "web/ask.h"

#include "base/err.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ASK_S 3 /* Less than any supervisor's own patience. */
#define ANSWER_MAX 4096
#define PATH "/readyz"
#define PIECE 1024
#define PORT_TEXT_MAX 8

static bool resolve(const char *address, unsigned port, struct addrinfo **out,
                    struct err *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    char port_text[PORT_TEXT_MAX];
    int failed = 0;

    (void)snprintf(port_text, sizeof port_text, "%u", port);
    failed = getaddrinfo(address, port_text, &hints, out);
    return failed == 0 || err_set(err, ERR_INVALID, "%s is no address: %s",
                                  address, gai_strerror(failed));
}

/* Linux takes the wildcard for this host, in both families. */
static bool dial(const struct addrinfo *to, int *out, struct err *err)
{
    const struct timeval limit = {.tv_sec = ASK_S};
    int fd = socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC, 0);

    if (fd < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0 ||
        connect(fd, to->ai_addr, to->ai_addrlen) < 0) {
        int why = errno;

        if (fd >= 0) {
            close(fd);
        }
        return err_set(err, ERR_UNAVAILABLE, "nobody listens: %s",
                       strerror(why));
    }
    *out = fd;
    return true;
}

/* The answer's end is the connection's (HTTP/1.0). */
static bool exchange(int fd, struct buf *answer, struct err *err)
{
    char piece[PIECE];
    ssize_t got = 0;

    BUF_ADD(answer, "GET " PATH " HTTP/1.0\r\nHost: localhost\r\n\r\n");
    if (send(fd, answer->data, answer->len, MSG_NOSIGNAL) !=
        (ssize_t)answer->len) {
        return err_set(err, ERR_UNAVAILABLE, "can't ask: %s", strerror(errno));
    }
    buf_clear(answer);
    while (answer->len < ANSWER_MAX &&
           (got = recv(fd, piece, sizeof piece, 0)) > 0) {
        buf_add(answer, (struct str){piece, (size_t)got});
    }
    return got >= 0 ||
           err_set(err, ERR_UNAVAILABLE, "no answer within %d s", ASK_S);
}

/* "HTTP/1.1 200 OK", headers, an empty line, the body. */
static bool judge(const struct buf *answer, struct buf *out, struct err *err)
{
    const char *text = answer->len > 0 ? answer->data : "";
    const char *status = memchr(text, ' ', answer->len);
    const char *body = memmem(text, answer->len, "\r\n\r\n", 4);
    struct str rest;

    if (status == NULL || body == NULL) {
        return err_set(err, ERR_MALFORMED, "what answers speaks no HTTP");
    }
    body += 4;
    rest = (struct str){body, answer->len - (size_t)(body - text)};
    if (status[1] != '2') {
        return err_set(err, ERR_UNAVAILABLE, "answers %.3s: %.*s", status + 1,
                       (int)rest.len, rest.data);
    }
    buf_add(out, rest);
    return true;
}

static bool ask(const char *address, unsigned port, struct buf *out,
                struct err *err)
{
    struct addrinfo *to = NULL;
    struct buf answer = BUF_EMPTY;
    int fd = -1;
    bool ok = resolve(address, port, &to, err) && dial(to, &fd, err) &&
              exchange(fd, &answer, err) && judge(&answer, out, err);

    if (fd >= 0) {
        close(fd);
    }
    if (to != NULL) {
        freeaddrinfo(to);
    }
    buf_free(&answer);
    return ok || err_wrap(err, "http://%s:%u" PATH, address, port);
}

bool web_ask_ready(const char *address, unsigned port, struct buf *said)
{
    struct err err = ERR_NONE;

    if (ask(address, port, said, &err)) {
        return true;
    }
    buf_add(said, str_of(err.text));
    return false;
}
