/* A body against rules of every format: either a message that can be packed,
 * or at least one fault that is worded and shown in UTF-8. */
#include "message/rules.h"

#include "porter/v1/contractor.pb-c.h"
#include "porter/v1/location.pb-c.h"
#include "porter/v1/visitor.pb-c.h"
#include "porter/v1/webhook.pb-c.h"

#include <assert.h>

#define ARENA_BYTES 4096
#define NOW_US 1772359800000000LL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct rule visitor_rows[] = {
    {"full_name", RULE_LINE, true, 1, 20, 0, NULL},
    {"email", RULE_EMAIL, false, 0, 254, 0, NULL},
    {"phone", RULE_PHONE, false, 0, 0, 0, NULL},
    {"host", RULE_PLAIN, false, 0, 0, 0, NULL},
    {"host.name", RULE_LINE, false, 0, 10, 0, NULL},
    {"host.email", RULE_EMAIL, true, 0, 0, 0, NULL},
    {"location_id", RULE_ID, true, 0, 0, ID_LOCATION, NULL},
    {"notes", RULE_PLAIN, false, 2, 30, 0, NULL},
    {"expected_at", RULE_TIME, false, -60, 86400, 0, NULL},
    {"metadata", RULE_MAP, false, 0, 3, 0, NULL},
    {"status", RULE_PLAIN, false, 0, 0, 0, NULL},
};
static const struct rule location_rows[] = {
    {"name", RULE_LINE, true, 1, 20, 0, NULL},
    {"capacity", RULE_PLAIN, false, 1, 100, 0, NULL},
    {"on_site_count", RULE_PLAIN, true, 0, 5, 0, NULL},
    {"address.country", RULE_COUNTRY, false, 0, 0, 0, NULL},
};
static const struct rule contractor_rows[] = {
    {"company", RULE_LINE, true, 1, 20, 0, NULL},
    {"location_ids", RULE_ID, true, 1, 3, ID_LOCATION, NULL},
};
static const struct rule webhook_rows[] = {
    {"url", RULE_ENDPOINT, true, 1, 2048, 0, NULL},
    {"events", RULE_LINE, true, 1, 4, 0, NULL},
    {"ordering", RULE_PLAIN, false, 0, 0, 0, NULL},
};
static const char *const words[] = {"*", "visitor.checked_in", NULL};
static const struct rule endpoint_rows[] = {
    {"url", RULE_ENDPOINT, true, 1, 2048, 0, NULL},
    {"events", RULE_WORD, true, 1, 4, 0, words},
    {"description", RULE_WORD, false, 1, 20, 0, words},
    {"headers", RULE_HEADERS, false, 0, 2, 0, NULL},
};
static const struct rule_table tables[] = {
    {&porter__v1__visitor__descriptor, visitor_rows, COUNT_OF(visitor_rows)},
    {&porter__v1__location__descriptor, location_rows, COUNT_OF(location_rows)},
    {&porter__v1__contractor__descriptor, contractor_rows,
     COUNT_OF(contractor_rows)},
    {&porter__v1__webhook__descriptor, webhook_rows, COUNT_OF(webhook_rows)},
    {&porter__v1__webhook__descriptor, endpoint_rows, COUNT_OF(endpoint_rows)},
};

static void faults_are_told(const struct faults *faults)
{
    size_t kept = MIN_OF(faults->count, (size_t)FAULTS_MAX);

    assert(kept > 0);
    for (size_t i = 0; i < kept; i++) {
        assert(faults->list[i].code < FAULT_CODE_COUNT);
        assert(faults->list[i].detail.len > 0);
        assert(str_is_utf8(faults->list[i].field));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct rule_table *table = NULL;
    struct arena *arena = NULL;
    struct faults *faults = NULL;
    struct err err = ERR_NONE;
    struct json *root = NULL;
    ProtobufCMessage *m = NULL;
    struct buf bytes = BUF_EMPTY;

    if (size == 0) {
        return 0;
    }
    table = &tables[data[0] % COUNT_OF(tables)];
    if (!rules_check(table, &err)) {
        assert(false);
    }
    if (!json_read((struct str){(const char *)data + 1, size - 1}, &root,
                   &err)) {
        return 0;
    }
    arena = arena_new(ARENA_BYTES);
    faults = arena_take(arena, sizeof *faults);
    faults_init(faults, arena);
    if (!rules_read(table, root, NOW_US, arena, faults, &m)) {
        assert(m == NULL);
        faults_are_told(faults);
    } else {
        assert(faults->count == 0 && m != NULL);
        message_pack(m, &bytes);
    }
    buf_free(&bytes);
    json_free(root);
    arena_free(arena);
    return 0;
}
