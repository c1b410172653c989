/* Who causes a change: for events and logs. */
#ifndef PORTER_STORE_CAUSE_H
#define PORTER_STORE_CAUSE_H

#include "base/id.h"
#include "base/str.h"

#include <stdbool.h>

#define REQUEST_ID_MAX 128

struct cause {
    struct id org_id;
    struct str request_id;  /* STR_NONE: no request */
    struct str traceparent; /* STR_NONE: none */
    struct id event_id;     /* Of the one event; zero: a new one */
};

/* Who changes something: for the audit log. */
struct author {
    struct str actor;      /* key_…, usr_…, or a program's name */
    struct str request_id; /* STR_NONE: none */
    struct str address;    /* Where it was asked from; STR_NONE: not known */
};

/* 1 to REQUEST_ID_MAX printable ASCII characters: fit for headers and logs,
 * wherever it came from. */
bool cause_is_request_id(struct str s);

#endif
