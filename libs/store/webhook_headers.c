/* All headers are one sealed text: the dispatcher wants all of them, the API
 * none of their values. */
#include "webhook_headers.h"

#include <assert.h>

/* What a seal is bound to: whose it is, and what. */
static void context_add(struct id id, struct buf *out)
{
    struct id_text text = id_text(ID_WEBHOOK, id);

    buf_addf(out, "%s" WEBHOOK_HEADERS_CONTEXT, text.data);
}

void webhook_headers_seal(const struct seal_keys *keys, struct id id,
                          const struct webhook_input *in, struct buf *out)
{
    struct buf plain = BUF_EMPTY;
    struct buf context = BUF_EMPTY;

    if (in->header_count == 0) {
        return;
    }
    assert(keys != NULL && in->header_count <= GUARD_HEADERS_MAX);
    context_add(id, &context);
    for (size_t i = 0; i < in->header_count; i++) {
        buf_add(&plain, in->headers[i].name);
        BUF_ADD(&plain, ": ");
        buf_add(&plain, in->headers[i].value);
        buf_add_char(&plain, '\n');
    }
    seal_close(keys, buf_str(&plain), buf_str(&context), out);
    crypt_wipe(plain.data, plain.len);
    buf_free(&plain);
    buf_free(&context);
}

bool webhook_headers_open(const struct seal_keys *keys, struct id id,
                          struct str sealed, struct arena *arena,
                          struct str *out)
{
    struct buf plain = BUF_EMPTY;
    struct buf context = BUF_EMPTY;
    struct err ignored = ERR_NONE;

    context_add(id, &context);
    bool ok = seal_open(keys, sealed, buf_str(&context), &plain, &ignored);
    if (ok) {
        *out = arena_str(arena, buf_str(&plain));
        crypt_wipe(plain.data, plain.len);
    }
    buf_free(&plain);
    buf_free(&context);
    return ok;
}

void webhook_headers_names(const struct webhook_input *in,
                           struct str names[GUARD_HEADERS_MAX])
{
    assert(in->header_count <= GUARD_HEADERS_MAX);
    for (size_t i = 0; i < in->header_count; i++) {
        names[i] = in->headers[i].name;
    }
}
