/* The relay's thread.
 *
 * The happy path of a turn: wait (for a handler that hands a row over, a
 * commit of ours, a NOTIFY of another gateway, an answer of the broker, or the
 * rest to be over); send what was handed over; read the shards that have news
 * and, in the same statement, delete what the broker has acknowledged; send
 * that too. Answers come in while later rows go out. What was handed over
 * needs no read, and deleting can wait a little (DELETE_US), so at a steady
 * rate one statement serves many rows.
 *
 * The endings. Kafka is away: rows stay, the thread pauses (doubling up to
 * PAUSE_MAX_MS) and reads them anew. The session is lost: its locks are gone
 * with it, so all shards are forgotten; what was acknowledged is still deleted
 * when a new session is there, for that is true whoever owns the shard. A
 * shard is given back only when nothing is under way and all that is gone is
 * deleted. Sending is relay_send.c, sharing is relay_share.c. */
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
#define DELETE_US 10000    /* Acknowledged rows stay at most so long, */
#define DELETE_ROWS 256    /* or until there are so many. */
#define UNDER_WAY_MAX 4000 /* Records. */
#define ALL_SHARDS ((1U << OUTBOX_SHARDS) - 1)

/* --- neighbours ---------------------------------------------------------- */

/* The shards are others now: what handlers began before is left to a read,
 * for somebody else may have sent it. */
static void shards_changed(struct relay *r)
{
    r->swept.lost_us = clock_steady_us();
    r->changed_us = clock_wall_us();
    atomic_store(&r->owned_now, r->share.owned);
    (void)pthread_mutex_lock(&r->stats_lock);
    r->stats.shards_owned = (unsigned)__builtin_popcount(r->share.owned);
    (void)pthread_mutex_unlock(&r->stats_lock);
}

static void session_end(struct relay *r, const struct err *err)
{
    session_close(r->session);
    r->session = NULL;
    share_forget(&r->share);
    shards_changed(r);
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

/* Delete what was acknowledged without reading anything. */
static bool gone_delete(struct relay *r, struct err *err)
{
    const struct outbox_ask ask = {.gone = r->gone,
                                   .gone_count = r->gone_count};
    struct outbox_row *rows = NULL;
    size_t count = 0;

    if (r->gone_count == 0) {
        return true;
    }
    arena_reset(r->arena);
    if (!outbox_turn(r->session, &ask, r->arena, r->arena, &rows, &count,
                     err)) {
        return false;
    }
    r->deleted += r->gone_count;
    r->gone_count = 0;
    return true;
}

static bool share_out(struct relay *r, struct err *err)
{
    unsigned before = r->share.owned;

    if (!share_is_due(&r->share, clock_steady_us())) {
        return true;
    }
    if (!share_count(&r->share, r->session, clock_steady_us(), err)) {
        return false;
    }
    if (share_is_too_much(&r->share)) {
        relay_settle(r);
        if (!gone_delete(r, err)) {
            return false;
        }
    }
    if (!share_move(&r->share, r->session, err)) {
        return false;
    }
    if (r->share.owned != before) {
        r->hot |= r->share.owned & ~before;
        shards_changed(r);
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

/* Is there room for more? */
static bool may_send(struct relay *r)
{
    return producer_under_way(r->producer) < UNDER_WAY_MAX &&
           r->gone_count < PILE_ROWS_MAX && relay_pile(r) != NULL;
}

static bool is_delete_due(const struct relay *r)
{
    return r->gone_count >= DELETE_ROWS ||
           (r->gone_count > 0 && clock_steady_us() - r->gone_us >= DELETE_US);
}

/* How long there is nothing to do but what rings. */
static unsigned rest_ms(struct relay *r)
{
    if (is_delete_due(r) || (r->hot != 0 && may_send(r))) {
        return 0;
    }
    return r->gone_count > 0 ? (unsigned)(DELETE_US / US_PER_MS)
                             : r->opts.rest_ms;
}

/* Collect what has news; tell others what is theirs. With nothing to do this
 * is where the thread rests; after each rest_ms every shard is looked at. */
static bool gather(struct relay *r, struct err *err)
{
    int64_t now_us = 0;
    unsigned woken = 0;

    if (!session_wait(r->session, r->wake_fd, rest_ms(r), on_notify, r, err)) {
        return false;
    }
    now_us = clock_steady_us();
    woken = atomic_exchange(&r->woken, 0);
    r->hot = (r->hot | woken) & r->share.owned;
    if ((woken & ~r->share.owned) != 0 &&
        !outbox_notify(r->session, woken & ~r->share.owned, err)) {
        return false;
    }
    if (now_us - r->looked_us >= (int64_t)r->opts.rest_ms * US_PER_MS) {
        r->hot = r->share.owned;
        r->looked_us = now_us;
    }
    return true;
}

/* --- the short way ------------------------------------------------------- */

/* Of the rows that handlers left, keep those that may be sent as they are. */
static void handed_sift(struct relay *r, struct pile *pile)
{
    int64_t now_us = clock_steady_us();
    size_t kept = 0;

    for (size_t i = 0; i < pile->count; i++) {
        const struct outbox_row *row = &pile->rows[i];
        unsigned bit = 1U << row->shard;
        enum hand hand =
            swept_judge(&r->swept, row->seq, pile->began_us[i], now_us);

        if (hand == HAND_SWEEP || r->is_careful ||
            (r->share.owned & bit) == 0) {
            r->hot |= bit & r->share.owned;
        } else if (hand == HAND_SEND) {
            pile->rows[kept++] = *row;
        }
    }
    pile->count = kept;
}

static void send_handed(struct relay *r)
{
    struct pile *pile = NULL;
    struct pile *next = may_send(r) ? relay_pile(r) : NULL;

    if (next == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&r->hand_lock);
    if (r->handed->count > 0) {
        pile = r->handed;
        r->handed = next;
    }
    (void)pthread_mutex_unlock(&r->hand_lock);
    if (pile == NULL) {
        return;
    }
    handed_sift(r, pile);
    if (pile->count > 0) {
        relay_send(r, pile);
    }
}

/* --- moving -------------------------------------------------------------- */

static void send_read(struct relay *r, struct pile *pile)
{
    int64_t now_us = clock_steady_us();

    relay_doubt(r, pile);
    for (size_t i = 0; i < pile->count; i++) {
        swept_add(&r->swept, pile->rows[i].seq, now_us);
    }
    if (r->is_careful) {
        relay_send_careful(r, pile->rows, pile->count);
    } else {
        relay_send(r, pile);
    }
}

/* Delete the rows that are gone, read what the hot shards have, send it. */
static bool sweep(struct relay *r, struct pile *pile, struct err *err)
{
    int64_t shards[OUTBOX_SHARDS];
    struct outbox_ask ask = {.shards = shards, .max = PILE_ROWS_MAX};
    unsigned of = r->hot;

    arena_reset(r->arena);
    ask.shard_count = share_list(&r->share, of, shards);
    ask.gone = r->gone;
    ask.gone_count = r->gone_count;
    ask.away_count = relay_away(r, &ask.away);
    if (!outbox_turn(r->session, &ask, r->arena, pile->arena, &pile->rows,
                     &pile->count, err)) {
        return false;
    }
    r->deleted += r->gone_count;
    r->gone_count = 0;
    r->hot = 0;
    if (pile->count == 0) {
        r->is_careful = false; /* Nothing is left that it was about. */
        return true;
    }
    /* There may be more behind a full share; a later commit rings anew. */
    if (pile->count >= PILE_ROWS_MAX / ask.shard_count || r->is_careful) {
        r->hot = of;
    }
    send_read(r, pile);
    return true;
}

static bool vacuum(struct relay *r, struct err *err)
{
    if (r->deleted < OUTBOX_VACUUM_ROWS) {
        return true;
    }
    r->deleted = 0;
    return outbox_vacuum(r->session, err);
}

static bool move(struct relay *r, struct err *err)
{
    struct pile *pile = NULL;

    relay_collect(r, 0);
    send_handed(r);
    pile = r->hot != 0 && may_send(r) ? relay_pile(r) : NULL;
    if (pile != NULL) {
        return sweep(r, pile, err) && vacuum(r, err);
    }
    return !is_delete_due(r) || (gone_delete(r, err) && vacuum(r, err));
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
    relay_settle(r);
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
    for (size_t i = 0; i < PILES; i++) {
        pile_close(&r->piles[i]);
    }
    (void)pthread_mutex_destroy(&r->hand_lock);
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
    r->gone = mem_zero(RELAY_GONE_MAX, sizeof *r->gone);
    for (size_t i = 0; i < PILES; i++) {
        pile_open(&r->piles[i]);
    }
    r->handed = &r->piles[0];
    r->stats.kafka_is_up = true; /* Until it shows otherwise. */
    (void)pthread_mutex_init(&r->hand_lock, NULL);
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
        .queue_max = UNDER_WAY_MAX + PILE_ROWS_MAX,
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
    producer_ring(r->producer, r->wake_fd);
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

/* Only the first news since the thread last looked needs to ring. */
void relay_wake(struct relay *r, unsigned shard)
{
    assert(shard < OUTBOX_SHARDS);
    if (r != NULL && atomic_fetch_or(&r->woken, 1U << shard) == 0) {
        ring(r->wake_fd);
    }
}

unsigned relay_owned(struct relay *r)
{
    return r == NULL ? 0 : atomic_load(&r->owned_now);
}

void relay_hand(struct relay *r, const struct outbox_row *row, int64_t began_us)
{
    unsigned bit = 1U << row->shard;
    bool is_first = false;
    bool ok = false;

    assert(row->shard >= 0 && row->shard < OUTBOX_SHARDS && row->seq > 0);
    if (r == NULL) {
        return;
    }
    if ((atomic_load(&r->owned_now) & bit) != 0) {
        (void)pthread_mutex_lock(&r->hand_lock);
        is_first = r->handed->count == 0;
        ok = pile_add(r->handed, row, began_us);
        (void)pthread_mutex_unlock(&r->hand_lock);
    }
    if (!ok) {
        relay_wake(r, (unsigned)row->shard);
    } else if (is_first) {
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
