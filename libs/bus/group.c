/* A client that has the group's name and is no member of it: it may ask for
 * the places, and write them while nobody is. */
#include "bus/group.h"

#include "base/buf.h"
#include "base/clock.h"
#include "bus/admin.h"
#include "bus/settings.h"

struct group {
    const char *topic;
    int64_t deadline_us;
    rd_kafka_t *rk;
    rd_kafka_topic_partition_list_t *places; /* What was committed. */
};

static int left_ms(const struct group *g)
{
    return admin_left_ms(g->deadline_us);
}

static bool answered(const struct group *g, rd_kafka_resp_err_t code,
                     struct err *err)
{
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           err_set(err, ERR_UNAVAILABLE, "Kafka's places of %s: %s", g->topic,
                   rd_kafka_err2str(code));
}

static void list_parts(struct group *g, const struct rd_kafka_metadata *md)
{
    for (int i = 0; i < md->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *t = &md->topics[i];

        for (int k = 0; strcmp(t->topic, g->topic) == 0 && k < t->partition_cnt;
             k++) {
            (void)rd_kafka_topic_partition_list_add(g->places, g->topic,
                                                    t->partitions[k].id);
        }
    }
}

static bool read_places(struct group *g, struct err *err)
{
    const struct rd_kafka_metadata *md = NULL;

    if (!answered(g, rd_kafka_metadata(g->rk, 1, NULL, &md, left_ms(g)), err)) {
        return false;
    }
    list_parts(g, md);
    rd_kafka_metadata_destroy(md);
    return g->places->cnt == 0 ||
           answered(g, rd_kafka_committed(g->rk, g->places, left_ms(g)), err);
}

static void group_close(struct group *g)
{
    rd_kafka_topic_partition_list_destroy(g->places);
    if (g->rk != NULL) {
        rd_kafka_destroy(g->rk);
    }
}

/* Closed by group_close also when it fails. */
static bool group_open(const struct bus_options *bus, const char *name,
                       unsigned wait_ms, struct group *g, struct err *err)
{
    struct buf id = BUF_EMPTY;
    rd_kafka_conf_t *conf = NULL;
    bool ok = false;

    buf_addf(&id, "%s.%s", name, g->topic);
    const struct property ours[] = {{"group.id", buf_cstr(&id)}};
    g->deadline_us = clock_steady_us() + (int64_t)wait_ms * US_PER_MS;
    g->places = rd_kafka_topic_partition_list_new(1);
    ok = settings_new(bus, ours, COUNT_OF(ours), &conf, err) &&
         settings_client(RD_KAFKA_CONSUMER, conf, &g->rk, err) &&
         read_places(g, err);
    buf_free(&id);
    return ok;
}

static bool ends_of(const struct group *g, int32_t partition, int64_t *low,
                    int64_t *high, struct err *err)
{
    return answered(g,
                    rd_kafka_query_watermark_offsets(g->rk, g->topic, partition,
                                                     low, high, left_ms(g)),
                    err);
}

/* --- how far ----------------------------------------------------------------
 */

/* A partition of which the group has said nothing yet counts whole. */
static bool add_part(const struct group *g,
                     const rd_kafka_topic_partition_t *part,
                     struct group_found *found, struct err *err)
{
    int64_t low = 0;
    int64_t high = 0;
    int64_t at = part->offset;

    if (!ends_of(g, part->partition, &low, &high, err)) {
        return false;
    }
    found->is_known = found->is_known || at >= 0;
    found->dropped += at >= 0 && at < low ? low - at : 0;
    found->lag += high - MAX_OF(at, low);
    return true;
}

bool group_inspect(const struct bus_options *bus, const char *group,
                   const char *topic, unsigned wait_ms, struct group_found *out,
                   struct err *err)
{
    struct group_found found = {.is_known = false};
    struct group g = {.topic = topic};
    bool ok = group_open(bus, group, wait_ms, &g, err);

    for (int i = 0; ok && i < g.places->cnt; i++) {
        ok = add_part(&g, &g.places->elems[i], &found, err);
    }
    if (ok) {
        *out = found;
    }
    group_close(&g);
    return ok;
}

/* --- back -------------------------------------------------------------------
 */

/* Partitions that the group is not beyond the time in are left as they are. */
static bool move_back(const struct group *g, int64_t at_ms, int64_t *again,
                      struct err *err)
{
    rd_kafka_topic_partition_list_t *then =
        rd_kafka_topic_partition_list_copy(g->places);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    int64_t count = 0;
    bool ok = false;

    for (int i = 0; i < then->cnt; i++) {
        then->elems[i].offset = at_ms;
    }
    code = then->cnt == 0 ? code
                          : rd_kafka_offsets_for_times(g->rk, then, left_ms(g));
    ok = answered(g, code, err);
    for (int i = 0; ok && i < then->cnt; i++) {
        int64_t *place = &g->places->elems[i].offset;

        /* None so late: the end, which nobody is beyond. */
        if (then->elems[i].offset >= 0 && *place > then->elems[i].offset) {
            count += *place - then->elems[i].offset;
            *place = then->elems[i].offset;
        }
    }
    rd_kafka_topic_partition_list_destroy(then);
    if (ok) {
        *again = count;
    }
    return ok;
}

bool group_rewind(const struct bus_options *bus, const char *group,
                  const char *topic, int64_t at_ms, unsigned wait_ms,
                  int64_t *again, struct err *err)
{
    struct group g = {.topic = topic};
    int64_t count = 0;
    bool ok = group_open(bus, group, wait_ms, &g, err) &&
              move_back(&g, at_ms, &count, err);

    if (ok && count > 0) {
        rd_kafka_resp_err_t code = rd_kafka_commit(g.rk, g.places, 0);

        ok = code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID
                 ? err_set(err, ERR_CONFLICT,
                           "%s.%s is being read: stop all dispatchers first "
                           "(one that was killed counts for ten seconds)",
                           group, topic)
                 : answered(&g, code, err);
    }
    if (ok) {
        *again = count;
    }
    group_close(&g);
    return ok;
}
