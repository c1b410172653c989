/* The parts that operations of the OpenAPI document refer to: headers,
 * parameters, responses; and a few words to write JSON with. */
#ifndef PORTER_GATEWAY_OPENAPI_PARTS_H
#define PORTER_GATEWAY_OPENAPI_PARTS_H

#include "gateway/openapi/describe.h"
#include "gateway/openapi/examples.h"
#include "json/json.h"

/* "name": "text"; nothing when text is NULL. */
void part_text(struct json_writer *w, const char *name, const char *text);
/* {"$ref": "#/components/<kind>/<name>"} */
void part_ref(struct json_writer *w, const char *kind, struct str name);
/* "name": { … , to be closed by json_object_end */
void part_object(struct json_writer *w, const char *name);
void part_array(struct json_writer *w, const char *name);

/* "example": the value; nothing when it is NULL. */
void part_example(const struct json *value, struct json_writer *w);

/* "webhooks": an operation per type of event. */
void parts_write_webhooks(const struct examples *e, struct json_writer *w);

/* "headers": all of components. */
void parts_write_headers(struct json_writer *w);
/* "parameters": all of components. */
void parts_write_parameters(struct json_writer *w);
/* The header parameters that an operation takes, as references. */
void parts_write_taken(const struct operation *op, struct json_writer *w);

/* "headers": what the operation's answers carry with this status. */
void parts_write_answered(const struct operation *op, unsigned status,
                          struct json_writer *w);

/* "401": {"$ref": …} and so on, for every problem the operation may answer. */
void parts_write_problems(const struct operation *op, struct json_writer *w);
/* "responses": those, of all operations, each once. */
void parts_write_responses(const struct examples *e, struct json_writer *w);

/* One header that a request may, or an answer does carry. */
struct header_row {
    const char *name;
    const char *help;
    const char *schema; /* JSON */
    bool (*on)(const struct operation *op, unsigned status);
    bool required; /* There whenever `on` says so. */
};
extern const struct header_row answer_headers[];
extern const size_t answer_header_count;
extern const struct header_row request_headers[];
extern const size_t request_header_count;

#endif
