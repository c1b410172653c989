/* Sets of eight addresses, each with the time at which it will have recovered
 * fully: a look-up moves it on by the interval, and it may be ahead of now by
 * at most a minute. */
#include "gateway/guess.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETS 1024 /* A power of two. */
#define WAYS 8
#define MINUTE_US (60 * US_PER_S)

struct way {
    struct guess_address address;
    int64_t free_at_us; /* 0: nobody's */
};

struct guess {
    int64_t interval_us; /* 0: off */
    uint64_t salt;       /* So that nobody can aim at a set. */
    pthread_mutex_t lock;
    struct way sets[SETS][WAYS];
};

struct guess *guess_new(unsigned per_minute)
{
    struct guess *g = mem_zero(1, sizeof *g);

    g->interval_us = per_minute == 0 ? 0 : MINUTE_US / per_minute;
    random_bytes(&g->salt, sizeof g->salt);
    (void)pthread_mutex_init(&g->lock, NULL);
    return g;
}

void guess_free(struct guess *g)
{
    if (g != NULL) {
        (void)pthread_mutex_destroy(&g->lock);
        free(g);
    }
}

struct guess_address guess_address(struct str remote)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255};
    struct guess_address a = {{0}};
    char text[INET6_ADDRSTRLEN] = "";
    uint8_t bytes[16] = {0};

    if (remote.len < sizeof text) {
        (void)snprintf(text, sizeof text, "%.*s", STR_ARGS(remote));
    }
    if (inet_pton(AF_INET, text, bytes) == 1) {
        memcpy(a.bytes + 4, bytes, 4);
    } else if (inet_pton(AF_INET6, text, bytes) == 1) {
        bool is_mapped = memcmp(bytes, mapped, sizeof mapped) == 0;

        memcpy(a.bytes + (is_mapped ? 4 : 0), bytes + (is_mapped ? 12 : 0),
               is_mapped ? 4 : 8);
    }
    return a;
}

static struct way *set_of(struct guess *g, struct guess_address a)
{
    uint64_t n = 0;

    memcpy(&n, a.bytes, sizeof n);
    n = (n ^ g->salt) * 0x9e3779b97f4a7c15ULL;
    return g->sets[(n >> 32) & (SETS - 1)];
}

/* The address' way; else the one that has recovered most, or longest ago. */
static struct way *way_of(struct guess *g, struct guess_address a)
{
    struct way *set = set_of(g, a);
    struct way *best = &set[0];

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].free_at_us != 0 &&
            memcmp(&set[i].address, &a, sizeof a) == 0) {
            return &set[i];
        }
        if (set[i].free_at_us < best->free_at_us) {
            best = &set[i];
        }
    }
    *best = (struct way){.address = a};
    return best;
}

bool guess_take(struct guess *g, struct str remote, int64_t now_us,
                int64_t *retry_ms)
{
    const struct guess_address a = guess_address(remote);
    int64_t wait_us = 0;
    struct way *way = NULL;

    if (g->interval_us == 0) {
        return true;
    }
    (void)pthread_mutex_lock(&g->lock);
    way = way_of(g, a);
    way->free_at_us = MAX_OF(way->free_at_us, now_us);
    wait_us = way->free_at_us + g->interval_us - (now_us + MINUTE_US);
    if (wait_us <= 0) {
        way->free_at_us += g->interval_us;
    }
    (void)pthread_mutex_unlock(&g->lock);
    if (wait_us > 0) {
        *retry_ms = (wait_us + US_PER_MS - 1) / US_PER_MS;
    }
    return wait_us <= 0;
}

void guess_give(struct guess *g, struct str remote)
{
    const struct guess_address a = guess_address(remote);

    (void)pthread_mutex_lock(&g->lock);
    way_of(g, a)->free_at_us -= g->interval_us;
    (void)pthread_mutex_unlock(&g->lock);
}
