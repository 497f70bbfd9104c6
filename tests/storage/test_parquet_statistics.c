/* Bounds as bytes: the two zeros, shortened texts that must stay bounds, merging of pages. */
#include <string.h>

#include "tests/support/check.h"

#include "storage/format/parquet_statistics.h"

static double real_of(const struct rcx_parquet_bound *bound)
{
    double value;
    assert_int_equal(bound->length, 8);
    memcpy(&value, bound->bytes, 8);
    return value;
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, 8);
    return bits;
}

static struct rcx_parquet_bounds reals(const double *values, size_t count)
{
    struct rcx_parquet_values all = {
        .type = RCX_PARQUET_DOUBLE, .rows = count, .count = count, .reals = values};
    struct rcx_parquet_bounds bounds;
    rcx_parquet_bounds_of(&all, 0, count, &bounds);
    return bounds;
}

static void test_zeros(void **state)
{
    (void)state;
    struct rcx_parquet_bounds bounds = reals((double[]){0.0, 0.0}, 2);
    assert_true(bits_of(real_of(&bounds.least)) == bits_of(-0.0));
    assert_true(bits_of(real_of(&bounds.greatest)) == bits_of(0.0));
    bounds = reals((double[]){-0.0}, 1);
    assert_true(bits_of(real_of(&bounds.least)) == bits_of(-0.0));
    assert_true(bits_of(real_of(&bounds.greatest)) == bits_of(0.0));
    bounds = reals((double[]){-1, 0.0, 2}, 3);
    assert_true(real_of(&bounds.least) == -1 && real_of(&bounds.greatest) == 2);
    assert_false(reals(NULL, 0).known);
}

static void test_booleans(void **state)
{
    (void)state;
    uint8_t values[] = {1, 1, 0};
    struct rcx_parquet_values all = {
        .type = RCX_PARQUET_BOOLEAN, .rows = 3, .count = 3, .booleans = values};
    struct rcx_parquet_bounds bounds;
    rcx_parquet_bounds_of(&all, 0, 2, &bounds);
    assert_true(bounds.least.length == 1 && bounds.least.bytes[0] == 1);
    rcx_parquet_bounds_of(&all, 0, 3, &bounds);
    assert_true(bounds.least.bytes[0] == 0 && bounds.greatest.bytes[0] == 1);
}

static struct rcx_parquet_bounds texts(const char *const *list, uint32_t count)
{
    static struct rcx_strings *strings;
    size_t bytes = 0;
    uint32_t codes[16];
    for (uint32_t i = 0; i < count; i++)
        bytes += strlen(list[i]);
    strings = rcx_strings_new(count, bytes);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(strings->bytes + strings->offsets[i], list[i], strlen(list[i]));
        strings->offsets[i + 1] = strings->offsets[i] + strlen(list[i]);
        codes[i] = i;
    }
    struct rcx_parquet_values all = {.type = RCX_PARQUET_BYTE_ARRAY,
                                     .rows = count,
                                     .count = count,
                                     .u32 = codes,
                                     .strings = strings};
    struct rcx_parquet_bounds bounds;
    rcx_parquet_bounds_of_texts(&all, NULL, count, &bounds);
    rcx_strings_release(strings);
    return bounds;
}

static void assert_bound(const struct rcx_parquet_bound *bound, const char *text, bool exact)
{
    assert_int_equal(bound->length, strlen(text));
    assert_memory_equal(bound->bytes, text, bound->length);
    assert_int_equal(bound->exact, exact);
}

static void test_short_texts(void **state)
{
    (void)state;
    struct rcx_parquet_bounds bounds = texts((const char *[]){"b", "", "ab", "\xc3\xa9"}, 4);
    assert_bound(&bounds.least, "", true);
    assert_bound(&bounds.greatest, "\xc3\xa9", true); /* bytes are unsigned */
    bounds = texts((const char *[]){"same", "same"}, 2);
    assert_bound(&bounds.least, "same", true);
    assert_bound(&bounds.greatest, "same", true);
}

static void test_long_texts(void **state)
{
    (void)state;
    char text[200], expected[80];
    memset(text, 'x', sizeof text);
    text[150] = '\0';
    memset(expected, 'x', 64);
    expected[64] = '\0';
    struct rcx_parquet_bounds bounds = texts((const char *[]){text}, 1);
    assert_bound(&bounds.least, expected, false);
    expected[63] = 'y';
    assert_bound(&bounds.greatest, expected, false);

    text[64] = '\0'; /* exactly the limit: nothing to shorten */
    bounds = texts((const char *[]){text}, 1);
    assert_int_equal(bounds.greatest.length, 64);
    assert_true(bounds.greatest.exact && bounds.least.exact);

    /* A character across the limit is left out; characters that cannot be counted up are dropped. */
    memset(text, 'a', 10);
    for (size_t i = 10; i + 2 < sizeof text; i += 3)
        memcpy(text + i, "\xe6\x97\xa5", 4);
    text[10 + 3 * 40] = '\0';
    bounds = texts((const char *[]){text}, 1);
    assert_int_equal(bounds.least.length, 64);
    assert_bound(&bounds.greatest, "aaaaaaaaab", false);
    text[9] = '\xe6';
    memcpy(text + 63, "\xe6\x97\xa5", 4); /* begins at 63: the prefix ends there */
    for (size_t i = 9; i < 150; i += 3)
        memcpy(text + i, "\xe6\x97\xa5", 4);
    bounds = texts((const char *[]){text}, 1);
    assert_int_equal(bounds.least.length, 63);

    for (size_t i = 0; i + 2 < 150; i += 3)
        memcpy(text + i, "\xe6\x97\xa5", 4); /* nothing to count up at all: no upper bound */
    assert_false(texts((const char *[]){text}, 1).known);
}

static void test_merge(void **state)
{
    (void)state;
    struct rcx_parquet_bounds total = {0}, empty = {0};
    struct rcx_parquet_bounds low = reals((double[]){-3, 1}, 2), high = reals((double[]){0, 9}, 2);
    rcx_parquet_bounds_merge(RCX_PARQUET_DOUBLE, &total, &empty);
    assert_false(total.known);
    rcx_parquet_bounds_merge(RCX_PARQUET_DOUBLE, &total, &high);
    rcx_parquet_bounds_merge(RCX_PARQUET_DOUBLE, &total, &low);
    rcx_parquet_bounds_merge(RCX_PARQUET_DOUBLE, &total, &empty);
    assert_true(total.known && real_of(&total.least) == -3 && real_of(&total.greatest) == 9);
    int32_t integers[] = {-1, 1};
    struct rcx_parquet_values all = {
        .type = RCX_PARQUET_INT32, .rows = 2, .count = 2, .i32 = integers};
    struct rcx_parquet_bounds negative, positive;
    rcx_parquet_bounds_of(&all, 0, 1, &negative);
    rcx_parquet_bounds_of(&all, 1, 2, &positive);
    assert_true(rcx_parquet_bound_compare(RCX_PARQUET_INT32, &negative.least, &positive.least) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zeros),       cmocka_unit_test(test_booleans),
        cmocka_unit_test(test_short_texts), cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_merge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
