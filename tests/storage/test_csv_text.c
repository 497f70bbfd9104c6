/* The fast texts of CSV cells against the plain ones of base. */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "tests/support/check.h"

#include "base/decimal.h"
#include "storage/format/csv_text.h"

static void assert_put(const char *out, const char *end, const char *expected)
{
    assert_true((size_t)(end - out) <= RCX_CSV_CELL_BYTES);
    assert_int_equal(end - out, strlen(expected));
    assert_memory_equal(out, expected, strlen(expected));
}

static void check_integer(int64_t value)
{
    char out[64], expected[64];
    expected[rcx_format_i64(value, expected)] = '\0';
    assert_put(out, rcx_csv_put_integer(out, value), expected);
    for (unsigned scale = 0; scale <= RCX_DECIMAL_MAX_PLACES; scale++) {
        rcx_format_decimal(value, scale, expected);
        assert_put(out, rcx_csv_put_decimal(out, value, scale), expected);
    }
}

static void test_integers(void **state)
{
    (void)state;
    struct check_random random = {1};
    for (int64_t power = 1; power < INT64_MAX / 10; power *= 10)
        for (int64_t step = -2; step <= 2; step++) {
            check_integer(power + step);
            check_integer(-power + step);
        }
    check_integer(INT64_MIN);
    check_integer(INT64_MAX);
    for (unsigned i = 0; i < 20000; i++)
        check_integer((int64_t)check_next(&random) >> check_below(&random, 64));
}

static void check_real(double value)
{
    char out[64], expected[64];
    expected[rcx_format_real(value, expected)] = '\0';
    assert_put(out, rcx_csv_put_real(out, value), expected);
}

static void check_around(double value)
{
    check_real(value);
    check_real(-value);
    check_real(nextafter(value, INFINITY));
    check_real(nextafter(value, 0));
}

static void test_reals(void **state)
{
    (void)state;
    struct check_random random = {2};
    static const double special[] = {0.0,
                                     -0.0,
                                     1e-4,
                                     9.9999e-5,
                                     1e-5,
                                     0.00005,
                                     1e11,
                                     1e15,
                                     1e16,
                                     DBL_MAX,
                                     DBL_MIN,
                                     INFINITY,
                                     0.1,
                                     0.3,
                                     2.675,
                                     1e-310,
                                     99999999999.9999,
                                     123456.00005,
                                     0.0001};
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
        check_around(special[i]);
    for (unsigned i = 0; i < 200000; i++) {
        int64_t cents = (int64_t)check_next(&random) >> check_below(&random, 64);
        check_around((double)cents / 100);
        check_around((double)cents / 10000);
        check_around((double)cents / 7);
        check_around((double)(cents % 100000) / 100000);
    }
}

static void test_times(void **state)
{
    (void)state;
    struct check_random random = {3};
    char out[64], expected[64];
    for (unsigned i = 0; i < 100000; i++) {
        rcx_time time = (rcx_time)check_next(&random) >> (10 + check_below(&random, 54));
        rcx_day day = (rcx_day)((int64_t)check_next(&random) >> (33 + check_below(&random, 30)));
        if (i < 8) {
            static const rcx_time edges[] = {
                -62167219201, -62167219200, 253402300799, 253402300800, 0, -1, 86399, 86400};
            time = edges[i];
            day = (rcx_day)(edges[i] / 86400);
        }
        assert_put(out, rcx_csv_put_time(out, time), rcx_format_time(time, expected));
        assert_put(out, rcx_csv_put_day(out, day), rcx_format_day(day, expected));
    }
}

/* One character at a time, as RFC 4180 has it. */
static size_t plain_text(struct rcx_text text, char *out)
{
    size_t length = 0;
    bool quote = text.length == 0;
    for (size_t i = 0; i < text.length; i++)
        quote |= strchr(",\"\n\r", text.data[i]) != NULL && text.data[i];
    if (quote)
        out[length++] = '"';
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '"')
            out[length++] = '"';
        out[length++] = text.data[i];
    }
    if (quote)
        out[length++] = '"';
    return length;
}

static void test_texts(void **state)
{
    (void)state;
    struct check_random random = {4};
    char text[260], out[600], expected[600];
    for (size_t length = 0; length <= 257; length++) {
        for (unsigned style = 0; style < 12; style++) {
            for (size_t i = 0; i < length; i++)
                text[i] = (char)(style < 2 ? check_below(&random, 256) : 'a' + i % 26);
            if (style >= 4 && length) /* one special character anywhere */
                text[check_below(&random, length)] = ",\"\n\r"[style % 4];
            size_t want = plain_text((struct rcx_text){text, length}, expected);
            memset(out, 0x7F, sizeof out);
            char *end = rcx_csv_put_text(out, (struct rcx_text){text, length});
            assert_int_equal(end - out, want);
            assert_memory_equal(out, expected, want);
            assert_int_equal(out[2 * length + 2], 0x7F);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_reals),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
