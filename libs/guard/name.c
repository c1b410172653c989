/* getaddrinfo knows no time-out, so it is called on a thread of its own that
 * nobody waits for longer than he wants to.
 *
 * A lookup belongs to two, the asker and its thread: who leaves last frees it.
 * At most NAME_LOOKUPS_MAX threads exist, whether or not somebody still waits;
 * each has a slot, which says whose it is, and ends when the resolver gives up.
 * One that is left at the process' end ends with it: it touches nothing but its
 * own lookup and slot. */
#include "guard/name.h"

#include "guard/url.h"

#include "base/clock.h"
#include "base/cond.h"

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define HOST_MAX 256
#define PORT_MAX 6

struct lookup {
    pthread_mutex_t lock;
    pthread_cond_t done;
    unsigned users;         /* Under `lock`, as the next two. */
    bool is_done;           /* */
    struct addrinfo *found; /* NULL: nothing */
    size_t slot;
    char host[HOST_MAX];
    char port[PORT_MAX];
};

static struct {
    pthread_mutex_t lock;
    bool is_taken[NAME_LOOKUPS_MAX];
    struct id whose[NAME_LOOKUPS_MAX];
} slots = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* --- slots ----------------------------------------------------------------
 */

/* False: there is none for this organization. */
static bool slot_take(struct id org_id, size_t *slot)
{
    size_t theirs = 0;
    size_t found = NAME_LOOKUPS_MAX;

    pthread_mutex_lock(&slots.lock);
    for (size_t i = 0; i < NAME_LOOKUPS_MAX; i++) {
        if (!slots.is_taken[i]) {
            found = i;
        } else if (id_eq(slots.whose[i], org_id)) {
            theirs++;
        }
    }
    bool is_free = found < NAME_LOOKUPS_MAX && theirs < NAME_LOOKUPS_EACH;
    if (is_free) {
        slots.is_taken[found] = true;
        slots.whose[found] = org_id;
        *slot = found;
    }
    pthread_mutex_unlock(&slots.lock);
    return is_free;
}

static void slot_free(size_t slot)
{
    pthread_mutex_lock(&slots.lock);
    slots.is_taken[slot] = false;
    pthread_mutex_unlock(&slots.lock);
}

/* --- a lookup -------------------------------------------------------------
 */

/* A dot at the name's end, which url_read leaves out, keeps the resolver from
 * trying its search domains, as it does at an attempt. */
static struct lookup *lookup_new(const struct url *u, struct str url)
{
    struct lookup *l = mem_zero(1, sizeof *l);
    const char *end = u->host.data + u->host.len;
    bool has_dot = end < url.data + url.len && *end == '.';

    pthread_mutex_init(&l->lock, NULL);
    cond_init_steady(&l->done);
    l->users = 2;
    (void)snprintf(l->host, sizeof l->host, "%.*s%s", STR_ARGS(u->host),
                   has_dot ? "." : "");
    (void)snprintf(l->port, sizeof l->port, "%u", (unsigned)u->port);
    return l;
}

/* With the lock held, which is given back. */
static void lookup_leave(struct lookup *l)
{
    bool is_last = --l->users == 0;

    pthread_mutex_unlock(&l->lock);
    if (!is_last) {
        return;
    }
    if (l->found != NULL) {
        freeaddrinfo(l->found);
    }
    pthread_cond_destroy(&l->done);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static void *run(void *user)
{
    static const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
    struct lookup *l = user;
    struct addrinfo *found = NULL;
    size_t slot = l->slot;

    if (getaddrinfo(l->host, l->port, &wanted, &found) != 0) {
        found = NULL;
    }
    pthread_mutex_lock(&l->lock);
    l->found = found;
    l->is_done = true;
    pthread_cond_signal(&l->done);
    lookup_leave(l);
    slot_free(slot);
    return NULL;
}

static bool start(struct lookup *l, struct id org_id)
{
    pthread_attr_t detached;
    pthread_t thread;
    bool ok = false;

    if (!slot_take(org_id, &l->slot)) {
        return false;
    }
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    ok = pthread_create(&thread, &detached, run, l) == 0;
    pthread_attr_destroy(&detached);
    if (!ok) {
        slot_free(l->slot);
    }
    return ok;
}

/* --- the verdict ----------------------------------------------------------
 */

static enum name_verdict judge(const struct guard *g, const struct lookup *l,
                               struct err *err)
{
    struct err first = ERR_NONE;
    struct err other = ERR_NONE;

    for (const struct addrinfo *a = l->found; a != NULL; a = a->ai_next) {
        if (guard_may_connect((void *)(uintptr_t)g, a->ai_addr,
                              first.code == ERR_OK ? &first : &other)) {
            return NAME_FINE;
        }
    }
    if (first.code == ERR_OK) {
        return NAME_UNKNOWN;
    }
    (void)err_set(err, ERR_FORBIDDEN,
                  "the URL's host %s leads inwards: %s Use one that the "
                  "internet can reach",
                  l->host, first.text);
    return NAME_REFUSED;
}

enum name_verdict guard_name(const struct guard *g, struct str url,
                             struct id org_id, unsigned wait_ms,
                             struct err *err)
{
    enum name_verdict verdict = NAME_UNKNOWN;
    struct err ignored = ERR_NONE;
    struct url u = {0};

    if (wait_ms == 0 || !url_read(url, &u, &ignored) || u.is_address ||
        url_is_localhost(&u) || u.host.len + 1 >= HOST_MAX) {
        return NAME_FINE;
    }
    struct lookup *l = lookup_new(&u, url);
    const int64_t until = clock_steady_us() + (int64_t)wait_ms * US_PER_MS;
    bool is_started = start(l, org_id);

    pthread_mutex_lock(&l->lock);
    for (int64_t left = until - clock_steady_us();
         is_started && !l->is_done && left > 0;
         left = until - clock_steady_us()) {
        cond_wait_us(&l->done, &l->lock, left);
    }
    if (l->is_done) {
        verdict = judge(g, l, err);
    }
    if (!is_started) {
        l->users--;
    }
    lookup_leave(l);
    return verdict;
}
