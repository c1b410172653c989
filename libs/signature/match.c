/* The usual mistakes are rows: a key that is read wrongly, or a text that is
 * not the one that is signed. */
#include "signature/match.h"

#include "base/codec.h"
#include "signature/sign.h"

#define KEY_MAX 512
#define VERSION "v1,"

/* --- what was given ------------------------------------------------------- */

static bool hex_is(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (hex_digit(s.data[i]) < 0) {
            return false;
        }
    }
    return s.len > 0;
}

static bool read_hex(struct str s, struct sha256 *mac)
{
    if (s.len != SIGN_HEX_LEN) {
        return false;
    }
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        int high = hex_digit(s.data[2 * i]);
        int low = hex_digit(s.data[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        mac->bytes[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

/* *is_base64 tells what it is when it is no SHA-256. */
static bool read_base64(struct str s, struct sha256 *mac, bool *is_base64)
{
    uint8_t bytes[KEY_MAX];
    size_t len = 0;

    *is_base64 = base64_read(s, bytes, sizeof bytes, &len);
    if (!*is_base64 || len != SHA256_BYTES) {
        return false;
    }
    memcpy(mac->bytes, bytes, SHA256_BYTES);
    return true;
}

static struct str behind(struct str s, size_t count)
{
    return (struct str){s.data + count, s.len - count};
}

/* One entry of webhook-signature. */
static enum shape read_entry(struct str s, struct sha256 *mac, bool *is_mac)
{
    bool is_marked = str_starts(s, STR(VERSION));
    bool is_base64 = false;

    if (is_marked) {
        s = behind(s, sizeof VERSION - 1);
    }
    *is_mac = true;
    if (read_hex(s, mac)) {
        return SHAPE_HEX;
    }
    if (read_base64(s, mac, &is_base64)) {
        return is_marked ? SHAPE_RIGHT : SHAPE_UNMARKED;
    }
    *is_mac = false;
    return is_marked || hex_is(s) ? SHAPE_CUT : SHAPE_STRANGE;
}

/* The header is as good as its best entry. */
static struct given read_standard(struct str header)
{
    struct given g = {.shape = SHAPE_STRANGE};
    struct str one = STR_NONE;

    while (g.count < GIVEN_MAX && str_split(&header, ' ', &one)) {
        bool is_mac = false;
        enum shape shape = read_entry(one, &g.macs[g.count], &is_mac);

        g.count += is_mac ? 1 : 0;
        g.shape = MIN_OF(g.shape, shape);
    }
    return g;
}

static bool has_capital(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] >= 'A' && s.data[i] <= 'F') {
            return true;
        }
    }
    return false;
}

static struct given read_porter(struct str s)
{
    const char *mark = s.len > 0 ? memchr(s.data, '=', s.len) : NULL;
    size_t mark_len = mark != NULL ? (size_t)(mark - s.data) + 1 : 0;
    struct given g = {.shape = SHAPE_STRANGE};
    bool is_base64 = false;

    if (read_hex(s, &g.macs[0])) {
        g.shape = has_capital(s) ? SHAPE_UPPER : SHAPE_RIGHT;
        g.count = 1;
    } else if (read_base64(s, &g.macs[0], &is_base64)) {
        g.shape = SHAPE_BASE64;
        g.count = 1;
    } else if (mark_len > 0 && read_hex(behind(s, mark_len), &g.macs[0])) {
        g.shape = SHAPE_MARKED;
        g.count = 1;
    } else if (hex_is(s) || is_base64) {
        g.shape = SHAPE_CUT;
    }
    return g;
}

struct given given_read(enum scheme scheme, struct str header)
{
    return scheme == SCHEME_STANDARD ? read_standard(header)
                                     : read_porter(header);
}

/* --- how it may have been made -------------------------------------------- */

static const struct form standard_forms[] = {
    {KEY_DECODED, MESSAGE_STANDARD}, {KEY_TEXT, MESSAGE_STANDARD},
    {KEY_BARE, MESSAGE_STANDARD},    {KEY_ALL, MESSAGE_STANDARD},
    {KEY_LINE, MESSAGE_STANDARD},    {KEY_DECODED, MESSAGE_BODY},
    {KEY_TEXT, MESSAGE_BODY},        {KEY_DECODED, MESSAGE_TIMED},
};
static const struct form porter_forms[] = {
    {KEY_TEXT, MESSAGE_BODY},     {KEY_BARE, MESSAGE_BODY},
    {KEY_DECODED, MESSAGE_BODY},  {KEY_LINE, MESSAGE_BODY},
    {KEY_ALL, MESSAGE_BODY},      {KEY_DECODED, MESSAGE_STANDARD},
    {KEY_TEXT, MESSAGE_STANDARD}, {KEY_TEXT, MESSAGE_TIMED},
};
const struct forms match_forms[SCHEME_COUNT] = {
    [SCHEME_STANDARD] = {standard_forms, COUNT_OF(standard_forms)},
    [SCHEME_PORTER] = {porter_forms, COUNT_OF(porter_forms)},
};

const char *const key_words[KEY_FORM_COUNT] = {
    [KEY_TEXT] = "the secret's text, whsec_ included,",
    [KEY_DECODED] = "the bytes that the base64 after whsec_ stands for",
    [KEY_BARE] = "the secret's text without whsec_",
    [KEY_LINE] = "the secret's text and a line break",
    [KEY_ALL] = "what the whole secret, whsec_ included, gives as base64",
};
const char *const message_words[MESSAGE_FORM_COUNT] = {
    [MESSAGE_BODY] = "the body alone",
    [MESSAGE_STANDARD] = "webhook-id.webhook-timestamp.body",
    [MESSAGE_TIMED] = "webhook-timestamp.body",
};

/* As lenient readers do it (Node's Buffer): what is left over is dropped. */
static bool read_all(struct str secret, uint8_t *key, size_t *len)
{
    while (secret.len > 0 && secret.data[secret.len - 1] == '=') {
        secret.len--;
    }
    if (secret.len % 4 == 1) {
        secret.len--;
    }
    return base64_read(secret, key, KEY_MAX, len);
}

static bool make_key(enum key_form form, struct str secret, uint8_t *key,
                     size_t *len)
{
    size_t prefix = sizeof SIGN_SECRET_PREFIX - 1;

    if (secret.len >= KEY_MAX) {
        return false;
    }
    switch (form) {
    case KEY_DECODED:
        return sign_key(secret, key, len);
    case KEY_ALL:
        return read_all(secret, key, len);
    case KEY_BARE:
        if (!str_starts(secret, STR(SIGN_SECRET_PREFIX))) {
            return false;
        }
        secret = behind(secret, prefix);
        break;
    case KEY_TEXT:
    case KEY_LINE:
    case KEY_FORM_COUNT:
        break;
    }
    memcpy(key, secret.data, secret.len);
    key[secret.len] = '\n';
    *len = secret.len + (form == KEY_LINE ? 1 : 0);
    return *len > 0;
}

static struct sha256 mac_of(struct str key, enum message_form form,
                            const struct signed_parts *p)
{
    const struct str parts[] = {p->id, STR("."), p->timestamp, STR("."),
                                p->body};
    size_t first = form == MESSAGE_STANDARD ? 0 : form == MESSAGE_TIMED ? 2 : 4;

    return crypt_hmac_sha256_parts(key, parts + first, COUNT_OF(parts) - first);
}

bool match(const struct given *given, const struct form *form,
           struct str secret, const struct signed_parts *parts)
{
    uint8_t key[KEY_MAX];
    size_t len = 0;
    struct sha256 mac;
    bool is_equal = false;

    if (given->count == 0 || secret.len == 0 ||
        !make_key(form->key, secret, key, &len)) {
        return false;
    }
    mac = mac_of((struct str){(char *)key, len}, form->message, parts);
    crypt_wipe(key, sizeof key);
    for (size_t i = 0; i < given->count; i++) {
        is_equal |= crypt_equal(
            (struct str){(const char *)mac.bytes, SHA256_BYTES},
            (struct str){(const char *)given->macs[i].bytes, SHA256_BYTES});
    }
    return is_equal;
}
