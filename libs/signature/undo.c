/* One function per mishap; each gives back what Porter may have sent. */
#include "signature/undo.h"

#include "base/err.h"
#include "json/json.h"

#define BOM "\xef\xbb\xbf"
#define LATIN1_LAST 0xff

/* clang-format off */
const struct signature_words undo_words[UNDO_COUNT] = {
    [UNDO_NOTHING] = {"", ""},
    [UNDO_BLANKS] = {"Line breaks or blanks were added to an end of the body.",
        "Take the body as it arrives; when it was saved to a file, without a final line break "
        "(curl --data-binary, printf %s, an editor that adds none)."},
    [UNDO_BOM] = {"A byte order mark was put in front of the body.",
        "Take the body as bytes; when it was saved to a file, as UTF-8 without a byte order mark."},
    [UNDO_QUOTES] = {"The body was made a JSON string: it is quoted and escaped.",
        "The framework printed a text as JSON. Take the body as it arrives, before anything decodes it."},
    [UNDO_TWICE] = {"The body's UTF-8 was read as Latin-1 and written as UTF-8, so letters beyond ASCII are two.",
        "Take the body as bytes; where a text is needed, decode it as UTF-8 whatever the request's charset says."},
    [UNDO_LATIN1] = {"The body is in Latin-1, not in UTF-8 as it was sent.",
        "Take the body as bytes; where a text is needed, encode it as UTF-8."},
    [UNDO_REPRINT] = {"The body was parsed and printed again: its JSON is the same, its bytes are not.",
        "Verify the raw body before anything parses it: express.raw() in Express, request.get_data() in Flask, "
        "request.body in Django, request.raw_post in Rails, await request.body() in FastAPI, php://input in PHP."},
};
/* clang-format on */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool undo_blanks(struct str s, struct buf *out)
{
    size_t len = s.len;

    while (s.len > 0 && is_blank(s.data[s.len - 1])) {
        s.len--;
    }
    while (s.len > 0 && is_blank(s.data[0])) {
        s.data++;
        s.len--;
    }
    buf_add(out, s);
    return s.len < len;
}

static bool undo_bom(struct str s, struct buf *out)
{
    const struct str bom = STR(BOM);

    if (!str_starts(s, bom)) {
        return false;
    }
    buf_add_bytes(out, s.data + bom.len, s.len - bom.len);
    return true;
}

static bool undo_quotes(struct str s, struct buf *out)
{
    struct err ignored = ERR_NONE;
    struct json *root = NULL;
    bool is_text = s.len > 0 && s.data[0] == '"' &&
                   json_read(s, &root, &ignored) &&
                   json_type(root) == JSON_TEXT;

    if (is_text) {
        buf_add(out, json_text(root));
    }
    json_free(root);
    return is_text;
}

static bool undo_twice(struct str s, struct buf *out)
{
    bool is_beyond_ascii = false;

    while (s.len > 0) {
        uint32_t point = 0;
        size_t len = str_utf8_next(s, &point);

        if (len == 0 || point > LATIN1_LAST) {
            return false;
        }
        is_beyond_ascii = is_beyond_ascii || len > 1;
        buf_add_char(out, (char)point);
        s.data += len;
        s.len -= len;
    }
    return is_beyond_ascii;
}

static bool undo_latin1(struct str s, struct buf *out)
{
    if (str_is_utf8(s)) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];

        if (c < 0x80) {
            buf_add_char(out, (char)c);
        } else {
            buf_add_char(out, (char)(0xc0 | c >> 6));
            buf_add_char(out, (char)(0x80 | (c & 0x3f)));
        }
    }
    return true;
}

static bool undo_reprint(struct str s, struct buf *out)
{
    size_t before = out->len;
    struct err ignored = ERR_NONE;
    struct json *root = NULL;
    struct json_writer w = json_writer(out);

    if (!json_read(s, &root, &ignored)) {
        return false;
    }
    json_add_value(&w, root); /* As Porter prints it. */
    json_free(root);
    return !str_eq(s, (struct str){out->data + before, out->len - before});
}

bool undo_body(enum undo what, struct str body, struct buf *out)
{
    switch (what) {
    case UNDO_BLANKS:
        return undo_blanks(body, out);
    case UNDO_BOM:
        return undo_bom(body, out);
    case UNDO_QUOTES:
        return undo_quotes(body, out);
    case UNDO_TWICE:
        return undo_twice(body, out);
    case UNDO_LATIN1:
        return undo_latin1(body, out);
    case UNDO_REPRINT:
        return undo_reprint(body, out);
    case UNDO_NOTHING:
    case UNDO_COUNT:
        break;
    }
    return false;
}
