/* One variable's text -> the field of the service's struct. Inside libs/config
 * only. Pure. */
#ifndef PORTER_CONFIG_VALUE_H
#define PORTER_CONFIG_VALUE_H

#include "config/config.h"

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

/* Check the text against the row and store it; the error tells what is wrong
 * and shows the value unless the row is SECRET. */
MUST_USE bool value_read(const struct config_row *row, struct str text,
                         void *field, struct err *err);

/* The field's "nothing there": NULL, 0, false. */
void value_none(const struct config_row *row, void *field);

/* Give back what value_read took, and leave value_none. */
void value_free(const struct config_row *row, void *field);

/* A number in the row's own form ("200ms", "1MiB", "42"), for messages and
 * documents. */
void value_write(const struct config_row *row, uint64_t n, struct buf *out);

#endif
