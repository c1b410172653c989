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
 * purges). Sending is relay_send.c, sharing is relay_share.c. */
#include "gateway/relay.h"

#include "base/clock.h"
#include "gateway/relay_state.h"
#include "log/log.h"
#include "store/event.h"
#include "store/outbox.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define PAUSE_FIRST_MS 50
#define PAUSE_MAX_MS 1000
#define ARENA_BYTES 1048576
#define ALL_SHARDS ((1U << OUTBOX_SHARDS) - 1)

/* --- neighbours ---------------------------------------------------------- */

static void stats_shards(struct relay *r)
{
    (void)pthread_mutex_lock(&r->stats_lock);
    r->stats.shards_owned = (unsigned)__builtin_popcount(r->share.owned);
    (void)pthread_mutex_unlock(&r->stats_lock);
}

static void session_end(struct relay *r, const struct err *err)
{
    session_close(r->session);
    r->session = NULL;
    share_forget(&r->share);
    stats_shards(r);
    if (r->database != NEIGHBOUR_AWAY) {
        log_err(LOG_WARN, "relay.session_lost", err, NULL, 0);
        r->database = NEIGHBOUR_AWAY;
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
    r->database = NEIGHBOUR_HERE;
    log_info("relay.session_opened", LOG_INT("rest_ms", r->opts.rest_ms));
    return true;
}

void relay_pause(struct relay *r)
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

/* --- moving -------------------------------------------------------------- */

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
    r->deleted += r->gone_count;
    r->gone_count = 0;
    r->hot = 0;
    if (count > 0) {
        r->hot = of; /* There may be more behind them. */
        relay_send(r, rows, count);
    }
    if (r->deleted < OUTBOX_VACUUM_ROWS) {
        return true;
    }
    r->deleted = 0;
    return outbox_vacuum(r->session, err);
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
            relay_pause(r);
        } else if (r->kafka != NEIGHBOUR_AWAY) {
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
        .message_timeout_ms = RELAY_SEND_MS,
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
    if (r != NULL && atomic_fetch_or(&r->woken, 1U << shard) == 0) {
        ring(r->wake_fd);
    }
}

struct relay_stats relay_stats(struct relay *r)
{
    struct relay_stats stats = {.kafka_is_up = true};

    if (r == NULL) {
        return stats;
    }
    (void)pthread_mutex_lock(&r->stats_lock);
    stats = r->stats;
    (void)pthread_mutex_unlock(&r->stats_lock);
    return stats;
}
