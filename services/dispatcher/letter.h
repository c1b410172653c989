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

/* What of the original a letter carries. Kafka may take a record of one topic
 * and refuse it, with the headers that we add, in another. */
enum letter_form { LETTER_WHOLE, LETTER_WITHOUT_VALUE, LETTER_BARE };

/* The record for porter.dead-letters.v1: original key, bytes and (while they
 * fit) headers, after those of bus/dead_letter.h; in another form than the
 * whole one DEAD_LEFT_OUT says what is missing (a bare one has our headers
 * alone). */
struct record letter_record(const struct letter *l, enum letter_form form,
                            struct arena *arena);

struct letters;

MUST_USE bool letters_open(const struct bus_options *bus, struct letters **out,
                           struct err *err);
void letters_close(struct letters *l); /* NULL ok. */

/* Send in the fullest form that Kafka takes, and wait for the broker's answer.
 * ERR_UNAVAILABLE: try again. */
MUST_USE bool letters_send(struct letters *l, const struct letter *letter,
                           struct err *err);

#endif
