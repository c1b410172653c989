/* The signals a program waits for: SIGTERM and SIGINT end it, SIGHUP lets it
 * read its certificate again. */
#ifndef PORTER_BASE_SIGNALS_H
#define PORTER_BASE_SIGNALS_H

#include <signal.h>

/* Block the three and return them, for sigwait; SIGPIPE is ignored from here
 * on. Threads inherit the mask, so call it before any is started: then only
 * who waits sees them. */
sigset_t signals_block(void);

#endif
