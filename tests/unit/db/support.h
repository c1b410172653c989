/* A pool on the test server, with a schema of its own for each program.
 * Without TEST_DB_URL there is no server: the tests say so. */
#ifndef PORTER_TESTS_DB_SUPPORT_H
#define PORTER_TESTS_DB_SUPPORT_H

#include "db/db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static const char *server_url(void)
{
    return getenv("TEST_DB_URL");
}

static struct db_options test_options(void)
{
    return (struct db_options){.url = server_url(),
                               .service = "db-test",
                               .pool_size = 8,
                               .batch_max = 32,
                               .connect_ms = 2000,
                               .wait_ms = 5000,
                               .statement_ms = 5000,
                               .reconnect_ms = 50};
}

/* Fails the test with the error's own words. */
static void must(bool ok, const struct err *err)
{
    if (!ok) {
        fail_msg("%s: %s", err_code_name(err->code), err->text);
    }
}

static inline void script(const char *text)
{
    const struct db_options opts = test_options();
    struct err err = ERR_NONE;
    struct db_session *s = NULL;

    must(session_open(&opts, &s, &err), &err);
    must(session_script(s, text, &err), &err);
    session_close(s);
}

#define RUN_WITH_SERVER(tests, setup, teardown)                                \
    (server_url() == NULL                                                      \
         ? (puts("skipped: no server (TEST_DB_URL)"), 0)                       \
         : cmocka_run_group_tests((tests), (setup), (teardown)))

#endif
