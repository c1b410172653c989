/* zlib in one go. A stream has 260 KiB of tables, so a few that were used are
 * kept; thousands of threads never pack at the same moment. */
#include "gzip/gzip.h"

#include "base/err.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <zlib.h>

#define LEVEL 1
#define GZIP_FORM (15 + 16) /* The largest window; a gzip header. */
#define MEMORY 8
#define KEPT_MAX 16

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static z_stream *kept[KEPT_MAX];
static size_t kept_count;

static z_stream *take(void)
{
    z_stream *z = NULL;

    (void)pthread_mutex_lock(&lock);
    if (kept_count > 0) {
        z = kept[--kept_count];
    }
    (void)pthread_mutex_unlock(&lock);
    if (z == NULL) {
        z = mem_zero(1, sizeof *z);
        if (deflateInit2(z, LEVEL, Z_DEFLATED, GZIP_FORM, MEMORY,
                         Z_DEFAULT_STRATEGY) != Z_OK) {
            oom(sizeof *z);
        }
    }
    return z;
}

static void give(z_stream *z)
{
    bool is_kept = false;

    (void)deflateReset(z);
    (void)pthread_mutex_lock(&lock);
    if (kept_count < KEPT_MAX) {
        kept[kept_count++] = z;
        is_kept = true;
    }
    (void)pthread_mutex_unlock(&lock);
    if (!is_kept) {
        (void)deflateEnd(z);
        free(z);
    }
}

void gzip_pack(struct str plain, struct buf *out)
{
    z_stream *z = take();
    const uLong bound = deflateBound(z, plain.len);
    int done = Z_OK;

    assert(plain.len <= UINT_MAX && bound <= UINT_MAX);
    buf_reserve(out, bound);
    z->next_in = (Bytef *)(void *)plain.data; /* zlib only reads it. */
    z->avail_in = (uInt)plain.len;
    z->next_out = (Bytef *)out->data + out->len;
    z->avail_out = (uInt)bound;
    done = deflate(z, Z_FINISH);
    assert(done == Z_STREAM_END); /* deflateBound was enough. */
    (void)done;
    out->len += bound - z->avail_out;
    out->data[out->len] = '\0';
    give(z);
}
