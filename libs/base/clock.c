/* Time, from the kernel. */
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const _Atomic int64_t none;
static const _Atomic int64_t *shift_us = &none;

static int64_t read_us(clockid_t clock)
{
    struct timespec t = {0};

    (void)clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
    return read_us(CLOCK_REALTIME) +
           atomic_load_explicit(shift_us, memory_order_relaxed);
}

int64_t clock_steady_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

/* The mapping stays to the end of the process. */
static bool map(int file, const char *path, struct err *err)
{
    struct stat s;

    if (fstat(file, &s) != 0 || s.st_size != (off_t)sizeof *shift_us) {
        return err_set(err, ERR_INVALID, "%s has not %zu bytes", path,
                       sizeof *shift_us);
    }
    void *at = mmap(NULL, sizeof *shift_us, PROT_READ, MAP_SHARED, file, 0);
    if (at == MAP_FAILED) {
        return err_set(err, ERR_INVALID, "can't map %s: %s", path,
                       strerror(errno));
    }
    shift_us = at;
    return true;
}

bool clock_follow(const char *path, struct err *err)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0) {
        return err_set(err, ERR_INVALID, "can't open %s: %s", path,
                       strerror(errno));
    }
    bool ok = map(file, path, err);
    (void)close(file);
    return ok;
}
