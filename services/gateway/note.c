/* What people do at the front desk, for the audit log. */
#include "gateway/note.h"

#include "store/audit.h"

#include "porter/v1/contractor.pb-c.h"

#include <assert.h>

/* What of a thing is noted: nothing that tells who somebody is. */
static const char *const visitor_members[] = {"status", "location_id", NULL};
static const char *const contractor_members[] = {"status", "valid_until", NULL};
static const char *const evacuation_members[] = {
    "status", "drill", "location_id", "on_site_count", "accounted_for_count",
    NULL};

static struct str kept(struct call *call, struct buf *text)
{
    struct str copy = arena_str(call->arena, buf_str(text));

    buf_free(text);
    return copy;
}

static struct str pick(struct call *call, const ProtobufCMessage *thing,
                       const char *const *members)
{
    struct err err = ERR_NONE;
    struct buf whole = BUF_EMPTY;
    struct buf picked = BUF_EMPTY;
    struct json_writer w = json_writer(&whole);
    struct json *object = NULL;
    bool ok = false;

    message_write_json(thing, &w);
    ok = json_read(buf_str(&whole), &object, &err);
    assert(ok);
    (void)ok;
    w = json_writer(&picked);
    json_object_begin(&w);
    for (; *members != NULL; members++) {
        json_key(&w, str_of(*members));
        json_add_value(&w, json_find(object, *members));
    }
    json_object_end(&w);
    json_free(object);
    buf_free(&whole);
    return kept(call, &picked);
}

struct str note_state(struct call *call, const ProtobufCMessage *thing)
{
    if (!note_is_wanted(call)) {
        return STR_NONE;
    }
    if (thing->descriptor == &porter__v1__visitor__descriptor) {
        return pick(call, thing, visitor_members);
    }
    if (thing->descriptor == &porter__v1__contractor__descriptor) {
        return pick(call, thing, contractor_members);
    }
    if (thing->descriptor == &porter__v1__evacuation__descriptor) {
        Porter__V1__Evacuation bare =
            *(const Porter__V1__Evacuation *)(const void *)thing;

        bare.n_on_site = 0; /* Thousands, perhaps. */
        return pick(call, &bare.base, evacuation_members);
    }
    assert(thing->descriptor == &porter__v1__evacuation_summary__descriptor);
    return pick(call, thing, evacuation_members);
}

static void note(struct call *call, struct str action, const char *id,
                 struct str before, struct str after)
{
    struct audit_line *line = arena_zero(call->arena, 1, sizeof *line);

    assert(call->noted == NULL);
    *line = (struct audit_line){.action = action,
                                .subject = str_of(id),
                                .before = before,
                                .after = after};
    call->noted = line;
}

void note_change(struct call *call, enum event_type type, const char *id,
                 struct str before, struct str after)
{
    if (note_is_wanted(call)) {
        note(call, str_of(event_types[type].name), id, before, after);
    }
}

void note_texts(struct call *call, const Porter__V1__Visitor *input)
{
    const struct {
        const char *name;
        const char *text;
    } texts[] = {{"badge_number", input->badge_number},
                 {"vehicle_plate", input->vehicle_plate},
                 {"notes", input->notes}};
    struct buf out = BUF_EMPTY;
    struct json_writer w = json_writer(&out);

    if (!note_is_wanted(call)) {
        return;
    }
    json_object_begin(&w);
    json_key(&w, STR("fields"));
    json_array_begin(&w);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (texts[i].text[0] != '\0') {
            json_add_text(&w, str_of(texts[i].name));
        }
    }
    json_array_end(&w);
    json_object_end(&w);
    call->noted->detail = kept(call, &out);
}

static void write_ids(struct json_writer *w, const char *name,
                      const struct id *ids, size_t count)
{
    if (count == 0) {
        return;
    }
    json_key(w, str_of(name));
    json_array_begin(w);
    for (size_t i = 0; i < count; i++) {
        json_add_text(w, str_of(id_text(ID_VISITOR, ids[i]).data));
    }
    json_array_end(w);
}

void note_marks(struct call *call, const char *id, struct str before,
                struct str after, const struct evacuation_marked *marked)
{
    struct buf out = BUF_EMPTY;
    struct json_writer w = json_writer(&out);

    if (!note_is_wanted(call) ||
        marked->found_count + marked->missing_count == 0) {
        return;
    }
    json_object_begin(&w);
    write_ids(&w, "accounted_for", marked->found, marked->found_count);
    write_ids(&w, "missing", marked->missing, marked->missing_count);
    json_object_end(&w);
    note(call, STR("evacuation.roll_called"), id, before, after);
    call->noted->detail = kept(call, &out);
}
