/* Turns: who may start something next, so that nobody waits for another's
 * endpoint.
 *
 * Organizations take turns, and within one its lanes do. It is a deficit round
 * robin: a turn is one delivery of up to TURN_BYTES; a larger one is paid for
 * with turns to come, TURNS_OWED_MAX at most, while others wait and for as long
 * as the organization is not idle.
 * Slots (requests under way at once) are kept from those that
 * may sit on them: lanes that have not answered yet share a half, those that
 * fail or say nothing a quarter, both together never the last eighth; an
 * organization gets half of these shares and three quarters of all at most. The
 * caller owns the struct turns and every struct turn; not thread-safe. No I/O,
 * no clock. */
#ifndef PORTER_DISPATCHER_TURNS_H
#define PORTER_DISPATCHER_TURNS_H

#include "base/id.h"

#include <stdbool.h>
#include <stddef.h>

#define TURN_BYTES 16384
#define TURNS_OWED_MAX 7

enum turn_class {
    TURN_WELL,
    TURN_NEW, /* Has not answered yet. */
    TURN_ILL, /* Failed the last time, or says nothing. */
    TURN_CLASSES
};

struct org_turns;

/* A lane's; zero, then turns_join. */
struct turn {
    struct turn *next;
    struct org_turns *org;
    enum turn_class class;
    enum turn_class ring; /* Whose ring it is in, while is_waiting. */
    bool is_waiting;
    size_t active; /* Under way. */
};

struct turns;

struct turns *turns_new(size_t slots);
void turns_free(struct turns *t); /* NULL ok. Every turn is void then. */

void turns_join(struct turns *t, struct turn *one, struct id org_id);
struct id turns_org(const struct turn *one);
void turns_part(struct turns *t, struct turn *one); /* Not while it waits. */

/* It has something to start: to the end of its organization's ring. */
void turns_wait(struct turns *t, struct turn *one);

/* Whose turn it is; it waits no more. NULL: nobody may start now. */
struct turn *turns_next(struct turns *t);

/* One more under way; its body has so many bytes, 0: it is not to pay. */
void turns_begin(struct turns *t, struct turn *one, size_t bytes);
void turns_end(struct turns *t, struct turn *one); /* One less. */
void turns_move(struct turns *t, struct turn *one, enum turn_class class);

#endif
