/* Headers that say of a record in porter.dead-letters.v1 why it is there.
 *
 * Who puts a record aside (a dispatcher that can't read it, a relay whose
 * record Kafka refuses) writes these first, in this order, each at most once;
 * behind them are the record's own. `porterctl dead-letters` reads them. */
#ifndef PORTER_BUS_DEAD_LETTER_H
#define PORTER_BUS_DEAD_LETTER_H

#define DEAD_TOPIC "porter_dead_topic"         /* Where it belongs. */
#define DEAD_PARTITION "porter_dead_partition" /* Where it was … */
#define DEAD_OFFSET "porter_dead_offset"       /* … if it ever was there. */
#define DEAD_REASON "porter_dead_reason"
#define DEAD_LEFT_OUT "porter_dead_left_out" /* What the letter lacks. */

#endif
