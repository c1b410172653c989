/* Words that more visitors have than a list gathers: once found, always so, as
 * visitors keep their words and stay. The index of words can't tell it without
 * reading it to the end of the words, and a thousand visitors after it, so it
 * is asked once. Bounded: of two that fall on one place the later is kept.
 * Thread-safe. */
#ifndef PORTER_STORE_FREQUENT_H
#define PORTER_STORE_FREQUENT_H

#include "base/id.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define FREQUENT_MAX 8192

/* What an organization's visitors are searched for, as one number (no two in
 * practice have the same). STR_NONE and "" are not the same. */
uint64_t frequent_key(struct id org_id, const struct str *words, size_t count);

bool frequent_has(uint64_t key);
void frequent_add(uint64_t key);

#endif
