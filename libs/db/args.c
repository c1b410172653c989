/* Arguments -> binary parameters. The formats are those of the server's
 * *recv functions; integers are big-endian. */
#include "db/args.h"

#include "db/oid.h"

#include <assert.h>
#include <endian.h>
#include <limits.h>
#include <string.h>

#define NULL_ELEMENT UINT32_MAX

static void add_u16(struct buf *b, uint16_t n)
{
    n = htobe16(n);
    buf_add_bytes(b, &n, sizeof n);
}

static void add_u32(struct buf *b, uint32_t n)
{
    n = htobe32(n);
    buf_add_bytes(b, &n, sizeof n);
}

static void add_u64(struct buf *b, uint64_t n)
{
    n = htobe64(n);
    buf_add_bytes(b, &n, sizeof n);
}

/* The width of an integer type; 0: not one. */
static unsigned int_width(Oid type)
{
    switch (type) {
    case OID_INT2:
        return 2;
    case OID_INT4:
    case OID_OID:
        return 4;
    case OID_INT8:
        return 8;
    default:
        return 0;
    }
}

static bool add_int(struct buf *b, unsigned width, int64_t n)
{
    if (width == 2) {
        add_u16(b, (uint16_t)n);
        return n >= INT16_MIN && n <= INT16_MAX;
    }
    if (width == 4) {
        add_u32(b, (uint32_t)n);
        return n >= INT32_MIN && n <= INT32_MAX;
    }
    add_u64(b, (uint64_t)n);
    return true;
}

static int64_t floor_days(int64_t us)
{
    return us / US_PER_DAY - (us % US_PER_DAY < 0 ? 1 : 0);
}

static bool add_time(struct buf *b, Oid type, int64_t us)
{
    if (type == OID_DATE) {
        return add_int(b, 4, floor_days(us) - PG_EPOCH_DAYS);
    }
    if (us < INT64_MIN + PG_EPOCH_US) {
        return false;
    }
    add_u64(b, (uint64_t)(us - PG_EPOCH_US));
    return true;
}

/* --- arrays -------------------------------------------------------------- */

struct array {
    struct buf *out;
    Oid element;
    const struct db_arg *arg;
};

/* Element type of an array type that `kind` may fill; 0: it may not. */
static Oid element_of(enum db_arg_kind kind, Oid type)
{
    static const struct {
        enum db_arg_kind kind;
        Oid array, element;
    } fits[] = {
        {DB_TEXTS, OID_TEXT_ARRAY, OID_TEXT},
        {DB_TEXTS, OID_VARCHAR_ARRAY, OID_VARCHAR},
        {DB_TEXTS, OID_JSONB_ARRAY, OID_JSONB},
        {DB_BYTESS, OID_BYTEA_ARRAY, OID_BYTEA},
        {DB_INTS, OID_INT2_ARRAY, OID_INT2},
        {DB_INTS, OID_INT4_ARRAY, OID_INT4},
        {DB_INTS, OID_INT8_ARRAY, OID_INT8},
        {DB_UUIDS, OID_UUID_ARRAY, OID_UUID},
        {DB_TIMES, OID_TIMESTAMPTZ_ARRAY, OID_TIMESTAMPTZ},
    };

    for (size_t i = 0; i < COUNT_OF(fits); i++) {
        if (fits[i].kind == kind && fits[i].array == type) {
            return fits[i].element;
        }
    }
    return 0;
}

static bool is_null_element(const struct db_arg *arg, size_t i)
{
    switch (arg->kind) {
    case DB_TEXTS:
    case DB_BYTESS:
        return arg->value.texts[i].data == NULL;
    case DB_INTS:
    case DB_TIMES:
        return arg->value.numbers[i] == DB_INT_NULL;
    case DB_UUIDS:
    case DB_NULL:
    case DB_TEXT:
    case DB_BYTES:
    case DB_INT:
    case DB_BOOL:
    case DB_UUID:
    case DB_TIME:
    case DB_JSON:
        break;
    }
    return false;
}

static void add_text_element(const struct array *a, struct str s)
{
    const bool is_json = a->element == OID_JSONB;

    add_u32(a->out, (uint32_t)s.len + (is_json ? 1 : 0));
    if (is_json) {
        buf_add_char(a->out, JSONB_VERSION);
    }
    buf_add(a->out, s);
}

static bool add_element(const struct array *a, size_t i)
{
    const struct db_arg *arg = a->arg;

    if (is_null_element(arg, i)) {
        add_u32(a->out, NULL_ELEMENT);
        return true;
    }
    if (arg->kind == DB_INTS) {
        const unsigned width = int_width(a->element);

        add_u32(a->out, width);
        return add_int(a->out, width, arg->value.numbers[i]);
    }
    if (arg->kind == DB_TIMES) {
        add_u32(a->out, 8);
        return add_time(a->out, a->element, arg->value.numbers[i]);
    }
    if (arg->kind == DB_UUIDS) {
        add_u32(a->out, sizeof arg->value.uuids[i].bytes);
        buf_add_bytes(a->out, arg->value.uuids[i].bytes,
                      sizeof arg->value.uuids[i].bytes);
        return true;
    }
    add_text_element(a, arg->value.texts[i]);
    return true;
}

static bool add_array(const struct array *a)
{
    bool has_null = false;

    for (size_t i = 0; i < a->arg->count; i++) {
        has_null = has_null || is_null_element(a->arg, i);
    }
    add_u32(a->out, a->arg->count > 0 ? 1 : 0); /* dimensions */
    add_u32(a->out, has_null ? 1 : 0);
    add_u32(a->out, a->element);
    if (a->arg->count == 0) {
        return true;
    }
    add_u32(a->out, (uint32_t)a->arg->count);
    add_u32(a->out, 1); /* lower bound */
    for (size_t i = 0; i < a->arg->count; i++) {
        if (!add_element(a, i)) {
            return false;
        }
    }
    return true;
}

/* --- one parameter ------------------------------------------------------- */

enum fit { FITS, WRONG_VALUE, WRONG_KIND };

static void point(struct db_params *p, int at, const void *data, size_t len)
{
    p->values[at] = data;
    p->lengths[at] = (int)len;
    p->formats[at] = 1;
}

/* Where a value that is in p->bytes from `from` on will stand: an offset until
 * params_encode is done, because the buffer may move. */
static void point_later(struct db_params *p, int at, size_t from)
{
    p->values[at] = NULL;
    p->lengths[at] = (int)(p->bytes.len - from);
    p->formats[at] = 1;
}

static enum fit encode_text(struct db_params *p, int at, struct str s, Oid type)
{
    const size_t from = p->bytes.len;

    switch (type) {
    case OID_TEXT:
    case OID_VARCHAR:
    case OID_BPCHAR:
    case OID_NAME:
    case OID_JSON:
        point(p, at, s.data, s.len);
        return FITS;
    case OID_JSONB:
        buf_add_char(&p->bytes, JSONB_VERSION);
        buf_add(&p->bytes, s);
        point_later(p, at, from);
        return FITS;
    default: /* Let the server read it: enums, inet, intervals … */
        if (str_has(s, '\0')) {
            return WRONG_VALUE;
        }
        buf_add(&p->bytes, s);
        buf_add_char(&p->bytes, '\0');
        point_later(p, at, from);
        p->formats[at] = 0;
        return FITS;
    }
}

static enum fit encode_number(struct db_params *p, int at,
                              const struct db_arg *arg, Oid type)
{
    const size_t from = p->bytes.len;
    bool fits = false;

    if (arg->kind == DB_BOOL) {
        if (type != OID_BOOL) {
            return WRONG_KIND;
        }
        buf_add_char(&p->bytes, arg->value.boolean ? 1 : 0);
        fits = true;
    } else if (arg->kind == DB_INT) {
        if (int_width(type) == 0) {
            return WRONG_KIND;
        }
        fits = add_int(&p->bytes, int_width(type), arg->value.number);
    } else {
        if (type != OID_TIMESTAMPTZ && type != OID_TIMESTAMP &&
            type != OID_DATE) {
            return WRONG_KIND;
        }
        fits = add_time(&p->bytes, type, arg->value.number);
    }
    point_later(p, at, from);
    return fits ? FITS : WRONG_VALUE;
}

static enum fit encode_array(struct db_params *p, int at,
                             const struct db_arg *arg, Oid type)
{
    const struct array a = {&p->bytes, element_of(arg->kind, type), arg};
    const size_t from = p->bytes.len;

    if (a.element == 0) {
        return WRONG_KIND;
    }
    if (!add_array(&a) || p->bytes.len - from > INT_MAX) {
        return WRONG_VALUE;
    }
    point_later(p, at, from);
    return FITS;
}

static bool is_null(const struct db_arg *arg)
{
    switch (arg->kind) {
    case DB_NULL:
        return true;
    case DB_TEXT:
    case DB_BYTES:
    case DB_JSON:
        return arg->value.text.data == NULL;
    case DB_TIME:
        return arg->value.number == DB_TIME_NULL;
    case DB_INT:
    case DB_BOOL:
    case DB_UUID:
    case DB_TEXTS:
    case DB_BYTESS:
    case DB_INTS:
    case DB_UUIDS:
    case DB_TIMES:
        break;
    }
    return false;
}

static enum fit encode(struct db_params *p, int at, const struct db_arg *arg,
                       Oid type)
{
    if (is_null(arg)) {
        point(p, at, NULL, 0);
        return FITS;
    }
    switch (arg->kind) {
    case DB_TEXT:
    case DB_JSON:
        return arg->value.text.len > INT_MAX
                   ? WRONG_VALUE
                   : encode_text(p, at, arg->value.text, type);
    case DB_BYTES:
        if (arg->value.text.len > INT_MAX) {
            return WRONG_VALUE;
        }
        point(p, at, arg->value.text.data, arg->value.text.len);
        return type == OID_BYTEA ? FITS : WRONG_KIND;
    case DB_UUID:
        point(p, at, arg->value.uuid.bytes, sizeof arg->value.uuid.bytes);
        return type == OID_UUID ? FITS : WRONG_KIND;
    case DB_INT:
    case DB_BOOL:
    case DB_TIME:
        return encode_number(p, at, arg, type);
    case DB_TEXTS:
    case DB_BYTESS:
    case DB_INTS:
    case DB_UUIDS:
    case DB_TIMES:
        return encode_array(p, at, arg, type);
    case DB_NULL:
        break;
    }
    return WRONG_KIND;
}

/* --- public -------------------------------------------------------------- */

bool params_encode(struct db_params *p, const struct sql *sql,
                   const struct db_arg *args, const Oid *types, struct err *err)
{
    size_t from[DB_PARAMS_MAX];
    bool is_inside[DB_PARAMS_MAX];

    assert(sql->param_count <= DB_PARAMS_MAX);
    buf_clear(&p->bytes);
    p->count = (int)sql->param_count;
    for (int i = 0; i < p->count; i++) {
        enum fit fit = FITS;

        from[i] = p->bytes.len;
        fit = encode(p, i, &args[i], types[i]);
        if (fit != FITS) {
            return err_set(err, fit == WRONG_KIND ? ERR_INTERNAL : ERR_INVALID,
                           "%s: argument %d does not fit type %u", sql->name,
                           i + 1, types[i]);
        }
        is_inside[i] = p->bytes.len > from[i];
    }
    for (int i = 0; i < p->count; i++) {
        if (is_inside[i]) {
            p->values[i] = p->bytes.data + from[i];
        }
    }
    return true;
}

void params_done(struct db_params *p)
{
    buf_free(&p->bytes);
}
