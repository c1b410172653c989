/* Levenshtein's distance, case aside. */
#include "base/near.h"

#include "base/macros.h"

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Letters to add, drop or change to get from a to b; both of at most
 * NEAR_NAME_MAX bytes. */
static size_t edits_between(struct str a, struct str b)
{
    size_t row[NEAR_NAME_MAX + 1];

    for (size_t k = 0; k <= b.len; k++) {
        row[k] = k;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t corner = row[0];

        row[0] = i;
        for (size_t k = 1; k <= b.len; k++) {
            size_t change =
                corner + (fold(a.data[i - 1]) != fold(b.data[k - 1]));

            corner = row[k];
            row[k] = MIN_OF(change, MIN_OF(row[k], row[k - 1]) + 1);
        }
    }
    return row[b.len];
}

struct near near_to(struct str name)
{
    return (struct near){.name = name, .edits = NEAR_EDITS_MAX + 1};
}

/* What shares no letter with it is not near, however short. */
void near_try(struct near *near, struct str known)
{
    size_t edits = 0;

    if (near->name.len > NEAR_NAME_MAX || known.len > NEAR_NAME_MAX) {
        return;
    }
    edits = edits_between(near->name, known);
    if (edits < near->edits && edits < MIN_OF(near->name.len, known.len)) {
        near->edits = edits;
        near->best = known;
    }
}

void near_list(struct buf *list, struct str name)
{
    if (list->len + name.len + 2 > NEAR_LIST_MAX) {
        if (list->len > 0 && list->data[list->len - 1] != '.') {
            BUF_ADD(list, ", ...");
        }
        return;
    }
    if (list->len > 0) {
        BUF_ADD(list, ", ");
    }
    buf_add(list, name);
}
