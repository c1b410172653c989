/* Outbox row -> Kafka record (CloudEvents 1.0, Kafka binding, binary mode).
 * Pure. */
#ifndef PORTER_RELAY_RELAY_RECORD_H
#define PORTER_RELAY_RELAY_RECORD_H

#include "base/arena.h"
#include "bus/record.h"
#include "store/outbox.h"

/* Of a record that Kafka refuses, this much goes to the dead letters. */
#define RELAY_DEAD_LETTER_BYTES 4096

/* Borrows the row's texts and the arena. */
void relay_record(const struct outbox_row *row, struct arena *arena,
                  struct record *out);

/* The same record for porter.dead-letters.v1: the head of its payload, and
 * before its headers those of bus/dead_letter.h. */
void relay_dead_letter(const struct record *refused, struct str reason,
                       struct arena *arena, struct record *out);

#endif
