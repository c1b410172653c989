/* The resources' tables of operations, for routes.c alone. */
#ifndef PORTER_GATEWAY_RESOURCES_H
#define PORTER_GATEWAY_RESOURCES_H

#include "gateway/routes.h"

extern const struct operation_table visitor_operations;
extern const struct operation_table visitor_change_operations;
extern const struct operation_table location_operations;
extern const struct operation_table contractor_operations;
extern const struct operation_table contractor_change_operations;
extern const struct operation_table evacuation_operations;
extern const struct operation_table evacuation_change_operations;
extern const struct operation_table webhook_operations;
extern const struct operation_table signature_operations;
extern const struct operation_table delivery_operations;
extern const struct operation_table replay_operations;
extern const struct operation_table stats_operations;
extern const struct operation_table event_operations;
extern const struct operation_table rate_limit_operations;
extern const struct operation_table docs_operations;

#endif
