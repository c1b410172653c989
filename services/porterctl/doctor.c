/* porterctl doctor: the table of checks, how one is run, and how it is told.
 *
 * A check runs in a process of its own, which writes what it found into a pipe:
 * whatever hangs (a name server, a broker, a disk) is ended after CHECK_MS, and
 * the next one begins. */
#include "porterctl/doctor.h"

#include "base/clock.h"
#include "json/json.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK_MS 10000
#define NAME_WIDTH 22

struct check {
    const char *name;  /* "neighbour.what" */
    const char *after; /* Skipped unless that one is well. NULL: none. */
    unsigned needs;    /* enum doctor_needs */
    check_fn *run;
    const char *what;
    const char *cure;
};

/* clang-format off */
static const struct check checks[] = {
    {"config", NULL, 0, check_config,
     "Every variable of the programs is known and takes its value; keys, files and addresses in them can be read.",
     "Mend each variable that is named; `docs/configuration.md` says what it takes."},
    {"postgres.reach", NULL, DOCTOR_SETTINGS, check_postgres_reach,
     "PostgreSQL takes our connection and answers within 100 ms.",
     "Start it, or mend `PORTER_DB_URL`, the way there (firewall, NetworkPolicy) or `pg_hba.conf`; a slow one is too far away or too busy."},
    {"postgres.version", "postgres.reach", DOCTOR_SETTINGS, check_postgres_version,
     "It is PostgreSQL 15 or newer.",
     "Upgrade it."},
    {"postgres.primary", "postgres.reach", DOCTOR_SETTINGS, check_postgres_primary,
     "It takes writes: no standby, not read-only.",
     "Point `PORTER_DB_URL` to the primary (of several hosts: `target_session_attrs=read-write`)."},
    {"postgres.durable", "postgres.reach", DOCTOR_SETTINGS, check_postgres_durable,
     "`fsync`, `full_page_writes` and `synchronous_commit` are on: what was answered with 2xx survives a crash.",
     "Switch them on in `postgresql.conf`, or for our role and database (`ALTER ROLE … RESET synchronous_commit`)."},
    {"postgres.migrations", "postgres.reach", DOCTOR_SETTINGS, check_postgres_migrations,
     "All migrations of this version are applied, with the text that they have.",
     "Run `porterctl migrate`; `db/README.md` says what to do about an edited one."},
    {"postgres.rights", "postgres.migrations", DOCTOR_SETTINGS, check_postgres_rights,
     "Our role reads and writes every table, calls every function, and owns the tables whose days it makes and drops.",
     "Connect as the role that applied the migrations, or make that role's rights ours: `GRANT owner TO role`."},
    {"postgres.partitions", "postgres.migrations", DOCTOR_SETTINGS, check_postgres_partitions,
     "The next three days have their partitions, and no rows lie in default partitions.",
     "Start a gateway: it makes a week of them each hour. `porterctl migrate` does it at once; large default partitions are moved by hand (`db/README.md`)."},
    {"postgres.clock", "postgres.reach", DOCTOR_SETTINGS, check_postgres_clock,
     "PostgreSQL's clock and ours differ by less than a second (ten: failed). All machines of Porter want the same time: due times and leases are compared.",
     "Run chrony or another client of NTP on both."},
    {"postgres.connections", "postgres.reach", DOCTOR_SETTINGS, check_postgres_connections,
     "Two more processes may open all the connections that they use.",
     "Raise `max_connections` (or the limit of the role or database), lower `PORTER_DB_POOL`, or look for who holds them in `pg_stat_activity`."},
    {"postgres.vacuum", "postgres.reach", DOCTOR_SETTINGS, check_postgres_vacuum,
     "Autovacuum is on, and transaction numbers are far from their end.",
     "`ALTER SYSTEM RESET autovacuum`, and reload; if rows are old, look for what holds it up: old transactions, unused replication slots, prepared transactions."},
    {"postgres.transactions", "postgres.reach", DOCTOR_SETTINGS, check_postgres_transactions,
     "No transaction of this database has been open for ten minutes: it would hold up the readers of the event log, and vacuum.",
     "Look for it in `pg_stat_activity` (`ORDER BY xact_start`), end its program, or `SELECT pg_terminate_backend(pid)`."},
    {"redis.reach", NULL, DOCTOR_SETTINGS, check_redis_reach,
     "Redis takes our connection and answers.",
     "Start it, or mend `PORTER_REDIS_URL`, its password, or the way there. Gateways go on without, each counting limits alone."},
    {"redis.version", "redis.reach", DOCTOR_SETTINGS, check_redis_version,
     "It is Redis 6 or newer.",
     "Upgrade it."},
    {"redis.writes", "redis.reach", DOCTOR_SETTINGS, check_redis_writes,
     "It takes writes: no replica, not full, its disk not in its way.",
     "Point `PORTER_REDIS_URL` to the primary; raise `maxmemory`; or switch snapshots off (`CONFIG SET save ''`): Porter wants none."},
    {"redis.memory", "redis.reach", DOCTOR_SETTINGS, check_redis_memory,
     "Nothing is evicted (`maxmemory-policy noeviction`), and in production memory is bounded by `maxmemory`.",
     "`CONFIG SET maxmemory-policy noeviction`: what is evicted are counted limits and the marks of revoked keys. Set `maxmemory` below what the machine or container has."},
    {"kafka.reach", NULL, DOCTOR_SETTINGS, check_kafka_reach,
     "A broker answers.",
     "Start Kafka, or mend `PORTER_KAFKA_BROKERS`, `PORTER_KAFKA_EXTRA` (TLS, SASL) or the way there. Writes go on meanwhile, and the outbox grows."},
    {"kafka.rights", "kafka.reach", DOCTOR_SETTINGS, check_kafka_rights,
     "Our user may write what a gateway writes (events, dead letters), and read, commit and set aside what a dispatcher does: of those that `--services` names. Asked by requests that Kafka refuses in any case: nothing is written or committed.",
     "Run the line that is told for each lack, as somebody who may alter ACLs; a Deny that is in its way is taken away by `kafka-acls.sh --remove --deny-principal`. `docs/kafka.md` lists who needs what."},
    {"kafka.topics", "kafka.reach", DOCTOR_SETTINGS, check_kafka_topics,
     "Every topic of `docs/kafka.md` is there, and each partition has a leader.",
     "Run `porterctl topics apply`; a partition without a leader wants its brokers back."},
    {"kafka.settings", "kafka.topics", DOCTOR_SETTINGS, check_kafka_settings,
     "Topics keep records for a week or longer and are not compacted; in production they have three copies, two of them in sync, so that one broker may be away.",
     "`porterctl topics check` says what differs, `porterctl topics apply` alters it; copies are moved by `kafka-reassign-partitions`."},
    {"kafka.lag", "kafka.topics", DOCTOR_SETTINGS, check_kafka_lag,
     "Dispatchers have read all but 10,000 records of each topic, and Kafka dropped none that they had not.",
     "Start dispatchers, or more of them (`docs/kubernetes.md`). Of what was dropped the event log still has the events: `porterctl events republish --since` sends them again."},
    {"tls.pair", NULL, DOCTOR_GATEWAY, check_tls_pair,
     "The gateway's certificate and key can be read and belong together.",
     "Install both anew: `PORTER_TLS_CERTIFICATE`, `PORTER_TLS_KEY`, readable for the gateway's user."},
    {"tls.expiry", NULL, DOCTOR_GATEWAY, check_tls_expiry,
     "The certificate is valid now, and for three weeks.",
     "Renew it and put it into its place: gateways notice within two seconds, no restart."},
    {"tls.name", "tls.pair", DOCTOR_GATEWAY, check_tls_name,
     "The certificate is good for the host of `PORTER_PUBLIC_URL`.",
     "Install a certificate that names the host, or mend `PORTER_PUBLIC_URL`."},
    {"seals.known", "postgres.migrations", DOCTOR_SETTINGS | DOCTOR_SEAL_KEYS, check_seals_known,
     "Every master key that something is sealed with is in `PORTER_SEAL_KEYS`.",
     "Add the key that is named, behind the others; if it is lost, see `docs/secrets.md`."},
    {"seals.open", "seals.known", DOCTOR_SETTINGS | DOCTOR_SEAL_KEYS, check_seals_open,
     "Secrets of webhooks (the first hundred) can be opened: the keys are not only called the same.",
     "Put the key that sealed them into `PORTER_SEAL_KEYS` under its id. Whose secret no key opens gets a new one by `porterctl webhook rotate-secret`."},
    {"egress.proxy", NULL, DOCTOR_DISPATCHER, check_egress_proxy,
     "The proxy that webhooks go through, if there is one, takes connections.",
     "Start it, or mend `PORTER_EGRESS_PROXY` or the way there."},
    {"egress.names", NULL, DOCTOR_DISPATCHER, check_egress_names,
     "The name servers answer (not asked when a proxy does it).",
     "Mend `/etc/resolv.conf` or the way to the name servers (port 53, UDP and TCP); on Kubernetes the NetworkPolicy and CoreDNS."},
};
/* clang-format on */

void finding_add(struct finding *f, enum verdict verdict, const char *format,
                 ...)
{
    size_t len = strlen(f->text);
    va_list args;

    if (len > 0 && len + 2 < sizeof f->text) {
        f->text[len++] = ';';
        f->text[len++] = ' ';
    }
    va_start(args, format);
    (void)vsnprintf(f->text + len, sizeof f->text - len, format, args);
    va_end(args);
    f->verdict = MAX_OF(f->verdict, verdict);
}

bool doctor_is_development(const struct doctor *d)
{
    return d->ctl->settings.common.environment == ENVIRONMENT_DEVELOPMENT;
}

bool doctor_db(struct doctor *d, struct finding *f, struct db **out)
{
    struct db_options opts = ctl_db_options(d->ctl);
    struct err err = ERR_NONE;

    if (!db_open(&opts, out, &err)) {
        finding_add(f, VERDICT_FAILED, "%s", err.text);
        return false;
    }
    return true;
}

/* --- running one ------------------------------------------------------------
 */

/* Fill f from the pipe until its end; false: it took too long. */
static bool read_finding(int fd, struct finding *f)
{
    const int64_t until_us = clock_steady_us() + CHECK_MS * US_PER_MS;
    size_t len = 0;

    while (len < sizeof *f) {
        struct pollfd one = {.fd = fd, .events = POLLIN};
        int64_t left_us = until_us - clock_steady_us();
        ssize_t got = 0;

        if (left_us <= 0) {
            return false;
        }
        if (poll(&one, 1, (int)(left_us / US_PER_MS) + 1) <= 0) {
            continue;
        }
        got = read(fd, (char *)f + len, sizeof *f - len);
        if (got == 0) {
            break; /* It died. */
        }
        len += got > 0 ? (size_t)got : 0;
    }
    if (len < sizeof *f) {
        memset(f, 0, sizeof *f);
        finding_add(f, VERDICT_FAILED, "the check itself ended too early");
    }
    return true;
}

/* The child's life. Nothing of the parent's is closed twice: no exit handlers.
 */
static void NORETURN work(const struct check *c, struct doctor *d, int fd)
{
    struct finding *f = arena_zero(d->ctl->arena, 1, sizeof *f);
    size_t done = 0;

    c->run(d, f);
    while (done < sizeof *f) {
        ssize_t wrote = write(fd, (char *)f + done, sizeof *f - done);

        if (wrote < 0 && errno != EINTR) {
            break;
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    _exit(0);
}

static void run_apart(const struct check *c, struct doctor *d,
                      struct finding *f)
{
    int ends[2];
    pid_t pid = 0;

    if (pipe(ends) != 0 || (pid = fork()) < 0) {
        finding_add(f, VERDICT_FAILED, "can't run it: %s", strerror(errno));
        return;
    }
    if (pid == 0) {
        (void)close(ends[0]);
        work(c, d, ends[1]);
    }
    (void)close(ends[1]);
    if (!read_finding(ends[0], f)) {
        memset(f, 0, sizeof *f);
        finding_add(f, VERDICT_FAILED, "no end within %d s", CHECK_MS / 1000);
        (void)kill(pid, SIGKILL);
    }
    (void)close(ends[0]);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
}

/* --- running all ------------------------------------------------------------
 */

struct round {
    struct doctor *d;
    enum verdict verdicts[COUNT_OF(checks)];
    size_t counts[VERDICT_COUNT];
    bool is_utf8;
    bool is_terminal;
};

static size_t index_of(const char *name)
{
    size_t i = 0;

    while (strcmp(checks[i].name, name) != 0) {
        i++;
    }
    return i;
}

/* A check that was not asked for counts as well. */
static bool is_held_up(const struct round *r, const struct check *c,
                       struct finding *f)
{
    if (c->after != NULL) {
        enum verdict before = r->verdicts[index_of(c->after)];

        if (before == VERDICT_FAILED || before == VERDICT_SKIPPED) {
            finding_add(f, VERDICT_SKIPPED, "%s is not well", c->after);
            return true;
        }
    }
    if ((c->needs & ~r->d->has) != 0) {
        finding_add(f, VERDICT_SKIPPED,
                    (c->needs & ~r->d->has) == DOCTOR_SEAL_KEYS
                        ? "PORTER_SEAL_KEYS is not set here"
                        : "the settings that it needs were not read");
        return true;
    }
    return false;
}

static bool is_wanted(const struct check *c, struct str only)
{
    struct str word = STR_NONE;

    if (only.data == NULL) {
        return true;
    }
    while (only.len > 0) {
        (void)str_split(&only, ',', &word);
        if (str_starts(str_of(c->name), word) &&
            (c->name[word.len] == '\0' || c->name[word.len] == '.')) {
            return true;
        }
    }
    return false;
}

/* --- telling ----------------------------------------------------------------
 */

static const char *const words_of[VERDICT_COUNT] = {"ok", "skipped", "warning",
                                                    "failed"};
static const char *const marks[VERDICT_COUNT] = {"✓", "-", "!", "✗"};
static const char *const plain_marks[VERDICT_COUNT] = {"ok  ", "skip", "warn",
                                                       "FAIL"};

/* As the locale says, which nobody has set for us. */
static bool has_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && value[0] != '\0') {
            return strstr(value, "UTF-8") != NULL ||
                   strstr(value, "utf8") != NULL;
        }
    }
    return false;
}

/* Text of several lines, the later ones under the first. */
static void print_text(const char *text)
{
    for (; *text != '\0'; text++) {
        (void)putchar(*text);
        if (*text == '\n') {
            (void)printf("%*s", NAME_WIDTH + 3, "");
        }
    }
    (void)putchar('\n');
}

static void print_human(const struct round *r, const struct check *c,
                        const struct finding *f)
{
    (void)printf("%s%s %-*s ", r->is_terminal ? "\r" : "",
                 (r->is_utf8 ? marks : plain_marks)[f->verdict], NAME_WIDTH,
                 c->name);
    print_text(f->text);
    if (f->verdict >= VERDICT_WARNING) {
        (void)printf("%*s%s ", NAME_WIDTH + 3, "", r->is_utf8 ? "→" : "->");
        print_text(c->cure);
    }
}

static void print_json(const struct check *c, const struct finding *f,
                       int64_t took_us)
{
    bool has_cure = f->verdict >= VERDICT_WARNING;
    const struct field fields[] = {
        F_TEXT("check", str_of(c->name)),
        F_TEXT("state", str_of(words_of[f->verdict])),
        F_TEXT("detail", str_of(f->text)),
        F_TEXT("cure", has_cure ? str_of(c->cure) : STR_NONE),
        F_INT("took_ms", took_us / US_PER_MS),
    };

    output_one(true, fields, COUNT_OF(fields));
}

static void do_check(struct round *r, size_t i)
{
    bool is_json = r->d->ctl->words.is_json;
    int64_t began_us = clock_steady_us();
    struct finding *f = arena_zero(r->d->ctl->arena, 1, sizeof *f);

    if (r->is_terminal) {
        (void)printf("  %s ...", checks[i].name);
        (void)fflush(stdout);
    }
    if (!is_held_up(r, &checks[i], f)) {
        run_apart(&checks[i], r->d, f);
    }
    r->verdicts[i] = f->verdict;
    r->counts[f->verdict]++;
    if (is_json) {
        print_json(&checks[i], f, clock_steady_us() - began_us);
    } else {
        print_human(r, &checks[i], f);
    }
    (void)fflush(stdout);
}

static bool judge(const struct round *r, struct err *err)
{
    bool is_strict = words_value(&r->d->ctl->words, "strict").data != NULL;
    size_t total = 0;

    for (int i = 0; i < VERDICT_COUNT; i++) {
        total += r->counts[i];
    }
    if (total == 0) {
        return err_set(err, ERR_INVALID,
                       "--only names no check; see docs/doctor.md");
    }
    if (r->counts[VERDICT_FAILED] > 0 ||
        (is_strict && r->counts[VERDICT_WARNING] > 0)) {
        return err_set(err, ERR_INTERNAL,
                       "%zu of %zu checks failed, %zu warned, %zu were skipped",
                       r->counts[VERDICT_FAILED], total,
                       r->counts[VERDICT_WARNING], r->counts[VERDICT_SKIPPED]);
    }
    return true;
}

/* Mistakes of the configuration are told in any case: the others would be
 * skipped, and look like nothing. */
bool doctor_command(struct ctl *ctl, struct err *err)
{
    struct doctor *d = arena_zero(ctl->arena, 1, sizeof *d);
    struct round r = {.d = d, .is_utf8 = has_utf8()};
    struct str only = words_value(&ctl->words, "only");
    bool ok = false;

    d->ctl = ctl;
    ok = doctor_configure(d, err);

    r.is_terminal = !ctl->words.is_json && isatty(STDOUT_FILENO) == 1;
    for (size_t i = 0; ok && i < COUNT_OF(checks); i++) {
        if (is_wanted(&checks[i], only) ||
            (checks[i].run == check_config && d->faults.len > 0)) {
            do_check(&r, i);
        }
    }
    ok = ok && judge(&r, err);
    doctor_done(d);
    return ok;
}

/* --- docs/doctor.md ---------------------------------------------------------
 */

bool checks_docs_command(struct ctl *ctl, struct err *err)
{
    struct buf out = BUF_EMPTY;

    (void)ctl;
    (void)err;
    buf_addf(
        &out,
        "# porterctl doctor\n\n<!-- Made by `porterctl checks docs`. -->"
        "\n\n`porterctl doctor` asks everything that Porter rests on "
        "whether it is well, changes nothing but a key of Redis that is "
        "gone after a second, and says the cure of what is not. Run it "
        "where a gateway and a dispatcher run, with their variables: "
        "before a start, after a change, and when something is wrong.\n\n"
        "Each check has at most %d seconds. ✓ is well, ! a warning, ✗ "
        "failed, - skipped because of another (`ok`, `warn`, `FAIL`, "
        "`skip` where the locale is not UTF-8). `--json` answers an object "
        "a check: `check`, `state` (`ok`, `warning`, `failed`, `skipped`), "
        "`detail`, `cure`, `took_ms`. The exit code is 0 when nothing "
        "failed, else 1; with `--strict` a warning counts as well. `--only "
        "postgres,kafka.lag` runs these alone; `--services dispatcher` "
        "where no gateway's files are, `--services none` in a job that "
        "only migrates.\n\n| Check | What is well | If it is not |\n"
        "|---|---|---|\n",
        CHECK_MS / 1000);
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        buf_addf(&out, "| `%s` | %s | %s |\n", checks[i].name, checks[i].what,
                 checks[i].cure);
    }
    (void)fputs(buf_cstr(&out), stdout);
    buf_free(&out);
    return true;
}
