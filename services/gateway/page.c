/* Cursors: written after a list's last row, read before the next list. */
#include "gateway/page.h"

#include "base/codec.h"

#include <assert.h>

#define PAGE_VERSION 1
#define MAC_BYTES 16 /* Half of an HMAC-SHA256: 128 bits. */
#define NUMBER_AT 1
#define ID_AT (NUMBER_AT + 8)
#define TEXT_AT (ID_AT + 16)
#define PLAIN_MIN (TEXT_AT + MAC_BYTES)
#define PLAIN_MAX (PLAIN_MIN + PAGE_TEXT_MAX)

struct page_binding page_binding(struct str list, struct id org_id,
                                 struct str filters)
{
    struct buf all = BUF_EMPTY;
    struct page_binding binding;

    buf_add(&all, list);
    buf_add_char(&all, '\0'); /* Names hold none, so the parts stay apart. */
    buf_add_bytes(&all, org_id.bytes, sizeof org_id.bytes);
    buf_add(&all, filters);
    binding.hash = crypt_sha256(buf_str(&all));
    buf_free(&all);
    return binding;
}

static struct sha256 mac_of(struct str secret,
                            const struct page_binding *binding,
                            const uint8_t *plain, size_t len)
{
    const struct str parts[] = {
        {(const char *)binding->hash.bytes, SHA256_BYTES},
        {(const char *)plain, len},
    };

    return crypt_hmac_sha256_parts(secret, parts, COUNT_OF(parts));
}

void page_write(struct str secret, const struct page_binding *binding,
                const struct page_key *key, struct buf *out)
{
    uint8_t plain[PLAIN_MAX];
    uint64_t number = (uint64_t)key->number;
    size_t len = TEXT_AT + key->text.len;
    struct sha256 mac;

    assert(key->text.len <= PAGE_TEXT_MAX);
    plain[0] = PAGE_VERSION;
    for (size_t i = 0; i < 8; i++) {
        plain[NUMBER_AT + i] = (uint8_t)(number >> (56 - 8 * i));
    }
    memcpy(plain + ID_AT, key->id.bytes, sizeof key->id.bytes);
    if (key->text.len > 0) {
        memcpy(plain + TEXT_AT, key->text.data, key->text.len);
    }
    mac = mac_of(secret, binding, plain, len);
    memcpy(plain + len, mac.bytes, MAC_BYTES);
    base64url_add(out, plain, len + MAC_BYTES);
}

/* One sentence for every cause: the caller can do the same about each. */
static bool not_ours(struct err *err)
{
    return err_set(err, ERR_INVALID,
                   "the cursor is not one that this list gave for these "
                   "filters");
}

struct page_key page_key_of(enum id_kind kind, const char *id)
{
    struct page_key key = {0};
    bool is_ours = id_read(kind, str_of(id), &key.id);

    assert(is_ours);
    (void)is_ours;
    return key;
}

bool page_read(struct str secret, const struct page_binding *binding,
               struct str cursor, struct arena *arena, struct page_key *out,
               struct err *err)
{
    uint8_t plain[PLAIN_MAX];
    uint64_t number = 0;
    size_t len = 0;
    struct sha256 mac;

    if (cursor.len > PAGE_CURSOR_MAX ||
        !base64_read(cursor, plain, sizeof plain, &len) || len < PLAIN_MIN ||
        plain[0] != PAGE_VERSION) {
        return not_ours(err);
    }
    len -= MAC_BYTES;
    mac = mac_of(secret, binding, plain, len);
    if (!crypt_equal((struct str){(const char *)mac.bytes, MAC_BYTES},
                     (struct str){(const char *)plain + len, MAC_BYTES})) {
        return not_ours(err);
    }
    for (size_t i = 0; i < 8; i++) {
        number = number << 8 | plain[NUMBER_AT + i];
    }
    out->number = (int64_t)number;
    memcpy(out->id.bytes, plain + ID_AT, sizeof out->id.bytes);
    out->text = arena_str(
        arena, (struct str){(const char *)plain + TEXT_AT, len - TEXT_AT});
    return true;
}
