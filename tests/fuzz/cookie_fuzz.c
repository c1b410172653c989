/* Any bytes as a Cookie header: what is found lies within them, and a cookie
 * that is put in front of them is the first that is found. */
#include "web/cookie.h"

#include "base/buf.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NAME STR("__Host-porter_session")

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str header = {(const char *)data, size};
    struct buf more = BUF_EMPTY;
    struct str value = STR_NONE;
    size_t count = cookie_read(header, NAME, &value);

    if (count > 0 && (value.data < header.data ||
                      value.data + value.len > header.data + header.len ||
                      str_has(value, ';'))) {
        abort();
    }
    BUF_ADD(&more, "__Host-porter_session=mine;");
    buf_add(&more, header);
    if (cookie_read(buf_str(&more), NAME, &value) != count + 1 ||
        !str_eq(value, STR("mine"))) {
        abort();
    }
    buf_free(&more);
    return 0;
}
