/* Files that options name: secrets come from them, never from words. */
#ifndef PORTER_PORTERCTL_FILE_H
#define PORTER_PORTERCTL_FILE_H

#include "porterctl/ctl.h"

/* The whole file of an option, at most `max` bytes; into the arena. */
MUST_USE bool file_read(struct ctl *ctl, const char *option, size_t max,
                        struct str *out, struct err *err);

/* Its first line, which may not be empty. */
MUST_USE bool file_first_line(struct ctl *ctl, const char *option, size_t max,
                              struct str *out, struct err *err);

/* A line without a carriage return and outer blanks. */
struct str file_line(struct str line);

#endif
