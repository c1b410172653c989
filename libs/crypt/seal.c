/* Sealed values: AES-256-GCM under a named key (the form is in crypt.h).
 *
 * The nonce is random, so one key is good for 2^32 values (NIST SP 800-38D,
 * 8.3): far more than there will ever be webhooks. */
#include "crypt/crypt.h"

#include "base/codec.h"
#include "base/random.h"
#include "crypt/engine.h"

#include <assert.h>
#include <limits.h>

#define SEAL_VERSION 1
#define NONCE_BYTES 12
#define TAG_BYTES 16
#define KEY_ID_MAX 32

/* --- keys ---------------------------------------------------------------- */

static bool key_id_is(struct str id)
{
    if (id.len == 0 || id.len > KEY_ID_MAX) {
        return false;
    }
    for (size_t i = 0; i < id.len; i++) {
        char c = id.data[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-') {
            return false;
        }
    }
    return true;
}

static const struct seal_key *key_find(const struct seal_keys *keys,
                                       struct str id)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (str_eq(id, str_of(keys->list[i].id))) {
            return &keys->list[i];
        }
    }
    return NULL;
}

/* One "id:base64". */
static bool key_read(struct str text, size_t number, struct seal_key *key,
                     struct err *err)
{
    const char *colon = text.len > 0 ? memchr(text.data, ':', text.len) : NULL;
    struct str id = {text.data,
                     colon != NULL ? (size_t)(colon - text.data) : 0};
    struct str secret;
    size_t len = 0;

    if (!key_id_is(id)) {
        return err_set(err, ERR_INVALID,
                       "seal key %zu has no id of 1 to %d characters of "
                       "[a-z0-9-] before a colon",
                       number, KEY_ID_MAX);
    }
    memcpy(key->id, id.data, id.len);
    key->id[id.len] = '\0';
    secret = (struct str){colon + 1, text.len - id.len - 1};
    if (!base64_read(secret, key->bytes, sizeof key->bytes, &len) ||
        len != sizeof key->bytes) {
        return err_set(err, ERR_INVALID,
                       "seal key %zu (%s) is not the base64 of 32 bytes",
                       number, key->id);
    }
    return true;
}

bool seal_keys_read(struct str text, struct seal_keys *out, struct err *err)
{
    struct seal_keys keys = {0};
    bool ok = false;
    size_t at = 0;

    do {
        const char *comma =
            at < text.len ? memchr(text.data + at, ',', text.len - at) : NULL;
        size_t end = comma != NULL ? (size_t)(comma - text.data) : text.len;
        struct seal_key *key = &keys.list[keys.count];

        if (keys.count == SEAL_KEYS_MAX) {
            (void)err_set(err, ERR_INVALID, "over %d seal keys", SEAL_KEYS_MAX);
            goto out;
        }
        if (!key_read((struct str){text.data + at, end - at}, keys.count + 1,
                      key, err)) {
            goto out;
        }
        if (key_find(&keys, str_of(key->id)) != NULL) {
            (void)err_set(err, ERR_INVALID, "two seal keys are named %s",
                          key->id);
            goto out;
        }
        keys.count++;
        at = end + 1;
    } while (at <= text.len);
    *out = keys;
    ok = true;

out:
    crypt_wipe(&keys, sizeof keys);
    return ok;
}

/* --- closing ------------------------------------------------------------- */

static EVP_CIPHER_CTX *cipher_new(const struct seal_key *key,
                                  const uint8_t *nonce, struct str context,
                                  int encrypt)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len = 0;

    assert(context.len <= INT_MAX);
    engine_must(ctx != NULL, "EVP_CIPHER_CTX_new");
    engine_must(EVP_CipherInit_ex2(ctx, engine_get()->aes_256_gcm, key->bytes,
                                   nonce, encrypt, NULL) == 1,
                "EVP_CipherInit_ex2");
    if (context.len > 0) {
        engine_must(EVP_CipherUpdate(ctx, NULL, &len,
                                     (const unsigned char *)context.data,
                                     (int)context.len) == 1,
                    "EVP_CipherUpdate");
    }
    return ctx;
}

void seal_head(const struct seal_keys *keys, struct buf *out)
{
    struct str id = str_of(keys->list[0].id);

    assert(keys->count > 0);
    buf_add_char(out, SEAL_VERSION);
    buf_add_char(out, (char)id.len);
    buf_add(out, id);
}

void seal_close(const struct seal_keys *keys, struct str plain,
                struct str context, struct buf *out)
{
    const struct seal_key *key = &keys->list[0];
    uint8_t nonce[NONCE_BYTES];
    unsigned char *body = NULL;
    EVP_CIPHER_CTX *ctx = NULL;
    int len = 0;

    assert(keys->count > 0 && plain.len <= INT_MAX);
    random_bytes(nonce, sizeof nonce);
    seal_head(keys, out);
    buf_add_bytes(out, nonce, sizeof nonce);
    buf_reserve(out, plain.len + TAG_BYTES);
    body = (unsigned char *)out->data + out->len;

    ctx = cipher_new(key, nonce, context, 1);
    if (plain.len > 0) {
        engine_must(EVP_CipherUpdate(ctx, body, &len,
                                     (const unsigned char *)plain.data,
                                     (int)plain.len) == 1,
                    "EVP_CipherUpdate");
    }
    engine_must(EVP_CipherFinal_ex(ctx, body + len, &len) == 1,
                "EVP_CipherFinal_ex");
    engine_must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES,
                                    body + plain.len) == 1,
                "EVP_CTRL_AEAD_GET_TAG");
    EVP_CIPHER_CTX_free(ctx);
    out->len += plain.len + TAG_BYTES;
    out->data[out->len] = '\0';
}

/* --- opening ------------------------------------------------------------- */

struct sealed {
    struct str key_id;
    const uint8_t *nonce;
    struct str body;
    unsigned char tag[TAG_BYTES];
};

static bool sealed_parse(struct str text, struct sealed *s)
{
    size_t id_len = 0;
    size_t head = 0;

    if (text.len < 2 || text.data[0] != SEAL_VERSION) {
        return false;
    }
    id_len = (unsigned char)text.data[1];
    head = 2 + id_len + NONCE_BYTES;
    if (id_len > KEY_ID_MAX || text.len < head + TAG_BYTES) {
        return false;
    }
    s->key_id = (struct str){text.data + 2, id_len};
    s->nonce = (const uint8_t *)text.data + 2 + id_len;
    s->body = (struct str){text.data + head, text.len - head - TAG_BYTES};
    memcpy(s->tag, text.data + text.len - TAG_BYTES, TAG_BYTES);
    return true;
}

struct str seal_key_id(struct str sealed)
{
    struct sealed s = {.key_id = STR_NONE};

    return sealed_parse(sealed, &s) ? s.key_id : STR_NONE;
}

bool seal_key_is_known(const struct seal_keys *keys, struct str id)
{
    return key_find(keys, id) != NULL;
}

/* Decrypt into `plain` (room for the body); does the tag fit? */
static bool sealed_decrypt(const struct seal_key *key, struct sealed *s,
                           struct str context, unsigned char *plain)
{
    EVP_CIPHER_CTX *ctx = cipher_new(key, s->nonce, context, 0);
    int len = 0;
    bool ok = false;

    if (s->body.len > 0) {
        engine_must(EVP_CipherUpdate(ctx, plain, &len,
                                     (const unsigned char *)s->body.data,
                                     (int)s->body.len) == 1,
                    "EVP_CipherUpdate");
    }
    engine_must(
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, s->tag) == 1,
        "EVP_CTRL_AEAD_SET_TAG");
    ok = EVP_CipherFinal_ex(ctx, plain + len, &len) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

bool seal_open(const struct seal_keys *keys, struct str sealed,
               struct str context, struct buf *out, struct err *err)
{
    struct sealed s = {.key_id = STR_NONE};
    const struct seal_key *key = NULL;
    unsigned char *plain = NULL;

    if (sealed.len > INT_MAX || !sealed_parse(sealed, &s)) {
        return err_set(err, ERR_INTERNAL, "this is no sealed value");
    }
    key = key_find(keys, s.key_id);
    if (key == NULL) {
        return err_set(err, ERR_INTERNAL, "no seal key is named %.*s",
                       STR_ARGS(s.key_id));
    }
    buf_reserve(out, s.body.len);
    plain = (unsigned char *)out->data + out->len;
    if (!sealed_decrypt(key, &s, context, plain)) {
        crypt_wipe(plain, s.body.len);
        out->data[out->len] = '\0';
        return err_set(err, ERR_INTERNAL,
                       "the sealed value does not fit its key %s and place",
                       key->id);
    }
    out->len += s.body.len;
    out->data[out->len] = '\0';
    return true;
}
