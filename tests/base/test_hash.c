#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"

enum { LONGEST = 100003 };

/* From the Python package xxhash 3 over the bytes of fill(); the sizes are on both sides of every
 * change of method inside XXH3. */
static const struct {
    size_t length;
    uint64_t hash64;
    const char *hash128;
} known[] = {
    {0, 0x2d06800538d394c2u, "99aa06d3014798d86001c324468d497f"},
    {1, 0xc00f9d4f580c0c3au, "c89f16e01381dd11c00f9d4f580c0c3a"},
    {3, 0xe92112d1e602af4au, "042980e29fe07a72e92112d1e602af4a"},
    {4, 0x9008de7e100606d1u, "960811bdc2cb9dc3f38741e1b9ccfbd4"},
    {8, 0xcca6ee6f8e080c52u, "ff5c240882695f409aac4cd28c312a76"},
    {9, 0x568f9d2e69ad8bd0u, "3ad200a3678150cd289d4cd1af0c84bd"},
    {16, 0x600a07a4f5a9911cu, "09bfcf6d0d0c7508729073442c453ee7"},
    {17, 0xdeab0265f35dfc24u, "c0e06f2f6b379f4ad0b31235d80538af"},
    {64, 0xad0685dabb3ce66bu, "7d7cc02bbb48520eed9a84b3780fc908"},
    {128, 0x410bd3b4d8d84f51u, "b0c97cf51fbd420ec14ef9bdf2926d91"},
    {129, 0x55964eec39625032u, "77672b5beabfd29e1c66bb88fb267529"},
    {240, 0x977b659bdc81fdb1u, "05fb829868e88d8b0dfe588c76a0d834"},
    {241, 0x2cb1ed4a30c8bdedu, "19f9ed05e79938962cb1ed4a30c8bded"},
    {256, 0x7fd97c6450f19383u, "1104622b393022127fd97c6450f19383"},
    {1024, 0x5ec111a1e5a293aeu, "92da9c0cebcc106c5ec111a1e5a293ae"},
    {1025, 0x5ea0264528a903fcu, "76c00571248d69785ea0264528a903fc"},
    {65536, 0xd062f29c26da8cf9u, "9123c55b6141159cd062f29c26da8cf9"},
    {100003, 0x03d688b82ead917du, "cd0744f2c7f2e8f903d688b82ead917d"},
};

static uint8_t bytes[LONGEST];

static void fill(void)
{
    uint64_t x = 1;
    for (size_t i = 0; i < LONGEST; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        bytes[i] = (uint8_t)(x >> 56);
    }
}

static void equals_published_xxh3(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char text[RCX_DIGEST_TEXT_BYTES];
        assert_true(rcx_hash64(bytes, known[i].length) == known[i].hash64);
        assert_string_equal(rcx_digest_format(rcx_hash128(bytes, known[i].length), text),
                            known[i].hash128);
    }
}

static void streaming_equals_one_call(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 7, 63, 64, 1000, LONGEST};
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
        struct rcx_hasher *hasher = rcx_hasher_open();
        assert_non_null(hasher);
        rcx_hasher_update(hasher, NULL, 0);
        for (size_t at = 0; at < LONGEST; at += steps[s]) {
            size_t left = LONGEST - at;
            rcx_hasher_update(hasher, bytes + at, left < steps[s] ? left : steps[s]);
        }
        struct rcx_digest whole = rcx_hash128(bytes, LONGEST);
        /* Asking does not end the stream. */
        assert_int_equal(rcx_digest_compare(rcx_hasher_digest(hasher), whole), 0);
        assert_int_equal(rcx_digest_compare(rcx_hasher_digest(hasher), whole), 0);
        rcx_hasher_update(hasher, "x", 1);
        assert_int_not_equal(rcx_digest_compare(rcx_hasher_digest(hasher), whole), 0);
        rcx_hasher_close(hasher);
    }
    rcx_hasher_close(NULL);
}

static void opening_without_memory_fails(void **state)
{
    (void)state;
    rcx_memory_fail_at(1);
    struct rcx_hasher *hasher = rcx_hasher_open();
    rcx_memory_fail_at(0);
    assert_null(hasher);
}

static void digests_order_by_the_high_half_first(void **state)
{
    (void)state;
    struct rcx_digest a = {.low = 9, .high = 1}, b = {.low = 1, .high = 2},
                      c = {.low = 2, .high = 2};
    assert_true(rcx_digest_compare(a, b) < 0);
    assert_true(rcx_digest_compare(b, a) > 0);
    assert_true(rcx_digest_compare(b, c) < 0);
    assert_true(rcx_digest_compare(c, b) > 0);
    assert_int_equal(rcx_digest_compare(c, c), 0);
}

int main(void)
{
    fill();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_published_xxh3),
        cmocka_unit_test(streaming_equals_one_call),
        cmocka_unit_test(opening_without_memory_fails),
        cmocka_unit_test(digests_order_by_the_high_half_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
