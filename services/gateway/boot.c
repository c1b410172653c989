/* From settings to open parts, and back. */
#include "gateway/boot.h"

#include "base/clock.h"
#include "gateway/calls.h"
#include "gateway/guess.h"
#include "gateway/passwords.h"
#include "gateway/pipeline.h"
#include "gateway/plain.h"
#include "gateway/private.h"
#include "gateway/routes.h"
#include "gateway/throttle.h"
#include "gateway/upkeep.h"
#include "gateway/usage.h"
#include "bus/record.h"
#include "log/log.h"
#include "trace/tracer.h"

#include <sys/resource.h>
#include <time.h>

#define DB_BATCH_MAX 64
#define DB_CONNECT_MS 2000
#define DB_WAIT_MS 2000
#define DB_STATEMENT_MS 5000
#define DB_RECONNECT_MS 250
#define KV_CONNECTIONS 2
#define KV_BATCH_MAX 64
#define KV_CONNECT_MS 250
#define KV_TIMEOUT_MS 250
#define KV_ERRORS_MAX 3
#define KV_PROBE_MS 500
#define ADMIT_LOCAL_MAX 100000
#define USAGE_MAX 100000
#define SMALL_THREADS 16 /* The plain and the private listener. */
#define BACKLOG 1024
#define SMALL_BACKLOG 64
#define HEAD_MAX 16384
#define SMALL_BODY_MAX 65536
#define SMALL_TIME_MS 5000
#define PLAIN_KEEP_ALIVE_MS 100 /* Each connection ends with its answer. */
#define DESCRIPTORS_BESIDES 256 /* Neighbours, files, listeners. */
#define NOTICE_MAX_MS 1000      /* For balancers to see "not ready". */
#define LAST_MAX_MS 5000        /* For connections that are kept to be used. */

static void warn_if_few_descriptors(const struct gateway *g)
{
    uint64_t need = g->settings.http_threads + DESCRIPTORS_BESIDES;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < need) {
        log_warn("descriptors.are_few", LOG_INT("limit", limit.rlim_cur),
                 LOG_INT("needed", need));
    }
}

/* What the rows of the table can't say; a field that is NULL had a fault. */
static void judge(void *user, struct config_faults *faults)
{
    struct gateway *g = user;
    const struct gateway_settings *s = &g->settings;
    const struct bus_options bus = {.brokers = s->kafka.brokers,
                                    .client_id = "porter-gateway",
                                    .extra = s->kafka.extra};
    bool is_development = s->common.environment == ENVIRONMENT_DEVELOPMENT;
    struct err why = ERR_NONE;

    common_settings_clock(&s->common, faults);
    if (s->common.db_url != NULL && !db_url_check(s->common.db_url, &why)) {
        config_fault(faults, "PORTER_DB_URL", why.text);
    }
    if (s->common.seal_keys != NULL &&
        !seal_keys_read(str_of(s->common.seal_keys), &g->seal_keys, &why)) {
        config_fault(faults, "PORTER_SEAL_KEYS", why.text);
    }
    if (s->signing.keys_file != NULL && s->signing.keys_file[0] != '\0' &&
        !ed25519_load(s->signing.keys_file, &g->signing, &why)) {
        config_fault(faults, "PORTER_SIGNING_KEYS_FILE", why.text);
    }
    if (s->common.egress_allow != NULL &&
        !guard_read(str_of(s->common.egress_allow), is_development, &g->guard,
                    &why)) {
        config_fault(faults, "PORTER_EGRESS_ALLOW", why.text);
    }
    if (s->trusted_proxies != NULL &&
        !address_list_read_proxies(str_of(s->trusted_proxies), &g->proxies,
                                   &why)) {
        config_fault(faults, "PORTER_TRUSTED_PROXIES", why.text);
    }
    if (s->redis_url != NULL && !kv_url_check(s->redis_url, &why)) {
        config_fault(faults, "PORTER_REDIS_URL", why.text);
    }
    if (s->kafka.brokers != NULL && !bus_options_check(&bus, &why)) {
        config_fault(faults, "PORTER_KAFKA_EXTRA", why.text);
    }
    common_settings_otlp(&s->otlp, faults);
}

bool boot_settings(struct gateway *g, struct buf *told, struct err *err)
{
    const struct config_more more = {judge, g, told};
    const struct seal_keys *keys = &g->seal_keys;
    struct str first = {(const char *)keys->list[0].bytes,
                        sizeof keys->list[0].bytes};

    if (!gateway_settings_load(&g->settings, &more, err)) {
        return false;
    }
    for (size_t i = 0; i < keys->count; i++) {
        struct str key = {(const char *)keys->list[i].bytes,
                          sizeof keys->list[i].bytes};

        g->cursor_secrets[i] = crypt_hmac_sha256(key, STR("cursor"));
    }
    g->tag_secret = crypt_hmac_sha256(first, STR("etag"));
    return true;
}

bool boot_store(struct gateway *g, struct err *err)
{
    const struct kv_options kv = {
        .url = g->settings.redis_url,
        .connections = KV_CONNECTIONS,
        .batch_max = KV_BATCH_MAX,
        .connect_ms = KV_CONNECT_MS,
        .timeout_ms = KV_TIMEOUT_MS,
        .errors_max = KV_ERRORS_MAX,
        .probe_ms = KV_PROBE_MS,
    };

    g->db_options = (struct db_options){
        .url = g->settings.common.db_url,
        .service = "porter-gateway",
        .pool_size = (unsigned)g->settings.common.db_pool,
        .batch_max = DB_BATCH_MAX,
        .connect_ms = DB_CONNECT_MS,
        .wait_ms = DB_WAIT_MS,
        .statement_ms = DB_STATEMENT_MS,
        .reconnect_ms = DB_RECONNECT_MS,
    };
    return db_open(&g->db_options, &g->db, err) && kv_open(&kv, &g->kv, err);
}

static void count_spans(void *user, enum tracer_fate fate, size_t spans)
{
    gateway_metrics_spans(user, fate, spans);
}

bool boot_tracer(struct gateway *g, struct err *err)
{
    const struct tracer_options ours = {
        .service = "porter-gateway",
        .count = count_spans,
        .user = g->metrics,
    };

    return common_settings_tracer(&g->settings.otlp, &ours, &g->tracer, err);
}

bool boot_admit(struct gateway *g, struct err *err)
{
    struct admit_options opts = {
        .db = g->db, .kv = g->kv, .local_max = ADMIT_LOCAL_MAX};

    g->usage = usage_new(USAGE_MAX);
    g->guess = guess_new((unsigned)g->settings.unknown_keys);
    g->calls = calls_new();
    g->throttle = throttle_new(g->kv);
    g->passwords = passwords_new();
    opts.usage = g->usage;
    opts.guess = g->guess;
    return admit_open(&opts, &g->admit, err);
}

bool boot_plain(struct gateway *g, struct err *err)
{
    const struct web_options opts = {
        .address = g->settings.https_address,
        .port = (unsigned)g->settings.plain_port,
        .threads = SMALL_THREADS,
        .backlog = SMALL_BACKLOG,
        .keep_alive_ms = PLAIN_KEEP_ALIVE_MS,
        .request_ms = SMALL_TIME_MS,
        .head_max = HEAD_MAX,
        .body_max = SMALL_BODY_MAX,
        .proxies = &g->proxies,
        .handler = plain_handle,
        .refuse = plain_refuse,
        .user = g,
    };

    if (g->settings.plain_port == 0) {
        return true;
    }
    return web_open(&opts, &g->plain, err) ||
           err_wrap(err, "the plain-HTTP listener");
}

bool boot_https(struct gateway *g, struct err *err)
{
    const struct web_options opts = {
        .address = g->settings.https_address,
        .port = (unsigned)g->settings.https_port,
        .threads = (unsigned)g->settings.http_threads,
        .backlog = BACKLOG,
        .keep_alive_ms = (unsigned)g->settings.http_keep_alive_ms,
        .request_ms = (unsigned)g->settings.http_request_ms,
        .head_max = HEAD_MAX,
        .body_max = (size_t)g->settings.http_body_max,
        .tls_certificate = g->settings.tls_certificate,
        .tls_key = g->settings.tls_key,
        .proxies = &g->proxies,
        .handler = pipeline_handle,
        .refuse = pipeline_refuse,
        .user = g,
    };

    warn_if_few_descriptors(g);
    return web_open(&opts, &g->https, err) ||
           err_wrap(err, "the HTTPS listener");
}

bool boot_health(struct gateway *g, struct err *err)
{
    const struct web_options opts = {
        .address = g->settings.private.address,
        .port = (unsigned)g->settings.private.port,
        .threads = SMALL_THREADS,
        .backlog = SMALL_BACKLOG,
        .keep_alive_ms = SMALL_TIME_MS,
        .request_ms = SMALL_TIME_MS,
        .head_max = HEAD_MAX,
        .body_max = SMALL_BODY_MAX,
        .handler = private_handle,
        .refuse = private_refuse,
        .user = g,
    };

    return web_open(&opts, &g->health, err) ||
           err_wrap(err, "the private listener");
}

bool boot_relay(struct gateway *g, struct err *err)
{
    const struct bus_options bus = {
        .brokers = g->settings.kafka.brokers,
        .client_id = "porter-gateway",
        .extra = g->settings.kafka.extra,
    };
    struct relay *relay = NULL;
    const struct relay_options opts = {
        .db = &g->db_options,
        .bus = &bus,
        .rest_ms = (unsigned)g->settings.relay_rest_ms,
        .tracer = g->tracer,
        .metrics = g->metrics,
    };

    if (!g->settings.relay) {
        log_info("relay.is_off", LOG_TEXT("because", "PORTER_RELAY=false"));
        return true;
    }
    if (!relay_open(&opts, &relay, err)) {
        return false;
    }
    g->relay = relay;
    return true;
}

static void sleep_ms(uint64_t ms)
{
    struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

    (void)nanosleep(&t, NULL);
}

/* A connection that is closed while its owner sends a request costs him that
 * request. Who has one and calls within the time is told by an answer. */
static uint64_t wait_for_last(struct gateway *g, uint64_t most_ms)
{
    const uint64_t step_ms = 20;
    uint64_t waited_ms = 0;

    while (waited_ms < most_ms && web_stats(g->https).connections > 0) {
        sleep_ms(step_ms);
        waited_ms += step_ms;
    }
    return waited_ms;
}

/* Not ready first, so that balancers send nothing new, and every answer ends
 * its connection; those that are kept may be used once more; then what is under
 * way may finish. */
static void drain(struct gateway *g)
{
    uint64_t all_ms = g->settings.drain_ms;
    uint64_t notice_ms = MIN_OF(all_ms / 10, (uint64_t)NOTICE_MAX_MS);
    uint64_t last_ms = MIN_OF(all_ms / 2, (uint64_t)LAST_MAX_MS);

    atomic_store(&g->is_draining, true);
    if (g->https == NULL) {
        return;
    }
    web_drain(g->https);
    sleep_ms(notice_ms);
    notice_ms += wait_for_last(g, last_ms - MIN_OF(last_ms, notice_ms));
    log_info("gateway.draining",
             LOG_INT("requests", web_stats(g->https).in_handler),
             LOG_INT("at_most_ms", all_ms - notice_ms));
    web_stop(g->https, (unsigned)(all_ms - notice_ms));
}

/* The mirror of opening, but for the relay: the listeners' threads wake it. */
void boot_close(struct gateway *g)
{
    drain(g);
    web_close(g->plain, SMALL_TIME_MS);
    web_close(g->health, SMALL_TIME_MS);
    web_close(g->https, 0); /* Not earlier: /metrics asks for its numbers. */
    relay_close(g->relay);
    tracer_close(g->tracer);
    upkeep_end(g);
    admit_close(g->admit);
    usage_free(g->usage);
    guess_free(g->guess);
    calls_free(g->calls);
    throttle_free(g->throttle);
    passwords_free(g->passwords);
    kv_close(g->kv);
    db_close(g->db);
    ed25519_free(g->signing);
    crypt_wipe(g->cursor_secrets, sizeof g->cursor_secrets);
    crypt_wipe(&g->tag_secret, sizeof g->tag_secret);
    crypt_wipe(&g->seal_keys, sizeof g->seal_keys);
}
