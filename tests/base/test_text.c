#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"

static void views_compare_by_bytes(void **state)
{
    (void)state;
    struct rcx_text none = {0};
    assert_true(rcx_text_equal(none, rcx_text_of("")));
    assert_true(rcx_text_equal(rcx_text_of("abc"), rcx_text_of("abc")));
    assert_false(rcx_text_equal(rcx_text_of("abc"), rcx_text_of("abd")));
    assert_false(rcx_text_equal(rcx_text_of("abc"), rcx_text_of("ab")));
    assert_int_equal(rcx_text_compare(rcx_text_of("ab"), rcx_text_of("abc")), -1);
    assert_int_equal(rcx_text_compare(rcx_text_of("\xC3"), rcx_text_of("z")), 1);
    assert_int_equal(rcx_text_compare(none, none), 0);
    assert_true(rcx_text_equal_nocase(rcx_text_of("InvoiceNo"), "invoiceNO"));
    assert_false(rcx_text_equal_nocase(rcx_text_of("Invoice"), "InvoiceNo"));
    assert_false(rcx_text_equal_nocase(rcx_text_of("InvoiceNo"), "Invoice"));
    assert_false(rcx_text_equal_nocase((struct rcx_text){"a\0b", 3}, "a"));
    assert_false(rcx_text_equal_nocase(rcx_text_of("["), "{")); /* 0x20 apart, no letters */
    assert_true(rcx_text_equal(rcx_text_trim(rcx_text_of(" \t a b\r\n\v\f")), rcx_text_of("a b")));
    assert_int_equal(rcx_text_trim(rcx_text_of(" \n ")).length, 0);
    assert_int_equal(rcx_text_trim(none).length, 0);
}

static void integers_round_trip(void **state)
{
    (void)state;
    struct check_random random = {3};
    for (unsigned i = 0; i < 200000; i++) {
        uint64_t value = check_next(&random) >> check_below(&random, 64);
        value = i == 0 ? 0 : i == 1 ? UINT64_MAX : i == 2 ? (uint64_t)INT64_MIN : value;
        int64_t number = (int64_t)value;
        char expected[32];
        char text[RCX_I64_TEXT_BYTES];
        struct rcx_text view = {text, rcx_format_u64(value, text)};
        uint64_t value_back;
        int64_t number_back;
        int length = snprintf(expected, sizeof expected, "%" PRIu64, value);
        assert_int_equal(view.length, length);
        assert_memory_equal(text, expected, view.length);
        assert_true(rcx_parse_u64(view, &value_back) && value_back == value);

        view.length = rcx_format_i64(number, text);
        length = snprintf(expected, sizeof expected, "%" PRId64, number);
        assert_int_equal(view.length, length);
        assert_memory_equal(text, expected, view.length);
        assert_true(rcx_parse_i64(view, &number_back) && number_back == number);
    }
}

static void integers_out_of_range_or_shape_are_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {"",
                                          "-",
                                          "+",
                                          "--1",
                                          "1 ",
                                          " 1",
                                          "1.0",
                                          "0x1",
                                          "9223372036854775808",
                                          "a",
                                          "1e3",
                                          "1_0",
                                          "+-1",
                                          "-9223372036854775809",
                                          "99999999999999999999"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        int64_t number = 77;
        assert_false(rcx_parse_i64(rcx_text_of(refused[i]), &number));
        assert_int_equal(number, 77);
    }
    uint64_t value = 77;
    assert_false(rcx_parse_u64(rcx_text_of("18446744073709551616"), &value));
    assert_false(rcx_parse_u64(rcx_text_of("-1"), &value));
    assert_int_equal(value, 77);
    int64_t number;
    assert_true(rcx_parse_i64(rcx_text_of("-9223372036854775808"), &number));
    assert_true(number == INT64_MIN);
    assert_true(rcx_parse_i64(rcx_text_of("+007"), &number));
    assert_int_equal(number, 7);
}

static void sizes_have_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } sizes[] = {
        {"0", 0},
        {"4096", 4096},
        {"10B", 10},
        {"1k", 1024},
        {"256MB", 256ULL << 20},
        {"256 MiB", 256ULL << 20},
        {"1.5GiB", 3ULL << 29},
        {"0.5K", 512},
        {"2T", 2ULL << 40},
        {"18446744073709551615", UINT64_MAX},
        {"16777215T", 16777215ULL << 40},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t bytes = 77;
        assert_true(rcx_parse_size(rcx_text_of(sizes[i].text), &bytes));
        assert_true(bytes == sizes[i].bytes);
    }
    static const char *const refused[] = {"",      "MB",
                                          "-1",    "1X",
                                          "1MBB",  "1 ",
                                          "1  MB", "1e3B",
                                          "1..",   "inf",
                                          "nanMB", "1iB",
                                          ".",     "16777216T",
                                          "1.2.3", "17179869184.5G",
                                          " 1",    "18446744073709551616"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        uint64_t bytes = 77;
        assert_false(rcx_parse_size(rcx_text_of(refused[i]), &bytes));
        assert_int_equal(bytes, 77);
    }
}

static void counts_and_bytes_for_people(void **state)
{
    (void)state;
    char out[32];
    assert_string_equal(rcx_format_count(0, out), "0");
    assert_string_equal(rcx_format_count(999, out), "999");
    assert_string_equal(rcx_format_count(541909, out), "541,909");
    assert_string_equal(rcx_format_count(UINT64_MAX, out), "18,446,744,073,709,551,615");
    assert_string_equal(rcx_format_bytes(0, out), "0 B");
    assert_string_equal(rcx_format_bytes(999, out), "999 B");
    assert_string_equal(rcx_format_bytes(1000, out), "1.0 kB");
    assert_string_equal(rcx_format_bytes(1250000, out), "1.3 MB");
    assert_string_equal(rcx_format_bytes(999949, out), "999.9 kB");
    assert_string_equal(rcx_format_bytes(999950, out), "1.0 MB"); /* never "1000.0 kB" */
    assert_string_equal(rcx_format_bytes(45038760, out), "45.0 MB");
    assert_string_equal(rcx_format_bytes(UINT64_MAX, out), "18.4 EB");
}

/* Decodes one character the slow way; false when it is not one. */
static bool reference_character(const uint8_t *at, size_t length)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    static const uint8_t lead_mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    static const uint8_t lead_bits[] = {0, 0, 0xC0, 0xE0, 0xF0};
    if ((at[0] & (uint8_t)~lead_mask[length]) != lead_bits[length])
        return false;
    uint32_t code = at[0] & lead_mask[length];
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return false;
        code = code << 6 | (at[i] & 0x3FU);
    }
    return code >= least[length] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
}

static size_t reference_utf8_check(const uint8_t *data, size_t length)
{
    size_t at = 0;
    while (at < length) {
        size_t size = 1;
        while (size <= 4 && size <= length - at && !reference_character(data + at, size))
            size++;
        if (size > 4 || size > length - at)
            return at;
        at += size;
    }
    return length;
}

static void utf8_is_checked_like_the_reference(void **state)
{
    (void)state;
    /* Bytes at the edges of the ranges, so that random runs are often nearly valid. */
    static const uint8_t edges[] = {0x00, 'a',  'z',  0x7F, 0x80, 0x8F, 0x90, 0x9F,
                                    0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE2,
                                    0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF};
    struct check_random random = {4};
    uint8_t data[48];
    for (unsigned i = 0; i < 300000; i++) {
        size_t length = check_below(&random, sizeof data + 1);
        for (size_t j = 0; j < length; j++)
            data[j] = check_below(&random, 4) == 0 ? edges[check_below(&random, sizeof edges)]
                                                   : 'x';
        assert_int_equal(rcx_utf8_check(data, length), reference_utf8_check(data, length));
    }
    /* every sequence of up to three bytes after its first */
    for (uint32_t bytes = 0; bytes < 1U << 24; bytes += 3) {
        uint8_t four[4] = {0xF0, (uint8_t)bytes, (uint8_t)(bytes >> 8), (uint8_t)(bytes >> 16)};
        four[0] = (uint8_t)(four[0] + bytes % 5);
        size_t valid = rcx_utf8_check(four + 1, 3);
        if (valid != reference_utf8_check(four + 1, 3) ||
            rcx_utf8_check(four, 4) != reference_utf8_check(four, 4))
            fail_msg("bytes %06x", bytes);
    }
}

static void windows_1252_becomes_valid_utf8(void **state)
{
    (void)state;
    uint8_t all[256];
    char out[3 * 256];
    for (unsigned i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    size_t length = rcx_cp1252_to_utf8(all, sizeof all, out);
    assert_int_equal(length, 128 + 2 * 128 + 17); /* 17 of the upper half take three bytes */
    assert_int_equal(rcx_utf8_check(out, length), length);
    length = rcx_cp1252_to_utf8("\x80 \x81 \x8A \x9F \xA3 \xE9", 11, out);
    assert_memory_equal(out, "\xE2\x82\xAC \xC2\x81 \xC5\xA0 \xC5\xB8 \xC2\xA3 \xC3\xA9", length);
    assert_int_equal(rcx_cp1252_to_utf8("", 0, out), 0);
}

/* The definition, by recursion. */
static unsigned reference_distance(const char *a, size_t i, const char *b, size_t j)
{
    if (i == 0 || j == 0)
        return (unsigned)(i + j);
    unsigned best = reference_distance(a, i - 1, b, j - 1) + (a[i - 1] != b[j - 1]);
    unsigned other = reference_distance(a, i - 1, b, j) + 1;
    best = other < best ? other : best;
    other = reference_distance(a, i, b, j - 1) + 1;
    best = other < best ? other : best;
    if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        other = reference_distance(a, i - 2, b, j - 2) + 1;
        best = other < best ? other : best;
    }
    return best;
}

static void distances_equal_the_definition(void **state)
{
    (void)state;
    struct check_random random = {5};
    for (unsigned i = 0; i < 3000; i++) {
        char words[2][7] = {{0}};
        for (size_t w = 0; w < 2; w++)
            for (size_t j = check_below(&random, sizeof words[w]); j > 0; j--)
                words[w][j - 1] = (char)('a' + (int)check_below(&random, 3));
        assert_int_equal(
            rcx_edit_distance(words[0], words[1]),
            reference_distance(words[0], strlen(words[0]), words[1], strlen(words[1])));
    }
    char long_a[200];
    char long_b[200];
    memset(long_a, 'a', 199);
    memset(long_b, 'b', 199);
    long_a[199] = long_b[199] = '\0';
    assert_int_equal(rcx_edit_distance(long_a, long_b), 63);
    assert_int_equal(rcx_edit_distance(long_a, ""), 63);
}

static void suggestions_are_close_or_absent(void **state)
{
    (void)state;
    static const char *const commands[] = {"features", "ingest", "info", "inspect", "run"};
    const size_t count = sizeof commands / sizeof *commands;
    assert_string_equal(rcx_suggest("feautres", commands, count), "features");
    assert_string_equal(rcx_suggest("ingset", commands, count), "ingest");
    assert_string_equal(rcx_suggest("rum", commands, count), "run");
    assert_string_equal(rcx_suggest("inof", commands, count), "info");
    assert_null(rcx_suggest("xyz", commands, count));
    assert_null(rcx_suggest("campaign", commands, count));
    assert_null(rcx_suggest("run", commands, 0));
}

static void controls_are_replaced_and_nothing_else(void **state)
{
    char text[] = "a\x1b[0m\tb\nc\x7f \xC2\x80\xC2\x9F\xC2\xA0 \xC3\x9F\xE2\x82\xAC\xC2";
    (void)state;
    rcx_replace_controls(text);
    assert_string_equal(text, "a?[0m?b\nc? ????\xC2\xA0 \xC3\x9F\xE2\x82\xAC\xC2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_compare_by_bytes),
        cmocka_unit_test(integers_round_trip),
        cmocka_unit_test(integers_out_of_range_or_shape_are_refused),
        cmocka_unit_test(sizes_have_units),
        cmocka_unit_test(counts_and_bytes_for_people),
        cmocka_unit_test(utf8_is_checked_like_the_reference),
        cmocka_unit_test(windows_1252_becomes_valid_utf8),
        cmocka_unit_test(distances_equal_the_definition),
        cmocka_unit_test(suggestions_are_close_or_absent),
        cmocka_unit_test(controls_are_replaced_and_nothing_else),
    };
    return cmocka_run_group_tests_name("base/text", tests, NULL, NULL);
}
