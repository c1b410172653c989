/* One request and its answer on one of the server's threads: head, body,
 * handler, write. An exchange is the thread's memory for that, used again for
 * every request. */
#ifndef PORTER_WEB_EXCHANGE_H
#define PORTER_WEB_EXCHANGE_H

#include "web/watch.h"
#include "web/web.h"

#include <stdatomic.h>

struct mg_connection;

/* What the threads of a server share. */
struct exchange_server {
    struct web_options opts;
    struct watch *watch;
    atomic_bool draining;
    atomic_uint in_handler;
    _Atomic uint64_t requests;
    _Atomic uint64_t refused;
};

struct exchange;

struct exchange *exchange_new(struct exchange_server *server,
                              struct watch_slot *slot);
void exchange_free(struct exchange *x); /* Accepts NULL. */

/* A head came in, empty line and all. 0, or the status to refuse it with:
 * then exchange_refuse follows. */
int exchange_head(struct exchange *x, struct mg_connection *conn,
                  struct str raw);

/* Read the body, let the handler answer; returns the status that was sent. */
int exchange_serve(struct exchange *x, struct mg_connection *conn);

/* The connection can't go on: say why and end it. `status` is civetweb's
 * guess, used when the head was never read. */
void exchange_refuse(struct exchange *x, struct mg_connection *conn,
                     int status);

#endif
