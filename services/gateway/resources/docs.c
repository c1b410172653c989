/* The API described: OpenAPI for programs, pages for people; without a key. */
#include "gateway/resources/resources.h"

#include "gateway/call.h"
#include "gateway/html.h"
#include "gateway/openapi/openapi.h"

static handler_fn show_openapi;
static handler_fn show_docs;
static handler_fn list_problems;
static handler_fn show_problem;

/* clang-format off */
static const struct operation operations[] = {
    {WEB_GET, "/api/v1/openapi.json", 0, OP_OPEN | OP_ETAG, show_openapi,
     "show_openapi", "Show this description of the API",
     .details = "OpenAPI 3.1, made from the tables that the API itself runs on.", .schema = "OpenApi"},
    {WEB_GET, "/api/v1/docs", 0, OP_OPEN | OP_HTML | OP_ETAG, show_docs,
     "show_docs", "Show the same for people",
     .details = "One page, without anything that is loaded from elsewhere."},
    {WEB_GET, "/docs/errors", 0, OP_OPEN | OP_HTML, list_problems,
     "list_problems", "List all kinds of error, for people",
     .details = "Every problem with its status, its cause and its cure."},
    {WEB_GET, "/docs/errors/{code}", 0, OP_OPEN | OP_HTML, show_problem,
     "show_problem", "Explain one kind of error",
     .details = "What the `type` of a problem leads to: its cause and its cure, for people."},
};
const struct operation_table docs_operations = OPERATIONS(operations);
/* clang-format on */

/* No script, no frame, nothing from elsewhere; the style stands in the page. */
static void answer_page(struct call *call)
{
    call_answer(call, HTTP_OK, HTML_TYPE);
    call->is_cacheable = true;
    call_header(call, STR("Content-Security-Policy"), html_policy(call->arena));
}

static bool show_openapi(struct call *call, struct err *err)
{
    const struct openapi *o = call->gateway->openapi;

    if (!call_no_params(call, err)) {
        return false;
    }
    call->is_cacheable = true;
    if (!call_has_tag(call, buf_str(&o->document_tag))) {
        call_answer(call, HTTP_OK, JSON_TYPE);
        buf_add(&call->response->body, buf_str(&o->document));
    }
    return true;
}

static bool show_docs(struct call *call, struct err *err)
{
    const struct openapi *o = call->gateway->openapi;

    (void)err;
    if (call_has_tag(call, buf_str(&o->page_tag))) {
        call->is_cacheable = true;
        return true;
    }
    answer_page(call);
    buf_add(&call->response->body, buf_str(&o->page));
    return true;
}

static bool list_problems(struct call *call, struct err *err)
{
    (void)err;
    answer_page(call);
    problem_index_page(&call->response->body);
    return true;
}

static bool show_problem(struct call *call, struct err *err)
{
    enum problem p = problem_find(call->match.values[0]);

    if (p == PROBLEM_NONE) {
        return err_set(err, ERR_NOT_FOUND, "there is no error of this name");
    }
    answer_page(call);
    problem_page(p, &call->response->body);
    return true;
}
