/* porterctl location create, porterctl contractor create */
#include "porterctl/input.h"

#include "base/clock.h"
#include "message/message.h"
#include "store/contractor.h"
#include "store/location.h"

#include <stdio.h>

static const struct input_field location_fields[] = {
    {"name", "name", INPUT_TEXT},
    {"timezone", "timezone", INPUT_TEXT},
    {"address.line1", "line1", INPUT_TEXT},
    {"address.city", "city", INPUT_TEXT},
    {"address.postal_code", "postal-code", INPUT_TEXT},
    {"address.country", "country", INPUT_TEXT},
    {"capacity", "capacity", INPUT_NUMBER},
};

static const struct input_field contractor_fields[] = {
    {"company", "company", INPUT_TEXT},
    {"contact.name", "contact-name", INPUT_TEXT},
    {"contact.email", "contact-email", INPUT_TEXT},
    {"contact.phone", "contact-phone", INPUT_TEXT},
    {"trade", "trade", INPUT_TEXT},
    {"location_ids", "location", INPUT_LIST},
};

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

static struct faults *no_faults(struct ctl *ctl)
{
    struct faults *faults = arena_zero(ctl->arena, 1, sizeof(*faults));

    faults_init(faults, ctl->arena);
    return faults;
}

/* What is no short line is left to the rules. */
static bool check_timezone(struct ctl *ctl, struct faults *faults,
                           struct err *err)
{
    struct str zone = words_value(&ctl->words, "timezone");
    bool known = false;

    if (!rules_fits_line(zone, LOCATION_TIMEZONE_MAX)) {
        return true;
    }
    if (!timezone_known(ctl->db, zone, &known, err)) {
        return false;
    }
    if (!known) {
        (void)fault_add(faults, STR("timezone"), FAULT_NOT_FOUND,
                        "\"%.*s\" is no IANA time zone; as Europe/Berlin",
                        STR_ARGS(zone));
    }
    return true;
}

bool location_create(struct ctl *ctl, struct err *err)
{
    const struct input input = {location_rules(), location_fields,
                                COUNT_OF(location_fields)};
    struct faults *faults = no_faults(ctl);
    ProtobufCMessage *m = NULL;
    Porter__V1__Location *location = NULL;
    struct id org_id = {{0}};

    if (!check_timezone(ctl, faults, err) ||
        !input_read(ctl, &input, faults, &m, err) ||
        !ctl_org(ctl, &org_id, err)) {
        return false;
    }
    location = (Porter__V1__Location *)(void *)m;
    set_id(ctl, m, ID_LOCATION);
    set_times(ctl, m);
    if (!location_insert(ctl->db, org_id, location, err)) {
        return false;
    }
    show(ctl, m, str_of(location->id));
    return true;
}

/* All must be the organization's, each once. */
static bool check_locations(struct ctl *ctl, struct id org_id,
                            const Porter__V1__Contractor *c, struct err *err)
{
    struct id ids[CONTRACTOR_LOCATIONS_MAX];

    for (size_t i = 0; i < c->n_location_ids; i++) {
        Porter__V1__Location *found = NULL;

        if (!ctl_id(ID_LOCATION, str_of(c->location_ids[i]), "location",
                    &ids[i], err) ||
            !location_find(ctl->db, org_id, ids[i], ctl->arena, &found, err)) {
            return false;
        }
        for (size_t k = 0; k < i; k++) {
            if (id_eq(ids[k], ids[i])) {
                return err_set(err, ERR_INVALID, "--location names %s twice",
                               c->location_ids[i]);
            }
        }
    }
    return true;
}

bool contractor_create(struct ctl *ctl, struct err *err)
{
    const struct input input = {contractor_rules(), contractor_fields,
                                COUNT_OF(contractor_fields)};
    ProtobufCMessage *m = NULL;
    Porter__V1__Contractor *contractor = NULL;
    struct id org_id = {{0}};

    if (!input_read(ctl, &input, no_faults(ctl), &m, err) ||
        !ctl_org(ctl, &org_id, err)) {
        return false;
    }
    contractor = (Porter__V1__Contractor *)(void *)m;
    if (!check_locations(ctl, org_id, contractor, err)) {
        return false;
    }
    set_id(ctl, m, ID_CONTRACTOR);
    set_times(ctl, m);
    message_set_enum(message_find(m, STR("status"), ctl->arena),
                     STR("pending"));
    if (!contractor_insert(ctl->db, org_id, contractor, err)) {
        return false;
    }
    show(ctl, m, str_of(contractor->id));
    return true;
}
