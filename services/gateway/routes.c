/* Road step 5: the list of resources. Their tables are the API. */
#include "gateway/routes.h"

#include "gateway/resources/resources.h"
#include "store/key.h"

#include <assert.h>

static const struct operation_table *const tables[] = {
    &visitor_operations,
    &visitor_change_operations,
    &location_operations,
    &contractor_operations,
    &contractor_change_operations,
    &evacuation_operations,
    &evacuation_change_operations,
    &webhook_operations,
    &signature_operations,
    &delivery_operations,
    &event_operations,
    &rate_limit_operations,
    &docs_operations,
};

size_t routes_all(const struct operation *list[OPERATIONS_MAX])
{
    size_t count = 0;

    for (size_t t = 0; t < COUNT_OF(tables); t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            assert(count < OPERATIONS_MAX);
            list[count++] = &tables[t]->rows[i];
        }
    }
    return count;
}

size_t routes_index(const struct operation *op)
{
    size_t before = 0;

    for (size_t t = 0; t < COUNT_OF(tables); t++) {
        const struct operation_table *table = tables[t];

        if (op >= table->rows && op < table->rows + table->count) {
            return before + (size_t)(op - table->rows);
        }
        before += table->count;
    }
    assert(false && "an operation of no table");
    return 0;
}

struct router *routes_router(struct route routes[OPERATIONS_MAX])
{
    const struct operation *list[OPERATIONS_MAX];
    size_t count = routes_all(list);

    for (size_t i = 0; i < count; i++) {
        routes[i] = (struct route){list[i]->method, list[i]->pattern, list[i]};
    }
    return router_new(routes, count);
}

bool routes_check(struct err *err)
{
    const struct operation *list[OPERATIONS_MAX];
    size_t count = routes_all(list);

    for (size_t i = 0; i < count; i++) {
        if (list[i]->rules != NULL && !rules_check(list[i]->rules(), err)) {
            return err_wrap(err, "the rules of %s", list[i]->name);
        }
    }
    return true;
}

static const char *method_word(enum web_method method)
{
    static const char *const words[] = {
        [WEB_GET] = "GET",         [WEB_HEAD] = "HEAD",
        [WEB_POST] = "POST",       [WEB_PUT] = "PUT",
        [WEB_PATCH] = "PATCH",     [WEB_DELETE] = "DELETE",
        [WEB_OPTIONS] = "OPTIONS", [WEB_OTHER] = "OTHER",
    };

    return words[method];
}

static const char *scope_word(const struct operation *op)
{
    if ((op->flags & OP_OPEN) != 0) {
        return "open";
    }
    for (size_t i = 0; i < KEY_SCOPE_COUNT; i++) {
        if (op->scope == 1U << i) {
            return key_scope_words[i];
        }
    }
    return "any";
}

void routes_print(struct buf *out)
{
    const struct operation *list[OPERATIONS_MAX];
    size_t count = routes_all(list);

    for (size_t i = 0; i < count; i++) {
        bool is_free = (list[i]->flags & (OP_OPEN | OP_UNCOUNTED)) != 0;

        buf_addf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", method_word(list[i]->method),
                 list[i]->pattern, scope_word(list[i]),
                 is_free ? "uncounted" : "counted", list[i]->name,
                 list[i]->summary);
    }
}
