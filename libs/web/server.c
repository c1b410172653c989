/* Starts civetweb with every option decided and hands its callbacks to the
 * exchange of the thread they come on. */
#include "web/web.h"

#include "base/clock.h"
#include "web/exchange.h"
#include "web/tls.h"

#include <assert.h>
#include <civetweb.h>
#include <errno.h>
#include <malloc.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUSY_CUT 10      /* Idle time is cut to a tenth. */
#define BUSY_GREET_CUT 4 /* A first head has a quarter of its time. */
#define LINGER_US (500 * US_PER_MS)
#define STOP_IDLE_US (300 * US_PER_MS)   /* Some sweeps of watch.c. */
#define SWEEP_GRACE_US (500 * US_PER_MS) /* civetweb's own timeout first. */
#define ALLOCATOR_ARENAS 8 /* Not one for each of thousands of threads. */
#define START_WAIT_US (10 * US_PER_S)
#define FILES_BESIDE_CONNECTIONS 256
#define OPTION_TEXT 24
#define PORT_TEXT 80

struct web {
    struct exchange_server shared;
    struct mg_context *civetweb;
    struct tls *tls;
    unsigned port;
};

/* One thread's place; its memory comes with its first connection. */
struct seat {
    struct exchange_server *server;
    struct watch_slot *slot;
    struct exchange *exchange;
};

/* --- civetweb's callbacks, each on the thread it is about ---------------- */

static void *on_thread_start(const struct mg_context *ctx, int type)
{
    struct exchange_server *s = mg_get_user_data(ctx);
    struct seat *seat = NULL;

    if (type != 1) {
        return NULL;
    }
    seat = mem_zero(1, sizeof(*seat));
    seat->server = s;
    seat->slot = watch_slot(s->watch);
    return seat;
}

static void on_thread_end(const struct mg_context *ctx, int type, void *pointer)
{
    struct seat *seat = pointer;

    (void)ctx;
    if (type == 1 && seat != NULL) {
        exchange_free(seat->exchange);
        free(seat);
    }
}

static void on_connection(struct mg_connection *conn, int fd)
{
    struct seat *seat = mg_get_thread_pointer(conn);

    if (seat->exchange == NULL) {
        seat->exchange = exchange_new(seat->server, seat->slot);
    }
    watch_begin(seat->slot, fd);
}

static void on_connection_end(const struct mg_connection *conn)
{
    struct seat *seat = mg_get_thread_pointer(conn);

    watch_end(seat->slot);
}

static int on_head(struct mg_connection *conn, const char *head, int len)
{
    struct seat *seat = mg_get_thread_pointer(conn);

    return exchange_head(seat->exchange, conn, (struct str){head, (size_t)len});
}

static int on_request(struct mg_connection *conn)
{
    struct seat *seat = mg_get_thread_pointer(conn);

    return exchange_serve(seat->exchange, conn);
}

static int on_error(struct mg_connection *conn, int status, const char *text)
{
    struct seat *seat = mg_get_thread_pointer(conn);

    (void)text;
    exchange_refuse(seat->exchange, conn, status);
    return 0;
}

static int on_log(const struct mg_connection *conn, const char *text)
{
    (void)conn;
    (void)text;
    return 1; /* Libraries never log; what matters comes as an error. */
}

static int on_tls(void **ctx, void *user)
{
    struct exchange_server *s = user;
    struct web *w = CONTAINER_OF(s, struct web, shared);

    *ctx = tls_context(w->tls);
    return 1;
}

/* --- starting ------------------------------------------------------------ */

/* accept(2) that fails for want of descriptors would spin. */
static void raise_file_limit(unsigned threads)
{
    struct rlimit limit;
    rlim_t need = (rlim_t)threads + FILES_BESIDE_CONNECTIONS;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < need) {
        limit.rlim_cur = MIN_OF(need, limit.rlim_max);
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool open_watch(struct web *w, struct err *err)
{
    const struct web_options *o = &w->shared.opts;
    int64_t request_us = (int64_t)o->request_ms * US_PER_MS;
    int64_t idle_us = (int64_t)o->keep_alive_ms * US_PER_MS;
    struct watch_options watch = {.slots = o->threads};

    watch.limit_us[WATCH_GREET] = request_us + SWEEP_GRACE_US;
    watch.limit_us[WATCH_IDLE] = idle_us + SWEEP_GRACE_US;
    watch.limit_us[WATCH_BODY] = request_us;
    watch.limit_us[WATCH_ANSWER] = request_us;
    watch.limit_us[WATCH_LINGER] = LINGER_US;
    for (size_t i = 0; i < WATCH_PHASES; i++) {
        watch.busy_limit_us[i] = watch.limit_us[i];
    }
    watch.busy_limit_us[WATCH_GREET] = request_us / BUSY_GREET_CUT;
    watch.busy_limit_us[WATCH_IDLE] = idle_us / BUSY_CUT;
    return watch_open(&watch, &w->shared.watch, err);
}

static void number_text(char text[OPTION_TEXT], size_t n)
{
    snprintf(text, OPTION_TEXT, "%zu", n);
}

static void port_text(const struct web_options *o, char text[PORT_TEXT])
{
    bool v6 = strchr(o->address, ':') != NULL;

    snprintf(text, PORT_TEXT, "%s%s%s:%u%s", v6 ? "[" : "", o->address,
             v6 ? "]" : "", o->port, o->tls_certificate != NULL ? "s" : "");
}

/* Why civetweb, which keeps it to itself, could not bind: what the system says
 * to us. `otherwise`: it lets us. */
static const char *bind_reason(const struct web_options *o,
                               const char *otherwise)
{
    const struct addrinfo numeric = {.ai_flags = AI_NUMERICHOST | AI_PASSIVE,
                                     .ai_socktype = SOCK_STREAM};
    struct addrinfo *to = NULL;
    const char *reason = otherwise;
    char port[OPTION_TEXT];
    const int on = 1;
    int fd = -1;

    number_text(port, o->port);
    if (getaddrinfo(o->address, port, &numeric, &to) != 0) {
        return "not an address";
    }
    fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, to->ai_addr, to->ai_addrlen) != 0 || listen(fd, 1) != 0) {
        reason = strerror(errno);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    freeaddrinfo(to);
    return reason;
}

/* Signals are main's: the threads that start here see none. */
static struct mg_context *start(struct web *w, struct mg_init_data *init,
                                struct mg_error_data *error)
{
    sigset_t all;
    sigset_t before;
    struct mg_context *ctx = NULL;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    init->user_data = &w->shared;
    ctx = mg_start2(init, error);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ctx;
}

static struct mg_callbacks callbacks_of(const struct web *w)
{
    return (struct mg_callbacks){
        .begin_request = on_request,
        .http_error = on_error,
        .log_message = on_log,
        .external_ssl_ctx = w->tls != NULL ? on_tls : NULL,
        .init_thread = on_thread_start,
        .exit_thread = on_thread_end,
        .connection_taken = on_connection,
        .connection_close = on_connection_end,
        .check_head = on_head,
    };
}

static bool start_civetweb(struct web *w, struct err *err)
{
    const struct web_options *o = &w->shared.opts;
    char port[PORT_TEXT];
    char threads[OPTION_TEXT];
    char queue[OPTION_TEXT];
    char head[OPTION_TEXT];
    char keep_alive[OPTION_TEXT];
    char request[OPTION_TEXT];
    char text[ERR_TEXT_MAX / 2] = "";
    struct mg_callbacks callbacks = callbacks_of(w);
    const char *options[] = {
        "listening_ports",
        port,
        "num_threads",
        threads,
        "connection_queue",
        queue,
        "listen_backlog",
        queue,
        "max_request_size",
        head,
        "keep_alive_timeout_ms",
        keep_alive,
        "request_timeout_ms",
        request,
        "enable_keep_alive",
        "yes",
        "tcp_nodelay",
        "1",
        "decode_url",
        "no",
        "enable_auth_domain_check",
        "no",
        NULL,
    };
    struct mg_init_data init = {.callbacks = &callbacks,
                                .configuration_options = options};
    struct mg_error_data error = {.text = text,
                                  .text_buffer_size = sizeof(text)};

    port_text(o, port);
    number_text(threads, o->threads);
    number_text(queue, o->backlog);
    number_text(head, o->head_max);
    number_text(keep_alive, o->keep_alive_ms);
    number_text(request, o->request_ms);
    w->civetweb = start(w, &init, &error);
    if (w->civetweb == NULL) {
        return err_set(err, ERR_UNAVAILABLE, "can't listen on %s port %u: %s",
                       o->address, o->port, bind_reason(o, text));
    }
    return true;
}

/* civetweb goes on with fewer threads than it was told; we do not. */
static bool await_threads(struct web *w, struct err *err)
{
    const struct timespec moment = {0, 1000000};
    int64_t until_us = clock_steady_us() + START_WAIT_US;
    unsigned want = w->shared.opts.threads;

    while (watch_slots_taken(w->shared.watch) < want) {
        if (clock_steady_us() > until_us) {
            return err_set(err, ERR_UNAVAILABLE,
                           "only %u of %u threads could be started",
                           watch_slots_taken(w->shared.watch), want);
        }
        nanosleep(&moment, NULL);
    }
    return true;
}

static bool find_port(struct web *w, struct err *err)
{
    struct mg_server_port port = {0};

    if (mg_get_server_ports(w->civetweb, 1, &port) != 1) {
        return err_set(err, ERR_INTERNAL, "civetweb has no port");
    }
    w->port = (unsigned)port.port;
    return true;
}

/* Debian 12's 1.15 answers 16 without 2 here, and stops the process later. */
static bool start_library(struct err *err)
{
    if ((mg_init_library(MG_FEATURES_TLS) & MG_FEATURES_TLS) == 0) {
        return err_set(err, ERR_INTERNAL, "civetweb was built without TLS");
    }
    return true;
}

bool web_open(const struct web_options *opts, struct web **out, struct err *err)
{
    struct web *w = NULL;

    assert(opts->handler != NULL && opts->refuse != NULL);
    assert(opts->threads > 0 && opts->head_max > 0 && opts->request_ms > 0);
    if (!start_library(err)) {
        return false;
    }
    mallopt(M_ARENA_MAX, ALLOCATOR_ARENAS);
    raise_file_limit(opts->threads);
    w = mem_zero(1, sizeof(*w));
    w->shared.opts = *opts;
    if ((opts->tls_certificate != NULL &&
         !tls_open(opts->tls_certificate, opts->tls_key, &w->tls, err)) ||
        !open_watch(w, err) || !start_civetweb(w, err) ||
        !await_threads(w, err) || !find_port(w, err)) {
        web_close(w, 0);
        return false;
    }
    *out = w;
    return true;
}

unsigned web_port(const struct web *w)
{
    return w->port;
}

bool web_reload_tls(struct web *w, struct err *err)
{
    return w->tls == NULL || tls_reload(w->tls, err);
}

/* --- stopping ------------------------------------------------------------ */

void web_drain(struct web *w)
{
    atomic_store(&w->shared.draining, true);
}

/* What has come is taken: for a moment also of those who seem to be idle. */
static bool is_in_use(struct web *w, int64_t idle_until_us)
{
    return atomic_load(&w->shared.in_handler) > 0 ||
           (watch_connections(w->shared.watch) > 0 &&
            clock_steady_us() < idle_until_us);
}

void web_stop(struct web *w, unsigned wait_ms)
{
    const struct timespec moment = {0, 5000000};
    const int64_t now_us = clock_steady_us();
    const int64_t until_us = now_us + (int64_t)wait_ms * US_PER_MS;

    if (w == NULL || w->civetweb == NULL) {
        return;
    }
    web_drain(w);
    watch_end_idle(w->shared.watch);
    while (is_in_use(w, now_us + STOP_IDLE_US) &&
           clock_steady_us() < until_us) {
        nanosleep(&moment, NULL);
    }
    watch_end_all(w->shared.watch);
    mg_stop(w->civetweb);
    w->civetweb = NULL;
}

void web_close(struct web *w, unsigned wait_ms)
{
    if (w == NULL) {
        return;
    }
    web_stop(w, wait_ms);
    watch_close(w->shared.watch);
    tls_close(w->tls);
    free(w);
    mg_exit_library();
}

struct web_stats web_stats(struct web *w)
{
    return (struct web_stats){
        .connections = watch_connections(w->shared.watch),
        .in_handler = atomic_load(&w->shared.in_handler),
        .threads = w->shared.opts.threads,
        .requests = atomic_load(&w->shared.requests),
        .refused = atomic_load(&w->shared.refused),
    };
}
