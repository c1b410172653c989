/* What holds a pod's network while its containers come and go: waits, and
 * ends when it is told to. Linked statically, it is a whole image. */
#include <signal.h>
#include <unistd.h>

static void end(int number)
{
    (void)number;
    _exit(0);
}

int main(void)
{
    signal(SIGTERM, end);
    signal(SIGINT, end);
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        pause();
    }
}
