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

/* Reads one topic. */
struct member {
    struct consumer *c;
    int32_t topic; /* Index in c->members. */
    char *topic_name;
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;        /* What came; rings c->wake_fd. */
    rd_kafka_queue_t *commit_queue; /* Answers of waited-for commits. */
    struct membership membership;
    bool is_joined;       /* It was told its partitions, maybe none. */
    bool is_committing;   /* An asynchronous commit is under way. */
    int64_t commit_at_us; /* When the next one may go. */
};

struct consumer {
    struct member members[CONSUMER_TOPICS_MAX];
    size_t member_count;
    size_t turn; /* Whose turn it is to be asked for records. */
    int wake_fd; /* Readable: somebody may have something. */
    consumer_revoke_fn *on_revoke;
    consumer_skipped_fn *on_skipped;
    void *user;
    struct owned owned;
    bool is_paused;
    int64_t look_at_us; /* See consumer_look. Steady clock. */
    bool is_closing;
    char trouble[CONSUMER_TROUBLE_MAX]; /* "": nothing to tell. */
    /* The batch last returned, or in the making. */
    rd_kafka_message_t **messages;
    struct record *records;
    size_t count;
    size_t cap;
};

/* The next member, for the next topic. It is closed by member_close also when
 * it could not be opened. */
MUST_USE bool member_open(struct consumer *c,
                          const struct consumer_options *opts,
                          const char *topic, struct err *err);
void member_close(struct member *m);

/* The end of a partition's log as last heard of; 0: nothing was. */
int64_t consumer_log_end(const struct consumer *c,
                         const struct owned_part *part);

/* Hand what is done to an asynchronous commit, if it is time for one. */
void member_commit_soon(struct member *m);

/* Write what is done and wait (bounded). */
MUST_USE bool member_commit(struct member *m, struct err *err);

/* librdkafka's answer to an asynchronous one; user is the member. */
void member_on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                      rd_kafka_topic_partition_list_t *list, void *user);

#endif
