/* The two files of data that are built in: examples.json, schemas.json. */
#include "gateway/openapi/examples.h"

#include "openapi_text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct examples {
    struct json *examples;
    struct json *schemas;
};

static struct json *read_file(const char *name)
{
    struct json *root = NULL;
    struct err err = ERR_NONE;

    for (size_t i = 0; i < openapi_text_count; i++) {
        const struct embedded *file = &openapi_texts[i];

        if (strcmp(file->name, name) == 0) {
            bool ok =
                json_read((struct str){file->text, file->len}, &root, &err);

            assert(ok && "a file of ours is no JSON");
            (void)ok;
        }
    }
    assert(root != NULL);
    return root;
}

struct examples *examples_new(void)
{
    struct examples *e = mem_new(sizeof *e);

    e->examples = read_file("examples.json");
    e->schemas = read_file("schemas.json");
    return e;
}

void examples_free(struct examples *e)
{
    if (e != NULL) {
        json_free(e->examples);
        json_free(e->schemas);
        free(e);
    }
}

const struct json *examples_of(const struct examples *e, const char *part,
                               const char *name)
{
    const struct json *all = json_find(e->examples, part);

    return all != NULL ? json_find(all, name) : NULL;
}

const struct json *examples_schemas(const struct examples *e)
{
    return e->schemas;
}
