/* JSON from outside: what is read, written and read again is written the same;
 * and any bytes whatever, written as text, are valid JSON. */
#include "json/json.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every member is found by its name. */
static void find_all(const struct json *v)
{
    const struct json *member = NULL;
    struct str name = STR_NONE;
    void *at = NULL;

    if (json_type(v) == JSON_ARRAY) {
        for (size_t i = 0; i < json_count(v); i++) {
            find_all(json_at(v, i));
        }
    }
    while (json_type(v) == JSON_OBJECT && json_next(v, &at, &name, &member)) {
        assert(json_find(v, name.data) == member);
        find_all(member);
    }
}

static void read_again(struct str text, struct buf *out, bool pretty)
{
    struct json_writer w = json_writer(out);
    struct err err = ERR_NONE;
    struct json *root = NULL;

    if (!json_read(text, &root, &err)) {
        assert(false); /* What we write we read. */
    }
    w.pretty = pretty;
    find_all(root);
    json_add_value(&w, root);
    json_free(root);
}

static void tree_is_stable(const struct json *root)
{
    struct buf first = BUF_EMPTY;
    struct buf second = BUF_EMPTY;
    struct buf pretty = BUF_EMPTY;
    struct json_writer w = json_writer(&first);

    find_all(root);
    json_add_value(&w, root);
    read_again(buf_str(&first), &pretty, true);
    read_again(buf_str(&pretty), &second, false);
    assert(str_eq(buf_str(&first), buf_str(&second)));
    buf_free(&first);
    buf_free(&second);
    buf_free(&pretty);
}

/* U+0000 is the one character that we write and refuse to read. */
static void text_is_valid(struct str bytes)
{
    struct buf out = BUF_EMPTY;
    struct json_writer w = json_writer(&out);
    struct err err = ERR_NONE;
    struct json *root = NULL;

    json_add_text(&w, bytes);
    assert(str_is_utf8(buf_str(&out)));
    if (!str_has(bytes, '\0')) {
        if (!json_read(buf_str(&out), &root, &err)) {
            assert(false);
        }
        assert(!str_is_utf8(bytes) || str_eq(json_text(root), bytes));
    }
    json_free(root);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str s = {(const char *)data, size};
    struct err err = ERR_NONE;
    struct json *root = NULL;

    text_is_valid(s);
    if (!json_read(s, &root, &err)) {
        assert(err.code == ERR_MALFORMED && err.text[0] != '\0');
        return 0;
    }
    tree_is_stable(root);
    json_free(root);
    return 0;
}
