/* What the dashboard's operations share: bodies in, objects out. */
#ifndef PORTER_GATEWAY_DASHBOARD_BODY_H
#define PORTER_GATEWAY_DASHBOARD_BODY_H

#include "gateway/call.h"
#include "json/json.h"
#include "porter/v1/dashboard.pb-c.h"

/* Members of an object. */
void body_text(struct json_writer *w, const char *name, struct str value);
/* null for an empty one. */
void body_text_or_null(struct json_writer *w, const char *name,
                       struct str value);
void body_id(struct json_writer *w, const char *name, enum id_kind kind,
             struct id id);
/* null for DB_TIME_NULL. */
void body_time(struct json_writer *w, const char *name, int64_t at_us);
void body_bool(struct json_writer *w, const char *name, bool value);
void body_int(struct json_writer *w, const char *name, int64_t value);
void body_array(struct json_writer *w, const char *name);

/* Begin a 200 (or another) whose body is written by hand. */
struct json_writer body_begin(struct call *call, unsigned status);

/* Is this the password of who is signed in? Slowed as signing in is; another
 * one is refused. *kept is what is stored of him. */
MUST_USE bool body_check_password(struct call *call, const char *password,
                                  struct person_kept *kept, struct err *err);

/* 200 with who is signed in, and where. */
void body_write_session(struct call *call, const struct person_session *s);

/* passwords_check and passwords_hash, worded for callers. */
MUST_USE bool body_compare_password(struct call *call, struct str password,
                                    struct str stored, bool *right,
                                    struct err *err);
MUST_USE bool body_hash_password(struct call *call, struct str password,
                                 struct str *stored, struct err *err);

/* Members of a link that waits. */
void body_invitation(struct json_writer *w, const struct invitation *in);

/* 201 with a new link itself; its token is wiped. Returns true. */
bool body_answer_link(struct call *call, const struct invitation *in,
                      struct token *token);

#endif
