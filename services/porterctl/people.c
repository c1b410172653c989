/* porterctl people create | list | reset-password */
#include "porterctl/ctl.h"

#include "base/clock.h"
#include "store/person.h"

#include <stdio.h>

enum { COLUMNS = 8 };

static const struct author by = CTL_AUTHOR;

static void show_link(struct ctl *ctl, const struct invitation *in,
                      const struct token *token)
{
    const struct field fields[] = {
        F_TEXT("id", ctl_id_text(ctl, ID_INVITATION, in->id)),
        F_TEXT("organization_id",
               ctl_id_text(ctl, ID_ORGANIZATION, in->org_id)),
        F_TEXT("email", in->email),
        F_TEXT("role", str_of(role_words[in->role])),
        F_TIME("expires_at", in->expires_at_us),
        F_TEXT("link", arena_printf(ctl->arena, "%s" INVITATION_PATH "%s",
                                    ctl->settings.public_url, token->text)),
    };

    output_one(ctl->words.is_json, fields, COUNT_OF(fields));
    if (!ctl->words.is_json) {
        (void)fprintf(stderr, "Keep the link now: it is not shown again.\n");
    }
}

typedef bool make_fn(struct db *db, struct invitation *in,
                     const struct author *author, int64_t now_us,
                     struct token *token, struct err *err);

static bool make_link(struct ctl *ctl, make_fn *make, enum role role,
                      struct err *err)
{
    struct invitation in = {.email = words_value(&ctl->words, "email"),
                            .role = role};
    struct token token = {0};

    if (!ctl_org(ctl, &in.org_id, err) ||
        !make(ctl->db, &in, &by, clock_wall_us(), &token, err)) {
        return false;
    }
    show_link(ctl, &in, &token);
    crypt_wipe(&token, sizeof token);
    return true;
}

bool people_create(struct ctl *ctl, struct err *err)
{
    struct str word = words_value(&ctl->words, "role");
    enum role role = ROLE_VIEWER;

    if (word.data != NULL && !role_read(word, &role)) {
        return err_set(err, ERR_INVALID,
                       "the role \"%.*s\" is none of owner, admin, "
                       "front_desk, viewer",
                       STR_ARGS(word));
    }
    return make_link(ctl, invitation_make, role, err);
}

bool people_reset_password(struct ctl *ctl, struct err *err)
{
    return make_link(ctl, invitation_make_reset, ROLE_VIEWER, err);
}

bool people_list(struct ctl *ctl, struct err *err)
{
    struct id org_id = {{0}};
    struct person *list = NULL;
    struct field *f = NULL;
    size_t count = 0;

    if (!ctl_org(ctl, &org_id, err) ||
        !person_list(ctl->db, org_id, (struct id){{0}}, CTL_ALL, ctl->arena,
                     &list, &count, err)) {
        return false;
    }
    f = arena_zero(ctl->arena, count * COLUMNS + 1, sizeof(*f));
    for (size_t i = 0; i < count; i++) {
        struct field *row = f + i * COLUMNS;

        row[0] = F_TEXT("id", ctl_id_text(ctl, ID_USER, list[i].id));
        row[1] = F_TEXT("email", list[i].email);
        row[2] = F_TEXT("name", list[i].name);
        row[3] = F_TEXT("role", str_of(role_words[list[i].role]));
        row[4] = F_BOOL("totp_enabled", list[i].has_totp);
        row[5] = F_TIME("created_at", list[i].created_at_us);
        row[6] = F_TIME("last_seen_at", list[i].last_seen_at_us);
        row[7] = F_TIME("disabled_at", list[i].disabled_at_us);
    }
    output_list(ctl->words.is_json, f, COLUMNS, count, "no people");
    return true;
}
