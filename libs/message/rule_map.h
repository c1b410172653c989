/* The rules of a map's names and values. Private to libs/message. Pure. */
#ifndef PORTER_MESSAGE_RULE_MAP_H
#define PORTER_MESSAGE_RULE_MAP_H

#include "message/kind.h"
#include "message/rules.h"

/* By RULE_MAP or RULE_HEADERS, each entry's faults at its own path. How many
 * there may be was looked at before. */
void rule_map_check(const struct rule *row, const ProtobufCMessage *m,
                    const ProtobufCFieldDescriptor *f, struct arena *arena,
                    struct faults *faults);

#endif
