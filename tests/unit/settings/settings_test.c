/* One environment file serves every program, and says what is missing. */
#include "settings/all.h"
#include "settings/dispatcher.h"
#include "settings/gateway.h"
#include "settings/porterctl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

static struct err err;

static int setup(void **state)
{
    (void)state;
    err = ERR_NONE;
    (void)setenv("PORTER_DB_URL", "postgresql://localhost/porter", 1);
    (void)setenv("PORTER_SEAL_KEYS", "a:AAAA", 1);
    (void)setenv("PORTER_TLS_CERTIFICATE", "/tls/cert.pem", 1);
    (void)setenv("PORTER_TLS_KEY", "/tls/key.pem", 1);
    (void)setenv("PORTER_WORKERS", "4", 1);
    (void)setenv("PORTER_RELAY_REST", "50ms", 1);
    return 0;
}

static void one_environment_serves_every_program(void **state)
{
    struct gateway_settings g;
    struct dispatcher_settings d;
    struct porterctl_settings p;

    (void)state;
    assert_true(gateway_settings_load(&g, NULL, &err));
    assert_true(dispatcher_settings_load(&d, NULL, &err));
    assert_true(porterctl_settings_load(&p, NULL, &err));
    assert_string_equal(g.common.db_url, p.common.db_url);
    assert_int_equal(g.relay_rest_ms, 50);
    assert_int_equal(g.http_body_max, 1048576);
    assert_int_equal(g.common.environment, ENVIRONMENT_PRODUCTION);
    assert_int_equal(d.workers, 4);
    assert_string_equal(d.egress_proxy, "");
    gateway_settings_free(&g);
    dispatcher_settings_free(&d);
    porterctl_settings_free(&p);
}

static void a_typo_is_found_by_every_program(void **state)
{
    struct dispatcher_settings d;

    (void)state;
    (void)setenv("PORTER_WORKER", "4", 1);
    assert_false(dispatcher_settings_load(&d, NULL, &err));
    assert_string_equal(
        err.text,
        "PORTER_WORKER is no variable of ours: mend its name, or unset it");
    (void)unsetenv("PORTER_WORKER");
}

static void only_porterctl_runs_without_seal_keys(void **state)
{
    struct gateway_settings g;
    struct porterctl_settings p;

    (void)state;
    (void)unsetenv("PORTER_SEAL_KEYS");
    assert_false(gateway_settings_load(&g, NULL, &err));
    assert_non_null(strstr(err.text, "PORTER_SEAL_KEYS is not set"));
    assert_true(porterctl_settings_load(&p, NULL, &err));
    assert_null(p.common.seal_keys);
    porterctl_settings_free(&p);
}

static void every_row_is_one_sentence_of_help(void **state)
{
    (void)state;
    for (size_t t = 0; settings_tables[t] != NULL; t++) {
        for (size_t i = 0; i < settings_tables[t]->count; i++) {
            const struct config_row *row = &settings_tables[t]->rows[i];
            struct str help = str_of(row->help);

            assert_true(help.len > 10 && help.data[help.len - 1] == '.');
            assert_true(row->min <= row->max);
        }
    }
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_environment_serves_every_program),
        TEST(a_typo_is_found_by_every_program),
        TEST(only_porterctl_runs_without_seal_keys),
        TEST(every_row_is_one_sentence_of_help),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
