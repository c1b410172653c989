/* What is packed is unpacked to the same bytes, whatever they are. */
#include "gzip/gzip.h"

#include "base/err.h"
#include "base/random.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <zlib.h>

#define PLAIN_MAX 300000
#define THREADS 24

static void check(struct str plain)
{
    struct buf packed = BUF_EMPTY;
    unsigned char *back = mem_zero(1, PLAIN_MAX + 1);
    z_stream z = {0};

    BUF_ADD(&packed, "before");
    gzip_pack(plain, &packed);
    assert_memory_equal(packed.data, "before\x1f\x8b", 8);
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    z.next_in = (Bytef *)packed.data + 6;
    z.avail_in = (uInt)packed.len - 6;
    z.next_out = back;
    z.avail_out = PLAIN_MAX + 1;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    assert_int_equal(z.total_out, plain.len);
    assert_true(plain.len == 0 || memcmp(back, plain.data, plain.len) == 0);
    (void)inflateEnd(&z);
    free(back);
    buf_free(&packed);
}

static void any_bytes_come_back(void **state)
{
    char *bytes = mem_new(PLAIN_MAX);

    (void)state;
    check(STR(""));
    check(STR("x"));
    random_bytes(bytes, PLAIN_MAX);
    check((struct str){bytes, PLAIN_MAX}); /* Can not be packed. */
    memset(bytes, 'a', PLAIN_MAX);
    check((struct str){bytes, PLAIN_MAX});
    free(bytes);
}

static void *many(void *user)
{
    (void)user;
    for (int i = 0; i < 20; i++) {
        check(STR("{\"visitors\":[],\"pagination\":{\"limit\":50}}"));
    }
    return NULL;
}

static void threads_do_not_meet(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, many, NULL), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_bytes_come_back),
        cmocka_unit_test(threads_do_not_meet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
