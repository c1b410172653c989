/* "schemas" of the document: the messages that answers and events hold, the
 * bodies that requests may have, the frame of lists, problems. */
#ifndef PORTER_GATEWAY_OPENAPI_SCHEMAS_H
#define PORTER_GATEWAY_OPENAPI_SCHEMAS_H

#include "gateway/openapi/describe.h"
#include "gateway/openapi/examples.h"

#define MESSAGES_MAX 64

/* Every message that an answer or an event holds, each once. */
size_t schemas_messages(const ProtobufCMessageDescriptor *list[MESSAGES_MAX]);

void schemas_write(const struct examples *e, struct json_writer *w);

/* What the bodies of these operations may hold: members by name, such as
 * "PreRegisterVisitorInput". */
void schemas_write_inputs(const struct operation *const *list, size_t count,
                          struct json_writer *w);

/* The schema of a query parameter. */
void schemas_write_param(const struct param_row *row, struct json_writer *w);

#endif
