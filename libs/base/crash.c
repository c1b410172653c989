/* Points of dying: only tests name one, and only debug builds have any. */
#include "base/crash.h"

#ifdef PORTER_CRASH_POINTS

#include "base/str.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct str wanted; /* STR_NONE: none. */
static _Atomic uint64_t left;

static void look(void)
{
    struct str text = str_of(getenv("CRASH_AT"));
    struct str name = STR_NONE;
    uint64_t count = 0;

    if (str_split(&text, ':', &name) && str_to_u64(text, UINT64_MAX, &count)) {
        wanted = name;
        atomic_store(&left, count);
    }
}

void crash_point(const char *name)
{
    pthread_once(&once, look);
    if (wanted.data != NULL && str_eq(str_of(name), wanted) &&
        atomic_fetch_sub(&left, 1) == 1) {
        (void)raise(SIGKILL);
    }
}

#else

/* A file of C is not empty. */
typedef int crash_has_no_points;

#endif
