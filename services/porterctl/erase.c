/* porterctl erase-subject: a person asks to be forgotten. */
#include "porterctl/ctl.h"

#include "base/clock.h"
#include "json/json.h"
#include "store/erase.h"
#include "store/organization.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PROGRESS_US (2 * US_PER_S)
#define ANSWER_BYTES 16

static bool read_subject(struct ctl *ctl, struct erase *e, struct err *err)
{
    struct str text = ctl->words.subject;

    e->kind = str_starts(text, STR("con_")) ? ID_CONTRACTOR : ID_VISITOR;
    return id_read(e->kind, text, &e->id) ||
           err_set(err, ERR_INVALID,
                   "\"%.*s\" is no id of a visitor or contractor: they look "
                   "like vis_ or con_ and %d letters and digits",
                   STR_ARGS(text), ID_BODY_LEN);
}

/* Nothing but a whole "yes" is one. */
static bool confirm(const struct ctl *ctl, struct err *err)
{
    char answer[ANSWER_BYTES] = "";

    if (words_value(&ctl->words, "yes").data != NULL ||
        words_value(&ctl->words, "dry-run").data != NULL) {
        return true;
    }
    (void)fprintf(stderr,
                  "What is known of %.*s will be erased for good. Go on? "
                  "(yes) ",
                  STR_ARGS(ctl->words.subject));
    if (fgets(answer, sizeof answer, stdin) != NULL &&
        strcmp(answer, "yes\n") == 0) {
        return true;
    }
    return err_set(err, ERR_INVALID,
                   "nothing was erased: answer yes, or give --yes");
}

static void say_progress(void *user, const struct erase *e)
{
    int64_t *said_at_us = user;
    int64_t now_us = clock_steady_us();

    if (now_us - *said_at_us >= PROGRESS_US) {
        (void)fprintf(stderr,
                      "porterctl: %" PRId64 " events, %" PRId64
                      " deliveries, %" PRId64 " attempts, %" PRId64
                      " answers so far\n",
                      e->rows[ERASE_EVENTS], e->rows[ERASE_DELIVERIES],
                      e->rows[ERASE_ATTEMPTS], e->rows[ERASE_ANSWERS]);
        *said_at_us = now_us;
    }
}

static bool write_audit(struct ctl *ctl, const struct erase *e, struct err *err)
{
    struct buf detail = BUF_EMPTY;
    struct json_writer w = json_writer(&detail);
    bool ok = false;

    json_object_begin(&w);
    for (int i = 0; i < ERASE_TABLES; i++) {
        json_key(&w, str_of(erase_table_names[i]));
        json_add_int(&w, e->rows[i]);
    }
    json_key(&w, STR("unreadable"));
    json_add_int(&w, e->unreadable);
    json_object_end(&w);
    ok = audit_write(ctl->db, e->org_id, STR(CTL_ACTOR), STR("subject.erased"),
                     ctl->words.subject, buf_str(&detail), STR_NONE,
                     clock_wall_us(), err);
    buf_free(&detail);
    return ok;
}

static void show(struct ctl *ctl, const struct erase *e)
{
    struct field fields[ERASE_TABLES + 3] = {
        F_TEXT("subject", ctl->words.subject),
        F_BOOL("erased", !e->is_dry),
    };

    for (int i = 0; i < ERASE_TABLES; i++) {
        fields[i + 2] = F_INT(erase_table_names[i], e->rows[i]);
    }
    fields[ERASE_TABLES + 2] = F_INT("unreadable", e->unreadable);
    output_one(ctl->words.is_json, fields, COUNT_OF(fields));
}

/* Of a run that ended early as well: what it did is written down. */
static bool erase_all(struct ctl *ctl, struct erase *e, struct err *err)
{
    struct err why = ERR_NONE;
    bool ok = erase_subject(e, err);
    bool is_said = e->is_dry || (!ok && e->rows[ERASE_SUBJECTS] == 0) ||
                   write_audit(ctl, e, &why);

    if (ok && !is_said) {
        *err = why;
    }
    return ok && is_said;
}

static bool is_whole(const struct erase *e, struct err *err)
{
    return e->unreadable == 0 ||
           err_set(err, ERR_CONFLICT,
                   "%" PRId64 " kept answers can't be opened, so what they "
                   "hold of the person stays until they expire, within a day: "
                   "put the key they are sealed with into PORTER_SEAL_KEYS "
                   "(porterctl secrets status) and run it again; all else is "
                   "done",
                   e->unreadable);
}

bool erase_command(struct ctl *ctl, struct err *err)
{
    int64_t said_at_us = clock_steady_us();
    struct erase e = {
        .db = ctl->db,
        .keys = ctl->seal_keys,
        .now_us = clock_wall_us(),
        .is_dry = words_value(&ctl->words, "dry-run").data != NULL,
        .progress = say_progress,
        .user = &said_at_us,
    };

    if (!read_subject(ctl, &e, err) || !ctl_org(ctl, &e.org_id, err) ||
        !confirm(ctl, err) || !erase_all(ctl, &e, err)) {
        return false;
    }
    show(ctl, &e);
    return is_whole(&e, err);
}
