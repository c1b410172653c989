/* The connections, and who has one.
 *
 * Everybody queues; dispatch() hands free connections to the head of the
 * queue. Who gets one leads: it takes along the calls that wait behind it (at
 * most batch_max in all), runs them with its own in one trip, answers each
 * (their threads sleep on a latch) and gives the connection back. So a thread
 * works for others only while its own statement is on the way, and a free
 * connection never waits for a thread that has other things to do.
 *
 * Calls marked `batch` gather: only a share of the connections is given to
 * them at once, and who finds that share busy waits for one of it to come back
 * and take all along. Many calls in one trip cost both sides much less than as
 * many trips: system calls, switches, commits. After GATHER_US a connection of
 * the others is as good. Calls without that mark (they may be slow) and
 * transactions take any free connection at once, past those who gather and
 * without them.
 *
 * A slot that is not connected is made so by the thread that got it. When that
 * fails the slot rests for reconnect_ms; with every slot at rest callers are
 * refused at once, with the reason.
 *
 * Threads: the lock guards the queue and the slots' states; a connection
 * belongs to the thread that holds its slot. */
#include "db/pool.h"

#include "base/clock.h"
#include "base/latch.h"
#include "db/batch.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#define POOL_SIZE_MAX 64
#define BATCH_MAX 128
/* Of a pool's connections one in this many is for calls that gather. */
#define GATHER_SHARE 4
#define GATHER_US 1000

enum told {
    TOLD_LEAD = 1, /* waiter.slot is yours, with the calls behind you */
    TOLD_DONE,     /* call.ok says how */
};

struct slot {
    struct connection connection;
    bool is_busy;
    bool is_gathering; /* Busy with a leader that gathers. */
    bool is_open;      /* As it was when last given back. */
    int64_t rests_until_us;
};

struct waiter {
    struct call call; /* sql NULL: wants the connection itself. */
    struct latch latch;
    struct slot *slot;
    struct waiter *next; /* In the queue; behind the leader. */
    int64_t since_us;
};

struct db {
    struct db_options opts;
    unsigned gather_max; /* Connections for calls that gather. */
    pthread_mutex_t lock;
    struct waiter *first;
    struct waiter **last;
    unsigned gathering; /* Of the slots. */
    unsigned hurrying;  /* Of the waiters: those who do not gather. */
    struct db_stats stats;
    struct tx *tx;       /* A view of this transaction: all else is unused. */
    struct err away;     /* Why the last attempt to connect failed. */
    struct slot slots[]; /* opts.pool_size */
};

/* What this thread has spent on PostgreSQL. */
static THREAD_LOCAL int64_t thread_us;

/* --- life ---------------------------------------------------------------- */

bool db_open(const struct db_options *opts, struct db **out, struct err *err)
{
    struct db *db = NULL;

    assert(opts->pool_size >= 1 && opts->pool_size <= POOL_SIZE_MAX);
    assert(opts->batch_max >= 1 && opts->batch_max <= BATCH_MAX);
    assert(opts->wait_ms > 0 && opts->statement_ms > 0);
    if (!db_url_check(opts->url, err)) {
        return false;
    }
    db = mem_zero(1, sizeof *db + opts->pool_size * sizeof(struct slot));
    db->opts = *opts;
    db->gather_max = MAX_OF(opts->pool_size / GATHER_SHARE, 1U);
    db->last = &db->first;
    (void)pthread_mutex_init(&db->lock, NULL);
    for (unsigned i = 0; i < opts->pool_size; i++) {
        connection_init(&db->slots[i].connection, &db->opts);
    }
    *out = db;
    return true;
}

void db_close(struct db *db)
{
    if (db == NULL) {
        return;
    }
    assert(db->first == NULL && db->tx == NULL);
    assert(db->hurrying == 0 && db->gathering == 0);
    for (unsigned i = 0; i < db->opts.pool_size; i++) {
        assert(!db->slots[i].is_busy);
        connection_close(&db->slots[i].connection);
    }
    (void)pthread_mutex_destroy(&db->lock);
    free(db);
}

/* --- the queue (under the lock) ------------------------------------------ */

static bool gathers(const struct waiter *w)
{
    return w->call.sql != NULL && w->call.sql->batch;
}

static void count_in(struct db *db, const struct waiter *w)
{
    db->stats.waiting++;
    db->hurrying += gathers(w) ? 0 : 1;
}

static void push(struct db *db, struct waiter *w)
{
    w->next = NULL;
    *db->last = w;
    db->last = &w->next;
    count_in(db, w);
}

/* Take out the waiter that *at points to. */
static struct waiter *take(struct db *db, struct waiter **at)
{
    struct waiter *w = *at;

    *at = w->next;
    if (db->last == &w->next) {
        db->last = at;
    }
    w->next = NULL;
    db->stats.waiting--;
    db->hurrying -= gathers(w) ? 0 : 1;
    return w;
}

static bool leave(struct db *db, struct waiter *w)
{
    for (struct waiter **at = &db->first; *at != NULL; at = &(*at)->next) {
        if (*at == w) {
            (void)take(db, at);
            return true;
        }
    }
    return false;
}

/* The calls behind a leader; who wants a connection of its own stays. */
static struct waiter *take_followers(struct db *db)
{
    struct waiter *chain = NULL;
    struct waiter **end = &chain;
    struct waiter **at = &db->first;

    for (unsigned n = 1; n < db->opts.batch_max && *at != NULL;) {
        if ((*at)->call.sql == NULL) {
            at = &(*at)->next;
            continue;
        }
        *end = take(db, at);
        end = &(*end)->next;
        n++;
    }
    return chain;
}

/* The slot to use now: the connection that was used last (the others may rest
 * and its caches are warm), else one that may be connected. */
static struct slot *free_slot(struct db *db)
{
    const int64_t now_us = clock_steady_us();
    struct slot *best = NULL;

    for (unsigned i = 0; i < db->opts.pool_size; i++) {
        struct slot *s = &db->slots[i];

        if (s->is_busy || (!s->is_open && s->rests_until_us > now_us)) {
            continue;
        }
        if (best == NULL || (s->is_open && !best->is_open) ||
            (s->is_open && s->connection.used_us > best->connection.used_us)) {
            best = s;
        }
    }
    return best;
}

static void refuse(struct waiter *w, const struct err *why)
{
    *w->call.err = *why;
    w->call.ok = false;
    latch_set(&w->latch, TOLD_DONE);
}

/* The longest waiting waiter who may have a connection now, if any. */
static struct waiter **next_leader(struct db *db)
{
    struct waiter **at = &db->first;

    if (*at == NULL || !gathers(*at) || db->gathering < db->gather_max ||
        clock_steady_us() - (*at)->since_us >= GATHER_US) {
        return *at == NULL ? NULL : at;
    }
    if (db->hurrying == 0) {
        return NULL;
    }
    while (gathers(*at)) {
        at = &(*at)->next;
    }
    return at;
}

static void dispatch(struct db *db)
{
    struct waiter **at = NULL;
    struct slot *slot = NULL;

    while ((at = next_leader(db)) != NULL && (slot = free_slot(db)) != NULL) {
        struct waiter *leader = take(db, at);

        leader->slot = slot;
        if (leader->call.sql != NULL && at == &db->first) {
            leader->next = take_followers(db);
        }
        slot->is_busy = true;
        slot->is_gathering = gathers(leader);
        db->gathering += slot->is_gathering ? 1 : 0;
        db->stats.busy++;
        latch_set(&leader->latch, TOLD_LEAD);
    }
    /* Nobody is left who could give a connection back. */
    while (db->first != NULL && db->stats.busy == 0) {
        refuse(take(db, &db->first), &db->away);
    }
}

/* --- waiting for a turn -------------------------------------------------- */

/* 0: nobody told until then. */
static int32_t wait_gathering(struct db *db, struct waiter *w, int64_t until_us)
{
    const int64_t enough_us = w->since_us + GATHER_US;
    int32_t told = 0;

    if (gathers(w) && enough_us < until_us) {
        told = latch_wait(&w->latch, enough_us);
        if (told != 0) {
            return told;
        }
        (void)pthread_mutex_lock(&db->lock);
        dispatch(db);
        (void)pthread_mutex_unlock(&db->lock);
    }
    return latch_wait(&w->latch, until_us);
}

static enum told wait_turn(struct db *db, struct waiter *w)
{
    const int64_t until_us =
        w->since_us + (int64_t)db->opts.wait_ms * US_PER_MS;
    int32_t told = wait_gathering(db, w, until_us);
    bool left = false;

    if (told != 0) {
        return (enum told)told;
    }
    (void)pthread_mutex_lock(&db->lock);
    left = leave(db, w);
    db->stats.waits_timed_out += left ? 1 : 0;
    (void)pthread_mutex_unlock(&db->lock);
    if (left) {
        (void)err_set(w->call.err, ERR_UNAVAILABLE,
                      "no database connection was free within %u ms",
                      db->opts.wait_ms);
        return TOLD_DONE;
    }
    /* Its answer is on the way: bounded by the leader's own deadlines. */
    return (enum told)latch_wait(&w->latch, LATCH_FOREVER);
}

static void set_free(struct db *db, struct slot *slot)
{
    slot->is_open = slot->connection.pg != NULL;
    slot->is_busy = false;
    db->gathering -= slot->is_gathering ? 1 : 0;
    slot->is_gathering = false;
    db->stats.busy--;
}

static bool has_open(const struct db *db)
{
    for (unsigned i = 0; i < db->opts.pool_size; i++) {
        if (db->slots[i].is_open) {
            return true;
        }
    }
    return false;
}

/* The slot could not be connected. While others are, everybody goes back to
 * the head of the queue (true); else they are refused. */
static bool give_up_slot(struct db *db, struct waiter *w, const struct err *why)
{
    struct waiter *end = w;
    bool again = false;

    (void)pthread_mutex_lock(&db->lock);
    db->away = *why;
    db->stats.errors++;
    w->slot->rests_until_us =
        clock_steady_us() + (int64_t)db->opts.reconnect_ms * US_PER_MS;
    set_free(db, w->slot);
    again = has_open(db);
    if (again) {
        latch_init(&w->latch);
        count_in(db, w);
        for (; end->next != NULL; end = end->next) {
            count_in(db, end->next);
        }
        end->next = db->first;
        db->last = db->first == NULL ? &end->next : db->last;
        db->first = w;
    } else {
        for (struct waiter *f = w->next; f != NULL; f = end) {
            end = f->next; /* f is gone once it is refused. */
            refuse(f, why);
        }
        *w->call.err = *why;
    }
    dispatch(db);
    (void)pthread_mutex_unlock(&db->lock);
    return again;
}

/* True: w leads with a connection that works. False: w is answered. */
static bool enter(struct db *db, struct waiter *w)
{
    struct err why = ERR_NONE;

    latch_init(&w->latch);
    w->since_us = clock_steady_us();
    (void)pthread_mutex_lock(&db->lock);
    push(db, w);
    dispatch(db);
    (void)pthread_mutex_unlock(&db->lock);
    while (wait_turn(db, w) == TOLD_LEAD) {
        if (connection_is_fit(&w->slot->connection) ||
            connection_open(&w->slot->connection, &why)) {
            return true;
        }
        if (!give_up_slot(db, w, &why)) {
            break;
        }
    }
    return false;
}

/* --- public -------------------------------------------------------------- */

static void wake(struct call *call)
{
    struct waiter *w = CONTAINER_OF(call, struct waiter, call);

    latch_set(&w->latch, TOLD_DONE);
}

static void lead(struct db *db, struct waiter *w)
{
    struct call *calls[BATCH_MAX];
    struct slot *slot = w->slot;
    const int64_t waited_us = clock_steady_us() - w->since_us;
    size_t count = 0;

    for (; w != NULL; w = w->next) {
        assert(count < BATCH_MAX);
        calls[count++] = &w->call;
    }
    batch_run(&slot->connection, calls, count, wake);
    (void)pthread_mutex_lock(&db->lock);
    db->stats.statements += count;
    db->stats.batches++;
    db->stats.waited_us += waited_us;
    (void)pthread_mutex_unlock(&db->lock);
    pool_give(db, slot);
}

bool db_run(struct db *db, const struct sql *sql, const struct db_arg *args,
            size_t count, struct db_rows **rows, struct err *err)
{
    struct waiter w = {
        .call = {.sql = sql, .args = args, .rows = rows, .err = err}};

    assert(count == sql->param_count);
    if (db->tx != NULL) {
        return tx_run_guarded(db->tx, sql, args, count, rows, err);
    }
    if (enter(db, &w)) {
        lead(db, &w);
    }
    pool_note_time(w.since_us);
    return w.call.ok;
}

bool pool_take(struct db *db, struct slot **out, struct err *err)
{
    struct waiter w = {.call = {.err = err}};
    bool ok = false;

    assert(db->tx == NULL);
    ok = enter(db, &w);
    pool_note_time(w.since_us);
    if (ok) {
        *out = w.slot;
    }
    return ok;
}

void pool_give(struct db *db, struct slot *slot)
{
    (void)pthread_mutex_lock(&db->lock);
    set_free(db, slot);
    if (!slot->is_open) {
        db->stats.errors++;
    }
    dispatch(db);
    (void)pthread_mutex_unlock(&db->lock);
}

struct connection *pool_connection(struct slot *slot)
{
    return &slot->connection;
}

struct db *pool_view_new(struct tx *tx)
{
    struct db *view = mem_zero(1, sizeof *view);

    view->tx = tx;
    return view;
}

void pool_view_free(struct db *view)
{
    free(view);
}

struct tx *pool_tx(const struct db *db)
{
    return db->tx;
}

void pool_note_time(int64_t since_us)
{
    thread_us += clock_steady_us() - since_us;
}

int64_t db_thread_us(void)
{
    return thread_us;
}

struct db_stats db_stats(struct db *db)
{
    struct db_stats stats = {0};

    (void)pthread_mutex_lock(&db->lock);
    stats = db->stats;
    for (unsigned i = 0; i < db->opts.pool_size; i++) {
        stats.open += db->slots[i].is_open ? 1 : 0;
    }
    (void)pthread_mutex_unlock(&db->lock);
    return stats;
}

bool db_ping(struct db *db, struct err *err)
{
    static const struct sql ping = {"porter_ping", "SELECT 1", 0, true};

    return db_run(db, &ping, ARGS_NONE, NULL, err);
}
