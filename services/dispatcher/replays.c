/* Stands before retry: what becomes due here, retry claims.
 *
 * Happy path: a look every LOOK_MS -> each replay whose portion is due gets it
 * (store's replay_step), at the rate at which what was held goes out.
 * Endings: the portion's transaction is all there is; a process that dies in it
 * leaves the replay where it stood, to whichever looks next. PostgreSQL away:
 * later. */
#include "dispatcher/replays.h"

#include "dispatcher/meter.h"
#include "dispatcher/thread.h"

#include "base/clock.h"
#include "base/crash.h"
#include "log/log.h"
#include "store/replay.h"

#include <stdlib.h>

#define LOOK_MS 500
#define PORTION_S 2     /* Of a replay, made due at once. */
#define PORTIONS_MAX 64 /* At one look. */

struct replays {
    struct dispatcher *d;
    struct thread thread;
    bool is_away; /* PostgreSQL; said once. */
};

static bool look(struct replays *r, struct err *err)
{
    const struct dispatcher_settings *s = &r->d->settings;
    bool is_found = true;

    for (int i = 0; i < PORTIONS_MAX && is_found; i++) {
        const struct replay_pace pace = {
            .now_us = clock_wall_us(),
            .max = s->held_rate * PORTION_S,
            .apart_us = US_PER_S / (int64_t)s->held_rate,
        };
        size_t replayed = 0;
        if (!replay_step(r->d->db, &pace, &is_found, &replayed, err)) {
            return false;
        }
        if (replayed > 0) {
            crash_point("replayed");
        }
        metrics_add(r->d->metrics, METER_REPLAYED, 0, (int64_t)replayed);
    }
    return true;
}

static void replays_run(void *user)
{
    struct replays *r = user;
    struct err err = ERR_NONE;

    while (!thread_rest(&r->thread, LOOK_MS)) {
        bool ok = look(r, &err);
        if (!ok && !r->is_away) {
            log_err(LOG_WARN, "replays.waiting", &err, NULL, 0);
        }
        if (ok && r->is_away) {
            log_info("replays.resumed", LOG_BOOL("ok", true));
        }
        r->is_away = !ok;
        err_clear(&err);
    }
}

bool replays_open(struct dispatcher *d, struct replays **out, struct err *err)
{
    struct replays *r = mem_zero(1, sizeof *r);

    r->d = d;
    if (!thread_start(&r->thread, "replays", replays_run, r, err)) {
        free(r);
        return false;
    }
    *out = r;
    return true;
}

void replays_close(struct replays *r)
{
    if (r == NULL) {
        return;
    }
    thread_stop(&r->thread);
    thread_join(&r->thread);
    free(r);
}
