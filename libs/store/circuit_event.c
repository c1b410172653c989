/* The payload is made here, not in SQL: the webhook is read back within the
 * transaction, as the API would show it, and packed. Such changes are rare. */
#include "circuit_event.h"

#include "message/message.h"
#include "row.h"
#include "store_sql.h"
#include "target.h"

#include <inttypes.h>

#define ARENA_BYTES 16384

/* The request of nobody: the dispatcher found it. */
static struct cause cause_of(struct webhook_key key)
{
    return (struct cause){.org_id = key.org_id};
}

bool circuit_lock(struct tx *tx, struct webhook_key key, struct err *err)
{
    return tx_run(tx, &sql_circuit_lock,
                  ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id)), NULL,
                  err);
}

static bool held_count(struct tx *tx, struct webhook_key key, int64_t *count,
                       struct err *err)
{
    struct db_rows *rows = NULL;

    if (!tx_run(tx, &sql_circuit_held,
                ARGS(ARG_UUID(key.org_id), ARG_UUID(key.webhook_id),
                     ARG_INT(CIRCUIT_HELD_MAX)),
                &rows, err)) {
        return false;
    }
    *count = db_int(rows, 0, 0);
    db_rows_free(rows);
    return true;
}

static void set_text(struct target t, const char *name, struct str s)
{
    if (s.len > 0) {
        message_set_text(target_field(t, name), s, t.arena);
    }
}

static bool make_trouble(struct tx *tx, struct webhook_key key,
                         const struct circuit_trouble *trouble,
                         struct arena *arena, Porter__V1__WebhookTrouble **out,
                         struct err *err)
{
    const struct target t = {
        message_new(&porter__v1__webhook_trouble__descriptor, arena), arena};
    int64_t held = 0;

    if (trouble->why->status != 0) {
        message_set_int(target_field(t, "status"), trouble->why->status);
    }
    set_text(t, "failure", trouble->why->failure);
    set_text(t, "detail", trouble->why->detail);
    if (trouble->since_us != DB_TIME_NULL) {
        message_set_time(target_field(t, "since"), trouble->since_us, arena);
    }
    if (trouble->failures > 0) {
        message_set_int(target_field(t, "failure_count"), trouble->failures);
    }
    if (trouble->counts_held) {
        if (!held_count(tx, key, &held, err)) {
            return false;
        }
        message_set_int(target_field(t, "held_count"), held);
    }
    *out = (Porter__V1__WebhookTrouble *)(void *)t.m;
    return true;
}

static bool insert(struct tx *tx, struct webhook_key key,
                   const Porter__V1__Event *event, int64_t now_us,
                   struct err *err)
{
    const unsigned shard = event_shard(key.webhook_id);
    struct buf payload = BUF_EMPTY;
    struct buf bits = BUF_EMPTY;
    bool ok = false;

    message_pack(&event->base, &payload);
    buf_addf(&bits, "%u", 1U << shard);
    ok = tx_run(
        tx, &sql_circuit_event,
        ARGS(ARG_UUID(key.org_id), ARG_UUID(row_id(ID_EVENT, event->id)),
             ARG_TEXT(str_of(event->type)), ARG_TEXT(event_subject(event)),
             ARG_BYTES(buf_str(&payload)), ARG_TIME(now_us), ARG_INT(shard),
             ARG_TEXT(buf_str(&bits))),
        NULL, err);
    buf_free(&bits);
    buf_free(&payload);
    return ok;
}

bool circuit_tell(struct tx *tx, struct webhook_key key,
                  const struct circuit_trouble *trouble, int64_t now_us,
                  struct err *err)
{
    const struct cause cause = cause_of(key);
    struct arena *arena = arena_new(ARENA_BYTES);
    Porter__V1__Webhook *webhook = NULL;
    Porter__V1__WebhookTrouble *why = NULL;
    bool ok = webhook_find(tx_db(tx), key.org_id, key.webhook_id, now_us, arena,
                           &webhook, err) &&
              make_trouble(tx, key, trouble, arena, &why, err);

    if (ok) {
        Porter__V1__Event *event =
            event_new(trouble->type, &cause, &webhook->base, now_us, arena);
        event_set_trouble(event, why);
        ok = insert(tx, key, event, now_us, err);
    }
    arena_free(arena);
    return ok;
}
