/* The Parquet kernels of every instruction set level against plain loops. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "tests/support/check.h"

#include "storage/format/parquet_kernels.h"

enum { MOST = 3000 };

#define EACH_LEVEL(name, body)                                                                     \
    do {                                                                                           \
        for (int level = 0; level <= (int)rcx_cpu_detect(); level++) {                             \
            __typeof__(&name##_v1) name = level == 0   ? name##_v1                                 \
                                          : level == 1 ? name##_v3                                 \
                                                       : name##_v4;                                \
            body                                                                                   \
        }                                                                                          \
    } while (0)

/* --- the hybrid, decoded by the specification ---------------------------------------------- */

static uint64_t get_varint(const uint8_t **at)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return value;
    }
}

/* Returns the bytes read. */
static size_t decode(const uint8_t *bytes, size_t count, unsigned width, uint32_t *out)
{
    const uint8_t *at = bytes;
    size_t got = 0;
    while (got < count) {
        uint64_t header = get_varint(&at);
        if (header & 1) {
            size_t values = (size_t)(header >> 1) * 8;
            for (size_t i = 0; i < values; i++) {
                uint32_t value = 0;
                for (unsigned b = 0; b < width; b++) {
                    size_t bit = i * width + b;
                    value |= (uint32_t)(at[bit / 8] >> bit % 8 & 1) << b;
                }
                if (got < count)
                    out[got++] = value;
                else
                    assert_int_equal(value, 0);
            }
            at += values * width / 8;
        } else {
            uint32_t value = 0;
            memcpy(&value, at, (width + 7) / 8);
            at += (width + 7) / 8;
            assert_true(header >> 1 > 0 && got + (header >> 1) <= count);
            for (uint64_t i = 0; i < header >> 1; i++)
                out[got++] = value;
        }
    }
    return (size_t)(at - bytes);
}

static void check_hybrid(const uint32_t *values, size_t count, unsigned width)
{
    static uint8_t first[MOST * 4 + 64], bytes[MOST * 4 + 64];
    static uint32_t back[MOST];
    size_t bound = rcx_parquet_hybrid_bound(count, width), first_length = 0;
    EACH_LEVEL(rcx_parquet_hybrid, {
        memset(bytes, 0xEE, sizeof bytes);
        size_t length = rcx_parquet_hybrid(values, count, width, bytes);
        assert_true(length <= bound);
        assert_int_equal(bytes[bound], 0xEE);
        assert_int_equal(decode(bytes, count, width, back), length);
        assert_memory_equal(back, values, count * sizeof *values);
        if (level == 0) {
            memcpy(first, bytes, length);
            first_length = length;
        }
        assert_int_equal(length, first_length);
        assert_memory_equal(bytes, first, length);
    });
}

static void test_hybrid(void **state)
{
    (void)state;
    static uint32_t values[MOST];
    struct check_random random = {5};
    for (unsigned width = 1; width <= RCX_PARQUET_MAX_WIDTH; width++) {
        for (size_t count = 0; count < 70; count++) {
            for (size_t i = 0; i < count; i++)
                values[i] = (uint32_t)check_below(&random, (uint64_t)1 << width);
            check_hybrid(values, count, width);
        }
        for (unsigned longest = 1; longest <= 300; longest = longest * 5 / 3 + 1) {
            size_t count = 0;
            while (count < MOST) { /* runs of any length up to `longest` */
                uint32_t value = (uint32_t)check_below(&random, (uint64_t)1 << width);
                size_t run = 1 + check_below(&random, longest);
                while (run-- && count < MOST)
                    values[count++] = value;
            }
            check_hybrid(values, MOST - check_below(&random, 9), width);
        }
    }
}

static void test_hybrid_finds_runs(void **state)
{
    (void)state;
    static uint32_t values[MOST];
    static uint8_t bytes[MOST * 4];
    for (size_t i = 0; i < MOST; i++)
        values[i] = 7;
    EACH_LEVEL(rcx_parquet_hybrid, {
        assert_int_equal(rcx_parquet_hybrid(values, MOST, 17, bytes), 2 + 3);
        assert_int_equal(rcx_parquet_hybrid(values, 5, 17, bytes),
                         1 + 17); /* too short to be one */
    });
}

/* --- nulls --------------------------------------------------------------------------------- */

static void test_valid_reals(void **state)
{
    (void)state;
    static double values[300];
    struct check_random random = {6};
    for (size_t count = 0; count <= 257; count++) {
        unsigned one_in = (unsigned)check_below(&random, 4); /* 0: none */
        size_t expected = 0;
        for (size_t i = 0; i < count; i++) {
            bool null = one_in && check_below(&random, one_in) == 0;
            values[i] = null ? (double)NAN : i % 3 ? -(double)INFINITY : 1.5;
            expected += !null;
        }
        EACH_LEVEL(rcx_parquet_valid_reals, {
            uint8_t bits[48];
            memset(bits, 0xAA, sizeof bits);
            assert_int_equal(rcx_parquet_valid_reals(values, count, bits), expected);
            for (size_t i = 0; i < (count + 7) / 8 * 8; i++)
                assert_int_equal(bits[i / 8] >> i % 8 & 1, i < count && !isnan(values[i]));
            assert_int_equal(bits[(count + 7) / 8], 0xAA);
        });
    }
}

static void test_compact(void **state)
{
    (void)state;
    struct check_random random = {7};
    uint64_t values[257];
    uint32_t narrow[257];
    uint8_t bytes[257];
    for (size_t count = 0; count <= 257; count++) {
        uint8_t bits[40] = {0};
        uint64_t expected[257];
        size_t kept = 0;
        unsigned style = (unsigned)check_below(&random, 4);
        for (size_t i = 0; i < count; i++) {
            values[i] = check_next(&random);
            narrow[i] = (uint32_t)values[i];
            bytes[i] = (uint8_t)values[i];
            bool set = style == 0 || (style > 1 && check_below(&random, style) == 0);
            bits[i / 8] |= (uint8_t)(set << i % 8);
            if (set)
                expected[kept++] = values[i];
        }
        EACH_LEVEL(rcx_parquet_compact64, {
            uint64_t out[257];
            assert_int_equal(rcx_parquet_compact64(values, bits, count, out), kept);
            assert_memory_equal(out, expected, kept * 8);
        });
        EACH_LEVEL(rcx_parquet_compact32, {
            uint32_t out[257];
            assert_int_equal(rcx_parquet_compact32(narrow, bits, count, out), kept);
            for (size_t i = 0; i < kept; i++)
                assert_int_equal(out[i], (uint32_t)expected[i]);
        });
        EACH_LEVEL(rcx_parquet_compact8, {
            uint8_t out[257];
            assert_int_equal(rcx_parquet_compact8(bytes, bits, count, out), kept);
            for (size_t i = 0; i < kept; i++)
                assert_int_equal(out[i], (uint8_t)expected[i]);
        });
    }
}

/* --- bounds and booleans ------------------------------------------------------------------- */

static void test_integer_bounds(void **state)
{
    (void)state;
    struct check_random random = {8};
    int64_t wide[258];
    int32_t narrow[258];
    for (size_t count = 1; count <= 257; count++) {
        int64_t least = INT64_MAX, greatest = INT64_MIN;
        for (size_t i = 0; i < count; i++) {
            wide[i] = (int64_t)check_next(&random) >> check_below(&random, 63);
            least = wide[i] < least ? wide[i] : least;
            greatest = wide[i] > greatest ? wide[i] : greatest;
        }
        EACH_LEVEL(rcx_parquet_bounds_i64, {
            int64_t out[2];
            rcx_parquet_bounds_i64(wide, count, out);
            assert_true(out[0] == least && out[1] == greatest);
        });
        int32_t low = INT32_MAX, high = INT32_MIN;
        for (size_t i = 0; i < count; i++) {
            narrow[i] = (int32_t)wide[i];
            low = narrow[i] < low ? narrow[i] : low;
            high = narrow[i] > high ? narrow[i] : high;
        }
        EACH_LEVEL(rcx_parquet_bounds_i32, {
            int32_t out[2];
            rcx_parquet_bounds_i32(narrow, count, out);
            assert_true(out[0] == low && out[1] == high);
        });
    }
}

static void test_real_bounds(void **state)
{
    (void)state;
    static const double special[] = {0.0,      -0.0,         1.0,           -1.0,     DBL_MAX,
                                     -DBL_MAX, DBL_TRUE_MIN, -DBL_TRUE_MIN, INFINITY, -INFINITY};
    struct check_random random = {9};
    double values[257];
    for (size_t count = 1; count <= 257; count++) {
        double least = (double)INFINITY, greatest = -(double)INFINITY;
        for (size_t i = 0; i < count; i++) {
            values[i] = count % 3 ? check_unit(&random) * 1000 - 500
                                  : special[check_below(&random, count % 2 ? 10 : 3)];
            least = values[i] < least ? values[i] : least;
            greatest = values[i] > greatest ? values[i] : greatest;
        }
        EACH_LEVEL(rcx_parquet_bounds_real, {
            double out[2];
            rcx_parquet_bounds_real(values, count, out);
            assert_true(out[0] == least && out[1] == greatest); /* either zero */
        });
    }
}

static void test_pack_booleans(void **state)
{
    (void)state;
    struct check_random random = {10};
    uint8_t values[257];
    for (size_t count = 0; count <= 257; count++) {
        for (size_t i = 0; i < count; i++)
            values[i] = (uint8_t)check_below(&random, 2);
        EACH_LEVEL(rcx_parquet_pack_booleans, {
            uint8_t out[40];
            memset(out, 0x55, sizeof out);
            rcx_parquet_pack_booleans(values, count, out);
            for (size_t i = 0; i < (count + 7) / 8 * 8; i++)
                assert_int_equal(out[i / 8] >> i % 8 & 1, i < count ? values[i] : 0);
            assert_int_equal(out[(count + 7) / 8], 0x55);
        });
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hybrid),         cmocka_unit_test(test_hybrid_finds_runs),
        cmocka_unit_test(test_valid_reals),    cmocka_unit_test(test_compact),
        cmocka_unit_test(test_integer_bounds), cmocka_unit_test(test_real_bounds),
        cmocka_unit_test(test_pack_booleans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
