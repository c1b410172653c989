/* What the command line says. */
#ifndef PORTER_RECEIVER_OPTIONS_H
#define PORTER_RECEIVER_OPTIONS_H

#include "base/err.h"
#include "base/macros.h"

#include <stdbool.h>

#define SECRETS_MAX 8

struct options {
    const char *address;
    unsigned port;
    unsigned threads;
    const char *tls_cert;
    const char *tls_key;
    char *secrets[SECRETS_MAX]; /* Owned; any of them may have signed. */
    unsigned secret_count;
    unsigned delay_ms;
    unsigned status;
    unsigned fail_first;
    const char *log;
    bool quiet;
    bool help;
};

MUST_USE bool options_read(int argc, char **argv, struct options *out,
                           struct err *err);
void options_done(struct options *o);

/* The text of --help. */
const char *options_help(void);

#endif
