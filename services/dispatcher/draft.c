/* Stands inside the ledger: a batch on its way into PostgreSQL. */
#include "dispatcher/draft.h"

#include "dispatcher/meter.h"

#include "log/log.h"

#include <stdlib.h>

/* Of bodies in one statement, or one row: it has a deadline, and an event may
 * be large and have many webhooks. */
#define STATEMENT_BYTES ((size_t)4 << 20)

void draft_make(struct draft *dr, struct job *const *jobs, size_t count)
{
    dr->rows = mem_zero(count + 1, sizeof *dr->rows);
    dr->attempts = mem_zero(count + 1, sizeof *dr->attempts);
    dr->is_final = mem_zero(count + 1, sizeof *dr->is_final);
    dr->was_open = mem_zero(count + 1, sizeof *dr->was_open);
    dr->is_new = mem_zero(count + 1, sizeof *dr->is_new);
    draft_fill(dr, jobs, count);
}

void draft_fill(struct draft *dr, struct job *const *jobs, size_t count)
{
    dr->attempt_count = dr->attempts_written;
    for (size_t i = dr->written; i < count; i++) {
        struct job *j = jobs[i];
        dr->was_open[i] |= j->phase == JOB_WRITING && !dr->is_final[i];
        j->phase = JOB_WRITING;
        dr->is_final[i] = j->is_finished;
        dr->rows[i] = job_row(j, j->is_finished);
        if (j->is_finished && j->outcome.ending == ENDING_ATTEMPT) {
            dr->attempts[dr->attempt_count++] = j->outcome.attempt;
        }
    }
}

void draft_done(struct draft *dr)
{
    free(dr->rows);
    free(dr->attempts);
    free(dr->is_final);
    free(dr->was_open);
    free(dr->is_new);
}

/* A row that is refused with its attempt goes without: the delivery matters
 * more. What is still refused is logged, counted and left out, or it would stop
 * the partition. */
static bool write_without(struct dispatcher *d, const struct delivery *row,
                          bool *is_new, struct err *err)
{
    log_err(
        LOG_ERROR, "delivery.refused", err,
        LOG_FIELDS(LOG_ID("delivery", ID_DELIVERY, row->id),
                   LOG_STR("request_id", row->request_id),
                   LOG_TEXT("trace_id", trace_id_text(row->trace.id).data)));
    err_clear(err);
    if (delivery_insert(d->db, row, 1, NULL, 0, is_new, err)) {
        return true;
    }
    if (!delivery_is_refused(err)) {
        return false;
    }
    log_err(
        LOG_ERROR, "delivery.not_stored", err,
        LOG_FIELDS(LOG_ID("delivery", ID_DELIVERY, row->id),
                   LOG_STR("request_id", row->request_id),
                   LOG_TEXT("trace_id", trace_id_text(row->trace.id).data)));
    metrics_add(d->metrics, METER_NOT_STORED, 0, 1);
    err_clear(err);
    *is_new = true; /* Its outcome can't be stored either. */
    return true;
}

static bool has_attempt(const struct draft *dr, size_t row, size_t attempt)
{
    return attempt < dr->attempt_count &&
           id_eq(dr->attempts[attempt].delivery_id, dr->rows[row].id);
}

/* The next rows one by one, when PostgreSQL refuses them together. */
static bool write_singly(struct dispatcher *d, struct draft *dr, size_t count,
                         struct err *err)
{
    size_t at = dr->attempts_written;

    for (size_t i = dr->written; i < dr->written + count; i++) {
        const size_t attempts = has_attempt(dr, i, at) ? 1 : 0;
        if (!delivery_insert(d->db, &dr->rows[i], 1, &dr->attempts[at],
                             attempts, &dr->is_new[i], err)) {
            if (!delivery_is_refused(err) ||
                !write_without(d, &dr->rows[i], &dr->is_new[i], err)) {
                return false;
            }
        }
        at += attempts;
    }
    return true;
}

/* How many of the rows up to `end` go into the next statement. */
static size_t portion_of(const struct draft *dr, size_t end, size_t *attempts)
{
    size_t bytes = 0;
    size_t i = dr->written;

    *attempts = 0;
    while (i < end && (i == dr->written ||
                       bytes + dr->rows[i].body.len <= STATEMENT_BYTES)) {
        bytes += dr->rows[i].body.len;
        *attempts += has_attempt(dr, i, dr->attempts_written + *attempts);
        i++;
    }
    return i - dr->written;
}

static bool write_portion(struct dispatcher *d, struct draft *dr, size_t count,
                          size_t attempts, struct err *err)
{
    metrics_add(d->metrics, METER_LEDGER_BATCHES, 0, 1);
    if (delivery_insert(d->db, dr->rows + dr->written, count,
                        dr->attempts + dr->attempts_written, attempts,
                        dr->is_new + dr->written, err)) {
        return true;
    }
    if (!delivery_is_refused(err)) {
        return false;
    }
    err_clear(err);
    return write_singly(d, dr, count, err);
}

bool draft_write(struct dispatcher *d, struct draft *dr, size_t count,
                 struct err *err)
{
    while (dr->written < count) {
        size_t attempts = 0;
        const size_t portion = portion_of(dr, count, &attempts);
        if (!write_portion(d, dr, portion, attempts, err)) {
            return false;
        }
        dr->written += portion;
        dr->attempts_written += attempts;
    }
    return true;
}
