/* What texts of each format look like, as the regular expressions that schemas
 * have, and in the words of rules_read. */
#include "message/schema.h"

#include "message/rule_format.h"
#include "message/schema_parts.h"

#include <assert.h>
#include <stdio.h>

#define PATTERN_MAX 2048

/* The blanks of rule_format.c, and the control characters. */
#define BLANKS                                                                 \
    " \\u00A0\\u1680\\u2000-\\u200B\\u2028\\u2029\\u202F\\u205F\\u2060"        \
    "\\u3000\\uFEFF"
#define IN_LINE "[^\\u0000-\\u001F\\u007F-\\u009F\\u2028\\u2029]"
#define NO_BLANK "[^\\u0000-\\u001F\\u007F-\\u009F" BLANKS "]"
/* A letter or digit of a host's name, and a whole name. */
#define HOST_CHAR                                                              \
    "[^\\u0000-\\u002F\\u003A-\\u0040\\u005B-\\u0060\\u007B-\\u009F"           \
    "\\u00A0\\u1680\\u2000-\\u200B\\u2028\\u2029\\u202F\\u205F\\u2060"         \
    "\\u3000\\uFEFF]"
#define NAME(c) c "+(?:-+" c "+)*(?:\\." c "+(?:-+" c "+)*)*"
/* Hosts of libs/guard: a name whose last label begins with a letter, or an
 * address in its one spelling. */
#define LABELS "(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,190}\\.)?"
#define ENDPOINT_NAME LABELS "[A-Za-z_][A-Za-z0-9_-]{0,62}\\.?"
#define LOCAL_NAME LABELS "[Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt]\\.?"
#define V4_PART "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
#define V4 "(?:" V4_PART "\\.){3}" V4_PART
#define H "[0-9A-Fa-f]{1,4}"
#define V6                                                                     \
    "(?:(?:" H ":){7}" H "|(?:" H ":){1,7}:|(?:" H ":){1,6}:" H "|(?:" H       \
    ":){1,5}(?::" H "){1,2}|(?:" H ":){1,4}(?::" H "){1,3}|(?:" H              \
    ":){1,3}(?::" H "){1,4}|(?:" H ":){1,2}(?::" H "){1,5}|" H ":(?::" H       \
    "){1,6}|:(?:(?::" H "){1,7}|:))"
#define PUBLIC_PORT                                                            \
    "(?::0{0,8}(?:443|102[4-9]|10[3-9][0-9]|1[1-9][0-9]{2}|[2-9][0-9]{3}"      \
    "|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]"              \
    "|6553[0-5]))"

static const char plain_pattern[] =
    "[^\\u0000-\\u0008\\u000B-\\u001F\\u007F-\\u009F]*";

const char *schema_pattern(enum rule_format format)
{
    switch (format) {
    case RULE_PLAIN:
        return plain_pattern;
    case RULE_LINE:
        return IN_LINE "*" NO_BLANK IN_LINE "*";
    case RULE_EMAIL:
        return "[^\\u0000-\\u0020\\u007F-\\u009F\"(),:;<>@\\[\\\\\\]" BLANKS
               "]{1,64}@" NAME(HOST_CHAR);
    case RULE_PHONE:
        return "\\+[1-9][0-9]{6,14}";
    case RULE_COUNTRY:
        return "[A-Z]{2}";
    case RULE_ENDPOINT:
        return "(?:[Hh][Tt][Tt][Pp][Ss]://(?:" ENDPOINT_NAME "|" V4 "|\\[" V6
               "\\])" PUBLIC_PORT "?|[Hh][Tt][Tt][Pp]://"
               "(?:" LOCAL_NAME "|127(?:\\." V4_PART
               "){3}|\\[::1\\])" PUBLIC_PORT
               ")(?:[/?](?:[!$&-;=?-Z_a-z~]|%[0-9A-Fa-f]{2})*)?";
    case RULE_ID:
    case RULE_TIME:
    case RULE_MAP:
    case RULE_HEADERS:
    case RULE_WAITS:
    case RULE_WORD:
        break;
    }
    return NULL;
}

/* The whole text, or none at all. */
static void write_whole(const char *core, bool or_empty, char text[PATTERN_MAX])
{
    int len =
        snprintf(text, PATTERN_MAX, or_empty ? "^(?:%s)?$" : "^%s$", core);

    assert(len > 0 && len < PATTERN_MAX);
    (void)len;
}

void schema_add_pattern(struct json_writer *w, const struct rule *row,
                        bool or_empty)
{
    char text[PATTERN_MAX];
    char id[64];
    const char *core = schema_pattern(row->format);

    if (row->format == RULE_ID) {
        (void)snprintf(id, sizeof id, "%s_[0-7][0-9a-hjkmnp-tv-z]{%d}",
                       id_prefix(row->id_kind), ID_BODY_LEN - 1);
        core = id;
    }
    assert(core != NULL);
    write_whole(core, or_empty, text);
    schema_add_member(w, "pattern", text);
}

void schema_write_told(struct json_writer *w)
{
    char text[PATTERN_MAX];

    json_object_begin(w);
    for (int f = RULE_PLAIN; f <= RULE_WAITS; f++) {
        const char *core = schema_pattern((enum rule_format)f);
        const char *want = format_want((enum rule_format)f);

        for (int or_empty = 0; core != NULL && want != NULL && or_empty < 2;
             or_empty++) {
            write_whole(core, or_empty != 0, text);
            schema_add_member(w, text, want);
        }
    }
    json_object_end(w);
}
