/* Stands after ledger and retry (both offer jobs here) and before worker.
 *
 * Two questions are asked here and nowhere else: may this lane take one more
 * (lane_capacity), and may it start one more now (lane_may_start). Whatever
 * holds deliveries back (the endpoint's window, its health, the order of a
 * subject) is an answer to one of the two. Whose turn it is among those that
 * may, turns.c says. */
#include "dispatcher/lane.h"

#include "dispatcher/breaker.h"
#include "dispatcher/idle.h"
#include "dispatcher/turns.h"

#include <assert.h>
#include <stdlib.h>

#define BUCKETS 16384
#define PACE_WEIGHT 8 /* New samples count 1/8. */

struct lane {
    struct turn turn; /* The first member: a turn is its lane. */
    struct idle idle;
    struct lane *bucket_next;
    bool is_full;
    bool is_well; /* The last attempt succeeded. */
    bool is_busy; /* See lane_review. */
    struct id webhook_id;
    struct job_list queue;
    size_t window;    /* Of attempts under way. */
    int64_t still_us; /* Since when nothing has come back. */
    int64_t pace_us;  /* Smoothed time of an attempt; 0: unknown. */
    struct breaker breaker;
    int64_t open_until_us; /* 0: closed */
};

struct lanes {
    struct lanes_options opts;
    struct lane *buckets[BUCKETS];
    struct turns *turns;
    struct idle_queue well, ill; /* Idle ones: have they failed lately? */
    size_t count;
    size_t queued, active, busy;
    size_t slow; /* As of the last sweep. */
    struct windows windows;
    uint64_t full_changes;
};

struct lanes *lanes_new(const struct lanes_options *opts)
{
    assert(opts->window > 0 && opts->queue_max > 0);

    struct lanes *l = mem_zero(1, sizeof *l);
    l->opts = *opts;
    l->opts.window = MIN_OF(opts->window, MAX_OF(opts->slots / 2, 1));
    l->turns = turns_new(opts->slots);
    return l;
}

void lanes_free(struct lanes *l)
{
    if (l == NULL) {
        return;
    }
    assert(l->queued == 0);
    for (size_t i = 0; i < BUCKETS; i++) {
        while (l->buckets[i] != NULL) {
            struct lane *lane = l->buckets[i];
            l->buckets[i] = lane->bucket_next;
            free(lane);
        }
    }
    turns_free(l->turns);
    free(l);
}

static struct lane **place_of(struct lanes *l, struct id webhook_id)
{
    struct lane **at = &l->buckets[id_hash(webhook_id) % BUCKETS];

    while (*at != NULL && !id_eq((*at)->webhook_id, webhook_id)) {
        at = &(*at)->bucket_next;
    }
    return at;
}

static struct lane *lane_make(struct lanes *l, const struct job *j)
{
    struct lane **at = place_of(l, j->webhook_id);

    if (*at == NULL) {
        struct lane *lane = mem_zero(1, sizeof *lane);
        lane->webhook_id = j->webhook_id;
        window_open(&l->windows, &lane->window);
        lane->turn.class = TURN_NEW;
        turns_join(l->turns, &lane->turn, j->body->org_id);
        *at = lane;
        l->count++;
    }
    return *at;
}

static void lane_drop(struct lanes *l, struct lane *lane)
{
    *place_of(l, lane->webhook_id) = lane->bucket_next;
    l->count--;
    l->full_changes += lane->is_full;
    idle_leave(&lane->idle);
    window_close(&l->windows, &lane->window);
    turns_part(l->turns, &lane->turn);
    free(lane);
}

/* It was asked, and says nothing. */
static bool lane_is_still(const struct lane *lane, int64_t now_us)
{
    return lane->turn.active > 0 && now_us - lane->still_us > LANE_STILL_US;
}

/* What waits for it waits long. */
static bool lane_is_slow(const struct lane *lane, int64_t now_us)
{
    return lane_is_still(lane, now_us) || lane->pace_us > LANE_STILL_US;
}

static bool is_tight(const struct lanes *l)
{
    return l->queued >= l->opts.room / 2;
}

/* What may wait for a slow one. */
static size_t slow_capacity(const struct lanes *l, bool is_full)
{
    return is_full ? 1 : MIN_OF(LANE_SLOW_MAX, l->opts.queue_max);
}

/* How many may wait. An endpoint that answers quickly may hold more, as long
 * as all of them would be through in LANE_PATIENCE_US: a burst then needs no
 * detour through the table of due rows. What waits for one that does not
 * answer, or only after long, takes memory from everybody and would not be any
 * later for the detour. When half of the room is taken nobody holds more than
 * the work of LANE_PATIENCE_US: intake stops when all of it is. */
static size_t lane_capacity(const struct lanes *l, const struct lane *lane,
                            int64_t now_us)
{
    if (lane_is_slow(lane, now_us)) {
        return slow_capacity(l, is_tight(l));
    }
    if (lane->pace_us == 0) {
        return l->opts.queue_max;
    }
    uint64_t turns = (uint64_t)(LANE_PATIENCE_US / lane->pace_us);
    size_t quick = MIN_OF((size_t)turns * l->opts.window, l->opts.quick_max);
    if (is_tight(l)) {
        return quick;
    }
    return lane->is_well ? MAX_OF(quick, l->opts.queue_max) : l->opts.queue_max;
}

/* May one more attempt begin? */
static bool lane_may_start(const struct lane *lane)
{
    return lane->queue.count > 0 && lane->turn.active < lane->window;
}

/* An endpoint that has not said anything for a while, though it was asked, is
 * not waited for like one that answers. */
static enum turn_class lane_class(const struct lane *lane, int64_t now_us)
{
    if (lane_is_still(lane, now_us)) {
        return TURN_ILL;
    }
    if (lane->pace_us == 0) {
        return TURN_NEW;
    }
    return lane->is_well ? TURN_WELL : TURN_ILL;
}

static void lane_enter(struct lanes *l, struct lane *lane)
{
    if (lane_may_start(lane)) {
        turns_wait(l->turns, &lane->turn);
    }
}

static void lane_set_full(struct lanes *l, struct lane *lane, bool is_full)
{
    if (lane->is_full != is_full) {
        lane->is_full = is_full;
        l->full_changes++;
    }
}

/* There is room again when half of the queue is gone. */
static void lane_ease(struct lanes *l, struct lane *lane, int64_t now_us)
{
    size_t most = MIN_OF(lane_capacity(l, lane, now_us), l->opts.queue_max);

    if (lane->queue.count <= most / 2) {
        lane_set_full(l, lane, false);
    }
}

/* Busy: what waits will be under way within LANE_BUSY_TURNS turns of a lane
 * whose turns are short. More than that would outlast the
 * ledger's window, and its rows would be written twice (pending, then done)
 * instead of once. An endpoint that has not answered yet gets the benefit of
 * the doubt: at the first burst its connections are only being made. Half of
 * what waits must be gone before the lane is at ease again. */
static void lane_review(struct lanes *l, struct lane *lane)
{
    bool is_new = lane->pace_us == 0 && lane->turn.active > 0;
    bool is_swift =
        lane->is_well && lane->pace_us > 0 && lane->pace_us <= LANE_SWIFT_US;
    size_t most = l->opts.window * LANE_BUSY_TURNS;
    bool is_busy = (is_new || is_swift) &&
                   lane->queue.count > (lane->is_busy ? most / 2 : most);

    if (is_busy != lane->is_busy) {
        lane->is_busy = is_busy;
        l->busy += is_busy ? 1 : (size_t)-1;
    }
}

/* What somebody asked for goes before what waits, and needs no room. */
static bool lane_put(struct lanes *l, struct lane *lane, struct job *j,
                     int64_t now_us)
{
    if (j->is_asked) {
        return job_list_add_asked(&lane->queue, j, LANE_ASKED_MAX);
    }
    if (lane->queue.count >= lane_capacity(l, lane, now_us)) {
        lane_set_full(l, lane, true);
        return false;
    }
    job_list_add(&lane->queue, j);
    return true;
}

enum lane_answer lanes_offer(struct lanes *l, struct job *j, int64_t now_us)
{
    struct lane *lane = lane_make(l, j);

    if (now_us < lane->open_until_us && !job_is_question(j)) {
        return LANE_OPEN;
    }
    if (!lane_put(l, lane, j, now_us)) {
        return LANE_FULL;
    }
    idle_leave(&lane->idle);
    l->queued++;
    if (lane->queue.count >= lane_capacity(l, lane, now_us)) {
        lane_set_full(l, lane, true);
    }
    lane_review(l, lane);
    lane_enter(l, lane);
    return LANE_TAKEN;
}

/* Who has been idle for the longest is forgotten. Those that fail are
 * remembered apart: among many that are well none would ever have failed often
 * enough. */
static void lane_rest(struct lanes *l, struct lane *lane)
{
    bool is_ill = lane->open_until_us > 0 || breaker_has_bad(&lane->breaker);
    struct idle_queue *among = is_ill ? &l->ill : &l->well;

    if (lane->turn.active > 0 || lane->queue.count > 0 ||
        lane->turn.is_waiting || lane->idle.queue != NULL) {
        return;
    }
    idle_add(among, &lane->idle);
    if (among->count > LANES_IDLE_MAX) {
        lane_drop(l, CONTAINER_OF(among->oldest, struct lane, idle));
    }
}

/* The lane whose turn it is, in the class that it has by now. */
static struct lane *lane_next(struct lanes *l, int64_t now_us)
{
    struct turn *turn = NULL;

    while ((turn = turns_next(l->turns)) != NULL) {
        struct lane *lane = (struct lane *)(void *)turn;
        enum turn_class class = lane_class(lane, now_us);
        if (!lane_may_start(lane)) {
            lane_rest(l, lane); /* lanes_clear, or a window that shrank. */
            continue;
        }
        if (class == turn->class) {
            return lane;
        }
        turns_move(l->turns, turn, class);
        turns_wait(l->turns, turn);
    }
    return NULL;
}

struct job *lanes_next(struct lanes *l, int64_t now_us)
{
    struct lane *lane = lane_next(l, now_us);

    if (lane == NULL) {
        return NULL;
    }
    struct job *j = job_list_take(&lane->queue);
    assert(j != NULL);
    l->queued--;
    l->active++;
    if (lane->turn.active == 0) {
        lane->still_us = now_us;
    }
    turns_begin(l->turns, &lane->turn, job_pays_for(j));
    lane_ease(l, lane, now_us);
    lane_review(l, lane);
    lane_enter(l, lane);
    return j;
}

static void lane_end(struct lanes *l, struct lane *lane)
{
    l->active--;
    turns_end(l->turns, &lane->turn);
    lane_review(l, lane);
    lane_enter(l, lane);
    lane_rest(l, lane);
}

void lanes_cancel(struct lanes *l, struct id webhook_id)
{
    struct lane *lane = *place_of(l, webhook_id);

    assert(lane != NULL && lane->turn.active > 0);
    lane_end(l, lane);
}

/* Failures that were under way when it opened say nothing new. 410 opens it. */
static unsigned lane_judge(struct lane *lane, const struct lane_end *end)
{
    unsigned failures = 0;

    if (end->is_success) {
        lane->open_until_us = 0;
    } else if (end->is_known || end->now_us < lane->open_until_us) {
        return 0;
    }
    if (!breaker_note(&lane->breaker, end->is_success, end->now_us,
                      &failures) &&
        !end->is_gone) {
        return 0;
    }
    lane->open_until_us = end->now_us + LANE_OPEN_US;
    return failures;
}

unsigned lanes_done(struct lanes *l, const struct lane_end *end)
{
    struct lane *lane = *place_of(l, end->webhook_id);

    assert(lane != NULL && lane->turn.active > 0);
    int64_t took_us = MAX_OF(end->took_us, 1);
    unsigned failures = lane_judge(lane, end);
    lane->is_well = end->is_success;
    lane->pace_us =
        lane->pace_us == 0
            ? took_us
            : lane->pace_us + (took_us - lane->pace_us) / PACE_WEIGHT;
    lane->still_us = end->now_us;
    if (end->is_too_much) {
        window_shrink(&l->windows, &lane->window);
    } else if (end->is_success && end->took_us <= LANE_STILL_US) {
        window_grow(&l->windows, &lane->window, l->opts.window);
    }
    turns_move(l->turns, &lane->turn, lane_class(lane, end->now_us));
    lane_end(l, lane);
    return failures;
}

bool lanes_in_doubt(struct lanes *l, struct id webhook_id)
{
    const struct lane *lane = *place_of(l, webhook_id);

    return lane != NULL && lane->breaker.in_a_row > 0 &&
           lane->breaker.in_a_row % LANE_DOUBT == 0;
}

/* What has a lease until then, and with `questions` what is one. */
static void lane_take(struct lanes *l, struct lane *lane, int64_t until_us,
                      bool questions, struct job_list *out)
{
    struct job_list stays = {0};
    struct job *j = NULL;

    while ((j = job_list_take(&lane->queue)) != NULL) {
        bool goes =
            j->lease_until_us <= until_us && (questions || !job_is_question(j));
        job_list_add(goes ? out : &stays, j);
        l->queued -= goes;
    }
    lane->queue = stays;
}

void lanes_clear(struct lanes *l, struct id webhook_id, struct job_list *out)
{
    struct lane *lane = *place_of(l, webhook_id);

    if (lane != NULL) {
        lane_take(l, lane, INT64_MAX, false, out);
        lane_set_full(l, lane, false);
        lane_review(l, lane);
    }
}

/* What is more than a slow one may hold goes; the oldest stay. What it took
 * while there was room stays until three quarters are taken, by what waits and
 * what is under way: given back at half, it would be claimed soon after. */
static void lane_shed(struct lanes *l, struct lane *lane, int64_t now_us,
                      struct job_list *out)
{
    size_t most = slow_capacity(l, l->queued + l->active >=
                                       l->opts.room - l->opts.room / 4);
    struct job_list kept = {0};

    if (!lane_is_slow(lane, now_us) || lane->queue.count <= most) {
        return;
    }
    l->queued -= lane->queue.count - most;
    while (kept.count < most) {
        job_list_add(&kept, job_list_take(&lane->queue));
    }
    job_list_join(out, &lane->queue);
    lane->queue = kept;
    lane_set_full(l, lane, true);
}

/* Nobody asks a lane whose last job is under way: what it sits on would count
 * as if it had answered. */
static void lane_look(struct lanes *l, struct lane *lane, int64_t now_us)
{
    enum turn_class class = lane_class(lane, now_us);

    if (class != lane->turn.class) {
        turns_move(l->turns, &lane->turn, class);
    }
}

void lanes_sweep(struct lanes *l, int64_t now_us, int64_t until_us,
                 struct job_list *out)
{
    l->slow = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct lane *lane = l->buckets[i]; lane != NULL;
             lane = lane->bucket_next) {
            l->slow += lane_is_slow(lane, now_us);
            lane_look(l, lane, now_us);
            lane_take(l, lane, until_us, true, out);
            lane_shed(l, lane, now_us, out);
            lane_ease(l, lane, now_us);
            lane_review(l, lane);
        }
    }
}

void lanes_empty(struct lanes *l, struct job_list *out)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct lane *lane = l->buckets[i]; lane != NULL;
             lane = lane->bucket_next) {
            job_list_join(out, &lane->queue);
            lane_review(l, lane);
        }
    }
    l->queued = 0;
}

struct lane_counts lanes_counts(const struct lanes *l)
{
    return (struct lane_counts){l->count, l->slow,   l->queued,
                                l->busy,  l->active, l->windows};
}

uint64_t lanes_full_changes(const struct lanes *l)
{
    return l->full_changes;
}

size_t lanes_full(const struct lanes *l, struct webhook_key *out, size_t max)
{
    size_t found = 0;

    for (size_t i = 0; i < BUCKETS; i++) {
        for (const struct lane *lane = l->buckets[i]; lane != NULL;
             lane = lane->bucket_next) {
            if (lane->is_full && found < max) {
                out[found++] = (struct webhook_key){turns_org(&lane->turn),
                                                    lane->webhook_id};
            }
        }
    }
    return found;
}
