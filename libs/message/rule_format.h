/* What the formats of rules.h look like, byte by byte. Private to
 * libs/message. Pure. */
#ifndef PORTER_MESSAGE_RULE_FORMAT_H
#define PORTER_MESSAGE_RULE_FORMAT_H

#include "message/rules.h"

/* Is the text of the format? On false *want says what it must be. The text is
 * UTF-8 with no control characters but \n and \t. */
MUST_USE bool format_fits(const struct rule *rule, struct str s,
                          struct arena *arena, const char **want);

/* What a text of the format must be; NULL where that depends on more, or where
 * any text is of the format. */
const char *format_want(enum rule_format format);

#endif
