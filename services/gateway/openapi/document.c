/* The OpenAPI 3.1 document, from top to bottom. */
#include "gateway/openapi/openapi.h"

#include "gateway/openapi/describe.h"
#include "gateway/openapi/parts.h"
#include "gateway/openapi/schemas.h"
#include "gateway/openapi/words.h"
#include "message/schema.h"
#include "store/event.h"

#include <stdio.h>

#define STATUS_MAX 8

static void write_info(struct json_writer *w)
{
    struct buf text = BUF_EMPTY;

    BUF_ADD(&text, "The API of Porter, the visitor-management platform.");
    for (size_t i = 0; i < chapter_count; i++) {
        buf_addf(&text, "\n\n## %s\n\n%s", chapters[i].title, chapters[i].text);
    }
    part_object(w, "info");
    part_text(w, "title", "Porter API");
    part_text(w, "version", EVENT_API_VERSION);
    part_text(w, "description", buf_cstr(&text));
    part_object(w, "license");
    part_text(w, "name", "Apache 2.0");
    part_text(w, "identifier", "Apache-2.0");
    json_object_end(w);
    json_object_end(w);
    buf_free(&text);
}

static void write_servers(const char *public_url, struct json_writer *w)
{
    part_array(w, "servers");
    json_object_begin(w);
    part_text(w, "url", public_url[0] != '\0' ? public_url : "/");
    json_object_end(w);
    json_array_end(w);
}

static void write_tags(struct json_writer *w)
{
    part_array(w, "tags");
    for (size_t i = 0; i < group_count; i++) {
        json_object_begin(w);
        part_text(w, "name", groups[i].name);
        part_text(w, "description", groups[i].help);
        json_object_end(w);
    }
    json_array_end(w);
}

/* --- parameters ---------------------------------------------------------- */

static void write_path_schema(enum id_kind kind, struct json_writer *w)
{
    if (kind != ID_KIND_COUNT) {
        schema_write_id(kind, w);
        return;
    }
    json_object_begin(w); /* The only other: the name of a problem. */
    part_text(w, "type", "string");
    part_array(w, "enum");
    for (size_t p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++) {
        if (!problem_is_of_dashboard((enum problem)p)) {
            json_add_text(w, str_of(problem_row((enum problem)p)->name));
        }
    }
    json_array_end(w);
    json_object_end(w);
}

static void write_path_values(const struct operation *op, struct json_writer *w)
{
    struct path_value values[ROUTE_VALUES_MAX];
    size_t count = describe_path(op, values);

    for (size_t i = 0; i < count; i++) {
        json_object_begin(w);
        json_key(w, STR("name"));
        json_add_text(w, values[i].name);
        part_text(w, "in", "path");
        json_key(w, STR("required"));
        json_add_bool(w, true);
        json_key(w, STR("schema"));
        write_path_schema(values[i].kind, w);
        json_object_end(w);
    }
}

static void write_query(const struct param_row *row, struct json_writer *w)
{
    json_object_begin(w);
    part_text(w, "name", row->name);
    part_text(w, "in", "query");
    part_text(w, "description", row->help);
    if (row->required) {
        json_key(w, STR("required"));
        json_add_bool(w, true);
    }
    json_key(w, STR("schema"));
    schemas_write_param(row, w);
    json_object_end(w);
}

static void write_parameters(const struct operation *op, struct json_writer *w)
{
    part_array(w, "parameters");
    write_path_values(op, w);
    for (size_t i = 0; op->params != NULL && i < op->params->count; i++) {
        write_query(&op->params->rows[i], w);
    }
    parts_write_taken(op, w);
    json_array_end(w);
}

/* --- bodies -------------------------------------------------------------- */

static void write_body(const struct operation *op, const struct examples *e,
                       struct json_writer *w)
{
    struct buf name = BUF_EMPTY;

    if (op->rules == NULL) {
        return;
    }
    describe_camel(op->name, "Input", &name);
    part_object(w, "requestBody");
    json_key(w, STR("required"));
    json_add_bool(w, (op->flags & OP_BODY_OPTIONAL) == 0);
    part_object(w, "content");
    part_object(w, "application/json");
    json_key(w, STR("schema"));
    part_ref(w, "schemas", buf_str(&name));
    part_example(examples_of(e, "request", op->name), w);
    json_object_end(w);
    json_object_end(w);
    json_object_end(w);
    buf_free(&name);
}

/* The schema of the answer's body, as a member. */
static void write_answer_schema(const struct operation *op,
                                struct json_writer *w)
{
    struct buf name = BUF_EMPTY;

    json_key(w, STR("schema"));
    if (op->list_name != NULL) {
        describe_camel(op->name, "Answer", &name);
        part_ref(w, "schemas", buf_str(&name));
    } else if (op->answer != NULL) {
        part_ref(w, "schemas", str_of(op->answer->short_name));
    } else {
        part_ref(w, "schemas", str_of(op->schema));
    }
    buf_free(&name);
}

static void write_content(const struct operation *op, const struct examples *e,
                          struct json_writer *w)
{
    bool is_page = (op->flags & OP_HTML) != 0;

    if (op->answer == NULL && op->schema == NULL && !is_page) {
        return;
    }
    part_object(w, "content");
    if (is_page) {
        part_object(w, "text/html");
        part_object(w, "schema");
        part_text(w, "type", "string");
        json_object_end(w);
    } else {
        part_object(w, "application/json");
        write_answer_schema(op, w);
        part_example(examples_of(e, "answer", op->name), w);
    }
    json_object_end(w);
    json_object_end(w);
}

/* --- links: what may be asked next with an id of the answer -------------- */

/* Does the operation take the kind of id first, and is it to be followed? A
 * list leads to its rows; an answer of one leads to all that can be done. */
static bool is_next(const struct operation *from, const struct operation *to,
                    enum id_kind kind)
{
    struct path_value values[ROUTE_VALUES_MAX];
    size_t count = describe_path(to, values);

    return to != from && count == 1 && values[0].kind == kind &&
           (from->list_name == NULL ||
            (to->method == WEB_GET && to->list_name == NULL));
}

static void write_link(const struct operation *from, const struct operation *to,
                       struct json_writer *w)
{
    struct path_value values[ROUTE_VALUES_MAX];
    struct buf source = BUF_EMPTY;

    (void)describe_path(to, values);
    if (from->list_name != NULL) {
        buf_addf(&source, "$response.body#/%s/0/id", from->list_name);
    } else {
        BUF_ADD(&source, "$response.body#/id");
    }
    part_object(w, to->name);
    part_text(w, "operationId", to->name);
    part_object(w, "parameters");
    json_key(w, values[0].name);
    json_add_text(w, buf_str(&source));
    json_object_end(w);
    json_object_end(w);
    buf_free(&source);
}

static void write_links(const struct operation *from, struct json_writer *w)
{
    const struct operation *list[OPERATIONS_MAX];
    size_t count = routes_all(list);
    enum id_kind kind = describe_kind(from->answer);
    bool is_open = false;

    for (size_t i = 0; kind != ID_KIND_COUNT && i < count; i++) {
        if (!is_next(from, list[i], kind)) {
            continue;
        }
        if (!is_open) {
            part_object(w, "links");
            is_open = true;
        }
        write_link(from, list[i], w);
    }
    if (is_open) {
        json_object_end(w);
    }
}

/* --- operations ---------------------------------------------------------- */

static void write_success(const struct operation *op, const struct examples *e,
                          struct json_writer *w)
{
    unsigned status = describe_status(op);
    char digits[STATUS_MAX];

    (void)snprintf(digits, sizeof digits, "%u", status);
    part_object(w, digits);
    part_text(w, "description", web_reason(status));
    parts_write_answered(op, status, w);
    write_content(op, e, w);
    write_links(op, w);
    json_object_end(w);
    if ((op->flags & OP_ETAG) != 0 && op->method == WEB_GET) {
        part_object(w, "304");
        part_text(w, "description", "What you have is still current.");
        parts_write_answered(op, HTTP_NOT_MODIFIED, w);
        json_object_end(w);
    }
}

static void write_security(const struct operation *op, struct json_writer *w)
{
    const char *scope = describe_scope(op);

    part_array(w, "security");
    if (describe_is_keyed(op)) {
        json_object_begin(w);
        part_array(w, "ApiKey");
        if (scope != NULL) {
            json_add_text(w, str_of(scope));
        }
        json_array_end(w);
        json_object_end(w);
    }
    json_array_end(w);
}

static void write_description(const struct operation *op, struct json_writer *w)
{
    struct buf text = BUF_EMPTY;

    if (op->details != NULL) {
        buf_addf(&text, "%s\n\n", op->details);
    }
    if (!describe_is_keyed(op)) {
        BUF_ADD(&text, "No key is needed.");
    } else if (op->scope == 0) {
        BUF_ADD(&text, "Any key may do this.");
    } else {
        buf_addf(&text, "Needs the scope `%s`.", describe_scope(op));
    }
    part_text(w, "description", buf_cstr(&text));
    buf_free(&text);
}

static void write_operation(const struct operation *op,
                            const struct examples *e, struct json_writer *w)
{
    static const char *const words[] = {
        [WEB_GET] = "get",         [WEB_HEAD] = "head",
        [WEB_POST] = "post",       [WEB_PUT] = "put",
        [WEB_PATCH] = "patch",     [WEB_DELETE] = "delete",
        [WEB_OPTIONS] = "options", [WEB_OTHER] = "trace",
    };

    part_object(w, words[op->method]);
    part_text(w, "operationId", op->name);
    part_text(w, "summary", op->summary);
    write_description(op, w);
    part_array(w, "tags");
    json_add_text(w, str_of(describe_group(op)->name));
    json_array_end(w);
    write_security(op, w);
    write_parameters(op, w);
    write_body(op, e, w);
    part_object(w, "responses");
    write_success(op, e, w);
    parts_write_problems(op, w);
    json_object_end(w);
    json_object_end(w);
}

/* Operations of one path stand together, at the first's place. */
static void write_paths(const struct examples *e, struct json_writer *w)
{
    const struct operation *list[OPERATIONS_MAX];
    size_t count = routes_all(list);

    part_object(w, "paths");
    for (size_t i = 0; i < count; i++) {
        const char *path = list[i]->pattern;
        bool is_done = false;

        for (size_t k = 0; k < i; k++) {
            is_done = is_done || strcmp(list[k]->pattern, path) == 0;
        }
        if (is_done) {
            continue;
        }
        part_object(w, path);
        for (size_t k = i; k < count; k++) {
            if (strcmp(list[k]->pattern, path) == 0) {
                write_operation(list[k], e, w);
            }
        }
        json_object_end(w);
    }
    json_object_end(w);
}

static void write_components(const struct examples *e, struct json_writer *w)
{
    part_object(w, "components");
    part_object(w, "securitySchemes");
    part_object(w, "ApiKey");
    part_text(w, "type", "apiKey");
    part_text(w, "in", "header");
    part_text(w, "name", "X-API-Key");
    part_text(w, "description",
              "`porter_sk_` and 49 letters and digits. A key has scopes.");
    json_object_end(w);
    json_object_end(w);
    schemas_write(e, w);
    parts_write_parameters(w);
    parts_write_headers(w);
    parts_write_responses(e, w);
    json_object_end(w);
}

static void write_document(const char *public_url, const struct examples *e,
                           struct json_writer *w)
{
    json_object_begin(w);
    part_text(w, "openapi", "3.1.0");
    write_info(w);
    write_servers(public_url, w);
    write_tags(w);
    write_paths(e, w);
    parts_write_webhooks(e, w);
    write_components(e, w);
    json_object_end(w);
}

void openapi_write(const char *public_url, const struct examples *e,
                   struct buf *out)
{
    struct json_writer w = json_writer(out);

    write_document(public_url, e, &w);
}

void openapi_print(struct buf *out)
{
    struct json_writer w = json_writer(out);
    struct examples *e = examples_new();

    w.pretty = true;
    write_document("", e, &w);
    buf_add_char(out, '\n');
    examples_free(e);
}
