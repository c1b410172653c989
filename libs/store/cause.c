/* What may be a request's id. Pure. */
#include "store/cause.h"

bool cause_is_request_id(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] < 0x20 || s.data[i] > 0x7e) {
            return false;
        }
    }
    return s.len > 0 && s.len <= REQUEST_ID_MAX;
}
