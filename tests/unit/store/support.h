/* A migrated database of the program's own on the test server, an organization
 * in it. Without TEST_DB_URL there is no server: the tests say so. */
#ifndef PORTER_TESTS_STORE_SUPPORT_H
#define PORTER_TESTS_STORE_SUPPORT_H

#include "base/arena.h"
#include "base/clock.h"
#include "db/db.h"
#include "store/migrate.h"
#include "store/organization.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static struct {
    char name[64];
    char url[512];
    struct db *db;
    struct arena *arena;
    struct id org;
    struct id stranger; /* Another organization. */
    int64_t now_us;
} t;

/* Fails the test with the error's own words. */
static void must(bool ok, const struct err *err)
{
    if (!ok) {
        fail_msg("%s: %s", err_code_name(err->code), err->text);
    }
}

static struct db_options options_of(const char *url)
{
    return (struct db_options){.url = url,
                               .service = "store-test",
                               .pool_size = 4,
                               .batch_max = 16,
                               .connect_ms = 2000,
                               .wait_ms = 5000,
                               .statement_ms = 5000,
                               .reconnect_ms = 50};
}

static void on_server(const char *verb)
{
    const struct db_options opts = options_of(getenv("TEST_DB_URL"));
    struct db_session *s = NULL;
    struct err err = ERR_NONE;
    char text[128];

    (void)snprintf(text, sizeof text, "%s %s", verb, t.name);
    must(session_open(&opts, &s, &err), &err);
    must(session_script(s, text, &err), &err);
    session_close(s);
}

/* The server's URL (postgresql://…/name?…) with our database in it. */
static void name_database(void)
{
    const char *server = getenv("TEST_DB_URL");
    const char *query = strchr(server, '?');
    const char *slash = strstr(server, "://");
    size_t until = 0;

    assert_non_null(slash);
    slash = strchr(slash + 3, '/');
    assert_non_null(slash);
    until = (size_t)(slash - server) + 1;
    (void)snprintf(t.name, sizeof t.name, "store_test_%d", (int)getpid());
    (void)snprintf(t.url, sizeof t.url, "%.*s%s%s", (int)until, server, t.name,
                   query == NULL ? "" : query);
}

static int open_store(void **state)
{
    struct db_options opts = {0};
    struct err err = ERR_NONE;
    unsigned applied = 0;

    (void)state;
    name_database();
    on_server("CREATE DATABASE");
    opts = options_of(t.url);
    must(migrate_apply(&opts, NULL, NULL, &applied, &err), &err);
    assert_true(applied > 0);
    must(db_open(&opts, &t.db, &err), &err);
    t.arena = arena_new(65536);
    t.now_us = clock_wall_us();
    must(organization_insert(t.db, STR("Ünïted"), STR("one"), t.now_us, &t.org,
                             &err),
         &err);
    must(organization_insert(t.db, STR("Other"), STR("two"), t.now_us,
                             &t.stranger, &err),
         &err);
    return 0;
}

static int close_store(void **state)
{
    (void)state;
    db_close(t.db);
    arena_free(t.arena);
    on_server("DROP DATABASE");
    return 0;
}

#define RUN_WITH_STORE(tests)                                                  \
    (getenv("TEST_DB_URL") == NULL                                             \
         ? (puts("skipped: no server (TEST_DB_URL)"), 0)                       \
         : cmocka_run_group_tests((tests), open_store, close_store))

#endif
