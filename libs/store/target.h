/* A message that is filled by its fields' names. Inside libs/store only. */
#ifndef PORTER_STORE_TARGET_H
#define PORTER_STORE_TARGET_H

#include "message/message.h"

#include <assert.h>

struct target {
    ProtobufCMessage *m;
    struct arena *arena; /* Gets what the fields point to. */
};

/* The field of this name, which has to be there. */
static inline struct message_field target_field(struct target t,
                                                const char *name)
{
    struct message_field f = message_find(t.m, str_of(name), t.arena);

    assert(f.field != NULL);
    return f;
}

#endif
