/* porterctl deliveries rewind: dispatchers read events anew, after PostgreSQL
 * was restored to an earlier state than what they had done (docs/backup.md). */
#include "porterctl/ctl.h"

#include "base/clock.h"
#include "bus/group.h"
#include "porterctl/when.h"
#include "store/event.h"

#define WAIT_MS 15000
#define TOPICS_MAX 16

bool deliveries_rewind(struct ctl *ctl, struct err *err)
{
    struct str since = words_value(&ctl->words, "since");
    struct bus_options bus = ctl_bus_options(ctl);
    struct field fields[2 * TOPICS_MAX];
    int64_t at_us = 0;
    size_t count = 0;

    if (!when_read_past(since, clock_wall_us(), &at_us)) {
        return err_set(err, ERR_INVALID,
                       "--since \"%.*s\" is no time that is past: write 30m, "
                       "24h or 2027-01-31T00:00:00Z",
                       STR_ARGS(since));
    }
    for (; event_topics[count] != NULL; count++) {
        const char *topic = event_topics[count];
        int64_t again = 0;

        if (!group_rewind(&bus, ctl->settings.kafka_group, topic,
                          at_us / US_PER_MS, WAIT_MS, &again, err)) {
            return false;
        }
        fields[2 * count] = F_TEXT("topic", str_of(topic));
        fields[2 * count + 1] = F_INT("records", again);
    }
    output_list(ctl->words.is_json, fields, 2, count, "no topics");
    return true;
}
