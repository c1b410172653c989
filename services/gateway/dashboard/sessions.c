/* A person's own sessions: list, end. */
#include "gateway/dashboard/dashboard.h"

#include "gateway/dashboard/body.h"
#include "gateway/dashboard/door.h"

static handler_fn list_sessions, end_session;

/* clang-format off */
static const struct operation operations[] = {
    {WEB_GET, "/dashboard/api/sessions", 0, 0, list_sessions,
     "list_sessions", "List your sessions", .status = HTTP_OK},
    {WEB_DELETE, "/dashboard/api/sessions/{id}", 0, OP_DIRECT, end_session,
     "end_session", "End one of your sessions", .status = HTTP_NO_CONTENT},
};
const struct operation_table session_operations = OPERATIONS(operations);
/* clang-format on */

static bool list_sessions(struct call *call, struct err *err)
{
    struct person_session_row *list = NULL;
    struct json_writer w;
    size_t count = 0;

    if (!call_no_params(call, err) ||
        !person_session_list(call->db, call->person, call->now_us, call->arena,
                             &list, &count, err)) {
        return false;
    }
    w = body_begin(call, HTTP_OK);
    body_array(&w, "sessions");
    for (size_t i = 0; i < count; i++) {
        json_object_begin(&w);
        body_id(&w, "id", ID_SESSION, list[i].id);
        body_bool(&w, "current", id_eq(list[i].id, call->person->id));
        body_time(&w, "created_at", list[i].created_at_us);
        body_time(&w, "last_seen_at", list[i].last_seen_at_us);
        body_text(&w, "address", list[i].address);
        body_text_or_null(&w, "user_agent", list[i].user_agent);
        json_object_end(&w);
    }
    json_array_end(&w);
    json_object_end(&w);
    return true;
}

static bool end_session(struct call *call, struct err *err)
{
    const struct person_session *s = call->person;
    struct author by = call_author(call);
    struct id id = {{0}};

    if (!call_no_params(call, err) ||
        !call_path_id(call, ID_SESSION, &id, err) ||
        !person_session_end(call->db, s->org_id, s->user_id, id, &by,
                            call->now_us, err)) {
        return false;
    }
    if (id_eq(id, s->id)) {
        door_set_cookie(call, NULL);
    }
    call_answer(call, HTTP_NO_CONTENT, STR_NONE);
    return true;
}
