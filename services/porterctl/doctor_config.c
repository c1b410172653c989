/* The variables of all programs at once, and the keys that they name. */
#include "porterctl/doctor.h"

#include "base/clock.h"
#include "crypt/ed25519.h"
#include "fetch/fetch.h"
#include "settings/all.h"
#include "store/checkup.h"
#include "store/sealed.h"

/* The parts of a program's settings that are more than a form: one judge for
 * all. NULL: it has none, or had a fault. */
struct judged {
    struct doctor *d;
    const struct common_settings *common;
    const struct kafka_settings *kafka;
    const struct signing_settings *signing;
    char *const *redis_url;
    bool must_sign;
};

static void judge_signing(const struct judged *j, struct config_faults *faults)
{
    const char *path = j->signing == NULL ? NULL : j->signing->keys_file;
    struct ed25519_keys *keys = NULL;
    struct err why = ERR_NONE;

    if (path == NULL || path[0] == '\0') {
        return;
    }
    if (!ed25519_load(path, &keys, &why)) {
        config_fault(faults, "PORTER_SIGNING_KEYS_FILE", why.text);
    } else if (j->must_sign && !ed25519_can_sign(keys)) {
        config_fault(faults, "PORTER_SIGNING_KEYS_FILE",
                     "its first key is no private key");
    }
    ed25519_free(keys);
}

static void judge_common(const struct judged *j, struct config_faults *faults)
{
    const struct common_settings *s = j->common;
    bool is_development = s->environment == ENVIRONMENT_DEVELOPMENT;
    struct guard guard = {0};
    struct err why = ERR_NONE;

    common_settings_clock(s, faults);
    if (s->db_url != NULL && !db_url_check(s->db_url, &why)) {
        config_fault(faults, "PORTER_DB_URL", why.text);
    }
    if (s->seal_keys != NULL &&
        !seal_keys_read(str_of(s->seal_keys), &j->d->keys, &why)) {
        config_fault(faults, "PORTER_SEAL_KEYS", why.text);
    }
    if (s->egress_allow != NULL &&
        !guard_read(str_of(s->egress_allow), is_development, &guard, &why)) {
        config_fault(faults, "PORTER_EGRESS_ALLOW", why.text);
    }
}

static void judge(void *user, struct config_faults *faults)
{
    const struct judged *j = user;
    const struct bus_options bus = {.brokers = j->kafka->brokers,
                                    .client_id = CTL_ACTOR,
                                    .extra = j->kafka->extra};
    struct err why = ERR_NONE;

    judge_common(j, faults);
    judge_signing(j, faults);
    if (bus.brokers != NULL && !bus_options_check(&bus, &why)) {
        config_fault(faults, "PORTER_KAFKA_EXTRA", why.text);
    }
    if (j->redis_url != NULL && *j->redis_url != NULL &&
        !kv_url_check(*j->redis_url, &why)) {
        config_fault(faults, "PORTER_REDIS_URL", why.text);
    }
}

static void judge_gateway(void *user, struct config_faults *faults)
{
    const struct judged *j = user;
    const char *text = j->d->gateway.trusted_proxies;
    struct address_list proxies = {0};
    struct err why = ERR_NONE;

    judge(user, faults);
    if (text != NULL &&
        !address_list_read_proxies(str_of(text), &proxies, &why)) {
        config_fault(faults, "PORTER_TRUSTED_PROXIES", why.text);
    }
}

static void judge_dispatcher(void *user, struct config_faults *faults)
{
    const struct judged *j = user;
    const struct dispatcher_settings *s = &j->d->dispatcher;
    struct err why = ERR_NONE;

    judge(user, faults);
    if (s->egress_proxy != NULL && !fetch_proxy_check(s->egress_proxy, &why)) {
        config_fault(faults, "PORTER_EGRESS_PROXY", why.text);
    }
    if (s->egress_ca_file != NULL && !fetch_ca_check(s->egress_ca_file, &why)) {
        config_fault(faults, "PORTER_EGRESS_CA_FILE", why.text);
    }
}

/* --- reading ----------------------------------------------------------------
 */

/* Each fault once, though several programs may have it. */
static void add_faults(struct doctor *d, struct str told)
{
    struct str line = STR_NONE;

    while (told.len > 0) {
        (void)str_split(&told, '\n', &line);
        if (line.len > 0 && strstr(buf_cstr(&d->faults),
                                   arena_cstr(d->ctl->arena, line)) == NULL) {
            buf_addf(&d->faults, "%s%.*s", d->faults.len == 0 ? "" : "\n",
                     STR_ARGS(line));
        }
    }
}

static void read_ctl(struct doctor *d, const struct judged *j, struct buf *told)
{
    const struct config_more more = {judge, (void *)(uintptr_t)j, told};
    struct err err = ERR_NONE;

    if (porterctl_settings_load(&d->ctl->settings, &more, &err)) {
        d->has |= DOCTOR_SETTINGS;
    }
}

static void read_gateway(struct doctor *d, struct buf *told)
{
    struct gateway_settings *s = &d->gateway;
    struct judged j = {d,           &s->common,    &s->kafka,
                       &s->signing, &s->redis_url, false};
    const struct config_more more = {judge_gateway, &j, told};
    struct err err = ERR_NONE;

    if (gateway_settings_load(s, &more, &err)) {
        d->has |= DOCTOR_GATEWAY;
    }
}

static void read_dispatcher(struct doctor *d, struct buf *told)
{
    struct dispatcher_settings *s = &d->dispatcher;
    struct judged j = {d, &s->common, &s->kafka, &s->signing, NULL, true};
    const struct config_more more = {judge_dispatcher, &j, told};
    struct err err = ERR_NONE;

    if (dispatcher_settings_load(s, &more, &err)) {
        d->has |= DOCTOR_DISPATCHER;
    }
}

static void read_all(struct doctor *d, bool gateway, bool dispatcher)
{
    struct porterctl_settings *s = &d->ctl->settings;
    const struct judged j = {d,    &s->common,    &s->kafka,
                             NULL, &s->redis_url, false};
    struct buf told = BUF_EMPTY;

    read_ctl(d, &j, &told);
    d->asks =
        (gateway ? DOCTOR_GATEWAY : 0) | (dispatcher ? DOCTOR_DISPATCHER : 0);
    if (gateway) {
        buf_add_char(&told, '\n');
        read_gateway(d, &told);
    }
    if (dispatcher) {
        buf_add_char(&told, '\n');
        read_dispatcher(d, &told);
    }
    if (d->keys.count > 0) {
        d->has |= DOCTOR_SEAL_KEYS;
    }
    add_faults(d, buf_str(&told));
    buf_free(&told);
}

bool doctor_configure(struct doctor *d, struct err *err)
{
    struct str list = words_value(&d->ctl->words, "services");
    struct str word = STR_NONE;
    bool gateway = list.data == NULL;
    bool dispatcher = list.data == NULL;

    while (list.len > 0) {
        (void)str_split(&list, ',', &word);
        gateway = gateway || str_eq(word, STR("gateway"));
        dispatcher = dispatcher || str_eq(word, STR("dispatcher"));
        if (!str_eq(word, STR("gateway")) && !str_eq(word, STR("dispatcher")) &&
            !str_eq(word, STR("none"))) {
            return err_set(err, ERR_INVALID,
                           "--services must be gateway, dispatcher, both by a "
                           "comma, or none");
        }
    }
    read_all(d, gateway, dispatcher);
    return true;
}

void doctor_done(struct doctor *d)
{
    if ((d->has & DOCTOR_GATEWAY) != 0) {
        gateway_settings_free(&d->gateway);
    }
    if ((d->has & DOCTOR_DISPATCHER) != 0) {
        dispatcher_settings_free(&d->dispatcher);
    }
    crypt_wipe(&d->keys, sizeof d->keys);
    buf_free(&d->faults);
}

/* --- checks -----------------------------------------------------------------
 */

void check_config(struct doctor *d, struct finding *f)
{
    if (d->faults.len > 0) {
        finding_add(f, VERDICT_FAILED, "%s", buf_cstr(&d->faults));
    } else {
        finding_add(f, VERDICT_WELL, "no mistake (PORTER_ENVIRONMENT is %s)",
                    environment_names[d->ctl->settings.common.environment]);
    }
}

void check_seals_known(struct doctor *d, struct finding *f)
{
    struct sealed_count *list = NULL;
    struct db *db = NULL;
    struct err err = ERR_NONE;
    size_t count = 0;

    if (!doctor_db(d, f, &db)) {
        return;
    }
    if (!sealed_count(db, clock_wall_us(), true, d->ctl->arena, &list, &count,
                      &err)) {
        finding_add(f, VERDICT_FAILED, "%s", err.text);
    }
    for (size_t i = 0; i < count; i++) {
        if (!seal_key_is_known(&d->keys, list[i].key_id)) {
            finding_add(f, VERDICT_FAILED,
                        "key \"%.*s\" seals values, and is "
                        "not in PORTER_SEAL_KEYS",
                        STR_ARGS(list[i].key_id));
        }
    }
    if (f->verdict == VERDICT_WELL) {
        finding_add(f, VERDICT_WELL, "%zu keys, the first is \"%s\"",
                    d->keys.count, d->keys.list[0].id);
    }
    db_close(db);
}

void check_seals_open(struct doctor *d, struct finding *f)
{
    struct db *db = NULL;
    struct err err = ERR_NONE;
    size_t opened = 0;

    if (!doctor_db(d, f, &db)) {
        return;
    }
    if (!checkup_seals(db, &d->keys, &opened, &err)) {
        finding_add(f, VERDICT_FAILED, "%s", err.text);
    } else if (opened == 0) {
        finding_add(f, VERDICT_WELL, "nothing is sealed yet");
    } else {
        finding_add(f, VERDICT_WELL, "opened the secrets of %zu webhooks",
                    opened);
    }
    db_close(db);
}
