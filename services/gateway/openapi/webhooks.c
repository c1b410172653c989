/* "webhooks" of the document: what is posted to those who subscribed. */
#include "gateway/openapi/parts.h"

#include "gateway/openapi/words.h"
#include "store/event.h"

static void write_webhook_headers(struct json_writer *w)
{
    part_array(w, "parameters");
    for (size_t i = 0; i < webhook_header_count; i++) {
        const struct webhook_header *row = &webhook_headers[i];

        json_object_begin(w);
        part_text(w, "name", row->name);
        part_text(w, "in", "header");
        part_text(w, "description", row->help);
        json_key(w, STR("required"));
        json_add_bool(w, row->required);
        json_key(w, STR("schema"));
        json_add_raw(w, str_of(row->schema));
        json_object_end(w);
    }
    json_array_end(w);
}

static void write_event_body(const struct event_type_row *type,
                             const struct examples *e, struct json_writer *w)
{
    part_object(w, "requestBody");
    json_key(w, STR("required"));
    json_add_bool(w, true);
    part_object(w, "content");
    part_object(w, "application/json");
    part_object(w, "schema");
    part_array(w, "allOf");
    part_ref(w, "schemas", STR("Event"));
    json_object_begin(w);
    part_object(w, "properties");
    part_object(w, "type");
    part_text(w, "const", type->name);
    json_object_end(w);
    json_object_end(w);
    json_object_end(w);
    json_array_end(w);
    json_object_end(w);
    part_example(examples_of(e, "events", type->name), w);
    json_object_end(w);
    json_object_end(w);
    json_object_end(w);
}

/* "on_visitor_checked_in" */
static void write_event_name(const struct event_type_row *type,
                             struct json_writer *w)
{
    struct buf name = BUF_EMPTY;

    BUF_ADD(&name, "on_");
    for (const char *c = type->name; *c != '\0'; c++) {
        buf_add_char(&name, *c == '.' ? '_' : *c);
    }
    part_text(w, "operationId", buf_cstr(&name));
    buf_free(&name);
}

static void write_webhook(const struct event_type_row *type,
                          const struct examples *e, struct json_writer *w)
{
    part_object(w, type->name);
    part_object(w, "post");
    write_event_name(type, w);
    part_text(w, "summary", type->help);
    part_text(
        w, "description",
        "Posted to every enabled webhook that asked for this type. Verify "
        "a signature over the raw body, keep the event, answer 2xx "
        "within 15 seconds; anything else is tried again.");
    part_array(w, "tags");
    json_add_text(w, STR("Webhooks"));
    json_array_end(w);
    part_array(w, "security");
    json_array_end(w);
    write_webhook_headers(w);
    write_event_body(type, e, w);
    part_object(w, "responses");
    part_object(w, "2XX");
    part_text(w, "description", "Received: it is not sent again.");
    json_object_end(w);
    part_object(w, "4XX");
    part_text(w, "description",
              "Not received: it is tried again. 410 disables the webhook.");
    json_object_end(w);
    json_object_end(w);
    json_object_end(w);
    json_object_end(w);
}

void parts_write_webhooks(const struct examples *e, struct json_writer *w)
{
    part_object(w, "webhooks");
    for (size_t i = 0; i < EVENT_TYPE_COUNT; i++) {
        write_webhook(&event_types[i], e, w);
    }
    json_object_end(w);
}
