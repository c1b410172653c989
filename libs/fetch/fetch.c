/* One libcurl multi handle driven by epoll, on the thread that calls us.
 *
 * Happy path: fetch_start takes a slot (an easy handle with all fixed options
 * already set), gives it URL, header list and body, and adds it to the multi.
 * libcurl says through socket_changed which descriptors to watch and through
 * timer_changed when it wants to be called; fetch_wait waits once for either,
 * lets libcurl work, and hands over what has ended.
 * Endings: CURLMSG_DONE is the only one; a time-out, a refused address or a
 * body that is too large come as its result. A finished slot rests until the
 * next fetch_wait, because the answer borrows its buffers. */
#include "fetch/fetch.h"

#include "base/clock.h"
#include "fetch/slot.h"

#include <assert.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 64
#define TRANSFERS_MAX 1000
#define NEVER INT64_MAX

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_ready = CURLE_FAILED_INIT;

static void curl_start(void)
{
    curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* --- what libcurl calls --------------------------------------------------- */

static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *user,
                          void *watched)
{
    struct fetch *f = user;
    uint32_t events = 0;

    (void)easy;
    (void)watched;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) {
        events |= EPOLLIN;
    }
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) {
        events |= EPOLLOUT;
    }
    sockets_set(&f->sockets, fd, events);
    return 0;
}

static int timer_changed(CURLM *multi, long timeout_ms, void *user)
{
    struct fetch *f = user;

    (void)multi;
    f->timer_at_us =
        timeout_ms < 0 ? NEVER : clock_steady_us() + timeout_ms * US_PER_MS;
    return 0;
}

/* --- life ----------------------------------------------------------------- */

static char *copy_of(const char *text)
{
    if (text == NULL || text[0] == '\0') {
        return NULL;
    }
    size_t size = strlen(text) + 1;
    return memcpy(mem_new(size), text, size);
}

static bool watch_wake(struct fetch *f)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = f->wake_fd};

    return epoll_ctl(f->sockets.epoll_fd, EPOLL_CTL_ADD, f->wake_fd, &event) ==
           0;
}

static void multi_prepare(struct fetch *f)
{
    curl_share_setopt(f->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, timer_changed);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
    curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, (long)f->opts.max_idle);
    curl_multi_setopt(f->multi, CURLMOPT_PIPELINING,
                      f->opts.http2 ? (long)CURLPIPE_MULTIPLEX
                                    : (long)CURLPIPE_NOTHING);
}

bool fetch_open(const struct fetch_options *opts, struct fetch **out,
                struct err *err)
{
    assert(opts->max_transfers > 0 && opts->max_transfers <= TRANSFERS_MAX);
    assert(opts->connect_ms > 0 && opts->total_ms > 0);

    struct fetch *f = mem_zero(1, sizeof *f);
    f->opts = *opts;
    f->ca_file = copy_of(opts->ca_file);
    f->proxy = copy_of(opts->proxy);
    f->timer_at_us = NEVER;
    f->sockets.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    f->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_once(&curl_once, curl_start);
    if (curl_ready == CURLE_OK) {
        f->multi = curl_multi_init();
        f->share = curl_share_init();
    }
    if (f->multi == NULL || f->share == NULL || f->sockets.epoll_fd < 0 ||
        f->wake_fd < 0 || !watch_wake(f)) {
        fetch_close(f);
        return err_set(err, ERR_INTERNAL, "can't set up HTTP transfers");
    }
    multi_prepare(f);
    *out = f;
    return true;
}

void fetch_close(struct fetch *f)
{
    if (f == NULL) {
        return;
    }
    for (struct slot *s = f->all; s != NULL; s = s->all) {
        (void)curl_multi_remove_handle(f->multi, s->easy);
        curl_easy_cleanup(s->easy);
    }
    if (f->multi != NULL) {
        curl_multi_cleanup(f->multi);
    }
    while (f->all != NULL) {
        struct slot *s = f->all;
        f->all = s->all;
        slot_free(s);
    }
    if (f->share != NULL) {
        curl_share_cleanup(f->share);
    }
    if (f->sockets.epoll_fd >= 0) {
        close(f->sockets.epoll_fd);
    }
    if (f->wake_fd >= 0) {
        close(f->wake_fd);
    }
    sockets_done(&f->sockets);
    free(f->ca_file);
    free(f->proxy);
    free(f);
}

size_t fetch_room(const struct fetch *f)
{
    return f->opts.max_transfers - f->active;
}

/* A handle keeps its method, and setting a body makes it a POST. */
static CURLcode set_method(struct slot *s, const struct fetch_request *req)
{
    if (req->is_get) {
        return curl_easy_setopt(s->easy, CURLOPT_HTTPGET, 1L);
    }
    CURLcode set = curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                    (curl_off_t)req->body.len);
    return set != CURLE_OK
               ? set
               : curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS,
                                  req->body.len == 0 ? "" : req->body.data);
}

/* Set or taken away with each request: a handle goes from one webhook to the
 * next. One text holds both, and OpenSSL picks what it looks for. libcurl
 * compares the certificate before it uses a connection or session again. */
static CURLcode set_client(struct slot *s, struct str pem)
{
    struct curl_blob blob = {(void *)(uintptr_t)pem.data, pem.len,
                             CURL_BLOB_NOCOPY};
    struct curl_blob *given = pem.len == 0 ? NULL : &blob;
    CURLcode set = curl_easy_setopt(s->easy, CURLOPT_SSLCERT_BLOB, given);

    return set != CURLE_OK
               ? set
               : curl_easy_setopt(s->easy, CURLOPT_SSLKEY_BLOB, given);
}

bool fetch_start(struct fetch *f, const struct fetch_request *req,
                 struct err *err)
{
    assert(fetch_room(f) > 0);
    assert(req->header_count <= FETCH_HEADERS_MAX);

    struct slot *s = slot_take(f);
    slot_reset(s, req);
    CURLcode set = curl_easy_setopt(s->easy, CURLOPT_URL, req->url);
    if (set == CURLE_OK) {
        set =
            curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, slot_headers(s, req));
    }
    if (set == CURLE_OK) {
        set = set_method(s, req);
    }
    if (set == CURLE_OK) {
        set = set_client(s, req->client_pem);
    }
    if (set != CURLE_OK ||
        curl_multi_add_handle(f->multi, s->easy) != CURLM_OK) {
        slot_rest(s);
        return err_set(err, ERR_INVALID, "can't request this URL: %s",
                       curl_easy_strerror(set));
    }
    f->active++;
    f->transfers++;
    return true;
}

/* --- answers -------------------------------------------------------------- */

static void hand_over(struct fetch *f, fetch_answer_fn *each, void *user)
{
    int left = 0;
    CURLMsg *message = NULL;

    while ((message = curl_multi_info_read(f->multi, &left)) != NULL) {
        struct fetch_answer answer = {0};
        struct slot *s = NULL;
        CURLcode code = message->data.result;
        CURL *easy = message->easy_handle;

        assert(message->msg == CURLMSG_DONE);
        (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &s);
        slot_answer(s, code, &answer);
        (void)curl_multi_remove_handle(f->multi, easy);
        f->active--;
        f->reused += answer.reused ? 1 : 0;
        slot_rest(s);
        each(user, &answer);
    }
}

/* --- the wait ------------------------------------------------------------- */

static int wait_ms_of(const struct fetch *f, unsigned wait_ms)
{
    if (f->timer_at_us == NEVER) {
        return (int)wait_ms;
    }
    int64_t left_us = f->timer_at_us - clock_steady_us();
    if (left_us <= 0) {
        return 0;
    }
    /* Rounded up: a millisecond early would spin. */
    int64_t left_ms = (left_us + US_PER_MS - 1) / US_PER_MS;
    return (int)MIN_OF(left_ms, (int64_t)wait_ms);
}

static int select_mask(uint32_t events)
{
    int mask = 0;

    mask |= (events & (EPOLLIN | EPOLLHUP)) != 0 ? CURL_CSELECT_IN : 0;
    mask |= (events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0;
    mask |= (events & EPOLLERR) != 0 ? CURL_CSELECT_ERR : 0;
    return mask;
}

static void drain_wake(struct fetch *f)
{
    uint64_t count = 0;

    /* Nonblocking; an empty counter is no news. */
    ssize_t got = read(f->wake_fd, &count, sizeof count);
    (void)got;
}

void fetch_wait(struct fetch *f, unsigned wait_ms, fetch_answer_fn *each,
                void *user)
{
    struct epoll_event events[EVENTS_MAX];
    int running = 0;

    assert(each != NULL);
    slots_wake(f);
    int count = epoll_wait(f->sockets.epoll_fd, events, EVENTS_MAX,
                           wait_ms_of(f, wait_ms));
    for (int i = 0; i < count; i++) {
        if (events[i].data.fd == f->wake_fd) {
            drain_wake(f);
        } else if (sockets_wants(&f->sockets, events[i].data.fd)) {
            (void)curl_multi_socket_action(f->multi, events[i].data.fd,
                                           select_mask(events[i].events),
                                           &running);
        }
    }
    if (f->timer_at_us <= clock_steady_us()) {
        f->timer_at_us = NEVER; /* Before the call: it may set a new one. */
        (void)curl_multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0,
                                       &running);
    }
    hand_over(f, each, user);
}

void fetch_wake(struct fetch *f)
{
    uint64_t one = 1;

    /* A full counter means a wake is pending already. */
    ssize_t put = write(f->wake_fd, &one, sizeof one);
    (void)put;
}

struct fetch_stats fetch_stats(const struct fetch *f)
{
    return (struct fetch_stats){
        .transfers = f->transfers, .reused = f->reused, .active = f->active};
}
