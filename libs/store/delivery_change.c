/* What people ask of the ledger: a sample, or the same once more. Both are rows
 * that come due; the dispatcher does the sending. */
#include "store/delivery.h"

#include "store_sql.h"

#include <assert.h>

static struct delivery sample_row(const struct delivery_sample *what,
                                  struct arena *arena)
{
    Porter__V1__Event *event =
        event_sample(what->type, &what->cause, what->now_us, arena);
    struct buf body = BUF_EMPTY;
    struct delivery d = {
        .org_id = what->cause.org_id,
        .webhook_id = what->webhook_id,
        .event_at_us = what->now_us,
        .event_type = str_of(event->type),
        .subject = event_subject(event),
        .state = DELIVERY_PENDING,
        .is_test = true,
        .due_at_us = what->now_us,
        .finished_at_us = DB_TIME_NULL,
        .created_at_us = what->now_us,
        .request_id = what->cause.request_id,
    };
    bool ok = id_read(ID_EVENT, str_of(event->id), &d.event_id);

    if (traceparent_read(what->cause.traceparent, &d.trace)) {
        d.trace.span = 0; /* The cause's; the row has none. */
    }

    assert(ok); /* It was made a moment ago. */
    (void)ok;
    d.id = id_pair(d.event_id, what->webhook_id);
    event_body(event, &body);
    d.body = arena_str(arena, buf_str(&body));
    buf_free(&body);
    return d;
}

bool delivery_test(struct db *db, const struct delivery_sample *what,
                   struct arena *arena, struct delivery *out, struct err *err)
{
    struct delivery d = sample_row(what, arena);

    if (!db_run(db, &sql_delivery_test,
                ARGS(ARG_UUID(d.org_id), ARG_UUID(d.id),
                     ARG_TIME(d.event_at_us), ARG_UUID(d.event_id),
                     ARG_UUID(d.webhook_id), ARG_TEXT(d.event_type),
                     ARG_TEXT(d.subject), ARG_TIME(d.due_at_us),
                     ARG_BYTES(d.body), ARG_TIME(d.created_at_us),
                     ARG_TEXT(d.request_id), ARG_UUID_OR_NULL(d.trace.id),
                     ARG_INT(d.trace.flags)),
                NULL, err)) {
        return false;
    }
    *out = d;
    return true;
}

bool delivery_retry(struct db *db, const struct delivery *d, int64_t now_us,
                    const struct author *by, bool *changed, struct err *err)
{
    struct id_text subject = id_text(ID_DELIVERY, d->id);
    struct db_rows *rows = NULL;

    if (!db_run(db, &sql_delivery_retry,
                ARGS(ARG_UUID(d->org_id), ARG_UUID(d->id),
                     ARG_TIME(d->event_at_us), ARG_TIME(d->finished_at_us),
                     ARG_TIME(now_us), ARG_UUID(id_new()), ARG_TEXT(by->actor),
                     ARG_TEXT(str_of(subject.data)), ARG_TEXT(by->request_id),
                     ARG_TEXT(by->address)),
                &rows, err)) {
        return false;
    }
    *changed = db_count(rows) > 0;
    db_rows_free(rows);
    return true;
}
