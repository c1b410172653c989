/* Places where a test may have a process die, as if killed there.
 *
 * In debug builds CRASH_AT=NAME:N in the environment makes the Nth arrival at
 * the point of that name raise SIGKILL; in all others a point is nothing. The
 * names are those in the code, tests/integration/test_crashes.py has them all;
 * test_replays.py those of replays.
 */
#ifndef PORTER_BASE_CRASH_H
#define PORTER_BASE_CRASH_H

#ifdef PORTER_CRASH_POINTS
void crash_point(const char *name); /* Thread-safe. */
#else
static inline void crash_point(const char *name)
{
    (void)name;
}
#endif

#endif
