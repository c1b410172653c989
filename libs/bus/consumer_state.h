/* What the consumer's files share. Inside consumer*.c only. */
#ifndef PORTER_BUS_CONSUMER_STATE_H
#define PORTER_BUS_CONSUMER_STATE_H

#include "bus/consumer.h"
#include "bus/membership.h"
#include "bus/owned.h"

#include <librdkafka/rdkafka.h>

#define CONSUMER_TROUBLE_MAX 256
#define CONSUMER_TOPICS_MAX 64

/* After so long without a sign of life a member counts as dead and others get
 * its partitions: what the death of a process costs its events. librdkafka
 * gives signs from a thread of its own, whatever the caller is busy with. */
#define CONSUMER_SESSION_MS 10000
#define CONSUMER_SESSION_TEXT "10000"

struct consumer {
    rd_kafka_t *rk;
    rd_kafka_queue_t *commit_queue; /* Answers of waited-for commits. */
    char *topics[CONSUMER_TOPICS_MAX];
    size_t topic_count;
    consumer_revoke_fn *on_revoke;
    void *user;
    struct owned owned;
    bool is_paused;
    bool is_closing;
    struct membership membership;
    bool is_committing;   /* An asynchronous commit is under way. */
    int64_t commit_at_us; /* When the next one may go. */
    char trouble[CONSUMER_TROUBLE_MAX]; /* "": nothing to tell. */
    /* The batch last returned, or in the making. */
    rd_kafka_message_t **messages;
    struct record *records;
    size_t count;
    size_t cap;
};

/* The place of a topic in c->topics; -1 for one we did not ask for. */
int32_t consumer_topic(const struct consumer *c, const char *name);

/* Hand what is done to an asynchronous commit, if it is time for one. */
void consumer_commit_soon(struct consumer *c);

/* librdkafka's answer to it; user is the consumer. */
void consumer_on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                        rd_kafka_topic_partition_list_t *list, void *user);

#endif
