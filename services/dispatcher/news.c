/* Stands between the workers and circuits. */
#include "dispatcher/news.h"

#include "base/clock.h"
#include "base/cond.h"
#include "base/macros.h"

#include <stdio.h>
#include <string.h>

void news_open(struct news_queue *q)
{
    pthread_mutex_init(&q->lock, NULL);
    cond_init_steady(&q->came);
    q->count = 0;
}

/* Each of a thousand jobs may find out that nothing can be signed for a
 * webhook. A probe's failures are counted. */
static struct news *told(struct news_queue *q, const struct news *n)
{
    size_t i = q->count;

    while (i > 0 && !id_eq(q->list[i - 1].key.webhook_id, n->key.webhook_id)) {
        i--;
    }
    return i > 0 && n->kind != NEWS_FAILED && q->list[i - 1].kind == n->kind
               ? &q->list[i - 1]
               : NULL;
}

void news_add(struct news_queue *q, const struct news *n)
{
    pthread_mutex_lock(&q->lock);
    struct news *before = told(q, n);
    if (before != NULL) {
        if (n->kind == NEWS_GONE && n->seen_us > before->seen_us) {
            *before = *n;
        }
    } else if (q->count < NEWS_MAX) {
        q->list[q->count++] = *n;
        pthread_cond_signal(&q->came);
    }
    pthread_mutex_unlock(&q->lock);
}

size_t news_take(struct news_queue *q, struct news out[NEWS_MAX])
{
    pthread_mutex_lock(&q->lock);
    size_t count = q->count;
    memcpy(out, q->list, count * sizeof *out);
    q->count = 0;
    pthread_mutex_unlock(&q->lock);
    return count;
}

void news_give_back(struct news_queue *q, const struct news *list, size_t count)
{
    pthread_mutex_lock(&q->lock);
    size_t came = MIN_OF(q->count, NEWS_MAX - count);
    memmove(q->list + count, q->list, came * sizeof *q->list);
    memcpy(q->list, list, count * sizeof *q->list);
    q->count = came + count;
    pthread_mutex_unlock(&q->lock);
}

void news_wait(struct news_queue *q, struct thread *t, int64_t us)
{
    pthread_mutex_lock(&q->lock);
    if (q->count == 0 && !thread_is_stopping(t)) {
        cond_wait_us(&q->came, &q->lock, us);
    }
    pthread_mutex_unlock(&q->lock);
}

void news_wake(struct news_queue *q)
{
    pthread_mutex_lock(&q->lock);
    pthread_cond_broadcast(&q->came);
    pthread_mutex_unlock(&q->lock);
}

/* Whole characters of it: what is cut within one is no UTF-8. */
void news_say(struct news *n, struct str detail)
{
    size_t len = MIN_OF(detail.len, sizeof n->detail - 1);

    while (len < detail.len && len > 0 &&
           ((unsigned char)detail.data[len] & 0xC0) == 0x80) {
        len--;
    }
    (void)snprintf(n->detail, sizeof n->detail, "%.*s", (int)len, detail.data);
}

struct circuit_why news_why(const struct news *n)
{
    return (struct circuit_why){n->status, n->failure, str_of(n->detail),
                                n->not_before_us, n->seen_us};
}
