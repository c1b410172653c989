/* A new state is written beside the file and takes its name. */
#include "porterctl/state_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool refuse(const char *what, const char *path, struct err *err)
{
    return err_set(err, ERR_INVALID, "--state-file: can't %s %s: %s", what,
                   path, strerror(errno));
}

/* With the line, or empty. */
static bool write_beside(const char *beside, struct str line)
{
    FILE *file = fopen(beside, "we");
    bool ok = file != NULL && (line.data == NULL ||
                               fprintf(file, "%.*s\n", STR_ARGS(line)) > 0);

    if (file != NULL && fclose(file) != 0) {
        ok = false;
    }
    return ok;
}

static struct str beside_of(const char *path, struct arena *arena)
{
    return arena_printf(arena, "%s.new", path);
}

bool state_file_read(const char *path, struct arena *arena,
                     char line[STATE_LINE_MAX], struct err *err)
{
    const struct str beside = beside_of(path, arena);
    FILE *file = fopen(path, "re");

    line[0] = '\0';
    if (file == NULL && errno != ENOENT) {
        return refuse("read", path, err);
    }
    if (file != NULL) {
        if (fgets(line, STATE_LINE_MAX, file) == NULL) {
            line[0] = '\0'; /* Empty: nothing was written yet. */
        }
        (void)fclose(file);
        line[strcspn(line, "\n")] = '\0';
    }
    return (write_beside(beside.data, STR_NONE) && unlink(beside.data) == 0) ||
           refuse("write", path, err);
}

bool state_file_write(const char *path, struct str line, struct arena *arena,
                      struct err *err)
{
    const struct str beside = beside_of(path, arena);

    return (write_beside(beside.data, line) &&
            rename(beside.data, path) == 0) ||
           refuse("write", path, err);
}
