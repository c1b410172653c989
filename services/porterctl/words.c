/* Reading the command line. */
#include "porterctl/words.h"

#include "base/buf.h"
#include "message/rules.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define COMMAND_MAX 64

static bool is_word(const char *text, const char *want)
{
    return want != NULL && strcmp(text, want) == 0;
}

static const struct command *find(const struct command *commands, size_t count,
                                  const char *noun, const char *verb)
{
    for (size_t i = 0; i < count; i++) {
        const struct command *c = &commands[i];

        if (is_word(noun, c->noun) &&
            (c->verb == NULL || (verb != NULL && is_word(verb, c->verb)))) {
            return c;
        }
    }
    return NULL;
}

static bool is_noun(const struct command *commands, size_t count,
                    const char *noun)
{
    for (size_t i = 0; i < count; i++) {
        if (is_word(noun, commands[i].noun)) {
            return true;
        }
    }
    return false;
}

static int option_find(const struct command *c, struct str name)
{
    for (int i = 0; i < OPTIONS_MAX && c->options[i].name != NULL; i++) {
        if (str_eq(name, str_of(c->options[i].name))) {
            return i;
        }
    }
    return -1;
}

/* The command as it is typed: "topics apply". */
static const char *name_of(const struct command *c, char out[COMMAND_MAX])
{
    (void)snprintf(out, COMMAND_MAX, "%s%s%s", c->noun,
                   c->verb == NULL ? "" : " ", c->verb == NULL ? "" : c->verb);
    return out;
}

static bool no_option(const struct command *c, struct str name, struct err *err)
{
    struct buf list = BUF_EMPTY;
    char command[COMMAND_MAX];

    for (int i = 0; i < OPTIONS_MAX && c->options[i].name != NULL; i++) {
        buf_addf(&list, "--%s, ", c->options[i].name);
    }
    (void)err_set(err, ERR_INVALID,
                  "%s has no option --%.*s; there are %s--json and --help",
                  name_of(c, command), STR_ARGS(name), buf_cstr(&list));
    buf_free(&list);
    return false;
}

static bool no_verb(const struct command *commands, size_t count,
                    const char *noun, const char *verb, struct err *err)
{
    struct buf list = BUF_EMPTY;

    for (size_t i = 0; i < count; i++) {
        if (is_word(noun, commands[i].noun)) {
            buf_addf(&list, "%s%s", list.len == 0 ? "" : ", ",
                     commands[i].verb);
        }
    }
    if (verb == NULL) {
        (void)err_set(err, ERR_INVALID, "\"%s\" needs a second word: %s", noun,
                      buf_cstr(&list));
    } else {
        (void)err_set(err, ERR_INVALID, "\"%s\" has no \"%s\"; there are %s",
                      noun, verb, buf_cstr(&list));
    }
    buf_free(&list);
    return false;
}

/* "--name value" or "--name=value"; *at moves past what was used. */
static bool read_option(int argc, char **argv, int *at, struct words *out,
                        struct err *err)
{
    struct str rest = str_of(argv[*at] + 2);
    struct str name = STR_NONE;
    bool has_value = str_has(rest, '=');
    int i = 0;

    if (!str_split(&rest, '=', &name)) {
        return err_set(err, ERR_INVALID, "\"--\" is no option");
    }
    i = option_find(out->command, name);
    if (i < 0) {
        return no_option(out->command, name, err);
    }
    if (out->values[i].data != NULL) {
        return err_set(err, ERR_INVALID, "--%.*s is given twice",
                       STR_ARGS(name));
    }
    if (out->command->options[i].value == NULL) {
        out->values[i] = STR("yes");
        return has_value ? err_set(err, ERR_INVALID, "--%.*s takes no value",
                                   STR_ARGS(name))
                         : true;
    }
    if (!has_value) {
        if (*at + 1 >= argc) {
            return err_set(err, ERR_INVALID, "--%.*s needs a value: %s",
                           STR_ARGS(name), out->command->options[i].value);
        }
        rest = str_of(argv[++*at]);
    }
    out->values[i] = rest.data == NULL ? STR("") : rest;
    return true;
}

static bool read_rest(int argc, char **argv, int at, struct words *out,
                      struct err *err)
{
    for (; at < argc; at++) {
        if (is_word(argv[at], "--json")) {
            out->is_json = true;
        } else if (is_word(argv[at], "--help") || is_word(argv[at], "-h")) {
            out->wants_help = true;
        } else if (strncmp(argv[at], "--", 2) == 0) {
            if (!read_option(argc, argv, &at, out, err)) {
                return false;
            }
        } else if (out->command->subject != NULL && out->subject.data == NULL) {
            out->subject = str_of(argv[at]);
        } else {
            char command[COMMAND_MAX];

            return err_set(err, ERR_INVALID,
                           "\"%s\" is one word too many: %s takes %s; words "
                           "with blanks want quotes",
                           argv[at], name_of(out->command, command),
                           out->command->subject == NULL
                               ? "none but options"
                               : out->command->subject);
        }
    }
    return true;
}

static bool check_names(const struct words *w, struct err *err)
{
    const struct option *options = w->command->options;

    for (int i = 0; i < OPTIONS_MAX && options[i].name != NULL; i++) {
        if (is_word("NAME", options[i].value) && w->values[i].data != NULL &&
            !rules_fits_line(w->values[i], NAME_CHARS)) {
            return err_set(err, ERR_INVALID,
                           "--%s must be one line of 1 to %d characters, more "
                           "than blanks, without control characters",
                           options[i].name, NAME_CHARS);
        }
    }
    return true;
}

static bool check_required(const struct words *w, struct err *err)
{
    const struct command *c = w->command;

    if (c->subject != NULL && c->subject[0] != '[' && w->subject.data == NULL) {
        char command[COMMAND_MAX];

        return err_set(err, ERR_INVALID, "%s is missing: porterctl %s %s",
                       c->subject, name_of(c, command), c->subject);
    }
    for (int i = 0; i < OPTIONS_MAX && c->options[i].name != NULL; i++) {
        if (c->options[i].is_required && w->values[i].data == NULL) {
            return err_set(err, ERR_INVALID, "--%s is missing: %s",
                           c->options[i].name, c->options[i].help);
        }
    }
    return true;
}

bool words_read(const struct command *commands, size_t count, int argc,
                char **argv, struct words *out, struct err *err)
{
    int at = 1;

    *out = (struct words){0};
    while (at < argc && is_word(argv[at], "--json")) {
        out->is_json = true;
        at++;
    }
    if (at >= argc || is_word(argv[at], "--help") || is_word(argv[at], "-h") ||
        is_word(argv[at], "help")) {
        out->wants_help = true;
        return true;
    }
    if (!is_noun(commands, count, argv[at])) {
        return err_set(err, ERR_INVALID,
                       "there is no command \"%s\"; see porterctl --help",
                       argv[at]);
    }
    out->command =
        find(commands, count, argv[at], at + 1 < argc ? argv[at + 1] : NULL);
    if (out->command == NULL) {
        out->noun = argv[at];
        out->wants_help = at + 1 < argc && (is_word(argv[at + 1], "--help") ||
                                            is_word(argv[at + 1], "-h"));
        return out->wants_help ||
               no_verb(commands, count, argv[at],
                       at + 1 < argc ? argv[at + 1] : NULL, err);
    }
    at += out->command->verb == NULL ? 1 : 2;
    return read_rest(argc, argv, at, out, err) &&
           (out->wants_help ||
            (check_required(out, err) && check_names(out, err)));
}

struct str words_value(const struct words *w, const char *name)
{
    int i = option_find(w->command, str_of(name));

    assert(i >= 0); /* The command's table must have it. */
    return w->values[i];
}
