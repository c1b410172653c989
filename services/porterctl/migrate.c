/* porterctl migrate */
#include "porterctl/ctl.h"

#include "store/migrate.h"
#include "store/partition.h"

#include <stdio.h>
#include <stdlib.h>

static void told(void *user, const struct migration_state *m, bool is_done)
{
    const struct ctl *ctl = user;

    if (ctl->words.is_json) {
        return;
    }
    if (is_done) {
        (void)printf(" %lld ms\n", (long long)(m->took_us / 1000));
    } else {
        (void)printf("applying %s …", m->name);
    }
    (void)fflush(stdout);
}

static bool show_status(struct ctl *ctl, struct err *err)
{
    struct db_options opts = ctl_db_options(ctl);
    struct migration_state *list = mem_zero(MIGRATIONS_MAX, sizeof(*list));
    struct field *fields = NULL;
    size_t count = 0;
    bool ok = migrate_status(&opts, list, &count, err);

    if (ok) {
        fields = arena_zero(ctl->arena, count * 4 + 1, sizeof(*fields));
        for (size_t i = 0; i < count; i++) {
            fields[4 * i] = F_INT("number", list[i].number);
            fields[4 * i + 1] = F_TEXT("name", str_of(list[i].name));
            fields[4 * i + 2] = F_BOOL("applied", list[i].is_applied);
            fields[4 * i + 3] = F_TIME("applied_at", list[i].applied_at_us);
        }
        output_list(ctl->words.is_json, fields, 4, count, "no migrations");
    }
    free(list);
    return ok;
}

static void tell_held(void *user, const struct err *why)
{
    (void)user;
    (void)fprintf(stderr, "porterctl: warning: %s\n", why->text);
}

/* The schema is there whatever comes of it. */
static void empty_defaults(struct ctl *ctl)
{
    struct err err = ERR_NONE;

    if (!partitions_empty_defaults(ctl->db, tell_held, NULL, &err)) {
        err_wrap(&err, "rows in default partitions");
        tell_held(NULL, &err);
    }
}

bool migrate_command(struct ctl *ctl, struct err *err)
{
    struct db_options opts = ctl_db_options(ctl);
    unsigned applied = 0;

    if (words_value(&ctl->words, "status").data != NULL) {
        return show_status(ctl, err);
    }
    if (!migrate_apply(&opts, told, ctl, &applied, err)) {
        return false;
    }
    empty_defaults(ctl);
    if (ctl->words.is_json) {
        const struct field field = F_INT("applied", applied);

        output_one(true, &field, 1);
    } else if (applied == 0) {
        (void)printf("the schema is up to date\n");
    }
    return true;
}
