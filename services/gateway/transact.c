/* Road step 4½: the transaction around a handler, when the request wants one.
 *
 * Happy path of an Idempotency-Key, three trips to PostgreSQL beside those of
 * the handler: BEGIN and the claim; the handler; the answer and COMMIT. Other
 * endings:
 * - The token is being worked on: 409. It was answered: the same answer again,
 *   or 422 when something else is asked with it.
 * - The answer says that nothing lasting came of it (5xx, 429): rolled back,
 * the token stays free.
 * - The commit's own answer is lost: 503, and the repeat tells.
 *
 * OP_NOTED, asked for by a person: what the handler notes for the audit log is
 * written with what it changes. A key's call has no more trips for it.
 *
 * OP_DIRECT: there is neither. Where the body holds a password or a code, not
 * even a hash of the request may be kept; and what is done outside PostgreSQL
 * can not be undone. */
#include "gateway/transact.h"

#include "gateway/answer.h"
#include "gateway/routes.h"
#include "store/audit.h"
#include "store/idempotency.h"

#include <assert.h>

#define TOKEN_MAX 255

struct wish {
    bool is_dry_run;
    struct idempotency_token token; /* text.data NULL: none */
};

/* --- what is wished ------------------------------------------------------ */

static bool is_write(enum web_method method)
{
    return method == WEB_POST || method == WEB_PUT || method == WEB_PATCH ||
           method == WEB_DELETE;
}

static bool is_printable(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] < ' ' || s.data[i] > '~') {
            return false;
        }
    }
    return true;
}

static bool read_token(struct call *call, struct wish *wish, struct err *err)
{
    size_t times = web_header_count(call->request, STR("Idempotency-Key"));
    struct str text =
        str_trim(web_header(call->request, STR("Idempotency-Key")));

    if (times == 0 || call->request->method != WEB_POST) {
        return true;
    }
    if (times > 1 || text.len == 0 || text.len > TOKEN_MAX ||
        !is_printable(text)) {
        return call_refuse(call, PROBLEM_MALFORMED_REQUEST, err,
                           "send one Idempotency-Key of 1 to %d printable "
                           "ASCII characters",
                           TOKEN_MAX);
    }
    wish->token = (struct idempotency_token){
        .org_id = call_org(call),
        .key_id = call->person != NULL ? call->person->user_id
                                       : call->admission.principal.key_id,
        .route = str_of(call->operation->pattern),
        .text = text,
    };
    return true;
}

static bool read_dry_run(struct call *call, struct wish *wish, struct err *err)
{
    size_t times = web_header_count(call->request, STR("X-Porter-Dry-Run"));
    struct str text =
        str_trim(web_header(call->request, STR("X-Porter-Dry-Run")));

    if (times == 0 || !is_write(call->request->method)) {
        return true;
    }
    wish->is_dry_run = str_eq(text, STR("true"));
    if (times > 1 || !(wish->is_dry_run || str_eq(text, STR("false")))) {
        return call_refuse(call, PROBLEM_MALFORMED_REQUEST, err,
                           "X-Porter-Dry-Run is either true or false, and is "
                           "sent once");
    }
    return true;
}

/* --- answers that were kept ---------------------------------------------- */

static struct sha256 request_hash(const struct call *call)
{
    const struct web_request *req = call->request;
    const struct str parts[] = {req->path, STR("\n"), req->query, STR("\n"),
                                req->body};

    return crypt_hmac_sha256_parts(STR("request"), parts, COUNT_OF(parts));
}

static bool replay(struct call *call, const struct idempotency_answer *kept,
                   struct err *err)
{
    const struct sha256 asked = request_hash(call);

    if (memcmp(&asked, &kept->request, sizeof asked) != 0) {
        return call_refuse(call, PROBLEM_IDEMPOTENCY_MISMATCH, err,
                           "this Idempotency-Key came with another request "
                           "before; take a new one for this request");
    }
    call_answer(call, kept->status, STR_NONE);
    buf_add(&call->response->headers, kept->headers);
    buf_add(&call->response->body, kept->body);
    web_add_header(call->response, STR("Idempotency-Replayed"), STR("true"));
    return true;
}

/* True and not answered: the handler may run. */
static bool claim(struct call *call, struct tx *tx, const struct wish *wish,
                  struct err *err)
{
    enum idempotency_state state = IDEMPOTENCY_FREE;
    struct idempotency_answer kept = {0};

    if (wish->token.text.data == NULL) {
        return true;
    }
    if (!idempotency_claim(tx, &call->gateway->seal_keys, &wish->token,
                           call->now_us, call->arena, &state, &kept, err)) {
        return false;
    }
    if (state == IDEMPOTENCY_BUSY) {
        return call_refuse(call, PROBLEM_IDEMPOTENCY_IN_PROGRESS, err,
                           "the first request with this Idempotency-Key is "
                           "still being worked on");
    }
    return state == IDEMPOTENCY_FREE || replay(call, &kept, err);
}

/* --- the end ------------------------------------------------------------- */

/* Would the same request be answered the same way again? */
static bool is_lasting(const struct call *call)
{
    unsigned status = call->response->status;

    return status < 400 ||
           (status < 500 && status != 401 && status != 403 && status != 408 &&
            status != 429 && call->problem != PROBLEM_CONFLICT);
}

/* Headers up to `mark` are not the operation's. */
static struct str own_headers(const struct call *call, size_t mark)
{
    struct str all = buf_str(&call->response->headers);

    return (struct str){all.data + mark, all.len - mark};
}

static void forget_answer(struct call *call, size_t mark)
{
    struct buf *headers = &call->response->headers;

    headers->len = mark;
    if (headers->data != NULL) {
        headers->data[mark] = '\0';
    }
    buf_clear(&call->response->body);
    call->is_answered = false;
    call->is_told = false;
    call->problem = PROBLEM_NONE;
    call->faults = NULL;
    call->current = (struct problem_current){0};
}

static bool write_note(struct call *call, struct tx *tx, struct err *err)
{
    const struct author by = call_author(call);

    return call->noted == NULL ||
           audit_add(tx, call_org(call), call->noted, &by, call->now_us, err);
}

/* The answer, when it is to be kept, and the end of the transaction. */
static bool commit(struct call *call, struct tx *tx, const struct wish *wish,
                   size_t mark, struct err *err)
{
    struct idempotency_answer answer = {.request = request_hash(call)};

    if (wish->token.text.data == NULL) {
        return tx_commit(tx, err);
    }
    answer.status = call->response->status;
    answer.headers = own_headers(call, mark);
    answer.body = buf_str(&call->response->body);
    return idempotency_keep(tx, &call->gateway->seal_keys, &wish->token,
                            &answer, call->now_us, err);
}

/* Keep what was answered and noted with what was changed; or nothing. */
static bool settle(struct call *call, struct tx *tx, const struct wish *wish,
                   size_t mark, bool ok, struct err *err)
{
    struct err why = ERR_NONE;

    if (!ok) {
        answer_problem(call, err);
    }
    if (!is_lasting(call)) {
        call_forget_changes(call);
        return ok;
    }
    if (write_note(call, tx, &why) && commit(call, tx, wish, mark, &why)) {
        return ok;
    }
    forget_answer(call, mark);
    call_forget_changes(call);
    *err = why;
    return false;
}

static bool run_inside(struct call *call, struct tx *tx,
                       const struct wish *wish, struct err *err)
{
    const size_t mark = call->response->headers.len;
    bool ok = claim(call, tx, wish, err);

    if (!ok || call->is_answered) {
        return ok;
    }
    ok = call->operation->handler(call, err);
    if (wish->is_dry_run) {
        call_forget_changes(call);
        return ok;
    }
    return settle(call, tx, wish, mark, ok, err);
}

/* A dry run that was carried out would be worse than a refusal. */
static bool handle_directly(struct call *call, struct err *err)
{
    if (is_write(call->request->method) &&
        web_header_count(call->request, STR("X-Porter-Dry-Run")) > 0) {
        return call_refuse(call, PROBLEM_MALFORMED_REQUEST, err,
                           "this address takes no X-Porter-Dry-Run");
    }
    return call->operation->handler(call, err);
}

static bool is_noted(const struct call *call)
{
    return call->person != NULL && (call->operation->flags & OP_NOTED) != 0;
}

bool transact_handle(struct call *call, struct err *err)
{
    struct wish wish = {0};
    struct db *outside = call->db;
    struct tx *tx = NULL;
    bool ok = false;

    if ((call->operation->flags & OP_DIRECT) != 0) {
        return handle_directly(call, err);
    }
    if (!read_token(call, &wish, err) || !read_dry_run(call, &wish, err)) {
        return false;
    }
    if (call->operation->before != NULL &&
        !call->operation->before(call, err)) {
        return false;
    }
    if (wish.token.text.data == NULL && !wish.is_dry_run && !is_noted(call)) {
        return call->operation->handler(call, err);
    }
    if (wish.is_dry_run) {
        call->is_dry_run = true;
        web_add_header(call->response, STR("X-Porter-Dry-Run"), STR("true"));
    }
    if (!tx_begin(outside, &tx, err)) {
        return false;
    }
    call->db = tx_db(tx);
    ok = run_inside(call, tx, &wish, err);
    call->db = outside;
    tx_end(tx);
    return ok;
}
