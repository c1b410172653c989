/* Who causes a change: for events and logs. */
#ifndef PORTER_STORE_CAUSE_H
#define PORTER_STORE_CAUSE_H

#include "base/id.h"
#include "base/str.h"

struct cause {
    struct id org_id;
    struct str request_id;
    struct str traceparent; /* STR_NONE: none */
};

#endif
