/* A service's configuration: one table, read from the environment.
 *
 * The table is the only list there is: it reads, checks, documents
 * (`--config-docs` -> docs/configuration.md) and frees. Every fault is told at
 * once; a PORTER_… variable no row knows is a fault (a typo). SECRET rows are
 * never printed. Any row's value may come from a file: <NAME>_FILE names it
 * (one final newline is dropped). Not thread-safe; read once in main. */
#ifndef PORTER_CONFIG_CONFIG_H
#define PORTER_CONFIG_CONFIG_H

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"

#include <stddef.h>
#include <stdint.h>

enum config_kind {
    CONFIG_TEXT,  /* char *: min..max bytes */
    CONFIG_UINT,  /* uint64_t: min..max */
    CONFIG_MS,    /* uint64_t milliseconds: "200ms", "5s", "2m", "1h", "3d" */
    CONFIG_BYTES, /* uint64_t bytes: "64KiB", "1MiB", "512" */
    CONFIG_BOOL,  /* bool: true, false */
    CONFIG_WORD,  /* unsigned: index into words */
};

enum config_flags { CONFIG_REQUIRED = 1, CONFIG_SECRET = 2 };

struct config_row {
    const char *name; /* "PORTER_…" */
    enum config_kind kind;
    size_t offset; /* Of the field in the service's struct. */
    unsigned flags;
    const char *fallback; /* In the variable's own form; NULL: none. */
    uint64_t min;
    uint64_t max;
    const char *help;         /* One sentence. */
    const char *const *words; /* CONFIG_WORD: NULL-terminated. */
};

struct config_table {
    const char *service;
    const struct config_row *rows;
    size_t count;
};

/* What rows can't say: whether a text makes sense to who will read it, whether
 * two values fit together. Called once, when all rows have been read; the field
 * of a row that had a fault holds nothing (NULL, 0, false). */
struct config_faults;
typedef void config_judge_fn(void *user, struct config_faults *faults);
struct config_more {
    config_judge_fn *judge;
    void *user;
    struct buf *told; /* Gets every fault, one a line; NULL: nobody asks. */
};

/* One more fault, of this variable. */
void config_fault(struct config_faults *faults, const char *name,
                  const char *sentence);

/* Fill the struct; on failure err names the faults, one a line, as many as it
 * can hold, and target holds nothing to free. `extra` (may be NULL) are tables
 * of other programs whose variables are not typos here; `more` may be NULL. */
MUST_USE bool config_load(const struct config_table *table, void *target,
                          const struct config_table *const *extra,
                          const struct config_more *more, struct err *err);

/* Free what config_load allocated; SECRET text is wiped first. */
void config_free(const struct config_table *table, void *target);

/* The table as Markdown. */
void config_docs(const struct config_table *table, struct buf *out);

#endif
