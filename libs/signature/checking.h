/* The judgement of one request, while it is made. Private to libs/signature. */
#ifndef PORTER_SIGNATURE_CHECKING_H
#define PORTER_SIGNATURE_CHECKING_H

#include "signature/check.h"
#include "signature/match.h"
#include "signature/undo.h"

struct checking {
    const struct signature_question *q;
    struct arena *arena;
    struct signature_report *report;
    struct str undone[UNDO_COUNT]; /* data NULL: that did not happen */
    enum undo mishap;              /* What explains a signature. */
    bool is_fitting;               /* A signature fits the body. */
};

/* Is the header there? An empty one is not. */
static inline bool checking_has(struct str header)
{
    return header.len > 0;
}

/* The report's next check. */
void checking_add(struct checking *c, struct signature_check check);

/* The check of one header that holds signatures, if it is there. */
void checking_signature(struct checking *c, const char *name,
                        enum scheme scheme, struct str header);

/* The check of webhook-signature's entries that public keys verify. */
void checking_public(struct checking *c);

#endif
