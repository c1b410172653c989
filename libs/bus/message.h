/* What librdkafka received, as a record. Inside libs/bus only. Pure. */
#ifndef PORTER_BUS_MESSAGE_H
#define PORTER_BUS_MESSAGE_H

#include "bus/record.h"

#include <librdkafka/rdkafka.h>

/* All but out->place. Borrows the message; headers beyond RECORD_HEADERS_MAX
 * are left out (is_cut). */
void message_read(const rd_kafka_message_t *message, struct record *out);

#endif
