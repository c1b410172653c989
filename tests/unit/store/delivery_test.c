/* Deliveries on a real PostgreSQL: what is inserted, recorded, claimed. */
#include "support.h"

#include "store/delivery.h"
#include "store/evacuation.h"

#include <limits.h>

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
        .lease_until_us = due_at_us,
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

static size_t attempts_of(struct id id, int known)
{
    const struct delivery of = {.org_id = t.org,
                                .id = id,
                                .attempts = known,
                                .finished_at_us = DB_TIME_NULL};
    struct attempt *list = NULL;
    struct err err = ERR_NONE;
    size_t count = 0;

    must(attempt_list(t.db, &of, t.arena, &list, &count, &err), &err);
    return count;
}

/* What is due then, but for the webhooks that are full. */
static struct delivery_claimed claim(int64_t now_us, const struct id *full,
                                     size_t full_count, size_t bytes_max)
{
    const struct delivery_ask ask = {now_us, now_us + LEASE_US, 100, bytes_max,
                                     full,   full_count};
    struct delivery_claimed got = {0};
    struct err err = ERR_NONE;

    must(delivery_claim(t.db, &ask, t.arena, &got, &err), &err);
    return got;
}

/* How often a claim returns this delivery. */
static size_t claims(struct id id, int64_t now_us, const struct id *full,
                     size_t full_count)
{
    struct delivery_claimed got = claim(now_us, full, full_count, SIZE_MAX / 2);
    size_t hits = 0;

    for (size_t i = 0; i < got.count; i++) {
        hits += id_eq(got.rows[i].id, id);
    }
    return hits;
}

static void a_claim_knows_the_trace(void **state)
{
    struct delivery known = pending(t.now_us - LEASE_US);
    struct delivery unknown = pending(t.now_us - LEASE_US);
    struct delivery_claimed got = {0};
    size_t seen = 0;

    (void)state;
    known.trace = (struct trace){.id = id_new(), .flags = TRACE_SAMPLED};
    insert(&known, true);
    insert(&unknown, true);
    got = claim(t.now_us, NULL, 0, SIZE_MAX / 2);
    for (size_t i = 0; i < got.count; i++) {
        if (id_eq(got.rows[i].id, known.id)) {
            assert_true(id_eq(got.rows[i].trace.id, known.trace.id));
            assert_int_equal(got.rows[i].trace.flags, TRACE_SAMPLED);
            seen++;
        } else if (id_eq(got.rows[i].id, unknown.id)) {
            assert_true(id_is_zero(got.rows[i].trace.id));
            seen++;
        }
    }
    assert_int_equal(seen, 2);
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
    assert_int_equal(attempts_of(d.id, INT_MAX), 0);
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
        assert_int_equal(attempts_of(rows[i].id, INT_MAX), want_new);
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
    /* It waits for room from now on, as long as it has been there. */
    assert_int_equal(claims(full.id, t.now_us + LEASE_US, NULL, 0), 0);
    assert_int_equal(claims(full.id, t.now_us + 2 * LEASE_US, NULL, 0), 1);
}

static void what_waits_for_room_is_due_when_there_is_some(void **state)
{
    struct delivery d = pending(t.now_us - 1);
    const struct webhook_key key = {d.org_id, d.webhook_id};
    struct err err = ERR_NONE;
    size_t count = 9;

    (void)state;
    insert(&d, true);
    must(delivery_room(t.db, key, t.now_us, 10, &count, &err), &err);
    assert_int_equal(count, 0);
    struct delivery_claimed got =
        claim(t.now_us, &d.webhook_id, 1, SIZE_MAX / 2);
    assert_true(got.put_off > 0);
    assert_int_equal(got.line_count, 0);
    must(delivery_room(t.db, key, t.now_us, 10, &count, &err), &err);
    assert_int_equal(count, 1);
    assert_int_equal(claims(d.id, t.now_us, NULL, 0), 1);
    /* One that is under way does not wait. */
    must(delivery_room(t.db, key, t.now_us, 10, &count, &err), &err);
    assert_int_equal(count, 0);
}

/* Who lost its lease has delivered it all the same. */
static void what_is_finished_waits_for_nothing(void **state)
{
    struct delivery d = pending(t.now_us - 1);
    const struct webhook_key key = {d.org_id, d.webhook_id};
    struct err err = ERR_NONE;
    size_t count = 9;

    (void)state;
    insert(&d, true);
    assert_true(claim(t.now_us, &d.webhook_id, 1, SIZE_MAX / 2).put_off > 0);
    d.state = DELIVERY_DELIVERED;
    d.due_at_us = DB_TIME_NULL;
    d.finished_at_us = t.now_us;
    must(delivery_record(t.db, &d, 1, NULL, 0, &err), &err);
    must(delivery_room(t.db, key, t.now_us, 10, &count, &err), &err);
    assert_int_equal(count, 0);
}

/* The second of two in a line. */
static struct delivery behind(const struct delivery *first)
{
    struct delivery d = pending(t.now_us - 1);

    d.webhook_id = first->webhook_id;
    d.subject = first->subject;
    d.ordinal = first->ordinal + 1;
    return d;
}

static void who_waits_for_its_turn_is_woken(void **state)
{
    struct delivery first = pending(t.now_us - 2);
    first.ordinal = 1;
    struct delivery second = behind(&first);
    const struct delivery_line line = {{first.org_id, first.webhook_id},
                                       first.subject};
    struct err err = ERR_NONE;

    (void)state;
    insert(&first, true);
    insert(&second, true);
    struct delivery_claimed got = claim(t.now_us, NULL, 0, SIZE_MAX / 2);
    assert_int_equal(got.put_off, 1);
    assert_int_equal(got.count, 1);
    assert_true(id_eq(got.rows[0].id, first.id));
    assert_int_equal(got.rows[0].ordinal, first.ordinal);
    assert_int_equal(got.line_count, 1);
    assert_true(id_eq(got.lines[0].key.webhook_id, first.webhook_id));
    assert_true(str_eq(got.lines[0].subject, first.subject));
    /* It is not the first. */
    must(delivery_wake(t.db, &line, 1, t.now_us, &err), &err);
    assert_int_equal(claims(second.id, t.now_us, NULL, 0), 0);
    first.state = DELIVERY_DELIVERED;
    first.due_at_us = DB_TIME_NULL;
    first.finished_at_us = t.now_us;
    first.lease_until_us = t.now_us + LEASE_US;
    must(delivery_record(t.db, &first, 1, NULL, 0, &err), &err);
    assert_int_equal(claims(second.id, t.now_us, NULL, 0), 0);
    must(delivery_wake(t.db, &line, 1, t.now_us, &err), &err);
    assert_int_equal(claims(second.id, t.now_us, NULL, 0), 1);
    /* Nobody is told of one that is under way. */
    must(delivery_wake(t.db, &line, 1, t.now_us, &err), &err);
    assert_int_equal(claims(second.id, t.now_us, NULL, 0), 0);
}

static void behind_one_that_is_held_all_are_held(void **state)
{
    struct delivery first = pending(DB_TIME_NULL);
    struct delivery got = {0};

    (void)state;
    first.ordinal = 1;
    first.state = DELIVERY_HELD;
    struct delivery second = behind(&first);
    insert(&first, true);
    insert(&second, true);
    assert_int_equal(claims(second.id, t.now_us, NULL, 0), 0);
    assert_true(read_back(t.org, second.id, &got));
    assert_int_equal(got.state, DELIVERY_HELD);
    assert_int_equal(got.due_at_us, DB_TIME_NULL);
}

static void a_claim_has_as_many_bytes_as_it_may(void **state)
{
    const size_t size = pending(0).body.len;

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct delivery d = pending(t.now_us - 3 + i);
        insert(&d, true);
    }
    assert_int_equal(claim(t.now_us, NULL, 0, size + 1).count, 2);
    assert_int_equal(claim(t.now_us, NULL, 0, 0).count, 0);
    assert_int_equal(claim(t.now_us, NULL, 0, 1).count, 1);
    assert_int_equal(claim(t.now_us, NULL, 0, 1).count, 0);
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
    assert_int_equal(attempts_of(d.id, 1), 1);
    /* Who read the row before sees no attempt that it does not know. */
    assert_int_equal(attempts_of(d.id, 0), 0);
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
        d.attempts = 2;
        must(attempt_list(t.db, &d, t.arena, &got, &count, &err), &err);
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

/* The lease ended, and another has the row by now. */
static void who_lost_his_lease_changes_nothing_but_by_a_success(void **state)
{
    struct delivery d = pending(t.now_us - 1);
    struct attempt a = attempt_of(&d, 1);
    struct delivery late = d;
    struct delivery got = {0};
    struct err err = ERR_NONE;

    (void)state;
    insert(&d, true);
    assert_int_equal(claims(d.id, t.now_us, NULL, 0), 1);
    late.attempts = 1;
    late.last_status = 503;
    late.due_at_us = t.now_us; /* Given back, or to be tried again. */
    must(delivery_record(t.db, &late, 1, &a, 1, &err), &err);
    assert_true(read_back(t.org, d.id, &got));
    assert_int_equal(got.due_at_us, t.now_us + LEASE_US);
    assert_int_equal(got.attempts, 0);
    assert_int_equal(attempts_of(d.id, INT_MAX), 1);
    late.state = DELIVERY_HELD;
    late.due_at_us = DB_TIME_NULL;
    must(delivery_record(t.db, &late, 1, NULL, 0, &err), &err);
    assert_true(read_back(t.org, d.id, &got));
    assert_int_equal(got.state, DELIVERY_PENDING);
    late.state = DELIVERY_DELIVERED;
    late.finished_at_us = t.now_us;
    must(delivery_record(t.db, &late, 1, NULL, 0, &err), &err);
    assert_true(read_back(t.org, d.id, &got));
    assert_int_equal(got.state, DELIVERY_DELIVERED);
}

static void of_two_outcomes_in_a_batch_the_success_counts(void **state)
{
    struct delivery d = pending(t.now_us + 1000);
    struct delivery both[2] = {d, d};
    struct delivery got = {0};
    struct err err = ERR_NONE;

    (void)state;
    for (int first = 0; first < 2; first++) {
        d = pending(t.now_us + 1000);
        insert(&d, true);
        both[0] = d;
        both[1] = d;
        both[first].due_at_us = t.now_us + US_PER_S;
        both[1 - first].state = DELIVERY_DELIVERED;
        both[1 - first].due_at_us = DB_TIME_NULL;
        both[1 - first].finished_at_us = t.now_us;
        must(delivery_record(t.db, both, 2, NULL, 0, &err), &err);
        assert_true(read_back(t.org, d.id, &got));
        assert_int_equal(got.state, DELIVERY_DELIVERED);
    }
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

static const struct author me = {.actor = {"me", 2}};

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
        cmocka_unit_test(a_claim_knows_the_trace),
        cmocka_unit_test(a_delivery_comes_back_as_it_went),
        cmocka_unit_test(another_organization_does_not_see_it),
        cmocka_unit_test(tells_which_keys_have_rows),
        cmocka_unit_test(the_same_delivery_again_changes_nothing),
        cmocka_unit_test(one_that_is_there_does_not_hold_up_the_others),
        cmocka_unit_test(what_is_due_is_claimed_once_until_its_lease_ends),
        cmocka_unit_test(what_is_not_due_or_whose_lane_is_full_is_not_claimed),
        cmocka_unit_test(what_waits_for_room_is_due_when_there_is_some),
        cmocka_unit_test(what_is_finished_waits_for_nothing),
        cmocka_unit_test(who_waits_for_its_turn_is_woken),
        cmocka_unit_test(behind_one_that_is_held_all_are_held),
        cmocka_unit_test(a_claim_has_as_many_bytes_as_it_may),
        cmocka_unit_test(an_outcome_is_recorded_with_its_attempt),
        cmocka_unit_test(an_attempt_comes_back_as_it_went),
        cmocka_unit_test(who_lost_his_lease_changes_nothing_but_by_a_success),
        cmocka_unit_test(of_two_outcomes_in_a_batch_the_success_counts),
        cmocka_unit_test(a_finished_delivery_is_not_touched_or_claimed_again),
        cmocka_unit_test(the_list_is_newest_first_and_pages),
        cmocka_unit_test(a_finished_one_is_sent_again_by_the_whole_schedule),
        cmocka_unit_test(a_longer_message_has_all_of_the_shorter),
    };

    return RUN_WITH_STORE(tests);
}
