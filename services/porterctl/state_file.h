/* --state-file: one line that says how far a command came, so that it goes on
 * there when it is called again. */
#ifndef PORTER_PORTERCTL_STATE_FILE_H
#define PORTER_PORTERCTL_STATE_FILE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#define STATE_LINE_MAX 128 /* With its line break and the end. */

/* The line, "" when the file is empty or not there yet. False also when it
 * could not be written later: nobody wants to learn that after the work. */
MUST_USE bool state_file_read(const char *path, struct arena *arena,
                              char line[STATE_LINE_MAX], struct err *err);

/* Replaces the file as a whole: who ends us in between leaves the old one. */
MUST_USE bool state_file_write(const char *path, struct str line,
                               struct arena *arena, struct err *err);

#endif
