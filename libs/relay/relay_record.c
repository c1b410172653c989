/* What a fact looks like on Kafka. */
#include "relay/relay_record.h"

#include "base/id.h"
#include "base/rfc3339.h"
#include "bus/dead_letter.h"
#include "store/event.h"

#include <assert.h>
#include <inttypes.h>

#define DATA_SCHEMA "urn:porter:proto:porter.v1.Event"

/* Only headers with a value are set. */
static void header(struct record *r, const char *name, struct str value)
{
    if (value.len == 0) {
        return;
    }
    assert(r->header_count < RECORD_HEADERS_MAX);
    r->headers[r->header_count++] = (struct record_header){str_of(name), value};
}

static struct str time_text(int64_t wall_us, struct arena *arena)
{
    char text[RFC3339_LEN + 1];

    rfc3339_write(wall_us, text);
    return arena_str(arena, str_of(text));
}

/* The record's time is left to the producer: Kafka's retention counts from
 * when a record is there, not from when an outage began (that is ce_time). */
void relay_record(const struct outbox_row *row, struct arena *arena,
                  struct record *out)
{
    struct id_text org = id_text(ID_ORGANIZATION, row->org_id);
    struct id_text id = id_text(ID_EVENT, row->id);
    struct str org_text = arena_str(arena, str_of(org.data));

    out->topic =
        arena_printf(arena, "porter.%.*s.v1", STR_ARGS(row->aggregate));
    out->key = row->subject;
    out->value = row->payload;
    out->at_ms = 0;
    out->header_count = 0;
    header(out, "ce_specversion", STR("1.0"));
    header(out, "ce_id", arena_str(arena, str_of(id.data)));
    header(out, "ce_source",
           arena_printf(arena, "/organizations/%s", org.data));
    header(out, "ce_type", row->type);
    header(out, "ce_subject", row->subject);
    header(out, "ce_time", time_text(row->created_at_us, arena));
    header(out, "ce_dataschema", STR(DATA_SCHEMA));
    header(out, "content-type", STR("application/protobuf"));
    header(out, "traceparent", row->traceparent);
    header(out, "porter_request_id", row->request_id);
    header(out, "porter_org", org_text);
    header(out, "porter_webhooks_version",
           arena_printf(arena, "%" PRId64, row->webhooks_version));
    header(out, RECORD_AGAIN, row->is_again ? STR("1") : STR_NONE);
}

void relay_dead_letter(const struct record *refused, struct str reason,
                       struct arena *arena, struct record *out)
{
    *out = *refused;
    out->topic = str_of(event_dead_letters_topic);
    out->value.len =
        MIN_OF(refused->value.len, (size_t)RELAY_DEAD_LETTER_BYTES);
    out->header_count = 0;
    header(out, DEAD_TOPIC, refused->topic);
    header(out, DEAD_REASON, arena_str(arena, reason));
    if (out->value.len < refused->value.len) {
        header(out, DEAD_LEFT_OUT,
               arena_printf(arena, "all but the first %zu of %zu bytes",
                            out->value.len, refused->value.len));
    }
    for (size_t i = 0; i < refused->header_count; i++) {
        header(out, refused->headers[i].name.data, refused->headers[i].value);
    }
}
