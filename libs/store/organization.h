/* Organizations and their people. */
#ifndef PORTER_STORE_ORGANIZATION_H
#define PORTER_STORE_ORGANIZATION_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "db/db.h"
#include "store/cause.h"

/* ERR_CONFLICT when the slug is taken, ERR_INVALID when it is not 1..63 of
 * [a-z0-9-] (it is a host name's label). */
MUST_USE bool organization_insert(struct db *db, struct str name,
                                  struct str slug, int64_t now_us,
                                  struct id *id, struct err *err);

/* By org_… id or slug; ERR_NOT_FOUND. */
MUST_USE bool organization_find(struct db *db, struct str id_or_slug,
                                struct id *id, struct err *err);

/* The only organization there is; *found false when there is none or several.
 * For operators' tools. */
MUST_USE bool organization_only(struct db *db, bool *found, struct id *id,
                                struct err *err);

/* The one behind this id (all zero: the first), for going through all; *found
 * false when there is none. */
MUST_USE bool organization_next(struct db *db, struct id after, bool *found,
                                struct id *id, struct err *err);

/* The origins whose pages may call the API for this organization:
 * `https://host[:port]`, also `http://` of this machine. All at once; none
 * takes the right away. ERR_INVALID names a bad one. */
#define CORS_ORIGINS_MAX 20
MUST_USE bool cors_set(struct db *db, struct id org_id,
                       const struct str *origins, size_t count,
                       struct str actor, int64_t now_us, struct err *err);

/* Those of all organizations; the arena's. */
struct cors_origin {
    struct str origin;
    struct id org_id;
};
MUST_USE bool cors_list(struct db *db, struct arena *arena,
                        struct cors_origin **list, size_t *count,
                        struct err *err);

/* role: owner, admin, front_desk, viewer. ERR_CONFLICT: e-mail is taken. The
 * password (STR_NONE: none yet) is stored as scrypt. */
MUST_USE bool user_insert(struct db *db, struct id org_id, struct str email,
                          struct str name, struct str role, struct str password,
                          int64_t now_us, struct id *id, struct err *err);

/* By e-mail, in any case; ERR_NOT_FOUND. */
MUST_USE bool user_find(struct db *db, struct id org_id, struct str email,
                        struct id *id, struct err *err);

/* Remove lines of all organizations that are older, at most AUDIT_CLEAN_MAX;
 * *removed is how many went. */
#define AUDIT_CLEAN_MAX 1000
MUST_USE bool audit_clean(struct db *db, int64_t before_us, int64_t *removed,
                          struct err *err);

/* Write one line of the audit log. */
MUST_USE bool audit_write(struct db *db, struct id org_id, struct str actor,
                          struct str action, struct str subject,
                          struct str detail_json, struct str request_id,
                          int64_t now_us, struct err *err);

/* The same of what has no before and after, by a person. */
MUST_USE bool audit_note(struct db *db, struct id org_id, struct str action,
                         struct str subject, const struct author *by,
                         int64_t now_us, struct err *err);

#endif
