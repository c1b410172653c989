/* Whether Redis is fit for limits and cached keys. It may lose everything, so
 * that it keeps something on disk is not asked for. */
#include "porterctl/doctor.h"

#include <stdlib.h>

#define TIMEOUT_MS 3000
#define MAJOR_MIN 6 /* What is tested against is 7. */

/* What INFO says, by scripts: that is how libs/kv speaks. */
static const struct kv_script info_script = {
    "doctor_info",
    "local r = {} for i = 1, #KEYS do r[i] = {redis.call('INFO')} end return r",
    1, 0};
static const struct kv_script write_script = {
    "doctor_write",
    "local r = {} for i = 1, #KEYS do "
    "redis.call('SET', KEYS[i], '1', 'PX', 1000) r[i] = {1} end return r",
    1, 0};

static bool run(struct doctor *d, const struct kv_script *script,
                struct kv_reply *reply, struct err *err)
{
    const struct kv_options opts = {
        .url = d->ctl->settings.redis_url,
        .connections = 1,
        .batch_max = 1,
        .connect_ms = TIMEOUT_MS,
        .timeout_ms = TIMEOUT_MS,
        .errors_max = 1,
        .probe_ms = TIMEOUT_MS,
    };
    const struct str keys[] = {STR("porter:doctor")};
    struct kv *kv = NULL;
    bool ok = kv_open(&opts, &kv, err) &&
              kv_eval(kv, script, keys, NULL, d->ctl->arena, reply, err);

    kv_close(kv);
    return ok;
}

/* The lines of INFO; false: the finding says why not. */
static bool ask(struct doctor *d, struct finding *f, struct str *info)
{
    struct kv_reply reply;
    struct err err = ERR_NONE;

    if (!run(d, &info_script, &reply, &err)) {
        finding_add(f, VERDICT_FAILED, "%s", err.text);
        return false;
    }
    *info = reply.values[0].text;
    return true;
}

/* The value of "name:value"; STR_NONE: there is no such line. */
static struct str value_of(struct str info, const char *name)
{
    struct str rest = info;
    struct str line = STR_NONE;
    size_t len = strlen(name);

    while (rest.len > 0) {
        (void)str_split(&rest, '\n', &line);
        if (line.len > len && memcmp(line.data, name, len) == 0 &&
            line.data[len] == ':') {
            line = (struct str){line.data + len + 1, line.len - len - 1};
            line.len -= line.len > 0 && line.data[line.len - 1] == '\r';
            return line;
        }
    }
    return STR_NONE;
}

void check_redis_reach(struct doctor *d, struct finding *f)
{
    struct str info = STR_NONE;

    if (ask(d, f, &info)) {
        finding_add(f, VERDICT_WELL, "it answers");
    }
}

void check_redis_version(struct doctor *d, struct finding *f)
{
    struct str info = STR_NONE;
    struct str major = STR_NONE;
    uint64_t number = 0;

    if (!ask(d, f, &info)) {
        return;
    }
    struct str version = value_of(info, "redis_version");
    struct str rest = version;
    (void)str_split(&rest, '.', &major);
    finding_add(f,
                str_to_u64(major, UINT32_MAX, &number) && number >= MAJOR_MIN
                    ? VERDICT_WELL
                    : VERDICT_FAILED,
                "version %.*s", STR_ARGS(version));
}

void check_redis_writes(struct doctor *d, struct finding *f)
{
    struct kv_reply reply;
    struct err err = ERR_NONE;

    if (run(d, &write_script, &reply, &err)) {
        finding_add(f, VERDICT_WELL, "it takes writes");
    } else {
        finding_add(f, VERDICT_FAILED, "%s", err.text);
    }
}

/* A policy that evicts forgets windows, and tombstones of revoked keys. */
void check_redis_memory(struct doctor *d, struct finding *f)
{
    struct str info = STR_NONE;

    if (!ask(d, f, &info)) {
        return;
    }
    struct str policy = value_of(info, "maxmemory_policy");
    bool is_bounded = !str_eq(value_of(info, "maxmemory"), STR("0"));
    if (!str_eq(policy, STR("noeviction"))) {
        finding_add(f, VERDICT_FAILED, "maxmemory-policy is %.*s",
                    STR_ARGS(policy));
    }
    if (!is_bounded && !doctor_is_development(d)) {
        finding_add(f, VERDICT_WARNING, "maxmemory is not set");
    }
    if (f->verdict == VERDICT_WELL) {
        finding_add(f, VERDICT_WELL, "%.*s are used, nothing is evicted",
                    STR_ARGS(value_of(info, "used_memory_human")));
    }
}
