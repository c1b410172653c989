/* What a handler receives, and the few things it does with it.
 *
 * A call lives as long as its request; all memory is the request's arena, so
 * handlers free nothing. It belongs to the thread that serves the request. */
#ifndef PORTER_GATEWAY_CALL_H
#define PORTER_GATEWAY_CALL_H

#include "base/fault.h"
#include "base/traceparent.h"
#include "gateway/gateway.h"
#include "gateway/problem.h"
#include "message/rules.h"
#include "store/person_session.h"
#include "store/visitor.h"
#include "store/webhook.h"
#include "web/router.h"

#define HTTP_OK 200
#define HTTP_CREATED 201
#define HTTP_ACCEPTED 202
#define HTTP_NO_CONTENT 204
#define HTTP_NOT_MODIFIED 304

struct operation;
struct usage_entry;
struct audit_line;

struct call {
    struct gateway *gateway;
    struct db *db; /* What handlers ask; may be one transaction. */
    const struct web_request *request;
    struct web_response *response;
    struct arena *arena;
    struct route_match match;
    const struct operation *operation; /* NULL until routed */
    struct str request_id;
    struct trace trace;    /* Its span is this request. */
    uint64_t trace_parent; /* Whose it is; 0: nobody's */
    bool is_dashboard;     /* It came to /dashboard/api: no keys, no cookies of
                            * others; person says who calls. */
    const struct person_session *person; /* NULL: nobody, or a key */
    bool is_known; /* admission says who calls, and with which key */
    bool is_answered;
    bool is_told;           /* The problem is the answer's body already. */
    struct sha256 key_hash; /* Of a well-formed key. */
    struct admission admission;
    struct usage_entry *usage; /* The key's requests under way; NULL: none */
    bool is_entered;           /* Among the gateway's requests under way. */
    bool is_shed_by_key;       /* Refused for the key's own cap. */
    int64_t now_us;            /* Wall clock, when the call began. */
    int64_t admit_us;          /* How long the admission took, */
    int64_t db_us;             /* and PostgreSQL, asked by the handler. */
    enum problem problem;      /* Named by call_refuse, else by the error. */
    struct faults *faults;     /* NULL: none */
    unsigned wakes;            /* Bits: shards of the outbox that got rows. */
    struct id event_id;        /* The event that was caused; zero: none */
    const struct outbox_row *handed; /* One for the relay's short way. */
    int64_t handed_began_us;
    struct audit_line *noted; /* What a person changed: note.h */
    bool is_dry_run;          /* Everything but its effects. */
    bool is_packed;           /* The body is in the form that is sent. */
    struct str cache;  /* Cache-Control, when it is of the answer's own kind. */
    bool is_cacheable; /* The same for everybody, for some minutes. */
    struct problem_current current; /* For 409 state-conflict. */
    const struct url_judged *url;   /* Of the body, by webhook_url_before. */
};

/* Refuse with this very problem; err gets the detail. Returns false. */
bool call_refuse(struct call *call, enum problem problem, struct err *err,
                 const char *format, ...) PRINTF_LIKE(4, 5);

/* The call's list of faults, made at first use. */
struct faults *call_faults(struct call *call);

/* Refuse with the faults that were collected. Returns false. */
bool call_refuse_faults(struct call *call, enum problem problem,
                        struct err *err);

/* Refuse with 409 state-conflict, which shows the thing's state: its status as
 * JSON spells it and when it was last changed. Returns false. */
bool call_refuse_state(struct call *call, struct str status, int64_t updated_us,
                       struct err *err);

/* For what the store did not make: ERR_LIMITED means that there are as many as
 * there may be. Returns false. */
static inline bool call_not_made(struct call *call, const struct err *err)
{
    if (err->code == ERR_LIMITED) {
        call->problem = PROBLEM_LIMIT_REACHED;
    }
    return false;
}

static inline struct id call_org(const struct call *call)
{
    return call->admission.principal.org_id;
}

/* The id in the path; an ill-formed one is as absent as an unknown one. */
MUST_USE bool call_path_id(const struct call *call, enum id_kind kind,
                           struct id *out, struct err *err);

/* The same for the id at a place of the path, 0 being the first. */
MUST_USE bool call_path_id_at(const struct call *call, size_t place,
                              enum id_kind kind, struct id *out,
                              struct err *err);

/* For addresses that take no query parameters: any is a fault. */
MUST_USE bool call_no_params(struct call *call, struct err *err);

/* Parse the JSON body; the caller frees *root with json_free. */
MUST_USE bool call_body(struct call *call, struct json **root, struct err *err);

/* What the operation's own rules make of the body; of one that may be left out
 * (OP_BODY_OPTIONAL) and is, an empty message of their type. Refuses with all
 * its faults. */
MUST_USE bool call_input(struct call *call, ProtobufCMessage **out,
                         struct err *err);

/* The same; when the body has faults, `more` may add those that only the
 * database knows of. */
typedef bool call_more_fn(struct call *call, const struct json *body,
                          struct err *err);
MUST_USE bool call_input_more(struct call *call, call_more_fn *more,
                              ProtobufCMessage **out, struct err *err);

/* Set a time of a message that is about to be stored. */
void call_set_time(struct call *call, ProtobufCMessage *message,
                   const char *field, int64_t at_us);

/* How often a change is tried when somebody was quicker each time. */
#define CALL_TRIES_MAX 3

/* Who causes a change: for its event, whose id it has already. */
struct cause call_cause(struct call *call);

/* Who makes a change: for the audit log. A key, or a person. */
struct author call_author(struct call *call);

/* Who did it, in words: as the body says, else the key's id. */
char *call_actor(struct call *call, char *sent);

/* Answer with a message as JSON. Returns true. */
bool call_reply(struct call *call, unsigned status,
                const ProtobufCMessage *message);

/* The same for a read of something that has no version of its own: 200 with an
 * ETag made of the body, or 304 when the caller has it. Returns true. */
bool call_reply_tagged(struct call *call, const ProtobufCMessage *message);

/* The same once the body is written; true when it is 304. */
bool call_reply_written(struct call *call);

/* Say which version of a thing the answer shows: ETag. */
void call_version(struct call *call, int64_t updated_us);

/* The same for a read; true when the caller has that one
 * already (If-None-Match) and the answer is 304, complete. */
MUST_USE bool call_is_unchanged(struct call *call, int64_t updated_us);

/* A tag made of a body's hash, quotes included. Weak: the gzip form has it
 * too. */
void call_tag_of(struct sha256 hash, struct buf *out);

/* The same as call_is_unchanged with a tag of one's own, quotes included. */
MUST_USE bool call_has_tag(struct call *call, struct str tag);

/* For a change of a thing that was read: true when the caller did not say which
 * version he means, or means this one. Else it is refused (412), and the answer
 * has the ETag of the current one. */
MUST_USE bool call_if_match(struct call *call, int64_t updated_us,
                            struct err *err);

/* The change that was made wrote the event of this cause, and put a row into
 * the subject's shard of the outbox: the relay is told once the change is
 * durable, and what is kept of the call names the event. */
void call_caused(struct call *call, const struct cause *cause,
                 struct id subject);

/* The same for a row that is its subject's first (see relay_hand); at most one
 * a call. Its texts are borrowed until the call's end. */
void call_hand(struct call *call, const struct outbox_row *row,
               int64_t began_us);

/* What was changed was undone. */
void call_forget_changes(struct call *call);

/* X-Porter-Dry-Run: what is done through call->db is undone; anything else that
 * a handler would do to the world it must leave. */
static inline bool call_is_dry_run(const struct call *call)
{
    return call->is_dry_run;
}

/* Begin an answer with a body of this type. */
void call_answer(struct call *call, unsigned status, struct str content_type);

/* A header line made of text that may come from outside: left out when it
 * holds a control character. */
void call_header(struct call *call, struct str name, struct str value);

/* "https://host" in front of links: PORTER_PUBLIC_URL, or the Host header when
 * it is a plain name, or "". */
struct str call_base_url(const struct call *call);

/* A stored time in microseconds; 0 when unset. */
int64_t call_time_us(const Google__Protobuf__Timestamp *t);

/* Whole seconds, rounded up: what Retry-After and RateLimit-Reset speak in. */
int64_t call_seconds(int64_t ms);

extern const struct str JSON_TYPE;
extern const struct str PROBLEM_TYPE;
extern const struct str HTML_TYPE;

#endif
