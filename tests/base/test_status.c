#include "base/status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tests/support/check.h"

static void names_and_exit_codes_come_from_the_table(void **state)
{
    (void)state;
    assert_string_equal(rcx_status_name(RCX_OK), "OK");
    assert_string_equal(rcx_status_name(RCX_E_CORRUPT), "E_CORRUPT");
    assert_string_equal(rcx_status_text(RCX_E_INPUT), "input data refused");
    assert_int_equal(rcx_status_exit_code(RCX_OK), 0);
    assert_int_equal(rcx_status_exit_code(RCX_E_USAGE), 2);
    assert_int_equal(rcx_status_exit_code(RCX_E_VERSION), 4);
    assert_int_equal(rcx_status_exit_code(RCX_E_INTERRUPTED), 130);
    for (int i = 0; i < RCX_STATUS_COUNT; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(rcx_status_name((enum rcx_status)i),
                                    rcx_status_name((enum rcx_status)j));
}

static void a_failure_fills_the_error_and_returns_its_status(void **state)
{
    (void)state;
    struct rcx_error err = {0};
    assert_int_equal(rcx_fail(&err, RCX_E_INPUT, "%s: row %d", "a.csv", 7), RCX_E_INPUT);
    assert_int_equal(err.status, RCX_E_INPUT);
    assert_string_equal(err.text, "a.csv: row 7");
    assert_int_equal(rcx_fail(NULL, RCX_E_CHECK, "unheard"), RCX_E_CHECK);
    assert_int_equal(rcx_fail_errno(NULL, ENOENT, "unheard"), RCX_E_IO);

    assert_int_equal(rcx_fail_errno(&err, ENOENT, "open %s", "x"), RCX_E_IO);
    assert_string_equal(err.text, "open x: No such file or directory");
    assert_int_equal(rcx_fail_nomem(&err, "table", 4096), RCX_E_NOMEM);
    assert_string_equal(err.text, "table: out of memory (4096 bytes)");
}

static void context_may_quote_the_previous_text(void **state)
{
    (void)state;
    struct rcx_error err;
    rcx_fail(&err, RCX_E_IO, "inner");
    rcx_fail(&err, err.status, "outer: %s", err.text);
    assert_string_equal(err.text, "outer: inner");
}

static void long_texts_are_cut_between_characters(void **state)
{
    (void)state;
    static const char *const characters[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    char long_text[3 * RCX_ERROR_TEXT_BYTES];
    for (size_t c = 0; c < 4; c++)
        for (size_t offset = 0; offset < 4; offset++) {
            size_t size = strlen(characters[c]);
            size_t length = offset;
            memset(long_text, 'x', offset);
            for (; length + size < sizeof long_text; length += size)
                memcpy(long_text + length, characters[c], size);
            long_text[length] = '\0';
            struct rcx_error err;
            rcx_fail(&err, RCX_E_IO, "%s", long_text);
            size_t got = strlen(err.text);
            assert_true(got < sizeof err.text && got >= sizeof err.text - 4);
            assert_int_equal(rcx_utf8_check(err.text, got), got);
            assert_memory_equal(err.text, long_text, got);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_exit_codes_come_from_the_table),
        cmocka_unit_test(a_failure_fills_the_error_and_returns_its_status),
        cmocka_unit_test(context_may_quote_the_previous_text),
        cmocka_unit_test(long_texts_are_cut_between_characters),
    };
    return cmocka_run_group_tests_name("base/status", tests, NULL, NULL);
}
