/* Opening what a command needs, and reading common words. */
#include "porterctl/ctl.h"

#include "store/organization.h"

#include <assert.h>
#include <stdlib.h>

#define ARENA_BYTES 65536
#define CONNECT_MS 5000
#define WAIT_MS 5000
#define STATEMENT_MS 30000
#define RECONNECT_MS 100
#define KV_TIMEOUT_MS 2000

struct db_options ctl_db_options(const struct ctl *ctl)
{
    return (struct db_options){
        .url = ctl->settings.common.db_url,
        .service = CTL_ACTOR,
        .pool_size = 1,
        .batch_max = 1,
        .connect_ms = CONNECT_MS,
        .wait_ms = WAIT_MS,
        .statement_ms = STATEMENT_MS,
        .reconnect_ms = RECONNECT_MS,
    };
}

struct bus_options ctl_bus_options(const struct ctl *ctl)
{
    return (struct bus_options){
        .brokers = ctl->settings.kafka.brokers,
        .client_id = CTL_ACTOR,
        .extra = ctl->settings.kafka.extra,
    };
}

static bool open_seal_keys(struct ctl *ctl, struct err *err)
{
    if (ctl->settings.common.seal_keys == NULL) {
        return err_set(err, ERR_INVALID,
                       "PORTER_SEAL_KEYS is not set; webhook secrets are "
                       "sealed with it, so set it as the services have it");
    }
    ctl->seal_keys = mem_zero(1, sizeof(*ctl->seal_keys));
    return seal_keys_read(str_of(ctl->settings.common.seal_keys),
                          ctl->seal_keys, err) ||
           err_wrap(err, "PORTER_SEAL_KEYS");
}

static bool open_kv(struct ctl *ctl, struct err *err)
{
    const struct kv_options opts = {
        .url = ctl->settings.redis_url,
        .connections = 1,
        .batch_max = 1,
        .connect_ms = KV_TIMEOUT_MS,
        .timeout_ms = KV_TIMEOUT_MS,
        .errors_max = 1,
        .probe_ms = KV_TIMEOUT_MS,
    };

    return kv_open(&opts, &ctl->kv, err);
}

/* What the rows of the table can't say; NULL had a fault. */
static void judge(void *user, struct config_faults *faults)
{
    struct ctl *ctl = user;
    const struct common_settings *s = &ctl->settings.common;
    struct err why = ERR_NONE;

    common_settings_clock(s, faults);
    if (s->egress_allow != NULL &&
        !guard_read(str_of(s->egress_allow),
                    s->environment == ENVIRONMENT_DEVELOPMENT, &ctl->guard,
                    &why)) {
        config_fault(faults, "PORTER_EGRESS_ALLOW", why.text);
    }
}

bool ctl_open(struct ctl *ctl, struct err *err)
{
    const struct config_more more = {judge, ctl, NULL};
    unsigned needs = ctl->words.command->needs;
    struct db_options opts = {0};

    ctl->arena = arena_new(ARENA_BYTES);
    if (needs == 0) {
        return true;
    }
    if (!porterctl_settings_load(&ctl->settings, &more, err)) {
        err->code = ERR_INVALID;
        return false;
    }
    opts = ctl_db_options(ctl);
    return ((needs & NEEDS_SEAL_KEYS) == 0 || open_seal_keys(ctl, err)) &&
           ((needs & NEEDS_KV) == 0 || open_kv(ctl, err)) &&
           ((needs & NEEDS_DB) == 0 || db_open(&opts, &ctl->db, err));
}

void ctl_close(struct ctl *ctl)
{
    if (ctl->seal_keys != NULL) {
        crypt_wipe(ctl->seal_keys, sizeof(*ctl->seal_keys));
        free(ctl->seal_keys);
    }
    kv_close(ctl->kv);
    db_close(ctl->db);
    porterctl_settings_free(&ctl->settings);
    arena_free(ctl->arena);
}

bool ctl_org(struct ctl *ctl, struct id *org_id, struct err *err)
{
    struct str given = words_value(&ctl->words, "org");
    bool found = false;

    if (given.data != NULL) {
        return organization_find(ctl->db, given, org_id, err);
    }
    if (!organization_only(ctl->db, &found, org_id, err)) {
        return false;
    }
    return found ? true
                 : err_set(err, ERR_INVALID,
                           "say which organization with --org SLUG: there is "
                           "not exactly one");
}

bool ctl_id(enum id_kind kind, struct str text, const char *what,
            struct id *out, struct err *err)
{
    return id_read(kind, text, out)
               ? true
               : err_set(err, ERR_INVALID,
                         "\"%.*s\" is no %s: it looks like %s_ and %d "
                         "letters and digits",
                         STR_ARGS(text), what, id_prefix(kind), ID_BODY_LEN);
}

bool ctl_number(struct ctl *ctl, const char *option, uint64_t min, uint64_t max,
                uint64_t fallback, uint64_t *out, struct err *err)
{
    struct str text = words_value(&ctl->words, option);
    uint64_t n = fallback;

    if (text.data != NULL && (!str_to_u64(text, max, &n) || n < min)) {
        return err_set(err, ERR_INVALID,
                       "--%s must be a number from %llu to %llu", option,
                       (unsigned long long)min, (unsigned long long)max);
    }
    *out = n;
    return true;
}

struct str ctl_id_text(struct ctl *ctl, enum id_kind kind, struct id id)
{
    return arena_str(ctl->arena, str_of(id_text(kind, id).data));
}
