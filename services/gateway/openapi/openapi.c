/* The description, made at start and then only read. */
#include "gateway/openapi/openapi.h"

#include "base/codec.h"
#include "crypt/crypt.h"

#include <stdlib.h>

#define TAG_BYTES 12 /* Of the hash: enough to tell versions apart. */

static void tag_of(const struct buf *body, struct buf *out)
{
    struct sha256 hash = crypt_sha256(buf_str(body));
    char hex[2 * TAG_BYTES + 1];

    hex_write(hash.bytes, TAG_BYTES, hex);
    buf_addf(out, "\"%s\"", hex);
}

struct openapi *openapi_new(const char *public_url)
{
    struct openapi *o = mem_new(sizeof *o);
    struct examples *e = examples_new();
    const char *url = public_url != NULL ? public_url : "";

    *o = (struct openapi){0};
    openapi_write(url, e, &o->document);
    openapi_write_page(url, e, &o->page);
    tag_of(&o->document, &o->document_tag);
    tag_of(&o->page, &o->page_tag);
    examples_free(e);
    return o;
}

void openapi_free(struct openapi *o)
{
    if (o == NULL) {
        return;
    }
    buf_free(&o->document);
    buf_free(&o->page);
    buf_free(&o->document_tag);
    buf_free(&o->page_tag);
    free(o);
}
