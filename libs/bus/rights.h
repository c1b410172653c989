/* What the user of some settings may do with topics and their groups. Nothing
 * is written, committed or made: rights.c says how that can be. */
#ifndef PORTER_BUS_RIGHTS_H
#define PORTER_BUS_RIGHTS_H

#include "bus/record.h"

#include "base/err.h"
#include "base/macros.h"

#define RIGHTS_TOPICS_MAX 64
#define RIGHTS_WHY_MAX 160
#define RIGHTS_USER_MAX 256

enum right {
    RIGHT_NOT_ASKED,
    RIGHT_UNKNOWN, /* Asked, and no answer told; `why` says more. */
    RIGHT_HELD,
    RIGHT_LACKED
};

/* Those that are to be asked for are RIGHT_UNKNOWN, and become something else
 * when it is known. */
struct topic_rights {
    const char *topic;
    const char *group; /* Of `group_read`; its topic is this one. */
    enum right write;
    enum right read;
    enum right group_read; /* With which a group reads and commits. */
    bool is_missing;       /* Kafka has no such topic, or so it says. */
    char why[RIGHTS_WHY_MAX];
};

/* Waits wait_ms at most, for all of them. ERR_UNAVAILABLE: nobody could be
 * asked. */
MUST_USE bool rights_ask(const struct bus_options *bus,
                         struct topic_rights *list, size_t count,
                         unsigned wait_ms, struct err *err);

/* How brokers know whoever comes with these settings. */
enum rights_user {
    RIGHTS_USER_NAMED,       /* By the name in `out`. */
    RIGHTS_USER_CERTIFICATE, /* By the subject of the file in `out`. */
    RIGHTS_USER_OTHER        /* By a token, or Kerberos: only they know. */
};

MUST_USE bool rights_user(const struct bus_options *bus, enum rights_user *kind,
                          char out[RIGHTS_USER_MAX], struct err *err);

#endif
