/* Wording a fault: the path to the place, and the names that may stand there.
 * Beside read_json.c, which finds the faults. */
#include "message/reader.h"

#include "base/near.h"

#define NAME_SHOWN_MAX 64 /* Bytes of a name that we repeat. */

struct str read_shown(struct str name)
{
    if (name.len > NAME_SHOWN_MAX) {
        name.len = NAME_SHOWN_MAX;
        while (name.len > 0 &&
               ((unsigned char)name.data[name.len] & 0xC0) == 0x80) {
            name.len--;
        }
    }
    return name;
}

/* Faults past the limit are only counted: nothing is worded for them. */
bool reader_is_full(const struct reader *r)
{
    return r->faults->count >= FAULTS_MAX;
}

/* "host.email", "location_ids[2]"; "" is the whole. */
struct str reader_path(const struct reader *r, const struct place *at)
{
    struct str up;
    struct str name;

    if (at == NULL || reader_is_full(r)) {
        return STR("");
    }
    up = reader_path(r, at->up);
    if (at->name.data == NULL) {
        return arena_printf(r->arena, "%.*s[%zu]", STR_ARGS(up), at->index);
    }
    name = read_shown(at->name);
    return arena_printf(r->arena, "%.*s%s%.*s", STR_ARGS(up),
                        up.len > 0 ? "." : "", STR_ARGS(name));
}

bool reader_wrong_type(struct reader *r, const struct place *at,
                       const char *want, const struct json *json)
{
    return fault_add(r->faults, reader_path(r, at), FAULT_WRONG_TYPE,
                     "must be %s, not %s", want,
                     json_type_name(json_type(json)));
}

bool reader_out_of_range(struct reader *r, const struct place *at,
                         const char *range)
{
    return fault_add(r->faults, reader_path(r, at), FAULT_OUT_OF_RANGE,
                     "must be %s", range);
}

bool reader_allows(const struct reader *r, struct str prefix, struct str name)
{
    return r->rules == NULL || rules_name(r->rules, prefix, name);
}

/* The field that was most likely meant, or STR_NONE. */
static struct str nearest(const struct reader *r,
                          const ProtobufCMessageDescriptor *type,
                          struct str prefix, struct str name)
{
    struct near near = near_to(name);

    for (unsigned i = 0; i < type->n_fields; i++) {
        struct str known = str_of(type->fields[i].name);

        if (reader_allows(r, prefix, known)) {
            near_try(&near, known);
        }
    }
    return near.best;
}

bool reader_unknown(struct reader *r, const ProtobufCMessageDescriptor *type,
                    const struct place *at, struct str prefix)
{
    struct str path = reader_path(r, at);
    struct str meant = STR_NONE;
    struct buf list = BUF_EMPTY;

    if (!reader_is_full(r)) {
        meant = nearest(r, type, prefix, at->name);
    }
    if (meant.len > 0) {
        return fault_add(r->faults, path, FAULT_UNKNOWN_FIELD,
                         "there is no such field; did you mean \"%.*s\"?",
                         STR_ARGS(meant));
    }
    for (unsigned i = 0; i < type->n_fields && !reader_is_full(r); i++) {
        struct str known = str_of(type->fields[i].name);

        if (reader_allows(r, prefix, known)) {
            near_list(&list, known);
        }
    }
    (void)fault_add(r->faults, path, FAULT_UNKNOWN_FIELD,
                    "there is no such field; send only: %s", buf_cstr(&list));
    buf_free(&list);
    return false;
}
