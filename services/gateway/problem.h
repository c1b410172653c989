/* What can go wrong with a request, as the caller sees it (RFC 9457).
 *
 * One table holds every problem: its name in `type` URLs, status, title, what
 * it means and what to do. It is the only place where an error becomes an HTTP
 * status; it also makes docs/errors.md and the pages under /docs/errors/.
 * Pure. */
#ifndef PORTER_GATEWAY_PROBLEM_H
#define PORTER_GATEWAY_PROBLEM_H

#include "base/buf.h"
#include "base/err.h"
#include "base/fault.h"
#include "web/web.h"

enum problem {
    PROBLEM_NONE,
    PROBLEM_MALFORMED_REQUEST,
    PROBLEM_INVALID_PARAMETER,
    PROBLEM_INVALID_CURSOR,
    PROBLEM_KEY_MISSING,
    PROBLEM_KEY_MALFORMED,
    PROBLEM_KEY_INVALID,
    PROBLEM_SCOPE_MISSING,
    PROBLEM_HTTPS_REQUIRED,
    PROBLEM_NOT_FOUND,
    PROBLEM_METHOD_NOT_ALLOWED,
    PROBLEM_NOT_ACCEPTABLE,
    PROBLEM_TIMEOUT,
    PROBLEM_CONFLICT,
    PROBLEM_IDEMPOTENCY_IN_PROGRESS,
    PROBLEM_PRECONDITION_FAILED,
    PROBLEM_STATE_CONFLICT,
    PROBLEM_LIMIT_REACHED,
    PROBLEM_LENGTH_REQUIRED,
    PROBLEM_BODY_TOO_LARGE,
    PROBLEM_MEDIA_TYPE,
    PROBLEM_VALIDATION_FAILED,
    PROBLEM_IDEMPOTENCY_MISMATCH,
    PROBLEM_RATE_LIMITED,
    PROBLEM_UNKNOWN_KEYS,
    PROBLEM_HEADERS_TOO_LARGE,
    PROBLEM_INTERNAL,
    PROBLEM_ENCODING,
    PROBLEM_METHOD_UNKNOWN,
    PROBLEM_UNAVAILABLE,
    PROBLEM_OVERLOADED,
    PROBLEM_VERSION,
    /* Only of the dashboard's own interface: */
    PROBLEM_SIGN_IN_REQUIRED,
    PROBLEM_SIGN_IN_REFUSED,
    PROBLEM_CODE_REQUIRED,
    PROBLEM_CROSS_SITE,
    PROBLEM_ROLE_NOT_ALLOWED,
    PROBLEM_CONFIRMATION_REQUIRED,
    PROBLEM_CONFIRMATION_REFUSED,
    PROBLEM_SIGN_INS_SLOWED,
    PROBLEM_COUNT
};

struct problem_row {
    const char *name; /* The last part of `type`. */
    unsigned status;
    const char *title;
    const char *meaning;
    const char *remedy;
};

/* Not for PROBLEM_NONE. */
const struct problem_row *problem_row(enum problem p);

/* PROBLEM_NONE when no problem has this name. */
enum problem problem_find(struct str name);

/* Is it one that the public API never answers? */
bool problem_is_of_dashboard(enum problem p);

/* What an error means for the caller, and what a refusal of libs/web does. */
enum problem problem_of_err(enum err_code code);
enum problem problem_of_refusal(enum web_refusal refusal);

/* May the error's own sentence be shown? Not when it speaks of our insides. */
bool problem_is_ours(enum problem p);

/* The state that forbids a change: shown as `current`. */
struct problem_current {
    struct str status;  /* Empty: there is nothing to show. */
    int64_t updated_us; /* 0: such things do not keep it. */
    struct str id; /* Of another thing that stands in the way, else empty. */
};

struct problem_report {
    enum problem problem;
    struct str base_url; /* In front of "/docs/errors/…"; may be empty. */
    struct str detail;
    struct str instance;         /* The request's id. */
    const struct faults *faults; /* NULL: none */
    struct problem_current current;
};

/* The application/problem+json body, appended. */
void problem_write(const struct problem_report *report, struct buf *out);

/* The page of one problem, the list of all, and the Markdown page of all. */
void problem_page(enum problem p, struct buf *out);
void problem_index_page(struct buf *out);
void problem_docs(struct buf *out);

#endif
