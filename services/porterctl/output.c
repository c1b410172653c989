/* Writing answers to stdout. */
#include "porterctl/output.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/rfc3339.h"
#include "db/db.h"
#include "json/json.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static void print(const struct buf *b)
{
    (void)fwrite(b->data, 1, b->len, stdout);
    (void)fflush(stdout);
}

static void add_json(struct json_writer *w, const struct field *f)
{
    json_key(w, str_of(f->name));
    switch (f->kind) {
    case FIELD_TEXT:
        if (f->text.data == NULL) {
            json_add_null(w);
        } else {
            json_add_text(w, f->text);
        }
        break;
    case FIELD_INT:
        json_add_int(w, f->number);
        break;
    case FIELD_BOOL:
        json_add_bool(w, f->number != 0);
        break;
    case FIELD_TIME:
        if (f->number == DB_TIME_NULL) {
            json_add_null(w);
        } else {
            json_add_time(w, f->number);
        }
        break;
    case FIELD_JSON:
        json_add_raw(w, f->text);
        break;
    }
}

static void add_object(struct buf *out, const struct field *fields,
                       size_t count)
{
    struct json_writer w = json_writer(out);

    json_object_begin(&w);
    for (size_t i = 0; i < count; i++) {
        add_json(&w, &fields[i]);
    }
    json_object_end(&w);
    buf_add_char(out, '\n');
}

/* For people: missing is a dash, control characters are dots. */
static void add_plain(struct buf *out, const struct field *f)
{
    char time[RFC3339_LEN + 1];
    size_t from = out->len;

    switch (f->kind) {
    case FIELD_TEXT:
    case FIELD_JSON:
        buf_add(out, f->text.len == 0 ? STR("-") : f->text);
        for (size_t i = from; i < out->len; i++) {
            if (iscntrl((unsigned char)out->data[i])) {
                out->data[i] = '.';
            }
        }
        break;
    case FIELD_INT:
        buf_add_i64(out, f->number);
        break;
    case FIELD_BOOL:
        buf_add(out, f->number != 0 ? STR("yes") : STR("no"));
        break;
    case FIELD_TIME:
        if (f->number == DB_TIME_NULL) {
            BUF_ADD(out, "-");
        } else {
            rfc3339_write(f->number, time);
            buf_add(out, str_of(time));
        }
        break;
    }
}

static size_t plain_width(const struct field *f)
{
    struct buf b = BUF_EMPTY;
    size_t width = 0;

    add_plain(&b, f);
    width = str_utf8_count(buf_str(&b));
    buf_free(&b);
    return width;
}

static void add_padded(struct buf *out, const struct field *f, size_t width)
{
    size_t is = plain_width(f);

    add_plain(out, f);
    for (; is < width; is++) {
        buf_add_char(out, ' ');
    }
}

void output_one(bool is_json, const struct field *fields, size_t count)
{
    struct buf out = BUF_EMPTY;
    size_t width = 0;

    if (is_json) {
        add_object(&out, fields, count);
    }
    for (size_t i = 0; !is_json && i < count; i++) {
        width = MAX_OF(width, strlen(fields[i].name));
    }
    for (size_t i = 0; !is_json && i < count; i++) {
        buf_addf(&out, "%-*s  ", (int)width, fields[i].name);
        add_plain(&out, &fields[i]);
        buf_add_char(&out, '\n');
    }
    print(&out);
    buf_free(&out);
}

static void add_table(struct buf *out, const struct field *fields,
                      size_t columns, size_t rows)
{
    size_t *width = mem_zero(columns, sizeof(*width));

    for (size_t c = 0; c < columns; c++) {
        width[c] = strlen(fields[c].name);
        for (size_t r = 0; r < rows; r++) {
            width[c] = MAX_OF(width[c], plain_width(&fields[r * columns + c]));
        }
    }
    for (size_t c = 0; c < columns; c++) {
        struct field head = F_TEXT("", str_of(fields[c].name));

        add_padded(out, &head, c + 1 < columns ? width[c] + 2 : 0);
    }
    buf_add_char(out, '\n');
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < columns; c++) {
            add_padded(out, &fields[r * columns + c],
                       c + 1 < columns ? width[c] + 2 : 0);
        }
        buf_add_char(out, '\n');
    }
    free(width);
}

void output_list(bool is_json, const struct field *fields, size_t columns,
                 size_t rows, const char *empty)
{
    struct buf out = BUF_EMPTY;

    for (size_t r = 0; is_json && r < rows; r++) {
        add_object(&out, fields + r * columns, columns);
    }
    if (!is_json && rows == 0) {
        buf_addf(&out, "%s\n", empty);
    } else if (!is_json) {
        add_table(&out, fields, columns, rows);
    }
    if (out.len > 0) {
        print(&out);
    }
    buf_free(&out);
}
