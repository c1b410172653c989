/* porterctl topics apply */
#include "porterctl/ctl.h"

#include "bus/topics.h"
#include "store/event.h"

#define PARTITIONS 12
#define PARTITIONS_MAX 1000
#define REPLICATION_MAX 9
#define WAIT_MS 15000
#define TOPICS_MAX 16
#define DAY_MS (24LL * 3600 * 1000)
#define RETENTION_DAYS 7
#define DEAD_LETTERS_DAYS 30

static size_t topic_rows(int partitions, int replication,
                         struct topic_row rows[TOPICS_MAX])
{
    size_t count = 0;

    for (; event_topics[count] != NULL; count++) {
        rows[count] = (struct topic_row){event_topics[count], partitions,
                                         replication, RETENTION_DAYS * DAY_MS};
    }
    rows[count++] = (struct topic_row){event_dead_letters_topic, 1, replication,
                                       DEAD_LETTERS_DAYS * DAY_MS};
    return count;
}

bool topics_apply(struct ctl *ctl, struct err *err)
{
    struct topic_row rows[TOPICS_MAX];
    struct field fields[TOPICS_MAX];
    struct bus_options bus = ctl_bus_options(ctl);
    uint64_t partitions = 0;
    uint64_t replication = 0;
    size_t count = 0;

    if (!ctl_number(ctl, "partitions", 1, PARTITIONS_MAX, PARTITIONS,
                    &partitions, err) ||
        !ctl_number(ctl, "replication", 1, REPLICATION_MAX, 0, &replication,
                    err)) {
        return false;
    }
    count = topic_rows((int)partitions,
                       replication == 0 ? -1 : (int)replication, rows);
    if (!topics_ensure(&bus, rows, count, WAIT_MS, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        fields[i] = F_TEXT("topic", str_of(rows[i].name));
    }
    if (ctl->words.is_json) {
        const struct field all = F_INT("topics", (int64_t)count);

        output_one(true, &all, 1);
    } else {
        output_list(false, fields, 1, count, "");
    }
    return true;
}
