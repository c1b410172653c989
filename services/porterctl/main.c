/* porterctl: what operators do to Porter, one command at a time.
 *
 * The table below is the whole program: it reads the words, checks them, says
 * what is needed and writes --help. */
#include "porterctl/ctl.h"

#include "json/json.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NOT_FOUND = 3,
    EXIT_CONFLICT = 4,
    EXIT_AWAY = 5,
    EXIT_COUNT
};

static const char *const exit_meanings[EXIT_COUNT] = {
    [EXIT_OK] = "done",
    [EXIT_FAILED] = "failed",
    [EXIT_USAGE] = "wrong words or settings",
    [EXIT_NOT_FOUND] = "not found",
    [EXIT_CONFLICT] = "conflict",
    [EXIT_AWAY] = "PostgreSQL, Redis, Kafka or the gateway is away",
};

static command_fn commands_docs_command;

#define ORG                                                                    \
    {                                                                          \
        "org", "SLUG", false, "Slug or id; may be left out when there is one." \
    }

/* clang-format off */
static const struct command commands[] = {
    {"migrate", NULL, migrate_command, NEEDS_DB, NULL,
     {{"status", NULL, false, "Only show what is applied and what is missing."}},
     "Bring the database's schema up to date."},
    {"topics", "apply", topics_apply, NEEDS_SETTINGS, NULL,
     {{"partitions", "N", false, "Partitions of each event topic, 1 to 1000 (new ones: 12; others as they are)."},
      {"replication", "N", false, "Copies of each topic, 1 to 9 (the broker's default; others as they are)."},
      {"retention-days", "N", false, "How long event topics keep records at least, 1 to 3650 (7)."},
      {"min-insync", "N", false, "Copies that must have a record, 1 to 9 (2 where there are 3)."},
      {"force", NULL, false, "Also raise partitions, which breaks the order per key, and shorten retention to --retention-days."}},
     "Make the Kafka topics that are missing, and alter settings of those that differ."},
    {"topics", "check", topics_check, NEEDS_SETTINGS, NULL,
     {{"partitions", "N", false, "Partitions of each event topic, 1 to 1000 (new ones: 12; others as they are)."},
      {"replication", "N", false, "Copies of each topic, 1 to 9 (the broker's default; others as they are)."},
      {"retention-days", "N", false, "How long event topics keep records at least, 1 to 3650 (7)."},
      {"min-insync", "N", false, "Copies that must have a record, 1 to 9 (2 where there are 3)."}},
     "Tell how the Kafka topics differ from what topics apply would make; nothing is changed."},
    {"topics", "list", topics_list, 0, NULL, {{0}},
     "List the topics that Porter uses, as topics apply makes them; Kafka is not asked."},
    {"org", "create", org_create, NEEDS_DB, NULL,
     {{"name", "NAME", true, "What people call it."},
      {"slug", "SLUG", true, "Its label in host names: a-z, 0-9, inner hyphens."}},
     "Create an organization."},
    {"org", "cors", org_cors, NEEDS_DB, NULL,
     {ORG,
      {"origins", "LIST", false, "Set them, as https://a.example,https://b.example; none: take all away."}},
     "Show or set the origins whose pages may call the API from a browser (none)."},
    {"user", "create", user_create, NEEDS_DB, NULL,
     {ORG,
      {"email", "ADDRESS", true, "The e-mail to sign in with."},
      {"name", "NAME", true, "The person's name."},
      {"role", "ROLE", false, "owner, admin, front_desk or viewer (viewer)."},
      {"password-file", "FILE", false, "First line: the password. Without it: none yet."}},
     "Create a user of the dashboard."},
    {"people", "create", people_create, NEEDS_DB, NULL,
     {ORG,
      {"email", "ADDRESS", true, "Who is to come in."},
      {"role", "ROLE", false, "owner, admin, front_desk or viewer (viewer)."}},
     "Make a link by which a person comes into the dashboard; it is shown this once."},
    {"people", "list", people_list, NEEDS_DB, NULL, {ORG},
     "List an organization's people."},
    {"people", "reset-password", people_reset_password, NEEDS_DB, NULL,
     {ORG,
      {"email", "ADDRESS", true, "Whose password is forgotten."}},
     "Make a link to set a new password; it is shown this once, and its use ends all sessions."},
    {"location", "create", location_create, NEEDS_DB, NULL,
     {ORG,
      {"name", "NAME", true, "What people call it."},
      {"timezone", "ZONE", true, "IANA name, as Europe/Berlin."},
      {"line1", "TEXT", false, "Street and number."},
      {"city", "TEXT", false, "Town or city."},
      {"postal-code", "TEXT", false, "Postal code."},
      {"country", "CC", false, "The country's two capital letters, as DE."},
      {"capacity", "N", false, "How many people may be there at once, 1 to 1000000 (not limited)."}},
     "Create a location."},
    {"contractor", "create", contractor_create, NEEDS_DB, NULL,
     {ORG,
      {"company", "NAME", true, "The contractor's company."},
      {"contact-name", "NAME", false, "Who to talk to."},
      {"contact-email", "ADDRESS", false, "Their e-mail."},
      {"contact-phone", "NUMBER", false, "Their phone in E.164 form, as +4930901820."},
      {"trade", "TEXT", false, "What they do, as electrical: a line of at most 120 characters."},
      {"location", "ID", false, "Where they may work: loc_…, up to 50 by commas."}},
     "Create a contractor, pending approval."},
    {"key", "create", key_create, NEEDS_DB, NULL,
     {ORG,
      {"name", "NAME", true, "What it is for."},
      {"scopes", "LIST", false, "As visitors:read,visitors:write (all)."},
      {"rate-limit", "N", false, "Requests in 60 seconds, 1 to 100000 (100)."},
      {"expires", "WHEN", false, "As 90d, 24h or 2027-01-31T00:00:00Z (never)."},
      {"by", "ADDRESS", false, "The e-mail of the user who asked for it, to be shown as who made it."}},
     "Create an API key; it is shown this once."},
    {"key", "list", key_list_command, NEEDS_DB, NULL, {ORG},
     "List an organization's API keys."},
    {"key", "rotate", key_rotate_command, NEEDS_DB | NEEDS_KV, "KEY_ID",
     {ORG, {"overlap", "WHEN", false, "How long the old key goes on, at least 5m; 0: revoke it at once (24h)."}},
     "Make a new key in the place of one, with its name, scopes and limit; both work meanwhile."},
    {"key", "revoke", key_revoke_command, NEEDS_DB | NEEDS_KV, "KEY_ID",
     {ORG, {"reason", "TEXT", false, "For the audit log."}},
     "Revoke an API key: once this answers, no gateway admits it."},
    {"webhook", "add", webhook_add, NEEDS_DB | NEEDS_SEAL_KEYS, NULL,
     {ORG,
      {"url", "URL", true, "Where events are posted."},
      {"events", "LIST", false, "As visitor.checked_in,contractor.approved (all: *)."},
      {"description", "TEXT", false, "What it is for."},
      {"ordering", "HOW", false, "none or subject (none)."}},
     "Add a webhook; its secret is shown this once."},
    {"webhook", "list", webhook_list_command, NEEDS_DB, NULL, {ORG},
     "List an organization's webhooks."},
    {"webhook", "update", webhook_update_command, NEEDS_DB, "WEBHOOK_ID",
     {ORG,
      {"url", "URL", false, "Where events are posted."},
      {"events", "LIST", false, "As visitor.checked_in,contractor.approved; * is all."},
      {"description", "TEXT", false, "What it is for."},
      {"ordering", "HOW", false, "none or subject."},
      {"status", "WORD", false, "enabled or disabled."}},
     "Change a webhook; what is not given stays."},
    {"webhook", "rotate-secret", webhook_rotate_command, NEEDS_DB | NEEDS_SEAL_KEYS, "WEBHOOK_ID",
     {ORG,
      {"overlap", "SECONDS", false, "How long the secret before signs too, 0 to 604800 (86400)."}},
     "Give a webhook a new secret; it is shown this once."},
    {"webhook", "delete", webhook_delete_command, NEEDS_DB, "WEBHOOK_ID", {ORG},
     "Delete a webhook; what was sent stays in the log."},
    {"webhook", "recover", webhook_recover_command, NEEDS_DB, "WEBHOOK_ID",
     {ORG,
      {"since", "TIME", true, "Of events since then, as 2026-03-01T08:30:00Z."},
      {"no-wait", NULL, false, "Do not wait until all are due."}},
     "Send again everything that failed: a replay."},
    {"webhook", "test", webhook_test, NEEDS_DB, "WEBHOOK_ID",
     {ORG,
      {"event", "TYPE", false, "The event to send a sample of (visitor.checked_in)."},
      {"wait", "SECONDS", false, "How long to wait for the attempt, 1 to 600 (30)."}},
     "Send a sample event to a webhook and show what came back."},
    {"verify", NULL, verify_command, 0, NULL,
     {{"secret-file", "FILE", true, "First line: the webhook's secret; a second line: the one before."},
      {"body", "FILE", true, "The request's body, byte for byte."},
      {"headers", "FILE", true, "Its headers: a \"Name: value\" a line, or an object of JSON."},
      {"public-keys", "FILE", false, "PEM file of the published keys, for entries of the kind v1a."},
      {"at", "TIME", false, "When it arrived, as 2026-03-01T08:30:00Z (now)."}},
     "Tell why a saved request does or does not verify; nobody is asked."},
    {"secrets", "status", secrets_status, NEEDS_DB | NEEDS_SEAL_KEYS, NULL, {{0}},
     "Count what is sealed with each master key."},
    {"secrets", "rewrap", secrets_rewrap, NEEDS_DB | NEEDS_SEAL_KEYS, NULL, {{0}},
     "Seal everything anew with the first master key, while all services go on."},
    {"deliveries", "list", deliveries_list, NEEDS_DB, NULL,
     {ORG,
      {"webhook", "ID", false, "Only of this webhook."},
      {"before", "ID", false, "Only older than this delivery (the next page)."},
      {"limit", "N", false, "How many, newest first, 1 to 1000 (50)."}},
     "List what was sent."},
    {"deliveries", "show", deliveries_show, NEEDS_DB, "DELIVERY_ID", {ORG},
     "Show one delivery with its body and attempts."},
    {"deliveries", "retry", deliveries_retry, NEEDS_DB, "[DELIVERY_ID]",
     {ORG,
      {"webhook", "ID", false, "Without a delivery's id: all of this webhook that fit, as a replay."},
      {"state", "LIST", false, "Those that are failed, delivered, or failed,delivered (failed)."},
      {"event", "TYPE", false, "Only of this type of event."},
      {"created-from", "TIME", false, "Only of events since then, as 2026-03-01T08:30:00Z."},
      {"created-to", "TIME", false, "Only of events before then."},
      {"failure", "WORD", false, "Only those whose last attempt had this failure, as timeout."},
      {"no-wait", NULL, false, "Do not wait until all are due."}},
     "Send a finished delivery again, now and then by the whole schedule; or many."},
    {"deliveries", "rewind", deliveries_rewind, NEEDS_SETTINGS, NULL,
     {{"since", "WHEN", true, "Of events since then: 30m, 24h, or a time as 2026-03-01T08:30:00Z."}},
     "Let dispatchers, which must all be stopped, read events from Kafka anew: after a restore of PostgreSQL."},
    {"replay", "list", replay_list_command, NEEDS_DB, NULL,
     {ORG, {"webhook", "ID", true, "The webhook's id."}},
     "List a webhook's replays, the latest 100."},
    {"replay", "cancel", replay_cancel_command, NEEDS_DB, "REPLAY_ID",
     {ORG, {"webhook", "ID", true, "The webhook's id."}},
     "Cancel a replay; what it has made due is sent."},
    {"events", "tail", events_tail, NEEDS_SETTINGS, NULL,
     {{"from", "WHERE", false, "beginning or end (end)."},
      {"to-end", NULL, false, "With --from beginning: stop with the last record that is there now."},
      {"count", "N", false, "Stop after so many, 1 to 1000000000 (never)."}},
     "Read events from Kafka as they come."},
    {"events", "republish", events_republish, NEEDS_DB, NULL,
     {{"since", "WHEN", true, "Events since then: 30m, 24h, or a time as 2026-03-01T08:30:00Z."},
      {"until", "WHEN", false, "Events before then (now)."},
      {"org", "SLUG", false, "Slug or id (all organizations)."},
      {"type", "LIST", false, "As visitor.checked_in,contractor.approved (all)."},
      {"state-file", "FILE", false, "Where the last place sent is kept; if it holds one, go on behind that."}},
     "Send events of the log to Kafka again, under their ids, so that subscribers drop what they have."},
    {"dead-letters", "list", dead_letters_list, NEEDS_SETTINGS, NULL,
     {{"limit", "N", false, "The last so many, 1 to 1000 (50)."}},
     "List what dispatchers could not read and Kafka did not take."},
    {"dead-letters", "show", dead_letters_show, NEEDS_SETTINGS, "LETTER", {{0}},
     "Show a dead letter whole, as the list names it: 0:17."},
    {"dead-letters", "requeue", dead_letters_requeue, NEEDS_SETTINGS, "[LETTER]",
     {{"since", "WHEN", false, "Without a letter: all since then, as 30m, 24h or 2027-01-31T00:00:00Z."}},
     "Send the record of a dead letter to its topic again; the letter stays until Kafka drops it."},
    {"listen", NULL, listen_command, 0, NULL,
     {{"url", "URL", true, "The gateway, as https://acme.example.com."},
      {"key-file", "FILE", true, "First line: an API key with the scope events:read."},
      {"ca", "FILE", false, "PEM file of the authority that signed the gateway's certificate (the system's)."},
      {"forward-to", "URL", false, "Where to send each event, as http://localhost:3000/hook."},
      {"print", NULL, false, "Show the events; with --forward-to as well."},
      {"secret-file", "FILE", false, "First line: the secret to sign with, whsec_… (a new one, shown at the start)."},
      {"since", "WHEN", false, "Begin there: 30m, 1h, a time, beginning, or behind an evt_… (now)."},
      {"types", "LIST", false, "As visitor.checked_in,contractor.approved (all)."},
      {"state-file", "FILE", false, "Where the last event's id is kept; if it holds one, go on behind that."},
      {"count", "N", false, "Stop after so many events, 1 to 1000000000 (never)."}},
     "Follow an organization's events through the API and send them to an endpoint of yours, as webhooks."},
    {"erase-subject", NULL, erase_command, NEEDS_DB | NEEDS_SEAL_KEYS, "SUBJECT_ID",
     {ORG,
      {"dry-run", NULL, false, "Only count the rows that hold personal data."},
      {"yes", NULL, false, "Do not ask first."}},
     "Erase the personal data of a visitor (vis_…) or contractor (con_…); rows, ids and times stay."},
    {"wait", NULL, wait_command, 0, NULL,
     {{"seconds", "N", true, "Until then, or until it is told to end, 1 to 2592000."}},
     "Do nothing: what keeps a container there in which other commands are to be run."},
    {"doctor", NULL, doctor_command, 0, NULL,
     {{"only", "LIST", false, "Checks or groups of them, as postgres,kafka.lag (all)."},
      {"services", "LIST", false, "Whose variables are looked at: gateway, dispatcher, both by a comma, or none (both)."},
      {"strict", NULL, false, "A warning makes the exit code 1 as well."},
      {"look-up", "HOST", false, "What the name servers are asked for (example.com)."}},
     "Check everything that Porter rests on, and say the cure of what is not well."},
    {"checks", "docs", checks_docs_command, 0, NULL, {{0}},
     "Print the doctor's checks as Markdown."},
    {"config", "docs", config_docs_command, 0, NULL, {{0}},
     "Print the table of all configuration variables as Markdown."},
    {"commands", "docs", commands_docs_command, 0, NULL, {{0}},
     "Print all commands as Markdown."},
};
/* clang-format on */

/* The one place where an error becomes an exit code. */
static enum exit_code exit_code_of(enum err_code code)
{
    switch (code) {
    case ERR_OK:
        return EXIT_OK;
    case ERR_MALFORMED:
    case ERR_INVALID:
        return EXIT_USAGE;
    case ERR_NOT_FOUND:
        return EXIT_NOT_FOUND;
    case ERR_CONFLICT:
        return EXIT_CONFLICT;
    case ERR_UNAVAILABLE:
        return EXIT_AWAY;
    case ERR_UNAUTHENTICATED:
    case ERR_FORBIDDEN:
    case ERR_TOO_LARGE:
    case ERR_LIMITED:
    case ERR_UNSUPPORTED:
    case ERR_INTERNAL:
        break;
    }
    return EXIT_FAILED;
}

static void print_usage(const struct command *c)
{
    (void)printf("  porterctl %s%s%s%s%s\n      %s\n", c->noun,
                 c->verb == NULL ? "" : " ", c->verb == NULL ? "" : c->verb,
                 c->subject == NULL ? "" : " ",
                 c->subject == NULL ? "" : c->subject, c->help);
}

static void print_options(const struct command *c)
{
    for (int i = 0; i < OPTIONS_MAX && c->options[i].name != NULL; i++) {
        const struct option *o = &c->options[i];
        char left[48];

        (void)snprintf(left, sizeof left, "--%s%s%s", o->name,
                       o->value == NULL ? "" : " ",
                       o->value == NULL ? "" : o->value);
        (void)printf("        %-24s %s%s\n", left, o->help,
                     o->is_required ? " Required." : "");
    }
}

/* Of one command, or those of a noun, or all. */
static void print_help(const struct command *only, const char *noun)
{
    (void)printf("Usage: porterctl NOUN VERB [options] [--json] [--help]\n\n");
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        bool is_of = noun == NULL || strcmp(noun, commands[i].noun) == 0;

        if (only == NULL ? is_of : only == &commands[i]) {
            print_usage(&commands[i]);
            print_options(&commands[i]);
        }
    }
    (void)printf("\n--json answers one object, or one object a line.\n"
                 "Settings come from the PORTER_… variables of the services\n"
                 "(porterctl config docs lists them).\n\nExit codes:\n");
    for (int i = 0; i < EXIT_COUNT; i++) {
        (void)printf("  %d  %s\n", i, exit_meanings[i]);
    }
}

/* --- docs/porterctl.md ---------------------------------------------------- */

static void doc_command(const struct command *c, struct buf *out)
{
    buf_addf(out, "### %s%s%s%s%s\n\n%s\n\n", c->noun,
             c->verb == NULL ? "" : " ", c->verb == NULL ? "" : c->verb,
             c->subject == NULL ? "" : " ",
             c->subject == NULL ? "" : c->subject, c->help);
    if (c->options[0].name == NULL) {
        return;
    }
    BUF_ADD(out, "| Option | Meaning |\n|---|---|\n");
    for (int i = 0; i < OPTIONS_MAX && c->options[i].name != NULL; i++) {
        const struct option *o = &c->options[i];

        buf_addf(out, "| `--%s%s%s` | %s%s |\n", o->name,
                 o->value == NULL ? "" : " ", o->value == NULL ? "" : o->value,
                 o->help, o->is_required ? " Required." : "");
    }
    buf_add_char(out, '\n');
}

static bool commands_docs_command(struct ctl *ctl, struct err *err)
{
    struct buf out = BUF_EMPTY;

    (void)ctl;
    (void)err;
    BUF_ADD(&out,
            "# porterctl\n\n<!-- Made by `porterctl commands docs`. -->\n\n"
            "What operators do to Porter: `porterctl NOUN VERB [options]`. "
            "`--json` answers one object, or one object a line; an error is "
            "then an object on stderr. `--help` after a command shows only "
            "that one. A NAME is one line of 1 to 200 characters. Settings "
            "come from the services' own "
            "[variables](configuration.md).\n\n## Commands\n\n");
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        doc_command(&commands[i], &out);
    }
    BUF_ADD(&out, "## Exit codes\n\n| Code | Meaning |\n|---|---|\n");
    for (int i = 0; i < EXIT_COUNT; i++) {
        buf_addf(&out, "| %d | %s |\n", i, exit_meanings[i]);
    }
    (void)fputs(buf_cstr(&out), stdout);
    buf_free(&out);
    return true;
}

/* Who has the services' settings may ask the doctor about them. */
static void print_error(bool is_json, bool has_settings, const struct err *err)
{
    struct buf out = BUF_EMPTY;
    struct json_writer w = json_writer(&out);

    if (!is_json) {
        (void)fprintf(stderr, "porterctl: %s\n", err->text);
        if (has_settings && err->code == ERR_UNAVAILABLE) {
            (void)fprintf(stderr, "porterctl doctor --services none says what "
                                  "is away, and the cure.\n");
        }
        return;
    }
    json_object_begin(&w);
    json_key(&w, STR("error"));
    json_add_text(&w, str_of(err_code_name(err->code)));
    json_key(&w, STR("detail"));
    json_add_text(&w, str_of(err->text));
    json_object_end(&w);
    (void)fprintf(stderr, "%s\n", buf_cstr(&out));
    buf_free(&out);
}

int main(int argc, char **argv)
{
    struct ctl ctl = {0};
    struct err err = ERR_NONE;
    bool ok =
        words_read(commands, COUNT_OF(commands), argc, argv, &ctl.words, &err);

    (void)signal(SIGPIPE, SIG_IGN);
    if (ok && ctl.words.wants_help) {
        print_help(ctl.words.command, ctl.words.noun);
        return EXIT_OK;
    }
    ok = ok && ctl_open(&ctl, &err) && ctl.words.command->run(&ctl, &err);
    if (!ok) {
        const struct command *c = ctl.words.command;

        print_error(ctl.words.is_json, c != NULL && c->needs != 0, &err);
    }
    ctl_close(&ctl);
    return ok ? EXIT_OK : (int)exit_code_of(err.code);
}
