/* The environment becomes a struct, or a list of everything that is wrong. */
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sample {
    char *url;
    char *name;
    char *secret;
    uint64_t count;
    uint64_t rest_ms;
    uint64_t body_bytes;
    bool is_on;
    unsigned level;
};

static const char *const levels[] = {"low", "high", NULL};

#define AT(field) offsetof(struct sample, field)
/* clang-format off */
static const struct config_row rows[] = {
    {"PORTER_T_URL", CONFIG_TEXT, AT(url), CONFIG_REQUIRED, NULL, 3, 20, "Where it is.", NULL},
    {"PORTER_T_NAME", CONFIG_TEXT, AT(name), 0, "", 0, 10, "What it is called.", NULL},
    {"PORTER_T_SECRET", CONFIG_TEXT, AT(secret), CONFIG_SECRET, NULL, 8, 20, "A word.", NULL},
    {"PORTER_T_COUNT", CONFIG_UINT, AT(count), 0, "5", 1, 10, "How many.", NULL},
    {"PORTER_T_REST", CONFIG_MS, AT(rest_ms), 0, "200ms", 10, 60000, "How long.", NULL},
    {"PORTER_T_BODY", CONFIG_BYTES, AT(body_bytes), 0, "1MiB", 0, 16777216, "How large.", NULL},
    {"PORTER_T_ON", CONFIG_BOOL, AT(is_on), 0, "false", 0, 0, "Whether.", NULL},
    {"PORTER_T_LEVEL", CONFIG_WORD, AT(level), 0, "high", 0, 0, "Which.", levels},
};
/* clang-format on */
static const struct config_table table = {"sample", rows, COUNT_OF(rows)};

static struct sample got;
static struct err err;

static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char file[80];

        (void)snprintf(file, sizeof file, "%s_FILE", rows[i].name);
        (void)unsetenv(rows[i].name);
        (void)unsetenv(file);
    }
    (void)unsetenv("PORTER_T_TYPO");
    (void)setenv("PORTER_T_URL", "here", 1);
    memset(&got, 0xAA, sizeof got);
    err = ERR_NONE;
    return 0;
}

static void expect_fault(const char *part)
{
    assert_false(config_load(&table, &got, NULL, NULL, &err));
    assert_int_equal(err.code, ERR_INVALID);
    if (strstr(err.text, part) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", err.text, part);
    }
    assert_null(got.url);
}

static void fills_what_is_not_set_from_the_table(void **state)
{
    (void)state;
    assert_true(config_load(&table, &got, NULL, NULL, &err));
    assert_string_equal(got.url, "here");
    assert_string_equal(got.name, "");
    assert_null(got.secret);
    assert_int_equal(got.count, 5);
    assert_int_equal(got.rest_ms, 200);
    assert_int_equal(got.body_bytes, 1048576);
    assert_false(got.is_on);
    assert_int_equal(got.level, 1);
    config_free(&table, &got);
    assert_null(got.url);
}

static void reads_each_form(void **state)
{
    (void)state;
    (void)setenv("PORTER_T_COUNT", "7", 1);
    (void)setenv("PORTER_T_REST", "5s", 1);
    (void)setenv("PORTER_T_BODY", "64KiB", 1);
    (void)setenv("PORTER_T_ON", "true", 1);
    (void)setenv("PORTER_T_LEVEL", "low", 1);
    assert_true(config_load(&table, &got, NULL, NULL, &err));
    assert_int_equal(got.count, 7);
    assert_int_equal(got.rest_ms, 5000);
    assert_int_equal(got.body_bytes, 65536);
    assert_true(got.is_on);
    assert_int_equal(got.level, 0);
    config_free(&table, &got);
}

static void refuses_each_wrong_form(void **state)
{
    static const struct {
        const char *name, *value, *says;
    } cases[] = {
        {"PORTER_T_URL", "x", "PORTER_T_URL: must have 3 to 20 bytes"},
        {"PORTER_T_URL", "a\nb", "control character"},
        {"PORTER_T_COUNT", "-1", "must be a whole number, not \"-1\""},
        {"PORTER_T_COUNT", "11", "must be from 1 to 10, not \"11\""},
        {"PORTER_T_COUNT", "99999999999999999999", "a whole number"},
        {"PORTER_T_REST", "5", "a duration such as"},
        {"PORTER_T_REST", "5 s", "a duration such as"},
        {"PORTER_T_REST", "2m", "must be from 10ms to 1m, not \"2m\""},
        {"PORTER_T_REST", "0", "must be from 10ms to 1m"},
        {"PORTER_T_REST", "18446744073709551615d", "a duration such as"},
        {"PORTER_T_BODY", "1MB", "a size such as"},
        {"PORTER_T_BODY", "1GiB", "must be from 0 to 16MiB"},
        {"PORTER_T_ON", "yes", "must be true or false, not \"yes\""},
        {"PORTER_T_LEVEL", "mid", "must be one of low, high, not \"mid\""},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        (void)setup(state);
        (void)setenv(cases[i].name, cases[i].value, 1);
        expect_fault(cases[i].says);
    }
}

static void tells_every_fault_at_once(void **state)
{
    (void)state;
    (void)unsetenv("PORTER_T_URL");
    (void)setenv("PORTER_T_COUNT", "x", 1);
    (void)setenv("PORTER_T_TYPO", "x", 1);
    expect_fault(
        "PORTER_T_URL is not set (Where it is.)\n"
        "PORTER_T_COUNT: must be a whole number, not \"x\"\n"
        "PORTER_T_TYPO is no variable of ours: mend its name, or unset it");
}

static void find_two(void *user, struct config_faults *faults)
{
    ++*(int *)user;
    config_fault(faults, "PORTER_T_URL", "leads nowhere");
    config_fault(faults, "PORTER_T_COUNT", "must be even");
}

static void what_the_rows_can_not_say_is_told_with_the_rest(void **state)
{
    int asked = 0;
    struct buf told = BUF_EMPTY;
    const struct config_more more = {find_two, &asked, &told};

    (void)state;
    (void)setenv("PORTER_T_TYPO", "x", 1);
    assert_false(config_load(&table, &got, NULL, &more, &err));
    assert_int_equal(asked, 1);
    assert_string_equal(
        buf_cstr(&told),
        "PORTER_T_TYPO is no variable of ours: mend its name, or unset it\n"
        "PORTER_T_URL: leads nowhere\n"
        "PORTER_T_COUNT: must be even");
    assert_string_equal(err.text, buf_cstr(&told));
    assert_null(got.url);
    (void)unsetenv("PORTER_T_TYPO");
    buf_free(&told);
}

static void counts_the_faults_that_do_not_fit(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        char name[40];

        (void)snprintf(name, sizeof name, "PORTER_T_TYPO_NUMBER_%d", i);
        (void)setenv(name, "x", 1);
    }
    expect_fault("more");
    assert_true(strlen(err.text) < ERR_TEXT_MAX);
    for (int i = 0; i < 20; i++) {
        char name[40];

        (void)snprintf(name, sizeof name, "PORTER_T_TYPO_NUMBER_%d", i);
        (void)unsetenv(name);
    }
}

static void knows_the_variables_of_other_programs(void **state)
{
    static const struct config_row other_rows[] = {
        {"PORTER_T_TYPO", CONFIG_UINT, 0, 0, NULL, 0, 1, "Not ours.", NULL},
    };
    static const struct config_table other = {"other", other_rows, 1};
    static const struct config_table *const extra[] = {&other, NULL};

    (void)state;
    (void)setenv("PORTER_T_TYPO", "x", 1);
    assert_true(config_load(&table, &got, extra, NULL, &err));
    config_free(&table, &got);
}

static void treats_an_empty_variable_as_not_set(void **state)
{
    (void)state;
    (void)setenv("PORTER_T_COUNT", "", 1);
    assert_true(config_load(&table, &got, NULL, NULL, &err));
    assert_int_equal(got.count, 5);
    config_free(&table, &got);
    (void)setenv("PORTER_T_URL", "", 1);
    expect_fault("PORTER_T_URL is not set");
}

static void never_shows_a_secret(void **state)
{
    (void)state;
    (void)setenv("PORTER_T_SECRET", "hunter2", 1);
    expect_fault("PORTER_T_SECRET: must have 8 to 20 bytes, not 7");
    assert_null(strstr(err.text, "hunter2"));
}

static void reads_a_value_from_a_file(void **state)
{
    char path[] = "/tmp/config_test.XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "from-a-file\n", 12), 12);
    (void)close(fd);
    (void)setenv("PORTER_T_SECRET_FILE", path, 1);
    assert_true(config_load(&table, &got, NULL, NULL, &err));
    assert_string_equal(got.secret, "from-a-file");
    config_free(&table, &got);

    (void)setenv("PORTER_T_SECRET", "from-the-environment", 1);
    expect_fault("PORTER_T_SECRET and PORTER_T_SECRET_FILE are both set");
    (void)unsetenv("PORTER_T_SECRET");
    (void)unlink(path);
    expect_fault("No such file");
}

static void documents_itself(void **state)
{
    struct buf out = BUF_EMPTY;

    (void)state;
    config_docs(&table, &out);
    assert_non_null(strstr(buf_cstr(&out),
                           "| `PORTER_T_REST` | duration, 10ms to 1m | "
                           "`200ms` | How long. |\n"));
    assert_non_null(strstr(buf_cstr(&out), "**required** | Where it is."));
    assert_non_null(strstr(buf_cstr(&out), "A word. Secret. |"));
    assert_non_null(strstr(buf_cstr(&out), "| `low`, `high` | `high` |"));
    buf_free(&out);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fills_what_is_not_set_from_the_table),
        TEST(reads_each_form),
        TEST(refuses_each_wrong_form),
        TEST(tells_every_fault_at_once),
        TEST(what_the_rows_can_not_say_is_told_with_the_rest),
        TEST(counts_the_faults_that_do_not_fit),
        TEST(knows_the_variables_of_other_programs),
        TEST(treats_an_empty_variable_as_not_set),
        TEST(never_shows_a_secret),
        TEST(reads_a_value_from_a_file),
        TEST(documents_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
