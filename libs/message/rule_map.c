/* One walk over a map's entries; rules.c has looked at how many there are. */
#include "message/rule_map.h"

#include "message/read.h"
#include "message/rule_format.h"

#include "guard/header.h"

struct entry {
    struct str path;
    struct str key;
    struct str value;
};

static struct str text_at(const ProtobufCMessage *entry, unsigned field)
{
    return str_of(
        *(char *const *)kind_at(entry, &entry->descriptor->fields[field]));
}

static void check_text(const struct entry *e, struct arena *arena,
                       struct faults *faults)
{
    static const struct rule line = {.format = RULE_LINE};
    const char *want = NULL;

    if (e->key.len == 0) {
        (void)fault_add(faults, e->path, FAULT_TOO_SHORT,
                        "a name must not be empty");
    } else if (!format_fits(&line, e->key, arena, &want)) {
        (void)fault_add(faults, e->path, FAULT_BAD_FORMAT, "a name %s", want);
    }
    if (str_utf8_count(e->key) > MAP_KEY_MAX) {
        (void)fault_add(faults, e->path, FAULT_TOO_LONG,
                        "a name must have at most %d characters", MAP_KEY_MAX);
    }
    if (str_utf8_count(e->value) > MAP_VALUE_MAX) {
        (void)fault_add(faults, e->path, FAULT_TOO_LONG,
                        "a value must have at most %d characters",
                        MAP_VALUE_MAX);
    }
}

static void add_why(const struct entry *e, const struct err *why,
                    struct faults *faults)
{
    (void)fault_add(faults, e->path,
                    why->code == ERR_FORBIDDEN ? FAULT_NOT_ALLOWED
                                               : FAULT_BAD_FORMAT,
                    "%s", why->text);
}

static void check_header(const struct entry *e, struct faults *faults)
{
    struct err why = ERR_NONE;

    if (!guard_header_name(e->key, &why) ||
        !guard_header_value(e->value, &why)) {
        add_why(e, &why, faults);
    }
}

/* Of headers case means nothing. */
static bool is_double(ProtobufCMessage *const *entries, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (str_eq_ci(text_at(entries[k], 0), text_at(entries[i], 0))) {
            return true;
        }
    }
    return false;
}

void rule_map_check(const struct rule *row, const ProtobufCMessage *m,
                    const ProtobufCFieldDescriptor *f, struct arena *arena,
                    struct faults *faults)
{
    ProtobufCMessage *const *entries =
        *(ProtobufCMessage *const *const *)kind_at(m, f);
    size_t count = *kind_count(m, f);

    for (size_t i = 0; i < count && faults->count < FAULTS_MAX; i++) {
        struct entry e = {.key = text_at(entries[i], 0),
                          .value = text_at(entries[i], 1)};
        struct str shown = read_shown(e.key);

        e.path = arena_printf(arena, "%s.%.*s", row->path, STR_ARGS(shown));
        if (row->format == RULE_MAP) {
            check_text(&e, arena, faults);
            continue;
        }
        check_header(&e, faults);
        if (is_double(entries, i)) {
            (void)fault_add(faults, e.path, FAULT_NOT_ALLOWED,
                            "is there twice, in other case");
        }
    }
}
