/* C11 threads as POSIX threads, for programs under ThreadSanitizer.
 *
 * librdkafka starts its threads by thrd_create, which gcc 12's ThreadSanitizer
 * does not know: such a thread crashes in the first function it intercepts.
 * Preloaded (LD_PRELOAD=…/libporter_tsan_threads.so) or linked, they make the
 * same threads by pthread_create, which it knows. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

struct start {
    thrd_start_t run;
    void *user;
};

static void *run(void *user)
{
    struct start start = *(struct start *)user;

    free(user);
    return (void *)(intptr_t)start.run(start.user);
}

int thrd_create(thrd_t *out, thrd_start_t function, void *user)
{
    struct start *start = malloc(sizeof *start);

    if (start == NULL) {
        return thrd_nomem;
    }
    *start = (struct start){function, user};
    if (pthread_create(out, NULL, run, start) != 0) {
        free(start);
        return thrd_error;
    }
    return thrd_success;
}

int thrd_join(thrd_t thread, int *result)
{
    void *value = NULL;

    if (pthread_join(thread, &value) != 0) {
        return thrd_error;
    }
    if (result != NULL) {
        *result = (int)(intptr_t)value;
    }
    return thrd_success;
}
