/* People of the dashboard: their roles, rows, and how they come in.
 *
 * A person is a row of `users`: e-mails are unique among all organizations, so
 * that one signs in without naming his. Who is removed stays as a row, for the
 * names in the audit log, and can be invited again. */
#ifndef PORTER_STORE_PERSON_H
#define PORTER_STORE_PERSON_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/macros.h"
#include "crypt/crypt.h"
#include "db/db.h"
#include "store/cause.h"

/* Each may what those before may. */
enum role { ROLE_VIEWER, ROLE_FRONT_DESK, ROLE_ADMIN, ROLE_OWNER, ROLE_COUNT };
extern const char *const role_words[ROLE_COUNT + 1];

/* False: it is no role. */
MUST_USE bool role_read(struct str word, enum role *out);

#define PASSWORD_MIN 12 /* Code points. */
#define PASSWORD_MAX 256
#define EMAIL_MAX 254
#define PERSON_NAME_MAX 200

/* local@domain, at most EMAIL_MAX bytes, no blanks. */
bool person_is_email(struct str s);

/* A secret of 256 bits that is handed out once, as 43 characters of base64url;
 * its SHA-256 is what is stored. */
#define TOKEN_LEN 43
struct token {
    char text[TOKEN_LEN + 1];
    struct sha256 hash;
};
struct token token_make(void);
/* False: it has not the form of one. */
MUST_USE bool token_hash(struct str text, struct sha256 *out);

/* The account that an e-mail means, whether there is one or not: as
 * person_by_email compares, so equal for all spellings that find the same. */
MUST_USE bool person_account(struct db *db, struct str email,
                             struct arena *arena, struct str *out,
                             struct err *err);

/* What signing in needs to know. */
struct person_secrets {
    struct id org_id;
    struct id id;
    enum role role;
    struct str name;
    struct str password; /* As stored; STR_NONE: none yet */
    struct str totp;     /* Sealed; STR_NONE: none */
    bool is_disabled;
};
MUST_USE bool person_by_email(struct db *db, struct str email,
                              struct arena *arena, bool *found,
                              struct person_secrets *out, struct err *err);

/* The stored password of a person, and his sealed secrets (STR_NONE: none). */
struct person_kept {
    struct str password;
    struct str totp;
    struct str totp_pending;
};
MUST_USE bool person_kept(struct db *db, struct id org_id, struct id id,
                          struct arena *arena, struct person_kept *out,
                          struct err *err);

/* --- links --------------------------------------------------------------- */

#define INVITATION_MS (7LL * 86400 * 1000)
#define RESET_MS (24LL * 3600 * 1000)
/* Behind the public URL, and before the token. */
#define INVITATION_PATH "/dashboard/#/invitation?token="
#define INVITATIONS_MAX 200 /* That wait, in an organization. */

struct invitation {
    struct id org_id;
    struct id id;
    struct id user_id; /* Zero: somebody new; else to set a new password. */
    struct str email;
    enum role role;
    struct str name;         /* May be empty. */
    struct str organization; /* Only of a link that was found. */
    struct str created_by;
    int64_t created_at_us;
    int64_t expires_at_us;
};

/* Make a link; id and times are set. ERR_INVALID names a bad e-mail,
 * ERR_CONFLICT: there is such a person here already (but not told of others),
 * ERR_LIMITED: too many wait. */
MUST_USE bool invitation_make(struct db *db, struct invitation *in,
                              const struct author *by, int64_t now_us,
                              struct token *token, struct err *err);

/* A link to set a new password: in->user_id, email and role are found by
 * in->org_id and in->email. ERR_NOT_FOUND. */
MUST_USE bool invitation_make_reset(struct db *db, struct invitation *in,
                                    const struct author *by, int64_t now_us,
                                    struct token *token, struct err *err);

MUST_USE bool invitation_find(struct db *db, struct sha256 token,
                              int64_t now_us, struct arena *arena, bool *found,
                              struct invitation *out, struct err *err);

/* Use a link up: the person is made (or comes back, or has the new password,
 * and no session any more). password is as stored. ERR_NOT_FOUND: it is used
 * or over; ERR_CONFLICT: the e-mail is somebody's. */
MUST_USE bool invitation_accept(struct db *db, struct sha256 token,
                                struct str name, struct str password,
                                const struct author *by, int64_t now_us,
                                struct err *err);

MUST_USE bool invitation_list(struct db *db, struct id org_id, int64_t now_us,
                              struct arena *arena, struct invitation **list,
                              size_t *count, struct err *err);
MUST_USE bool invitation_delete(struct db *db, struct id org_id, struct id id,
                                const struct author *by, int64_t now_us,
                                struct err *err);

/* --- people -------------------------------------------------------------- */

struct person {
    struct id id;
    struct str email;
    struct str name;
    enum role role;
    bool has_totp;
    int64_t created_at_us;
    int64_t last_seen_at_us; /* DB_TIME_NULL: never */
    int64_t disabled_at_us;  /* DB_TIME_NULL: he is not */
};
/* ERR_NOT_FOUND. */
MUST_USE bool person_find(struct db *db, struct id org_id, struct id id,
                          struct arena *arena, struct person *out,
                          struct err *err);

/* Who changes whom; may_owner: also an owner. */
struct person_change {
    struct id org_id;
    struct id id;
    struct str name;       /* STR_NONE: stays */
    const enum role *role; /* NULL: stays */
    bool may_owner;
    const struct author *by;
    int64_t now_us;
};

/* ERR_NOT_FOUND; ERR_CONFLICT: he is the last owner. A removal ends all of his
 * sessions. */
MUST_USE bool person_update(struct db *db, const struct person_change *change,
                            struct err *err);
MUST_USE bool person_remove(struct db *db, const struct person_change *change,
                            struct err *err);

/* A new password (as stored) in the place of `was`; all of his sessions but
 * `keep` end. ERR_CONFLICT: it is another one by now. */
struct password_change {
    struct id org_id;
    struct id id;
    struct id keep;
    struct str was;
    struct str stored;
    const struct author *by;
    int64_t now_us;
};
MUST_USE bool person_set_password(struct db *db,
                                  const struct password_change *change,
                                  struct err *err);

/* An authenticator (sealed) is offered, taken with a first code of `step`, or
 * taken off. Taken or dropped false: there was none. */
MUST_USE bool person_totp_offer(struct db *db, struct id org_id, struct id id,
                                struct str sealed, struct err *err);
MUST_USE bool person_totp_take(struct db *db, struct id org_id, struct id id,
                               struct str sealed, int64_t step, bool *taken,
                               struct err *err);
MUST_USE bool person_totp_drop(struct db *db, struct id org_id, struct id id,
                               bool *dropped, struct err *err);

/* Who came first first: at most `max` behind this one (zero: from the first);
 * also those who were removed. */
MUST_USE bool person_list(struct db *db, struct id org_id, struct id after,
                          size_t max, struct arena *arena, struct person **list,
                          size_t *count, struct err *err);

#endif
