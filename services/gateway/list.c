/* Lists: what is asked, and the frame around the rows. */
#include "gateway/list.h"

#include <assert.h>

/* One that was given before the master key was changed is as good. */
static bool read_place(struct call *call, struct list *l, struct err *err)
{
    const struct gateway *g = call->gateway;
    bool ok = false;

    for (size_t i = 0; !ok && i < g->seal_keys.count; i++) {
        err_clear(err);
        ok =
            page_read(gateway_cursor_secret(g, i), &l->binding,
                      l->params[LIST_CURSOR].text, call->arena, &l->after, err);
    }
    return ok;
}

static bool read_cursor(struct call *call, struct list *l, struct err *err)
{
    struct buf filters = BUF_EMPTY;

    params_canonical(l->table, l->params, &filters);
    for (size_t i = 0; i < call->match.value_count; i++) {
        buf_add(&filters, call->match.values[i]); /* Whose list it is. */
        buf_add_char(&filters, '\0');
    }
    l->binding =
        page_binding(str_of(l->name), call_org(call), buf_str(&filters));
    buf_free(&filters);
    if (!l->params[LIST_CURSOR].is_set) {
        return true;
    }
    l->goes_on = read_place(call, l, err);
    if (!l->goes_on) {
        call->problem = PROBLEM_INVALID_CURSOR;
    }
    return l->goes_on;
}

bool list_read(struct call *call, const char *name,
               const struct param_table *table, struct list *out,
               struct err *err)
{
    struct query *query = arena_take(call->arena, sizeof *query);
    struct param_value *values =
        arena_take(call->arena, table->count * sizeof *values);

    if (!query_read(call->request->query, call->arena, query, err)) {
        return false;
    }
    if (!params_read(table, query, call_faults(call), values)) {
        return call_refuse_faults(call, PROBLEM_INVALID_PARAMETER, err);
    }
    *out = (struct list){
        .name = name,
        .table = table,
        .params = values,
        .limit = values[LIST_LIMIT].is_set ? (unsigned)values[LIST_LIMIT].number
                                           : LIST_LIMIT_DEFAULT,
    };
    return read_cursor(call, out, err);
}

struct json_writer list_begin(struct call *call, const struct list *list)
{
    struct json_writer w = json_writer(&call->response->body);

    json_object_begin(&w);
    json_key(&w, str_of(list->name));
    json_array_begin(&w);
    return w;
}

/* Link: <https://host/api/v1/visitors?…&cursor=…>; rel="next" */
static void add_link(struct call *call, const struct list *list,
                     struct str cursor)
{
    struct buf link = BUF_EMPTY;

    buf_add_char(&link, '<');
    buf_add(&link, call_base_url(call));
    buf_add(&link, call->request->path); /* It fits the route's pattern. */
    buf_add_char(&link, '?');
    params_query(list->table, list->params, cursor, &link);
    BUF_ADD(&link, ">; rel=\"next\"");
    web_add_header(call->response, STR("Link"), buf_str(&link));
    buf_free(&link);
}

static void write_end(const struct list *list, const struct list_end *end,
                      struct str cursor, struct json_writer *w)
{
    json_array_end(w);
    json_key(w, STR("pagination"));
    json_object_begin(w);
    json_key(w, STR("limit"));
    json_add_int(w, list->limit);
    json_key(w, STR("has_more"));
    json_add_bool(w, end->has_more);
    json_key(w, STR("next_cursor"));
    if (end->has_more) {
        json_add_text(w, cursor);
    } else {
        json_add_null(w);
    }
    if (list->is_log) {
        json_key(w, STR("after"));
        if (list->log_end.len > 0) {
            json_add_text(w, list->log_end);
        } else {
            json_add_null(w);
        }
    }
    if (end->total >= 0) {
        json_key(w, STR("total_count"));
        json_add_int(w, end->total);
        json_key(w, STR("total_is_exact"));
        json_add_bool(w, !list->is_low_total);
    }
    json_object_end(w);
    json_object_end(w);
}

bool list_has_more(const struct list *list, size_t *count, struct list_end *end)
{
    if (*count <= list->limit) {
        return false;
    }
    *count = list->limit;
    end->has_more = true;
    return true;
}

/* Nothing in a list differs from one request to the next, so its bytes can
 * stand for its version. */
void list_finish(struct call *call, const struct list *list,
                 struct json_writer *w, const struct list_end *end)
{
    struct buf cursor = BUF_EMPTY;

    if (end->has_more) {
        page_write(gateway_cursor_secret(call->gateway, 0), &list->binding,
                   &end->last, &cursor);
    }
    write_end(list, end, buf_str(&cursor), w);
    if (!call_reply_written(call) && end->has_more) {
        add_link(call, list, buf_str(&cursor));
    }
    buf_free(&cursor);
}

void list_answer(struct call *call, const struct list *list,
                 ProtobufCMessage *const *rows, size_t count,
                 list_key_fn *key_of, int64_t total)
{
    struct list_end end = {
        .has_more = list->is_cut, .last = list->cut, .total = total};
    struct json_writer w = list_begin(call, list);

    if (list_has_more(list, &count, &end)) {
        end.last = key_of(rows[count - 1]);
    }
    for (size_t i = 0; i < count; i++) {
        message_write_json(rows[i], &w);
    }
    list_finish(call, list, &w, &end);
}
