/* What no row of the shared variables can say. */
#include "settings/common.h"

#include "base/clock.h"
#include "fetch/fetch.h"
#include "trace/options.h"
#include "trace/tracer.h"

void common_settings_clock(const struct common_settings *s,
                           struct config_faults *faults)
{
    struct err why = ERR_NONE;

    if (s->clock_file == NULL || s->clock_file[0] == '\0') {
        return;
    }
    if (s->environment != ENVIRONMENT_DEVELOPMENT) {
        config_fault(faults, "PORTER_CLOCK_FILE",
                     "is for tests; PORTER_ENVIRONMENT is not development");
    } else if (!clock_follow(s->clock_file, &why)) {
        config_fault(faults, "PORTER_CLOCK_FILE", why.text);
    }
}

void common_settings_otlp(const struct otlp_settings *s,
                          struct config_faults *faults)
{
    struct err why = ERR_NONE;
    uint64_t threshold = 0;

    if (s->endpoint != NULL && !trace_endpoint_check(s->endpoint, &why)) {
        config_fault(faults, "PORTER_OTLP_ENDPOINT", why.text);
    }
    if (s->headers != NULL && !trace_headers_check(s->headers, &why)) {
        config_fault(faults, "PORTER_OTLP_HEADERS", why.text);
    }
    if (s->sample != NULL && !trace_sample_read(s->sample, &threshold, &why)) {
        config_fault(faults, "PORTER_OTLP_SAMPLE", why.text);
    }
    if (s->ca_file != NULL && !fetch_ca_check(s->ca_file, &why)) {
        config_fault(faults, "PORTER_OTLP_CA_FILE", why.text);
    }
}

static void tell_collector(void *user, const struct err *why)
{
    (void)user;
    if (why != NULL) {
        log_err(LOG_WARN, "trace.collector_away", why, NULL, 0);
    } else {
        log_write(LOG_INFO, "trace.collector_back", NULL, 0);
    }
}

bool common_settings_tracer(const struct otlp_settings *s,
                            const struct tracer_options *ours,
                            struct tracer **out, struct err *err)
{
    struct tracer_options all = *ours;

    all.endpoint = s->endpoint;
    all.headers = s->headers;
    all.sample = s->sample;
    all.ca_file = s->ca_file;
    all.tell = tell_collector;
    return tracer_open(&all, out, err);
}
