/* Visitors with their events, the outbox, keys and webhooks on a real
 * PostgreSQL. */
#include "support.h"

#include "crypt/crypt.h"
#include "message/message.h"
#include "signature/sign.h"
#include "store/location.h"
#include "store/outbox.h"
#include "store/visitor.h"
#include "store/webhook.h"

#include "store/key.h"

static const struct author me = {.actor = {"me", 2}};

static void set_text(ProtobufCMessage *m, const char *path, struct str value)
{
    message_set_text(message_find(m, str_of(path), t.arena), value, t.arena);
}

static void set_id(ProtobufCMessage *m, const char *path, enum id_kind kind,
                   struct id id)
{
    set_text(m, path, str_of(id_text(kind, id).data));
}

static void set_times(ProtobufCMessage *m)
{
    message_set_time(message_find(m, STR("created_at"), t.arena), t.now_us,
                     t.arena);
    message_set_time(message_find(m, STR("updated_at"), t.arena), t.now_us,
                     t.arena);
}

static struct id location_new(struct id org)
{
    ProtobufCMessage *m =
        message_new(&porter__v1__location__descriptor, t.arena);
    struct id id = id_new();
    struct err err = ERR_NONE;

    set_id(m, "id", ID_LOCATION, id);
    set_text(m, "name", STR("Zürich"));
    set_text(m, "timezone", STR("Europe/Zurich"));
    set_times(m);
    must(location_insert(t.db, org, (Porter__V1__Location *)(void *)m, &err),
         &err);
    return id;
}

static bool visitor_new(struct id org, struct id location, struct id id,
                        struct outbox_row *sent, struct err *err)
{
    ProtobufCMessage *m =
        message_new(&porter__v1__visitor__descriptor, t.arena);
    Porter__V1__Visitor *visitor = (Porter__V1__Visitor *)(void *)m;
    const struct cause cause = {.org_id = org, .request_id = STR("req_1")};

    set_id(m, "id", ID_VISITOR, id);
    set_id(m, "location_id", ID_LOCATION, location);
    set_text(m, "full_name", STR("Zoë 山田"));
    visitor->status = PORTER__V1__VISITOR_STATUS__VISITOR_STATUS_EXPECTED;
    set_times(m);
    return visitor_insert(t.db, &cause, visitor, t.arena, sent, err);
}

static int64_t outbox_rows(void)
{
    struct err err = ERR_NONE;
    int64_t rows = 0;
    int64_t oldest_us = 0;

    must(outbox_depth(t.db, t.now_us, &rows, &oldest_us, &err), &err);
    return rows;
}

static size_t turn(struct db_session *s, const struct outbox_ask *ask,
                   struct outbox_row **rows)
{
    struct err err = ERR_NONE;
    size_t count = 0;

    must(outbox_turn(s, ask, t.arena, t.arena, rows, &count, &err), &err);
    return count;
}

/* What the writer knows of its row is what a reader finds. */
static void assert_row_equal(const struct outbox_row *a,
                             const struct outbox_row *b)
{
    assert_true(id_eq(a->org_id, b->org_id) && id_eq(a->id, b->id));
    assert_int_equal(a->shard, b->shard);
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->webhooks_version, b->webhooks_version);
    assert_int_equal(a->created_at_us, b->created_at_us);
    assert_true(str_eq(a->aggregate, b->aggregate));
    assert_true(str_eq(a->subject, b->subject));
    assert_true(str_eq(a->type, b->type));
    assert_true(str_eq(a->payload, b->payload));
    assert_true(str_eq(a->traceparent, b->traceparent));
}

static void a_visitor_is_stored_with_its_event(void **state)
{
    struct db_options opts = options_of(t.url);
    struct id id = id_new();
    struct db_session *s = NULL;
    struct outbox_row *rows = NULL;
    Porter__V1__Visitor *got = NULL;
    struct err err = ERR_NONE;
    struct outbox_row sent = {.shard = 99};
    struct outbox_ask ask = {.shard_count = 1, .max = 10};
    int64_t shard = event_shard(id);

    (void)state;
    must(visitor_new(t.org, location_new(t.org), id, &sent, &err), &err);
    assert_int_equal(sent.shard, shard);
    must(visitor_find(t.db, t.org, id, t.arena, &got, &err), &err);
    assert_string_equal(got->full_name, "Zoë 山田");

    must(session_open(&opts, &s, &err), &err);
    ask.shards = &shard;
    assert_int_equal(turn(s, &ask, &rows), 1);
    assert_row_equal(&rows[0], &sent);
    assert_true(str_eq(rows[0].aggregate, STR("visitors")));
    assert_true(str_eq(rows[0].subject, str_of(id_text(ID_VISITOR, id).data)));
    assert_true(str_eq(rows[0].type, STR("visitor.pre_registered")));
    struct outbox_place place = {rows[0].shard, rows[0].seq};
    assert_int_equal(turn(s, &ask, &rows), 1);
    ask.away = &place;
    ask.away_count = 1;
    assert_int_equal(turn(s, &ask, &rows), 0);
    assert_int_equal(outbox_rows(), 1);
    ask.gone = &place;
    ask.gone_count = 1;
    assert_int_equal(turn(s, &ask, &rows), 0);
    assert_int_equal(outbox_rows(), 0);
    session_close(s);
}

static void under_a_backlog_every_shard_is_in_a_turn(void **state)
{
    struct db_options opts = options_of(t.url);
    struct id place = location_new(t.org);
    struct db_session *s = NULL;
    struct outbox_row *rows = NULL;
    struct err err = ERR_NONE;
    int64_t shards[OUTBOX_SHARDS];
    const struct outbox_ask ask = {.shards = shards,
                                   .shard_count = OUTBOX_SHARDS,
                                   .max = 2UL * OUTBOX_SHARDS};
    size_t in_turn[OUTBOX_SHARDS] = {0};
    unsigned least = 0;
    size_t waiting[OUTBOX_SHARDS] = {0};
    size_t count = 0;

    (void)state;
    for (unsigned i = 0; i < OUTBOX_SHARDS; i++) {
        shards[i] = i;
    }
    while (waiting[least] < 4) {
        struct outbox_row sent;

        must(visitor_new(t.org, place, id_new(), &sent, &err), &err);
        waiting[sent.shard]++;
        for (unsigned i = 0; i < OUTBOX_SHARDS; i++) {
            least = waiting[i] < waiting[least] ? i : least;
        }
    }
    must(session_open(&opts, &s, &err), &err);
    count = turn(s, &ask, &rows);
    for (size_t i = 0; i < count; i++) {
        in_turn[rows[i].shard]++;
    }
    for (unsigned i = 0; i < OUTBOX_SHARDS; i++) {
        assert_int_equal(in_turn[i], 2);
    }
    session_close(s);
}

static void a_location_of_others_is_refused_and_leaves_no_event(void **state)
{
    struct err err = ERR_NONE;
    struct outbox_row sent;

    (void)state;
    assert_false(
        visitor_new(t.org, location_new(t.stranger), id_new(), &sent, &err));
    assert_int_equal(err.code, ERR_INVALID);
    assert_int_equal(outbox_rows(), 0);
}

static void a_visitor_of_others_is_not_found(void **state)
{
    struct id id = id_new();
    Porter__V1__Visitor *got = NULL;
    struct err err = ERR_NONE;
    struct outbox_row sent;

    (void)state;
    must(visitor_new(t.org, location_new(t.org), id, &sent, &err), &err);
    assert_false(visitor_find(t.db, t.stranger, id, t.arena, &got, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void a_shard_is_locked_by_one_session(void **state)
{
    struct db_options opts = options_of(t.url);
    struct db_session *a = NULL;
    struct db_session *b = NULL;
    struct err err = ERR_NONE;
    unsigned relays = 0;
    bool taken = false;

    (void)state;
    must(session_open(&opts, &a, &err), &err);
    must(session_open(&opts, &b, &err), &err);
    must(outbox_presence(a, &err) && outbox_presence(b, &err), &err);
    must(outbox_relays(a, &relays, &err), &err);
    assert_int_equal(relays, 2);
    must(outbox_lock(a, 3, &taken, &err), &err);
    assert_true(taken);
    must(outbox_lock(b, 3, &taken, &err), &err);
    assert_false(taken);
    must(outbox_unlock(a, 3, &err), &err);
    must(outbox_lock(b, 3, &taken, &err), &err);
    assert_true(taken);
    session_close(a);
    session_close(b);
}

static bool is_found(const struct key_text *key, struct principal *who)
{
    struct err err = ERR_NONE;
    bool found = false;

    must(key_find(t.db, key_hash(str_of(key->data)), t.now_us, &found, who,
                  &err),
         &err);
    return found;
}

static void a_key_is_found_until_it_is_revoked(void **state)
{
    const struct key_input input = {.org_id = t.org,
                                    .name = STR("tests"),
                                    .scopes = 3,
                                    .rate_limit = 100,
                                    .by = {.actor = STR("me")}};
    struct key_text key;
    struct principal who = {0};
    struct sha256 hash = {{0}};
    struct id id = {{0}};
    struct err err = ERR_NONE;

    (void)state;
    must(key_insert(t.db, &input, &key, &id, &err), &err);
    assert_true(is_found(&key, &who));
    assert_true(id_eq(who.org_id, t.org));
    assert_true(id_eq(who.key_id, id));
    assert_int_equal(who.scopes, 3);
    assert_int_equal(who.rate_limit, 100);
    must(key_touch(t.db, &(struct key_use){t.org, id, t.now_us, 1, 0}, 1, &err),
         &err);
    assert_false(
        key_revoke(t.db, t.stranger, id, STR("?"), &me, t.now_us, &hash, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_true(is_found(&key, &who));
    must(key_revoke(t.db, t.org, id, STR("lost"), &me, t.now_us, &hash, &err),
         &err);
    assert_memory_equal(hash.bytes, key_hash(str_of(key.data)).bytes,
                        sizeof hash.bytes);
    assert_false(is_found(&key, &who));
}

static void the_epoch_only_grows(void **state)
{
    struct err err = ERR_NONE;
    int64_t before = 0;
    int64_t after = 0;

    (void)state;
    must(key_epoch(t.db, &before, &err), &err);
    must(key_epoch_bump(t.db, &err), &err);
    must(key_epoch(t.db, &after, &err), &err);
    assert_true(after > before);
}

static const struct seal_keys *seal_keys_of(const char *text)
{
    static struct seal_keys keys;
    struct err err = ERR_NONE;

    must(seal_keys_read(str_of(text), &keys, &err), &err);
    return &keys;
}

static struct webhook_target *target_of(const struct seal_keys *keys,
                                        size_t *count, int64_t *version,
                                        size_t *wrong)
{
    struct webhook_target *list = NULL;
    struct err err = ERR_NONE;

    must(webhook_targets(t.db, keys, t.org, t.arena, &list, count, version,
                         wrong, &err),
         &err);
    return list;
}

static const struct str all = {"*", 1};
static const struct guard strict = {0}; /* Only public addresses. */

static void a_webhook_keeps_its_secret_sealed(void **state)
{
    const struct seal_keys *keys =
        seal_keys_of("a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    const struct webhook_input in = {.url = STR("https://example.com/hook"),
                                     .events = &all,
                                     .event_count = 1,
                                     .guard = &strict};
    struct webhook_target *list = NULL;
    struct str secret = STR_NONE;
    struct id id = {{0}};
    struct err err = ERR_NONE;
    int64_t before = 0;
    int64_t after = 0;
    size_t count = 0;
    size_t wrong = 0;

    (void)state;
    (void)target_of(keys, &count, &before, &wrong);
    must(webhook_insert(t.db, keys, t.org, &in, &me, t.arena, &id, &secret,
                        &err),
         &err);
    list = target_of(keys, &count, &after, &wrong);
    assert_int_equal(count, 1);
    assert_int_equal(wrong, 0);
    assert_true(after > before);
    assert_true(list[0].is_enabled);
    assert_true(str_starts(secret, STR(SIGN_SECRET_PREFIX)));
    assert_true(str_eq(list[0].secret, secret));

    keys = seal_keys_of("b:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=");
    list = target_of(keys, &count, &after, &wrong);
    assert_int_equal(wrong, 1);
    assert_true(list[0].is_enabled);
    assert_int_equal(list[0].secret.len, 0);
}

static void a_url_that_the_guard_refuses_is_not_stored(void **state)
{
    const struct seal_keys *keys =
        seal_keys_of("a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    const struct webhook_input in = {.url = STR("https://10.0.0.1/hook"),
                                     .events = &all,
                                     .event_count = 1,
                                     .guard = &strict};
    struct str secret = STR_NONE;
    struct id id = {{0}};
    struct err err = ERR_NONE;

    (void)state;
    assert_false(webhook_insert(t.db, keys, t.org, &in, &me, t.arena, &id,
                                &secret, &err));
    assert_int_equal(err.code, ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_visitor_is_stored_with_its_event),
        cmocka_unit_test(a_location_of_others_is_refused_and_leaves_no_event),
        cmocka_unit_test(a_visitor_of_others_is_not_found),
        cmocka_unit_test(a_shard_is_locked_by_one_session),
        cmocka_unit_test(a_key_is_found_until_it_is_revoked),
        cmocka_unit_test(the_epoch_only_grows),
        cmocka_unit_test(a_webhook_keeps_its_secret_sealed),
        cmocka_unit_test(a_url_that_the_guard_refuses_is_not_stored),
        cmocka_unit_test(
            under_a_backlog_every_shard_is_in_a_turn), /* Last: its rows stay.
                                                        */
    };

    return RUN_WITH_STORE(tests);
}
