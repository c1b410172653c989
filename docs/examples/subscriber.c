/* Subscribes to Porter's events, and does something with each event once.
 *
 *     protoc-c -I. -I/usr/include --c_out=. porter-events.proto \
 *         google/protobuf/timestamp.proto google/protobuf/wrappers.proto
 *     cc -I. -o subscriber subscriber.c porter-events.pb-c.c \
 *         google/protobuf/[tw]*.pb-c.c -lrdkafka -lprotobuf-c
 *     KAFKA_BROKERS=kafka:9092 KAFKA_GROUP=my-system ./subscriber
 *
 * KAFKA_EXTRA has more of librdkafka's properties, for TLS and SASL, as
 * name=value,name=value.
 */
#include "porter-events.pb-c.h"

#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLL_MS 500
#define ID_BYTES 32 /* evt_ and 26 letters, and the NUL */
#define SEEN_MAX 65536
#define SLOTS (2 * SEEN_MAX) /* A power of two. */

static volatile sig_atomic_t stopped;

/* Ids of the last SEEN_MAX events: a ring, and a hash table of places in it
 * (0: free). A duplicate follows its original closely as a rule, but a process
 * that starts again has forgotten all: where that matters, keep the id in your
 * database, in the transaction of the work. */
static char ring[SEEN_MAX][ID_BYTES];
static unsigned slots[SLOTS];
static unsigned ring_at;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static unsigned slot_of(const char *id)
{
    unsigned hash = 2166136261U;

    for (; *id != '\0'; id++) {
        hash = (hash ^ (unsigned char)*id) * 16777619U;
    }
    return hash & (SLOTS - 1);
}

/* Where the id is, or the free slot where it would be. */
static unsigned find(const char *id)
{
    unsigned at = slot_of(id);

    while (slots[at] != 0 && strcmp(ring[slots[at] - 1], id) != 0) {
        at = (at + 1) & (SLOTS - 1);
    }
    return at;
}

/* What stood behind it in its run moves up, so that it is still found. */
static void forget(const char *id)
{
    unsigned at = find(id);

    if (slots[at] == 0) {
        return;
    }
    slots[at] = 0;
    for (at = (at + 1) & (SLOTS - 1); slots[at] != 0;
         at = (at + 1) & (SLOTS - 1)) {
        unsigned moved = slots[at];

        slots[at] = 0;
        slots[find(ring[moved - 1])] = moved;
    }
}

static bool is_known(const char *id)
{
    return slots[find(id)] != 0;
}

static void remember(const char *id)
{
    forget(ring[ring_at]);
    (void)snprintf(ring[ring_at], ID_BYTES, "%s", id);
    slots[find(id)] = ring_at + 1;
    ring_at = (ring_at + 1) % SEEN_MAX;
}

/* What your system does. Types that you do not know may come: let them pass. */
static void work(const Porter__V1__Event *event)
{
    const Porter__V1__EventData *data = event->data;
    const char *name = "";

    if (data != NULL &&
        data->resource_case == PORTER__V1__EVENT_DATA__RESOURCE_VISITOR) {
        name = data->visitor->full_name;
    }
    (void)printf("%s %s %s %s\n", event->type, event->id,
                 event->organization_id, name);
    (void)fflush(stdout);
}

/* What is no event is passed over: waiting before it would stop the partition.
 */
static void take(const rd_kafka_message_t *message)
{
    Porter__V1__Event *event =
        porter__v1__event__unpack(NULL, message->len, message->payload);

    if (event == NULL || event->id[0] == '\0' ||
        strlen(event->id) >= ID_BYTES) {
        (void)fprintf(stderr, "unreadable: %s %d %lld\n",
                      rd_kafka_topic_name(message->rkt),
                      (int)message->partition, (long long)message->offset);
    } else if (!is_known(event->id)) {
        work(event);
        remember(event->id); /* Once its work is done. */
    }
    porter__v1__event__free_unpacked(event, NULL);
}

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value != NULL ? value : otherwise;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];

    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != 0) {
        (void)fprintf(stderr, "%s\n", why);
        exit(1);
    }
}

/* KAFKA_EXTRA, laid over ours. */
static void set_extra(rd_kafka_conf_t *conf)
{
    char *text = strdup(setting("KAFKA_EXTRA", ""));
    char *rest = text;
    char *one = NULL;

    while ((one = strsep(&rest, ",")) != NULL) {
        char *value = strchr(one, '=');

        if (value != NULL) {
            *value++ = '\0';
            set(conf, one, value);
        }
    }
    free(text);
}

static rd_kafka_t *subscribe(void)
{
    static const char *const topics[] = {
        "porter.visitors.v1", "porter.contractors.v1", "porter.evacuations.v1"};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_topic_partition_list_t *list = NULL;
    rd_kafka_t *rk = NULL;
    char why[256];

    set(conf, "bootstrap.servers", setting("KAFKA_BROKERS", "localhost:9092"));
    set(conf, "group.id", setting("KAFKA_GROUP", "porter-example-c"));
    /* A new group begins with the oldest event. */
    set(conf, "auto.offset.reset", "earliest");
    /* Only what was taken counts as read. */
    set(conf, "enable.auto.offset.store", "false");
    set_extra(conf);
    rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (rk == NULL) {
        (void)fprintf(stderr, "%s\n", why);
        exit(1);
    }
    (void)rd_kafka_poll_set_consumer(rk);
    list = rd_kafka_topic_partition_list_new(3);
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        (void)rd_kafka_topic_partition_list_add(list, topics[i],
                                                RD_KAFKA_PARTITION_UA);
    }
    if (rd_kafka_subscribe(rk, list) != 0) {
        (void)fprintf(stderr, "can't subscribe\n");
        exit(1);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return rk;
}

int main(void)
{
    rd_kafka_t *rk = subscribe();

    (void)signal(SIGTERM, on_signal);
    (void)signal(SIGINT, on_signal);
    while (!stopped) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, POLL_MS);

        if (message == NULL) {
            continue;
        }
        if (message->err != 0) {
            (void)fprintf(stderr, "Kafka: %s\n",
                          rd_kafka_message_errstr(message));
        } else {
            take(message);
            (void)rd_kafka_offset_store(message->rkt, message->partition,
                                        message->offset);
        }
        rd_kafka_message_destroy(message);
    }
    (void)rd_kafka_consumer_close(rk); /* Commits what is stored. */
    rd_kafka_destroy(rk);
    return 0;
}
