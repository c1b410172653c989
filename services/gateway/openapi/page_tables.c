/* The tables of the page: what may be sent, what comes. */
#include "gateway/openapi/page_parts.h"

#include "gateway/html.h"
#include "guard/header.h"
#include "message/schema.h"

#include <assert.h>
#include <inttypes.h>

static const char *const param_columns[] = {"Parameter", "What it is", NULL};
static const char *const field_columns[] = {"Field", "Type", "What it is",
                                            NULL};

void page_table_begin(struct buf *out, const char *label,
                      const char *const *columns)
{
    BUF_ADD(out, "<div class=\"wide\" role=\"region\" tabindex=\"0\" "
                 "aria-label=\"");
    html_text(out, str_of(label));
    BUF_ADD(out, "\"><table><thead><tr>");
    for (; *columns != NULL; columns++) {
        buf_addf(out, "<th scope=\"col\">%s</th>", *columns);
    }
    BUF_ADD(out, "</tr></thead><tbody>\n");
}

void page_table_end(struct buf *out)
{
    BUF_ADD(out, "</tbody></table></div>\n");
}

static void begin_row(struct buf *out, const char *name)
{
    buf_addf(out, "<tr><th scope=\"row\"><code>%s</code>", name);
}

static void add_words_of(const ProtobufCEnumDescriptor *type, struct buf *out)
{
    const char *between = " ";

    for (unsigned i = 0; i < type->n_values; i++) {
        struct str word = message_enum_word(type, type->values[i].value);

        if (word.len > 0) {
            buf_addf(out, "%s<code>%.*s</code>", between, STR_ARGS(word));
            between = ", ";
        }
    }
}

static void add_prefixes(unsigned kinds, struct buf *out)
{
    const char *between = " ";

    for (unsigned k = 0; k < ID_KIND_COUNT; k++) {
        if ((kinds & 1U << k) != 0) {
            buf_addf(out, "%s<code>%s_…</code>", between,
                     id_prefix((enum id_kind)k));
            between = ", ";
        }
    }
}

static void add_param_rule(const struct param_row *row, struct buf *out)
{
    BUF_ADD(out, " <span class=\"rule\">");
    switch (row->kind) {
    case PARAM_UINT:
        buf_addf(out, "Whole number, %" PRId64 " to %" PRId64 ".", row->min,
                 row->max);
        break;
    case PARAM_TEXT:
        buf_addf(out, "Text, %" PRId64 " to %" PRId64 " characters.", row->min,
                 row->max);
        break;
    case PARAM_ID:
        buf_addf(out, "Id, <code>%s_…</code>", id_prefix(row->id_kind));
        break;
    case PARAM_IDS:
        BUF_ADD(out, "Id,");
        add_prefixes(row->id_kinds, out);
        break;
    case PARAM_TIME:
        BUF_ADD(out, "Time, RFC 3339; write <code>+</code> as "
                     "<code>%2B</code>.");
        break;
    case PARAM_ENUM:
        BUF_ADD(out, "One of");
        add_words_of(row->words_of, out);
        break;
    case PARAM_WORD:
        BUF_ADD(out, "One of");
        for (size_t i = 0; row->words[i] != NULL; i++) {
            buf_addf(out, "%s<code>%s</code>", i > 0 ? ", " : " ",
                     row->words[i]);
        }
        break;
    }
    BUF_ADD(out, "</span>");
}

void page_params(const struct param_table *table, struct buf *out)
{
    page_table_begin(out, "Query parameters", param_columns);
    for (size_t i = 0; i < table->count; i++) {
        begin_row(out, table->rows[i].name);
        BUF_ADD(out, "</th><td>");
        html_words(out, table->rows[i].help);
        add_param_rule(&table->rows[i], out);
        BUF_ADD(out, "</td></tr>\n");
    }
    page_table_end(out);
}

/* "1 to 120", "up to 20" */
static void add_span(const struct rule *row, const char *things,
                     struct buf *out)
{
    if (row->max <= 0) {
        return;
    }
    if (row->min > 0) {
        buf_addf(out, "%" PRId64 " to %" PRId64 " %s. ", row->min, row->max,
                 things);
    } else {
        buf_addf(out, "Up to %" PRId64 " %s. ", row->max, things);
    }
}

static void add_rule(const struct rule *row, const char *kind, struct buf *out)
{
    bool is_text = strcmp(kind, "text") == 0;
    bool is_list = str_starts(str_of(kind), STR("list"));

    switch (row->format) {
    case RULE_PLAIN:
    case RULE_LINE:
        if (is_text || is_list) {
            add_span(row, is_list ? "entries" : "characters", out);
        } else if (row->min != 0 || row->max != 0) {
            buf_addf(out, "%" PRId64 " to %" PRId64 ". ", row->min, row->max);
        }
        if (row->format == RULE_LINE) {
            BUF_ADD(out, "One line, not only blanks.");
        }
        return;
    case RULE_EMAIL:
        BUF_ADD(out, "An e-mail address.");
        return;
    case RULE_PHONE:
        BUF_ADD(out, "E.164: <code>+</code> and 7 to 15 digits.");
        return;
    case RULE_COUNTRY:
        BUF_ADD(out, "A country's two capital letters.");
        return;
    case RULE_ENDPOINT:
        BUF_ADD(out, "An https URL with a public host, without user or "
                     "password, on port 443 or one from 1024 on.");
        return;
    case RULE_WORD:
        for (size_t i = 0; row->words[i] != NULL; i++) {
            buf_addf(out, "%s<code>%s</code>", i > 0 ? ", " : "",
                     row->words[i]);
        }
        return;
    case RULE_ID:
        buf_addf(out, "<code>%s_…</code>", id_prefix(row->id_kind));
        return;
    case RULE_TIME:
        BUF_ADD(out, "RFC 3339, with its zone.");
        return;
    case RULE_MAP:
        buf_addf(out,
                 "Up to %" PRId64 " names of up to %d characters, with texts "
                 "of up to %d.",
                 row->max, MAP_KEY_MAX, MAP_VALUE_MAX);
        return;
    case RULE_HEADERS:
        buf_addf(out,
                 "Up to %" PRId64 " names of up to %d letters, digits, - and "
                 "_, with values of up to %d printable ASCII characters.",
                 row->max, GUARD_HEADER_NAME_MAX, GUARD_HEADER_VALUE_MAX);
        return;
    case RULE_WAITS:
        buf_addf(out, "Up to %" PRId64 " waits of 1 to %d seconds.", row->max,
                 WAIT_MAX_S);
        return;
    }
}

static void add_field(const ProtobufCMessageDescriptor *type,
                      const struct rule *row, struct buf *out)
{
    const ProtobufCMessageDescriptor *owner = NULL;
    const ProtobufCFieldDescriptor *f =
        schema_field(type, str_of(row->path), &owner);

    assert(f != NULL); /* rules_check */
    begin_row(out, row->path);
    if (row->required) {
        BUF_ADD(out, "<span class=\"need\">required</span>");
    }
    buf_addf(out, "</th><td>%s</td><td>", schema_kind_name(f));
    html_words(out, schema_comment(owner, f->name));
    BUF_ADD(out, " <span class=\"rule\">");
    add_rule(row, schema_kind_name(f), out);
    if (f->type == PROTOBUF_C_TYPE_ENUM) {
        BUF_ADD(out, "One of");
        add_words_of(f->descriptor, out);
    }
    BUF_ADD(out, "</span></td></tr>\n");
}

void page_body(const struct rule_table *table, struct buf *out)
{
    page_table_begin(out, "Fields of the body", field_columns);
    for (size_t i = 0; i < table->count; i++) {
        add_field(table->type, &table->rows[i], out);
    }
    page_table_end(out);
}

void page_message(const ProtobufCMessageDescriptor *type, struct buf *out)
{
    page_table_begin(out, type->short_name, field_columns);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &type->fields[i];
        const ProtobufCMessageDescriptor *inner = schema_inner(f);

        begin_row(out, f->name);
        BUF_ADD(out, "</th><td>");
        if (inner != NULL) {
            buf_addf(out, "%s<a href=\"#object-%s\">%s</a>",
                     strcmp(schema_kind_name(f), "list") == 0 ? "list of " : "",
                     inner->short_name, inner->short_name);
        } else {
            buf_add(out, str_of(schema_kind_name(f)));
        }
        if (schema_may_be_null(type, f)) {
            BUF_ADD(out, " <span class=\"rule\">or null</span>");
        }
        BUF_ADD(out, "</td><td>");
        html_words(out, schema_comment(type, f->name));
        if (f->type == PROTOBUF_C_TYPE_ENUM) {
            BUF_ADD(out, " <span class=\"rule\">One of");
            add_words_of(f->descriptor, out);
            BUF_ADD(out, "</span>");
        }
        BUF_ADD(out, "</td></tr>\n");
    }
    page_table_end(out);
}
