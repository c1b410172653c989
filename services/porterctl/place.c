/* porterctl location create, porterctl contractor create */
#include "porterctl/ctl.h"

#include "base/clock.h"
#include "message/message.h"
#include "store/contractor.h"
#include "store/location.h"

#include <stdio.h>

#define CAPACITY_MAX 1000000
#define LOCATIONS_MAX 100

/* Set a text field of m from an option that may be missing. */
static void take(struct ctl *ctl, ProtobufCMessage *m, const char *path,
                 const char *option)
{
    struct str value = words_value(&ctl->words, option);

    if (value.data != NULL) {
        message_set_text(message_find(m, str_of(path), ctl->arena), value,
                         ctl->arena);
    }
}

static void set_id(struct ctl *ctl, ProtobufCMessage *m, enum id_kind kind)
{
    message_set_text(message_find(m, STR("id"), ctl->arena),
                     ctl_id_text(ctl, kind, id_new()), ctl->arena);
}

static void set_times(struct ctl *ctl, ProtobufCMessage *m)
{
    int64_t now_us = clock_wall_us();

    message_set_time(message_find(m, STR("created_at"), ctl->arena), now_us,
                     ctl->arena);
    message_set_time(message_find(m, STR("updated_at"), ctl->arena), now_us,
                     ctl->arena);
}

/* The API's own form of the thing. */
static void show(struct ctl *ctl, const ProtobufCMessage *m, struct str id)
{
    struct buf json = BUF_EMPTY;
    struct json_writer w = json_writer(&json);

    message_write_json(m, &w);
    if (ctl->words.is_json) {
        (void)printf("%s\n", buf_cstr(&json));
    } else {
        const struct field field = F_TEXT("id", id);

        output_one(false, &field, 1);
    }
    buf_free(&json);
}

bool location_create(struct ctl *ctl, struct err *err)
{
    ProtobufCMessage *m =
        message_new(&porter__v1__location__descriptor, ctl->arena);
    Porter__V1__Location *location = (Porter__V1__Location *)(void *)m;
    struct id org_id = {{0}};
    uint64_t capacity = 0;

    if (!ctl_number(ctl, "capacity", 1, CAPACITY_MAX, 0, &capacity, err) ||
        !ctl_org(ctl, &org_id, err)) {
        return false;
    }
    set_id(ctl, m, ID_LOCATION);
    set_times(ctl, m);
    take(ctl, m, "name", "name");
    take(ctl, m, "timezone", "timezone");
    take(ctl, m, "address.line1", "line1");
    take(ctl, m, "address.city", "city");
    take(ctl, m, "address.postal_code", "postal-code");
    take(ctl, m, "address.country", "country");
    if (capacity > 0) {
        message_set_int(message_find(m, STR("capacity"), ctl->arena),
                        (int64_t)capacity);
    }
    if (!location_insert(ctl->db, org_id, location, err)) {
        return false;
    }
    show(ctl, m, str_of(location->id));
    return true;
}

/* "loc_…,loc_…": all must be the organization's. */
static bool read_locations(struct ctl *ctl, struct id org_id,
                           ProtobufCMessage *m, struct err *err)
{
    struct str rest = words_value(&ctl->words, "location");
    struct str text = STR_NONE;
    struct buf json = BUF_EMPTY;
    struct json_writer w = json_writer(&json);
    bool ok = true;

    json_array_begin(&w);
    for (int i = 0; ok && i < LOCATIONS_MAX && str_split(&rest, ',', &text);
         i++) {
        Porter__V1__Location *found = NULL;
        struct id id = {{0}};

        ok = ctl_id(ID_LOCATION, text, "location", &id, err) &&
             location_find(ctl->db, org_id, id, ctl->arena, &found, err);
        json_add_text(&w, text);
    }
    json_array_end(&w);
    ok =
        ok && message_set_json(message_find(m, STR("location_ids"), ctl->arena),
                               buf_str(&json), ctl->arena, err);
    buf_free(&json);
    return ok;
}

bool contractor_create(struct ctl *ctl, struct err *err)
{
    ProtobufCMessage *m =
        message_new(&porter__v1__contractor__descriptor, ctl->arena);
    Porter__V1__Contractor *contractor = (Porter__V1__Contractor *)(void *)m;
    struct id org_id = {{0}};

    if (!ctl_org(ctl, &org_id, err) || !read_locations(ctl, org_id, m, err)) {
        return false;
    }
    set_id(ctl, m, ID_CONTRACTOR);
    set_times(ctl, m);
    message_set_enum(message_find(m, STR("status"), ctl->arena),
                     STR("pending"));
    take(ctl, m, "company", "company");
    take(ctl, m, "contact.name", "contact-name");
    take(ctl, m, "contact.email", "contact-email");
    take(ctl, m, "contact.phone", "contact-phone");
    take(ctl, m, "trade", "trade");
    if (!contractor_insert(ctl->db, org_id, contractor, err)) {
        return false;
    }
    show(ctl, m, str_of(contractor->id));
    return true;
}
