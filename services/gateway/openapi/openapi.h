/* The API's description, made once from the tables that the API itself runs
 * on: rows of operations, parameters, rules, problems, events, and the
 * messages of proto/. As an OpenAPI 3.1 document and as a page for people. */
#ifndef PORTER_GATEWAY_OPENAPI_H
#define PORTER_GATEWAY_OPENAPI_H

#include "base/buf.h"
#include "gateway/openapi/examples.h"

struct openapi {
    struct buf document; /* JSON */
    struct buf page;     /* HTML */
    /* Strong: with the quotes. */
    struct buf document_tag;
    struct buf page_tag;
};

/* public_url stands in front of the addresses; "" is fine. */
struct openapi *openapi_new(const char *public_url);
void openapi_free(struct openapi *o); /* Accepts NULL. */

/* Append the document; the page. */
void openapi_write(const char *public_url, const struct examples *e,
                   struct buf *out);
void openapi_write_page(const char *public_url, const struct examples *e,
                        struct buf *out);

/* For --openapi: the document, indented. */
void openapi_print(struct buf *out);

#endif
