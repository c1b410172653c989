/* Deliveries on a real PostgreSQL: what is inserted, recorded, claimed. */
#include "support.h"

#include "store/delivery.h"
#include "store/evacuation.h"

#define LEASE_US (60 * US_PER_S)

static struct delivery pending(int64_t due_at_us)
{
    struct id event = id_new();
    struct id webhook = id_new();

    return (struct delivery){
        .org_id = t.org,
        .id = id_pair(event, webhook),
        .event_at_us = t.now_us,
        .event_id = event,
        .webhook_id = webhook,
        .event_type = STR("visitor.checked_in"),
        .subject = STR("vis_1"),
        .state = DELIVERY_PENDING,
        .due_at_us = due_at_us,
        .body = STR("{\"id\":\"evt_1\"}"),
        .finished_at_us = DB_TIME_NULL,
        .created_at_us = t.now_us,
        .request_id = STR("my-trace-42"),
    };
}

static struct attempt attempt_of(const struct delivery *d, int number)
{
    return (struct attempt){.org_id = d->org_id,
                            .delivery_id = d->id,
                            .number = number,
                            .at_us = t.now_us,
                            .verdict = STR("retry"),
                            .status = 503,
                            .detail = STR("The endpoint answered 503."),
                            .total_us = 1200,
                            .certificate_expires_us = DB_TIME_NULL};
}

static void insert(const struct delivery *d, bool want_new)
{
    struct err err = ERR_NONE;
    bool is_new = !want_new;

    must(delivery_insert(t.db, d, 1, NULL, 0, &is_new, &err), &err);
    assert_int_equal(is_new, want_new);
}

static bool read_back(struct id org, struct id id, struct delivery *out)
{
    struct err err = ERR_NONE;
    bool found = false;

    must(delivery_find(t.db, org, id, t.arena, &found, out, &err), &err);
    return found;
}

static size_t attempts_of(struct id id)
{
    struct attempt *list = NULL;
    struct err err = ERR_NONE;
    size_t count = 0;

    must(attempt_list(t.db, t.org, id, t.arena, &list, &count, &err), &err);
    return count;
}

/* How many of the two claims return this delivery. */
static size_t claims(struct id id, int64_t now_us, const struct id *full,
                     size_t full_count)
{
    struct delivery *rows = NULL;
    struct err err = ERR_NONE;
    size_t count = 0;
    size_t hits = 0;

    must(delivery_claim(t.db, now_us, now_us + LEASE_US, 100, full, full_count,
                        t.arena, &rows, &count, &err),
         &err);
    for (size_t i = 0; i < count; i++) {
        hits += id_eq(rows[i].id, id);
    }
    return hits;
}

static void a_delivery_comes_back_as_it_went(void **state)
{
    struct delivery d = pending(t.now_us + 1000);
    struct delivery got = {0};

    (void)state;
    insert(&d, true);
    assert_true(read_back(t.org, d.id, &got));
    assert_true(id_eq(got.event_id, d.event_id));
    assert_true(id_eq(got.webhook_id, d.webhook_id));
    assert_true(str_eq(got.event_type, d.event_type));
    assert_true(str_eq(got.subject, d.subject));
    assert_true(str_eq(got.body, d.body));
    assert_true(str_eq(got.request_id, d.request_id));
    assert_int_equal(got.state, DELIVERY_PENDING);
    assert_int_equal(got.due_at_us, d.due_at_us);
    assert_int_equal(got.finished_at_us, DB_TIME_NULL);
}

static void another_organization_does_not_see_it(void **state)
{
    struct delivery d = pending(t.now_us + 1000);
    struct delivery got = {0};

    (void)state;
    insert(&d, true);
    assert_false(read_back(t.stranger, d.id, &got));
}

static void tells_which_keys_have_rows(void **state)
{
    struct delivery d = pending(t.now_us + 1000);
    struct delivery older = pending(t.now_us + 1000);
    struct err err = ERR_NONE;
    bool is_known[5];

    (void)state;
    older.event_at_us =
        t.now_us - 40 * 86400 * US_PER_S; /* Another partition. */
    insert(&d, true);
    insert(&older, true);
    const struct delivery_key keys[] = {
        {t.org, id_new(), t.now_us},       {t.org, d.id, d.event_at_us},
        {t.stranger, d.id, d.event_at_us}, {t.org, older.id, older.event_at_us},
        {t.org, d.id, d.event_at_us + 1},
    };
    must(delivery_known(t.db, keys, COUNT_OF(keys), is_known, &err), &err);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        assert_int_equal(is_known[i], i == 1 || i == 3);
    }
}

static void the_same_delivery_again_changes_nothing(void **state)
{
    struct delivery d = pending(t.now_us + 1000);
    struct delivery again = d;
    struct delivery got = {0};
    struct attempt a = attempt_of(&d, 1);
    struct err err = ERR_NONE;
    bool is_new = true;

    (void)state;
    insert(&d, true);
    again.state = DELIVERY_FAILED;
    again.due_at_us = DB_TIME_NULL;
    again.finished_at_us = t.now_us;
    must(delivery_insert(t.db, &again, 1, &a, 1, &is_new, &err), &err);
    assert_false(is_new);
    assert_true(read_back(t.org, d.id, &got));
    assert_int_equal(got.state, DELIVERY_PENDING);
    assert_int_equal(attempts_of(d.id), 0);
}

static void one_that_is_there_does_not_hold_up_the_others(void **state)
{
    struct delivery known = pending(t.now_us + 1000);
    struct delivery rows[] = {pending(t.now_us + 1000), known,
                              pending(t.now_us + 1000)};
    struct attempt attempts[COUNT_OF(rows)];
    struct delivery got = {0};
    struct err err = ERR_NONE;
    bool is_new[] = {false, true, false};

    (void)state;
    insert(&known, true);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        attempts[i] = attempt_of(&rows[i], 1);
    }
    must(delivery_insert(t.db, rows, COUNT_OF(rows), attempts,
                         COUNT_OF(attempts), is_new, &err),
         &err);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const bool want_new = i != 1;

        assert_int_equal(is_new[i], want_new);
        assert_true(read_back(t.org, rows[i].id, &got));
        assert_int_equal(attempts_of(rows[i].id), want_new);
    }
}

static void what_is_due_is_claimed_once_until_its_lease_ends(void **state)
{
    struct delivery d = pending(t.now_us - 1);

    (void)state;
    insert(&d, true);
    assert_int_equal(claims(d.id, t.now_us, NULL, 0), 1);
    assert_int_equal(claims(d.id, t.now_us, NULL, 0), 0);
    assert_int_equal(claims(d.id, t.now_us + LEASE_US - 1, NULL, 0), 0);
    assert_int_equal(claims(d.id, t.now_us + LEASE_US, NULL, 0), 1);
}

static void what_is_not_due_or_whose_lane_is_full_is_not_claimed(void **state)
{
    struct delivery later = pending(t.now_us + US_PER_S);
    struct delivery full = pending(t.now_us - 1);

    (void)state;
    insert(&later, true);
    insert(&full, true);
    assert_int_equal(claims(later.id, t.now_us, NULL, 0), 0);
    /* That claim leased it: look after the lease. */
    assert_int_equal(claims(full.id, t.now_us + LEASE_US, &full.webhook_id, 1),
                     0);
    assert_int_equal(claims(full.id, t.now_us + LEASE_US, NULL, 0), 1);
}

static void an_outcome_is_recorded_with_its_attempt(void **state)
{
    struct delivery d = pending(t.now_us + 1000);
    struct attempt a = attempt_of(&d, 1);
    struct delivery got = {0};
    struct err err = ERR_NONE;

    (void)state;
    insert(&d, true);
    d.attempts = 1;
    d.last_status = 503;
    d.last_error = STR("The endpoint answered 503.");
    d.due_at_us = t.now_us + 5 * US_PER_S;
    must(delivery_record(t.db, &d, 1, &a, 1, &err), &err);
    assert_true(read_back(t.org, d.id, &got));
    assert_int_equal(got.state, DELIVERY_PENDING);
    assert_int_equal(got.attempts, 1);
    assert_int_equal(got.last_status, 503);
    assert_int_equal(got.due_at_us, d.due_at_us);
    assert_int_equal(attempts_of(d.id), 1);
}

static void is_text(struct str got, struct str want)
{
    assert_int_equal(got.data == NULL, want.data == NULL);
    assert_true(str_eq(got, want));
}

/* By the way of a first attempt, or of a later one. */
static void an_attempt_comes_back_as_it_went(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct delivery d = pending(t.now_us + 1000);
        struct attempt sent[] = {attempt_of(&d, 1), attempt_of(&d, 2)};
        struct attempt *got = NULL;
        struct err err = ERR_NONE;
        size_t count = 0;
        bool is_new = false;

        sent[1].reused = true;
        sent[0].http_version = STR("1.1");
        sent[0].tls_version = STR("TLSv1.3");
        sent[0].certificate_subject = STR("CN=a.example.com");
        sent[0].certificate_issuer = STR("CN=Zertifikate \xc3\xbc. A.");
        sent[0].certificate_expires_us = t.now_us + 5;
        sent[0].request_headers = STR("a: 1\nb: 2\n");
        must(delivery_insert(t.db, &d, 1, sent, late ? 0 : 2, &is_new, &err),
             &err);
        must(delivery_record(t.db, &d, 1, sent, late ? 2 : 0, &err), &err);
        must(attempt_list(t.db, t.org, d.id, t.arena, &got, &count, &err),
             &err);
        assert_int_equal(count, 2);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(got[i].reused, sent[i].reused);
            is_text(got[i].http_version, sent[i].http_version);
            is_text(got[i].tls_version, sent[i].tls_version);
            is_text(got[i].certificate_subject, sent[i].certificate_subject);
            is_text(got[i].certificate_issuer, sent[i].certificate_issuer);
            assert_int_equal(got[i].certificate_expires_us,
                             sent[i].certificate_expires_us);
            is_text(got[i].request_headers, sent[i].request_headers);
            is_text(got[i].detail, sent[i].detail);
        }
    }
}

static void a_finished_delivery_is_not_touched_or_claimed_again(void **state)
{
    struct delivery d = pending(t.now_us + 1000);
    struct delivery got = {0};
    struct err err = ERR_NONE;

    (void)state;
    insert(&d, true);
    d.state = DELIVERY_DELIVERED;
    d.due_at_us = DB_TIME_NULL;
    d.finished_at_us = t.now_us;
    must(delivery_record(t.db, &d, 1, NULL, 0, &err), &err);
    d.state = DELIVERY_FAILED;
    must(delivery_record(t.db, &d, 1, NULL, 0, &err), &err);
    assert_true(read_back(t.org, d.id, &got));
    assert_int_equal(got.state, DELIVERY_DELIVERED);
    assert_int_equal(claims(d.id, t.now_us + 10 * LEASE_US, NULL, 0), 0);
}

static void the_list_is_newest_first_and_pages(void **state)
{
    struct delivery list[3];
    struct delivery *rows = NULL;
    struct err err = ERR_NONE;
    struct id webhook = id_new();
    size_t count = 0;

    (void)state;
    for (int i = 0; i < 3; i++) {
        list[i] = pending(t.now_us + LEASE_US * 100);
        list[i].webhook_id = webhook;
        insert(&list[i], true);
    }
    struct delivery_filter filter = {
        .webhook_id = webhook, .from_us = DB_TIME_NULL, .to_us = DB_TIME_NULL};
    must(delivery_list(t.db, t.org, &filter, 2, t.arena, &rows, &count, &err),
         &err);
    assert_int_equal(count, 2);
    assert_true(memcmp(rows[0].id.bytes, rows[1].id.bytes, 16) > 0);
    filter.after = rows[1].id;
    must(delivery_list(t.db, t.org, &filter, 2, t.arena, &rows, &count, &err),
         &err);
    assert_int_equal(count, 1);
    filter.after = (struct id){{0}};
    must(delivery_list(t.db, t.stranger, &filter, 2, t.arena, &rows, &count,
                       &err),
         &err);
    assert_int_equal(count, 0);
}

static const struct author me = {{"me", 2}, {NULL, 0}};

static struct delivery finished(enum delivery_state state, struct id webhook)
{
    struct delivery d = pending(DB_TIME_NULL);

    d.webhook_id = webhook;
    d.id = id_pair(d.event_id, webhook);
    d.state = state;
    d.attempts = 12;
    d.finished_at_us = t.now_us;
    insert(&d, true);
    return d;
}

static void a_finished_one_is_sent_again_by_the_whole_schedule(void **state)
{
    struct delivery d = finished(DELIVERY_FAILED, id_new());
    struct delivery got = {0};
    struct err err = ERR_NONE;
    bool changed = false;

    (void)state;
    must(delivery_retry(t.db, &d, t.now_us + 5, &me, &changed, &err), &err);
    assert_true(changed);
    assert_true(read_back(t.org, d.id, &got));
    assert_int_equal(got.state, DELIVERY_PENDING);
    assert_int_equal(got.due_at_us, t.now_us + 5);
    assert_int_equal(got.finished_at_us, DB_TIME_NULL);
    assert_int_equal(got.attempts, 12);
    assert_int_equal(got.attempts_before, 12);
    must(delivery_retry(t.db, &d, t.now_us + 6, &me, &changed, &err), &err);
    assert_false(changed); /* Somebody was quicker. */
}

static size_t recover(struct id org, struct id webhook, int64_t since_us,
                      size_t max)
{
    const struct delivery_recovery what = {.org_id = org,
                                           .webhook_id = webhook,
                                           .since_us = since_us,
                                           .now_us = t.now_us,
                                           .max = max,
                                           .by = me};
    struct err err = ERR_NONE;
    size_t count = 99;

    must(delivery_recover(t.db, &what, &count, &err), &err);
    return count;
}

static int by_id(const void *a, const void *b)
{
    const struct delivery *x = a;
    const struct delivery *y = b;

    return memcmp(&x->id, &y->id, sizeof x->id);
}

static void what_failed_is_recovered_in_batches_and_once(void **state)
{
    struct id webhook = id_new();
    struct delivery failed[3];
    struct delivery delivered = finished(DELIVERY_DELIVERED, webhook);
    struct delivery other = finished(DELIVERY_FAILED, id_new());
    struct delivery got = {0};

    (void)state;
    for (int i = 0; i < 3; i++) {
        failed[i] = finished(DELIVERY_FAILED, webhook);
    }
    /* Those of one millisecond are in no order of ours. */
    qsort(failed, COUNT_OF(failed), sizeof *failed, by_id);
    assert_int_equal(recover(t.stranger, webhook, t.now_us, 10), 0);
    assert_int_equal(recover(t.org, webhook, t.now_us + 1, 10), 0);
    assert_int_equal(recover(t.org, webhook, t.now_us, 2), 2);
    assert_true(read_back(t.org, failed[1].id, &got));
    assert_int_equal(got.state, DELIVERY_PENDING);
    assert_int_equal(got.due_at_us, t.now_us + 2); /* The oldest first. */
    assert_int_equal(recover(t.org, webhook, t.now_us, 2), 1);
    assert_int_equal(recover(t.org, webhook, t.now_us, 2), 0);
    assert_true(read_back(t.org, delivered.id, &got));
    assert_int_equal(got.state, DELIVERY_DELIVERED);
    assert_true(read_back(t.org, other.id, &got));
    assert_int_equal(got.state, DELIVERY_FAILED);
}

static void same_field(const ProtobufCFieldDescriptor *a,
                       const ProtobufCFieldDescriptor *b)
{
    assert_non_null(b);
    assert_int_equal(a->id, b->id);
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->label, b->label);
}

/* Each message has a type of its own for the entries of a map. */
static void same_entry(const ProtobufCMessageDescriptor *a,
                       const ProtobufCMessageDescriptor *b)
{
    assert_string_equal(a->short_name, b->short_name);
    assert_int_equal(a->n_fields, 2);
    assert_int_equal(b->n_fields, 2);
    for (unsigned i = 0; i < 2; i++) {
        same_field(&a->fields[i], &b->fields[i]);
        assert_ptr_equal(a->fields[i].descriptor, b->fields[i].descriptor);
    }
}

/* The two messages are one resource: what clients know of the short one holds
 * for the long one. */
static void has_all_of(const ProtobufCMessageDescriptor *more,
                       const ProtobufCMessageDescriptor *less)
{
    for (unsigned i = 0; i < less->n_fields; i++) {
        const ProtobufCFieldDescriptor *a = &less->fields[i];
        const ProtobufCFieldDescriptor *b =
            protobuf_c_message_descriptor_get_field(more, a->id);

        same_field(a, b);
        if (strcmp(a->name, "headers") == 0) {
            same_entry(a->descriptor, b->descriptor);
        } else {
            assert_ptr_equal(a->descriptor, b->descriptor);
        }
    }
    assert_true(more->n_fields > less->n_fields);
}

static void a_longer_message_has_all_of_the_shorter(void **state)
{
    (void)state;
    has_all_of(&porter__v1__delivery_detail__descriptor,
               &porter__v1__delivery__descriptor);
    has_all_of(&porter__v1__webhook_with_secret__descriptor,
               &porter__v1__webhook__descriptor);
    has_all_of(&porter__v1__evacuation__descriptor,
               &porter__v1__evacuation_summary__descriptor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delivery_comes_back_as_it_went),
        cmocka_unit_test(another_organization_does_not_see_it),
        cmocka_unit_test(tells_which_keys_have_rows),
        cmocka_unit_test(the_same_delivery_again_changes_nothing),
        cmocka_unit_test(one_that_is_there_does_not_hold_up_the_others),
        cmocka_unit_test(what_is_due_is_claimed_once_until_its_lease_ends),
        cmocka_unit_test(what_is_not_due_or_whose_lane_is_full_is_not_claimed),
        cmocka_unit_test(an_outcome_is_recorded_with_its_attempt),
        cmocka_unit_test(an_attempt_comes_back_as_it_went),
        cmocka_unit_test(a_finished_delivery_is_not_touched_or_claimed_again),
        cmocka_unit_test(the_list_is_newest_first_and_pages),
        cmocka_unit_test(a_finished_one_is_sent_again_by_the_whole_schedule),
        cmocka_unit_test(what_failed_is_recovered_in_batches_and_once),
        cmocka_unit_test(a_longer_message_has_all_of_the_shorter),
    };

    return RUN_WITH_STORE(tests);
}
