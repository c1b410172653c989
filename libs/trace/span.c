/* From a caller's stack into one fixed piece of memory. */
#include "trace/span.h"

#include <assert.h>
#include <string.h>

static struct span_attribute *next(struct span *s, const char *key)
{
    struct span_attribute *a = &s->attributes[s->attribute_count++];

    assert(s->attribute_count <= SPAN_ATTRIBUTES_MAX);
    a->key = key;
    return a;
}

void span_text(struct span *s, const char *key, struct str value)
{
    if (value.len > 0) {
        next(s, key)->text = value;
    }
}

void span_number(struct span *s, const char *key, int64_t value)
{
    struct span_attribute *a = next(s, key);

    a->text = STR_NONE;
    a->number = value;
}

void span_public_id(struct span *s, const char *key, struct id_text *text,
                    enum id_kind kind, struct id id)
{
    *text = id_text(kind, id);
    span_text(s, key, str_of(text->data));
}

/* Where the copy is. */
static uint16_t keep_text(struct span_kept *k, struct str s)
{
    size_t room = sizeof k->text - k->text_len;
    uint16_t at = k->text_len;
    bool is_utf8 = false;

    if (s.data == NULL || room == 0) {
        return SPAN_NO_TEXT;
    }
    s.len = MIN_OF(s.len, room - 1);
    is_utf8 = str_is_utf8(s);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];

        k->text[at + i] = c == 0 || (c >= 0x80 && !is_utf8) ? '?' : s.data[i];
    }
    k->text[at + s.len] = '\0';
    k->text_len = (uint16_t)(at + s.len + 1);
    return at;
}

void span_keep(const struct span *s, struct span_kept *out)
{
    out->trace = s->trace;
    out->parent = s->parent;
    out->kind = s->kind;
    out->start_us = s->start_us;
    out->end_us = s->end_us;
    out->text_len = 0;
    out->name = keep_text(out, s->name);
    out->error = keep_text(out, s->error);
    out->attribute_count = 0;
    for (size_t i = 0; i < s->attribute_count; i++) {
        const struct span_attribute *a = &s->attributes[i];
        uint16_t text = keep_text(out, a->text);

        if (a->text.data == NULL || text != SPAN_NO_TEXT) {
            size_t n = out->attribute_count++;

            out->attributes[n].key = a->key;
            out->attributes[n].number = a->number;
            out->attributes[n].text = text;
        }
    }
}
