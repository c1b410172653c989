/* Fields by name: what the storage layer fills messages with. */
#include "message/read.h"

#include "message/kind.h"

#include "base/clock.h"

#include <assert.h>

#include "google/protobuf/timestamp.pb-c.h"

/* The sub-message in the field, made when the arena is given; NULL when it is
 * unset. */
static ProtobufCMessage *below(ProtobufCMessage *m,
                               const ProtobufCFieldDescriptor *f,
                               struct arena *create)
{
    ProtobufCMessage **at = kind_at(m, f);
    bool is_set = !kind_is_oneof(f) || *kind_case(m, f) == f->id;

    if (is_set && *at != NULL) {
        return *at;
    }
    if (create == NULL) {
        return NULL;
    }
    *at = message_new(kind_type(f), create);
    if (kind_is_oneof(f)) {
        *kind_case(m, f) = f->id;
    }
    return *at;
}

struct message_field message_find(ProtobufCMessage *m, struct str path,
                                  struct arena *create)
{
    const ProtobufCMessageDescriptor *type = m->descriptor;
    struct message_field at = {.owner = m, .arena = create};
    struct str name = STR_NONE;

    while (str_split(&path, '.', &name)) {
        if (at.field != NULL) {
            if (kind_is_repeated(at.field) ||
                kind_of(at.field) != KIND_MESSAGE) {
                return (struct message_field){.field = NULL};
            }
            type = kind_type(at.field);
            at.owner =
                at.owner != NULL ? below(at.owner, at.field, create) : NULL;
        }
        at.field = kind_field(type, name);
        if (at.field == NULL) {
            return (struct message_field){.field = NULL};
        }
    }
    return at;
}

/* Where a value goes: the member of a oneof becomes the one that is set, and
 * a wrapper is made and stands aside for its value. */
static void *slot(struct message_field *f)
{
    assert(f->field != NULL && f->owner != NULL);
    assert(!kind_is_repeated(f->field));
    if (kind_is_oneof(f->field)) {
        *kind_case(f->owner, f->field) = f->field->id;
    }
    if (f->field->type == PROTOBUF_C_TYPE_MESSAGE &&
        kind_of(f->field) == KIND_WRAPPER) {
        assert(f->arena != NULL);
        f->owner = below(f->owner, f->field, f->arena);
        f->field = kind_wrapped(f->field);
    }
    return kind_at(f->owner, f->field);
}

void message_set_text(struct message_field f, struct str s, struct arena *a)
{
    char **at = NULL;

    f.arena = a;
    at = slot(&f);
    assert(kind_of(f.field) == KIND_TEXT);
    *at = arena_cstr(a, s);
}

void message_set_int(struct message_field f, int64_t n)
{
    void *at = slot(&f);

    switch (kind_of(f.field)) {
    case KIND_I32:
        assert(n >= INT32_MIN && n <= INT32_MAX);
        *(int32_t *)at = (int32_t)n;
        return;
    case KIND_U32:
        assert(n >= 0 && n <= UINT32_MAX);
        *(uint32_t *)at = (uint32_t)n;
        return;
    case KIND_I64:
        *(int64_t *)at = n;
        return;
    case KIND_U64:
        assert(n >= 0);
        *(uint64_t *)at = (uint64_t)n;
        return;
    case KIND_TEXT:
    case KIND_BYTES:
    case KIND_BOOL:
    case KIND_FLOAT:
    case KIND_DOUBLE:
    case KIND_ENUM:
    case KIND_TIME:
    case KIND_WRAPPER:
    case KIND_MESSAGE:
        break;
    }
    assert(false); /* Not a whole number's field. */
}

void message_set_bool(struct message_field f, bool b)
{
    protobuf_c_boolean *at = slot(&f);

    assert(kind_of(f.field) == KIND_BOOL);
    *at = b;
}

void message_set_time(struct message_field f, int64_t wall_us, struct arena *a)
{
    Google__Protobuf__Timestamp **at = slot(&f);
    Google__Protobuf__Timestamp *t = arena_take(a, sizeof *t);

    assert(kind_of(f.field) == KIND_TIME);
    google__protobuf__timestamp__init(t);
    t->seconds = wall_us / US_PER_S - (wall_us % US_PER_S < 0);
    t->nanos = (int32_t)((wall_us - t->seconds * US_PER_S) * 1000);
    *at = t;
}

void message_set_enum(struct message_field f, struct str word)
{
    int *at = slot(&f);
    bool is_known = false;
    int value = 0;

    assert(kind_of(f.field) == KIND_ENUM);
    is_known = message_enum_value(f.field->descriptor, word, &value);
    assert(is_known || word.len == 0);
    *at = is_known ? value : 0;
}

bool message_set_json(struct message_field f, struct str json, struct arena *a,
                      struct err *err)
{
    struct json *root = NULL;
    struct faults *faults = NULL;
    bool ok = false;

    assert(f.field != NULL && f.owner != NULL);
    if (!json_read(json, &root, err)) {
        return false;
    }
    faults = arena_take(a, sizeof *faults);
    faults_init(faults, a);
    ok = read_one(root, f.owner, f.field, a, faults);
    json_free(root);
    if (!ok) {
        return err_set(err, ERR_MALFORMED, "%.*s %.*s",
                       STR_ARGS(faults->list[0].field),
                       STR_ARGS(faults->list[0].detail));
    }
    return true;
}

bool message_get_time(struct message_field f, int64_t *wall_us)
{
    assert(f.field != NULL && kind_of(f.field) == KIND_TIME);
    if (f.owner == NULL || (kind_is_oneof(f.field) &&
                            *kind_case(f.owner, f.field) != f.field->id)) {
        return false;
    }
    return kind_time(kind_at(f.owner, f.field), wall_us);
}
