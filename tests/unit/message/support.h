/* What the tests of libs/message share: text in, message; message, text out;
 * and the faults as lines "path code". */
#ifndef PORTER_TESTS_UNIT_MESSAGE_SUPPORT_H
#define PORTER_TESTS_UNIT_MESSAGE_SUPPORT_H

#include "message/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static struct arena *arena;
static struct faults faults;
static struct buf out;
static struct err err;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(4096);
    faults_init(&faults, arena);
    err = ERR_NONE;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    buf_free(&out);
    return 0;
}

/* The document, which must be JSON; the caller frees it. */
static inline struct json *document(const char *text)
{
    struct json *root = NULL;

    if (!json_read(str_of(text), &root, &err)) {
        fail_msg("%s: %s", err.text, text);
    }
    return root;
}

/* The message, or NULL with the faults. */
static inline ProtobufCMessage *parse(const ProtobufCMessageDescriptor *type,
                                      const char *text)
{
    struct json *root = document(text);
    ProtobufCMessage *m = NULL;
    bool ok = message_read_json(root, type, arena, &faults, &m);

    json_free(root);
    assert_true(ok == (m != NULL));
    return m;
}

static inline const char *written(const ProtobufCMessage *m)
{
    struct json_writer w = json_writer(&out);

    buf_clear(&out);
    message_write_json(m, &w);
    return buf_cstr(&out);
}

/* "host.email wrong_type\nname required\n" */
static inline const char *told(void)
{
    struct buf lines = BUF_EMPTY;
    struct str kept;

    for (size_t i = 0; i < MIN_OF(faults.count, (size_t)FAULTS_MAX); i++) {
        buf_addf(&lines, "%.*s %s\n", STR_ARGS(faults.list[i].field),
                 fault_code_name(faults.list[i].code));
    }
    kept = arena_str(arena, buf_str(&lines));
    buf_free(&lines);
    return kept.data;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
