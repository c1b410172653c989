/* What of a message tells who somebody is: these fields, and no others. */
#include "erase_message.h"

#include "base/fault.h"
#include "message/message.h"
#include "porter/v1/event.pb-c.h"

#include <string.h>

#define ERASED "[erased]"

static char erased[] = ERASED;
static char nothing[] = "";

/* --- messages --------------------------------------------------------------
 */

static void clear_visitor(Porter__V1__Visitor *v)
{
    v->full_name = erased;
    v->first_name = v->last_name = v->email = v->phone = nothing;
    v->company = v->visitor_type = v->purpose = nothing;
    v->badge_number = v->vehicle_plate = v->notes = nothing;
    v->host = NULL;
    v->n_metadata = 0;
}

static void clear_person(Porter__V1__EvacuationPerson *p)
{
    p->full_name = erased;
    p->host = NULL;
}

static void clear_contractor(Porter__V1__Contractor *c)
{
    c->company = erased;
    c->contact = NULL;
    c->trade = c->approved_by = c->rejected_by = c->reason = nothing;
    c->n_metadata = 0;
}

static bool is_text(const char *text, struct str want)
{
    return str_eq(str_of(text), want);
}

static void clear_evacuation(Porter__V1__Evacuation *e, struct str subject)
{
    for (size_t i = 0; i < e->n_on_site; i++) {
        if (is_text(e->on_site[i]->visitor_id, subject)) {
            clear_person(e->on_site[i]);
        }
    }
}

static void clear_data(Porter__V1__EventData *data, struct str subject)
{
    switch (data->resource_case) {
    case PORTER__V1__EVENT_DATA__RESOURCE_VISITOR:
        if (is_text(data->visitor->id, subject)) {
            clear_visitor(data->visitor);
        }
        break;
    case PORTER__V1__EVENT_DATA__RESOURCE_CONTRACTOR:
        if (is_text(data->contractor->id, subject)) {
            clear_contractor(data->contractor);
        }
        break;
    case PORTER__V1__EVENT_DATA__RESOURCE_EVACUATION:
        clear_evacuation(data->evacuation, subject);
        break;
    case PORTER__V1__EVENT_DATA__RESOURCE_WEBHOOK: /* No person is in it. */
    case PORTER__V1__EVENT_DATA__RESOURCE__NOT_SET:
    case _PORTER__V1__EVENT_DATA__RESOURCE__CASE_IS_INT_SIZE:
    default:
        break;
    }
}

bool erase_event(struct str payload, struct str subject, struct arena *arena,
                 struct buf *bytes, struct buf *json, struct err *err)
{
    struct json_writer w = json_writer(json);
    ProtobufCMessage *m = NULL;
    Porter__V1__Event *event = NULL;

    if (!message_unpack(&porter__v1__event__descriptor, payload, arena, &m,
                        err)) {
        err->code = ERR_INTERNAL; /* We wrote it. */
        return err_wrap(err, "an event of the log");
    }
    event = (Porter__V1__Event *)(void *)m;
    if (event->data != NULL) {
        clear_data(event->data, subject);
    }
    message_pack(m, bytes);
    message_write_json(m, &w);
    return true;
}

/* --- answers ---------------------------------------------------------------
 */

struct walk {
    struct str subject;
    struct arena *arena;
    struct json_writer w;
    bool found;
    bool ok;
    struct err *err;
};

/* What kind of thing is it, when it is the subject's? NULL: not. */
static const ProtobufCMessageDescriptor *kind_of(const struct walk *walk,
                                                 const struct json *object)
{
    const struct json *id = json_find(object, "id");
    const struct json *visitor = json_find(object, "visitor_id");

    if (visitor != NULL && json_type(visitor) == JSON_TEXT &&
        str_eq(json_text(visitor), walk->subject)) {
        return &porter__v1__evacuation_person__descriptor;
    }
    if (id == NULL || json_type(id) != JSON_TEXT ||
        !str_eq(json_text(id), walk->subject)) {
        return NULL;
    }
    return str_starts(walk->subject, STR("vis_"))
               ? &porter__v1__visitor__descriptor
               : &porter__v1__contractor__descriptor;
}

static void write_cleared(struct walk *walk, const struct json *object,
                          const ProtobufCMessageDescriptor *type)
{
    struct faults *faults = arena_zero(walk->arena, 1, sizeof *faults);
    ProtobufCMessage *m = NULL;

    walk->found = true;
    faults_init(faults, walk->arena);
    if (!message_read_json(object, type, walk->arena, faults, &m)) {
        walk->ok = err_set(walk->err, ERR_INTERNAL,
                           "a kept answer is not of the form that it had");
        return;
    }
    if (type == &porter__v1__visitor__descriptor) {
        clear_visitor((Porter__V1__Visitor *)(void *)m);
    } else if (type == &porter__v1__contractor__descriptor) {
        clear_contractor((Porter__V1__Contractor *)(void *)m);
    } else {
        clear_person((Porter__V1__EvacuationPerson *)(void *)m);
    }
    message_write_json(m, &walk->w);
}

/* As deep as json_read lets it be. */
static void write_value(struct walk *walk, const struct json *v)
{
    const ProtobufCMessageDescriptor *type = NULL;
    const struct json *member = NULL;
    struct str name = STR_NONE;
    void *at = NULL;

    if (json_type(v) == JSON_ARRAY) {
        json_array_begin(&walk->w);
        for (size_t i = 0; walk->ok && i < json_count(v); i++) {
            write_value(walk, json_at(v, i));
        }
        json_array_end(&walk->w);
        return;
    }
    if (json_type(v) != JSON_OBJECT) {
        json_add_value(&walk->w, v);
        return;
    }
    type = kind_of(walk, v);
    if (type != NULL) {
        write_cleared(walk, v, type);
        return;
    }
    json_object_begin(&walk->w);
    while (walk->ok && json_next(v, &at, &name, &member)) {
        json_key(&walk->w, name);
        write_value(walk, member);
    }
    json_object_end(&walk->w);
}

bool erase_answer(struct str body, struct str subject, struct arena *arena,
                  struct buf *out, bool *found, struct err *err)
{
    struct err ignored = ERR_NONE;
    struct json *root = NULL;
    struct buf text = BUF_EMPTY;
    struct walk walk = {subject, arena, json_writer(&text), false, true, err};

    *found = false;
    if (memmem(body.data, body.len, subject.data, subject.len) == NULL ||
        !json_read(body, &root, &ignored)) {
        return true;
    }
    write_value(&walk, root);
    json_free(root);
    if (walk.ok && walk.found) {
        buf_add(out, buf_str(&text));
        *found = true;
    }
    buf_free(&text);
    return walk.ok;
}
