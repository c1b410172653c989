/* Stands between intake and ledger, and only when a partition has come to us
 * with records in it, or a record comes again. */
#include "dispatcher/known.h"

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

/* Where the delivery stands within a part; the part's end: nowhere. */
static size_t find(const struct known *k, struct known_part part, struct id id)
{
    size_t i = part.first;
    size_t end = part.first + part.count;

    while (i < end && !id_eq(k->keys[i].id, id)) {
        i++;
    }
    return i;
}

static bool is_asked(const struct known *k, struct id delivery_id)
{
    struct known_part all = {0, k->count};

    return find(k, all, delivery_id) < k->count;
}

bool known_add(struct known *k, const struct decoded *e,
               const struct webhook_target **wanted, size_t count,
               struct known_part *part)
{
    *part = (struct known_part){k->count, 0};
    if (k->count + count > KNOWN_ASK_MAX ||
        (count > 0 && is_asked(k, id_pair(e->id, wanted[0]->id)))) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        k->keys[k->count++] = (struct delivery_key){
            e->org_id, id_pair(e->id, wanted[i]->id), e->created_at_us};
    }
    part->count = count;
    return true;
}

bool known_ask(struct known *k, struct err *err)
{
    return k->count == 0 ||
           delivery_known(k->db, k->keys, k->count, k->is_known, err);
}

static bool is_known(const struct known *k, struct known_part part,
                     struct id delivery_id)
{
    size_t at = find(k, part, delivery_id);

    return at < part.first + part.count && k->is_known[at];
}

size_t known_drop(const struct known *k, struct known_part part,
                  struct id event_id, const struct webhook_target **wanted,
                  size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (!is_known(k, part, id_pair(event_id, wanted[i]->id))) {
            wanted[kept++] = wanted[i];
        }
    }
    return kept;
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
