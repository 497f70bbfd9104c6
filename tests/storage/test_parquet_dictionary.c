/* Dictionaries: entries[indices[i]] must be value i, in order of first appearance, and be given up for
 * exactly those chunks that have too many distinct values. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"

#include "storage/format/parquet_dictionary.h"

static bool build(struct rcx_parquet_dictionary *dictionary, enum rcx_parquet_type type,
                  const void *data, size_t count, struct rcx_strings *strings)
{
    struct rcx_parquet_values values = {
        .type = type, .rows = count, .count = count, .data = data, .strings = strings};
    bool useful = false;
    assert_int_equal(rcx_parquet_dictionary_build(dictionary, &values, &useful, NULL), RCX_OK);
    return useful;
}

static void check_wide(struct rcx_parquet_dictionary *dictionary, enum rcx_parquet_type type,
                       const uint64_t *data, size_t count)
{
    assert_true(build(dictionary, type, data, count, NULL));
    uint32_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t index = dictionary->indices[i];
        assert_true(index <= seen && index < dictionary->count);
        seen += index == seen; /* first appearance */
        assert_true(dictionary->entries[index] == data[i]);
    }
    assert_int_equal(seen, dictionary->count);
}

/* 64-bit values of `distinct` kinds, `spread` apart, in random order. */
static void fill(uint64_t *data, size_t count, uint64_t distinct, uint64_t spread, uint64_t seed)
{
    struct check_random random = {seed};
    for (size_t i = 0; i < count; i++)
        data[i] = (check_below(&random, distinct) - distinct / 2) * spread;
}

static void test_wide(void **state)
{
    (void)state;
    enum { MOST = 300000 };
    uint64_t *data = calloc(MOST, sizeof *data);
    struct rcx_parquet_dictionary dictionary = {0};
    static const uint64_t spreads[] = {1, 3, UINT64_C(1) << 40, UINT64_C(0x9E3779B97F4A7C15)};
    for (size_t s = 0; s < 4; s++) {
        for (size_t count = 8; count <= 257; count++) {
            fill(data, count, 1 + count / 8, spreads[s], count);
            check_wide(&dictionary, RCX_PARQUET_INT64, data, count);
            check_wide(&dictionary, RCX_PARQUET_DOUBLE, data, count);
        }
        static const uint64_t distinct[] = {1, 2, 300, 20000, 70000};
        for (size_t d = 0; d < 5; d++) {
            fill(data, MOST, distinct[d], spreads[s], d);
            check_wide(&dictionary, RCX_PARQUET_INT64, data, MOST);
            check_wide(&dictionary, RCX_PARQUET_DOUBLE, data, MOST);
        }
    }
    rcx_parquet_dictionary_release(&dictionary);
    free(data);
}

static void test_extremes_of_integers(void **state)
{
    (void)state;
    struct rcx_parquet_dictionary dictionary = {0};
    uint64_t wide[] = {(uint64_t)INT64_MIN, INT64_MAX, 0, (uint64_t)INT64_MIN, INT64_MAX, 0, 0, 0};
    check_wide(&dictionary, RCX_PARQUET_INT64, wide, 8);
    uint32_t narrow[] = {0x80000000, 0x7FFFFFFF, 0xFFFFFFFF, 0, 0x80000000, 0x7FFFFFFF, 0, 0};
    assert_true(build(&dictionary, RCX_PARQUET_INT32, narrow, 8, NULL));
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(dictionary.entries[dictionary.indices[i]], narrow[i]);
    assert_int_equal(dictionary.count, 4);
    uint32_t around[] = {0xFFFFFFFE, 1, 0xFFFFFFFF, 0, 1, 1, 1, 1}; /* -2 .. 1: a small range */
    assert_true(build(&dictionary, RCX_PARQUET_INT32, around, 8, NULL));
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(dictionary.entries[dictionary.indices[i]], around[i]);
    rcx_parquet_dictionary_release(&dictionary);
}

static void test_zeros_stay_apart(void **state)
{
    (void)state;
    struct rcx_parquet_dictionary dictionary = {0};
    double reals[] = {0.0, -0.0, 0.0, -0.0, 0.0, -0.0, 0.0, -0.0};
    assert_true(build(&dictionary, RCX_PARQUET_DOUBLE, reals, 8, NULL));
    assert_int_equal(dictionary.count, 2);
    assert_int_equal(rcx_parquet_dictionary_width(&dictionary, 0, 8), 1);
    rcx_parquet_dictionary_release(&dictionary);
}

static void test_gives_up(void **state)
{
    (void)state;
    enum { MOST = 1000000 };
    uint64_t *data = calloc(MOST, sizeof *data);
    struct rcx_parquet_dictionary dictionary = {0};
    assert_non_null(data);
    assert_false(build(&dictionary, RCX_PARQUET_INT64, data, 0, NULL));
    for (size_t i = 0; i < MOST; i++)
        data[i] = i * UINT64_C(0x9E3779B97F4A7C15); /* all distinct */
    assert_false(build(&dictionary, RCX_PARQUET_INT64, data, 100, NULL));
    assert_false(build(&dictionary, RCX_PARQUET_DOUBLE, data, 50000, NULL));
    rcx_parquet_dictionary_release(&dictionary);
    assert_false(build(&dictionary, RCX_PARQUET_DOUBLE, data, MOST, NULL));
    assert_int_equal(dictionary.slot_capacity,
                     0); /* the sample said so before anything was built */
    for (size_t i = 0; i < MOST; i++)
        data[i] = i; /* a range, but too large a one */
    assert_false(build(&dictionary, RCX_PARQUET_INT64, data, MOST, NULL));
    for (size_t i = 0; i < MOST; i++)
        data[i] = i / 25 * UINT64_C(0x9E3779B97F4A7C15); /* 40,000 kinds, sorted */
    check_wide(&dictionary, RCX_PARQUET_INT64, data, MOST);
    fill(data, MOST, RCX_PARQUET_DICTIONARY_ENTRIES, UINT64_C(1) << 40, 3);
    check_wide(&dictionary, RCX_PARQUET_DOUBLE, data, MOST);
    assert_true(dictionary.count > RCX_PARQUET_DICTIONARY_ENTRIES * 9 / 10);
    rcx_parquet_dictionary_release(&dictionary);
    free(data);
}

/* `kinds` different texts under `count` different codes. */
static struct rcx_strings *repeated(uint32_t count, uint32_t kinds)
{
    struct rcx_strings *strings = rcx_strings_new(count, (uint64_t)count * 16);
    for (uint32_t i = 0; i < count; i++)
        strings->offsets[i + 1] = strings->offsets[i] +
                                  (uint64_t)snprintf(strings->bytes + strings->offsets[i], 16, "%u",
                                                     i * 7919 % kinds);
    return strings;
}

static void check_texts(uint32_t count, uint32_t kinds, bool expected)
{
    struct rcx_parquet_dictionary dictionary = {0};
    struct rcx_strings *strings = repeated(count, kinds);
    uint32_t *codes = malloc(count * sizeof *codes);
    for (uint32_t i = 0; i < count; i++)
        codes[i] = i;
    assert_int_equal(build(&dictionary, RCX_PARQUET_BYTE_ARRAY, codes, count, strings), expected);
    for (uint32_t i = 0; expected && i < count; i++) {
        uint32_t code = (uint32_t)dictionary.entries[dictionary.indices[i]];
        assert_true(rcx_text_equal(rcx_strings_get(strings, code), rcx_strings_get(strings, i)));
    }
    if (expected)
        assert_int_equal(dictionary.count, kinds);
    free(codes);
    rcx_strings_release(strings);
    rcx_parquet_dictionary_release(&dictionary);
}

static void test_texts(void **state)
{
    (void)state;
    check_texts(1000, 10, true);
    check_texts(1000, 700, true);
    check_texts(1000, 1000, false);
    check_texts(300000, 5000, true);
    check_texts(300000, 300000, false);
}

static void test_width(void **state)
{
    (void)state;
    uint32_t indices[] = {0, 1, 2, 3, 4, 255, 256, (1 << 17) - 1, 0};
    static const unsigned widths[] = {1, 1, 2, 2, 3, 8, 9, 17, 17}; /* of all up to each */
    struct rcx_parquet_dictionary dictionary = {.indices = indices};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++)
        assert_int_equal(rcx_parquet_dictionary_width(&dictionary, 0, i + 1), widths[i]);
    assert_int_equal(rcx_parquet_dictionary_width(&dictionary, 2, 4), 2);
    assert_int_equal(rcx_parquet_dictionary_width(&dictionary, 8, 9), 1);
    assert_int_equal(rcx_parquet_dictionary_width(&dictionary, 3, 3), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wide),
        cmocka_unit_test(test_extremes_of_integers),
        cmocka_unit_test(test_zeros_stay_apart),
        cmocka_unit_test(test_gives_up),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
