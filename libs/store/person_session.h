/* Sessions of the dashboard. Each request asks PostgreSQL: so an end, a new
 * role or a removal counts at once in every gateway. */
#ifndef PORTER_STORE_PERSON_SESSION_H
#define PORTER_STORE_PERSON_SESSION_H

#include "store/person.h"

#define SESSION_LIFE_MS (7LL * 86400 * 1000) /* Whatever happens. */
#define SESSION_IDLE_MS (12LL * 3600 * 1000) /* Without a request. */
#define SESSION_SEEN_MS 60000                /* How often that is noted. */
#define SESSION_CONFIRMED_MS 300000
#define SESSIONS_MAX 20 /* Of one person; the oldest end. */
#define USER_AGENT_MAX 300

struct person_session {
    struct id org_id;
    struct id id;
    struct id user_id;
    enum role role;
    bool has_totp;
    struct str email; /* The arena's, as the other texts. */
    struct str name;
    struct str organization;
    int64_t last_seen_at_us;
    int64_t confirmed_until_us; /* DB_TIME_NULL: not */
};

/* The live one with this token. */
MUST_USE bool person_session_find(struct db *db, struct sha256 token,
                                  int64_t now_us, struct arena *arena,
                                  bool *found, struct person_session *out,
                                  struct err *err);

struct person_session_input {
    const struct person_secrets *who; /* As it was checked. */
    int64_t totp_step;                /* Of the code; 0: none */
    struct sha256 before; /* The session that the browser had; it ends. */
    struct str user_agent;
    const struct author *by;
    int64_t now_us;
};

/* *begun false: the password is not that any more, or the code was used. */
MUST_USE bool person_session_begin(struct db *db,
                                   const struct person_session_input *in,
                                   struct token *token, bool *begun,
                                   struct err *err);

/* It was used: noted when that is due. */
MUST_USE bool person_session_seen(struct db *db, const struct person_session *s,
                                  int64_t now_us, struct err *err);
MUST_USE bool person_session_confirm(struct db *db,
                                     const struct person_session *s,
                                     int64_t until_us, struct err *err);

/* One of the person's own; ERR_NOT_FOUND. */
MUST_USE bool person_session_end(struct db *db, struct id org_id,
                                 struct id user_id, struct id id,
                                 const struct author *by, int64_t now_us,
                                 struct err *err);

struct person_session_row {
    struct id id;
    int64_t created_at_us;
    int64_t last_seen_at_us;
    struct str address;
    struct str user_agent; /* May be empty. */
};
MUST_USE bool person_session_list(struct db *db, const struct person_session *s,
                                  int64_t now_us, struct arena *arena,
                                  struct person_session_row **list,
                                  size_t *count, struct err *err);

/* Remove what is over, at most SESSION_CLEAN_MAX. */
#define SESSION_CLEAN_MAX 1000
MUST_USE bool person_session_clean(struct db *db, int64_t now_us,
                                   int64_t *removed, struct err *err);

#endif
