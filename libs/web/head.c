/* Line by line: request line, fields, then the rules that need all of them. */
#include "web/head.h"

#include "web/query.h"

#include <assert.h>

static const struct {
    struct str text;
    enum web_method method;
} methods[] = {
    {{"GET", 3}, WEB_GET},         {{"HEAD", 4}, WEB_HEAD},
    {{"POST", 4}, WEB_POST},       {{"PUT", 3}, WEB_PUT},
    {{"PATCH", 5}, WEB_PATCH},     {{"DELETE", 6}, WEB_DELETE},
    {{"OPTIONS", 7}, WEB_OPTIONS},
};

static bool refuse(struct head_fault *fault, enum web_refusal code,
                   const char *detail)
{
    *fault = (struct head_fault){code, detail};
    return false;
}

static bool malformed(struct head_fault *fault, const char *detail)
{
    return refuse(fault, WEB_REFUSE_MALFORMED, detail);
}

/* Field values may hold visible ASCII, blanks and bytes from 0x80 on. */
static bool is_field_value(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool is_visible(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] <= 0x20 || s.data[i] >= 0x7f) {
            return false;
        }
    }
    return true;
}

/* The next line without its CRLF; only CRLF ends a line. */
static bool next_line(struct str *rest, struct str *line)
{
    const char *end = memchr(rest->data, '\r', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->data);

    if (rest->len - len < 2 || rest->data[len + 1] != '\n' ||
        memchr(rest->data, '\n', len) != NULL) {
        return false;
    }
    *line = (struct str){rest->data, len};
    rest->data += len + 2;
    rest->len -= len + 2;
    return true;
}

static enum web_method method_of(struct str text)
{
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (str_eq(methods[i].text, text)) {
            return methods[i].method;
        }
    }
    return WEB_OTHER;
}

/* "%2F" would be one segment to some and two to others. */
static bool has_escaped_slash(struct str path)
{
    for (size_t i = 0; i + 2 < path.len; i++) {
        if (path.data[i] == '%' && path.data[i + 1] == '2' &&
            (path.data[i + 2] == 'F' || path.data[i + 2] == 'f')) {
            return true;
        }
    }
    return false;
}

/* Path and query of the target; only the origin form is served. */
static bool read_target(struct str target, struct arena *arena,
                        struct web_request *req, struct head_fault *fault)
{
    const char *mark = NULL;
    struct str path = target;

    if (target.len == 0 || target.data[0] != '/') {
        return malformed(fault, "The request target is not an absolute path.");
    }
    if (!is_visible(target) || str_has(target, '#')) {
        return malformed(fault, "The request target holds a character that "
                                "must be percent-encoded.");
    }
    mark = memchr(target.data, '?', target.len);
    if (mark != NULL) {
        path.len = (size_t)(mark - target.data);
        req->query = (struct str){mark + 1, target.len - path.len - 1};
    }
    if (has_escaped_slash(path)) {
        return malformed(fault, "The path holds an escaped slash.");
    }
    if (!percent_decode(path, false, arena, &req->path) ||
        str_has_control(req->path, "") || !str_is_utf8(req->path)) {
        req->path = path;
        return malformed(fault, "The path holds a bad percent-escape.");
    }
    return true;
}

static bool read_request_line(struct str line, struct arena *arena,
                              struct web_request *req, bool *is_1_0,
                              struct head_fault *fault)
{
    struct str rest = line;
    struct str target = STR_NONE;

    if (!str_split(&rest, ' ', &req->method_text) ||
        !str_is_token(req->method_text) || !str_split(&rest, ' ', &target) ||
        !str_starts(rest, STR("HTTP/")) || str_has(rest, ' ')) {
        return malformed(fault, "The request line is not "
                                "'method target HTTP/1.1'.");
    }
    req->method = method_of(req->method_text);
    *is_1_0 = str_eq(rest, STR("HTTP/1.0"));
    if (!*is_1_0 && !str_eq(rest, STR("HTTP/1.1"))) {
        return refuse(fault, WEB_REFUSE_VERSION,
                      "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
    }
    if (!read_target(target, arena, req, fault)) {
        return false;
    }
    if (req->method == WEB_OTHER) {
        return refuse(fault, WEB_REFUSE_METHOD,
                      "The method is none of GET, HEAD, POST, PUT, PATCH, "
                      "DELETE, OPTIONS.");
    }
    return true;
}

static bool read_field(struct str line, struct web_request *req,
                       struct head_fault *fault)
{
    struct web_header *h = NULL;
    const char *colon = memchr(line.data, ':', line.len);

    if (line.data[0] == ' ' || line.data[0] == '\t') {
        return malformed(fault, "A header continues on a second line.");
    }
    if (colon == NULL) {
        return malformed(fault, "A header line has no colon.");
    }
    if (req->header_count == WEB_HEADERS_MAX) {
        return refuse(fault, WEB_REFUSE_HEAD_SIZE,
                      "There are more than 64 headers.");
    }
    h = &req->headers[req->header_count];
    h->name = (struct str){line.data, (size_t)(colon - line.data)};
    h->value = str_trim((struct str){colon + 1, line.len - h->name.len - 1});
    if (!str_is_token(h->name)) {
        return malformed(fault, "A header's name holds a character that is "
                                "not allowed.");
    }
    if (!is_field_value(h->value)) {
        return malformed(fault, "A header's value holds a control character.");
    }
    req->header_count++;
    return true;
}

/* Does the comma list hold the word? */
static bool list_has(struct str list, struct str word)
{
    struct str part = STR_NONE;

    while (str_split(&list, ',', &part)) {
        if (str_eq_ci(str_trim(part), word)) {
            return true;
        }
    }
    return false;
}

/* How the body is framed: one way, said once. */
static bool read_framing(const struct web_request *req, bool is_1_0,
                         struct head *out, struct head_fault *fault)
{
    struct str length = web_header(req, STR("Content-Length"));
    struct str coding = web_header(req, STR("Transfer-Encoding"));
    size_t lengths = web_header_count(req, STR("Content-Length"));
    size_t codings = web_header_count(req, STR("Transfer-Encoding"));

    if (lengths > 1) {
        return malformed(fault, "Content-Length is there more than once.");
    }
    if (codings > 0 && (lengths > 0 || is_1_0)) {
        return malformed(fault, "Transfer-Encoding can't be used with "
                                "Content-Length or with HTTP/1.0.");
    }
    if (codings > 1 || (codings == 1 && !str_eq_ci(coding, STR("chunked")))) {
        return refuse(fault, WEB_REFUSE_ENCODING,
                      "The only transfer coding spoken here is 'chunked'.");
    }
    if (lengths == 1 && !str_to_u64(length, HEAD_LENGTH_MAX, &out->length)) {
        return malformed(fault, "Content-Length is not a number of bytes.");
    }
    out->has_length = lengths == 1;
    out->is_chunked = codings == 1;
    return true;
}

/* civetweb keeps a connection only when Connection is absent (1.1) or holds
 * keep-alive, and never after Upgrade; we say so to the client. */
static void read_connection(const struct web_request *req, bool is_1_0,
                            struct head *out)
{
    struct str value = web_header(req, STR("Connection"));
    size_t count = web_header_count(req, STR("Connection"));

    if (count == 0) {
        out->wants_close = is_1_0;
    } else {
        out->wants_close = count > 1 || list_has(value, STR("close")) ||
                           !list_has(value, STR("keep-alive"));
    }
    if (web_header_count(req, STR("Upgrade")) > 0) {
        out->wants_close = true;
    }
    out->wants_continue = !is_1_0 && str_eq_ci(web_header(req, STR("Expect")),
                                               STR("100-continue"));
}

bool head_read(struct str raw, struct arena *arena, struct web_request *req,
               struct head *out, struct head_fault *fault)
{
    struct str rest = raw;
    struct str line = STR_NONE;
    struct head head = {0};
    bool is_1_0 = false;
    size_t hosts = 0;

    assert(arena != NULL);
    if (raw.len == 0 || !next_line(&rest, &line)) {
        return malformed(fault, "A line of the head does not end with CRLF.");
    }
    if (!read_request_line(line, arena, req, &is_1_0, fault)) {
        return false;
    }
    for (;;) {
        if (rest.len == 0 || !next_line(&rest, &line)) {
            return malformed(fault,
                             "A line of the head does not end with CRLF.");
        }
        if (line.len == 0) {
            break;
        }
        if (!read_field(line, req, fault)) {
            return false;
        }
    }
    if (rest.len > 0) {
        return malformed(fault, "The head goes on after its empty line.");
    }
    hosts = web_header_count(req, STR("Host"));
    if (hosts > 1 || (hosts == 0 && !is_1_0)) {
        return malformed(fault, "Host must be there exactly once.");
    }
    if (!read_framing(req, is_1_0, &head, fault)) {
        return false;
    }
    read_connection(req, is_1_0, &head);
    *out = head;
    return true;
}

struct str web_header(const struct web_request *r, struct str name)
{
    for (size_t i = 0; i < r->header_count; i++) {
        if (str_eq_ci(r->headers[i].name, name)) {
            return r->headers[i].value;
        }
    }
    return STR_NONE;
}

size_t web_header_count(const struct web_request *r, struct str name)
{
    size_t count = 0;

    for (size_t i = 0; i < r->header_count; i++) {
        if (str_eq_ci(r->headers[i].name, name)) {
            count++;
        }
    }
    return count;
}
