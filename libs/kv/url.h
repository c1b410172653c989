/* Where Redis is: redis://[user:password@]host:port[/db] or unix:/path. */
#ifndef PORTER_KV_URL_H
#define PORTER_KV_URL_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>

#define KV_URL_PART_MAX 256

struct kv_url {
    bool is_unix;
    char place[KV_URL_PART_MAX]; /* The host, or the socket's path. */
    int port;
    int database;
    char user[KV_URL_PART_MAX];     /* "": the default user */
    char password[KV_URL_PART_MAX]; /* "": none */
};

/* ERR_INVALID says what is wrong without showing the URL. */
MUST_USE bool kv_url_read(const char *text, struct kv_url *out,
                          struct err *err);

#endif
