/* porterctl verify: a saved request, away from any server. */
#include "porterctl/ctl.h"
#include "porterctl/file.h"

#include "base/clock.h"
#include "base/rfc3339.h"
#include "json/json.h"
#include "signature/check.h"
#include "signature/sign.h"

#include <stdio.h>

#define SECRET_FILE_MAX 1024
#define HEADERS_FILE_MAX 65536
#define BODY_FILE_MAX 16777216

/* A line each: the secret, and the one before while a rotation overlaps. */
static bool read_secrets(struct ctl *ctl, struct signature_question *q,
                         struct err *err)
{
    uint8_t key[SIGN_KEY_MAX];
    size_t key_len = 0;
    struct str text = STR_NONE;
    struct str line = STR_NONE;

    if (!file_read(ctl, "secret-file", SECRET_FILE_MAX, &text, err)) {
        return false;
    }
    while (q->secret_count < SIGNATURE_SECRETS_MAX &&
           str_split(&text, '\n', &line)) {
        line = file_line(line);
        if (line.len == 0) {
            continue;
        }
        if (!str_starts(line, STR(SIGN_SECRET_PREFIX)) ||
            !sign_key(line, key, &key_len)) {
            return err_set(err, ERR_INVALID,
                           "--secret-file: a secret is " SIGN_SECRET_PREFIX
                           " and base64, nothing else");
        }
        crypt_wipe(key, sizeof key);
        q->secrets[q->secret_count] = (struct signature_secret){
            line, q->secret_count == 0 ? SIGNER_CURRENT : SIGNER_PREVIOUS};
        q->secret_count++;
    }
    return q->secret_count > 0 ||
           err_set(err, ERR_INVALID, "--secret-file: it holds no secret");
}

/* {"webhook-id": "…"}; of a list (as Go and PHP print) the first. */
static bool read_json_headers(struct ctl *ctl, struct str text,
                              struct signature_question *q, struct err *err)
{
    struct json *root = NULL;
    void *at = NULL;
    struct str name = STR_NONE;
    const struct json *value = NULL;

    if (!json_read(text, &root, err)) {
        err->code = ERR_INVALID;
        return err_wrap(err, "--headers");
    }
    while (json_next(root, &at, &name, &value)) {
        if (json_type(value) == JSON_ARRAY && json_count(value) > 0) {
            value = json_at(value, 0);
        }
        if (json_type(value) == JSON_TEXT) {
            signature_take_header(q, name,
                                  arena_str(ctl->arena, json_text(value)));
        }
    }
    json_free(root);
    return true;
}

/* "Name: value" a line, up to an empty one; any other line (a request line, the
 * prompts of curl -v) is passed over. */
static void read_lines(struct str text, struct signature_question *q)
{
    struct str line = STR_NONE;

    while (str_split(&text, '\n', &line)) {
        struct str name = STR_NONE;

        line = file_line(line);
        if (line.len > 2 && (line.data[0] == '>' || line.data[0] == '<')) {
            line = str_trim((struct str){line.data + 1, line.len - 1});
        }
        if (str_has(line, ':') && str_split(&line, ':', &name)) {
            signature_take_header(q, name, line);
        }
    }
}

static bool read_headers(struct ctl *ctl, struct signature_question *q,
                         struct err *err)
{
    struct str text = STR_NONE;

    if (!file_read(ctl, "headers", HEADERS_FILE_MAX, &text, err)) {
        return false;
    }
    text = str_trim(text);
    if (text.len > 0 && text.data[0] == '{') {
        return read_json_headers(ctl, text, q, err);
    }
    read_lines(text, q);
    return true;
}

static bool read_arrival(struct ctl *ctl, int64_t *at_us, struct err *err)
{
    struct str text = words_value(&ctl->words, "at");

    *at_us = clock_wall_us();
    return text.data == NULL || rfc3339_read(text, at_us) ||
           err_set(err, ERR_INVALID,
                   "--at is a time such as 2026-03-01T08:30:00Z");
}

/* --- what was found --------------------------------------------------------
 */

static void add_text(struct json_writer *w, const char *name, struct str s)
{
    json_key(w, str_of(name));
    if (s.len == 0) {
        json_add_null(w);
    } else {
        json_add_text(w, s);
    }
}

/* As the API answers it. */
static void show_json(struct ctl *ctl, const struct signature_report *report)
{
    struct buf json = BUF_EMPTY;
    struct json_writer w = json_writer(&json);

    json_array_begin(&w);
    for (size_t i = 0; i < report->count; i++) {
        const struct signature_check *check = &report->list[i];

        json_object_begin(&w);
        add_text(&w, "name", str_of(check->name));
        json_key(&w, STR("ok"));
        json_add_bool(&w, check->ok);
        add_text(&w, "secret", str_of(signer_names[check->signer]));
        add_text(&w, "reason", check->reason);
        add_text(&w, "cure", check->cure);
        json_object_end(&w);
    }
    json_array_end(&w);
    const struct field fields[] = {
        F_BOOL("verified", report->verified),
        F_JSON("checks", arena_str(ctl->arena, buf_str(&json))),
    };
    output_one(true, fields, COUNT_OF(fields));
    buf_free(&json);
}

static void show(const struct signature_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct signature_check *check = &report->list[i];

        (void)printf("%-6s  %s\n        %.*s\n", check->ok ? "ok" : "FAILED",
                     check->name, STR_ARGS(check->reason));
        if (check->cure.len > 0) {
            (void)printf("        -> %.*s\n", STR_ARGS(check->cure));
        }
    }
}

static bool refuse(struct ctl *ctl, const struct signature_report *report,
                   struct err *err)
{
    struct str names = STR_NONE;

    for (size_t i = 0; i < report->count; i++) {
        if (!report->list[i].ok) {
            names =
                arena_printf(ctl->arena, "%.*s%s%s", STR_ARGS(names),
                             names.len > 0 ? ", " : "", report->list[i].name);
        }
    }
    return err_set(err, ERR_INTERNAL, "the request does not verify: %.*s",
                   STR_ARGS(names));
}

static bool read_keys(struct ctl *ctl, struct ed25519_keys **keys,
                      struct err *err)
{
    const char *path = words_value(&ctl->words, "public-keys").data;

    return path == NULL || ed25519_load(path, keys, err) ||
           err_wrap(err, "--public-keys: %s", path);
}

static bool read_question(struct ctl *ctl, struct signature_question *q,
                          struct err *err)
{
    return read_secrets(ctl, q, err) &&
           file_read(ctl, "body", BODY_FILE_MAX, &q->body, err) &&
           read_headers(ctl, q, err) && read_arrival(ctl, &q->at_us, err);
}

bool verify_command(struct ctl *ctl, struct err *err)
{
    struct signature_question question = {.secret_count = 0};
    struct signature_report report;
    struct ed25519_keys *keys = NULL;

    if (!read_question(ctl, &question, err) || !read_keys(ctl, &keys, err)) {
        return false;
    }
    question.keys = keys;
    signature_check(&question, ctl->arena, &report);
    ed25519_free(keys);
    if (ctl->words.is_json) {
        show_json(ctl, &report);
    } else {
        show(&report);
    }
    return report.verified || refuse(ctl, &report, err);
}
