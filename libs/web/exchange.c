/* Every way through ends in `send`: one write, then the memory is reset. */
#include "web/exchange.h"

#include "base/clock.h"
#include "web/caller.h"
#include "web/head.h"
#include "web/reply.h"

#include <assert.h>
#include <civetweb.h>
#include <stdlib.h>

#define ARENA_BYTES 16384
#define BODY_STEP_BYTES 16384
#define KEPT_BYTES_MAX 65536 /* A larger buffer is given back. */
#define LINGER_BYTES_MAX (32 << 20)
#define TIMEOUT_SLACK_US (50 * US_PER_MS)

struct exchange {
    struct exchange_server *server;
    struct watch_slot *slot;
    struct arena *arena;
    bool has_head; /* req and head are this request's. */
    bool has_fault;
    struct head_fault fault;
    struct head head;
    struct web_request req;
    struct web_response res;
    struct buf body;
    struct buf out;
};

struct exchange *exchange_new(struct exchange_server *server,
                              struct watch_slot *slot)
{
    struct exchange *x = mem_zero(1, sizeof(*x));

    x->server = server;
    x->slot = slot;
    x->arena = arena_new(ARENA_BYTES);
    return x;
}

void exchange_free(struct exchange *x)
{
    if (x == NULL) {
        return;
    }
    arena_free(x->arena);
    buf_free(&x->res.headers);
    buf_free(&x->res.body);
    buf_free(&x->body);
    buf_free(&x->out);
    free(x);
}

static void reuse(struct buf *b)
{
    if (b->cap > KEPT_BYTES_MAX) {
        buf_free(b);
    } else {
        buf_clear(b);
    }
}

static void begin(struct exchange *x, struct mg_connection *conn)
{
    const struct mg_request_info *info = mg_get_request_info(conn);

    arena_reset(x->arena);
    x->req = (struct web_request){0};
    x->req.arena = x->arena;
    x->req.slot = x->slot;
    x->req.method = WEB_OTHER;
    x->req.peer = arena_str(x->arena, str_of(info->remote_addr));
    x->req.remote = x->req.peer;
    x->req.is_tls = info->is_ssl != 0;
    x->req.began_us = clock_steady_us();
    x->res.status = 500;
    x->res.close = false;
    x->has_fault = false;
}

bool web_is_gone(const struct web_request *r)
{
    return watch_is_gone(r->slot);
}

/* Write the response; a client that does not take it is left. */
static void send_reply(struct exchange *x, struct mg_connection *conn,
                       bool close)
{
    int sent = 0;

    watch_phase(x->slot, WATCH_ANSWER);
    reply_write(&x->res, x->req.method == WEB_HEAD, close, clock_wall_us(),
                &x->out);
    sent = mg_write(conn, x->out.data, x->out.len);
    if (close || sent < 0 || (size_t)sent != x->out.len) {
        mg_disable_connection_keep_alive(conn);
    }
    reuse(&x->res.headers);
    reuse(&x->res.body);
    reuse(&x->body);
    reuse(&x->out);
    x->has_head = false;
    x->has_fault = false;
}

static int refuse(struct exchange *x, struct mg_connection *conn)
{
    const struct web_options *opts = &x->server->opts;
    int status = 0;

    atomic_fetch_add(&x->server->refused, 1);
    opts->refuse(opts->user, x->fault.code, x->fault.detail, &x->req, &x->res);
    status = (int)x->res.status;
    send_reply(x, conn, true);
    return status;
}

static int status_of(enum web_refusal code)
{
    switch (code) {
    case WEB_REFUSE_MALFORMED:
        return 400;
    case WEB_REFUSE_TIMEOUT:
        return 408;
    case WEB_REFUSE_LENGTH:
        return 411;
    case WEB_REFUSE_BODY_SIZE:
        return 413;
    case WEB_REFUSE_HEAD_SIZE:
        return 431;
    case WEB_REFUSE_ENCODING:
    case WEB_REFUSE_METHOD:
        return 501;
    case WEB_REFUSE_VERSION:
        return 505;
    }
    return 400;
}

int exchange_head(struct exchange *x, struct mg_connection *conn,
                  struct str raw)
{
    begin(x, conn);
    /* civetweb cuts its buffer up in place; this copy stays whole. */
    if (!head_read(arena_str(x->arena, raw), x->arena, &x->req, &x->head,
                   &x->fault)) {
        x->has_fault = true;
        return status_of(x->fault.code);
    }
    x->has_head = true;
    x->req.remote = caller_address(&x->req, x->server->opts.proxies);
    return 0;
}

static bool timed_out(struct exchange *x, unsigned limit_ms)
{
    return watch_was_cut(x->slot) ||
           watch_phase_us(x->slot) + TIMEOUT_SLACK_US >=
               (int64_t)limit_ms * US_PER_MS;
}

void exchange_refuse(struct exchange *x, struct mg_connection *conn, int status)
{
    const struct web_options *opts = &x->server->opts;

    if (x->has_fault) {
        (void)refuse(x, conn); /* exchange_head said no. */
        return;
    }
    if (x->has_head) {
        x->fault = (struct head_fault){WEB_REFUSE_METHOD,
                                       "The method is not known here."};
    } else {
        begin(x, conn);
        if (status == 413) {
            x->fault = (struct head_fault){WEB_REFUSE_HEAD_SIZE,
                                           "The head is too long."};
        } else if (timed_out(x,
                             MIN_OF(opts->request_ms, opts->keep_alive_ms))) {
            x->fault = (struct head_fault){WEB_REFUSE_TIMEOUT,
                                           "The head took too long."};
        } else {
            x->fault = (struct head_fault){
                WEB_REFUSE_MALFORMED,
                "The head is incomplete or holds a control character."};
        }
    }
    (void)refuse(x, conn);
}

static bool body_fault(struct exchange *x, enum web_refusal code,
                       const char *detail)
{
    x->fault = (struct head_fault){code, detail};
    return false;
}

static bool too_large(struct exchange *x)
{
    return body_fault(x, WEB_REFUSE_BODY_SIZE, "The body is too large.");
}

/* Grows with what really came, never with what was announced. */
static bool read_body(struct exchange *x, struct mg_connection *conn)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    size_t max = x->server->opts.body_max;
    size_t want = x->head.is_chunked ? SIZE_MAX : (size_t)x->head.length;

    if (!x->head.is_chunked && want > max) {
        return too_large(x);
    }
    watch_phase(x->slot, WATCH_BODY);
    if (x->head.wants_continue) {
        (void)mg_write(conn, go_on, sizeof(go_on) - 1);
    }
    while (x->body.len < want) {
        size_t step = MIN_OF(want - x->body.len, (size_t)BODY_STEP_BYTES);
        int got = 0;

        buf_reserve(&x->body, step);
        got = mg_read(conn, x->body.data + x->body.len, step);
        if (got == 0 && x->head.is_chunked) {
            break;
        }
        if (got <= 0) {
            return timed_out(x, x->server->opts.request_ms)
                       ? body_fault(x, WEB_REFUSE_TIMEOUT,
                                    "The body took too long.")
                       : body_fault(x, WEB_REFUSE_MALFORMED,
                                    "The body is incomplete or its chunks "
                                    "are malformed.");
        }
        x->body.len += (size_t)got;
        if (x->body.len > max) {
            return too_large(x);
        }
    }
    if (x->body.len > 0) {
        x->req.body = buf_str(&x->body);
    }
    return true;
}

/* A client that is still sending would lose our answer to a reset: take what
 * comes for a moment. The sweep ends it when the moment is over. */
static void linger(struct exchange *x, struct mg_connection *conn)
{
    size_t taken = 0;
    char *bin = arena_take(x->arena, BODY_STEP_BYTES);

    watch_phase(x->slot, WATCH_LINGER);
    while (taken < LINGER_BYTES_MAX) {
        int got = mg_read(conn, bin, BODY_STEP_BYTES);
        if (got <= 0) {
            break;
        }
        taken += (size_t)got;
    }
}

static bool must_close(const struct exchange *x)
{
    return x->head.wants_close || x->res.close ||
           atomic_load(&x->server->draining) || watch_is_busy(x->server->watch);
}

int exchange_serve(struct exchange *x, struct mg_connection *conn)
{
    struct exchange_server *s = x->server;
    int status = 0;

    assert(x->has_head);
    /* Before the body: the end waits for requests that are still coming. */
    atomic_fetch_add(&s->in_handler, 1);
    if ((x->head.is_chunked || x->head.length > 0) && !read_body(x, conn)) {
        status = refuse(x, conn);
        atomic_fetch_sub(&s->in_handler, 1);
        linger(x, conn);
        return status;
    }
    watch_phase(x->slot, WATCH_HANDLER);
    atomic_fetch_add(&s->requests, 1);
    s->opts.handler(s->opts.user, &x->req, &x->res);
    status = (int)x->res.status;
    send_reply(x, conn, must_close(x));
    atomic_fetch_sub(&s->in_handler, 1);
    watch_phase(x->slot, WATCH_IDLE);
    return status;
}
