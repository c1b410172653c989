/* Every program's table: what `config_load` needs to tell another program's
 * variable from a typo, and what docs/configuration.md is made of. */
#ifndef PORTER_SETTINGS_ALL_H
#define PORTER_SETTINGS_ALL_H

#include "config/config.h"

/* NULL-terminated. */
extern const struct config_table *const settings_tables[];

#endif
