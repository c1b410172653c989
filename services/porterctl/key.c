/* porterctl key create | list | revoke */
#include "porterctl/ctl.h"

#include "store/key.h"
#include "store/keycache.h"

#include <stdio.h>

#define RATE_LIMIT 100
#define RATE_LIMIT_MAX 100000

static bool read_scopes(struct str text, unsigned *out, struct err *err)
{
    struct str word = STR_NONE;
    unsigned scopes = 0;

    if (text.data == NULL || str_eq(text, STR("*"))) {
        *out = SCOPE_ALL;
        return true;
    }
    while (str_split(&text, ',', &word)) {
        unsigned i = 0;

        while (i < KEY_SCOPE_COUNT &&
               !str_eq(word, str_of(key_scope_words[i]))) {
            i++;
        }
        if (i == KEY_SCOPE_COUNT) {
            return err_set(err, ERR_INVALID,
                           "\"%.*s\" is no scope; there are "
                           "visitors:read|write, locations:read, "
                           "contractors:read|write, evacuations:read|write, "
                           "events:read, webhooks:read|write",
                           STR_ARGS(word));
        }
        scopes |= 1U << i;
    }
    *out = scopes;
    return scopes != 0 ? true
                       : err_set(err, ERR_INVALID, "--scopes names none");
}

/* A JSON array, for people as well: it is short. */
static struct str scopes_text(struct ctl *ctl, unsigned scopes)
{
    struct str text = STR("[");

    for (unsigned i = 0; i < KEY_SCOPE_COUNT; i++) {
        if ((scopes & (1U << i)) != 0) {
            text = arena_printf(ctl->arena, "%.*s%s\"%s\"", STR_ARGS(text),
                                text.len > 1 ? "," : "", key_scope_words[i]);
        }
    }
    return arena_printf(ctl->arena, "%.*s]", STR_ARGS(text));
}

bool key_create(struct ctl *ctl, struct err *err)
{
    struct str name = words_value(&ctl->words, "name");
    struct key_text text;
    struct id org_id = {{0}};
    struct id id = {{0}};
    unsigned scopes = 0;
    uint64_t limit = 0;

    if (!read_scopes(words_value(&ctl->words, "scopes"), &scopes, err) ||
        !ctl_number(ctl, "rate-limit", 1, RATE_LIMIT_MAX, RATE_LIMIT, &limit,
                    err) ||
        !ctl_org(ctl, &org_id, err) ||
        !key_insert(ctl->db, org_id, name, scopes, (unsigned)limit,
                    STR(CTL_ACTOR), &text, &id, err)) {
        return false;
    }
    const struct field fields[] = {
        F_TEXT("id", ctl_id_text(ctl, ID_KEY, id)),
        F_TEXT("organization_id", ctl_id_text(ctl, ID_ORGANIZATION, org_id)),
        F_TEXT("name", name),
        F_TEXT("key", str_of(text.data)),
        F_JSON("scopes", scopes_text(ctl, scopes)),
        F_INT("rate_limit", (int64_t)limit),
    };
    output_one(ctl->words.is_json, fields, COUNT_OF(fields));
    if (!ctl->words.is_json) {
        (void)fprintf(stderr, "Keep the key now: it is not shown again.\n");
    }
    crypt_wipe(&text, sizeof text);
    return true;
}

bool key_list_command(struct ctl *ctl, struct err *err)
{
    enum { COLUMNS = 8 };
    struct id org_id = {{0}};
    struct key_row *list = NULL;
    struct field *f = NULL;
    size_t count = 0;

    if (!ctl_org(ctl, &org_id, err) ||
        !key_list(ctl->db, org_id, ctl->arena, &list, &count, err)) {
        return false;
    }
    f = arena_zero(ctl->arena, count * COLUMNS + 1, sizeof(*f));
    for (size_t i = 0; i < count; i++) {
        struct field *row = f + i * COLUMNS;

        row[0] = F_TEXT("id", ctl_id_text(ctl, ID_KEY, list[i].id));
        row[1] = F_TEXT("name", list[i].name);
        row[2] = F_TEXT("hint", list[i].hint);
        row[3] = F_INT("rate_limit", list[i].rate_limit);
        row[4] = F_TIME("created_at", list[i].created_at_us);
        row[5] = F_TIME("last_used_at", list[i].last_used_at_us);
        row[6] = F_TIME("revoked_at", list[i].revoked_at_us);
        row[7] = F_JSON("scopes", scopes_text(ctl, list[i].scopes));
    }
    output_list(ctl->words.is_json, f, COLUMNS, count, "no API keys");
    return true;
}

bool key_revoke_command(struct ctl *ctl, struct err *err)
{
    struct str reason = words_value(&ctl->words, "reason");
    struct id org_id = {{0}};
    struct id id = {{0}};

    if (reason.data == NULL) {
        reason = STR("revoked by an operator");
    }
    if (!ctl_id(ID_KEY, ctl->words.subject, "API key's id", &id, err) ||
        !ctl_org(ctl, &org_id, err) ||
        !keycache_revoke(ctl->db, ctl->kv, org_id, id, reason, STR(CTL_ACTOR),
                         err)) {
        return false;
    }
    const struct field fields[] = {
        F_TEXT("id", ctl->words.subject),
        F_BOOL("revoked", true),
    };
    output_one(ctl->words.is_json, fields, COUNT_OF(fields));
    return true;
}
