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
#include "dispatcher/retry.h"
#include "dispatcher/worker.h"

#include "base/signals.h"
#include "fetch/fetch.h"
#include "log/log.h"

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
    if (s->lease_ms > 0 && s->lease_ms <= s->attempt_timeout_ms) {
        config_fault(faults, "PORTER_LEASE",
                     "must be longer than PORTER_ATTEMPT_TIMEOUT");
    }
}

static bool configure(struct dispatcher *d, struct buf *told, struct err *err)
{
    const struct dispatcher_settings *s = &d->settings;
    const struct config_more more = {judge, d, told};

    if (!dispatcher_settings_load(&d->settings, &more, err)) {
        return false;
    }
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

/* A stage is opened after those it hands things to; work begins with the
 * claims of retry and the records of intake. */
static bool boot(struct dispatcher *d, struct err *err)
{
    d->metrics = metrics_new(meter_rows, METER_COUNT);
    if (!db_open(&d->db_options, &d->db, err)) {
        return false;
    }
    d->targets = targets_new(d->db, &d->keys);
    d->retry = retry_new(d);
    d->circuits = circuits_new(d);
    return record_open(d, &d->record, err) && ledger_open(d, &d->ledger, err) &&
           workers_open(d, &d->workers, err) && retry_start(d->retry, err) &&
           circuits_start(d->circuits, err) &&
           notice_open(d, &d->notice, err) && intake_open(d, &d->intake, err) &&
           health_open(d, &d->health, err);
}

static void stop(struct dispatcher *d)
{
    health_close(d->health);
    intake_stop(d->intake);
    notice_close(d->notice);
    retry_stop(d->retry);
    circuits_stop(d->circuits);
    workers_drain(d->workers);
    if (d->ledger != NULL && !ledger_flush(d->ledger, FLUSH_MS)) {
        log_warn("ledger.left_unwritten", LOG_INT("wait_ms", FLUSH_MS));
    }
    if (d->record != NULL && !record_flush(d->record, FLUSH_MS)) {
        log_warn("record.left_unwritten", LOG_INT("wait_ms", FLUSH_MS));
    }
    intake_close(d->intake);
    ledger_close(d->ledger);
    record_close(d->record);
    workers_close(d->workers);
    retry_close(d->retry);
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

int main(int argc, char **argv)
{
    static struct dispatcher d;
    struct buf told = BUF_EMPTY;
    struct err err = ERR_NONE;

    if (argc == 2 && strcmp(argv[1], "--config-docs") == 0) {
        return write_docs(docs_of_settings);
    }
    if (argc == 2 && strcmp(argv[1], "--metrics-docs") == 0) {
        return write_docs(docs_of_metrics);
    }
    if (argc == 2 && strcmp(argv[1], "--failures-docs") == 0) {
        return write_docs(explain_docs);
    }
    if (argc != 1) {
        (void)fprintf(stderr,
                      "usage: dispatcher [--config-docs | --failures-docs | "
                      "--metrics-docs]\n"
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
    int result = run(&d);
    dispatcher_settings_free(&d.settings);
    return result;
}
