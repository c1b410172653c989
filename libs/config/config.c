/* Reading a table of variables from the environment.
 *
 * All rows are read before anything is said, so an operator mends every fault
 * in one go. Values that may be secret are never part of a fault's text, and
 * every copy made on the way is wiped. */
#include "config/config.h"

#include "config/value.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "PORTER_"
#define FILE_SUFFIX "_FILE"
#define FILE_MAX_BYTES 65536
#define NAME_MAX_BYTES 64
#define FAULT_MAX_BYTES 300

extern char **environ;

/* Every fault found so far, one a line. */
struct config_faults {
    struct buf lines;
    size_t count;
};

static void fault(struct config_faults *f, const char *format, ...)
    PRINTF_LIKE(2, 3);

static void fault(struct config_faults *f, const char *format, ...)
{
    char line[FAULT_MAX_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    buf_addf(&f->lines, "%s%s", f->count > 0 ? "\n" : "", line);
    f->count++;
}

/* As many whole lines as an err can hold, and how many are left out. */
static void faults_shorten(const struct config_faults *f, struct err *err)
{
    const size_t room = ERR_TEXT_MAX - sizeof "\nand 1000000 more";
    size_t shown = 0;
    size_t len = 0;

    for (size_t at = 0; at < f->lines.len && at < room; at++) {
        if (f->lines.data[at] == '\n') {
            len = at;
            shown++;
        }
    }
    (void)err_set(err, ERR_INVALID, "%.*s%sand %zu more", (int)len,
                  f->lines.data, shown > 0 ? "\n" : "", f->count - shown);
}

/* Move the list into err, and all of it into told; true when it is empty. */
static bool faults_end(struct config_faults *f, struct buf *told,
                       struct err *err)
{
    bool ok = f->count == 0;

    if (!ok && f->lines.len < ERR_TEXT_MAX) {
        (void)err_set(err, ERR_INVALID, "%s", buf_cstr(&f->lines));
    } else if (!ok) {
        faults_shorten(f, err);
    }
    if (!ok && told != NULL) {
        buf_add(told, buf_str(&f->lines));
    }
    buf_free(&f->lines);
    return ok;
}

/* --- where a value comes from -------------------------------------------- */

static void wipe_free(struct buf *b)
{
    if (b->data != NULL) {
        explicit_bzero(b->data, b->cap);
    }
    buf_free(b);
}

/* The file's content without one final newline. */
static bool file_read(const char *path, struct buf *out, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = false;
    ssize_t n = 1;

    if (fd < 0) {
        return err_set(err, ERR_INVALID, "%s", strerror(errno));
    }
    /* All the room at once: growing would leave an unwiped copy behind. */
    buf_reserve(out, FILE_MAX_BYTES + 1);
    while (n > 0 && out->len <= FILE_MAX_BYTES) {
        n = read(fd, out->data + out->len, FILE_MAX_BYTES + 1 - out->len);
        out->len += n > 0 ? (size_t)n : 0;
    }
    if (n < 0) {
        (void)err_set(err, ERR_INVALID, "%s", strerror(errno));
        goto out;
    }
    if (out->len > FILE_MAX_BYTES) {
        (void)err_set(err, ERR_INVALID, "over %d bytes", FILE_MAX_BYTES);
        goto out;
    }
    if (out->len > 0 && out->data[out->len - 1] == '\n') {
        out->len--;
    }
    out->data[out->len] = '\0';
    ok = true;

out:
    (void)close(fd);
    return ok;
}

/* An empty variable is one that is not set: compose and Kubernetes files
 * can't leave a name out. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Put the row's text into *out; *found tells whether anybody gave one. */
static bool text_find(const struct config_row *row, struct buf *out,
                      bool *found, struct config_faults *faults)
{
    char file_name[NAME_MAX_BYTES + sizeof FILE_SUFFIX];
    const char *value = variable(row->name);
    const char *path = NULL;
    struct err err = ERR_NONE;

    (void)snprintf(file_name, sizeof file_name, "%s" FILE_SUFFIX, row->name);
    path = variable(file_name);
    if (value != NULL && path != NULL) {
        fault(faults, "%s and %s are both set", row->name, file_name);
        return false;
    }
    if (path != NULL && !file_read(path, out, &err)) {
        fault(faults, "%s: %s: %s", file_name, path, err.text);
        return false;
    }
    if (path == NULL && value == NULL) {
        value = row->fallback;
    }
    if (path == NULL && value != NULL) {
        buf_add(out, str_of(value));
    }
    *found = path != NULL || value != NULL;
    return true;
}

static void row_read(const struct config_row *row, void *target,
                     struct config_faults *faults)
{
    struct buf text = BUF_EMPTY;
    struct err err = ERR_NONE;
    bool found = false;

    assert(strlen(row->name) <= NAME_MAX_BYTES);
    if (!text_find(row, &text, &found, faults)) {
        goto out;
    }
    if (!found && (row->flags & CONFIG_REQUIRED) != 0) {
        fault(faults, "%s is not set (%s)", row->name, row->help);
        goto out;
    }
    if (found &&
        !value_read(row, buf_str(&text), (char *)target + row->offset, &err)) {
        fault(faults, "%s: %s", row->name, err.text);
    }

out:
    wipe_free(&text);
}

/* --- names nobody knows -------------------------------------------------- */

static bool table_knows(const struct config_table *table, struct str name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (str_eq(name, str_of(table->rows[i].name))) {
            return true;
        }
    }
    return false;
}

static bool any_knows(const struct config_table *table,
                      const struct config_table *const *extra, struct str name)
{
    if (table_knows(table, name)) {
        return true;
    }
    for (size_t i = 0; extra != NULL && extra[i] != NULL; i++) {
        if (table_knows(extra[i], name)) {
            return true;
        }
    }
    return false;
}

static struct str without_suffix(struct str name)
{
    struct str suffix = STR(FILE_SUFFIX);

    if (name.len > suffix.len && memcmp(name.data + name.len - suffix.len,
                                        suffix.data, suffix.len) == 0) {
        name.len -= suffix.len;
    }
    return name;
}

static void typos_find(const struct config_table *table,
                       const struct config_table *const *extra,
                       struct config_faults *faults)
{
    for (char **entry = environ; *entry != NULL; entry++) {
        struct str name = str_of(*entry);

        name.len = strcspn(*entry, "=");
        if (!str_starts(name, STR(PREFIX)) || any_knows(table, extra, name) ||
            any_knows(table, extra, without_suffix(name))) {
            continue;
        }
        name.len = MIN_OF(name.len, (size_t)NAME_MAX_BYTES);
        fault(faults, "%.*s is no variable of ours: mend its name, or unset it",
              STR_ARGS(name));
    }
}

/* --- the table ----------------------------------------------------------- */

void config_fault(struct config_faults *faults, const char *name,
                  const char *sentence)
{
    fault(faults, "%s: %s", name, sentence);
}

bool config_load(const struct config_table *table, void *target,
                 const struct config_table *const *extra,
                 const struct config_more *more, struct err *err)
{
    struct config_faults faults = {.lines = BUF_EMPTY};

    assert(table != NULL && target != NULL);
    for (size_t i = 0; i < table->count; i++) {
        value_none(&table->rows[i], (char *)target + table->rows[i].offset);
    }
    for (size_t i = 0; i < table->count; i++) {
        row_read(&table->rows[i], target, &faults);
    }
    typos_find(table, extra, &faults);
    if (more != NULL) {
        more->judge(more->user, &faults);
    }
    if (!faults_end(&faults, more != NULL ? more->told : NULL, err)) {
        config_free(table, target);
        return false;
    }
    return true;
}

void config_free(const struct config_table *table, void *target)
{
    for (size_t i = 0; i < table->count; i++) {
        value_free(&table->rows[i], (char *)target + table->rows[i].offset);
    }
}
