/* What a command works with: its words, settings, and open neighbours. */
#ifndef PORTER_PORTERCTL_CTL_H
#define PORTER_PORTERCTL_CTL_H

#include "base/arena.h"
#include "base/id.h"
#include "bus/record.h"
#include "crypt/crypt.h"
#include "db/db.h"
#include "guard/guard.h"
#include "kv/kv.h"
#include "porterctl/output.h"
#include "porterctl/words.h"
#include "settings/porterctl.h"

#define CTL_ACTOR "porterctl"
#define CTL_AUTHOR                                                             \
    {                                                                          \
        .actor = { CTL_ACTOR, sizeof CTL_ACTOR - 1 }                           \
    }

struct ctl {
    struct words words;
    struct porterctl_settings settings;
    struct arena *arena; /* The command's; everything lives until its end. */
    struct db *db;
    struct kv *kv;
    struct seal_keys *seal_keys;
    struct guard guard; /* Of the URLs that webhooks are given. */
};

/* The options of the pool and of sessions, from the settings. */
struct db_options ctl_db_options(const struct ctl *ctl);
struct bus_options ctl_bus_options(const struct ctl *ctl);

/* Read the settings and open what the command needs. */
MUST_USE bool ctl_open(struct ctl *ctl, struct err *err);
void ctl_close(struct ctl *ctl);

/* The organization of --org (slug or id); without it the only one there is. */
MUST_USE bool ctl_org(struct ctl *ctl, struct id *org_id, struct err *err);

/* An id the person typed; ERR_INVALID names it. */
MUST_USE bool ctl_id(enum id_kind kind, struct str text, const char *what,
                     struct id *out, struct err *err);

/* A number option with bounds; `fallback` when it is not given. */
MUST_USE bool ctl_number(struct ctl *ctl, const char *option, uint64_t min,
                         uint64_t max, uint64_t fallback, uint64_t *out,
                         struct err *err);

#define CTL_ALL INT32_MAX /* Of a list: as many as there are. */

/* An id's text in the command's arena. */
struct str ctl_id_text(struct ctl *ctl, enum id_kind kind, struct id id);

/* --- the commands, by file -------------------------------------------------
 */

command_fn migrate_command;
command_fn topics_apply, topics_check, topics_list;
command_fn org_create, org_cors, user_create;
command_fn people_create, people_list, people_reset_password;
command_fn location_create, contractor_create;
command_fn key_create, key_list_command, key_revoke_command, key_rotate_command;
command_fn webhook_add, webhook_list_command, webhook_update_command;
command_fn webhook_rotate_command, webhook_delete_command;
command_fn webhook_recover_command, webhook_test;
command_fn verify_command;
command_fn secrets_status, secrets_rewrap;
command_fn deliveries_list, deliveries_show, deliveries_retry;
command_fn deliveries_rewind;
command_fn replay_list_command, replay_cancel_command;
command_fn events_tail, events_republish;
command_fn dead_letters_list, dead_letters_show, dead_letters_requeue;
command_fn listen_command;
command_fn erase_command;
command_fn wait_command;
command_fn config_docs_command;
command_fn doctor_command, checks_docs_command;

#endif
