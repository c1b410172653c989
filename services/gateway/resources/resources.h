/* The resources' tables of operations, for routes.c alone. */
#ifndef PORTER_GATEWAY_RESOURCES_H
#define PORTER_GATEWAY_RESOURCES_H

#include "base/err.h"
#include "gateway/routes.h"

extern const struct operation_table visitor_operations;
extern const struct operation_table location_operations;
extern const struct operation_table contractor_operations;
extern const struct operation_table rate_limit_operations;
extern const struct operation_table docs_operations;

/* Do the tables of input rules fit their messages? Called once at start. */
MUST_USE bool visitor_rules_check(struct err *err);

#endif
