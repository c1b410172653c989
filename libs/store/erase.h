/* A person is forgotten: what is known of a visitor or a contractor goes out of
 * every row that holds it. Rows stay, with their ids, times and counts; texts
 * become null or "[erased]".
 *
 * In batches, each a statement of its own: whoever is ended in between runs it
 * again, and nothing is done twice. */
#ifndef PORTER_STORE_ERASE_H
#define PORTER_STORE_ERASE_H

#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "crypt/crypt.h"
#include "db/db.h"

enum erase_table {
    ERASE_SUBJECTS, /* visitors, or contractors */
    ERASE_ROSTERS,
    ERASE_OUTBOX,
    ERASE_EVENTS,
    ERASE_DELIVERIES,
    ERASE_ATTEMPTS,
    ERASE_ANSWERS, /* Kept for Idempotency-Key. */
    ERASE_TABLES
};
extern const char *const erase_table_names[ERASE_TABLES];

struct erase;
typedef void erase_progress_fn(void *user, const struct erase *e);

struct erase {
    struct db *db;
    const struct seal_keys *keys;
    struct id org_id;
    enum id_kind kind; /* ID_VISITOR or ID_CONTRACTOR */
    struct id id;
    int64_t now_us;
    bool is_dry;                 /* Count only. */
    int64_t rows[ERASE_TABLES];  /* That were changed, or would be. */
    int64_t unreadable;          /* Kept answers that can't be opened. */
    erase_progress_fn *progress; /* After each batch; may be NULL. */
    void *user;
};

/* ERR_NOT_FOUND when the org has none such. */
MUST_USE bool erase_subject(struct erase *e, struct err *err);

#endif
