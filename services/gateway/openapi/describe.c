/* What follows from an operation's row. */
#include "gateway/openapi/describe.h"

#include "store/key.h"

#include <assert.h>
#include <stdio.h>

/* In the order of the page. The last takes what no other does. */
const struct group groups[] = {
    {"visitors", "Visitors", "People who are expected, on site, or have been."},
    {"locations", "Locations", "The sites that people visit."},
    {"contractors", "Contractors",
     "Companies' workers who are approved before they work."},
    {"evacuations", "Evacuations",
     "Everybody leaves: who was on site, who is accounted for."},
    {"events", "Events",
     "The log of all that happened: to poll, or to catch up after an outage."},
    {"webhooks", "Webhooks",
     "Where events are posted to, and what became of each delivery."},
    {"rate-limit", "Rate limit", "What is left of the key's limit."},
    {"docs", "Documentation", "This API, described; no key is needed."},
};
const size_t group_count = COUNT_OF(groups);

#define API "/api/v1/"

/* The collections of the paths, and what their ids are. */
static const struct {
    const char *segment;
    const char *type; /* The message's short name. */
    enum id_kind kind;
} collections[] = {
    {"visitors", "Visitor", ID_VISITOR},
    {"locations", "Location", ID_LOCATION},
    {"contractors", "Contractor", ID_CONTRACTOR},
    {"evacuations", "Evacuation", ID_EVACUATION},
    {"events", "Event", ID_EVENT},
    {"webhooks", "Webhook", ID_WEBHOOK},
    {"deliveries", "Delivery", ID_DELIVERY},
    {"replays", "Replay", ID_REPLAY},
};

const struct group *describe_group(const struct operation *op)
{
    struct str path = str_of(op->pattern);

    for (size_t i = 0; i < group_count; i++) {
        char start[64];
        int len = snprintf(start, sizeof start, API "%s", groups[i].segment);
        struct str want = {start, (size_t)len};

        if (str_starts(path, want) &&
            (path.len == want.len || path.data[want.len] == '/')) {
            return &groups[i];
        }
    }
    return &groups[group_count - 1];
}

unsigned describe_status(const struct operation *op)
{
    return op->status != 0 ? op->status : HTTP_OK;
}

const char *describe_method(const struct operation *op)
{
    static const char *const words[] = {
        [WEB_GET] = "GET",         [WEB_HEAD] = "HEAD",
        [WEB_POST] = "POST",       [WEB_PUT] = "PUT",
        [WEB_PATCH] = "PATCH",     [WEB_DELETE] = "DELETE",
        [WEB_OPTIONS] = "OPTIONS", [WEB_OTHER] = "OTHER",
    };

    return words[op->method];
}

const char *describe_scope(const struct operation *op)
{
    for (size_t i = 0; i < KEY_SCOPE_COUNT; i++) {
        if (op->scope == 1U << i) {
            return key_scope_words[i];
        }
    }
    return NULL;
}

static enum id_kind kind_of_segment(struct str segment)
{
    for (size_t i = 0; i < COUNT_OF(collections); i++) {
        if (str_eq(segment, str_of(collections[i].segment))) {
            return collections[i].kind;
        }
    }
    return ID_KIND_COUNT;
}

size_t describe_path(const struct operation *op,
                     struct path_value values[ROUTE_VALUES_MAX])
{
    struct str rest = str_of(op->pattern);
    struct str before = STR_NONE;
    struct str segment = STR_NONE;
    size_t count = 0;

    while (str_split(&rest, '/', &segment)) {
        if (segment.len > 2 && segment.data[0] == '{') {
            assert(count < ROUTE_VALUES_MAX);
            values[count++] = (struct path_value){
                {segment.data + 1, segment.len - 2}, kind_of_segment(before)};
        }
        before = segment;
    }
    return count;
}

enum id_kind describe_kind(const ProtobufCMessageDescriptor *type)
{
    for (size_t i = 0; type != NULL && i < COUNT_OF(collections); i++) {
        if (strcmp(type->short_name, collections[i].type) == 0) {
            return collections[i].kind;
        }
    }
    return ID_KIND_COUNT;
}

static bool has_cursor(const struct operation *op)
{
    for (size_t i = 0; op->params != NULL && i < op->params->count; i++) {
        if (strcmp(op->params->rows[i].name, "cursor") == 0) {
            return true;
        }
    }
    return false;
}

static bool is_always(const struct operation *op)
{
    (void)op;
    return true;
}

static bool has_parameters(const struct operation *op)
{
    return (op->flags & OP_HTML) == 0;
}

static bool is_scoped(const struct operation *op)
{
    return op->scope != 0;
}

static bool has_path(const struct operation *op)
{
    struct path_value values[ROUTE_VALUES_MAX];

    return describe_path(op, values) > 0;
}

static bool takes_token(const struct operation *op)
{
    return describe_is_keyed(op) && op->method == WEB_POST;
}

static bool has_body(const struct operation *op)
{
    return (op->flags & OP_BODY) != 0;
}

static bool has_if_match(const struct operation *op)
{
    return (op->flags & OP_IF_MATCH) != 0;
}

static bool is_counted(const struct operation *op)
{
    return (op->flags & (OP_OPEN | OP_UNCOUNTED)) == 0;
}

static bool is_shed(const struct operation *op)
{
    return (op->scope & (SCOPE_EVACUATIONS_READ | SCOPE_EVACUATIONS_WRITE)) ==
           0;
}

/* What the pipeline and the listener answer in front of any handler. */
static const struct {
    enum problem problem;
    bool (*applies)(const struct operation *op);
} common[] = {
    {PROBLEM_MALFORMED_REQUEST, is_always},
    {PROBLEM_INVALID_PARAMETER, has_parameters},
    {PROBLEM_INVALID_CURSOR, has_cursor},
    {PROBLEM_KEY_MISSING, describe_is_keyed},
    {PROBLEM_KEY_MALFORMED, describe_is_keyed},
    {PROBLEM_KEY_INVALID, describe_is_keyed},
    {PROBLEM_SCOPE_MISSING, is_scoped},
    {PROBLEM_HTTPS_REQUIRED, is_always},
    {PROBLEM_NOT_FOUND, has_path},
    {PROBLEM_NOT_ACCEPTABLE, has_parameters},
    {PROBLEM_TIMEOUT, is_always},
    {PROBLEM_PRECONDITION_FAILED, has_if_match},
    {PROBLEM_BODY_TOO_LARGE, is_always},
    {PROBLEM_MEDIA_TYPE, has_body},
    {PROBLEM_VALIDATION_FAILED, has_body},
    {PROBLEM_IDEMPOTENCY_IN_PROGRESS, takes_token},
    {PROBLEM_IDEMPOTENCY_MISMATCH, takes_token},
    {PROBLEM_RATE_LIMITED, is_counted},
    {PROBLEM_UNKNOWN_KEYS, describe_is_keyed},
    {PROBLEM_HEADERS_TOO_LARGE, is_always},
    {PROBLEM_INTERNAL, is_always},
    {PROBLEM_ENCODING, is_always},
    {PROBLEM_UNAVAILABLE, describe_is_keyed},
    {PROBLEM_OVERLOADED, is_shed},
    {PROBLEM_VERSION, is_always},
};

bool describe_may_answer(const struct operation *op, enum problem p)
{
    for (size_t i = 0; i < OPERATION_PROBLEMS_MAX; i++) {
        if (op->problems[i] == p && p != PROBLEM_NONE) {
            return true;
        }
    }
    for (size_t i = 0; i < COUNT_OF(common); i++) {
        if (common[i].problem == p) {
            return common[i].applies(op);
        }
    }
    return false;
}

void describe_camel(const char *name, const char *more, struct buf *out)
{
    bool is_first = true;

    for (; *name != '\0'; name++) {
        if (*name == '_') {
            is_first = true;
            continue;
        }
        buf_add_char(out, is_first && *name >= 'a' && *name <= 'z'
                              ? (char)(*name - 'a' + 'A')
                              : *name);
        is_first = false;
    }
    buf_add(out, str_of(more));
}
