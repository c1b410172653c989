/* The one table of reserved names: what Porter or libcurl sets, what rules the
 * connection, and what would make a request of ours something else. */
#include "guard/header.h"

#include <string.h>

/* A name, or all that begin so. In lower case. */
struct reserved {
    const char *name;
    bool is_prefix;
};

static const struct reserved reserved[] = {
    /* Set by us: what the endpoint trusts. */
    {"x-porter-", true},
    {"webhook-", true},
    {"traceparent", false},
    {"tracestate", false},
    {"user-agent", false},
    /* The message's frame, and the connection's. */
    {"host", false},
    {"content-", true},
    {"transfer-encoding", false},
    {"te", false},
    {"trailer", false},
    {"connection", false},
    {"keep-alive", false},
    {"upgrade", false},
    {"http2-settings", false},
    {"expect", false},
    {"proxy-", true},
    /* They ask for an answer of another form. */
    {"accept-encoding", false},
    {"range", false},
    /* A browser's, not ours to send. */
    {"cookie", false},
    {"cookie2", false},
    {"origin", false},
    {"sec-", true},
    /* The words that metadata services of clouds ask for. */
    {"metadata", false},
    {"metadata-flavor", false},
    {"x-aws-ec2-metadata-", true},
    {"x-google-metadata-request", false},
};

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
}

static bool is_name(struct str s)
{
    if (s.len == 0 || s.len > GUARD_HEADER_NAME_MAX ||
        !is_alphanumeric(s.data[0])) {
        return false;
    }
    for (size_t i = 1; i < s.len; i++) {
        if (!is_alphanumeric(s.data[i]) && s.data[i] != '-' &&
            s.data[i] != '_') {
            return false;
        }
    }
    return true;
}

/* Some servers take _ for -, so both are the same here. */
static bool begins(struct str name, struct str with)
{
    if (name.len < with.len) {
        return false;
    }
    for (size_t i = 0; i < with.len; i++) {
        char c = name.data[i] == '_' ? '-' : name.data[i];

        if (c >= 'A' && c <= 'Z') {
            c = (char)(c | 0x20);
        }
        if (c != with.data[i]) {
            return false;
        }
    }
    return true;
}

bool guard_header_name(struct str name, struct err *err)
{
    if (!is_name(name)) {
        return err_set(err, ERR_INVALID,
                       "a name must be 1 to %d letters, digits, - and _, a "
                       "letter or digit first",
                       GUARD_HEADER_NAME_MAX);
    }
    for (size_t i = 0; i < COUNT_OF(reserved); i++) {
        struct str one = str_of(reserved[i].name);

        if (begins(name, one) &&
            (reserved[i].is_prefix || name.len == one.len)) {
            return err_set(err, ERR_FORBIDDEN,
                           "is reserved: it is set by Porter or not at all");
        }
    }
    return true;
}

bool guard_header_value(struct str value, struct err *err)
{
    bool ok = value.len > 0 && value.len <= GUARD_HEADER_VALUE_MAX &&
              value.data[0] != ' ' && value.data[value.len - 1] != ' ';

    for (size_t i = 0; ok && i < value.len; i++) {
        ok = value.data[i] >= ' ' && value.data[i] <= '~';
    }
    if (!ok) {
        return err_set(err, ERR_INVALID,
                       "a value must be 1 to %d printable ASCII characters "
                       "without a blank at either end",
                       GUARD_HEADER_VALUE_MAX);
    }
    return !str_eq(value, STR(GUARD_HEADER_MASK)) ||
           err_set(err, ERR_FORBIDDEN,
                   "is only shown so: send the value itself");
}
