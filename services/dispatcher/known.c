/* Stands between intake and ledger, and only when a partition has come to us
 * with records in it. */
#include "dispatcher/known.h"

#include <assert.h>
#include <stdlib.h>

struct known {
    struct db *db;
    struct delivery_key keys[KNOWN_ASK_MAX];
    bool is_known[KNOWN_ASK_MAX];
    size_t count;
};

struct known *known_new(struct db *db)
{
    struct known *k = mem_zero(1, sizeof *k);

    k->db = db;
    return k;
}

void known_free(struct known *k)
{
    free(k);
}

void known_clear(struct known *k)
{
    k->count = 0;
}

bool known_has_room(const struct known *k, size_t count)
{
    return k->count + count <= KNOWN_ASK_MAX;
}

void known_add(struct known *k, struct known_part *part, struct id org_id,
               struct id delivery_id, int64_t event_at_us)
{
    assert(k->count < KNOWN_ASK_MAX);
    if (part->count == 0) {
        part->first = k->count;
    }
    k->keys[k->count++] =
        (struct delivery_key){org_id, delivery_id, event_at_us};
    part->count++;
}

bool known_ask(struct known *k, struct err *err)
{
    return k->count == 0 ||
           delivery_known(k->db, k->keys, k->count, k->is_known, err);
}

bool known_is(const struct known *k, struct known_part part,
              struct id delivery_id)
{
    for (size_t i = part.first; i < part.first + part.count; i++) {
        if (id_eq(k->keys[i].id, delivery_id)) {
            return k->is_known[i];
        }
    }
    return false;
}

bool known_any(const struct known *k, struct known_part part)
{
    for (size_t i = part.first; i < part.first + part.count; i++) {
        if (k->is_known[i]) {
            return true;
        }
    }
    return false;
}
