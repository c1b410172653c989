/* Files from the program itself: no disk, no path is ever opened. */
#include "gateway/screens.h"

#include "gateway/accept.h"

#include "dashboard_files.h"

#include <assert.h>

#define HOME "/dashboard"
#define ASSETS "/dashboard/assets/"
#define INNER_API "/dashboard/api"

/* Nothing from elsewhere, no inline script or style, no frame; text can't
 * become script, because nothing may make it so. */
static const struct {
    const char *name;
    const char *value;
} fixed_headers[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; "
     "img-src 'self' data:; connect-src 'self'; "
     "require-trusted-types-for 'script'; trusted-types 'none'; "
     "frame-ancestors 'none'; "
     "base-uri 'none'; form-action 'self'"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

/* The path itself, or something below it. */
static bool is_under(struct str path, struct str root)
{
    return str_starts(path, root) &&
           (path.len == root.len || path.data[root.len] == '/');
}

static const struct dashboard_file *page(void)
{
    assert(dashboard_file_count > 0 && dashboard_files[0].name.len == 0);
    return &dashboard_files[0];
}

/* NULL: an asset that this build does not have. */
static const struct dashboard_file *find(struct str path)
{
    const struct str root = STR(ASSETS);

    if (!str_starts(path, root)) {
        return page();
    }
    path = (struct str){path.data + root.len, path.len - root.len};
    for (size_t i = 1; i < dashboard_file_count; i++) {
        if (str_eq(dashboard_files[i].name, path)) {
            return &dashboard_files[i];
        }
    }
    return NULL;
}

/* The smallest form that the browser takes. */
static void add_body(struct call *call, const struct dashboard_file *file)
{
    struct str accepted = web_header(call->request, STR("Accept-Encoding"));
    struct str coding = STR_NONE;
    struct str body = file->plain;

    if (accept_takes_coding(accepted, STR("br"))) {
        coding = STR("br");
        body = file->br;
    } else if (accept_takes_coding(accepted, STR("gzip"))) {
        coding = STR("gzip");
        body = file->gzip;
    }
    buf_add(&call->response->body, body);
    if (coding.len > 0) {
        web_add_header(call->response, STR("Content-Encoding"), coding);
    }
}

static void answer_file(struct call *call, const struct dashboard_file *file)
{
    bool is_page = file->name.len == 0;

    call->cache =
        is_page ? STR("no-cache") : STR("public, max-age=31536000, immutable");
    call->is_packed = true;
    web_add_header(call->response, STR("Vary"), STR("Accept-Encoding"));
    for (size_t i = 0; i < COUNT_OF(fixed_headers); i++) {
        web_add_header(call->response, str_of(fixed_headers[i].name),
                       str_of(fixed_headers[i].value));
    }
    if (!call_has_tag(call, file->tag)) {
        call_answer(call, HTTP_OK, file->type);
        add_body(call, file);
    }
}

bool screens_serve(struct call *call, struct err *err)
{
    const struct web_request *req = call->request;
    const struct dashboard_file *file = NULL;

    if (!is_under(req->path, STR(HOME)) ||
        is_under(req->path, STR(INNER_API))) {
        return true;
    }
    if (req->method != WEB_GET && req->method != WEB_HEAD) {
        web_add_header(call->response, STR("Allow"), STR("GET, HEAD"));
        return call_refuse(call, PROBLEM_METHOD_NOT_ALLOWED, err,
                           "the dashboard's pages can only be read");
    }
    file = find(req->path);
    if (file == NULL) {
        return call_refuse(call, PROBLEM_NOT_FOUND, err,
                           "the dashboard has no such file; load it anew");
    }
    answer_file(call, file);
    return true;
}
