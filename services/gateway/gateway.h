/* What the gateway's parts share: opened once by main, then only read.
 *
 * Every member is thread-safe by itself; the pointers do not change while a
 * listener is open. */
#ifndef PORTER_GATEWAY_GATEWAY_H
#define PORTER_GATEWAY_GATEWAY_H

#include "base/str.h"
#include "crypt/crypt.h"
#include "crypt/ed25519.h"
#include "db/db.h"
#include "gateway/admit.h"
#include "gateway/metrics.h"
#include "gateway/relay.h"
#include "guard/guard.h"
#include "kv/kv.h"
#include "settings/gateway.h"
#include "web/router.h"
#include "web/web.h"

#include <stdatomic.h>

struct calls;
struct cors;
struct guess;
struct passwords;
struct throttle;
struct tracer;
struct usage;

#define OPERATIONS_MAX 64

struct openapi;

struct gateway {
    struct gateway_settings settings;
    /* One for each seal key: the first signs cursors, all are believed. */
    struct sha256 cursor_secrets[SEAL_KEYS_MAX];
    struct sha256 tag_secret;     /* Of ETags made of bodies. */
    struct seal_keys seal_keys;   /* What is kept secret in PostgreSQL. */
    struct ed25519_keys *signing; /* NULL: none are published */
    struct guard guard;           /* Of the URLs that webhooks are given. */
    struct address_list proxies;  /* Who may say who calls. */
    struct gateway_metrics *metrics;
    struct route routes[OPERATIONS_MAX];
    struct router *router;
    struct route inner_routes[OPERATIONS_MAX]; /* The dashboard's own. */
    struct router *inner_router;
    struct openapi *openapi;
    struct tracer *tracer; /* NULL: off */
    struct db_options db_options;
    struct db *db;
    struct kv *kv;
    struct admit *admit;
    struct cors *cors;
    struct usage *usage;
    struct guess *guess;
    struct calls *calls;         /* What keys were used for lately. */
    struct throttle *throttle;   /* Who tries to sign in. */
    struct passwords *passwords; /* Checked by few at a time. */
    atomic_uint in_flight;       /* Requests under way. */
    struct relay *_Atomic relay; /* NULL: off, or not open yet. */
    struct web *https;
    struct web *plain;  /* NULL when switched off */
    struct web *health; /* Health and metrics, for operators. */
    atomic_bool is_draining;
    atomic_bool is_schema_known;  /* It was ours when PostgreSQL last said. */
    atomic_bool is_postgresql_up; /* It was when it was last asked. */
};

/* A secret that signs cursors, as a str. */
static inline struct str gateway_cursor_secret(const struct gateway *g,
                                               size_t i)
{
    return (struct str){(const char *)g->cursor_secrets[i].bytes, SHA256_BYTES};
}

#endif
