/* The frame of the pages, and text in it. */
#include "gateway/html.h"

#include "base/codec.h"
#include "crypt/crypt.h"

#include "html_text.h"

#include <assert.h>

static struct str style(void)
{
    assert(html_text_count == 1);
    return (struct str){html_texts[0].text, html_texts[0].len};
}

static void add_char(struct buf *out, char c)
{
    switch (c) {
    case '<':
        BUF_ADD(out, "&lt;");
        return;
    case '>':
        BUF_ADD(out, "&gt;");
        return;
    case '&':
        BUF_ADD(out, "&amp;");
        return;
    case '"':
        BUF_ADD(out, "&quot;");
        return;
    default:
        buf_add_char(out, c);
    }
}

void html_text(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        add_char(out, text.data[i]);
    }
}

void html_words(struct buf *out, const char *text)
{
    bool is_code = false;

    for (; *text != '\0'; text++) {
        if (*text == '`') {
            buf_add(out, is_code ? STR("</code>") : STR("<code>"));
            is_code = !is_code;
        } else {
            add_char(out, *text);
        }
    }
    assert(!is_code);
}

void html_begin(struct buf *out, const char *title, bool has_menu)
{
    BUF_ADD(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n"
                 "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                 "content=\"width=device-width, initial-scale=1\">\n<title>");
    html_text(out, str_of(title));
    BUF_ADD(out, " – Porter API</title>\n<style>");
    buf_add(out, style());
    BUF_ADD(out, "</style>\n</head>\n<body>\n"
                 "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n"
                 "<header class=\"top\"><a class=\"brand\" "
                 "href=\"/api/v1/docs\">Porter <span>API</span></a>"
                 "<nav aria-label=\"Pages\">");
    if (has_menu) {
        BUF_ADD(out, "<a class=\"small\" href=\"#menu\">Contents</a> ");
    }
    BUF_ADD(out,
            "<a href=\"/api/v1/docs\">Reference</a> <a "
            "href=\"/docs/errors\">Errors</a> "
            "<a href=\"/api/v1/openapi.json\">OpenAPI</a></nav></header>\n");
}

void html_end(struct buf *out)
{
    BUF_ADD(out, "</body>\n</html>\n");
}

struct str html_policy(struct arena *arena)
{
    struct sha256 hash = crypt_sha256(style());
    struct buf text = BUF_EMPTY;
    struct str kept;

    base64_add(&text, hash.bytes, sizeof hash.bytes);
    kept = arena_printf(arena,
                        "default-src 'none'; style-src 'sha256-%s'; "
                        "base-uri 'none'; form-action 'none'; "
                        "frame-ancestors 'none'",
                        buf_cstr(&text));
    buf_free(&text);
    return kept;
}
