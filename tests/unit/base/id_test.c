/* Ids are TypeIDs of UUIDv7s: one text for one id, sorted by birth. */
#include "base/id.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

/* From the TypeID specification (valid.json). */
static void agrees_with_typeid(void **state)
{
    static const struct id uuid = {{0x01, 0x89, 0x0a, 0x5d, 0xac, 0x96, 0x77,
                                    0x4b, 0xbc, 0xce, 0xb3, 0x02, 0x09, 0x9a,
                                    0x80, 0x57}};
    struct id id;

    (void)state;
    assert_string_equal(id_text(ID_VISITOR, uuid).data,
                        "vis_01h455vb4pex5vsknk084sn02q");
    assert_true(
        id_read(ID_VISITOR, STR("vis_01h455vb4pex5vsknk084sn02q"), &id));
    assert_true(id_eq(id, uuid));
}

static void every_kind_reads_its_own_text_and_no_other(void **state)
{
    (void)state;
    for (int kind = 0; kind < ID_KIND_COUNT; kind++) {
        struct id id = id_new();
        struct id_text text = id_text((enum id_kind)kind, id);

        assert_true(strlen(text.data) <= ID_TEXT_MAX);
        for (int other = 0; other < ID_KIND_COUNT; other++) {
            struct id got;
            bool ok = id_read((enum id_kind)other, str_of(text.data), &got);

            assert_true(ok == (kind == other));
            assert_true(!ok || id_eq(got, id));
        }
    }
}

static void refuses_what_is_no_id(void **state)
{
    static const char *const bad[] = {
        "",
        "vis",
        "vis_",
        "vis_01h455vb4pex5vsknk084sn02",
        "vis_01h455vb4pex5vsknk084sn02qq",
        "vis-01h455vb4pex5vsknk084sn02q",
        "VIS_01h455vb4pex5vsknk084sn02q",
        "vis_01H455VB4PEX5VSKNK084SN02Q",
        "vis_81h455vb4pex5vsknk084sn02q",
        "vis_z1h455vb4pex5vsknk084sn02q",
        "vis_01h455vb4pex5vsknk084sn02i",
        "vis_01h455vb4pex5vsknk084sn02l",
        "vis_01h455vb4pex5vsknk084sn02o",
        "vis_01h455vb4pex5vsknk084sn02u",
        "vis_01h455vb4pex5vsknk084sn0\xC3\xA9",
        "vis_01h455vb4pex5vsknk084sn02 ",
    };
    struct id id;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(id_read(ID_VISITOR, str_of(bad[i]), &id));
    }
    assert_false(id_read(
        ID_VISITOR, (struct str){"vis_01h455vb4pex5vsknk084sn0\0q", 30}, &id));
    assert_true(
        id_read(ID_VISITOR, STR("vis_7zzzzzzzzzzzzzzzzzzzzzzzzz"), &id));
}

static void later_ids_sort_later(void **state)
{
    struct id last = id_new();

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct id next = id_new();

        assert_true(memcmp(last.bytes, next.bytes, sizeof last.bytes) < 0);
        assert_int_equal(next.bytes[6] >> 4, 7);
        assert_int_equal(next.bytes[8] >> 6, 2);
        last = next;
    }
}

static void carries_the_time_of_its_birth(void **state)
{
    int64_t before = clock_wall_us() / US_PER_MS * US_PER_MS;
    int64_t born = id_time_us(id_new());

    (void)state;
    assert_true(born >= before);
    assert_true(born <= clock_wall_us() + 10 * US_PER_S);
}

static void a_pair_is_always_the_same_and_not_its_mirror(void **state)
{
    struct id a = id_new();
    struct id b = id_new();
    struct id c = id_new();

    (void)state;
    assert_true(id_eq(id_pair(a, b), id_pair(a, b)));
    assert_false(id_eq(id_pair(a, b), id_pair(b, a)));
    assert_false(id_eq(id_pair(a, b), id_pair(a, c)));
    assert_false(id_eq(id_pair(a, c), id_pair(b, c)));
    assert_true(id_time_us(id_pair(a, b)) == id_time_us(a));
}

static void knows_zero(void **state)
{
    struct id zero = {{0}};

    (void)state;
    assert_true(id_is_zero(zero));
    zero.bytes[15] = 1;
    assert_false(id_is_zero(zero));
}

/* Shards are stored: the hash must never change. */
static void hashes_the_same_for_ever(void **state)
{
    struct id id;

    (void)state;
    assert_true(
        id_read(ID_VISITOR, STR("vis_01h455vb4pex5vsknk084sn02q"), &id));
    assert_true(id_hash(id) == 0x3ca4e816be280805ULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_typeid),
        cmocka_unit_test(every_kind_reads_its_own_text_and_no_other),
        cmocka_unit_test(refuses_what_is_no_id),
        cmocka_unit_test(later_ids_sort_later),
        cmocka_unit_test(carries_the_time_of_its_birth),
        cmocka_unit_test(a_pair_is_always_the_same_and_not_its_mirror),
        cmocka_unit_test(knows_zero),
        cmocka_unit_test(hashes_the_same_for_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
