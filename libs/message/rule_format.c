/* The look of an e-mail address, a phone number, a URL, a line.
 *
 * These are bounds on what we store and show, not proofs: whether an address
 * takes mail, only mail tells. */
#include "message/rule_format.h"

#include "guard/guard.h"

#include <assert.h>

/* RFC 5321's 254 and 64 octets, counted in code points: one count for all
 * texts, and one that a JSON Schema can say. */
#define EMAIL_MAX 254
#define LOCAL_MAX 64
#define PHONE_DIGITS_MIN 7
#define PHONE_DIGITS_MAX 15

/* What can't stand in a plain address and would break a header. */
static const char email_refused[] = "<>()[]\\,;:\" \t\n";

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Space, tab, line feed and the blanks that people paste: no-break, en/em,
 * zero-width, line and paragraph separators, ideographic. */
static bool is_blank_point(uint32_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200B) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x2060 || c == 0x3000 ||
           c == 0xFEFF;
}

static bool is_line(struct str s)
{
    bool only_blank = true;

    while (s.len > 0) {
        uint32_t point = 0;
        size_t n = str_utf8_next(s, &point);

        if (n == 0 || point == '\n' || point == '\t' || point == 0x2028 ||
            point == 0x2029) {
            return false;
        }
        only_blank = only_blank && is_blank_point(point);
        s.data += n;
        s.len -= n;
    }
    return !only_blank;
}

/* Dot-separated parts, none empty; only letters, digits, inner hyphens, or
 * anything beyond ASCII that is no blank (international names). */
static bool is_host(struct str s)
{
    char last = '.';

    for (size_t i = 0; i < s.len;) {
        uint32_t point = 0;
        size_t n = str_utf8_next((struct str){s.data + i, s.len - i}, &point);
        char c = point < 128 ? (char)point : 'x';

        if (n == 0 || is_blank_point(point) ||
            (c == '.' && (last == '.' || last == '-')) ||
            (c == '-' && last == '.') ||
            (c != '.' && c != '-' && !is_letter(c) && !is_digit(c))) {
            return false;
        }
        last = c;
        i += n;
    }
    return last != '.' && last != '-';
}

static bool is_email(struct str s)
{
    struct str local = STR_NONE;
    struct str rest = s;

    if (str_utf8_count(s) > EMAIL_MAX || !str_split(&rest, '@', &local) ||
        local.len == 0 || str_utf8_count(local) > LOCAL_MAX) {
        return false;
    }
    for (size_t i = 0; i < local.len;) {
        uint32_t point = 0;
        size_t n =
            str_utf8_next((struct str){local.data + i, local.len - i}, &point);

        if (n == 0 || is_blank_point(point) ||
            (n == 1 && str_has(str_of(email_refused), local.data[i]))) {
            return false;
        }
        i += n;
    }
    return is_host(rest);
}

static bool is_phone(struct str s)
{
    if (s.len < 1 + PHONE_DIGITS_MIN || s.len > 1 + PHONE_DIGITS_MAX ||
        s.data[0] != '+' || s.data[1] == '0') {
        return false;
    }
    for (size_t i = 1; i < s.len; i++) {
        if (!is_digit(s.data[i])) {
            return false;
        }
    }
    return true;
}

/* Which countries there are, changes; what their codes look like, does not. */
static bool is_country(struct str s)
{
    return s.len == 2 && s.data[0] >= 'A' && s.data[0] <= 'Z' &&
           s.data[1] >= 'A' && s.data[1] <= 'Z';
}

static const char *words_wanted(const struct rule *rule, struct arena *arena)
{
    struct buf list = BUF_EMPTY;

    for (size_t i = 0; rule->words[i] != NULL; i++) {
        buf_addf(&list, "%s%s",
                 i > 0 ? ", " : "must be one of: ", rule->words[i]);
    }
    const char *wanted = arena_cstr(arena, buf_str(&list));
    buf_free(&list);
    return wanted;
}

static bool is_word(const struct rule *rule, struct str s, struct arena *arena,
                    const char **want)
{
    for (size_t i = 0; rule->words[i] != NULL; i++) {
        if (str_eq(s, str_of(rule->words[i]))) {
            return true;
        }
    }
    *want = words_wanted(rule, arena);
    return false;
}

static bool is_endpoint(struct str s, struct arena *arena, const char **want)
{
    struct err err = ERR_NONE;

    if (guard_form(s, &err)) {
        return true;
    }
    *want = arena_cstr(arena, str_of(err.text));
    return false;
}

bool rules_fits_line(struct str s, size_t max)
{
    return str_is_utf8(s) && str_utf8_count(s) <= max &&
           !str_has_control(s, "") && is_line(s);
}

const char *format_want(enum rule_format format)
{
    switch (format) {
    case RULE_LINE:
        return "must be one line without tabs, and more than blanks";
    case RULE_EMAIL:
        return "must be an e-mail address such as name@example.com";
    case RULE_PHONE:
        return "must be a phone number in E.164 form, such as +4930123456";
    case RULE_COUNTRY:
        return "must be a country's two capital letters, such as DE";
    case RULE_PLAIN:
    case RULE_ENDPOINT:
    case RULE_WORD:
    case RULE_ID:
    case RULE_TIME:
    case RULE_MAP:
    case RULE_HEADERS:
    case RULE_WAITS:
        break;
    }
    return NULL;
}

bool format_fits(const struct rule *rule, struct str s, struct arena *arena,
                 const char **want)
{
    struct id id;

    *want = format_want(rule->format);
    switch (rule->format) {
    case RULE_LINE:
        return is_line(s);
    case RULE_EMAIL:
        return is_email(s);
    case RULE_PHONE:
        return is_phone(s);
    case RULE_COUNTRY:
        return is_country(s);
    case RULE_ENDPOINT:
        return is_endpoint(s, arena, want);
    case RULE_WORD:
        return is_word(rule, s, arena, want);
    case RULE_ID:
        *want = arena_printf(arena, "must be an id that begins with %s_",
                             id_prefix(rule->id_kind))
                    .data;
        return id_read(rule->id_kind, s, &id);
    case RULE_PLAIN:
    case RULE_TIME:
    case RULE_MAP:
    case RULE_HEADERS:
    case RULE_WAITS:
        break;
    }
    return true;
}
