/* The encodings of numbers against the plainest encoders, and on bytes that are cut or damaged. */
#include <string.h>

#include "tests/support/check.h"

#include "base/buf.h"
#include "storage/format/parquet_encoding.h"
#include "storage/format/parquet_meaning.h"

enum { MOST = 600, MINIBLOCK = 32, MINIBLOCKS = 4 };

static void put_bits(struct rcx_buf *out, size_t bit, uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        out->data[(bit + i) / 8] |= (uint8_t)((value >> i & 1) << (bit + i) % 8);
}

static void put_zigzag(struct rcx_buf *out, uint64_t value)
{
    rcx_buf_append_varint(out, value << 1 ^ (uint64_t)((int64_t)value >> 63));
}

static unsigned bits_of(uint64_t value)
{
    return value ? 64 - (unsigned)__builtin_clzll(value) : 0;
}

static void encode_delta(const int64_t *values, size_t count, struct rcx_buf *out)
{
    rcx_buf_clear(out);
    rcx_buf_append_varint(out, MINIBLOCK * MINIBLOCKS);
    rcx_buf_append_varint(out, MINIBLOCKS);
    rcx_buf_append_varint(out, count);
    put_zigzag(out, count ? (uint64_t)values[0] : 0);
    for (size_t at = 1; at < count; at += MINIBLOCK * MINIBLOCKS) {
        uint64_t deltas[MINIBLOCK * MINIBLOCKS] = {0}, least = UINT64_MAX >> 1;
        size_t left = count - at < MINIBLOCK * MINIBLOCKS ? count - at : MINIBLOCK * MINIBLOCKS;
        for (size_t i = 0; i < left; i++) {
            deltas[i] = (uint64_t)values[at + i] - (uint64_t)values[at + i - 1];
            least = (int64_t)deltas[i] < (int64_t)least ? deltas[i] : least;
        }
        put_zigzag(out, least);
        unsigned widths[MINIBLOCKS] = {0};
        for (size_t i = 0; i < left; i++) {
            unsigned bits = bits_of(deltas[i] - least);
            if (bits > widths[i / MINIBLOCK])
                widths[i / MINIBLOCK] = bits;
        }
        for (size_t m = 0; m < MINIBLOCKS; m++)
            rcx_buf_append_byte(out, (uint8_t)widths[m]);
        for (size_t m = 0; m * MINIBLOCK < left; m++) {
            size_t begin = out->length * 8;
            rcx_buf_append_zeros(out, MINIBLOCK / 8 * widths[m]);
            for (size_t i = 0; i < MINIBLOCK && m * MINIBLOCK + i < left; i++)
                put_bits(out, begin + i * widths[m], deltas[m * MINIBLOCK + i] - least, widths[m]);
        }
    }
}

static void test_delta(void **state)
{
    (void)state;
    struct check_random random = {1};
    struct rcx_buf bytes = {0};
    int64_t values[MOST], back[MOST];
    for (size_t count = 0; count < MOST; count += count < 140 ? 1 : 37) {
        unsigned shift = (unsigned)check_below(&random, 64);
        for (size_t i = 0; i < count; i++)
            values[i] = (int64_t)(check_next(&random) >> shift);
        encode_delta(values, count, &bytes);
        struct rcx_cursor in = rcx_cursor_of(bytes.data, bytes.length);
        assert_true(rcx_parquet_decode_delta(&in, false, count, back));
        assert_int_equal(rcx_cursor_left(&in), 0);
        assert_memory_equal(values, back, count * sizeof *values);
        for (size_t length = 0; length < bytes.length; length += 1 + length / 16) {
            in = rcx_cursor_of(bytes.data, length);
            assert_false(rcx_parquet_decode_delta(&in, false, count, back));
        }
        in = rcx_cursor_of(bytes.data, bytes.length);
        assert_false(rcx_parquet_decode_delta(&in, false, count + 1, back));
    }
    rcx_buf_release(&bytes);
}

static void test_hybrid(void **state)
{
    (void)state;
    struct check_random random = {2};
    uint32_t values[MOST], back[MOST];
    for (unsigned width = 0; width <= 32; width++) {
        struct rcx_buf bytes = {0};
        size_t count = 0;
        while (count < MOST - 128) {
            uint64_t mask = (UINT64_C(1) << width) - 1;
            if (check_below(&random, 2)) {
                size_t run = 1 + check_below(&random, 60);
                uint32_t value = (uint32_t)(check_next(&random) & mask);
                rcx_buf_append_varint(&bytes, run << 1);
                for (unsigned byte = 0; byte < (width + 7) / 8; byte++)
                    rcx_buf_append_byte(&bytes, (uint8_t)(value >> 8 * byte));
                for (size_t i = 0; i < run; i++)
                    values[count++] = value;
            } else {
                size_t groups = 1 + check_below(&random, 7);
                rcx_buf_append_varint(&bytes, groups << 1 | 1);
                size_t begin = bytes.length * 8;
                rcx_buf_append_zeros(&bytes, groups * width);
                for (size_t i = 0; i < groups * 8; i++) {
                    values[count] = (uint32_t)(check_next(&random) & mask);
                    put_bits(&bytes, begin + i * width, values[count++], width);
                }
            }
        }
        struct rcx_cursor in = rcx_cursor_of(bytes.data, bytes.length);
        assert_true(rcx_parquet_decode_hybrid(&in, width, count, back));
        assert_memory_equal(values, back, count * sizeof *values);
        in = rcx_cursor_of(bytes.data, bytes.length / 2);
        assert_false(rcx_parquet_decode_hybrid(&in, width, count, back));
        rcx_buf_release(&bytes);
    }
}

static void test_split(void **state)
{
    (void)state;
    const uint8_t bytes[] = {1, 2, 3, 11, 12, 13};
    const uint8_t wanted[] = {1, 11, 2, 12, 3, 13};
    uint8_t back[6];
    struct rcx_cursor in = rcx_cursor_of(bytes, sizeof bytes);
    assert_true(rcx_parquet_decode_split(&in, 2, 3, back));
    assert_memory_equal(back, wanted, sizeof wanted);
    in = rcx_cursor_of(bytes, 5);
    assert_false(rcx_parquet_decode_split(&in, 2, 3, back));
}

static void test_decimals_of_bytes(void **state)
{
    (void)state;
    static const uint8_t extremes[][10] = {{0xFF, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0},
                                           {0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
                                           {0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0},
                                           {0xFF, 0xFE, 0, 0, 0, 0, 0, 0, 0, 0}};
    int64_t value = 1;
    assert_true(rcx_parquet_mean_decimal(NULL, 0, &value) && value == 0);
    assert_true(rcx_parquet_mean_decimal((const uint8_t *)"\xFF\x38", 2, &value) && value == -200);
    assert_true(rcx_parquet_mean_decimal(extremes[0], 10, &value) && value == INT64_MIN);
    assert_true(rcx_parquet_mean_decimal(extremes[1], 10, &value) && value == INT64_MAX);
    assert_false(rcx_parquet_mean_decimal(extremes[2], 10, &value));
    assert_false(rcx_parquet_mean_decimal(extremes[3], 10, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delta),
        cmocka_unit_test(test_hybrid),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_decimals_of_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
