/* All headers are one sealed text: the dispatcher wants all of them, the API
 * none of their values. */
#include "webhook_headers.h"

#include <assert.h>

/* What a seal is bound to: whose it is, and what. */
static void context_add(struct id id, const char *what, struct buf *out)
{
    struct id_text text = id_text(ID_WEBHOOK, id);

    buf_addf(out, "%s%s", text.data, what);
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
    context_add(id, WEBHOOK_HEADERS_CONTEXT, &context);
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

static bool open_text(const struct seal_keys *keys, struct id id,
                      const char *what, struct str sealed, struct arena *arena,
                      struct str *out)
{
    struct buf context = BUF_EMPTY;
    struct buf plain = BUF_EMPTY;
    struct err ignored = ERR_NONE;
    bool ok = false;

    context_add(id, what, &context);
    ok = seal_open(keys, sealed, buf_str(&context), &plain, &ignored);
    if (ok) {
        *out = arena_str(arena, buf_str(&plain));
        crypt_wipe(plain.data, plain.len);
    }
    buf_free(&plain);
    buf_free(&context);
    return ok;
}

bool webhook_headers_open(const struct seal_keys *keys, struct id id,
                          struct str sealed, struct arena *arena,
                          struct str *out)
{
    return open_text(keys, id, WEBHOOK_HEADERS_CONTEXT, sealed, arena, out);
}

void webhook_client_seal(const struct seal_keys *keys, struct id id,
                         const struct webhook_input *in, struct buf *out)
{
    struct buf context = BUF_EMPTY;

    if (in->client_pem.len == 0) {
        return;
    }
    assert(keys != NULL);
    context_add(id, WEBHOOK_CLIENT_CONTEXT, &context);
    seal_close(keys, in->client_pem, buf_str(&context), out);
    buf_free(&context);
}

bool webhook_client_open(const struct seal_keys *keys, struct id id,
                         struct str sealed, struct arena *arena,
                         struct str *out)
{
    return open_text(keys, id, WEBHOOK_CLIENT_CONTEXT, sealed, arena, out);
}

void webhook_headers_names(const struct webhook_input *in,
                           struct str names[GUARD_HEADERS_MAX])
{
    assert(in->header_count <= GUARD_HEADERS_MAX);
    for (size_t i = 0; i < in->header_count; i++) {
        names[i] = in->headers[i].name;
    }
}
