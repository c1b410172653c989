/* A text file that was built into the program (cmake/Embed.cmake). */
#ifndef PORTER_BASE_EMBEDDED_H
#define PORTER_BASE_EMBEDDED_H

#include <stddef.h>

struct embedded {
    const char *name; /* The file's name, without its folder. */
    const char *text; /* NUL-terminated as well. */
    size_t len;       /* Bytes, without the NUL. */
};

/* What a .proto file says above a message (field NULL) or a field of it. */
struct comment {
    const char *type;
    const char *field;
    const char *text;
};

#endif
