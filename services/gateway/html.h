/* Pages for people: one look, no script, nothing from elsewhere. Pure. */
#ifndef PORTER_GATEWAY_HTML_H
#define PORTER_GATEWAY_HTML_H

#include "base/arena.h"
#include "base/buf.h"

/* Text with what HTML gives a meaning to escaped. */
void html_text(struct buf *out, struct str text);

/* The same, with `code` between backticks. */
void html_words(struct buf *out, const char *text);

/* From the doctype to the page's header; the page goes on with its landmarks:
 * main with the id "main", where the skip link leads to, and, if it has_menu,
 * nav with the id "menu". */
void html_begin(struct buf *out, const char *title, bool has_menu);
void html_end(struct buf *out);

/* Content-Security-Policy for these pages: their own style, nothing else. */
struct str html_policy(struct arena *arena);

#endif
