/* The gateway: the public door. Boot order reads downwards; boot_close is its
 * mirror, but for the relay. */
#include "base/buf.h"
#include "base/descriptors.h"
#include "base/signals.h"
#include "gateway/boot.h"
#include "gateway/cors.h"
#include "gateway/openapi/openapi.h"
#include "gateway/problem.h"
#include "gateway/routes.h"
#include "gateway/tls.h"
#include "gateway/upkeep.h"
#include "log/log.h"
#include "settings/all.h"
#include "web/ask.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define EXIT_USAGE 2
#define WATCH_S 2 /* How often the certificate's files are looked at. */

static void print_help(struct buf *out)
{
    BUF_ADD(
        out,
        "gateway: the public HTTPS door of Porter\n\n"
        "  gateway                 serve until SIGTERM or SIGINT\n"
        "  gateway --ready         ask the running one whether it is ready\n"
        "  gateway --help          this text\n"
        "  gateway --routes        the operations, one a line\n"
        "  gateway --dashboard-routes   those of the dashboard\n"
        "  gateway --config-docs   the variables, as Markdown\n"
        "  gateway --metrics-docs  the metrics, as Markdown\n"
        "  gateway --errors-docs   the problems, as Markdown\n"
        "  gateway --openapi       the API, as OpenAPI 3.1 in JSON\n\n"
        "It is configured by PORTER_… environment variables. SIGHUP reads "
        "the certificate\nagain. Exit: 0 stopped as asked, 1 failed, 2 "
        "usage or configuration.\n");
}

static void print_config(struct buf *out)
{
    config_docs(&gateway_settings_table, out);
}

static const struct page {
    const char *option;
    void (*print)(struct buf *out);
} pages[] = {
    {"--help", print_help},
    {"--routes", routes_print},
    {"--config-docs", print_config},
    {"--metrics-docs", gateway_metrics_docs},
    {"--errors-docs", problem_docs},
    {"--openapi", openapi_print},
    {"--dashboard-routes", routes_print_inner},
};

/* The exit code of an option that prints and ends. */
static int print_page(const char *option)
{
    struct buf out = BUF_EMPTY;
    bool ok = false;

    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        if (str_eq(str_of(pages[i].option), str_of(option))) {
            pages[i].print(&out);
            ok = fwrite(out.data, 1, out.len, stdout) == out.len &&
                 fflush(stdout) == 0;
            buf_free(&out);
            return ok ? EXIT_SUCCESS : EXIT_FAILURE;
        }
    }
    (void)fprintf(stderr, "gateway: unknown option %s; see --help\n", option);
    return EXIT_USAGE;
}

/* Returns when asked to stop. */
static void serve(struct gateway *g, const sigset_t *signals)
{
    const struct timespec turn = {WATCH_S, 0};
    struct tls_watch watch;
    struct upkeep upkeep;

    tls_watch_init(&watch, &g->settings);
    upkeep_init(&upkeep);
    log_info("gateway.started", LOG_TEXT("address", g->settings.https_address),
             LOG_INT("port", web_port(g->https)),
             LOG_INT("private_port", web_port(g->health)));
    for (;;) {
        int got = sigtimedwait(signals, NULL, &turn);

        if (got == SIGTERM || got == SIGINT) {
            log_info("gateway.stopping", LOG_INT("signal", got));
            return;
        }
        tls_watch_turn(&watch, g, got == SIGHUP);
        upkeep_turn(&upkeep, g);
    }
}

static bool configure(struct gateway *g)
{
    struct buf told = BUF_EMPTY;
    struct err err = ERR_NONE;
    bool ok = boot_settings(g, &told, &err);

    if (!ok) {
        (void)fprintf(stderr, "gateway: the configuration has faults:\n%s\n",
                      buf_cstr(&told));
    }
    buf_free(&told);
    return ok;
}

/* --ready, for the health checks of containers: the one that runs with the
 * same variables says it on its private listener. */
static int ask_ready(void)
{
    static struct gateway g;
    struct buf said = BUF_EMPTY;
    bool ok = false;

    if (!configure(&g)) {
        return EXIT_USAGE;
    }
    ok = web_ask_ready(g.settings.private.address,
                       (unsigned)g.settings.private.port, &said);
    (void)fprintf(ok ? stdout : stderr, "%s\n", buf_cstr(&said));
    buf_free(&said);
    gateway_settings_free(&g.settings);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(void)
{
    static struct gateway g; /* Zero; larger than a frame should be. */
    sigset_t signals = signals_block();
    struct err err = ERR_NONE;
    bool ok = false;

    if (!configure(&g)) {
        return EXIT_USAGE;
    }
    log_open("gateway", (enum log_level)g.settings.common.log_level);
    (void)descriptors_raise(); /* One per connection. */
    g.metrics = gateway_metrics_new();
    g.router = routes_router(g.routes);
    g.inner_router = routes_inner_router(g.inner_routes);
    g.openapi = openapi_new(g.settings.public_url);
    g.cors = cors_new();

    ok = routes_check(&err) && boot_store(&g, &err) && boot_tracer(&g, &err) &&
         boot_admit(&g, &err) && boot_plain(&g, &err) && boot_https(&g, &err) &&
         boot_health(&g, &err) && boot_relay(&g, &err);
    if (ok) {
        serve(&g, &signals);
    } else {
        log_fail("gateway.failed", &err);
    }
    boot_close(&g);

    cors_free(g.cors);
    openapi_free(g.openapi);
    router_free(g.router);
    router_free(g.inner_router);
    gateway_metrics_free(g.metrics);
    gateway_settings_free(&g.settings);
    if (ok) {
        log_write(LOG_INFO, "gateway.stopped", NULL, 0);
    }
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        (void)fprintf(stderr, "gateway: one option at most; see --help\n");
        return EXIT_USAGE;
    }
    if (argc == 2 && str_eq(str_of(argv[1]), STR("--ready"))) {
        return ask_ready();
    }
    return argc == 2 ? print_page(argv[1]) : run();
}
