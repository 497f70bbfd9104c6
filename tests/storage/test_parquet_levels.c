/* Bitmaps at every offset, and definition levels decoded by the specification. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"

#include "storage/format/parquet_levels.h"

enum { BITS = 2000 };

static bool bit(const uint8_t *bits, size_t i)
{
    return bits[i / 8] >> i % 8 & 1;
}

/* Stretches of equal bits of up to `longest`. */
static void fill(struct check_random *random, uint8_t *bits, uint64_t longest)
{
    memset(bits, 0, BITS / 8 + 8);
    for (size_t i = 0; i < BITS;) {
        uint64_t run = 1 + check_below(random, longest), value = check_below(random, 2);
        for (; run && i < BITS; run--, i++)
            bits[i / 8] |= (uint8_t)(value << i % 8);
    }
}

static void test_count_and_copy(void **state)
{
    (void)state;
    uint8_t bits[BITS / 8 + 8];
    struct check_random random = {1};
    fill(&random, bits, 9);
    for (size_t begin = 0; begin < 70; begin++) {
        for (size_t count = 0; count < 260; count += 1 + begin % 3) {
            uint8_t out[64];
            memset(out, 0xAA, sizeof out);
            rcx_bits_copy(bits, begin, count, out);
            size_t set = 0;
            for (size_t i = 0; i < count; i++) {
                assert_int_equal(bit(out, i), bit(bits, begin + i));
                set += bit(bits, begin + i);
            }
            for (size_t i = count; i < (count + 7) / 8 * 8; i++)
                assert_false(bit(out, i));
            assert_int_equal(out[(count + 7) / 8], 0xAA);
            assert_int_equal(rcx_bits_count(bits, begin, count), set);
        }
    }
}

/* The copy must not read the byte behind the last one it needs: here that byte does not exist. */
static void test_copy_reads_no_further(void **state)
{
    (void)state;
    for (size_t begin = 0; begin < 8; begin++) {
        for (size_t count = 1; count < 40; count++) {
            uint8_t *exact = malloc((begin + count + 7) / 8), out[8];
            memset(exact, 0xFF, (begin + count + 7) / 8);
            rcx_bits_copy(exact, begin, count, out);
            assert_int_equal(rcx_bits_count(out, 0, count), count);
            free(exact);
        }
    }
}

static void check_levels(const uint8_t *bits, size_t count)
{
    struct rcx_buf out = {0};
    rcx_buf_append_byte(&out, 99); /* appends, wherever the buffer stands */
    rcx_parquet_append_levels(&out, bits, count);
    assert_false(out.failed);
    uint32_t length;
    memcpy(&length, out.data + 1, 4);
    assert_int_equal(out.length, 1 + 4 + length);
    const uint8_t *at = out.data + 5;
    size_t got = 0;
    while (got < count) {
        uint64_t header = 0;
        for (unsigned shift = 0;; shift += 7) {
            header |= (uint64_t)(*at & 0x7F) << shift;
            if (*at++ < 0x80)
                break;
        }
        size_t values = (size_t)(header >> 1) * (header & 1 ? 8 : 1);
        assert_true(values > 0);
        for (size_t i = 0; i < values && got < count; i++, got++)
            assert_int_equal(header & 1 ? bit(at, i) : at[0] & 1, bits ? bit(bits, got) : true);
        at += header & 1 ? values / 8 : 1;
    }
    assert_ptr_equal(at, out.data + out.length);
    rcx_buf_release(&out);
}

static void test_levels(void **state)
{
    (void)state;
    uint8_t bits[BITS / 8 + 8], part[BITS / 8 + 8];
    struct check_random random = {2};
    for (uint64_t longest = 1; longest < 1500; longest = longest * 2 + 1) {
        fill(&random, bits, longest);
        for (size_t count = 1; count <= BITS; count += 1 + count / 4) {
            rcx_bits_copy(bits, 0, count, part);
            check_levels(part, count);
        }
    }
    memset(part, 0, sizeof part);
    check_levels(part, 1000);
    check_levels(NULL, 1000);
    check_levels(NULL, 1);
}

static void test_uniform_levels_are_one_run(void **state)
{
    (void)state;
    struct rcx_buf out = {0};
    rcx_parquet_append_levels(&out, NULL, 65536);
    assert_int_equal(out.length, 4 + 3 + 1);
    rcx_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count_and_copy),
        cmocka_unit_test(test_copy_reads_no_further),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_uniform_levels_are_one_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
