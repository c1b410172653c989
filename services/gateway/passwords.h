/* Passwords are checked by few threads at a time: each takes 32 MiB and about
 * 80 ms of a core. Others wait, some of them, not for ever. Thread-safe. */
#ifndef PORTER_GATEWAY_PASSWORDS_H
#define PORTER_GATEWAY_PASSWORDS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"

struct passwords;

struct passwords *passwords_new(void);
void passwords_free(struct passwords *p); /* Accepts NULL. */

/* Is it the password? stored STR_NONE: no, after the same work. ERR_LIMITED:
 * too many are waiting. */
MUST_USE bool passwords_check(struct passwords *p, struct str password,
                              struct str stored, bool *right, struct err *err);

/* As it is to be stored, appended. ERR_LIMITED likewise. */
MUST_USE bool passwords_hash(struct passwords *p, struct str password,
                             struct buf *out, struct err *err);

#endif
