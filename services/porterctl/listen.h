/* The inside of porterctl listen: what the log says, and where it goes. */
#ifndef PORTER_PORTERCTL_LISTEN_H
#define PORTER_PORTERCTL_LISTEN_H

#include "porterctl/ctl.h"

#include "fetch/fetch.h"
#include "json/json.h"
#include "signature/request.h"

#include <signal.h>

/* Set by the first SIGINT or SIGTERM; the second ends the process. */
extern volatile sig_atomic_t listen_stop;

struct listener {
    struct ctl *ctl;
    struct fetch *api;
    struct fetch *endpoint;
    struct str log_url; /* https://…/api/v1/events */
    struct str key_line;
    struct str filters;          /* "&type=…", "&created_from=…" */
    char after[ID_TEXT_MAX + 1]; /* ""; the log's beginning */
    const char *state_file;      /* NULL: none */
    struct str forward_to;       /* STR_NONE: nowhere */
    struct str secret;
    struct id id; /* In the place of a webhook's: makes deliveries' ids. */
    struct request_lines lines;
    bool is_print;
    bool was_answered;   /* By the gateway, at least once. */
    bool is_away;        /* Since it was last answered; said so. */
    unsigned retries;    /* Since the last good answer. */
    uint64_t max;        /* 0: never stop. */
    uint64_t seen, good; /* Events; those that were answered 2xx. */
};

/* How one request ended; the body is the caller's to free. */
struct reply {
    bool is_done;
    enum fetch_failure failure;
    unsigned status;
    int64_t retry_after_s;
    int64_t total_us;
    char detail[160];
    struct buf body;
};

/* Ask and wait for the end; ERR_INVALID for a URL that can't be asked. */
MUST_USE bool listen_ask(struct fetch *f, const struct fetch_request *request,
                         struct reply *reply, struct err *err);

/* Wait, but no longer than until a signal comes. */
void listen_pause(struct listener *l, int64_t wait_ms);

/* A page of the log. `*page` is NULL when there is none for now (the gateway is
 * away, or asks to wait: the wait is over then), or a signal came. ERR_… when
 * going on makes no sense: the key is refused, it is no gateway. */
MUST_USE bool listen_read(struct listener *l, struct str query,
                          struct json **page, struct err *err);

/* Send one event to the endpoint and tell how it went. What is down is told,
 * not waited for. */
MUST_USE bool listen_send(struct listener *l, const struct json *event,
                          struct err *err);

#endif
