/* One operation on the page: how it is called, what goes in, what comes out. */
#include "gateway/openapi/page_parts.h"

#include "gateway/html.h"
#include "gateway/openapi/parts.h"

#include <stdio.h>

/* The body of ids in examples that no answer was recorded for. */
#define SAMPLE_ID "01jndp8w1qe2v8m5tq2k3x4y5z"
#define KEY "$PORTER_API_KEY"

static const char *const header_columns[] = {"Header", "What it is", NULL};
static const char *const answer_columns[] = {"Status", "What it is", NULL};

void page_code(struct buf *out, const char *label, struct str text)
{
    BUF_ADD(out, "<pre tabindex=\"0\" role=\"region\" aria-label=\"");
    html_text(out, str_of(label));
    BUF_ADD(out, "\"><code>");
    html_text(out, text);
    BUF_ADD(out, "</code></pre>\n");
}

void page_json(struct buf *out, const char *label, const struct json *value)
{
    struct buf text = BUF_EMPTY;
    struct json_writer w = json_writer(&text);

    w.pretty = true;
    json_add_value(&w, value);
    page_code(out, label, buf_str(&text));
    buf_free(&text);
}

/* The pattern with ids in place of its names. */
static void add_path(const struct operation *op, struct buf *out)
{
    struct path_value values[ROUTE_VALUES_MAX];
    size_t count = describe_path(op, values);
    struct str rest = str_of(op->pattern);
    struct str part = STR_NONE;
    size_t i = 0;

    (void)str_split(&rest, '/', &part); /* Before the first '/'. */
    while (str_split(&rest, '/', &part)) {
        buf_add_char(out, '/');
        if (i < count && part.len > 0 && part.data[0] == '{') {
            if (values[i].kind != ID_KIND_COUNT) {
                buf_addf(out, "%s_" SAMPLE_ID, id_prefix(values[i].kind));
            } else {
                BUF_ADD(out, "not-found");
            }
            i++;
        } else {
            buf_add(out, part);
        }
    }
}

/* In single quotes of a shell. */
static void add_quoted(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\'') {
            BUF_ADD(out, "'\\''");
        } else {
            buf_add_char(out, text.data[i]);
        }
    }
}

static void add_curl(const struct operation *op, const char *url,
                     const struct json *body, struct buf *out)
{
    struct buf text = BUF_EMPTY;
    struct buf json = BUF_EMPTY;
    struct json_writer w = json_writer(&json);

    BUF_ADD(&text, "curl ");
    if (describe_is_write(op)) {
        buf_addf(&text, "-X %s ", describe_method(op));
    }
    buf_addf(&text, "\"%s", url);
    add_path(op, &text);
    buf_addf(&text, "%s\"", op->list_name != NULL ? "?limit=20" : "");
    if (describe_is_keyed(op)) {
        BUF_ADD(&text, " \\\n  -H \"X-API-Key: " KEY "\"");
    }
    if (body != NULL) {
        w.pretty = true;
        json_add_value(&w, body);
        BUF_ADD(&text, " \\\n  -H \"Content-Type: application/json\" \\\n"
                       "  -d '");
        add_quoted(&text, buf_str(&json));
        BUF_ADD(&text, "'");
    }
    page_code(out, "Example with cURL", buf_str(&text));
    buf_free(&text);
    buf_free(&json);
}

static void add_taken(const struct operation *op, struct buf *out)
{
    page_table_begin(out, "Request headers", header_columns);
    for (size_t i = 0; i < request_header_count; i++) {
        const struct header_row *row = &request_headers[i];

        if (row->on(op, 0)) {
            buf_addf(out, "<tr><th scope=\"row\"><code>%s</code></th><td>",
                     row->name);
            html_words(out, row->help);
            BUF_ADD(out, "</td></tr>\n");
        }
    }
    page_table_end(out);
}

static void add_problem(unsigned status, const struct problem_row *row,
                        struct buf *out)
{
    buf_addf(out,
             "<tr><td>%u</td><td><a href=\"/docs/errors/%s\"><code>%s</code>"
             "</a> ",
             status, row->name, row->name);
    html_text(out, str_of(row->title));
    BUF_ADD(out, "</td></tr>\n");
}

static void add_answers(const struct operation *op, struct buf *out)
{
    BUF_ADD(out, "<details><summary>All answers</summary>\n");
    page_table_begin(out, "All answers", answer_columns);
    buf_addf(out, "<tr><td>%u</td><td>%s</td></tr>\n", describe_status(op),
             web_reason(describe_status(op)));
    if ((op->flags & OP_ETAG) != 0 && op->method == WEB_GET) {
        BUF_ADD(out, "<tr><td>304</td><td>What you have is still current."
                     "</td></tr>\n");
    }
    for (unsigned status = 400; status < 600; status++) {
        for (size_t p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++) {
            const struct problem_row *row = problem_row((enum problem)p);

            if (row->status == status &&
                describe_may_answer(op, (enum problem)p)) {
                add_problem(status, row, out);
            }
        }
    }
    page_table_end(out);
    BUF_ADD(out, "</details>\n");
}

static void add_call(const struct operation *op, struct buf *out)
{
    char class[8] = "";
    const char *method = describe_method(op);
    size_t i = 0;

    for (; method[i] != '\0' && i + 1 < sizeof class; i++) {
        class[i] = (char)(method[i] - 'A' + 'a');
    }
    buf_addf(out,
             "<h3 id=\"%s\">%s</h3>\n<div class=\"call\"><span class=\"verb "
             "%s\">%s</span><code>%s</code><span class=\"scope\">",
             op->name, op->summary, class, method, op->pattern);
    if (!describe_is_keyed(op)) {
        BUF_ADD(out, "no key");
    } else if (op->scope == 0) {
        BUF_ADD(out, "any key");
    } else {
        buf_addf(out, "scope <code>%s</code>", describe_scope(op));
    }
    BUF_ADD(out, "</span></div>\n");
    if (op->details != NULL) {
        BUF_ADD(out, "<p>");
        html_words(out, op->details);
        BUF_ADD(out, "</p>\n");
    }
}

void page_operation(const struct operation *op, const char *url,
                    const struct examples *e, struct buf *out)
{
    const struct json *answer = examples_of(e, "answer", op->name);

    BUF_ADD(out, "<section>\n");
    add_call(op, out);
    if (op->params != NULL) {
        BUF_ADD(out, "<h4>Query parameters</h4>\n");
        page_params(op->params, out);
    }
    if (op->rules != NULL) {
        BUF_ADD(out, "<h4>Body</h4>\n");
        page_body(op->rules(), out);
    }
    BUF_ADD(out, "<h4>Example</h4>\n");
    add_curl(op, url, examples_of(e, "request", op->name), out);
    if (answer != NULL) {
        buf_addf(out, "<h4>Answer: %u %s</h4>\n", describe_status(op),
                 web_reason(describe_status(op)));
        page_json(out, "Answer", answer);
    }
    if (describe_is_keyed(op)) {
        BUF_ADD(out, "<details><summary>Request headers</summary>\n");
        add_taken(op, out);
        BUF_ADD(out, "</details>\n");
    }
    add_answers(op, out);
    BUF_ADD(out, "</section>\n");
}
