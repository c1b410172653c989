/* The bits of a status filter -> the words that rows hold. Internal to
 * libs/store; pure. */
#ifndef PORTER_STORE_STATUS_H
#define PORTER_STORE_STATUS_H

#include "message/message.h"

#define STATUS_WORDS_MAX 16

/* The words of the set bits (1 << value); no bit set means all of them. */
static inline size_t status_words(const ProtobufCEnumDescriptor *type,
                                  unsigned bits,
                                  struct str words[STATUS_WORDS_MAX])
{
    size_t count = 0;

    for (int value = 1; value < STATUS_WORDS_MAX; value++) {
        struct str word = STR_NONE;

        if (bits != 0 && (bits & (1U << value)) == 0) {
            continue;
        }
        if (value < (int)type->n_values) {
            word = message_enum_word(type, value);
        }
        if (word.data != NULL) {
            words[count++] = word;
        }
    }
    return count;
}

#endif
