/* porterctl wait: a container whose image has no shell is kept there by this,
 * for `kubectl exec` to run commands in.
 *
 * What runs as a container's first process gets only the signals that it asks
 * for. */
#include "porterctl/ctl.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>

#define SECONDS_MAX (30 * UINT64_C(86400))

bool wait_command(struct ctl *ctl, struct err *err)
{
    struct timespec left = {0};
    uint64_t seconds = 0;
    sigset_t ends;

    if (!ctl_number(ctl, "seconds", 1, SECONDS_MAX, 0, &seconds, err)) {
        return false;
    }
    left.tv_sec = (time_t)seconds;
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGINT);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &ends, NULL);
    while (sigtimedwait(&ends, NULL, &left) < 0 && errno == EINTR) {
    }
    return true;
}
