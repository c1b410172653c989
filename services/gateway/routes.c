/* Road step 5: the list of resources. Their tables are the API. */
#include "gateway/routes.h"

#include "gateway/dashboard/dashboard.h"
#include "gateway/dashboard/role.h"
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
    &replay_operations,
    &stats_operations,
    &event_operations,
    &rate_limit_operations,
    &docs_operations,
};

/* clang-format off */
static const struct operation_table *const inner_tables[] = {
    &sign_in_operations,
    &session_operations,
    &invitation_operations,
    &people_operations,
    &me_operations,
    &key_operations,
    &key_call_operations,
    &webhook_secret_operations,
    &webhook_number_operations,
    &audit_operations,
    &departure_operations,
    &overview_operations,
    &change_operations,
    &rule_operations,
};
/* clang-format on */

static size_t collect(const struct operation_table *const *from, size_t count,
                      const struct operation *list[OPERATIONS_MAX])
{
    size_t n = 0;

    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; i < from[t]->count; i++) {
            assert(n < OPERATIONS_MAX);
            list[n++] = &from[t]->rows[i];
        }
    }
    return n;
}

size_t routes_all(const struct operation *list[OPERATIONS_MAX])
{
    return collect(tables, COUNT_OF(tables), list);
}

size_t routes_inner(const struct operation *list[OPERATIONS_MAX])
{
    return collect(inner_tables, COUNT_OF(inner_tables), list);
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

static struct router *router_of(const struct operation *const *list,
                                size_t count,
                                struct route routes[OPERATIONS_MAX])
{
    for (size_t i = 0; i < count; i++) {
        routes[i] = (struct route){list[i]->method, list[i]->pattern, list[i]};
    }
    return router_new(routes, count);
}

struct router *routes_router(struct route routes[OPERATIONS_MAX])
{
    const struct operation *list[OPERATIONS_MAX];
    size_t count = routes_all(list);

    return router_of(list, count, routes);
}

struct router *routes_inner_router(struct route routes[OPERATIONS_MAX])
{
    const struct operation *list[OPERATIONS_MAX];
    size_t count = routes_inner(list);

    return router_of(list, count, routes);
}

static bool check_rules(const struct operation *const *list, size_t count,
                        struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i]->rules != NULL && !rules_check(list[i]->rules(), err)) {
            return err_wrap(err, "the rules of %s", list[i]->name);
        }
    }
    return true;
}

bool routes_check(struct err *err)
{
    const struct operation *list[OPERATIONS_MAX];
    const struct operation *inner[OPERATIONS_MAX];
    size_t count = routes_all(list);
    size_t inner_count = routes_inner(inner);

    return check_rules(list, count, err) &&
           check_rules(inner, inner_count, err);
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

static const char *least_role(const struct operation *op)
{
    for (unsigned r = 0; r < ROLE_COUNT; r++) {
        if ((role_rights((enum role)r) & op->scope) == op->scope) {
            return role_words[r];
        }
    }
    return "nobody";
}

static void print_inner(const struct operation *op, const char *prefix,
                        struct buf *out)
{
    buf_addf(out, "%s\t%s%s\t%s\t%s\t%s\t%s\n", method_word(op->method), prefix,
             op->pattern, (op->flags & OP_OPEN) != 0 ? "open" : least_role(op),
             (op->flags & OP_CONFIRMED) != 0 ? "confirmed" : "", op->name,
             op->summary);
}

void routes_print_inner(struct buf *out)
{
    const struct operation *list[OPERATIONS_MAX];
    size_t count = routes_inner(list);

    for (size_t i = 0; i < count; i++) {
        print_inner(list[i], "", out);
    }
    count = routes_all(list);
    for (size_t i = 0; i < count; i++) {
        if ((list[i]->flags & (OP_OPEN | OP_KEY_ONLY)) == 0) {
            print_inner(list[i], "/dashboard", out);
        }
    }
}
