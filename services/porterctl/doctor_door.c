/* What stands between us and the outside: the gateway's certificate, and the
 * dispatcher's way out. */
#include "porterctl/doctor.h"

#include "base/clock.h"
#include "base/rfc3339.h"
#include "crypt/client_certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <unistd.h>

#define EXPIRY_WARNING_US (21 * 86400LL * US_PER_S) /* Renewed by then. */
#define HOST_MAX 256
#define PROXY_PORT "1080" /* libcurl's, where the URL says none. */
#define LOOKED_UP "example.com"

/* --- certificate ------------------------------------------------------------
 */

static bool read_pem(const char *path, size_t max, struct arena *arena,
                     struct str *out, struct finding *f)
{
    char *data = arena_take(arena, max);
    FILE *file = fopen(path, "re");
    size_t len = 0;

    if (file == NULL) {
        finding_add(f, VERDICT_FAILED, "%s: %s", path, strerror(errno));
        return false;
    }
    len = fread(data, 1, max, file);
    (void)fclose(file);
    *out = (struct str){data, len};
    return true;
}

void check_tls_pair(struct doctor *d, struct finding *f)
{
    struct str certificate = STR_NONE;
    struct str key = STR_NONE;
    struct err err = ERR_NONE;

    if (!read_pem(d->gateway.tls_certificate, CLIENT_CERTIFICATE_MAX,
                  d->ctl->arena, &certificate, f) ||
        !read_pem(d->gateway.tls_key, CLIENT_KEY_MAX, d->ctl->arena, &key, f)) {
        return;
    }
    if (client_key_check(certificate, key, &err)) {
        finding_add(f, VERDICT_WELL, "the key is the certificate's");
    } else {
        finding_add(f, VERDICT_FAILED, "%s %s", d->gateway.tls_key, err.text);
    }
    crypt_wipe((char *)(uintptr_t)key.data, key.len);
}

void check_tls_expiry(struct doctor *d, struct finding *f)
{
    int64_t now_us = clock_wall_us();
    struct client_certificate c;
    struct str pem = STR_NONE;
    struct err err = ERR_NONE;
    char until[RFC3339_LEN + 1];

    if (!read_pem(d->gateway.tls_certificate, CLIENT_CERTIFICATE_MAX,
                  d->ctl->arena, &pem, f)) {
        return;
    }
    if (!client_certificate_read(pem, now_us, &c, &err)) {
        finding_add(f, VERDICT_FAILED, "%s %s", d->gateway.tls_certificate,
                    err.text);
        return;
    }
    rfc3339_write(c.expires_us, until);
    finding_add(f,
                c.expires_us - now_us < EXPIRY_WARNING_US ? VERDICT_WARNING
                                                          : VERDICT_WELL,
                "%s is valid until %s", c.subject, until);
}

/* The host of scheme://[user@]host[:port][/…]; a port where there is one. */
static void split_url(const char *url, char host[HOST_MAX], char port[8],
                      const char *fallback)
{
    const char *from = strstr(url, "://");
    const char *at = NULL;
    size_t len = 0;

    from = from == NULL ? url : from + 3;
    at = memchr(from, '@', strcspn(from, "/"));
    from = at == NULL ? from : at + 1;
    if (*from == '[') {
        from++;
        len = strcspn(from, "]");
    } else {
        len = strcspn(from, ":/");
    }
    (void)snprintf(host, HOST_MAX, "%.*s", (int)MIN_OF(len, HOST_MAX - 1),
                   from);
    from += len + (from[len] == ']');
    (void)snprintf(port, 8, "%.*s",
                   *from == ':' ? (int)strcspn(from + 1, "/") : 7,
                   *from == ':' ? from + 1 : fallback);
}

void check_tls_name(struct doctor *d, struct finding *f)
{
    char host[HOST_MAX];
    char port[8];
    struct str pem = STR_NONE;

    split_url(d->gateway.public_url, host, port, "443");
    if (host[0] == '\0') {
        finding_add(f, VERDICT_WELL, "PORTER_PUBLIC_URL names no host");
        return;
    }
    if (!read_pem(d->gateway.tls_certificate, CLIENT_CERTIFICATE_MAX,
                  d->ctl->arena, &pem, f)) {
        return;
    }
    if (certificate_is_for(pem, host)) {
        finding_add(f, VERDICT_WELL, "it is good for %s", host);
    } else {
        finding_add(f, VERDICT_FAILED, "it is not good for %s", host);
    }
}

/* --- the way out ------------------------------------------------------------
 */

/* True once one of its addresses takes a connection. */
static bool connects(const char *host, const char *port, struct finding *f)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int code = getaddrinfo(host, port, &hints, &list);
    bool ok = false;

    if (code != 0) {
        finding_add(f, VERDICT_FAILED, "%s: %s", host, gai_strerror(code));
        return false;
    }
    for (struct addrinfo *a = list; a != NULL && !ok; a = a->ai_next) {
        int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ok = fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0;
        if (!ok && a->ai_next == NULL) {
            finding_add(f, VERDICT_FAILED, "%s:%s: %s", host, port,
                        strerror(errno));
        }
        if (fd >= 0) {
            (void)close(fd);
        }
    }
    freeaddrinfo(list);
    return ok;
}

void check_egress_proxy(struct doctor *d, struct finding *f)
{
    char host[HOST_MAX];
    char port[8];

    if (d->dispatcher.egress_proxy[0] == '\0') {
        finding_add(f, VERDICT_WELL, "webhooks go out without one");
        return;
    }
    split_url(d->dispatcher.egress_proxy, host, port, PROXY_PORT);
    if (connects(host, port, f)) {
        finding_add(f, VERDICT_WELL, "%s:%s takes connections", host, port);
    }
}

/* That a name does not exist is an answer. */
void check_egress_names(struct doctor *d, struct finding *f)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct str given = words_value(&d->ctl->words, "look-up");
    const char *name = given.data == NULL ? LOOKED_UP : given.data;
    struct addrinfo *list = NULL;
    int code = 0;

    if (d->dispatcher.egress_proxy[0] != '\0') {
        finding_add(f, VERDICT_WELL, "the proxy looks names up");
        return;
    }
    code = getaddrinfo(name, NULL, &hints, &list);
    if (code == 0) {
        freeaddrinfo(list);
    }
    if (code == 0 || code == EAI_NONAME || code == EAI_NODATA) {
        finding_add(f, VERDICT_WELL, "the name servers know %s %s",
                    code == 0 ? "of" : "nothing of", name);
    } else {
        finding_add(f, VERDICT_FAILED, "%s: %s", name, gai_strerror(code));
    }
}
