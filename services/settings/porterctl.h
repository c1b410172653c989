/* porterctl's variables. */
#ifndef PORTER_SETTINGS_PORTERCTL_H
#define PORTER_SETTINGS_PORTERCTL_H

#include "settings/common.h"

#include "base/err.h"
#include "base/macros.h"

struct porterctl_settings {
    struct common_settings common; /* seal_keys may be NULL */
    struct kafka_settings kafka;
    char *kafka_group; /* The dispatchers'. */
    char *redis_url;
    char *public_url;
};

extern const struct config_table porterctl_settings_table;

/* Read the environment; see config_load. */
MUST_USE bool porterctl_settings_load(struct porterctl_settings *out,
                                      const struct config_more *more,
                                      struct err *err);
void porterctl_settings_free(struct porterctl_settings *s);

#endif
