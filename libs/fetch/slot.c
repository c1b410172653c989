/* Slots: easy handles with all fixed options set, used again and again.
 *
 * Stands between fetch.c's loop and libcurl's callbacks: what arrives for one
 * transfer is bounded and kept here, and worded as its answer at the end. */
#include "fetch/slot.h"

#include "base/clock.h"
#include "fetch/answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TRANSFER_BUFFER 16384L /* libcurl's own read and write buffers. */
#define IDLE_S 55L             /* Below the usual 60 s of servers. */
#define DNS_CACHE_S 60L

/* Headers libcurl would add by itself and that we do not send. An empty value
 * means "leave it out". */
static char no_expect[] = "Expect:";
static char no_accept[] = "Accept:";

/* A connection on which nothing is acknowledged for as long as an attempt may
 * take is dead: the kernel ends it. Else requests would go into it one after
 * the other, each until its time-out, and with HTTP/2 those of all. */
static void end_if_silent(int fd, unsigned ms)
{
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
}

/* The address is final here: whatever the name meant a moment ago, this is
 * what would be connected to. */
static curl_socket_t open_socket(void *user, curlsocktype purpose,
                                 struct curl_sockaddr *address)
{
    struct slot *s = user;
    const struct fetch_options *o = &s->fetch->opts;

    (void)purpose;
    memcpy(&s->tried, &address->addr,
           MIN_OF((size_t)address->addrlen, sizeof s->tried));
    /* Behind a proxy the address is the proxy's, whose operator decides. */
    if (o->may_connect != NULL && s->fetch->proxy == NULL &&
        !o->may_connect(o->user, &address->addr, &s->why)) {
        s->is_refused = true;
        return CURL_SOCKET_BAD;
    }
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
                    address->protocol);
    if (fd < 0) {
        s->is_lacking = answer_is_lack(errno);
        return CURL_SOCKET_BAD;
    }
    end_if_silent(fd, o->total_ms);
    sockets_opened(&s->fetch->sockets, fd);
    return fd;
}

/* The connection outlives its transfers, so it is told to the fetch. */
static int close_socket(void *user, curl_socket_t fd)
{
    struct fetch *f = user;

    sockets_closing(&f->sockets, fd);
    return close(fd);
}

static CURLcode tls_begins(CURL *easy, void *ssl_ctx, void *user)
{
    struct slot *s = user;

    (void)easy;
    s->joined_us = clock_steady_us() - s->started_us;
    peer_watch(&s->peer, ssl_ctx);
    return CURLE_OK;
}

/* 0 ends the transfer. */
static size_t header_came(char *data, size_t size, size_t count, void *user)
{
    struct slot *s = user;
    size_t len = size * count;

    if (s->head.bytes == 0) {
        s->first_us = clock_steady_us() - s->started_us;
    }
    s->head.bytes += len;
    if (s->head.bytes > ANSWER_HEADERS_READ) {
        s->head.is_too_large = true;
        return 0;
    }
    answer_header((struct str){data, len}, clock_wall_us() / US_PER_S,
                  &s->head);
    return s->head.is_whole && s->head.is_encoded ? 0 : len;
}

static size_t body_came(char *data, size_t size, size_t count, void *user)
{
    struct slot *s = user;
    const struct fetch_options *o = &s->fetch->opts;
    size_t len = size * count;
    size_t room = o->keep_max - MIN_OF(s->kept_body.len, o->keep_max);

    buf_add_bytes(&s->kept_body, data, MIN_OF(len, room));
    s->body_bytes += len;
    if (s->body_bytes > o->response_max) {
        s->head.is_body_too_large = true;
        return 0;
    }
    return len;
}

/* All options that are the same for every transfer, once per handle. The
 * results are not looked at: each option is known to the libcurl we link, and
 * out of memory shows at curl_easy_init already. */
static void slot_prepare(struct slot *s)
{
    const struct fetch *f = s->fetch;
    const struct fetch_options *o = &f->opts;
    CURL *e = s->easy;

    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    /* Else the end of a transfer waits for its name's look-up, and all others
     * of the loop with it. The look-up's thread is left to end by itself. */
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(e, CURLOPT_PRIVATE, s);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, s->error);
    curl_easy_setopt(e, CURLOPT_SHARE, f->share);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_ms);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)o->total_ms);
    curl_easy_setopt(e, CURLOPT_DNS_CACHE_TIMEOUT, DNS_CACHE_S);
    curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, IDLE_S);
    curl_easy_setopt(e, CURLOPT_BUFFERSIZE, TRANSFER_BUFFER);
    curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, TRANSFER_BUFFER);
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
                     o->http2 ? (long)CURL_HTTP_VERSION_2TLS
                              : (long)CURL_HTTP_VERSION_1_1);
    /* "" also keeps the http_proxy variables of the environment out. */
    curl_easy_setopt(e, CURLOPT_PROXY, f->proxy == NULL ? "" : f->proxy);
    /* Or no_proxy in the environment would send us past it, unjudged. */
    curl_easy_setopt(e, CURLOPT_NOPROXY, "");
    /* Its answer to CONNECT is none of the endpoint's. */
    curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (f->ca_file != NULL) {
        curl_easy_setopt(e, CURLOPT_CAINFO, f->ca_file);
    }
    /* libcurl reads a file of authorities once a day; with a folder beside it,
     * all of them at each new connection: 16 ms instead of 0.5. */
    if (f->ca_file != NULL ||
        curl_version_info(CURLVERSION_NOW)->cainfo != NULL) {
        curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, tls_begins);
    curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, s);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, s);
    curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, s->fetch);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, header_came);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, s);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, body_came);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, s);
}

struct slot *slot_take(struct fetch *f)
{
    struct slot *s = f->free;

    if (s != NULL) {
        f->free = s->next;
        return s;
    }
    s = mem_zero(1, sizeof *s);
    s->fetch = f;
    s->easy = curl_easy_init();
    if (s->easy == NULL) {
        oom(sizeof *s);
    }
    slot_prepare(s);
    s->all = f->all;
    f->all = s;
    return s;
}

void slot_rest(struct slot *s)
{
    s->next = s->fetch->resting;
    s->fetch->resting = s;
}

/* The answers of the wait before are no longer looked at. */
void slots_wake(struct fetch *f)
{
    while (f->resting != NULL) {
        struct slot *s = f->resting;
        f->resting = s->next;
        s->next = f->free;
        f->free = s;
    }
}

/* libcurl only reads a header list, so ours is an array inside the slot. */
struct curl_slist *slot_headers(struct slot *s, const struct fetch_request *req)
{
    size_t n = 0;

    s->headers[n++].data = no_expect;
    s->headers[n++].data = no_accept;
    for (size_t i = 0; i < req->header_count; i++) {
        /* The list's type lacks a const; libcurl does not write. */
        s->headers[n++].data = (char *)(uintptr_t)req->headers[i];
    }
    for (size_t i = 0; i < n; i++) {
        s->headers[i].next = i + 1 < n ? &s->headers[i + 1] : NULL;
    }
    return s->headers;
}

void slot_reset(struct slot *s, const struct fetch_request *req)
{
    struct buf kept = s->head.kept;

    buf_clear(&kept);
    buf_clear(&s->kept_body);
    s->head = (struct answer_head){.kept = kept, .retry_after_s = -1};
    s->body_bytes = 0;
    s->sent_bytes = req->body.len;
    s->owner = req->owner;
    s->started_us = clock_steady_us();
    s->joined_us = 0;
    s->first_us = 0;
    s->is_tls = strncmp(req->url, "https:", strlen("https:")) == 0;
    s->is_refused = false;
    s->is_lacking = false;
    err_clear(&s->why);
    s->tried.ss_family = AF_UNSPEC;
    s->error[0] = '\0';
    peer_reset(&s->peer);
}

void slot_free(struct slot *s)
{
    peer_reset(&s->peer);
    buf_free(&s->head.kept);
    buf_free(&s->kept_body);
    free(s);
}

static int64_t info_us(CURL *easy, CURLINFO what)
{
    curl_off_t us = 0;

    (void)curl_easy_getinfo(easy, what, &us);
    return (int64_t)us;
}

/* libcurl's own first byte would be our first one when the body is large. */
static void answer_times(const struct slot *s, struct fetch_answer *a)
{
    a->total_us = info_us(s->easy, CURLINFO_TOTAL_TIME_T);
    a->first_byte_us = MIN_OF(s->first_us, a->total_us);
    if (!a->reused) {
        a->dns_us = info_us(s->easy, CURLINFO_NAMELOOKUP_TIME_T);
        a->connect_us = info_us(s->easy, CURLINFO_CONNECT_TIME_T);
        a->tls_us = info_us(s->easy, CURLINFO_APPCONNECT_TIME_T);
        /* libcurl tells of it only when the handshake is over as well. */
        a->connect_us = a->connect_us == 0 ? MIN_OF(s->joined_us, a->total_us)
                                           : a->connect_us;
    }
}

/* The address that was tried last, when none was connected to. */
static void remote_tried(const struct slot *s, char *out, size_t size)
{
    char ip[INET6_ADDRSTRLEN] = "";
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (s->tried.ss_family == AF_INET) {
        memcpy(&v4, &s->tried, sizeof v4);
        (void)inet_ntop(AF_INET, &v4.sin_addr, ip, sizeof ip);
        answer_remote(ip, ntohs(v4.sin_port), out, size);
    } else if (s->tried.ss_family == AF_INET6) {
        memcpy(&v6, &s->tried, sizeof v6);
        (void)inet_ntop(AF_INET6, &v6.sin6_addr, ip, sizeof ip);
        answer_remote(ip, ntohs(v6.sin6_port), out, size);
    }
}

/* A look-up needs descriptors as well, and says only that the name is unknown
 * when there are none. */
static bool is_lacking(const struct slot *s, CURLcode code)
{
    if (s->is_lacking ||
        (code != CURLE_COULDNT_RESOLVE_HOST && code != CURLE_FAILED_INIT)) {
        return s->is_lacking;
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return answer_is_lack(errno);
    }
    (void)close(fd);
    return false;
}

static struct answer_facts facts_of(const struct slot *s, CURLcode code,
                                    const struct fetch_answer *a)
{
    struct answer_facts f = {
        .code = (int)code,
        .words = s->error,
        .tls = s->peer.fault,
        .is_lacking = is_lacking(s, code),
        .is_refused = s->is_refused,
        .is_proxied = s->fetch->proxy != NULL,
        .is_tls = s->is_tls,
        .is_reused = a->reused,
        .is_asking = s->peer.is_asking,
        .dns_us = a->dns_us,
        .connect_us = a->connect_us,
        .tls_us = a->tls_us,
        .head = &s->head,
    };
    curl_off_t sent = 0;
    long os_errno = 0;

    (void)curl_easy_getinfo(s->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    (void)curl_easy_getinfo(s->easy, CURLINFO_OS_ERRNO, &os_errno);
    (void)curl_easy_getinfo(s->easy, CURLINFO_HTTP_CONNECTCODE,
                            &f.proxy_status);
    f.is_sent = (size_t)sent >= s->sent_bytes;
    f.os_errno = (int)os_errno;
    if (f.tls == FETCH_OK) {
        f.tls = peer_failure_of(s->error, s->peer.is_asking);
    }
    return f;
}

static void answer_fail(struct slot *s, CURLcode code, struct fetch_answer *a)
{
    const char *words =
        s->error[0] != '\0' ? s->error : curl_easy_strerror(code);
    struct answer_facts facts = facts_of(s, code, a);

    a->failure = answer_failure(&facts);
    a->was_reset = answer_was_reset(&facts);
    if (a->failure == FETCH_REFUSED_ADDRESS) {
        words = s->why.text;
    }
    if (facts.is_proxied && a->failure == FETCH_UNREACHABLE) {
        a->remote[0] = '\0'; /* It is the proxy's. */
    } else if (a->remote[0] == '\0') {
        remote_tried(s, a->remote, sizeof a->remote);
    }
    (void)snprintf(a->detail, sizeof a->detail, "%.*s",
                   (int)sizeof a->detail - 1, words);
}

static void answer_connection(struct slot *s, struct fetch_answer *out)
{
    char *ip = NULL;
    long port = 0;
    long connects = 0;
    long version = CURL_HTTP_VERSION_NONE;

    (void)curl_easy_getinfo(s->easy, CURLINFO_PRIMARY_IP, &ip);
    (void)curl_easy_getinfo(s->easy, CURLINFO_PRIMARY_PORT, &port);
    (void)curl_easy_getinfo(s->easy, CURLINFO_NUM_CONNECTS, &connects);
    (void)curl_easy_getinfo(s->easy, CURLINFO_HTTP_VERSION, &version);
    answer_remote(ip, port, out->remote, sizeof out->remote);
    out->reused = connects == 0 && out->remote[0] != '\0';
    out->http_version = s->head.status == 0 ? "" : answer_version(version);
    out->protocol = answer_protocol(version);
}

void slot_answer(struct slot *s, CURLcode code, struct fetch_answer *out)
{
    out->owner = s->owner;
    out->status = s->head.status;
    out->body = buf_str(&s->kept_body);
    out->headers = buf_str(&s->head.kept);
    out->retry_after_s = s->head.retry_after_s;
    out->interim_count = s->head.interim_count;
    out->header_bytes = s->head.bytes;
    out->body_bytes = s->body_bytes;
    out->limits = &s->fetch->opts;
    answer_connection(s, out);
    answer_times(s, out);
    /* libcurl is content with an end within the head. */
    if (code != CURLE_OK || !s->head.is_whole) {
        answer_fail(s, code, out);
    }
    out->peer = peer_facts(&s->peer, out->failure);
}
