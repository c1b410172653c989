/* A signature that does not fit is compared with what the usual mistakes would
 * have made: of its writing, of the key, of the signed text, of the body. */
#include "signature/checking.h"

#include "signature/verify.h"

/* What explains a signature; nothing does when signer is NONE. */
struct finding {
    enum signer signer;
    bool fits;               /* As it is. */
    const struct form *form; /* NULL: the right one */
    enum undo undo;
};

static struct str undone(struct checking *c, enum undo what)
{
    return what == UNDO_NOTHING ? c->q->body : c->undone[what];
}

static bool try_form(struct checking *c, const struct given *given,
                     const struct form *form, enum undo undo, struct finding *f)
{
    struct signed_parts parts = {c->q->id, c->q->timestamp, undone(c, undo)};

    for (size_t i = 0; i < c->q->secret_count; i++) {
        if (match(given, form, c->q->secrets[i].text, &parts)) {
            *f = (struct finding){c->q->secrets[i].who, false, form, undo};
            return true;
        }
    }
    return false;
}

/* The mistakes, one at a time: of the body only with the right form. */
static struct finding find_mistake(struct checking *c, enum scheme scheme,
                                   const struct given *given)
{
    const struct forms *forms = &match_forms[scheme];
    struct finding f = {SIGNER_NONE, false, NULL, UNDO_NOTHING};

    for (size_t i = 0; i < forms->count; i++) {
        if (try_form(c, given, &forms->list[i], UNDO_NOTHING, &f)) {
            f.form = i == 0 ? NULL : f.form;
            return f;
        }
    }
    for (int u = UNDO_NOTHING + 1; u < UNDO_COUNT; u++) {
        if (c->undone[u].data != NULL &&
            try_form(c, given, &forms->list[0], (enum undo)u, &f)) {
            f.form = NULL;
            return f;
        }
    }
    return f;
}

static bool verifies(const struct signature_question *q, enum scheme scheme,
                     struct str secret, struct str header)
{
    return scheme == SCHEME_STANDARD
               ? verify_signed(secret, q->id, q->timestamp, q->body, header)
               : verify_porter(secret, q->body, header);
}

static struct finding find(struct checking *c, enum scheme scheme,
                           const struct given *given, struct str header)
{
    for (size_t i = 0; i < c->q->secret_count; i++) {
        const struct signature_secret *s = &c->q->secrets[i];

        if (verifies(c->q, scheme, s->text, header)) {
            return (struct finding){s->who, true, NULL, UNDO_NOTHING};
        }
    }
    return find_mistake(c, scheme, given);
}

static const char *const signer_words[SIGNER_COUNT] = {
    [SIGNER_NONE] = "",
    [SIGNER_CURRENT] = "the webhook's secret",
    [SIGNER_PREVIOUS] = "the secret before, while the rotation overlaps",
    [SIGNER_EXPIRED] = "the secret before, whose overlap has ended",
};

#define RIGHT_PORTER                                                           \
    "The header is the HMAC-SHA256 in 64 small hex digits and nothing else."

/* clang-format off */
static const struct signature_words shape_words[SHAPE_COUNT] = {
    [SHAPE_RIGHT] = {"Only an entry that is written wrongly fits.",
        "Each entry is v1, a comma and the base64 of the HMAC-SHA256."},
    [SHAPE_UNMARKED] = {"No entry begins with \"v1,\".",
        "Each entry is v1, a comma and base64; compare the whole entry, or drop the three bytes from both."},
    [SHAPE_HEX] = {"It is in hex.",
        "webhook-signature is base64, behind \"v1,\". The hex one is X-Porter-Signature."},
    [SHAPE_MARKED] = {"Something like \"sha256=\" stands in front of it.", RIGHT_PORTER},
    [SHAPE_UPPER] = {"It has capital letters.", RIGHT_PORTER},
    [SHAPE_BASE64] = {"It is in base64.", RIGHT_PORTER},
    [SHAPE_CUT] = {"It is cut: it is not as long as a SHA-256.",
        "Take the whole header: a column or a buffer is too short, or the text was split at a wrong place."},
    [SHAPE_STRANGE] = {"It is no signature: neither base64 nor hex of a SHA-256.",
        "Take the header as it arrives."},
};
/* clang-format on */

static void tell_form(struct checking *c, enum scheme scheme,
                      const struct finding *f, struct signature_check *check)
{
    const struct form *right = &match_forms[scheme].list[0];

    check->reason = arena_printf(
        c->arena, "It is an HMAC of %s with %s as the key; made with %s.",
        message_words[f->form->message], key_words[f->form->key],
        signer_words[f->signer]);
    check->cure =
        arena_printf(c->arena, "Here it is %s with %s as the key.",
                     message_words[right->message], key_words[right->key]);
}

static void tell_nothing(enum shape shape, struct signature_check *check)
{
    if (shape == SHAPE_CUT || shape == SHAPE_STRANGE) {
        check->reason = str_of(shape_words[shape].reason);
        check->cure = str_of(shape_words[shape].cure);
        return;
    }
    check->reason = STR("It fits none of the webhook's secrets, and none of "
                        "the usual mistakes explains it.");
    check->cure =
        STR("Is the secret that of this webhook, and the latest one? Are body, "
            "webhook-id and webhook-timestamp those of one and the same "
            "request, unchanged? If so, the request is not from Porter.");
}

static void tell_finding(struct checking *c, enum scheme scheme,
                         enum shape shape, const struct finding *f,
                         struct signature_check *check)
{
    check->signer = f->signer;
    if (f->signer == SIGNER_NONE) {
        tell_nothing(shape, check);
    } else if (f->form != NULL) {
        tell_form(c, scheme, f, check);
    } else if (f->undo != UNDO_NOTHING) {
        check->reason = arena_printf(
            c->arena, "It is right for another body than this; made with %s.",
            signer_words[f->signer]);
        check->cure = STR("See the check of the body.");
    } else if (!f->fits) {
        check->reason = str_of(shape_words[shape].reason);
        check->cure = str_of(shape_words[shape].cure);
    } else {
        check->ok = f->signer != SIGNER_EXPIRED;
        check->reason = arena_printf(c->arena, "It fits; made with %s.",
                                     signer_words[f->signer]);
    }
    if (f->fits && !check->ok) {
        check->cure = STR("Since the overlap has ended only the new secret "
                          "signs: put it into the endpoint.");
    }
}

void checking_signature(struct checking *c, const char *name,
                        enum scheme scheme, struct str header)
{
    struct signature_check check = {.name = name};
    struct given given;
    struct finding f;

    if (!checking_has(header)) {
        return;
    }
    given = given_read(scheme, header);
    f = find(c, scheme, &given, header);
    c->is_fitting |= f.signer != SIGNER_NONE && f.undo == UNDO_NOTHING;
    c->mishap = f.undo != UNDO_NOTHING ? f.undo : c->mishap;
    tell_finding(c, scheme, given.shape, &f, &check);
    checking_add(c, check);
}

void checking_public(struct checking *c)
{
    const struct signature_question *q = c->q;
    struct signature_check check = {.name = "webhook_signature_v1a"};

    if (q->keys == NULL || !verify_has_public(q->standard)) {
        return;
    }
    check.ok =
        verify_public(q->keys, q->id, q->timestamp, q->body, q->standard);
    c->is_fitting |= check.ok;
    if (check.ok) {
        check.reason = STR("It fits one of the published keys.");
    } else {
        check.reason = STR("It fits none of the published keys.");
        check.cure = STR("Fetch the keys anew. It is Ed25519 over "
                         "webhook-id.webhook-timestamp.body, in base64 behind "
                         "\"v1a,\": all three as they arrived?");
    }
    checking_add(c, check);
}
