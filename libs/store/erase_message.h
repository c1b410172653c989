/* A person taken out of messages and of their JSON. Internal to libs/store;
 * pure. */
#ifndef PORTER_STORE_ERASE_MESSAGE_H
#define PORTER_STORE_ERASE_MESSAGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "base/str.h"

/* A stored event without what it tells of the subject: its bytes, and its JSON
 * as webhooks get it. Both are appended. */
MUST_USE bool erase_event(struct str payload, struct str subject,
                          struct arena *arena, struct buf *bytes,
                          struct buf *json, struct err *err);

/* An answer of the API the same. Not JSON, or nothing of the subject in it:
 * *found is false, and nothing is appended. */
MUST_USE bool erase_answer(struct str body, struct str subject,
                           struct arena *arena, struct buf *out, bool *found,
                           struct err *err);

#endif
