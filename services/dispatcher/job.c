/* The life of jobs and bodies. */
#include "dispatcher/job.h"

#include "base/err.h"

#include <assert.h>
#include <stdlib.h>

static struct str put(char **at, struct str s)
{
    if (s.data == NULL) {
        return STR_NONE;
    }
    struct str copy = {*at, s.len};
    if (s.len > 0) {
        memcpy(*at, s.data, s.len);
    }
    *at += s.len;
    return copy;
}

/* One allocation: the struct and its texts behind it. */
struct body *body_new(const struct body *from)
{
    struct body *b =
        mem_new(sizeof *b + from->event_type.len + from->subject.len +
                from->request_id.len + from->bytes.len);
    char *at = (char *)(b + 1);

    *b = *from;
    atomic_init(&b->references, 1);
    if (b->load != NULL) {
        load_add_bytes(b->load, b->org_id, b->bytes.len);
    }
    b->event_type = put(&at, from->event_type);
    b->subject = put(&at, from->subject);
    b->request_id = put(&at, from->request_id);
    b->bytes = put(&at, from->bytes);
    return b;
}

struct body *body_hold(struct body *b)
{
    atomic_fetch_add_explicit(&b->references, 1, memory_order_relaxed);
    return b;
}

void body_release(struct body *b)
{
    if (b != NULL && atomic_fetch_sub_explicit(&b->references, 1,
                                               memory_order_acq_rel) == 1) {
        if (b->load != NULL) {
            load_drop_bytes(b->load, b->org_id, b->bytes.len);
        }
        free(b);
    }
}

struct job *job_new(struct load *load, bool is_claimed, struct body *body,
                    struct target_set *set, const struct webhook_target *target)
{
    struct job *j = mem_zero(1, sizeof *j);

    j->load = load;
    j->is_claimed = is_claimed;
    j->body = body;
    j->set = set;
    j->target = target;
    j->outcome.due_at_us = DB_TIME_NULL;
    j->outcome.not_before_us = DB_TIME_NULL;
    load_add_job(load, body->org_id, is_claimed);
    return j;
}

void job_free(struct job *j)
{
    if (j == NULL) {
        return;
    }
    load_drop_job(j->load, j->body->org_id, j->is_claimed);
    buf_free(&j->outcome.notes);
    body_release(j->body);
    target_set_release(j->set);
    free(j);
}

/* A sample goes to a disabled webhook too: is it mended? */
bool job_is_on_hold(const struct job *j)
{
    const struct webhook_target *t = j->target;

    assert(t != NULL);
    if (t->is_broken) {
        return true; /* Nothing could be signed, or a header would lack. */
    }
    return !j->body->is_test &&
           (!t->is_enabled || (t->is_open && !j->is_probe));
}

bool job_is_question(const struct job *j)
{
    return j->is_probe || j->body->is_test;
}

size_t job_pays_for(const struct job *j)
{
    return str_starts(j->body->event_type, STR("evacuation."))
               ? 0
               : j->body->bytes.len;
}

bool job_has_failed(const struct job *j)
{
    const struct outcome *o = &j->outcome;

    return o->due_at_us == DB_TIME_NULL && !o->is_held &&
           !(o->ending == ENDING_ATTEMPT && o->verdict == VERDICT_DELIVERED);
}

/* Where the outcome leaves the row. */
static void row_finish(const struct job *j, struct delivery *row)
{
    const struct outcome *o = &j->outcome;

    assert(o->ending != ENDING_NONE);
    row->last_error = o->error;
    row->last_failure = o->failure;
    row->due_at_us = o->due_at_us;
    if (o->ending == ENDING_ATTEMPT) {
        row->attempts = j->attempts + 1;
        row->last_status = o->attempt.status;
    }
    if (o->due_at_us != DB_TIME_NULL) {
        return; /* Still pending. */
    }
    if (o->is_held) {
        row->state = DELIVERY_HELD;
        return;
    }
    row->finished_at_us = o->at_us;
    row->state = job_has_failed(j) ? DELIVERY_FAILED : DELIVERY_DELIVERED;
}

struct delivery job_row(const struct job *j, bool is_finished)
{
    struct delivery row = {
        .org_id = j->body->org_id,
        .id = j->id,
        .event_at_us = j->body->event_at_us,
        .event_id = j->body->event_id,
        .webhook_id = j->webhook_id,
        .event_type = j->body->event_type,
        .subject = j->body->subject,
        .state = DELIVERY_PENDING,
        .is_test = j->body->is_test,
        .attempts = j->attempts,
        .due_at_us = j->lease_until_us,
        .body = j->body->bytes,
        .finished_at_us = DB_TIME_NULL,
        .created_at_us = j->made_at_us,
        .request_id = j->body->request_id,
        .trace = j->body->trace,
        .ordinal = j->ordinal,
        .lease_until_us = j->lease_until_us,
    };

    if (is_finished) {
        row_finish(j, &row);
    }
    return row;
}

void job_list_add(struct job_list *l, struct job *j)
{
    j->next = NULL;
    if (l->last == NULL) {
        l->first = j;
    } else {
        l->last->next = j;
    }
    l->last = j;
    l->count++;
}

bool job_list_add_asked(struct job_list *l, struct job *j, size_t max)
{
    struct job **at = &l->first;
    size_t count = 0;

    while (*at != NULL && (*at)->is_asked) {
        at = &(*at)->next;
        count++;
    }
    if (count >= max) {
        return false;
    }
    if (*at == NULL) {
        job_list_add(l, j);
        return true;
    }
    j->next = *at;
    *at = j;
    l->count++;
    return true;
}

struct job *job_list_take(struct job_list *l)
{
    struct job *j = l->first;

    if (j == NULL) {
        return NULL;
    }
    l->first = j->next;
    if (l->first == NULL) {
        l->last = NULL;
    }
    l->count--;
    j->next = NULL;
    return j;
}

void job_list_join(struct job_list *l, struct job_list *tail)
{
    if (tail->first == NULL) {
        return;
    }
    if (l->last == NULL) {
        *l = *tail;
    } else {
        l->last->next = tail->first;
        l->last = tail->last;
        l->count += tail->count;
    }
    *tail = (struct job_list){0};
}
