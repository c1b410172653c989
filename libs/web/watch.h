/* Every wait of every connection, seen from outside: civetweb counts some of
 * its waits anew with each byte that comes, so one sweeping thread ends the
 * connections that have been in a phase too long. Thread-safe. */
#ifndef PORTER_WEB_WATCH_H
#define PORTER_WEB_WATCH_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>
#include <stdint.h>

enum watch_phase {
    WATCH_FREE,    /* The thread has no connection. */
    WATCH_GREET,   /* TLS handshake and first head. */
    WATCH_IDLE,    /* Between requests, up to the next head's end. */
    WATCH_BODY,    /* Head read, body not yet. */
    WATCH_HANDLER, /* Ours: never ended from outside. */
    WATCH_ANSWER,  /* Until the client has taken the answer. */
    WATCH_LINGER,  /* Answered; the rest of a refused body is thrown away. */
    WATCH_PHASES
};

struct watch;
struct watch_slot; /* One thread's connection. */

struct watch_options {
    unsigned slots;
    int64_t limit_us[WATCH_PHASES];      /* 0: no limit */
    int64_t busy_limit_us[WATCH_PHASES]; /* While watch_is_busy. */
};

MUST_USE bool watch_open(const struct watch_options *opts, struct watch **out,
                         struct err *err);
void watch_close(struct watch *w); /* Accepts NULL. */

/* The next slot that nobody has yet; asserts that there is one. */
struct watch_slot *watch_slot(struct watch *w);

/* The slot's thread begins and ends with a connection. */
void watch_begin(struct watch_slot *s, int fd);
void watch_end(struct watch_slot *s);

void watch_phase(struct watch_slot *s, enum watch_phase phase);
/* How long the slot has been in its phase. */
int64_t watch_phase_us(const struct watch_slot *s);
/* Was its connection cut short by a sweep? */
bool watch_was_cut(struct watch_slot *s);
/* Will nothing more come from the client? Asked by the slot's own thread. */
bool watch_is_gone(struct watch_slot *s);

/* How many slots were handed out. */
unsigned watch_slots_taken(const struct watch *w);
unsigned watch_connections(const struct watch *w);

/* Do at least 3/4 of the threads have connections? Then waits are cut. */
bool watch_is_busy(const struct watch *w);

/* From now on nobody is waited for between requests. One that has come already,
 * though its thread has not looked yet, is still read. */
void watch_end_idle(struct watch *w);

/* From now on every connection is ended, whatever its phase. */
void watch_end_all(struct watch *w);

#endif
