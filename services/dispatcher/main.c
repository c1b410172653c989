/* The dispatcher: boot in the order of the road's needs, wait for a signal,
 * stop as the mirror.
 *
 * Stopping: nothing more comes in (intake, retry); what is being sent ends and
 * what waits is given back as due (workers); rows and outcomes are written
 * (ledger, record); Kafka's places are committed and the group is left. */
#include "dispatcher/circuits.h"
#include "dispatcher/explain.h"
#include "dispatcher/health.h"
#include "dispatcher/intake.h"
#include "dispatcher/ledger.h"
#include "dispatcher/meter.h"
#include "dispatcher/notice.h"
#include "dispatcher/record.h"
#include "dispatcher/replays.h"
#include "dispatcher/retry.h"
#include "dispatcher/worker.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/signals.h"
#include "fetch/fetch.h"
#include "log/log.h"
#include "trace/tracer.h"
#include "web/ask.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define BATCH_MAX 64
#define CONNECT_MS 3000
#define WAIT_MS 5000
#define STATEMENT_MS 10000
#define RECONNECT_MS 200
#define FLUSH_MS 10000
#define DESCRIPTORS_BESIDES 256 /* Neighbours, files, listeners. */
/* What waits for its turn shall have time for it: nothing is begun that could
 * outlast its lease. */
#define LEASE_PER_ATTEMPT 2
#define BODIES_IN_FLIGHT 2

static bool load_signing(struct dispatcher *d, struct err *err)
{
    return ed25519_load(d->settings.signing.keys_file, &d->signing, err) &&
           (ed25519_can_sign(d->signing) ||
            err_set(err, ERR_INVALID, "its first key is no private key"));
}

/* What the rows of the table can't say; a field that is NULL had a fault. */
static void judge(void *user, struct config_faults *faults)
{
    struct dispatcher *d = user;
    const struct dispatcher_settings *s = &d->settings;
    const struct bus_options bus = {.brokers = s->kafka.brokers,
                                    .client_id = "porter-dispatcher",
                                    .extra = s->kafka.extra};
    bool is_development = s->common.environment == ENVIRONMENT_DEVELOPMENT;
    struct err why = ERR_NONE;

    common_settings_clock(&s->common, faults);
    if (s->common.db_url != NULL && !db_url_check(s->common.db_url, &why)) {
        config_fault(faults, "PORTER_DB_URL", why.text);
    }
    if (s->common.seal_keys != NULL &&
        !seal_keys_read(str_of(s->common.seal_keys), &d->keys, &why)) {
        config_fault(faults, "PORTER_SEAL_KEYS", why.text);
    }
    if (s->signing.keys_file != NULL && s->signing.keys_file[0] != '\0' &&
        !load_signing(d, &why)) {
        config_fault(faults, "PORTER_SIGNING_KEYS_FILE", why.text);
    }
    if (s->kafka.brokers != NULL && !bus_options_check(&bus, &why)) {
        config_fault(faults, "PORTER_KAFKA_EXTRA", why.text);
    }
    if (s->retry_schedule != NULL &&
        !backoff_read(str_of(s->retry_schedule), &d->backoff, &why)) {
        config_fault(faults, "PORTER_RETRY_SCHEDULE", why.text);
    }
    d->backoff.max_age_us = (int64_t)s->max_age_ms * US_PER_MS;
    if (s->common.egress_allow != NULL &&
        !guard_read(str_of(s->common.egress_allow), is_development, &d->guard,
                    &why)) {
        config_fault(faults, "PORTER_EGRESS_ALLOW", why.text);
    }
    if (s->egress_proxy != NULL && !fetch_proxy_check(s->egress_proxy, &why)) {
        config_fault(faults, "PORTER_EGRESS_PROXY", why.text);
    }
    if (s->egress_ca_file != NULL && !fetch_ca_check(s->egress_ca_file, &why)) {
        config_fault(faults, "PORTER_EGRESS_CA_FILE", why.text);
    }
    if (s->lease_ms > 0 &&
        s->lease_ms < LEASE_PER_ATTEMPT * s->attempt_timeout_ms) {
        config_fault(faults, "PORTER_LEASE",
                     "must be at least twice PORTER_ATTEMPT_TIMEOUT");
    }
    if (s->in_flight_bytes > 0 &&
        s->in_flight_bytes < BODIES_IN_FLIGHT * s->body_max) {
        config_fault(faults, "PORTER_IN_FLIGHT_BYTES",
                     "must be at least twice PORTER_WEBHOOK_BODY_MAX: else one "
                     "event stops all others");
    }
    common_settings_otlp(&s->otlp, faults);
}

static bool configure(struct dispatcher *d, struct buf *told, struct err *err)
{
    const struct dispatcher_settings *s = &d->settings;
    const struct config_more more = {judge, d, told};

    if (!dispatcher_settings_load(&d->settings, &more, err)) {
        return false;
    }
    load_init(&d->load, (size_t)s->in_flight_max, (size_t)s->in_flight_bytes);
    d->db_options = (struct db_options){
        .url = s->common.db_url,
        .service = "porter-dispatcher",
        .pool_size = (unsigned)s->common.db_pool,
        .batch_max = BATCH_MAX,
        .connect_ms = CONNECT_MS,
        .wait_ms = WAIT_MS,
        .statement_ms = STATEMENT_MS,
        .reconnect_ms = RECONNECT_MS,
    };
    return true;
}

/* Too few are told as failures of our own, not of the endpoints. */
static void take_descriptors(const struct dispatcher *d)
{
    uint64_t need = (uint64_t)d->settings.workers * WORKER_DESCRIPTORS +
                    DESCRIPTORS_BESIDES;
    uint64_t most = descriptors_raise();

    if (most > 0 && most < need) {
        log_warn("descriptors.are_few", LOG_INT("limit", (int64_t)most),
                 LOG_INT("needed", (int64_t)need));
    }
}

static void count_spans(void *user, enum tracer_fate fate, size_t spans)
{
    const struct dispatcher *d = user;

    metrics_add(d->metrics, METER_SPANS, fate, (int64_t)spans);
}

static bool open_tracer(struct dispatcher *d, struct err *err)
{
    const struct tracer_options ours = {
        .service = "porter-dispatcher",
        .count = count_spans,
        .user = d,
    };

    return common_settings_tracer(&d->settings.otlp, &ours, &d->tracer, err);
}

/* A stage is opened after those it hands things to; work begins with the
 * claims of retry and the records of intake. */
static bool boot(struct dispatcher *d, struct err *err)
{
    d->metrics = metrics_new(meter_rows, METER_COUNT);
    if (!open_tracer(d, err) || !db_open(&d->db_options, &d->db, err)) {
        return false;
    }
    d->targets = targets_new(d->db, &d->keys);
    d->retry = retry_new(d);
    d->circuits = circuits_new(d);
    return record_open(d, &d->record, err) && ledger_open(d, &d->ledger, err) &&
           workers_open(d, &d->workers, err) && retry_start(d->retry, err) &&
           circuits_start(d->circuits, err) &&
           replays_open(d, &d->replays, err) &&
           notice_open(d, &d->notice, err) && intake_open(d, &d->intake, err) &&
           health_open(d, &d->health, err);
}

static void stop(struct dispatcher *d)
{
    health_close(d->health);
    intake_stop(d->intake);
    notice_close(d->notice);
    replays_close(d->replays);
    retry_stop(d->retry);
    circuits_stop(d->circuits);
    workers_drain(d->workers);
    if (d->ledger != NULL && !ledger_flush(d->ledger, FLUSH_MS)) {
        log_warn("ledger.left_unwritten", LOG_INT("wait_ms", FLUSH_MS));
    }
    if (d->record != NULL && !record_flush(d->record, FLUSH_MS)) {
        log_warn("record.left_unwritten", LOG_INT("wait_ms", FLUSH_MS));
    }
    circuits_flush(d->circuits);
    intake_close(d->intake);
    ledger_close(d->ledger);
    record_close(d->record);
    workers_close(d->workers);
    retry_close(d->retry);
    tracer_close(d->tracer);
    circuits_close(d->circuits);
    targets_free(d->targets);
    db_close(d->db);
    metrics_free(d->metrics);
    ed25519_free(d->signing);
}

static int wait_signal(const sigset_t *set)
{
    int got = 0;

    /* SIGHUP has nothing to reload here; one environment serves all. */
    while (sigwait(set, &got) != 0 || got == SIGHUP) {
    }
    return got;
}

static int run(struct dispatcher *d)
{
    struct err err = ERR_NONE;
    sigset_t signals = signals_block();
    take_descriptors(d);
    bool ok = boot(d, &err);

    if (ok) {
        log_info("dispatcher.started", LOG_INT("workers", d->settings.workers),
                 LOG_INT("private_port", d->settings.private.port));
        int got = wait_signal(&signals);
        log_info("dispatcher.stopping", LOG_INT("signal", got));
    } else {
        log_fail("dispatcher.failed", &err);
    }
    stop(d);
    log_info("dispatcher.stopped", LOG_BOOL("ok", ok));
    return ok ? 0 : EXIT_FAILED;
}

static int write_docs(void (*docs)(struct buf *out))
{
    struct buf text = BUF_EMPTY;

    docs(&text);
    (void)fwrite(text.data, 1, text.len, stdout);
    buf_free(&text);
    return 0;
}

static void docs_of_settings(struct buf *out)
{
    config_docs(&dispatcher_settings_table, out);
}

static void docs_of_metrics(struct buf *out)
{
    metrics_docs("dispatcher", meter_rows, METER_COUNT, out);
}

/* --ready, for the health checks of containers: the one that runs with the
 * same variables says it on its private listener. */
static int ask_ready(const struct dispatcher *d)
{
    struct buf said = BUF_EMPTY;
    bool ok = web_ask_ready(d->settings.private.address,
                            (unsigned)d->settings.private.port, &said);

    (void)fprintf(ok ? stdout : stderr, "%s\n", buf_cstr(&said));
    buf_free(&said);
    return ok ? 0 : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    static struct dispatcher d;
    struct buf told = BUF_EMPTY;
    struct err err = ERR_NONE;
    bool is_asked = argc == 2 && strcmp(argv[1], "--ready") == 0;
    int result = 0;

    if (argc == 2 && strcmp(argv[1], "--config-docs") == 0) {
        return write_docs(docs_of_settings);
    }
    if (argc == 2 && strcmp(argv[1], "--metrics-docs") == 0) {
        return write_docs(docs_of_metrics);
    }
    if (argc == 2 && strcmp(argv[1], "--failures-docs") == 0) {
        return write_docs(explain_docs);
    }
    if (argc != 1 && !is_asked) {
        (void)fprintf(stderr,
                      "usage: dispatcher [--ready | --config-docs | "
                      "--failures-docs | --metrics-docs]\n"
                      "--ready asks the running one whether it is ready.\n"
                      "Everything else comes from PORTER_… variables.\n");
        return EXIT_USAGE;
    }
    if (!configure(&d, &told, &err)) {
        (void)fprintf(stderr, "dispatcher: the configuration has faults:\n%s\n",
                      buf_cstr(&told));
        buf_free(&told);
        dispatcher_settings_free(&d.settings);
        return EXIT_USAGE;
    }
    log_open("dispatcher", (enum log_level)d.settings.common.log_level);
    result = is_asked ? ask_ready(&d) : run(&d);
    dispatcher_settings_free(&d.settings);
    return result;
}
