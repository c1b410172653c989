/* Dead letters: records that nobody can read, kept as they came. */
#ifndef PORTER_DISPATCHER_LETTER_H
#define PORTER_DISPATCHER_LETTER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/macros.h"
#include "bus/record.h"

struct letter {
    struct record record; /* The original, copied. */
    struct str reason;
};

/* Memory is the arena's. */
struct letter letter_make(const struct record *r, struct str reason,
                          struct arena *arena);

/* The record for porter.dead-letters.v1: original key, bytes and (while they
 * fit) headers, after headers topic, partition, offset and reason. */
struct record letter_record(const struct letter *l, struct arena *arena);

struct letters;

MUST_USE bool letters_open(const struct bus_options *bus, struct letters **out,
                           struct err *err);
void letters_close(struct letters *l); /* NULL ok. */

/* Send and wait for the broker's answer. ERR_UNAVAILABLE: try again. */
MUST_USE bool letters_send(struct letters *l, const struct letter *letter,
                           struct err *err);

#endif
