/* Lists of ids in a body. */
#include "gateway/id_list.h"

struct id_list id_list_read(struct call *call, const struct json *body,
                            const char *field, enum id_kind kind, size_t max)
{
    const struct json *sent = json_find(body, field);
    struct id_list list = {
        .field = field,
        .ids = arena_zero(call->arena, max, sizeof *list.ids),
        .places = arena_zero(call->arena, max, sizeof *list.places),
    };

    if (sent == NULL || json_type(sent) != JSON_ARRAY) {
        return list;
    }
    for (size_t i = 0; i < json_count(sent) && i < max; i++) {
        const struct json *v = json_at(sent, i);

        if (json_type(v) == JSON_TEXT &&
            id_read(kind, json_text(v), &list.ids[list.count])) {
            list.places[list.count++] = i;
        }
    }
    return list;
}

void id_list_fault(struct call *call, const struct id_list *list, size_t at,
                   enum fault_code code, const char *sentence)
{
    struct str field =
        arena_printf(call->arena, "%s[%zu]", list->field, list->places[at]);

    (void)fault_add(call_faults(call), field, code, "%s", sentence);
}

static bool has(const struct id_list *list, size_t count, struct id id)
{
    for (size_t i = 0; i < count; i++) {
        if (id_eq(list->ids[i], id)) {
            return true;
        }
    }
    return false;
}

void id_list_check_once(struct call *call, const struct id_list *list,
                        const struct id_list *other)
{
    for (size_t i = 0; i < list->count; i++) {
        if (has(list, i, list->ids[i])) {
            id_list_fault(call, list, i, FAULT_NOT_ALLOWED,
                          "is in the list already");
        } else if (other != NULL && has(other, other->count, list->ids[i])) {
            id_list_fault(call, list, i, FAULT_NOT_ALLOWED,
                          "is in the other list, too");
        }
    }
}
