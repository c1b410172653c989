/* What people do at the front desk, for the audit log.
 *
 * A handler tells the change once it is made; transact_handle writes it down
 * in the change's own transaction. Of a call with a key nothing is noted, and
 * nothing is made for it. No name and no other word about a visitor gets in:
 * ids, states, places and counts alone, so that forgetting a person has nothing
 * to do here. */
#ifndef PORTER_GATEWAY_NOTE_H
#define PORTER_GATEWAY_NOTE_H

#include "gateway/call.h"
#include "store/evacuation.h"
#include "store/event.h"

/* Is it to be written down? */
static inline bool note_is_wanted(const struct call *call)
{
    return call->person != NULL;
}

/* How a visitor, a contractor, an evacuation (whole or its summary) stands, as
 * a JSON object; STR_NONE when nothing is noted. */
struct str note_state(struct call *call, const ProtobufCMessage *thing);

/* The change of the thing with this id is made: from `before` (STR_NONE: it is
 * new) to `after`. The action is named like its event. */
void note_change(struct call *call, enum event_type type, const char *id,
                 struct str before, struct str after);

/* To be said behind note_change: which texts came with the visitor's change,
 * not what they say. */
void note_texts(struct call *call, const Porter__V1__Visitor *input);

/* A roll-call of the evacuation with this id, which changed somebody's mark, or
 * nobody's: then nothing is noted. */
void note_marks(struct call *call, const char *id, struct str before,
                struct str after, const struct evacuation_marked *marked);

#endif
