/* The relay's thread.
 *
 * The happy path of a turn: wait (for a commit of ours, a NOTIFY of another
 * gateway, or the rest to be over), take the bits of the shards that have
 * news, and in one statement delete what the last turn sent and read what is
 * next; send that and keep the places that were acknowledged.
 *
 * The endings. Kafka is away: rows stay, the thread pauses (doubling up to
 * PAUSE_MAX_MS) and reads them anew. The session is lost: its locks are gone
 * with it, so all shards are forgotten; what was acknowledged is still deleted
 * when a new session is there, for that is true whoever owns the shard.
 * Nothing is ever under way on Kafka between turns (producer_send waits or
 * purges). A record that Kafka will never take goes to porter.dead-letters.v1
 * with the reason and the head of its payload (the event itself stays in the
 * event log), is logged as an error, and only then leaves its shard; as long
 * as even that fails the shard waits. */
#include "gateway/relay.h"

#include "base/arena.h"
#include "base/clock.h"
#include "bus/producer.h"
#include "gateway/relay_record.h"
#include "gateway/relay_share.h"
#include "log/log.h"
#include "store/event.h"
#include "store/outbox.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SEND_MS 5000 /* A batch's time to be acknowledged. */
#define PAUSE_FIRST_MS 50
#define PAUSE_MAX_MS 1000
#define ARENA_BYTES 1048576
#define ALL_SHARDS ((1U << OUTBOX_SHARDS) - 1)

/* Said once per change. */
enum neighbour { UNKNOWN, HERE, AWAY };

struct relay {
    struct relay_options opts;
    pthread_t thread;
    int wake_fd;
    int stop_fd;
    atomic_uint woken; /* Bits of shards with news from this process. */

    /* From here on the thread's own. */
    struct db_session *session; /* NULL: lost */
    struct producer *producer;
    struct arena *arena; /* One turn. */
    struct share share;
    unsigned hot; /* Bits of shards that may have rows. */
    unsigned pause_ms;
    enum neighbour database;
    enum neighbour kafka;
    struct record *records;
    bool *acked;
    struct outbox_place *gone; /* Acknowledged, not yet deleted. */
    size_t gone_count;

    pthread_mutex_t stats_lock;
    struct relay_stats stats;
};

/* --- neighbours ---------------------------------------------------------- */

static void stats_kafka(struct relay *r, size_t sent, int64_t took_us,
                        bool is_up)
{
    (void)pthread_mutex_lock(&r->stats_lock);
    r->stats.produced += sent;
    r->stats.batches++;
    r->stats.failures += is_up ? 0 : 1;
    r->stats.last_send_us = took_us;
    r->stats.kafka_is_up = is_up;
    (void)pthread_mutex_unlock(&r->stats_lock);
}

static void stats_shards(struct relay *r)
{
    (void)pthread_mutex_lock(&r->stats_lock);
    r->stats.shards_owned = (unsigned)__builtin_popcount(r->share.owned);
    (void)pthread_mutex_unlock(&r->stats_lock);
}

static void kafka_is(struct relay *r, enum neighbour now, const char *reason)
{
    if (now == AWAY && r->kafka != AWAY) {
        log_warn("relay.kafka_away", LOG_TEXT("reason", reason));
    }
    if (now == HERE && r->kafka == AWAY) {
        log_info("relay.kafka_back", LOG_INT("shards", r->stats.shards_owned));
    }
    r->kafka = now;
}

static void session_end(struct relay *r, const struct err *err)
{
    session_close(r->session);
    r->session = NULL;
    share_forget(&r->share);
    stats_shards(r);
    if (r->database != AWAY) {
        log_err(LOG_WARN, "relay.session_lost", err, NULL, 0);
        r->database = AWAY;
    }
}

static bool gone_delete(struct relay *r, struct err *err);

static bool session_start(struct relay *r, struct err *err)
{
    if (!session_open(r->opts.db, &r->session, err) ||
        !session_script(r->session, "LISTEN " OUTBOX_CHANNEL, err) ||
        !outbox_presence(r->session, err) || !gone_delete(r, err)) {
        return false;
    }
    share_forget(&r->share);
    r->database = HERE;
    log_info("relay.session_opened", LOG_INT("rest_ms", r->opts.rest_ms));
    return true;
}

/* Until the pause is over or we are to stop; each longer than the last. */
static void pause_longer(struct relay *r)
{
    struct pollfd stop = {.fd = r->stop_fd, .events = POLLIN};

    r->pause_ms = r->pause_ms == 0
                      ? PAUSE_FIRST_MS
                      : MIN_OF(2 * r->pause_ms, (unsigned)PAUSE_MAX_MS);
    (void)poll(&stop, 1, (int)r->pause_ms);
}

static bool is_stopped(const struct relay *r)
{
    struct pollfd stop = {.fd = r->stop_fd, .events = POLLIN};

    return poll(&stop, 1, 0) > 0;
}

/* --- sharing ------------------------------------------------------------- */

/* Delete what was acknowledged without sending anything new. */
static bool gone_delete(struct relay *r, struct err *err)
{
    int64_t shards[OUTBOX_SHARDS];
    struct share everywhere = {.owned = ALL_SHARDS};
    struct outbox_row *rows = NULL;
    size_t count = share_list(&everywhere, ALL_SHARDS, shards);
    size_t row_count = 0;

    if (r->gone_count == 0) {
        return true;
    }
    arena_reset(r->arena);
    if (!outbox_turn(r->session, shards, count, r->gone, r->gone_count, 1,
                     r->arena, &rows, &row_count, err)) {
        return false;
    }
    r->gone_count = 0;
    return true;
}

static bool share_out(struct relay *r, struct err *err)
{
    unsigned before = r->share.owned;

    if (!share_is_due(&r->share, clock_steady_us())) {
        return true;
    }
    if (!gone_delete(r, err) ||
        !share_turn(&r->share, r->session, clock_steady_us(), err)) {
        return false;
    }
    if (r->share.owned != before) {
        r->hot |= r->share.owned & ~before;
        stats_shards(r);
        log_info("relay.shards_shared",
                 LOG_INT("owned", __builtin_popcount(r->share.owned)),
                 LOG_INT("relays", r->share.relays));
    }
    return true;
}

/* --- waiting ------------------------------------------------------------- */

static void on_notify(void *user, struct str channel, struct str payload)
{
    struct relay *r = user;
    uint64_t shards = 0;

    (void)channel;
    if (str_to_u64(payload, ALL_SHARDS, &shards)) {
        r->hot |= (unsigned)shards;
        share_hear(&r->share, (unsigned)shards);
    }
}

/* Collect what has news; tell others what is theirs. With nothing to do this
 * is where the thread rests, and after the rest every shard is looked at. */
static bool gather(struct relay *r, struct err *err)
{
    unsigned wait_ms = r->hot != 0 || r->gone_count > 0 ? 0 : r->opts.rest_ms;
    unsigned woken = 0;

    if (!session_wait(r->session, r->wake_fd, wait_ms, on_notify, r, err)) {
        return false;
    }
    woken = atomic_exchange(&r->woken, 0);
    r->hot = (r->hot | woken) & r->share.owned;
    if ((woken & ~r->share.owned) != 0 &&
        !outbox_notify(r->session, woken & ~r->share.owned, err)) {
        return false;
    }
    if (r->hot == 0 && wait_ms > 0) {
        r->hot = r->share.owned;
    }
    return true;
}

/* --- sending ------------------------------------------------------------- */

/* Kafka will never take records[bad]: set it aside, or leave it for the next
 * turn. True when it is set aside. */
static bool set_aside(struct relay *r, const struct outbox_row *row, size_t bad,
                      const struct err *why)
{
    struct record letter;
    struct err err = ERR_NONE;
    bool acked = false;
    size_t ignored = 0;

    relay_dead_letter(&r->records[bad], str_of(why->text), r->arena, &letter);
    if (!producer_send(r->producer, &letter, 1, SEND_MS, &acked, &ignored,
                       &err) ||
        !acked) {
        kafka_is(r, AWAY,
                 err.code != ERR_OK ? err.text : producer_trouble(r->producer));
        return false;
    }
    log_err(LOG_ERROR, "relay.record_set_aside", why,
            LOG_FIELDS(LOG_ID("event", ID_EVENT, row->id),
                       LOG_ID("organization", ID_ORGANIZATION, row->org_id),
                       LOG_STR("topic", r->records[bad].topic),
                       LOG_INT("bytes", row->payload.len)));
    return true;
}

/* The places of acknowledged rows; how many of all are missing. */
static size_t gone_collect(struct relay *r, const struct outbox_row *rows,
                           size_t count)
{
    r->gone_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (r->acked[i]) {
            r->gone[r->gone_count++] =
                (struct outbox_place){rows[i].shard, rows[i].seq};
        }
    }
    return count - r->gone_count;
}

static void send(struct relay *r, const struct outbox_row *rows, size_t count)
{
    int64_t started_us = clock_steady_us();
    struct err err = ERR_NONE;
    size_t bad = count;
    size_t missing = 0;
    bool is_up = false;

    for (size_t i = 0; i < count; i++) {
        relay_record(&rows[i], r->arena, &r->records[i]);
    }
    if (producer_send(r->producer, r->records, count, SEND_MS, r->acked, &bad,
                      &err)) {
        missing = gone_collect(r, rows, count);
        is_up = missing == 0;
    } else if (bad < count) {
        is_up = set_aside(r, &rows[bad], bad, &err);
        r->acked[bad] = is_up;
        missing = gone_collect(r, rows, count);
    } else {
        missing = gone_collect(r, rows, count);
    }
    stats_kafka(r, count - missing, clock_steady_us() - started_us, is_up);
    kafka_is(r, is_up ? HERE : AWAY,
             err.code != ERR_OK ? err.text : producer_trouble(r->producer));
    if (!is_up) {
        pause_longer(r);
    } else {
        r->pause_ms = 0;
    }
}

/* Delete the last turn's rows, read the next, send them. */
static bool move(struct relay *r, struct err *err)
{
    int64_t shards[OUTBOX_SHARDS];
    struct outbox_row *rows = NULL;
    unsigned of = r->hot;
    size_t shard_count = 0;
    size_t count = 0;

    for (size_t i = 0; i < r->gone_count; i++) {
        of |= 1U << r->gone[i].shard;
    }
    shard_count = share_list(&r->share, of, shards);
    if (shard_count == 0) {
        return true;
    }
    arena_reset(r->arena);
    if (!outbox_turn(r->session, shards, shard_count, r->gone, r->gone_count,
                     RELAY_BATCH_MAX, r->arena, &rows, &count, err)) {
        return false;
    }
    r->gone_count = 0;
    r->hot = 0;
    if (count > 0) {
        r->hot = of; /* There may be more behind them. */
        send(r, rows, count);
    }
    return true;
}

/* --- the thread ---------------------------------------------------------- */

static bool turn(struct relay *r, struct err *err)
{
    return (r->session != NULL || session_start(r, err)) && share_out(r, err) &&
           gather(r, err) && move(r, err);
}

static void *run(void *user)
{
    struct relay *r = user;
    struct err err = ERR_NONE;

    while (!is_stopped(r)) {
        if (!turn(r, &err)) {
            session_end(r, &err);
            pause_longer(r);
        } else if (r->kafka != AWAY) {
            r->pause_ms = 0;
        }
    }
    if (r->session != NULL && !gone_delete(r, &err)) {
        session_end(r, &err); /* They are sent again: once more, not lost. */
    }
    session_close(r->session);
    return NULL;
}

static void relay_free(struct relay *r)
{
    producer_close(r->producer);
    arena_free(r->arena);
    free(r->records);
    free(r->acked);
    free(r->gone);
    if (r->wake_fd >= 0) {
        (void)close(r->wake_fd);
    }
    if (r->stop_fd >= 0) {
        (void)close(r->stop_fd);
    }
    (void)pthread_mutex_destroy(&r->stats_lock);
    free(r);
}

static struct relay *relay_new(const struct relay_options *opts)
{
    struct relay *r = mem_zero(1, sizeof *r);

    r->opts = *opts;
    r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r->arena = arena_new(ARENA_BYTES);
    r->records = mem_zero(RELAY_BATCH_MAX, sizeof *r->records);
    r->acked = mem_zero(RELAY_BATCH_MAX, sizeof *r->acked);
    r->gone = mem_zero(RELAY_BATCH_MAX, sizeof *r->gone);
    r->stats.kafka_is_up = true; /* Until it shows otherwise. */
    (void)pthread_mutex_init(&r->stats_lock, NULL);
    share_forget(&r->share);
    return r;
}

bool relay_open(const struct relay_options *opts, struct relay **out,
                struct err *err)
{
    struct producer_options send = {
        .bus = opts->bus,
        .message_timeout_ms = SEND_MS,
        .queue_max = RELAY_BATCH_MAX,
    };
    struct relay *r = relay_new(opts);

    assert(opts->rest_ms > 0);
    if (r->wake_fd < 0 || r->stop_fd < 0) {
        (void)err_set(err, ERR_INTERNAL, "relay: no descriptor left");
        goto out;
    }
    if (!producer_open(&send, &r->producer, err)) {
        goto out;
    }
    if (pthread_create(&r->thread, NULL, run, r) != 0) {
        (void)err_set(err, ERR_INTERNAL, "relay: no thread left");
        goto out;
    }
    *out = r;
    return true;

out:
    relay_free(r);
    return false;
}

static void ring(int fd)
{
    const uint64_t one = 1;

    /* It can only fail when the counter is full: then it rings already. */
    while (write(fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

void relay_close(struct relay *r)
{
    if (r != NULL) {
        ring(r->stop_fd);
        ring(r->wake_fd); /* It may be resting. */
        (void)pthread_join(r->thread, NULL);
        relay_free(r);
    }
}

/* Only the first bit since the thread last looked needs to ring. */
void relay_wake(struct relay *r, unsigned shard)
{
    assert(shard < OUTBOX_SHARDS);
    if (atomic_fetch_or(&r->woken, 1U << shard) == 0) {
        ring(r->wake_fd);
    }
}

struct relay_stats relay_stats(struct relay *r)
{
    struct relay_stats stats;

    (void)pthread_mutex_lock(&r->stats_lock);
    stats = r->stats;
    (void)pthread_mutex_unlock(&r->stats_lock);
    return stats;
}
