/* A command's options -> a message that obeys a table of rules: the same that
 * the API keeps, told by the options' names. */
#ifndef PORTER_PORTERCTL_INPUT_H
#define PORTER_PORTERCTL_INPUT_H

#include "base/fault.h"
#include "message/rules.h"
#include "porterctl/ctl.h"

enum input_kind {
    INPUT_TEXT,
    INPUT_NUMBER, /* A whole one. */
    INPUT_LIST,   /* Texts, by commas. */
};

struct input_field {
    const char *path; /* At most one dot. */
    const char *option;
    enum input_kind kind;
};

/* Fields of one sub-message stand together. */
struct input {
    const struct rule_table *rules;
    const struct input_field *fields;
    size_t count;
};

/* ERR_INVALID tells all faults at once: what the rules find, and what the
 * caller had found before. */
MUST_USE bool input_read(struct ctl *ctl, const struct input *input,
                         struct faults *faults, ProtobufCMessage **out,
                         struct err *err);

#endif
