/* Files that options name. */
#include "porterctl/file.h"

#include <errno.h>
#include <stdio.h>

static bool read_stream(FILE *file, size_t max, struct buf *out)
{
    size_t got = 0;

    do {
        buf_reserve(out, max / 16 + 1);
        got = fread(out->data + out->len, 1, max / 16 + 1, file);
        out->len += got;
        out->data[out->len] = '\0';
    } while (got > 0 && out->len <= max);
    return ferror(file) == 0;
}

bool file_read(struct ctl *ctl, const char *option, size_t max, struct str *out,
               struct err *err)
{
    const char *path = words_value(&ctl->words, option).data;
    FILE *file = fopen(path, "re");
    struct buf text = BUF_EMPTY;
    bool ok = file != NULL && read_stream(file, max, &text);

    if (!ok) {
        (void)err_set(err, ERR_INVALID, "--%s: can't read %s: %s", option, path,
                      strerror(errno));
    } else if (text.len > max) {
        ok = err_set(err, ERR_INVALID, "--%s: %s has over %zu bytes", option,
                     path, max);
    } else {
        *out = arena_str(ctl->arena, buf_str(&text));
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    crypt_wipe(text.data, text.len);
    buf_free(&text);
    return ok;
}

struct str file_line(struct str line)
{
    if (line.len > 0 && line.data[line.len - 1] == '\r') {
        line.len--;
    }
    return str_trim(line);
}

bool file_first_line(struct ctl *ctl, const char *option, size_t max,
                     struct str *out, struct err *err)
{
    struct str text = STR_NONE;
    struct str line = STR_NONE;

    if (!file_read(ctl, option, max, &text, err)) {
        return false;
    }
    if (!str_split(&text, '\n', &line) || file_line(line).len == 0) {
        return err_set(err, ERR_INVALID, "--%s: its first line is empty",
                       option);
    }
    *out = arena_str(ctl->arena, file_line(line));
    return true;
}
