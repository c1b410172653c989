/* The partitions a consumer owns, and how far each is done. Inside libs/bus
 * only. Pure; not thread-safe. */
#ifndef PORTER_BUS_OWNED_H
#define PORTER_BUS_OWNED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OWNED_UNKNOWN (-1)

struct owned_part {
    int32_t topic; /* Index in the consumer's topic list. */
    int32_t partition;
    int64_t next;      /* First offset that is not done, or OWNED_UNKNOWN. */
    int64_t committed; /* What was last handed to a commit. */
    int64_t group;     /* Where the group was when it came, or unknown. */
    int64_t end;       /* Of its log, when somebody asked; 0: nobody did. */
    int64_t inherited; /* What stands before it was there when we came. */
    unsigned untaken;  /* Inherited records in a row that were not taken. */
};

struct owned {
    struct owned_part *list;
    size_t count;
    size_t cap;
};

void owned_add(struct owned *o, int32_t topic, int32_t partition);
void owned_remove(struct owned *o, int32_t topic, int32_t partition);
void owned_free(struct owned *o);

/* NULL when it is not owned. Valid until the next add or remove. */
struct owned_part *owned_find(const struct owned *o, int32_t topic,
                              int32_t partition);

/* The first record read of a partition, and the log's end at that time: from
 * here on it is known. */
void owned_read(struct owned_part *part, int64_t offset, int64_t end);

/* Everything up to and with the offset is done; never moves back. */
void owned_done(struct owned *o, int32_t topic, int32_t partition,
                int64_t offset);

/* An inherited record was taken by an earlier owner, or was not. Owners take
 * records in order: after OWNED_UNTAKEN_MAX in a row that were not, the rest
 * of the partition is no heritage any more. */
#define OWNED_UNTAKEN_MAX 200
void owned_taken(struct owned *o, int32_t topic, int32_t partition,
                 bool was_taken);

/* Is there something a commit would write? */
bool owned_is_dirty(const struct owned_part *part);

#endif
