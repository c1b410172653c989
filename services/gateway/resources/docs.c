/* What problems' `type` URLs lead to: a page for people, without a key. */
#include "gateway/resources/resources.h"

#include "gateway/call.h"

static handler_fn show_problem;

/* clang-format off */
static const struct operation operations[] = {
    {WEB_GET, "/docs/errors/{code}", 0, OP_OPEN | OP_HTML, show_problem,
     "show_problem", "Explain one kind of error",
     .details = "What the `type` of a problem leads to: its cause and its cure, for people."},
};
const struct operation_table docs_operations = OPERATIONS(operations);
/* clang-format on */

static bool show_problem(struct call *call, struct err *err)
{
    enum problem p = problem_find(call->match.values[0]);

    if (p == PROBLEM_NONE) {
        return err_set(err, ERR_NOT_FOUND, "there is no error of this name");
    }
    call_answer(call, HTTP_OK, HTML_TYPE);
    call_header(call, STR("Content-Security-Policy"),
                STR("default-src 'none'; frame-ancestors 'none'"));
    problem_page(p, &call->response->body);
    return true;
}
