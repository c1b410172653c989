/* An open-addressed set; a connection's statements are never taken out. */
#include "db/statement.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SLOT_COUNT 512 /* A power of two, a third of it always free. */

struct statement {
    const struct sql *sql; /* NULL: free. */
    Oid *types;
};

struct statements {
    size_t count;
    struct statement slots[SLOT_COUNT];
};

struct statements *statements_new(void)
{
    return mem_zero(1, sizeof(struct statements));
}

void statements_free(struct statements *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        free(s->slots[i].types);
    }
    free(s);
}

/* The slot that holds sql, or the free one where it would stand. */
static size_t slot_of(const struct statements *s, const struct sql *sql)
{
    uint64_t hash = (uint64_t)(uintptr_t)sql * 0x9e3779b97f4a7c15U;
    size_t at = (size_t)(hash >> 32) % SLOT_COUNT;

    while (s->slots[at].sql != NULL && s->slots[at].sql != sql) {
        at = (at + 1) % SLOT_COUNT;
    }
    return at;
}

const Oid *statements_find(const struct statements *s, const struct sql *sql)
{
    return s->slots[slot_of(s, sql)].types;
}

void statements_add(struct statements *s, const struct sql *sql,
                    const Oid *types)
{
    struct statement *slot = &s->slots[slot_of(s, sql)];

    assert(slot->sql == NULL);
    assert(s->count < STATEMENTS_MAX);
    slot->sql = sql;
    /* One more, so that a statement without parameters is found as well. */
    slot->types = mem_zero(sql->param_count + 1, sizeof(Oid));
    if (sql->param_count > 0) {
        memcpy(slot->types, types, sql->param_count * sizeof(Oid));
    }
    s->count++;
}
