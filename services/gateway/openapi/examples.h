/* Real requests and answers, recorded from a running gateway into
 * examples.json by tests/integration/test_openapi.py, which also checks that
 * they are still true. */
#ifndef PORTER_GATEWAY_OPENAPI_EXAMPLES_H
#define PORTER_GATEWAY_OPENAPI_EXAMPLES_H

#include "json/json.h"

struct examples;

/* Asserts that the file, which is ours, can be read. */
struct examples *examples_new(void);
void examples_free(struct examples *e); /* Accepts NULL. */

/* The body of an operation's request ("request") or answer ("answer"), an
 * event's ("events") or a problem's ("problems"); NULL when there is none. */
const struct json *examples_of(const struct examples *e, const char *part,
                               const char *name);

/* The schemas that no message of proto/ describes, by name. */
const struct json *examples_schemas(const struct examples *e);

#endif
