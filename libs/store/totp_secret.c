/* Bound to whose it is, and to what it is for. */
#include "store/totp_secret.h"

static void context_add(struct id person, struct buf *out)
{
    struct id_text text = id_text(ID_USER, person);

    buf_addf(out, "%s" TOTP_SECRET_CONTEXT, text.data);
}

bool totp_secret_open(const struct seal_keys *keys, struct id person,
                      struct str sealed, struct arena *arena, struct str *out,
                      struct err *err)
{
    struct buf plain = BUF_EMPTY;
    struct buf context = BUF_EMPTY;
    bool ok = false;

    context_add(person, &context);
    ok = seal_open(keys, sealed, buf_str(&context), &plain, err);
    if (ok) {
        *out = arena_str(arena, buf_str(&plain));
        crypt_wipe(plain.data, plain.len);
    }
    buf_free(&plain);
    buf_free(&context);
    return ok;
}

void totp_secret_close(const struct seal_keys *keys, struct id person,
                       struct str secret, struct buf *out)
{
    struct buf context = BUF_EMPTY;

    context_add(person, &context);
    seal_close(keys, secret, buf_str(&context), out);
    buf_free(&context);
}
