/* The words of a command line -> a command and its values. Pure. */
#ifndef PORTER_PORTERCTL_WORDS_H
#define PORTER_PORTERCTL_WORDS_H

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#define OPTIONS_MAX 12
#define NAME_CHARS 200 /* As in the API. */

struct ctl;

struct option {
    const char *name; /* "org": --org */
    /* What stands behind it in --help; NULL: a switch. A "NAME" must be one
     * line of at most NAME_CHARS. */
    const char *value;
    bool is_required;
    const char *help;
};

/* What a command needs open before it runs. */
enum needs {
    NEEDS_DB = 1,
    NEEDS_KV = 2,
    NEEDS_SEAL_KEYS = 4,
    NEEDS_SETTINGS = 8,
};

typedef bool command_fn(struct ctl *ctl, struct err *err);

struct command {
    const char *noun;
    const char *verb; /* NULL: the noun alone */
    command_fn *run;
    unsigned needs;
    /* A word of its own, "KEY_ID"; "[KEY_ID]": may be left out; NULL: none. */
    const char *subject;
    struct option options[OPTIONS_MAX];
    const char *help; /* One sentence. */
};

/* What was given: values[i] belongs to the command's options[i]. */
struct words {
    const struct command *command;
    const char *noun; /* Of whose commands help was asked for; NULL: all. */
    struct str values[OPTIONS_MAX]; /* data NULL: not given */
    struct str subject;
    bool is_json;
    bool wants_help;
};

/* ERR_INVALID says which word is wrong and what there is. A command is NULL
 * when only help was asked for, of all or of a noun's. */
MUST_USE bool words_read(const struct command *commands, size_t count, int argc,
                         char **argv, struct words *out, struct err *err);

/* The value of an option the command has; STR_NONE: not given. */
struct str words_value(const struct words *w, const char *name);

#endif
