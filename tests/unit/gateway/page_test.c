/* Cursors: what was written is read again; anything else is refused. */
#include "gateway/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECRET STR("a secret of the tests")

static const struct id org = {{1, 2, 3}};
static const struct id other_org = {{1, 2, 4}};

static struct page_key sample(void)
{
    return (struct page_key){.number = 1772357400123456,
                             .text = STR("Z\xc3\xbcrich"),
                             .id = {{9, 8, 7}}};
}

static bool reads(struct page_binding binding, struct str secret,
                  struct str cursor, struct page_key *out)
{
    static struct arena *arena;
    struct err err = ERR_NONE;
    bool ok = false;

    arena = arena_new(4096);
    ok = page_read(secret, &binding, cursor, arena, out, &err);
    assert_true(ok || err.code == ERR_INVALID);
    if (ok) { /* Compared here: the text lives in the arena. */
        assert_true(str_eq(out->text, sample().text));
    }
    arena_free(arena);
    return ok;
}

static void a_cursor_brings_its_key_back(void **state)
{
    struct page_binding binding = page_binding(STR("visitors"), org, STR("a"));
    struct page_key key = sample();
    struct page_key got = {0};
    struct buf cursor = BUF_EMPTY;

    (void)state;
    page_write(SECRET, &binding, &key, &cursor);
    assert_true(reads(binding, SECRET, buf_str(&cursor), &got));
    assert_int_equal(got.number, key.number);
    assert_true(id_eq(got.id, key.id));
    buf_free(&cursor);
}

static void a_cursor_of_another_question_is_refused(void **state)
{
    struct page_binding binding = page_binding(STR("visitors"), org, STR("a"));
    struct page_binding others[] = {
        page_binding(STR("contractors"), org, STR("a")),
        page_binding(STR("visitors"), other_org, STR("a")),
        page_binding(STR("visitors"), org, STR("b")),
        page_binding(STR("visitors"), org, STR("")),
    };
    struct page_key key = sample();
    struct page_key got = {0};
    struct buf cursor = BUF_EMPTY;

    (void)state;
    page_write(SECRET, &binding, &key, &cursor);
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_false(reads(others[i], SECRET, buf_str(&cursor), &got));
    }
    assert_false(reads(binding, STR("another"), buf_str(&cursor), &got));
    buf_free(&cursor);
}

static void no_altered_character_gets_through(void **state)
{
    struct page_binding binding = page_binding(STR("visitors"), org, STR("a"));
    struct page_key key = sample();
    struct page_key got = {0};
    struct buf cursor = BUF_EMPTY;

    (void)state;
    page_write(SECRET, &binding, &key, &cursor);
    for (size_t i = 0; i < cursor.len; i++) {
        char was = cursor.data[i];

        /* The last character carries bits that no byte uses. */
        cursor.data[i] = was == 'A' ? 'Q' : 'A';
        assert_false(reads(binding, SECRET, buf_str(&cursor), &got));
        cursor.data[i] = was;
    }
    for (size_t len = 0; len < cursor.len; len++) {
        assert_false(
            reads(binding, SECRET, (struct str){cursor.data, len}, &got));
    }
    buf_free(&cursor);
}

static void the_longest_key_fits_the_longest_cursor(void **state)
{
    struct page_binding binding = page_binding(STR("locations"), org, STR(""));
    static char name[PAGE_TEXT_MAX];
    struct page_key key = {.text = {name, sizeof name}};
    struct buf cursor = BUF_EMPTY;

    (void)state;
    memset(name, 'n', sizeof name);
    page_write(SECRET, &binding, &key, &cursor);
    assert_true(cursor.len <= PAGE_CURSOR_MAX);
    buf_free(&cursor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cursor_brings_its_key_back),
        cmocka_unit_test(a_cursor_of_another_question_is_refused),
        cmocka_unit_test(no_altered_character_gets_through),
        cmocka_unit_test(the_longest_key_fits_the_longest_cursor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
