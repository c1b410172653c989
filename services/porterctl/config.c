/* porterctl config docs: docs/configuration.md is what this prints. */
#include "porterctl/ctl.h"

#include "settings/all.h"

#include <stdio.h>

bool config_docs_command(struct ctl *ctl, struct err *err)
{
    struct buf out = BUF_EMPTY;

    (void)ctl;
    (void)err;
    BUF_ADD(&out,
            "# Configuration\n\n<!-- Made by `porterctl config docs`. -->"
            "\n\nOne environment serves all programs: each reads its own "
            "variables, checks them all at once when it starts, and takes "
            "a `PORTER_…` variable that none of them knows for a typo. "
            "Any value may come from a file: `<NAME>_FILE` names it (one "
            "final newline is dropped). Secret values are never printed. "
            "Durations are written as `200ms`, `5s`, `2m`, `1h`, `3d`; "
            "sizes as `512`, `64KiB`, `1MiB`.\n");
    for (size_t i = 0; settings_tables[i] != NULL; i++) {
        config_docs(settings_tables[i], &out);
    }
    (void)fputs(buf_cstr(&out), stdout);
    buf_free(&out);
    return true;
}
