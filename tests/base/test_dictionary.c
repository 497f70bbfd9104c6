#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dictionary.h"
#include "base/memory.h"

static struct rcx_text text_of_number(uint64_t i, char buffer[32])
{
    int length = snprintf(buffer, 32, "%llx", (unsigned long long)(i * 0x9E3779B97F4A7C15u));
    return (struct rcx_text){buffer, (size_t)length};
}

static void code_zero_is_the_empty_text(void **state)
{
    (void)state;
    struct rcx_dictionary dictionary;
    assert_true(rcx_dictionary_init(&dictionary));
    assert_int_equal(dictionary.count, 1);
    assert_int_equal(rcx_dictionary_intern(&dictionary, (struct rcx_text){NULL, 0}), 0);
    assert_int_equal(rcx_dictionary_find(&dictionary, rcx_text_of("")), 0);
    assert_int_equal(rcx_dictionary_get(&dictionary, 0).length, 0);
    rcx_dictionary_release(&dictionary);
    rcx_dictionary_release(&dictionary);
    rcx_dictionary_release(NULL);
}

static void two_million_texts_keep_their_codes(void **state)
{
    (void)state;
    enum { COUNT = 2000000 };
    struct rcx_dictionary dictionary;
    char buffer[32];
    assert_true(rcx_dictionary_init(&dictionary));
    for (uint32_t i = 1; i <= COUNT; i++)
        if (rcx_dictionary_intern(&dictionary, text_of_number(i, buffer)) != i)
            fail_msg("text %u got another code", i);
    assert_int_equal(dictionary.count, COUNT + 1);
    for (uint32_t i = COUNT; i >= 1; i--) {
        struct rcx_text text = text_of_number(i, buffer);
        if (rcx_dictionary_find(&dictionary, text) != i ||
            rcx_dictionary_intern(&dictionary, text) != i ||
            !rcx_text_equal(rcx_dictionary_get(&dictionary, i), text))
            fail_msg("text %u was lost", i);
    }
    assert_int_equal(dictionary.count, COUNT + 1);
    for (uint32_t i = COUNT + 1; i < COUNT + 1000; i++)
        assert_int_equal(rcx_dictionary_find(&dictionary, text_of_number(i, buffer)), RCX_NO_CODE);
    rcx_dictionary_release(&dictionary);
}

static void bytes_of_any_kind_and_length_are_told_apart(void **state)
{
    (void)state;
    enum { LENGTHS = 258 };
    struct rcx_dictionary dictionary;
    char zeros[LENGTHS] = {0};
    assert_true(rcx_dictionary_init(&dictionary));
    for (uint32_t length = 1; length < LENGTHS; length++)
        assert_int_equal(rcx_dictionary_intern(&dictionary, (struct rcx_text){zeros, length}),
                         length);
    for (uint32_t length = 0; length < LENGTHS; length++)
        assert_int_equal(rcx_dictionary_find(&dictionary, (struct rcx_text){zeros, length}),
                         length);
    rcx_dictionary_release(&dictionary);
}

/* Fails the k-th allocation for every k until all succeeds: each time the dictionary still knows
 * what it knew, and takes the same texts once there is memory again. */
static void failed_growth_loses_nothing(void **state)
{
    (void)state;
    enum { TEXTS = 5000 };
    char buffer[32];
    bool all_fitted = false;
    for (uint64_t k = 1; !all_fitted && k < 200; k++) {
        struct rcx_dictionary dictionary;
        assert_true(rcx_dictionary_init(&dictionary));
        rcx_memory_fail_at(k);
        uint32_t done = 1;
        while (done < TEXTS &&
               rcx_dictionary_intern(&dictionary, text_of_number(done, buffer)) != RCX_NO_CODE)
            done++;
        rcx_memory_fail_at(0);
        all_fitted = done == TEXTS;
        assert_int_equal(dictionary.count, done);
        for (uint32_t i = 1; i < TEXTS; i++)
            assert_int_equal(rcx_dictionary_intern(&dictionary, text_of_number(i, buffer)), i);
        rcx_dictionary_release(&dictionary);
    }
    assert_true(all_fitted);
}

static void init_without_memory_leaves_an_empty_object(void **state)
{
    (void)state;
    bool ok = false;
    for (uint64_t k = 1; !ok && k < 20; k++) {
        struct rcx_dictionary dictionary;
        rcx_memory_fail_at(k);
        ok = rcx_dictionary_init(&dictionary);
        rcx_memory_fail_at(0);
        if (!ok)
            assert_true(dictionary.slots == NULL && dictionary.bytes == NULL);
        rcx_dictionary_release(&dictionary);
    }
    assert_true(ok);
}

static int compare_texts(const void *a, const void *b)
{
    return rcx_text_compare(*(const struct rcx_text *)a, *(const struct rcx_text *)b);
}

static void ranks_are_positions_in_byte_order(void **state)
{
    (void)state;
    static const char *const words[] = {"b",
                                        "a",
                                        "abcdefgh",
                                        "abcdefghi",
                                        "abcdefg",
                                        "abcdefghh",
                                        "\xff",
                                        "\x7f",
                                        "abcdefgi",
                                        "abcdefgh\x01",
                                        "Z",
                                        "aa",
                                        "abcdefghhhhhhhhhhhhhhz",
                                        "abcdefghhhhhhhhhhhhhha"};
    enum {
        WORDS = sizeof words / sizeof *words,
        EXTRA = 3000,
        NULS = 40,
        ALL = WORDS + EXTRA + NULS + 1
    };
    struct rcx_dictionary dictionary;
    char buffer[32];
    assert_true(rcx_dictionary_init(&dictionary));
    for (size_t i = 0; i < WORDS; i++)
        rcx_dictionary_intern(&dictionary, rcx_text_of(words[i]));
    for (uint64_t i = 0; i < EXTRA; i++)
        rcx_dictionary_intern(&dictionary, text_of_number(i, buffer));
    /* A NUL sorts behind the end of the text, though the words of eight bytes are equal. */
    static const char nuls[NULS + 1] = "a";
    for (size_t n = 1; n < NULS; n++)
        rcx_dictionary_intern(&dictionary, (struct rcx_text){nuls, n + 1});

    struct rcx_text sorted[ALL];
    uint32_t rank[ALL];
    assert_in_range(dictionary.count, 1, ALL);
    for (uint32_t code = 0; code < dictionary.count; code++)
        sorted[code] = rcx_dictionary_get(&dictionary, code);
    qsort(sorted, dictionary.count, sizeof *sorted, compare_texts);
    assert_true(rcx_dictionary_rank(&dictionary, rank));
    for (uint32_t code = 0; code < dictionary.count; code++)
        assert_true(rcx_text_equal(sorted[rank[code]], rcx_dictionary_get(&dictionary, code)));

    rcx_memory_fail_at(1);
    bool ok = rcx_dictionary_rank(&dictionary, rank);
    rcx_memory_fail_at(0);
    assert_false(ok);
    rcx_dictionary_release(&dictionary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_zero_is_the_empty_text),
        cmocka_unit_test(two_million_texts_keep_their_codes),
        cmocka_unit_test(bytes_of_any_kind_and_length_are_told_apart),
        cmocka_unit_test(failed_growth_loses_nothing),
        cmocka_unit_test(init_without_memory_leaves_an_empty_object),
        cmocka_unit_test(ranks_are_positions_in_byte_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
