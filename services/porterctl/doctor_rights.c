/* What our user may do on Kafka, held against what the services that we are
 * asked about have to do (the table of rights in docs/kafka.md). How Kafka is
 * asked without anything being changed: libs/bus/rights.c.
 *
 * One environment has one user, and nobody says whose he is but --services.
 * When both services are asked about and he has nothing that only one of them
 * needs, he is taken for the other's: that is a warning, no failure. */
#include "porterctl/doctor.h"

#include "base/buf.h"
#include "base/clock.h"
#include "bus/rights.h"
#include "crypt/client_certificate.h"
#include "store/event.h"

#include <stdio.h>

#define WAIT_MS 8000 /* Of the ten seconds that a check has. */

enum { GATEWAY, DISPATCHER, SERVICE_COUNT };

static const char *const service_names[SERVICE_COUNT] = {"gateway",
                                                         "dispatcher"};

/* One kind of right that a service needs, of all that it needs it for. */
enum need { NEED_WRITE, NEED_ASIDE, NEED_READ, NEED_GROUPS, NEED_COUNT };

static const struct need_row {
    int service; /* -1: of both */
    const char *operation;
    const char *kind;
} needs[NEED_COUNT] = {
    [NEED_WRITE] = {GATEWAY, "Write", "topic"},
    [NEED_ASIDE] = {-1, "Write", "topic"}, /* Dead letters. */
    [NEED_READ] = {DISPATCHER, "Read", "topic"},
    [NEED_GROUPS] = {DISPATCHER, "Read", "group"},
};

struct rights_round {
    struct doctor *d;
    struct topic_rights list[RIGHTS_TOPICS_MAX];
    size_t count;
    bool is_asked[SERVICE_COUNT];
    char user[RIGHTS_USER_MAX]; /* As kafka-acls.sh takes it. */
};

/* --- asking -----------------------------------------------------------------
 */

static enum right asked_if(bool is_asked)
{
    return is_asked ? RIGHT_UNKNOWN : RIGHT_NOT_ASKED;
}

static void list_topics(struct rights_round *r)
{
    const char *group = r->d->ctl->settings.kafka_group;
    enum right of_gateway = asked_if(r->is_asked[GATEWAY]);
    enum right of_dispatcher = asked_if(r->is_asked[DISPATCHER]);

    for (size_t i = 0; event_topics[i] != NULL; i++) {
        r->list[r->count++] = (struct topic_rights){
            .topic = event_topics[i],
            .group =
                arena_printf(r->d->ctl->arena, "%s.%s", group, event_topics[i])
                    .data,
            .write = of_gateway,
            .read = of_dispatcher,
            .group_read = of_dispatcher,
        };
    }
    r->list[r->count++] = (struct topic_rights){
        .topic = event_dead_letters_topic, .write = RIGHT_UNKNOWN};
}

/* Its subject, unless the brokers make another name of that. */
static void name_by_certificate(struct rights_round *r, const char *path)
{
    char *pem = arena_take(r->d->ctl->arena, CLIENT_CERTIFICATE_MAX);
    struct client_certificate c;
    struct err ignored = ERR_NONE;
    FILE *file = fopen(path, "re");
    size_t len = 0;

    if (file != NULL) {
        len = fread(pem, 1, CLIENT_CERTIFICATE_MAX, file);
        (void)fclose(file);
    }
    if (client_certificate_read((struct str){pem, len}, clock_wall_us(), &c,
                                &ignored)) {
        (void)snprintf(r->user, sizeof r->user, "User:%s", c.subject);
    }
}

static bool find_user(struct rights_round *r, const struct bus_options *bus,
                      struct err *err)
{
    enum rights_user kind = RIGHTS_USER_OTHER;
    char name[RIGHTS_USER_MAX];

    (void)snprintf(r->user, sizeof r->user, "User:NAME");
    if (!rights_user(bus, &kind, name, err)) {
        return false;
    }
    if (kind == RIGHTS_USER_CERTIFICATE) {
        name_by_certificate(r, name);
    } else if (kind == RIGHTS_USER_NAMED) {
        (void)snprintf(r->user, sizeof r->user, "User:%.*s",
                       RIGHTS_USER_MAX - 6, name);
    }
    return true;
}

/* --- judging ----------------------------------------------------------------
 */

/* The right of this kind to the i-th topic, and what it is a right to. */
static enum right right_of(const struct rights_round *r, enum need need,
                           size_t i, const char **resource)
{
    const struct topic_rights *t = &r->list[i];
    bool is_aside = i + 1 == r->count;

    *resource = need == NEED_GROUPS ? t->group : t->topic;
    if ((need == NEED_ASIDE) != is_aside && need <= NEED_ASIDE) {
        return RIGHT_NOT_ASKED;
    }
    return need == NEED_READ     ? t->read
           : need == NEED_GROUPS ? t->group_read
                                 : t->write;
}

static size_t count_of(const struct rights_round *r, enum need need,
                       enum right right)
{
    const char *resource = NULL;
    size_t count = 0;

    for (size_t i = 0; i < r->count; i++) {
        count += right_of(r, need, i, &resource) == right;
    }
    return count;
}

/* Has the user something that this service alone needs? */
static bool is_user_of(const struct rights_round *r, int service)
{
    bool is_any = false;

    for (int need = 0; need < NEED_COUNT; need++) {
        is_any = is_any || (needs[need].service == service &&
                            count_of(r, (enum need)need, RIGHT_HELD) > 0);
    }
    return is_any;
}

/* For whom a right of this kind is needed, of those who are asked about. */
static const char *needed_by(const struct rights_round *r, enum need need)
{
    if (needs[need].service >= 0) {
        return service_names[needs[need].service];
    }
    return r->is_asked[GATEWAY] && r->is_asked[DISPATCHER]
               ? "gateway and a dispatcher"
               : service_names[r->is_asked[GATEWAY] ? GATEWAY : DISPATCHER];
}

/* What is lacked of one kind, and in a line of its own what gives it. */
static void tell_lack(const struct rights_round *r, enum need need,
                      struct buf *told)
{
    const struct need_row *row = &needs[need];
    struct buf names = BUF_EMPTY;
    struct buf options = BUF_EMPTY;
    const char *resource = NULL;

    for (size_t i = 0; i < r->count; i++) {
        if (right_of(r, need, i, &resource) == RIGHT_LACKED) {
            buf_addf(&names, "%s%s", names.len == 0 ? "" : ", ", resource);
            buf_addf(&options, " --%s '%s'", row->kind, resource);
        }
    }
    if (names.len > 0) {
        buf_addf(told,
                 "%s%s lacks %s on %s %s, for a %s:\n"
                 "kafka-acls.sh --bootstrap-server %s --add "
                 "--allow-principal '%s' --operation %s%s",
                 told->len == 0 ? "" : "\n", r->user, row->operation, row->kind,
                 buf_cstr(&names), needed_by(r, need),
                 r->d->ctl->settings.kafka.brokers, r->user, row->operation,
                 buf_cstr(&options));
    }
    buf_free(&names);
    buf_free(&options);
}

/* The kinds that count: of both where `service` is -1. */
static void tell_lacks(const struct rights_round *r, int service,
                       enum verdict verdict, struct finding *f)
{
    struct buf told = BUF_EMPTY;

    for (int need = 0; need < NEED_COUNT; need++) {
        if (service == -1 || needs[need].service == -1 ||
            needs[need].service == service) {
            tell_lack(r, (enum need)need, &told);
        }
    }
    if (told.len > 0) {
        finding_add(f, verdict, "%s", buf_cstr(&told));
    }
    buf_free(&told);
}

/* A user who is the one service's alone. */
static void judge_one(const struct rights_round *r, int service,
                      struct finding *f)
{
    const char *other = service_names[GATEWAY + DISPATCHER - service];

    tell_lacks(r, service, VERDICT_FAILED, f);
    finding_add(f, VERDICT_WARNING,
                "%s has rights of a %s and none of a %s: if that is so by "
                "intention, ask with --services %s",
                r->user, service_names[service], other, service_names[service]);
}

static void judge_rights(const struct rights_round *r, struct finding *f)
{
    bool is_both = r->is_asked[GATEWAY] && r->is_asked[DISPATCHER];
    bool is_gateway = is_user_of(r, GATEWAY);
    bool is_dispatcher = is_user_of(r, DISPATCHER);

    if (is_both && is_gateway != is_dispatcher) {
        judge_one(r, is_gateway ? GATEWAY : DISPATCHER, f);
    } else {
        tell_lacks(r, -1, VERDICT_FAILED, f);
    }
}

/* What nobody could tell us, once for each topic. */
static void judge_unknown(const struct rights_round *r, struct finding *f)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct topic_rights *t = &r->list[i];
        bool is_open = t->write == RIGHT_UNKNOWN || t->read == RIGHT_UNKNOWN;

        if (t->is_missing && is_open) {
            finding_add(f, VERDICT_SKIPPED,
                        "%s is missing: its rights can't be asked for",
                        t->topic);
        } else if (is_open || t->group_read == RIGHT_UNKNOWN) {
            finding_add(f, VERDICT_FAILED, "could not ask: %s", t->why);
        }
    }
}

static bool choose_services(struct rights_round *r, struct finding *f)
{
    const struct doctor *d = r->d;

    /* Another program moves the outbox then. */
    bool is_quiet = (d->has & DOCTOR_GATEWAY) != 0 && !d->gateway.relay;

    r->is_asked[GATEWAY] = (d->asks & DOCTOR_GATEWAY) != 0 && !is_quiet;
    r->is_asked[DISPATCHER] = (d->asks & DOCTOR_DISPATCHER) != 0;
    if (r->is_asked[GATEWAY] || r->is_asked[DISPATCHER]) {
        return true;
    }
    if ((d->asks & DOCTOR_GATEWAY) != 0) {
        finding_add(f, VERDICT_WELL, "a gateway without relay needs none");
    } else {
        finding_add(f, VERDICT_SKIPPED, "--services names none that needs any");
    }
    return false;
}

void check_kafka_rights(struct doctor *d, struct finding *f)
{
    struct rights_round *r = arena_zero(d->ctl->arena, 1, sizeof *r);
    struct bus_options bus = ctl_bus_options(d->ctl);
    struct err err = ERR_NONE;

    r->d = d;
    if (!choose_services(r, f)) {
        return;
    }
    list_topics(r);
    if (!find_user(r, &bus, &err) ||
        !rights_ask(&bus, r->list, r->count, WAIT_MS, &err)) {
        finding_add(f, VERDICT_FAILED, "could not ask: %s", err.text);
        return;
    }
    judge_rights(r, f);
    judge_unknown(r, f);
    if (f->verdict == VERDICT_WELL) {
        finding_add(f, VERDICT_WELL, "%s may do what a %s has to", r->user,
                    needed_by(r, NEED_ASIDE));
    }
}
