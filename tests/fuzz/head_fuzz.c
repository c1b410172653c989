/* Any bytes as a request head: read or refused, never both, never a crash; and
 * what was read holds nothing that could pass into a header or a log. */
#include "web/head.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct web_request *req, const struct head *head)
{
    if (req->path.len == 0 || req->path.data[0] != '/' ||
        str_has_control(req->path, "") ||
        web_header_count(req, STR("Content-Length")) > 1 ||
        (head->is_chunked && head->has_length)) {
        abort();
    }
    for (size_t i = 0; i < req->header_count; i++) {
        if (str_has(req->headers[i].value, '\n') ||
            str_has(req->headers[i].value, '\0')) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(1024);
    struct web_request req = {0};
    struct head head = {0};
    struct head_fault fault = {0};

    if (head_read((struct str){(const char *)data, size}, arena, &req, &head,
                  &fault)) {
        check(&req, &head);
    } else if (fault.detail == NULL) {
        abort();
    }
    arena_free(arena);
    return 0;
}
