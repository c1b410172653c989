/* What is shown of the lines that were sent. */
#include "dispatcher/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void add(struct request_lines *l, const char *line)
{
    l->starts[l->count++] = l->text.len;
    buf_add_bytes(&l->text, line, strlen(line) + 1);
}

static void what_is_not_ours_to_show_is_named_only(void **state)
{
    struct request_lines l = {.text = BUF_EMPTY};
    struct buf got = BUF_EMPTY;

    (void)state;
    add(&l, "Content-Type: application/json");
    add(&l, "X-Porter-Signature: 0123");
    add(&l, "webhook-signature: v1,ab= v1,cd=");
    add(&l, "Authorization: Bearer s3cret");
    add(&l, "X-Api-Token: s3cret: yes");
    add(&l, "Content-Type-Secret: s3cret");
    add(&l, "traceparent: 00-1-2-00");
    request_show(&l, &got);
    assert_string_equal(buf_cstr(&got), "Content-Type: application/json\n"
                                        "X-Porter-Signature: 0123\n"
                                        "webhook-signature: v1,ab= v1,cd=\n"
                                        "Authorization: (not kept)\n"
                                        "X-Api-Token: (not kept)\n"
                                        "Content-Type-Secret: (not kept)\n"
                                        "traceparent: 00-1-2-00\n");
    buf_free(&got);
    buf_free(&l.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_ours_to_show_is_named_only),
    };

    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
