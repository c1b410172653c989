/* A signature that was given against all ways in which it may have been made:
 * the right one, and those that code often takes instead. Pure. */
#ifndef PORTER_SIGNATURE_MATCH_H
#define PORTER_SIGNATURE_MATCH_H

#include "base/macros.h"
#include "base/str.h"
#include "crypt/crypt.h"

enum scheme {
    SCHEME_STANDARD, /* webhook-signature */
    SCHEME_PORTER,   /* X-Porter-Signature */
    SCHEME_COUNT
};

/* --- what was given ------------------------------------------------------- */

/* How a header's value is written. */
enum shape {
    SHAPE_RIGHT,
    SHAPE_UNMARKED, /* standard: no "v1," in front */
    SHAPE_HEX,      /* standard: hex, not base64 */
    SHAPE_MARKED,   /* Porter: "sha256=" or the like in front */
    SHAPE_UPPER,    /* Porter: capital letters */
    SHAPE_BASE64,   /* Porter: base64, not hex */
    SHAPE_CUT,      /* Too short or too long for a SHA-256. */
    SHAPE_STRANGE,  /* Nothing of all that. */
    SHAPE_COUNT
};

#define GIVEN_MAX 8 /* Entries of webhook-signature that are looked at. */

struct given {
    enum shape shape;
    size_t count;
    struct sha256 macs[GIVEN_MAX];
};

struct given given_read(enum scheme scheme, struct str header);

/* --- how it may have been made -------------------------------------------- */

enum key_form {
    KEY_TEXT,    /* the secret's text */
    KEY_DECODED, /* what the base64 after whsec_ stands for */
    KEY_BARE,    /* the text after whsec_ */
    KEY_LINE,    /* the text and a line break */
    KEY_ALL,     /* the whole text read as base64 */
    KEY_FORM_COUNT
};

enum message_form {
    MESSAGE_BODY,     /* body */
    MESSAGE_STANDARD, /* id.timestamp.body */
    MESSAGE_TIMED,    /* timestamp.body */
    MESSAGE_FORM_COUNT
};

struct form {
    enum key_form key;
    enum message_form message;
};

/* The first is the right one. */
struct forms {
    const struct form *list;
    size_t count;
};
extern const struct forms match_forms[SCHEME_COUNT];

/* In words that complete "an HMAC of … with … as the key". */
extern const char *const key_words[KEY_FORM_COUNT];
extern const char *const message_words[MESSAGE_FORM_COUNT];

struct signed_parts {
    struct str id;
    struct str timestamp;
    struct str body;
};

/* Is one of the given what this form makes of the parts? */
MUST_USE bool match(const struct given *given, const struct form *form,
                    struct str secret, const struct signed_parts *parts);

#endif
