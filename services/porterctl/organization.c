/* porterctl org create | cors, porterctl user create */
#include "porterctl/ctl.h"

#include "base/clock.h"
#include "store/organization.h"
#include "store/person.h"

#include <errno.h>
#include <stdio.h>

/* In bytes, with the line's end and one more, by which a longer one is told. */
#define LINE_MAX_BYTES (4 * PASSWORD_MAX + 4)

bool org_create(struct ctl *ctl, struct err *err)
{
    struct str name = words_value(&ctl->words, "name");
    struct str slug = words_value(&ctl->words, "slug");
    struct id id = {{0}};

    if (!organization_insert(ctl->db, name, slug, clock_wall_us(), &id, err)) {
        return false;
    }
    const struct field fields[] = {
        F_TEXT("id", ctl_id_text(ctl, ID_ORGANIZATION, id)),
        F_TEXT("name", name),
        F_TEXT("slug", slug),
    };
    output_one(ctl->words.is_json, fields, COUNT_OF(fields));
    return true;
}

static bool set_origins(struct ctl *ctl, struct id org_id, struct str text,
                        struct err *err)
{
    struct str list[CORS_ORIGINS_MAX];
    size_t count = 0;

    if (str_eq(text, STR("none"))) {
        text = STR_NONE;
    }
    while (text.len > 0) {
        if (count == CORS_ORIGINS_MAX) {
            return err_set(err, ERR_INVALID, "at most %d origins",
                           CORS_ORIGINS_MAX);
        }
        (void)str_split(&text, ',', &list[count]);
        list[count] = str_trim(list[count]);
        count++;
    }
    return cors_set(ctl->db, org_id, list, count, STR(CTL_ACTOR),
                    clock_wall_us(), err);
}

/* A JSON array, for people as well: it is short. */
static bool show_origins(struct ctl *ctl, struct id org_id, struct err *err)
{
    struct cors_origin *all = NULL;
    struct str text = STR("[");
    size_t count = 0;

    if (!cors_list(ctl->db, ctl->arena, &all, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (id_eq(all[i].org_id, org_id)) {
            text =
                arena_printf(ctl->arena, "%.*s%s\"%.*s\"", STR_ARGS(text),
                             text.len > 1 ? "," : "", STR_ARGS(all[i].origin));
        }
    }
    const struct field fields[] = {
        F_TEXT("organization_id", ctl_id_text(ctl, ID_ORGANIZATION, org_id)),
        F_JSON("origins", arena_printf(ctl->arena, "%.*s]", STR_ARGS(text))),
    };
    output_one(ctl->words.is_json, fields, COUNT_OF(fields));
    return true;
}

bool org_cors(struct ctl *ctl, struct err *err)
{
    struct str origins = words_value(&ctl->words, "origins");
    struct id org_id = {{0}};

    return ctl_org(ctl, &org_id, err) &&
           (origins.data == NULL || set_origins(ctl, org_id, origins, err)) &&
           show_origins(ctl, org_id, err);
}

/* The first line of the file. */
static bool read_password(const char *path, char text[LINE_MAX_BYTES],
                          struct err *err)
{
    FILE *file = fopen(path, "re");
    bool ok = file != NULL && fgets(text, LINE_MAX_BYTES, file) != NULL;

    if (!ok) {
        (void)err_set(err, ERR_INVALID, "can't read a password from %s: %s",
                      path, errno != 0 ? strerror(errno) : "it is empty");
    } else {
        text[strcspn(text, "\r\n")] = '\0';
        size_t count = str_utf8_count(str_of(text));

        ok = (count >= PASSWORD_MIN && count <= PASSWORD_MAX) ||
             err_set(err, ERR_INVALID,
                     "the password must have %d to %d characters, not %zu",
                     PASSWORD_MIN, PASSWORD_MAX, count);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return ok;
}

static bool user_make(struct ctl *ctl, struct str password, struct err *err)
{
    struct str email = words_value(&ctl->words, "email");
    struct str role = words_value(&ctl->words, "role");
    struct id org_id = {{0}};
    struct id id = {{0}};

    if (role.data == NULL) {
        role = STR("viewer");
    }
    if (!ctl_org(ctl, &org_id, err) ||
        !user_insert(ctl->db, org_id, email, words_value(&ctl->words, "name"),
                     role, password, clock_wall_us(), &id, err)) {
        return false;
    }
    const struct field fields[] = {
        F_TEXT("id", ctl_id_text(ctl, ID_USER, id)),
        F_TEXT("organization_id", ctl_id_text(ctl, ID_ORGANIZATION, org_id)),
        F_TEXT("email", email),
        F_TEXT("role", role),
    };
    output_one(ctl->words.is_json, fields, COUNT_OF(fields));
    return true;
}

bool user_create(struct ctl *ctl, struct err *err)
{
    char text[LINE_MAX_BYTES] = "";
    struct str path = words_value(&ctl->words, "password-file");
    bool ok = (path.data == NULL || read_password(path.data, text, err)) &&
              user_make(ctl, path.data == NULL ? STR_NONE : str_of(text), err);

    crypt_wipe(text, sizeof text);
    return ok;
}
