/* How many files and connections a process may have open. */
#ifndef PORTER_BASE_DESCRIPTORS_H
#define PORTER_BASE_DESCRIPTORS_H

#include <stdint.h>

/* As many as the system lets us (the hard limit). How many that are; 0: it
 * does not say. Before any thread starts. */
uint64_t descriptors_raise(void);

#endif
