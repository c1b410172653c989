/* The dashboard's tables of operations, for routes.c alone. */
#ifndef PORTER_GATEWAY_DASHBOARD_H
#define PORTER_GATEWAY_DASHBOARD_H

#include "gateway/routes.h"

extern const struct operation_table sign_in_operations;
extern const struct operation_table session_operations;
extern const struct operation_table invitation_operations;
extern const struct operation_table people_operations;
extern const struct operation_table me_operations;
extern const struct operation_table key_operations;
extern const struct operation_table key_call_operations;
extern const struct operation_table webhook_secret_operations;
extern const struct operation_table webhook_number_operations;
extern const struct operation_table audit_operations;
extern const struct operation_table departure_operations;
extern const struct operation_table overview_operations;
extern const struct operation_table change_operations;
extern const struct operation_table rule_operations;

#endif
