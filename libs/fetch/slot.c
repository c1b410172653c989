/* Slots: easy handles with all fixed options set, used again and again.
 *
 * Stands between fetch.c's loop and libcurl's callbacks: what arrives for one
 * transfer is bounded and kept here, and worded as its answer at the end. */
#include "fetch/slot.h"

#include "base/clock.h"
#include "fetch/answer.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

#define TRANSFER_BUFFER 16384L /* libcurl's own read and write buffers. */
#define IDLE_S 55L             /* Below the usual 60 s of servers. */
#define DNS_CACHE_S 60L

/* Headers libcurl would add by itself and that we do not send. An empty value
 * means "leave it out". */
static char no_expect[] = "Expect:";
static char no_accept[] = "Accept:";

/* The address is final here: whatever the name meant a moment ago, this is
 * what would be connected to. */
static curl_socket_t open_socket(void *user, curlsocktype purpose,
                                 struct curl_sockaddr *address)
{
    struct slot *s = user;
    const struct fetch_options *o = &s->fetch->opts;

    (void)purpose;
    /* Behind a proxy the address is the proxy's, whose operator decides. */
    if (o->may_connect != NULL && s->fetch->proxy == NULL &&
        !o->may_connect(o->user, &address->addr, &s->why)) {
        s->refused = true;
        return CURL_SOCKET_BAD;
    }
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
                    address->protocol);
    if (fd < 0) {
        return CURL_SOCKET_BAD;
    }
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

static size_t header_came(char *data, size_t size, size_t count, void *user)
{
    struct slot *s = user;
    size_t len = size * count;

    s->header_bytes += len;
    if (s->header_bytes > ANSWER_HEADERS_READ) {
        s->too_large = true;
        return 0;
    }
    answer_header((struct str){data, len}, clock_wall_us() / US_PER_S,
                  &s->kept_headers, &s->retry_after_s);
    return len;
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
        s->too_large = true;
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
    if (f->ca_file != NULL) {
        curl_easy_setopt(e, CURLOPT_CAINFO, f->ca_file);
        curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
    }
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

void slot_reset(struct slot *s, void *owner)
{
    buf_clear(&s->kept_headers);
    buf_clear(&s->kept_body);
    s->header_bytes = 0;
    s->body_bytes = 0;
    s->owner = owner;
    s->retry_after_s = -1;
    s->too_large = false;
    s->refused = false;
    err_clear(&s->why);
    s->error[0] = '\0';
}

static int64_t info_us(CURL *easy, CURLINFO what)
{
    curl_off_t us = 0;

    (void)curl_easy_getinfo(easy, what, &us);
    return (int64_t)us;
}

static void answer_times(CURL *easy, struct fetch_answer *a)
{
    a->total_us = info_us(easy, CURLINFO_TOTAL_TIME_T);
    a->first_byte_us = info_us(easy, CURLINFO_STARTTRANSFER_TIME_T);
    if (!a->reused) {
        a->dns_us = info_us(easy, CURLINFO_NAMELOOKUP_TIME_T);
        a->connect_us = info_us(easy, CURLINFO_CONNECT_TIME_T);
        a->tls_us = info_us(easy, CURLINFO_APPCONNECT_TIME_T);
    }
}

static void answer_fail(struct slot *s, CURLcode code, struct fetch_answer *a)
{
    const char *why = s->error[0] != '\0' ? s->error : curl_easy_strerror(code);

    if (s->refused) {
        a->failure = FETCH_REFUSED_ADDRESS;
        why = s->why.text;
    } else if (s->too_large) {
        a->failure = FETCH_TOO_LARGE;
        why = "the answer is larger than what we read";
    } else {
        a->failure = answer_failure_of((int)code);
    }
    (void)snprintf(a->detail, sizeof a->detail, "%.*s",
                   (int)sizeof a->detail - 1, why);
}

static enum fetch_protocol protocol_of(CURL *easy)
{
    long version = CURL_HTTP_VERSION_NONE;

    (void)curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    switch (version) {
    case CURL_HTTP_VERSION_1_0:
    case CURL_HTTP_VERSION_1_1:
        return FETCH_HTTP1;
    case CURL_HTTP_VERSION_2_0:
        return FETCH_HTTP2;
    default:
        return FETCH_NO_ANSWER;
    }
}

void slot_answer(struct slot *s, CURLcode code, struct fetch_answer *out)
{
    char *ip = NULL;
    long port = 0;
    long status = 0;
    long connects = 0;

    (void)curl_easy_getinfo(s->easy, CURLINFO_PRIMARY_IP, &ip);
    (void)curl_easy_getinfo(s->easy, CURLINFO_PRIMARY_PORT, &port);
    (void)curl_easy_getinfo(s->easy, CURLINFO_NUM_CONNECTS, &connects);
    (void)curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    out->owner = s->owner;
    out->body = buf_str(&s->kept_body);
    out->headers = buf_str(&s->kept_headers);
    out->retry_after_s = s->retry_after_s;
    answer_remote(ip, port, out->remote, sizeof out->remote);
    if (code != CURLE_OK) {
        answer_fail(s, code, out);
    }
    if (out->failure == FETCH_OK || out->failure == FETCH_TOO_LARGE) {
        out->status = (unsigned)status;
    }
    out->protocol = protocol_of(s->easy);
    out->reused = connects == 0 && out->remote[0] != '\0';
    answer_times(s->easy, out);
}
