/* porterctl doctor: one check after the other, each in a process of its own
 * that is ended when it takes too long. The table is in doctor.c; a file per
 * neighbour has the checks. */
#ifndef PORTER_PORTERCTL_DOCTOR_H
#define PORTER_PORTERCTL_DOCTOR_H

#include "porterctl/ctl.h"
#include "settings/dispatcher.h"
#include "settings/gateway.h"

/* From good to bad. */
enum verdict {
    VERDICT_WELL,
    VERDICT_SKIPPED, /* What it rests on is not well. */
    VERDICT_WARNING,
    VERDICT_FAILED,
    VERDICT_COUNT
};

#define FINDING_MAX 8192 /* A ready line for each right that is lacking. */

/* What a check found; begins as well, with no text. */
struct finding {
    enum verdict verdict;
    char text[FINDING_MAX];
};

/* What a check needs to have been read; else it is skipped. */
enum doctor_needs {
    DOCTOR_SETTINGS = 1,   /* ctl->settings */
    DOCTOR_GATEWAY = 2,    /* d->gateway */
    DOCTOR_DISPATCHER = 4, /* d->dispatcher */
    DOCTOR_SEAL_KEYS = 8,  /* d->keys */
};

struct doctor {
    struct ctl *ctl;
    unsigned has;  /* enum doctor_needs */
    unsigned asks; /* DOCTOR_GATEWAY and DOCTOR_DISPATCHER: by --services. */
    struct gateway_settings gateway;
    struct dispatcher_settings dispatcher;
    struct seal_keys keys;
    struct buf faults; /* Of the configuration, one a line. */
};

typedef void check_fn(struct doctor *d, struct finding *f);

/* One more thing that was seen. The worst verdict counts. */
void finding_add(struct finding *f, enum verdict verdict, const char *format,
                 ...) PRINTF_LIKE(3, 4);

/* One machine, where nothing has to outlive it? */
bool doctor_is_development(const struct doctor *d);

/* Read the variables of the programs that --services names; what is wrong is
 * for check_config to tell. */
MUST_USE bool doctor_configure(struct doctor *d, struct err *err);
void doctor_done(struct doctor *d);

/* The database of the settings; does not connect yet. False: f says why. */
MUST_USE bool doctor_db(struct doctor *d, struct finding *f, struct db **out);

/* --- the checks, by file ---------------------------------------------------
 */

check_fn check_config, check_seals_known, check_seals_open;
check_fn check_postgres_reach, check_postgres_version, check_postgres_primary,
    check_postgres_durable, check_postgres_migrations, check_postgres_rights,
    check_postgres_partitions, check_postgres_clock, check_postgres_connections,
    check_postgres_vacuum, check_postgres_transactions;
check_fn check_redis_reach, check_redis_version, check_redis_writes,
    check_redis_memory;
check_fn check_kafka_reach, check_kafka_rights, check_kafka_topics,
    check_kafka_settings, check_kafka_lag;
check_fn check_tls_pair, check_tls_expiry, check_tls_name;
check_fn check_egress_proxy, check_egress_names;

#endif
