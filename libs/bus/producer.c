/* Sending: each record with the broker's own answer.
 *
 * The happy path: every record is handed to librdkafka with a pointer to its
 * slot, and the delivery reports fill the slots while we poll. The endings: at
 * the deadline, or when a report says no, what is left is purged and the
 * client thrown away, because a client that has given a record up goes on with
 * the later ones, and order would be gone.
 *
 * Two properties carry that: enable.gapless.guarantee makes a record that can
 * never be written stop all that follow, and message.timeout.ms lies beyond
 * our own deadline, so that it is our purge (all at once) and never
 * librdkafka's clock (record by record) that gives up. */
#include "bus/producer.h"

#include "base/buf.h"
#include "base/clock.h"
#include "bus/settings.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define POLL_MS 100  /* One wait for reports. */
#define PURGE_MS 500 /* For the reports of what was purged. */
#define TROUBLE_MAX ERR_TEXT_MAX
#define DEFAULT_RECORD_MAX "1000000"

struct producer {
    rd_kafka_t *rk; /* NULL: to be made anew. */
    struct bus_options bus;
    unsigned message_timeout_ms;
    size_t queue_max;
    struct producer_slot *slots; /* Of the batch under way. */
    size_t slot_cap;
    size_t under_way; /* Records without a report. */
    bool has_failed;  /* A report said no. */
    int ring_fd;      /* -1: none */
    char trouble[TROUBLE_MAX];
};

/* --- the client ---------------------------------------------------------- */

static struct producer *producer_of(void *opaque)
{
    return opaque;
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message,
                      void *opaque)
{
    struct producer_slot *slot = message->_private;
    struct producer *p = producer_of(opaque);

    (void)rk;
    slot->is_done = true;
    slot->code = message->err;
    slot->took_us = MAX_OF(rd_kafka_message_latency(message), (int64_t)0);
    p->under_way--;
    p->has_failed = p->has_failed || slot->code != 0;
}

/* "Connection refused" says more than the time-out that follows it. */
static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct producer *p = producer_of(opaque);

    (void)rk;
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        (void)snprintf(p->trouble, sizeof p->trouble, "%s", reason);
    }
}

/* An eventfd takes nothing but eight bytes. */
static void ring_set(struct producer *p)
{
    static const uint64_t one = 1;
    rd_kafka_queue_t *reports = rd_kafka_queue_get_main(p->rk);

    rd_kafka_queue_io_event_enable(reports, p->ring_fd, &one, sizeof one);
    rd_kafka_queue_destroy(reports);
}

static bool client_open(struct producer *p, struct err *err)
{
    char timeout[24];
    char queue[24];
    const struct property ours[] = {
        {"enable.idempotence", "true"},
        {"enable.gapless.guarantee", "true"},
        {"acks", "all"},
        {"linger.ms", "0"},
        {"partitioner", "murmur2_random"}, /* As Java's clients do it. */
        {"message.max.bytes", DEFAULT_RECORD_MAX},
        {"message.timeout.ms", timeout},
        {"queue.buffering.max.messages", queue},
    };
    rd_kafka_conf_t *conf = NULL;

    (void)snprintf(timeout, sizeof timeout, "%u",
                   2 * p->message_timeout_ms + 2 * PURGE_MS);
    (void)snprintf(queue, sizeof queue, "%zu", p->queue_max);
    if (!settings_new(&p->bus, ours, COUNT_OF(ours), &conf, err)) {
        return false;
    }
    rd_kafka_conf_set_opaque(conf, p);
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    rd_kafka_conf_set_error_cb(conf, on_error);
    p->has_failed = false;
    if (!settings_client(RD_KAFKA_PRODUCER, conf, &p->rk, err)) {
        return false;
    }
    if (p->ring_fd >= 0) {
        ring_set(p);
    }
    return true;
}

static void client_close(struct producer *p)
{
    if (p->rk != NULL) {
        (void)rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE |
                                        RD_KAFKA_PURGE_F_INFLIGHT);
        (void)rd_kafka_flush(p->rk, PURGE_MS);
        rd_kafka_destroy(p->rk);
        p->rk = NULL;
        p->under_way = 0; /* Reports that did not come by now never will. */
    }
}

static char *copy_of(const char *text)
{
    size_t size = text != NULL ? strlen(text) + 1 : 1;
    char *copy = mem_new(size);

    memcpy(copy, text != NULL ? text : "", size);
    return copy;
}

bool producer_open(const struct producer_options *opts, struct producer **out,
                   struct err *err)
{
    struct producer *p = mem_zero(1, sizeof *p);

    assert(opts->message_timeout_ms > 0 && opts->queue_max > 0);
    p->bus.brokers = copy_of(opts->bus->brokers);
    p->bus.client_id = copy_of(opts->bus->client_id);
    p->bus.extra = copy_of(opts->bus->extra);
    p->message_timeout_ms = opts->message_timeout_ms;
    p->queue_max = opts->queue_max;
    p->ring_fd = -1;
    if (!client_open(p, err)) {
        producer_close(p);
        return false;
    }
    *out = p;
    return true;
}

void producer_close(struct producer *p)
{
    if (p == NULL) {
        return;
    }
    client_close(p);
    free((char *)p->bus.brokers);
    free((char *)p->bus.client_id);
    explicit_bzero((char *)p->bus.extra, strlen(p->bus.extra));
    free((char *)p->bus.extra);
    free(p->slots);
    free(p);
}

const char *producer_trouble(const struct producer *p)
{
    return p->trouble;
}

/* --- one record ---------------------------------------------------------- */

/* Taken by librdkafka when the record is; NULL when there are none. */
static rd_kafka_headers_t *headers_of(const struct record *r)
{
    rd_kafka_headers_t *list = NULL;

    if (r->header_count == 0) {
        return NULL;
    }
    assert(r->header_count <= RECORD_HEADERS_MAX);
    list = rd_kafka_headers_new(r->header_count);
    for (size_t i = 0; i < r->header_count; i++) {
        const struct record_header *h = &r->headers[i];

        (void)rd_kafka_header_add(list, h->name.data, (ssize_t)h->name.len,
                                  h->value.data, (ssize_t)h->value.len);
    }
    return list;
}

/* The record's bytes are borrowed until its report. */
static rd_kafka_resp_err_t hand_over(struct producer *p, const struct record *r,
                                     struct producer_slot *slot)
{
    rd_kafka_headers_t *headers = headers_of(r);
    rd_kafka_vu_t fields[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = r->topic.data},
        {.vtype = RD_KAFKA_VTYPE_KEY,
         .u.mem = {(void *)(uintptr_t)r->key.data, r->key.len}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {(void *)(uintptr_t)r->value.data, r->value.len}},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = r->at_ms},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = slot},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    size_t count = COUNT_OF(fields) - (headers == NULL ? 1 : 0);
    rd_kafka_error_t *error = rd_kafka_produceva(p->rk, fields, count);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

    if (error != NULL) {
        code = rd_kafka_error_code(error);
        rd_kafka_error_destroy(error);
        if (headers != NULL) {
            rd_kafka_headers_destroy(headers);
        }
    } else {
        p->under_way++;
    }
    return code;
}

/* --- records under way --------------------------------------------------- */

bool producer_put(struct producer *p, const struct record *record,
                  struct producer_slot *slot)
{
    struct err ignored = ERR_NONE;

    *slot = (struct producer_slot){0};
    if (p->rk == NULL && !client_open(p, &ignored)) {
        (void)snprintf(p->trouble, sizeof p->trouble, "%s", ignored.text);
        *slot = (struct producer_slot){.is_done = true,
                                       .code = RD_KAFKA_RESP_ERR__FAIL};
        return false;
    }
    slot->code = hand_over(p, record, slot);
    slot->is_done = slot->code != RD_KAFKA_RESP_ERR_NO_ERROR;
    return !slot->is_done;
}

bool producer_poll(struct producer *p, unsigned wait_ms)
{
    if (p->rk != NULL) {
        (void)rd_kafka_poll(p->rk, (int)wait_ms);
    }
    return !p->has_failed;
}

size_t producer_under_way(const struct producer *p)
{
    return p->under_way;
}

void producer_drop(struct producer *p)
{
    client_close(p);
    p->has_failed = false;
}

void producer_ring(struct producer *p, int fd)
{
    p->ring_fd = fd;
    if (p->rk != NULL) {
        ring_set(p);
    }
}

/* --- one batch ----------------------------------------------------------- */

static bool is_over(int64_t deadline_us)
{
    return clock_steady_us() >= deadline_us;
}

static int poll_ms(int64_t deadline_us)
{
    int64_t left = (deadline_us - clock_steady_us() + 999) / US_PER_MS;

    return (int)MAX_OF((int64_t)0, MIN_OF(left, (int64_t)POLL_MS));
}

/* Hand records over until one is refused. A full queue is emptied by waiting.
 */
static void hand_over_all(struct producer *p, const struct record *records,
                          size_t count, int64_t deadline_us)
{
    size_t i = 0;

    while (i < count) {
        rd_kafka_resp_err_t code = hand_over(p, &records[i], &p->slots[i]);

        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            i++;
        } else if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL &&
                   !is_over(deadline_us)) {
            (void)rd_kafka_poll(p->rk, poll_ms(deadline_us));
        } else {
            p->slots[i].code = code;
            break;
        }
    }
}

static void slots_clear(struct producer *p, size_t count)
{
    if (p->slot_cap < count) {
        p->slots = mem_grow(p->slots, count * sizeof *p->slots);
        p->slot_cap = count;
    }
    for (size_t i = 0; i < count; i++) {
        p->slots[i] = (struct producer_slot){0};
    }
}

static void trouble_note(struct producer *p, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = (rd_kafka_resp_err_t)p->slots[i].code;

        if (code != RD_KAFKA_RESP_ERR_NO_ERROR &&
            code != RD_KAFKA_RESP_ERR__PURGE_QUEUE &&
            code != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT &&
            code != RD_KAFKA_RESP_ERR__FATAL) {
            (void)snprintf(p->trouble, sizeof p->trouble, "%s",
                           rd_kafka_err2str(code));
            return;
        }
    }
    if (p->trouble[0] == '\0') {
        (void)snprintf(p->trouble, sizeof p->trouble, "no answer in time");
    }
}

static bool acked_read(const struct producer *p, size_t count, bool *acked)
{
    bool all = true;

    for (size_t i = 0; i < count; i++) {
        acked[i] = p->slots[i].is_done &&
                   p->slots[i].code == RD_KAFKA_RESP_ERR_NO_ERROR;
        all = all && acked[i];
    }
    return all;
}

/* Send and wait; acked is filled. True when all are. */
static bool batch_send(struct producer *p, const struct record *records,
                       size_t count, int64_t deadline_us, bool *acked)
{
    assert(p->under_way == 0);
    slots_clear(p, count);
    hand_over_all(p, records, count, deadline_us);
    while (p->under_way > 0 && !is_over(deadline_us)) {
        (void)rd_kafka_poll(p->rk, poll_ms(deadline_us));
    }
    if (acked_read(p, count, acked)) {
        return true;
    }
    client_close(p);
    (void)acked_read(p, count, acked); /* Some reports came at the last. */
    trouble_note(p, count);
    return false;
}

/* Is this what sending again can't cure? */
static bool is_hopeless(rd_kafka_resp_err_t code, enum err_code *meaning)
{
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
        code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE) {
        *meaning = ERR_TOO_LARGE;
        return true;
    }
    if (code == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
        code == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP) {
        *meaning = ERR_INVALID;
        return true;
    }
    return false;
}

static bool any_is_hopeless(const struct producer *p, size_t count)
{
    enum err_code meaning;

    for (size_t i = 0; i < count; i++) {
        if (is_hopeless((rd_kafka_resp_err_t)p->slots[i].code, &meaning)) {
            return true;
        }
    }
    return false;
}

/* The broker judges librdkafka's batches, not our records: send what is left
 * one by one until the one is found that it refuses alone. */
static bool find_hopeless(struct producer *p, const struct record *records,
                          size_t count, int64_t deadline_us, bool *acked,
                          size_t *bad, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        enum err_code meaning = ERR_INTERNAL;

        if (acked[i]) {
            continue;
        }
        if (p->rk == NULL && !client_open(p, err)) {
            return err_wrap(err, "new producer");
        }
        if (batch_send(p, &records[i], 1, deadline_us, &acked[i])) {
            continue;
        }
        if (!is_hopeless((rd_kafka_resp_err_t)p->slots[0].code, &meaning)) {
            return true; /* Time is over, or the broker is away. */
        }
        *bad = i;
        return err_set(err, meaning, "Kafka refuses a record of %zu bytes: %s",
                       records[i].value.len,
                       rd_kafka_err2str((rd_kafka_resp_err_t)p->slots[0].code));
    }
    return true;
}

bool producer_send(struct producer *p, const struct record *records,
                   size_t count, unsigned wait_ms, bool *acked, size_t *bad,
                   struct err *err)
{
    unsigned most_ms = MIN_OF(wait_ms, p->message_timeout_ms);
    int64_t deadline_us = clock_steady_us() + (int64_t)most_ms * US_PER_MS;

    assert(count > 0);
    for (size_t i = 0; i < count; i++) {
        acked[i] = false;
    }
    p->trouble[0] = '\0';
    if (p->rk == NULL && !client_open(p, err)) {
        err->code = ERR_UNAVAILABLE;
        return err_wrap(err, "new producer");
    }
    if (batch_send(p, records, count, deadline_us, acked)) {
        p->trouble[0] = '\0'; /* Whatever it was has passed. */
        return true;
    }
    if (!any_is_hopeless(p, count)) {
        return true;
    }
    return find_hopeless(p, records, count, deadline_us, acked, bad, err);
}
