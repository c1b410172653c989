/* Secrets of authenticators as they are stored: sealed, bound to the person. */
#ifndef PORTER_STORE_TOTP_SECRET_H
#define PORTER_STORE_TOTP_SECRET_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "crypt/crypt.h"

/* What follows the person's id in the context. */
#define TOTP_SECRET_CONTEXT " totp"

/* The secret; ERR_INTERNAL: no known key opens it. */
MUST_USE bool totp_secret_open(const struct seal_keys *keys, struct id person,
                               struct str sealed, struct arena *arena,
                               struct str *out, struct err *err);

/* Appended. */
void totp_secret_close(const struct seal_keys *keys, struct id person,
                       struct str secret, struct buf *out);

#endif
