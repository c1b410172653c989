/* Enum values as the words that JSON has for them.
 *
 * Descriptors know VISITOR_STATUS_CHECKED_IN; we say checked_in. The words of
 * a type are made when it is first met and stay for the life of the process,
 * so that the encoder only looks up and a word may be kept by anyone. */
#include "message/message.h"

#include "message/kind.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#define ENUM_TYPES_MAX 64

struct enum_words {
    const ProtobufCEnumDescriptor *type;
    struct str *words;
};

/* Filled from the front, under the lock; `known_count` is raised only when an
 * entry is complete, so readers need no lock. */
static struct enum_words known[ENUM_TYPES_MAX];
static atomic_size_t known_count;

static const struct str *find(const ProtobufCEnumDescriptor *type)
{
    size_t count = atomic_load_explicit(&known_count, memory_order_acquire);

    for (size_t i = 0; i < count; i++) {
        if (known[i].type == type) {
            return known[i].words;
        }
    }
    return NULL;
}

/* The length of "VISITOR_STATUS_": our enums begin with ..._UNSPECIFIED = 0. */
static size_t prefix_len(const ProtobufCEnumDescriptor *type)
{
    const size_t tail = sizeof "UNSPECIFIED" - 1;
    size_t len = strlen(type->values[0].name);

    assert(type->values[0].value == 0 && len > tail);
    assert(strcmp(type->values[0].name + len - tail, "UNSPECIFIED") == 0);
    return len - tail;
}

static struct str word_new(const char *name)
{
    size_t len = strlen(name);
    char *word = mem_new(len + 1);

    for (size_t i = 0; i <= len; i++) {
        char c = name[i];

        word[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return (struct str){word, len};
}

static const struct str *add(const ProtobufCEnumDescriptor *type)
{
    size_t at = atomic_load_explicit(&known_count, memory_order_relaxed);
    size_t prefix = prefix_len(type);
    struct str *words = mem_new(type->n_values * sizeof *words);

    assert(at < ENUM_TYPES_MAX);
    words[0] = STR_NONE;
    for (unsigned i = 1; i < type->n_values; i++) {
        words[i] = word_new(type->values[i].name + prefix);
    }
    known[at] = (struct enum_words){type, words};
    atomic_store_explicit(&known_count, at + 1, memory_order_release);
    return words;
}

const struct str *kind_words(const ProtobufCEnumDescriptor *type)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    const struct str *words = find(type);

    if (words != NULL) {
        return words;
    }
    (void)pthread_mutex_lock(&lock);
    words = find(type);
    if (words == NULL) {
        words = add(type);
    }
    (void)pthread_mutex_unlock(&lock);
    return words;
}

struct str message_enum_word(const ProtobufCEnumDescriptor *type, int value)
{
    const struct str *words = kind_words(type);

    for (unsigned i = 0; i < type->n_values; i++) {
        if (type->values[i].value == value) {
            return words[i];
        }
    }
    return STR_NONE;
}

bool message_enum_value(const ProtobufCEnumDescriptor *type, struct str word,
                        int *value)
{
    const struct str *words = kind_words(type);

    for (unsigned i = 1; i < type->n_values; i++) {
        if (str_eq(words[i], word)) {
            *value = type->values[i].value;
            return true;
        }
    }
    return false;
}
