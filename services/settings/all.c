/* The list of tables, and the words they share. */
#include "settings/all.h"

#include "settings/common.h"
#include "settings/dispatcher.h"
#include "settings/gateway.h"
#include "settings/porterctl.h"

const char *const environment_names[] = {
    [ENVIRONMENT_PRODUCTION] = "production",
    [ENVIRONMENT_DEVELOPMENT] = "development",
    NULL,
};

const struct config_table *const settings_tables[] = {
    &gateway_settings_table,
    &dispatcher_settings_table,
    &porterctl_settings_table,
    NULL,
};
