/* A receiver of Porter's webhooks: what an integrator's endpoint must do, and
 * what demos, tests and benchmarks send to. Boot order reads downwards. */
#include "base/err.h"
#include "base/signals.h"
#include "receiver/handler.h"
#include "receiver/journal.h"
#include "receiver/options.h"
#include "web/web.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define BACKLOG 1024
#define KEEP_ALIVE_MS 60000
#define REQUEST_MS 10000
#define HEAD_MAX 16384
#define BODY_MAX (8 << 20) /* The largest: a roster of thousands. */
#define DRAIN_MS 5000
#define EXIT_USAGE 2

static bool open_web(struct receiver *r, struct web **out, struct err *err)
{
    const struct options *o = r->options;
    const struct web_options web = {
        .address = o->address,
        .port = o->port,
        .threads = o->threads,
        .backlog = BACKLOG,
        .keep_alive_ms = KEEP_ALIVE_MS,
        .request_ms = REQUEST_MS,
        .head_max = HEAD_MAX,
        .body_max = BODY_MAX,
        .tls_certificate = o->tls_cert,
        .tls_key = o->tls_key,
        .handler = receiver_handle,
        .refuse = receiver_refuse,
        .user = r,
    };

    return web_open(&web, out, err);
}

/* Until SIGTERM or SIGINT; SIGHUP reads the certificate again. */
static void wait_for_end(struct web *web, const sigset_t *signals)
{
    struct err err = ERR_NONE;
    int number = 0;

    while (sigwait(signals, &number) == 0 && number == SIGHUP) {
        if (!web_reload_tls(web, &err)) {
            fprintf(stderr, "receiver: %s\n", err.text);
        }
    }
}

int main(int argc, char **argv)
{
    struct options options;
    struct receiver r = {.options = &options};
    struct web *web = NULL;
    struct err err = ERR_NONE;
    sigset_t signals = signals_block();

    if (!options_read(argc, argv, &options, &err)) {
        fprintf(stderr, "receiver: %s\n", err.text);
        options_done(&options);
        return EXIT_USAGE;
    }
    if (options.help) {
        fputs(options_help(), stdout);
        return EXIT_SUCCESS;
    }
    atomic_store(&r.status, options.status);
    atomic_store(&r.delay_ms, options.delay_ms);
    atomic_store(&r.fail_first, options.fail_first);
    if (journal_open(options.log, options.quiet, &r.journal, &err) &&
        open_web(&r, &web, &err)) {
        printf("listening on port %u\n", web_port(web));
        fflush(stdout);
        wait_for_end(web, &signals);
    } else {
        fprintf(stderr, "receiver: %s\n", err.text);
    }
    bool ok = err.code == ERR_OK;
    web_close(web, DRAIN_MS);
    journal_close(r.journal);
    options_done(&options);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
