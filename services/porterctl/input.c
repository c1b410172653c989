/* Options -> JSON -> the rules that a body of the API goes through. */
#include "porterctl/input.h"

#include "base/clock.h"
#include "json/json.h"

/* Leave the sub-message that is open, for the one of the path, if any. */
static void enter(struct json_writer *w, struct str *open, struct str group)
{
    if (str_eq(*open, group)) {
        return;
    }
    if (open->len > 0) {
        json_object_end(w);
    }
    if (group.len > 0) {
        json_key(w, group);
        json_object_begin(w);
    }
    *open = group;
}

static void write_value(enum input_kind kind, struct str value,
                        struct json_writer *w)
{
    struct str part = STR_NONE;
    uint64_t n = 0;

    switch (kind) {
    case INPUT_TEXT:
        json_add_text(w, value);
        return;
    case INPUT_NUMBER:
        /* What is none is for the rules to refuse. */
        if (str_to_u64(value, INT64_MAX, &n)) {
            json_add_u64(w, n);
        } else {
            json_add_text(w, value);
        }
        return;
    case INPUT_LIST:
        json_array_begin(w);
        while (str_split(&value, ',', &part)) { /* As long as the words are. */
            json_add_text(w, part);
        }
        json_array_end(w);
        return;
    }
}

/* The options that were given, as the API's body. */
static void write_body(struct ctl *ctl, const struct input *input,
                       struct faults *faults, struct json_writer *w)
{
    struct str open = STR_NONE;

    json_object_begin(w);
    for (size_t i = 0; i < input->count; i++) {
        const struct input_field *f = &input->fields[i];
        struct str value = words_value(&ctl->words, f->option);
        struct str name = str_of(f->path);
        struct str group = STR_NONE;

        if (value.data == NULL) {
            continue;
        }
        if (!str_is_utf8(value)) { /* The writer would mend it silently. */
            (void)fault_add(faults, name, FAULT_BAD_CHARACTER, "must be UTF-8");
            continue;
        }
        if (str_has(name, '.')) {
            (void)str_split(&name, '.', &group);
        }
        enter(w, &open, group);
        json_key(w, name);
        write_value(f->kind, value, w);
    }
    enter(w, &open, STR_NONE);
    json_object_end(w);
}

/* The field's, or a list's whose entry it is: "location_ids[2]". */
static const char *option_of(const struct input *input, struct str path)
{
    for (size_t i = 0; i < input->count; i++) {
        struct str name = str_of(input->fields[i].path);

        if (str_starts(path, name) &&
            (path.len == name.len || path.data[name.len] == '[')) {
            return input->fields[i].option;
        }
    }
    return NULL;
}

static bool refuse(const struct input *input, const struct faults *faults,
                   struct err *err)
{
    struct buf text = BUF_EMPTY;

    for (size_t i = 0; i < MIN_OF(faults->count, (size_t)FAULTS_MAX); i++) {
        const struct fault *f = &faults->list[i];
        const char *option = option_of(input, f->field);

        buf_addf(&text, "%s", i > 0 ? "; " : "");
        if (option != NULL) {
            buf_addf(&text, "--%s %.*s", option, STR_ARGS(f->detail));
        } else {
            buf_addf(&text, "%.*s %.*s", STR_ARGS(f->field),
                     STR_ARGS(f->detail));
        }
    }
    (void)err_set(err, ERR_INVALID, "%s", buf_cstr(&text));
    buf_free(&text);
    return false;
}

bool input_read(struct ctl *ctl, const struct input *input,
                struct faults *faults, ProtobufCMessage **out, struct err *err)
{
    struct buf text = BUF_EMPTY;
    struct json_writer w = json_writer(&text);
    struct json *body = NULL;
    ProtobufCMessage *m = NULL;
    bool ok = false;

    write_body(ctl, input, faults, &w);
    if (!rules_check(input->rules, err) ||
        !json_read(buf_str(&text), &body, err)) {
        goto out;
    }
    if (!rules_read(input->rules, body, clock_wall_us(), ctl->arena, faults,
                    &m) ||
        faults->count > 0) {
        (void)refuse(input, faults, err);
        goto out;
    }
    *out = m;
    ok = true;

out:
    json_free(body);
    buf_free(&text);
    return ok;
}
