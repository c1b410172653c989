/* porterctl config docs: docs/configuration.md is what this prints. */
#include "porterctl/ctl.h"

#include "settings/all.h"

#include <stdio.h>

bool config_docs_command(struct ctl *ctl, struct err *err)
{
    struct buf out = BUF_EMPTY;

    (void)ctl;
    (void)err;
    for (size_t i = 0; settings_tables[i] != NULL; i++) {
        config_docs(settings_tables[i], &out);
    }
    (void)fputs(buf_cstr(&out), stdout);
    buf_free(&out);
    return true;
}
