/* What happens to a body between the wire and the code that verifies it, taken
 * back: other bytes have another signature. Pure. */
#ifndef PORTER_SIGNATURE_UNDO_H
#define PORTER_SIGNATURE_UNDO_H

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"

enum undo {
    UNDO_NOTHING,
    UNDO_BLANKS,  /* Line breaks or blanks at an end. */
    UNDO_BOM,     /* A byte order mark in front. */
    UNDO_QUOTES,  /* The text was made a JSON string. */
    UNDO_TWICE,   /* UTF-8 was taken for Latin-1 and written as UTF-8. */
    UNDO_LATIN1,  /* Written as Latin-1. */
    UNDO_REPRINT, /* Parsed and printed again. */
    UNDO_COUNT
};

/* What happened, and what to do about it, in sentences. */
struct signature_words {
    const char *reason;
    const char *cure;
};
extern const struct signature_words undo_words[UNDO_COUNT];

/* The body before it happened, appended; false when it did not happen. */
MUST_USE bool undo_body(enum undo what, struct str body, struct buf *out);

#endif
