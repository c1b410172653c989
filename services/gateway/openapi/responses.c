/* The problems of every operation, by status: operations that may answer the
 * same problems with a status share one response. */
#include "gateway/openapi/parts.h"

#include <assert.h>
#include <stdlib.h>
#include <stdio.h>

#define SETS_MAX 256
#define STATUS_MIN 400
#define STATUS_MAX 599

/* Do the operation's answers of this status hold this problem? */
static bool has(const struct operation *op, unsigned status, enum problem p)
{
    return problem_row(p)->status == status && describe_may_answer(op, p);
}

static bool has_any(const struct operation *op, unsigned status)
{
    for (size_t p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++) {
        if (has(op, status, (enum problem)p)) {
            return true;
        }
    }
    return false;
}

/* "scope-missing.https-required": the same for the same problems. Headers
 * differ with whether there is a key. */
static void set_name(const struct operation *op, unsigned status,
                     struct buf *out)
{
    buf_clear(out);
    if (!describe_is_keyed(op)) {
        BUF_ADD(out, "open");
    }
    for (size_t p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++) {
        if (has(op, status, (enum problem)p)) {
            buf_add(out, out->len > 0 ? STR(".") : STR_NONE);
            buf_add(out, str_of(problem_row((enum problem)p)->name));
        }
    }
}

void parts_write_problems(const struct operation *op, struct json_writer *w)
{
    struct buf name = BUF_EMPTY;

    for (unsigned status = STATUS_MIN; status <= STATUS_MAX; status++) {
        char digits[8];

        if (!has_any(op, status)) {
            continue;
        }
        set_name(op, status, &name);
        (void)snprintf(digits, sizeof digits, "%u", status);
        json_key(w, str_of(digits));
        part_ref(w, "responses", buf_str(&name));
    }
    buf_free(&name);
}

static void write_titles(const struct operation *op, unsigned status,
                         struct json_writer *w)
{
    struct buf text = BUF_EMPTY;

    for (size_t p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++) {
        const struct problem_row *row;

        if (!has(op, status, (enum problem)p)) {
            continue;
        }
        row = problem_row((enum problem)p);
        buf_addf(&text, "%s`%s`: %s.", text.len > 0 ? "\n\n" : "", row->name,
                 row->title);
    }
    json_key(w, STR("description"));
    json_add_text(w, buf_str(&text));
    buf_free(&text);
}

/* A problem whose status and type are these. Two bounds and no const: makers of
 * clients know how to join those with what Problem says, else they leave the
 * answer out. */
static void write_schema(const struct operation *op, unsigned status,
                         struct json_writer *w)
{
    struct buf pattern = BUF_EMPTY;

    for (size_t p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++) {
        if (has(op, status, (enum problem)p)) {
            buf_addf(&pattern, "%s%s", pattern.len > 0 ? "|" : "/docs/errors/(",
                     problem_row((enum problem)p)->name);
        }
    }
    BUF_ADD(&pattern, ")$");
    part_object(w, "schema");
    part_array(w, "allOf");
    part_ref(w, "schemas", STR("Problem"));
    json_object_begin(w);
    part_text(w, "type", "object");
    part_object(w, "properties");
    part_object(w, "type");
    part_text(w, "type", "string");
    part_text(w, "pattern", buf_cstr(&pattern));
    json_object_end(w);
    part_object(w, "status");
    part_text(w, "type", "integer");
    json_key(w, STR("minimum"));
    json_add_int(w, status);
    json_key(w, STR("maximum"));
    json_add_int(w, status);
    json_object_end(w);
    json_object_end(w);
    json_object_end(w);
    json_array_end(w);
    json_object_end(w);
    buf_free(&pattern);
}

static void write_examples(const struct operation *op, unsigned status,
                           const struct examples *e, struct json_writer *w)
{
    bool is_open = false;

    for (size_t p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++) {
        const struct problem_row *row;
        const struct json *example;

        if (!has(op, status, (enum problem)p)) {
            continue;
        }
        row = problem_row((enum problem)p);
        example = examples_of(e, "problems", row->name);
        if (example == NULL) {
            continue;
        }
        if (!is_open) {
            part_object(w, "examples");
            is_open = true;
        }
        part_object(w, row->name);
        json_key(w, STR("value"));
        json_add_value(w, example);
        json_object_end(w);
    }
    if (is_open) {
        json_object_end(w);
    }
}

static void write_response(const struct operation *op, unsigned status,
                           const struct examples *e, struct json_writer *w)
{
    json_object_begin(w);
    write_titles(op, status, w);
    parts_write_answered(op, status, w);
    part_object(w, "content");
    part_object(w, "application/problem+json");
    write_schema(op, status, w);
    write_examples(op, status, e, w);
    json_object_end(w);
    json_object_end(w);
    json_object_end(w);
}

struct seen {
    struct buf names[SETS_MAX];
    size_t count;
};

/* Is it new? Then it is seen from now on. */
static bool is_new(struct seen *seen, const struct buf *name)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (str_eq(buf_str(&seen->names[i]), buf_str(name))) {
            return false;
        }
    }
    assert(seen->count < SETS_MAX);
    buf_add(&seen->names[seen->count++], buf_str(name));
    return true;
}

void parts_write_responses(const struct examples *e, struct json_writer *w)
{
    const struct operation *list[OPERATIONS_MAX];
    size_t count = routes_all(list);
    struct seen *seen = mem_new(sizeof *seen);
    struct buf name = BUF_EMPTY;

    memset(seen, 0, sizeof *seen);
    part_object(w, "responses");
    for (size_t i = 0; i < count; i++) {
        for (unsigned status = STATUS_MIN; status <= STATUS_MAX; status++) {
            if (!has_any(list[i], status)) {
                continue;
            }
            set_name(list[i], status, &name);
            if (is_new(seen, &name)) {
                json_key(w, buf_str(&name));
                write_response(list[i], status, e, w);
            }
        }
    }
    json_object_end(w);
    for (size_t i = 0; i < seen->count; i++) {
        buf_free(&seen->names[i]);
    }
    free(seen);
    buf_free(&name);
}
