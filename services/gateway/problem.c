/* The only place where an error becomes an HTTP status. */
#include "gateway/problem.h"

#include "base/macros.h"
#include "base/rfc3339.h"
#include "gateway/html.h"
#include "json/json.h"

#include <assert.h>

/* clang-format off */
static const struct problem_row rows[PROBLEM_COUNT] = {
    [PROBLEM_MALFORMED_REQUEST] = {
        "malformed-request", 400, "The request can not be read",
        "The request line, a header, the query string or the JSON body breaks the rules of its format.",
        "Read `detail`: for JSON it names the line and the column. Send the corrected request."},
    [PROBLEM_INVALID_PARAMETER] = {
        "invalid-parameter", 400, "A query parameter is not valid",
        "A parameter is unknown, is there twice, or its value is not allowed. `errors` lists all of them.",
        "Correct the named parameters. Nothing is ignored, so that a typo can not widen a list."},
    [PROBLEM_INVALID_CURSOR] = {
        "invalid-cursor", 400, "The cursor is not valid",
        "The cursor was altered, or belongs to another list, to other filters or to another organization.",
        "Send `cursor` exactly as `next_cursor` gave it, with the same filters; or start without one."},
    [PROBLEM_KEY_MISSING] = {
        "key-missing", 401, "An API key is required",
        "The request has no `X-API-Key` header.",
        "Send the API key in the `X-API-Key` header of every request."},
    [PROBLEM_KEY_MALFORMED] = {
        "key-malformed", 401, "The API key is not well formed",
        "What stands in `X-API-Key` can not be a key of ours; `detail` says why.",
        "Copy the whole key again: `porter_sk_` and 49 letters and digits."},
    [PROBLEM_KEY_INVALID] = {
        "key-invalid", 401, "The API key is not valid",
        "No live key like this exists: it is unknown, revoked or expired. We do not say which.",
        "Use another key, or make a new one under Settings > API."},
    [PROBLEM_SCOPE_MISSING] = {
        "scope-missing", 403, "The API key may not do this",
        "The key lacks the scope that `detail` names.",
        "Use a key that has the scope."},
    [PROBLEM_HTTPS_REQUIRED] = {
        "https-required", 403, "HTTPS is required",
        "The request came over plain HTTP, where everyone on the way can read it. It was not carried out. "
        "A live key that was sent with it has been revoked, because it must be taken as known to others.",
        "Use https:// URLs. If `detail` says that the key was revoked, make a new one."},
    [PROBLEM_NOT_FOUND] = {
        "not-found", 404, "Not found",
        "There is no such address, or your organization has nothing with this id.",
        "Check the path and the id."},
    [PROBLEM_METHOD_NOT_ALLOWED] = {
        "method-not-allowed", 405, "The method is not allowed here",
        "The address exists, but does not take this method.",
        "Use one of the methods in the `Allow` header."},
    [PROBLEM_NOT_ACCEPTABLE] = {
        "not-acceptable", 406, "No acceptable form",
        "The `Accept` header rules out application/json, which is what this API answers with.",
        "Send `Accept: application/json`, or leave the header out."},
    [PROBLEM_TIMEOUT] = {
        "request-timeout", 408, "The request took too long to arrive",
        "The headers or the body were not complete in time.",
        "Send the request again, in one go."},
    [PROBLEM_CONFLICT] = {
        "conflict", 409, "The state does not allow this",
        "The thing exists, but its state forbids the change, or another change came first.",
        "Read it again and decide anew."},
    [PROBLEM_IDEMPOTENCY_IN_PROGRESS] = {
        "idempotency-in-progress", 409, "The first request is still being worked on",
        "Another request with this `Idempotency-Key` has not been answered yet. Nothing was done.",
        "Send the same request again after `Retry-After` seconds: it gets the first one's answer."},
    [PROBLEM_PRECONDITION_FAILED] = {
        "precondition-failed", 412, "It has changed since",
        "`If-Match` names another version of the thing than the current one: somebody else has changed it since it "
        "was read. Nothing was done. The answer's `ETag` is the current version's.",
        "Read it again and decide anew; or leave `If-Match` out, to act on whatever is there."},
    [PROBLEM_STATE_CONFLICT] = {
        "state-conflict", 409, "The state does not allow this",
        "The thing is in a state from which this change does not lead on, or another change came first. "
        "`current` shows its `status` and `updated_at` as they are now, and its `id` when it is not the thing that "
        "you asked for but one that stands in the way.",
        "Look at `current`: when it is what you wanted, somebody else did it and there is nothing left to do."},
    [PROBLEM_LIMIT_REACHED] = {
        "limit-reached", 409, "There are as many as there may be",
        "Your organization has the largest number of these things that it may have; `detail` says how many.",
        "Delete one that is not needed any more, or ask for a higher limit."},
    [PROBLEM_LENGTH_REQUIRED] = {
        "length-required", 411, "A Content-Length is required",
        "The request has a body, but does not say how long it is.",
        "Send a `Content-Length` header."},
    [PROBLEM_BODY_TOO_LARGE] = {
        "body-too-large", 413, "The body is too large",
        "The body is over the limit (1 MiB unless configured otherwise).",
        "Send less."},
    [PROBLEM_MEDIA_TYPE] = {
        "unsupported-media-type", 415, "The media type is not supported",
        "The body is not declared as application/json.",
        "Send JSON in UTF-8 with `Content-Type: application/json`."},
    [PROBLEM_VALIDATION_FAILED] = {
        "validation-failed", 422, "Some fields are not valid",
        "The JSON could be read, but breaks rules. `errors` lists every fault: the field, a code and what to do.",
        "Correct the named fields."},
    [PROBLEM_IDEMPOTENCY_MISMATCH] = {
        "idempotency-mismatch", 422, "The Idempotency-Key was used for another request",
        "A request with this `Idempotency-Key` was answered within the last 24 hours, and its address, parameters or "
        "body differ from this one's. Nothing was done.",
        "Take a new `Idempotency-Key` for each new request; send the old one only with the very same request."},
    [PROBLEM_RATE_LIMITED] = {
        "rate-limited", 429, "Too many requests",
        "The key has used up its requests of the last 60 seconds.",
        "Wait for as many seconds as `Retry-After` says: a request after that is let in."},
    [PROBLEM_UNKNOWN_KEYS] = {
        "too-many-unknown-keys", 429, "Too many unknown API keys",
        "Many well-formed keys that do not exist came from your address within a minute, so further ones that are not "
        "known here are not looked up for the moment. Keys in use are not affected.",
        "Correct the key, and wait for as many seconds as `Retry-After` says."},
    [PROBLEM_HEADERS_TOO_LARGE] = {
        "headers-too-large", 431, "The headers are too large",
        "The request line and the headers are over the limit together.",
        "Send fewer or shorter headers and parameters."},
    [PROBLEM_INTERNAL] = {
        "internal", 500, "Something went wrong on our side",
        "The request met a mistake of ours. It has been logged under the request id.",
        "Try again. If it stays, tell support the `instance`."},
    [PROBLEM_ENCODING] = {
        "unsupported-encoding", 501, "The transfer coding is not supported",
        "A transfer coding other than `chunked` was used.",
        "Send the body with `Content-Length` or `chunked`."},
    [PROBLEM_METHOD_UNKNOWN] = {
        "method-not-implemented", 501, "The method is not known",
        "No address takes this method: it is none of GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS.",
        "Use a method that the documentation names, in capital letters."},
    [PROBLEM_UNAVAILABLE] = {
        "unavailable", 503, "Not available for the moment",
        "Something that the answer needs can not be reached for the moment. A write may or may not have happened.",
        "Try again after `Retry-After` seconds."},
    [PROBLEM_OVERLOADED] = {
        "overloaded", 503, "Too much at once",
        "So many requests are being worked on, in all or of this key, that this one was not begun. Nothing was done. "
        "Reads are refused before writes; evacuations never are.",
        "Try again after `Retry-After` seconds, and send fewer requests at the same time."},
    [PROBLEM_VERSION] = {
        "unsupported-version", 505, "The HTTP version is not supported",
        "The request is neither HTTP/1.1 nor HTTP/1.0.",
        "Use HTTP/1.1."},
    [PROBLEM_SIGN_IN_REQUIRED] = {
        "sign-in-required", 401, "You are not signed in",
        "The dashboard's request has no session, or one that is over: signed out, ended elsewhere, or not used for too long.",
        "Sign in."},
    [PROBLEM_SIGN_IN_REFUSED] = {
        "sign-in-refused", 401, "The sign-in was refused",
        "E-mail, password and, for who has set it up, the code do not fit together. We do not say which is wrong.",
        "Try again. Who has forgotten the password asks an owner or an administrator for a link to set a new one."},
    [PROBLEM_CODE_REQUIRED] = {
        "code-required", 401, "A code is required",
        "The password is right; this person signs in with a code of an authenticator as well.",
        "Sign in again with the code."},
    [PROBLEM_CROSS_SITE] = {
        "cross-site", 403, "Another site asked for this",
        "The browser does not say that the dashboard's own page sent the request.",
        "Use the dashboard itself. Programs call `/api/v1` with an API key."},
    [PROBLEM_ROLE_NOT_ALLOWED] = {
        "role-not-allowed", 403, "Your role may not do this",
        "What was asked for is kept for another role than yours.",
        "Ask an owner or an administrator of your organization."},
    [PROBLEM_CONFIRMATION_REQUIRED] = {
        "confirmation-required", 403, "Confirm with your password first",
        "Secrets are shown, and what guards them is changed, within five minutes of a confirmation.",
        "Confirm with your password, and send the request again."},
    [PROBLEM_CONFIRMATION_REFUSED] = {
        "confirmation-refused", 403, "This is not your password",
        "The password that was sent to confirm with is not the one of who is signed in.",
        "Try again."},
    [PROBLEM_SIGN_INS_SLOWED] = {
        "too-many-sign-ins", 429, "Too many tries to sign in",
        "So many sign-ins for this e-mail, or from your address, were refused that the next has to wait. Sessions go on.",
        "Wait for as many seconds as `Retry-After` says."},
};
/* clang-format on */

const struct problem_row *problem_row(enum problem p)
{
    assert(p > PROBLEM_NONE && p < PROBLEM_COUNT);
    return &rows[p];
}

enum problem problem_find(struct str name)
{
    for (size_t p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++) {
        if (str_eq(str_of(rows[p].name), name)) {
            return (enum problem)p;
        }
    }
    return PROBLEM_NONE;
}

bool problem_is_of_dashboard(enum problem p)
{
    return p >= PROBLEM_SIGN_IN_REQUIRED && p < PROBLEM_COUNT;
}

/* There is no default: the compiler refuses a code that has no answer. */
enum problem problem_of_err(enum err_code code)
{
    switch (code) {
    case ERR_MALFORMED:
        return PROBLEM_MALFORMED_REQUEST;
    case ERR_INVALID:
        return PROBLEM_VALIDATION_FAILED;
    case ERR_UNAUTHENTICATED:
        return PROBLEM_KEY_INVALID;
    case ERR_FORBIDDEN:
        return PROBLEM_SCOPE_MISSING;
    case ERR_NOT_FOUND:
        return PROBLEM_NOT_FOUND;
    case ERR_CONFLICT:
        return PROBLEM_CONFLICT;
    case ERR_TOO_LARGE:
        return PROBLEM_BODY_TOO_LARGE;
    case ERR_LIMITED:
        return PROBLEM_RATE_LIMITED;
    case ERR_UNAVAILABLE:
        return PROBLEM_UNAVAILABLE;
    case ERR_UNSUPPORTED:
        return PROBLEM_MEDIA_TYPE;
    case ERR_OK:
    case ERR_INTERNAL:
        break;
    }
    return PROBLEM_INTERNAL;
}

enum problem problem_of_refusal(enum web_refusal refusal)
{
    switch (refusal) {
    case WEB_REFUSE_MALFORMED:
        return PROBLEM_MALFORMED_REQUEST;
    case WEB_REFUSE_TIMEOUT:
        return PROBLEM_TIMEOUT;
    case WEB_REFUSE_LENGTH:
        return PROBLEM_LENGTH_REQUIRED;
    case WEB_REFUSE_BODY_SIZE:
        return PROBLEM_BODY_TOO_LARGE;
    case WEB_REFUSE_HEAD_SIZE:
        return PROBLEM_HEADERS_TOO_LARGE;
    case WEB_REFUSE_ENCODING:
        return PROBLEM_ENCODING;
    case WEB_REFUSE_METHOD:
        return PROBLEM_METHOD_UNKNOWN;
    case WEB_REFUSE_VERSION:
        return PROBLEM_VERSION;
    }
    return PROBLEM_MALFORMED_REQUEST;
}

bool problem_is_ours(enum problem p)
{
    return p == PROBLEM_INTERNAL || p == PROBLEM_UNAVAILABLE;
}

static void write_faults(const struct faults *faults, struct json_writer *w)
{
    json_key(w, STR("errors"));
    json_array_begin(w);
    for (size_t i = 0; i < MIN_OF(faults->count, (size_t)FAULTS_MAX); i++) {
        const struct fault *f = &faults->list[i];

        json_object_begin(w);
        json_key(w, STR("field"));
        json_add_text(w, f->field);
        json_key(w, STR("code"));
        json_add_text(w, str_of(fault_code_name(f->code)));
        json_key(w, STR("detail"));
        json_add_text(w, f->detail);
        json_object_end(w);
    }
    json_array_end(w);
}

static void write_current(const struct problem_current *current,
                          struct json_writer *w)
{
    char updated[RFC3339_LEN + 1];

    json_key(w, STR("current"));
    json_object_begin(w);
    if (current->id.len > 0) {
        json_key(w, STR("id"));
        json_add_text(w, current->id);
    }
    json_key(w, STR("status"));
    json_add_text(w, current->status);
    if (current->updated_us != 0) {
        rfc3339_write(current->updated_us, updated);
        json_key(w, STR("updated_at"));
        json_add_text(w, str_of(updated));
    }
    json_object_end(w);
}

void problem_write(const struct problem_report *report, struct buf *out)
{
    const struct problem_row *row = problem_row(report->problem);
    struct buf type = BUF_EMPTY;
    struct json_writer w = json_writer(out);

    buf_add(&type, report->base_url);
    BUF_ADD(&type, "/docs/errors/");
    buf_add(&type, str_of(row->name));
    json_object_begin(&w);
    json_key(&w, STR("type"));
    json_add_text(&w, buf_str(&type));
    json_key(&w, STR("title"));
    json_add_text(&w, str_of(row->title));
    json_key(&w, STR("status"));
    json_add_int(&w, row->status);
    json_key(&w, STR("detail"));
    json_add_text(&w, report->detail.len > 0 ? report->detail
                                             : str_of(row->meaning));
    json_key(&w, STR("instance"));
    json_add_text(&w, report->instance);
    if (report->faults != NULL && report->faults->count > 0) {
        write_faults(report->faults, &w);
    }
    if (report->current.status.len > 0) {
        write_current(&report->current, &w);
    }
    json_object_end(&w);
    buf_free(&type);
}

static void add_entry(const struct problem_row *row, struct buf *out)
{
    buf_addf(out,
             "<p><code>%s</code>, HTTP %u</p>\n<h2>What it means</h2>\n<p>",
             row->name, row->status);
    html_words(out, row->meaning);
    BUF_ADD(out, "</p>\n<h2>What to do</h2>\n<p>");
    html_words(out, row->remedy);
    BUF_ADD(out, "</p>\n");
}

void problem_page(enum problem p, struct buf *out)
{
    const struct problem_row *row = problem_row(p);

    html_begin(out, row->title, false);
    BUF_ADD(out, "<main class=\"single\" id=\"main\">\n<h1>");
    html_text(out, str_of(row->title));
    BUF_ADD(out, "</h1>\n");
    add_entry(row, out);
    BUF_ADD(out, "<p><a href=\"/docs/errors\">All errors</a></p>\n</main>\n");
    html_end(out);
}

void problem_index_page(struct buf *out)
{
    html_begin(out, "Errors", false);
    BUF_ADD(out,
            "<main class=\"single\" id=\"main\">\n<h1>Errors</h1>\n"
            "<p>Every error is <code>application/problem+json</code> (RFC "
            "9457). Its <code>type</code> leads to one of these.</p>\n<div "
            "class=\"wide\" role=\"region\" tabindex=\"0\" "
            "aria-label=\"All errors\"><table><thead><tr><th scope=\"col\">"
            "Status</th><th scope=\"col\">Name</th><th scope=\"col\">Title"
            "</th></tr></thead><tbody>\n");
    for (unsigned status = 400; status < 600; status++) {
        for (size_t p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++) {
            if (rows[p].status != status) {
                continue;
            }
            buf_addf(out,
                     "<tr><td>%u</td><th scope=\"row\"><a "
                     "href=\"/docs/errors/%s\"><code>%s</code></a></th><td>",
                     status, rows[p].name, rows[p].name);
            html_text(out, str_of(rows[p].title));
            BUF_ADD(out, "</td></tr>\n");
        }
    }
    BUF_ADD(out, "</tbody></table></div>\n</main>\n");
    html_end(out);
}

void problem_docs(struct buf *out)
{
    BUF_ADD(out,
            "# Errors\n\n<!-- Made by `gateway --errors-docs`. -->\n\n"
            "Every error is a problem in the form of RFC 9457 "
            "(`application/problem+json`): `type` (a URL that exists), "
            "`title`, `status`, `detail`, `instance` (the request's id) and, "
            "for parameters and fields, `errors`: all faults at once, each "
            "with `field`, `code` and `detail`.\n\n## Problems\n");
    for (size_t p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++) {
        buf_addf(out, "\n### %s\n\nStatus %u. **%s.** %s\n\nWhat to do: %s\n",
                 rows[p].name, rows[p].status, rows[p].title, rows[p].meaning,
                 rows[p].remedy);
    }
    BUF_ADD(out, "\n## Codes in `errors`\n\n");
    for (size_t c = 0; c < FAULT_CODE_COUNT; c++) {
        buf_addf(out, "- `%s`\n", fault_code_name((enum fault_code)c));
    }
}
