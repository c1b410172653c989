/* API keys: list, show, create, rotate, revoke.
 *
 * A key's text is in the one answer that makes it, and nowhere else. Making one
 * needs a confirmation; revoking does not, because it must be quick. */
#include "gateway/dashboard/keys.h"

#include "base/clock.h"
#include "gateway/calls.h"
#include "gateway/dashboard/body.h"
#include "gateway/dashboard/dashboard.h"
#include "gateway/dashboard/role.h"
#include "gateway/list.h"
#include "store/dashboard.h"
#include "store/keycache.h"

#define RATE_LIMIT 100
#define OVERLAP_S 86400
#define OVERLAP_MAX_S 604800
#define ADDRESSES_MAX 20

static handler_fn list_keys, show_key, create_key, rotate_key, revoke_key;

/* clang-format off */
static const struct param_table params;
static const struct rule_table *create_rules(void);
static const struct rule_table *rotate_rules(void);

static const struct operation operations[] = {
    {WEB_GET, "/dashboard/api/keys", RIGHT_KEYS, 0, list_keys,
     "list_keys", "List API keys and how often each was used", .params = &params, .status = HTTP_OK},
    {WEB_POST, "/dashboard/api/keys", RIGHT_KEYS, OP_BODY | OP_CONFIRMED, create_key,
     "create_key", "Create an API key; it is shown this once",
     .rules = create_rules, .status = HTTP_CREATED},
    {WEB_GET, "/dashboard/api/keys/{id}", RIGHT_KEYS, 0, show_key,
     "show_key", "Show one API key and where it is used from", .status = HTTP_OK},
    {WEB_POST, "/dashboard/api/keys/{id}/rotate", RIGHT_KEYS,
     OP_BODY | OP_BODY_OPTIONAL | OP_CONFIRMED | OP_DIRECT, rotate_key,
     "rotate_key", "Make a key in the place of one; it is shown this once",
     .rules = rotate_rules, .status = HTTP_CREATED, .problems = {PROBLEM_CONFLICT}},
    {WEB_DELETE, "/dashboard/api/keys/{id}", RIGHT_KEYS, OP_DIRECT, revoke_key,
     "revoke_key", "Revoke an API key: once this answers, nobody admits it", .status = HTTP_NO_CONTENT},
};
const struct operation_table key_operations = OPERATIONS(operations);

static const struct param_row param_rows[] = {LIST_PARAM_ROWS};
static const struct param_table params = {param_rows, COUNT_OF(param_rows)};

static const struct rule create_rows[] = {
    {.path = "name", .format = RULE_LINE, .required = true, .min = 1, .max = PERSON_NAME_MAX},
    {.path = "scopes", .format = RULE_WORD, .min = 1, .max = KEY_SCOPE_COUNT, .words = key_scope_words},
    {.path = "expires_at", .format = RULE_TIME, .min = 60, .max = 315360000},
};
static const struct rule rotate_rows[] = {
    {.path = "overlap_seconds", .format = RULE_PLAIN, .min = 0, .max = OVERLAP_MAX_S},
};
/* clang-format on */

static const struct rule_table *create_rules(void)
{
    static const struct rule_table table = {&porter__v1__key_input__descriptor,
                                            create_rows, COUNT_OF(create_rows)};

    return &table;
}

static const struct rule_table *rotate_rules(void)
{
    static const struct rule_table table = {
        &porter__v1__key_rotation__descriptor, rotate_rows,
        COUNT_OF(rotate_rows)};

    return &table;
}

/* --- showing ------------------------------------------------------------- */

static void write_scopes(struct json_writer *w, unsigned scopes)
{
    body_array(w, "scopes");
    for (unsigned i = 0; i < KEY_SCOPE_COUNT; i++) {
        if ((scopes & (1U << i)) != 0) {
            json_add_text(w, str_of(key_scope_words[i]));
        }
    }
    json_array_end(w);
}

struct hours {
    int64_t first_us; /* Of the oldest of 24. */
    const struct key_hour *list;
    size_t count;
};

/* The last number is the hour that has not ended. */
static void write_calls(struct json_writer *w, const struct hours *hours,
                        struct id key_id)
{
    int64_t calls[DAY_HOURS] = {0};
    int64_t sum = 0;

    for (size_t i = 0; i < hours->count; i++) {
        const struct key_hour *h = &hours->list[i];
        int64_t at = (h->hour_us - hours->first_us) / US_PER_HOUR;

        if (id_eq(h->key_id, key_id) && at >= 0 && at < DAY_HOURS) {
            calls[at] += h->calls;
            sum += h->calls;
        }
    }
    body_int(w, "calls_24h", sum);
    body_array(w, "calls");
    for (size_t i = 0; i < DAY_HOURS; i++) {
        json_add_int(w, calls[i]);
    }
    json_array_end(w);
}

static void write_key(struct json_writer *w, const struct key_row *key,
                      const struct hours *hours)
{
    body_id(w, "id", ID_KEY, key->id);
    body_text(w, "name", key->name);
    body_text(w, "hint", key->hint);
    write_scopes(w, key->scopes);
    body_int(w, "rate_limit", key->rate_limit);
    body_time(w, "created_at", key->created_at_us);
    body_text_or_null(w, "created_by", key->created_by);
    body_text_or_null(w, "created_by_name", key->maker);
    body_time(w, "last_used_at", key->last_used_at_us);
    body_time(w, "expires_at", key->expires_at_us);
    body_time(w, "revoked_at", key->revoked_at_us);
    if (id_is_zero(key->rotated_to)) {
        body_text_or_null(w, "rotated_to", STR_NONE);
    } else {
        body_id(w, "rotated_to", ID_KEY, key->rotated_to);
    }
    write_calls(w, hours, key->id);
}

static bool read_hours(struct call *call, struct id key_id, struct hours *out,
                       struct err *err)
{
    struct key_hour *list = NULL;

    out->first_us = day_begin_us(call->now_us);
    if (!key_hours_of(call->db, call_org(call), key_id, out->first_us,
                      call->arena, &list, &out->count, err)) {
        return false;
    }
    out->list = list;
    return true;
}

static bool list_keys(struct call *call, struct err *err)
{
    struct list_end end = {.total = LIST_NO_TOTAL};
    struct key_row *keys = NULL;
    struct hours hours = {0};
    struct json_writer w;
    struct list list;
    size_t count = 0;

    if (!list_read(call, "keys", &params, &list, err) ||
        !key_list(call->db, call_org(call), list.after.id, list.limit + 1,
                  call->arena, &keys, &count, err) ||
        !read_hours(call, (struct id){{0}}, &hours, err)) {
        return false;
    }
    if (list_has_more(&list, &count, &end)) {
        end.last.id = keys[count - 1].id;
    }
    w = list_begin(call, &list);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(&w);
        write_key(&w, &keys[i], &hours);
        json_object_end(&w);
    }
    list_finish(call, &list, &w, &end);
    return true;
}

bool keys_find(struct call *call, struct key_row *out, struct err *err)
{
    struct id id = {{0}};

    return call_path_id(call, ID_KEY, &id, err) &&
           key_show(call->db, call_org(call), id, call->arena, out, err);
}

/* --- from where ---------------------------------------------------------- */

struct place {
    struct str address;
    struct str last_seen_at;
    int64_t calls;
};

static void add_place(struct arena *arena, const struct json *call_row,
                      struct place places[ADDRESSES_MAX], size_t *count)
{
    const struct json *address = json_find(call_row, "address");
    const struct json *at = json_find(call_row, "at");

    if (address == NULL || at == NULL) {
        return;
    }
    for (size_t i = 0; i < *count; i++) {
        if (str_eq(places[i].address, json_text(address))) {
            places[i].calls++;
            return;
        }
    }
    if (*count < ADDRESSES_MAX) {
        places[(*count)++] =
            (struct place){arena_str(arena, json_text(address)),
                           arena_str(arena, json_text(at)), 1};
    }
}

/* Of the calls that are kept. Without Redis: nothing is known. */
static void write_places(struct call *call, struct json_writer *w,
                         struct id key_id)
{
    struct place places[ADDRESSES_MAX];
    struct err ignored = ERR_NONE;
    struct call_kept *calls = NULL;
    size_t call_count = 0;
    size_t count = 0;

    (void)!calls_read(call->gateway->kv, call_org(call), key_id, call->arena,
                      &calls, &call_count, &ignored);
    for (size_t i = 0; i < call_count; i++) {
        struct json *row = NULL;

        if (json_read(calls[i].json, &row, &ignored)) {
            add_place(call->arena, row, places, &count);
            json_free(row);
        }
    }
    body_array(w, "addresses");
    for (size_t i = 0; i < count; i++) {
        json_object_begin(w);
        body_text(w, "address", places[i].address);
        body_text(w, "last_seen_at", places[i].last_seen_at);
        body_int(w, "calls", places[i].calls);
        json_object_end(w);
    }
    json_array_end(w);
}

static bool show_key(struct call *call, struct err *err)
{
    struct key_row key = {0};
    struct hours hours = {0};
    struct json_writer w;

    if (!call_no_params(call, err) || !keys_find(call, &key, err) ||
        !read_hours(call, key.id, &hours, err)) {
        return false;
    }
    w = body_begin(call, HTTP_OK);
    write_key(&w, &key, &hours);
    write_places(call, &w, key.id);
    json_object_end(&w);
    return true;
}

/* --- making and ending --------------------------------------------------- */

/* The key with its text, this once. */
static bool answer_new(struct call *call, struct id id, struct key_text *text,
                       struct err *err)
{
    struct key_row key = {0};
    struct hours hours = {0};
    struct json_writer w;

    if (!key_show(call->db, call_org(call), id, call->arena, &key, err)) {
        return false;
    }
    w = body_begin(call, HTTP_CREATED);
    write_key(&w, &key, &hours);
    body_text(&w, "key", str_of(text->data));
    json_object_end(&w);
    crypt_wipe(text, sizeof *text);
    return true;
}

static unsigned scopes_of(const Porter__V1__KeyInput *in)
{
    unsigned scopes = 0;

    for (size_t k = 0; k < in->n_scopes; k++) {
        for (unsigned i = 0; i < KEY_SCOPE_COUNT; i++) {
            if (str_eq(str_of(in->scopes[k]), str_of(key_scope_words[i]))) {
                scopes |= 1U << i;
            }
        }
    }
    return scopes == 0 ? SCOPE_ALL : scopes;
}

static bool create_key(struct call *call, struct err *err)
{
    const Porter__V1__KeyInput *in = NULL;
    ProtobufCMessage *message = NULL;
    struct key_input row = {.org_id = call_org(call),
                            .rate_limit = RATE_LIMIT,
                            .created_by = call->person->user_id,
                            .by = call_author(call)};
    struct key_text text;
    struct id id = {{0}};

    if (!call_no_params(call, err) || !call_input(call, &message, err)) {
        return false;
    }
    in = (const void *)message;
    row.name = str_of(in->name);
    row.scopes = scopes_of(in);
    row.expires_at_us = call_time_us(in->expires_at);
    return key_insert(call->db, &row, &text, &id, err) &&
           answer_new(call, id, &text, err);
}

static bool read_overlap(struct call *call, int64_t *overlap_s, struct err *err)
{
    const Porter__V1__KeyRotation *in = NULL;
    ProtobufCMessage *message = NULL;

    if (!call_input(call, &message, err)) {
        return false;
    }
    in = (const void *)message;
    *overlap_s =
        in->overlap_seconds == NULL ? OVERLAP_S : in->overlap_seconds->value;
    if (*overlap_s != 0 && *overlap_s * MS_PER_S < KEY_OVERLAP_MIN_MS) {
        (void)fault_add(call_faults(call), STR("overlap_seconds"),
                        FAULT_OUT_OF_RANGE,
                        "must be 0, which revokes the key at once, or at "
                        "least %lld",
                        (long long)KEY_OVERLAP_MIN_MS / MS_PER_S);
        return call_refuse_faults(call, PROBLEM_VALIDATION_FAILED, err);
    }
    return true;
}

static bool rotate_key(struct call *call, struct err *err)
{
    const struct author by = call_author(call);
    struct key_rotation made;
    int64_t overlap_s = 0;
    struct id id = {{0}};

    if (!call_no_params(call, err) || !call_path_id(call, ID_KEY, &id, err) ||
        !read_overlap(call, &overlap_s, err) ||
        !key_rotate(call->db, call_org(call), id, call->now_us,
                    call->now_us + overlap_s * US_PER_S, &by, call->arena,
                    &made, err)) {
        return false;
    }
    if (overlap_s == 0 &&
        !keycache_revoke(call->db, call->gateway->kv, call_org(call), id,
                         STR("rotated"), &by, err)) {
        return false;
    }
    return answer_new(call, made.id, &made.text, err);
}

static bool revoke_key(struct call *call, struct err *err)
{
    const struct author by = call_author(call);
    struct id id = {{0}};

    if (!call_no_params(call, err) || !call_path_id(call, ID_KEY, &id, err) ||
        !keycache_revoke(call->db, call->gateway->kv, call_org(call), id,
                         STR("revoked in the dashboard"), &by, err)) {
        return false;
    }
    call_answer(call, HTTP_NO_CONTENT, STR_NONE);
    return true;
}
