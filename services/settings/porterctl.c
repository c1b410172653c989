/* porterctl's table of variables. Seal keys are not required: a migration job
 * has no business with them. */
#include "settings/porterctl.h"

#include "settings/all.h"

#define AT(field) offsetof(struct porterctl_settings, field)

/* clang-format off */
static const struct config_row rows[] = {
    ROWS_COMMON(struct porterctl_settings, 0),
    ROWS_KAFKA(struct porterctl_settings),
    {"PORTER_KAFKA_GROUP", CONFIG_TEXT, AT(kafka_group), 0, "porter-dispatcher", 1, 200,
     "The dispatchers' consumer groups, as they have it.", NULL},
    {"PORTER_REDIS_URL", CONFIG_TEXT, AT(redis_url), CONFIG_SECRET, "redis://127.0.0.1:6379",
     1, SETTINGS_TEXT_MAX, "Redis, where a key revoked from here is forgotten.", NULL},
    {"PORTER_PUBLIC_URL", CONFIG_TEXT, AT(public_url), 0, "", 0, 2048,
     "What links to the dashboard start with; only the path without it.", NULL},
};
/* clang-format on */

const struct config_table porterctl_settings_table = {"porterctl", rows,
                                                      COUNT_OF(rows)};

bool porterctl_settings_load(struct porterctl_settings *out,
                             const struct config_more *more, struct err *err)
{
    return config_load(&porterctl_settings_table, out, settings_tables, more,
                       err);
}

void porterctl_settings_free(struct porterctl_settings *s)
{
    config_free(&porterctl_settings_table, s);
}
