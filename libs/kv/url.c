/* Reads the URL; user and password may be percent-encoded. Pure. */
#include "kv/url.h"

#include "base/codec.h"
#include "base/str.h"

#include <assert.h>

#define PORT_DEFAULT 6379
#define PORT_MAX 65535
#define DATABASE_MAX 1023

/* Copy with %XX resolved; false: too long, or no hex after a %. */
static bool copy_decoded(struct str s, char out[KV_URL_PART_MAX])
{
    size_t len = 0;

    assert(s.len == 0 || s.data != NULL);
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];

        if (c == '%') {
            int byte = percent_byte(s, i);

            if (byte < 0) {
                return false;
            }
            c = (char)byte;
            i += 2;
        }
        if (len + 1 >= KV_URL_PART_MAX || c == '\0') {
            return false;
        }
        out[len++] = c;
    }
    out[len] = '\0';
    return true;
}

/* The last place of `c` in s, or s.len. */
static size_t last_of(struct str s, char c)
{
    assert(s.len == 0 || s.data != NULL);
    for (size_t i = s.len; i > 0; i--) {
        if (s.data[i - 1] == c) {
            return i - 1;
        }
    }
    return s.len;
}

static struct str before(struct str s, size_t at)
{
    return (struct str){s.data, at};
}

static struct str after(struct str s, size_t at)
{
    return (struct str){s.data + at + 1, s.len - at - 1};
}

static bool read_login(struct str *rest, struct kv_url *out)
{
    const size_t at = last_of(*rest, '@');
    struct str user = STR_NONE;
    struct str password = STR_NONE;

    if (at == rest->len) {
        return true;
    }
    password = before(*rest, at);
    *rest = after(*rest, at);
    /* The first colon parts the two; the password may hold more. */
    if (str_has(password, ':')) {
        (void)str_split(&password, ':', &user);
    }
    return copy_decoded(user, out->user) &&
           copy_decoded(password, out->password);
}

static bool read_place(struct str rest, struct kv_url *out)
{
    const size_t slash = last_of(rest, '/');
    uint64_t number = 0;
    size_t colon = 0;

    if (slash < rest.len) {
        if (after(rest, slash).len > 0 &&
            !str_to_u64(after(rest, slash), DATABASE_MAX, &number)) {
            return false;
        }
        out->database = (int)number;
        rest = before(rest, slash);
    }
    colon = last_of(rest, ':');
    out->port = PORT_DEFAULT;
    if (colon < rest.len && !str_has(after(rest, colon), ']')) {
        if (!str_to_u64(after(rest, colon), PORT_MAX, &number) || number == 0) {
            return false;
        }
        out->port = (int)number;
        rest = before(rest, colon);
    }
    if (rest.len > 2 && rest.data[0] == '[' && rest.data[rest.len - 1] == ']') {
        rest = (struct str){rest.data + 1, rest.len - 2};
    }
    return rest.len > 0 && copy_decoded(rest, out->place);
}

bool kv_url_read(const char *text, struct kv_url *out, struct err *err)
{
    const struct str url = str_of(text);
    struct kv_url parts = {0};
    struct str rest = url;

    if (str_starts(url, STR("unix:"))) {
        parts.is_unix = true;
        rest = after(url, sizeof "unix:" - 2);
        if (rest.len == 0 || !copy_decoded(rest, parts.place)) {
            return err_set(err, ERR_INVALID,
                           "the Redis URL has no usable socket path");
        }
    } else if (str_starts(url, STR("redis://"))) {
        rest = after(url, sizeof "redis://" - 2);
        if (!read_login(&rest, &parts) || !read_place(rest, &parts)) {
            return err_set(err, ERR_INVALID,
                           "the Redis URL is not "
                           "redis://[user:password@]host:port[/db]");
        }
    } else {
        return err_set(err, ERR_INVALID,
                       "the Redis URL starts neither with redis:// nor with "
                       "unix:");
    }
    *out = parts;
    return true;
}
