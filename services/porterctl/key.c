/* porterctl key create | list | revoke | rotate */
#include "porterctl/ctl.h"

#include "base/clock.h"
#include "porterctl/when.h"
#include "store/key.h"
#include "store/keycache.h"
#include "store/organization.h"

#include <stdio.h>

#define RATE_LIMIT 100
#define RATE_LIMIT_MAX 100000
#define OVERLAP "24h"

static const struct author me = CTL_AUTHOR;

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
                       : err_set(err, ERR_INVALID,
                                 "--scopes names none; leave it out for all");
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

/* --by and --expires. */
static bool read_makers(struct ctl *ctl, struct key_input *in, struct err *err)
{
    struct str by = words_value(&ctl->words, "by");
    struct str expires = words_value(&ctl->words, "expires");

    if (expires.data != NULL &&
        !when_read(expires, clock_wall_us(), &in->expires_at_us, err)) {
        return err_wrap(err, "--expires");
    }
    if (by.data == NULL) {
        return true;
    }
    if (!user_find(ctl->db, in->org_id, by, &in->created_by, err)) {
        return false;
    }
    in->by.actor = ctl_id_text(ctl, ID_USER, in->created_by);
    return true;
}

static int64_t time_or_null(int64_t at_us)
{
    return at_us == 0 ? DB_TIME_NULL : at_us;
}

static void keep_it(const struct ctl *ctl)
{
    if (!ctl->words.is_json) {
        (void)fprintf(stderr, "Keep the key now: it is not shown again.\n");
    }
}

bool key_create(struct ctl *ctl, struct err *err)
{
    struct key_input in = {.name = words_value(&ctl->words, "name"),
                           .by = CTL_AUTHOR};
    struct key_text text;
    struct id id = {{0}};
    uint64_t limit = 0;

    if (!read_scopes(words_value(&ctl->words, "scopes"), &in.scopes, err) ||
        !ctl_number(ctl, "rate-limit", 1, RATE_LIMIT_MAX, RATE_LIMIT, &limit,
                    err) ||
        !ctl_org(ctl, &in.org_id, err) || !read_makers(ctl, &in, err)) {
        return false;
    }
    in.rate_limit = (unsigned)limit;
    if (!key_insert(ctl->db, &in, &text, &id, err)) {
        return false;
    }
    const struct field fields[] = {
        F_TEXT("id", ctl_id_text(ctl, ID_KEY, id)),
        F_TEXT("organization_id", ctl_id_text(ctl, ID_ORGANIZATION, in.org_id)),
        F_TEXT("name", in.name),
        F_TEXT("key", str_of(text.data)),
        F_JSON("scopes", scopes_text(ctl, in.scopes)),
        F_INT("rate_limit", (int64_t)limit),
        F_TIME("expires_at", time_or_null(in.expires_at_us)),
        F_TEXT("created_by", in.by.actor),
    };
    output_one(ctl->words.is_json, fields, COUNT_OF(fields));
    keep_it(ctl);
    crypt_wipe(&text, sizeof text);
    return true;
}

static void show_rotation(struct ctl *ctl, const struct key_rotation *made)
{
    const struct field fields[] = {
        F_TEXT("id", ctl_id_text(ctl, ID_KEY, made->id)),
        F_TEXT("name", made->name),
        F_TEXT("key", str_of(made->text.data)),
        F_JSON("scopes", scopes_text(ctl, made->scopes)),
        F_INT("rate_limit", made->rate_limit),
        F_TIME("expires_at", made->expires_at_us),
        F_TEXT("old_id", ctl->words.subject),
        F_TIME("old_ends_at", made->old_ends_at_us),
    };

    output_one(ctl->words.is_json, fields, COUNT_OF(fields));
    keep_it(ctl);
}

/* The old key's end; *at_once: 0 was asked for. */
static bool read_overlap(struct ctl *ctl, int64_t now_us, int64_t *ends_at_us,
                         bool *at_once, struct err *err)
{
    struct str overlap = words_value(&ctl->words, "overlap");

    if (overlap.data == NULL) {
        overlap = STR(OVERLAP);
    }
    *at_once = str_eq(overlap, STR("0"));
    *ends_at_us = now_us;
    if (*at_once) {
        return true;
    }
    if (!when_read(overlap, now_us, ends_at_us, err)) {
        return err_wrap(err, "--overlap");
    }
    if (*ends_at_us - now_us < KEY_OVERLAP_MIN_MS * US_PER_MS) {
        return err_set(err, ERR_INVALID,
                       "--overlap is at least 5m, or 0: the old key is revoked "
                       "at once");
    }
    return true;
}

bool key_rotate_command(struct ctl *ctl, struct err *err)
{
    const int64_t now_us = clock_wall_us();
    struct key_rotation made;
    struct id org_id = {{0}};
    struct id id = {{0}};
    int64_t ends_at_us = 0;
    bool at_once = false;
    bool ok = false;

    if (!ctl_id(ID_KEY, ctl->words.subject, "API key's id", &id, err) ||
        !read_overlap(ctl, now_us, &ends_at_us, &at_once, err) ||
        !ctl_org(ctl, &org_id, err) ||
        !key_rotate(ctl->db, org_id, id, now_us, ends_at_us, &me, ctl->arena,
                    &made, err)) {
        return false;
    }
    /* Shown whatever follows: nobody can ask for it again. */
    show_rotation(ctl, &made);
    ok = !at_once || keycache_revoke(ctl->db, ctl->kv, org_id, id,
                                     STR("rotated"), &me, err);
    crypt_wipe(&made, sizeof made);
    return ok;
}

bool key_list_command(struct ctl *ctl, struct err *err)
{
    enum { COLUMNS = 11 };
    struct id org_id = {{0}};
    struct key_row *list = NULL;
    struct field *f = NULL;
    size_t count = 0;

    if (!ctl_org(ctl, &org_id, err) ||
        !key_list(ctl->db, org_id, (struct id){{0}}, CTL_ALL, ctl->arena, &list,
                  &count, err)) {
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
        row[7] = F_TIME("expires_at", list[i].expires_at_us);
        row[8] = F_TEXT("created_by", list[i].created_by);
        row[9] = F_TEXT("rotated_to",
                        id_is_zero(list[i].rotated_to)
                            ? STR_NONE
                            : ctl_id_text(ctl, ID_KEY, list[i].rotated_to));
        row[10] = F_JSON("scopes", scopes_text(ctl, list[i].scopes));
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
        !keycache_revoke(ctl->db, ctl->kv, org_id, id, reason, &me, err)) {
        return false;
    }
    const struct field fields[] = {
        F_TEXT("id", ctl->words.subject),
        F_BOOL("revoked", true),
    };
    output_one(ctl->words.is_json, fields, COUNT_OF(fields));
    return true;
}
