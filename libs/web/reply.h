/* A response as the bytes of one write. Pure but for the Date. */
#ifndef PORTER_WEB_REPLY_H
#define PORTER_WEB_REPLY_H

#include "web/web.h"

/* Status line, our headers, the response's, and the body unless is_head or
 * the status has none. Asserts on a status outside 200..599. */
void reply_write(const struct web_response *res, bool is_head, bool close,
                 int64_t now_us, struct buf *out);

#endif
