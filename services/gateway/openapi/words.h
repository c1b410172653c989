/* What no table of the code says: how the API is used, in a few paragraphs,
 * and the headers of a webhook's request. Code is between `backticks`. */
#ifndef PORTER_GATEWAY_OPENAPI_WORDS_H
#define PORTER_GATEWAY_OPENAPI_WORDS_H

#include <stdbool.h>
#include <stddef.h>

struct chapter {
    const char *name; /* For anchors: "errors" */
    const char *title;
    const char *text;
};
extern const struct chapter chapters[];
extern const size_t chapter_count;

struct webhook_header {
    const char *name;
    const char *help;
    const char *schema; /* JSON */
    bool required;
};
extern const struct webhook_header webhook_headers[];
extern const size_t webhook_header_count;

#endif
