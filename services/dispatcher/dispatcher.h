/* What the stages share: settings, neighbours, and each other.
 *
 * Filled by main before any thread starts and not changed afterwards; each
 * stage guards its own inside. Threads: intake, ledger, record, retry,
 * circuits, replays, notice (one each) and PORTER_WORKERS workers. */
#ifndef PORTER_DISPATCHER_DISPATCHER_H
#define PORTER_DISPATCHER_DISPATCHER_H

#include "dispatcher/backoff.h"
#include "dispatcher/job.h"
#include "dispatcher/targets.h"

#include "crypt/crypt.h"
#include "crypt/ed25519.h"
#include "db/db.h"
#include "guard/guard.h"
#include "metrics/metrics.h"
#include "settings/dispatcher.h"

#define REST_MS 200 /* Between tries while a neighbour is away. */

struct intake;
struct ledger;
struct record_desk;
struct retry;
struct circuits;
struct replays;
struct notice;
struct workers;
struct health;
struct tracer;

struct dispatcher {
    struct dispatcher_settings settings;
    struct seal_keys keys;
    struct ed25519_keys *signing; /* NULL: no v1a */
    struct guard guard;
    struct backoff backoff;
    struct load load;
    struct metrics *metrics;
    struct tracer *tracer; /* NULL: off */
    struct db *db;
    struct db_options db_options;
    struct targets *targets;
    struct intake *intake;
    struct workers *workers;
    struct ledger *ledger;
    struct record_desk *record;
    struct retry *retry;
    struct circuits *circuits;
    struct replays *replays;
    struct notice *notice;
    struct health *health;
};

#endif
