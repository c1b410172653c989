/* API keys: their form, and their rows.
 *
 * A key is `porter_sk_` + 43 base62 characters + 6 base62 characters of the
 * CRC-32 over everything before: 59 characters. Only its SHA-256 is stored. */
#ifndef PORTER_STORE_KEY_H
#define PORTER_STORE_KEY_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "crypt/crypt.h"
#include "db/db.h"
#include "store/cause.h"

#define KEY_PREFIX "porter_sk_"
#define KEY_LEN 59

/* Scopes: a bit each, and their words ("visitors:read") in key_scope_words. */
enum key_scope {
    SCOPE_VISITORS_READ = 1 << 0,
    SCOPE_VISITORS_WRITE = 1 << 1,
    SCOPE_LOCATIONS_READ = 1 << 2,
    SCOPE_CONTRACTORS_READ = 1 << 3,
    SCOPE_CONTRACTORS_WRITE = 1 << 4,
    SCOPE_EVACUATIONS_READ = 1 << 5,
    SCOPE_EVACUATIONS_WRITE = 1 << 6,
    SCOPE_EVENTS_READ = 1 << 7,
    SCOPE_WEBHOOKS_READ = 1 << 8,
    SCOPE_WEBHOOKS_WRITE = 1 << 9,
    SCOPE_ALL = (1 << 10) - 1,
};
#define KEY_SCOPE_COUNT 10
extern const char *const key_scope_words[KEY_SCOPE_COUNT + 1];

struct key_text {
    char data[KEY_LEN + 1];
};

/* A new random key. */
struct key_text key_make(void);

/* Has it our form and a right checksum? No I/O. `hint` (may be NULL) gets a
 * sentence on what is wrong: the form is no secret. */
bool key_is_well_formed(struct str text, char hint[160]);

struct sha256 key_hash(struct str text);

/* What a request needs to know of its key. */
struct principal {
    struct id org_id;
    struct id key_id;
    unsigned scopes;
    unsigned rate_limit;   /* requests per window */
    int64_t expires_at_us; /* 0: never */
};

struct key_row {
    struct id org_id;
    struct id id;
    struct str name;
    struct str hint;
    unsigned scopes;
    unsigned rate_limit;
    struct str created_by; /* As in the audit log; empty: not known */
    struct str maker;      /* Its name; empty: it is no person's */
    struct id rotated_to;  /* Zero: not rotated */
    int64_t created_at_us;
    int64_t expires_at_us;   /* DB_TIME_NULL: never */
    int64_t last_used_at_us; /* DB_TIME_NULL: never */
    int64_t revoked_at_us;   /* DB_TIME_NULL: not */
};

/* The live (not revoked, not expired) key with this hash. *found tells. */
MUST_USE bool key_find(struct db *db, struct sha256 hash, int64_t now_us,
                       bool *found, struct principal *out, struct err *err);

struct key_input {
    struct id org_id;
    struct str name;
    unsigned scopes;
    unsigned rate_limit;
    int64_t expires_at_us; /* 0: never */
    struct id created_by;  /* A user; zero: none */
    struct author by;      /* For the audit log; shown as who made it. */
};
MUST_USE bool key_insert(struct db *db, const struct key_input *in,
                         struct key_text *text, struct id *id, struct err *err);

/* A new key in the place of a live one, with its name, scopes, limit and
 * expiry; the old one lives on until ends_at_us (or its own earlier end). No
 * sooner than KEY_OVERLAP_MIN_MS from now: until then a gateway's cache may not
 * know of the end. ERR_NOT_FOUND: no such live key; ERR_CONFLICT: it was
 * rotated before. */
#define KEY_OVERLAP_MIN_MS 300000
struct key_rotation {
    struct key_text text;
    struct id id;
    struct str name; /* The arena's. */
    unsigned scopes;
    unsigned rate_limit;
    int64_t expires_at_us; /* Of the new key; DB_TIME_NULL: never */
    int64_t old_ends_at_us;
};
MUST_USE bool key_rotate(struct db *db, struct id org_id, struct id key_id,
                         int64_t now_us, int64_t ends_at_us,
                         const struct author *by, struct arena *arena,
                         struct key_rotation *out, struct err *err);

/* When keys were last used, and how often since it was last written: for many
 * at once. */
struct key_use {
    struct id org_id;
    struct id key_id;
    int64_t at_us;
    int64_t calls;
    int64_t limited; /* Refused for the key's limit. */
};
#define KEY_TOUCH_MAX 1000
MUST_USE bool key_touch(struct db *db, const struct key_use *uses, size_t count,
                        struct err *err);

/* Add the counts to those of the hour of at_us. */
MUST_USE bool key_hours_add(struct db *db, const struct key_use *uses,
                            size_t count, struct err *err);

/* The hours of one key, or of all (zero), since a time. */
struct key_hour {
    struct id key_id;
    int64_t hour_us;
    int64_t calls;
    int64_t limited;
};
MUST_USE bool key_hours_of(struct db *db, struct id org_id, struct id key_id,
                           int64_t since_us, struct arena *arena,
                           struct key_hour **list, size_t *count,
                           struct err *err);

/* Remove what is older, at most KEY_HOURS_CLEAN_MAX; *removed counts. */
#define KEY_HOURS_CLEAN_MAX 10000
MUST_USE bool key_hours_clean(struct db *db, int64_t before_us,
                              int64_t *removed, struct err *err);

/* The name of a key; empty when there is none. */
MUST_USE bool key_name(struct db *db, struct id org_id, struct id key_id,
                       struct arena *arena, struct str *name, struct err *err);

/* Newest first: at most `max` behind this one (zero: from the newest). */
MUST_USE bool key_list(struct db *db, struct id org_id, struct id before,
                       size_t max, struct arena *arena, struct key_row **list,
                       size_t *count, struct err *err);

/* One, also when it ended; ERR_NOT_FOUND. */
MUST_USE bool key_show(struct db *db, struct id org_id, struct id key_id,
                       struct arena *arena, struct key_row *out,
                       struct err *err);

/* Mark it revoked and write the audit log; *hash is what caches must forget
 * (services/gateway/keyring.h and porterctl do that). Revoking twice is no
 * error; ERR_NOT_FOUND when the org has no such key. */
MUST_USE bool key_revoke(struct db *db, struct id org_id, struct id key_id,
                         struct str reason, const struct author *by,
                         int64_t now_us, struct sha256 *hash, struct err *err);

/* The epoch of key caches: read it, or make everything cached worthless. */
MUST_USE bool key_epoch(struct db *db, int64_t *epoch, struct err *err);
MUST_USE bool key_epoch_bump(struct db *db, struct err *err);

#endif
