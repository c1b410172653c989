/* The description, made at start and then only read. */
#include "gateway/openapi/openapi.h"

#include "gateway/call.h"

#include <stdlib.h>

struct openapi *openapi_new(const char *public_url)
{
    struct openapi *o = mem_new(sizeof *o);
    struct examples *e = examples_new();
    const char *url = public_url != NULL ? public_url : "";

    *o = (struct openapi){0};
    openapi_write(url, e, &o->document);
    openapi_write_page(url, e, &o->page);
    call_tag_of(crypt_sha256(buf_str(&o->document)), &o->document_tag);
    call_tag_of(crypt_sha256(buf_str(&o->page)), &o->page_tag);
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
