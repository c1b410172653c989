/* A table of variables as Markdown: docs/configuration.md is made of these. */
#include "config/config.h"

#include "config/value.h"

/* What may stand in the variable. */
static void add_form(const struct config_row *row, struct buf *out)
{
    switch (row->kind) {
    case CONFIG_TEXT:
        buf_addf(out, "text, %llu to %llu bytes", (unsigned long long)row->min,
                 (unsigned long long)row->max);
        return;
    case CONFIG_BOOL:
        BUF_ADD(out, "`true` or `false`");
        return;
    case CONFIG_WORD:
        for (size_t i = 0; row->words[i] != NULL; i++) {
            buf_addf(out, "%s`%s`", i > 0 ? ", " : "", row->words[i]);
        }
        return;
    case CONFIG_UINT:
        BUF_ADD(out, "number, ");
        break;
    case CONFIG_MS:
        BUF_ADD(out, "duration, ");
        break;
    case CONFIG_BYTES:
        BUF_ADD(out, "size, ");
        break;
    }
    value_write(row, row->min, out);
    BUF_ADD(out, " to ");
    value_write(row, row->max, out);
}

static void add_default(const struct config_row *row, struct buf *out)
{
    if ((row->flags & CONFIG_REQUIRED) != 0) {
        BUF_ADD(out, "**required**");
    } else if (row->fallback == NULL || row->fallback[0] == '\0') {
        BUF_ADD(out, "none");
    } else {
        buf_addf(out, "`%s`", row->fallback);
    }
}

void config_docs(const struct config_table *table, struct buf *out)
{
    buf_addf(out,
             "\n## %s\n\n| Variable | Value | Default | Meaning |\n"
             "|---|---|---|---|\n",
             table->service);
    for (size_t i = 0; i < table->count; i++) {
        const struct config_row *row = &table->rows[i];

        buf_addf(out, "| `%s` | ", row->name);
        add_form(row, out);
        BUF_ADD(out, " | ");
        add_default(row, out);
        buf_addf(out, " | %s%s |\n", row->help,
                 (row->flags & CONFIG_SECRET) != 0 ? " Secret." : "");
    }
}
