#include "base/json.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "tests/support/check.h"

static void write_everything(struct rcx_json *json)
{
    rcx_json_object(json);
    rcx_json_put_text(json, "schema", "rcx.report.1");
    rcx_json_put_text(json, "nothing", NULL);
    rcx_json_put_i64(json, "least", INT64_MIN);
    rcx_json_put_u64(json, "most", UINT64_MAX);
    rcx_json_put_real(json, "share", 0.1);
    rcx_json_put_real(json, "whole", 2);
    rcx_json_put_real(json, "nan", (double)NAN);
    rcx_json_put_real(json, "infinite", -(double)INFINITY);
    rcx_json_put_bool(json, "yes", true);
    rcx_json_put_bool(json, "no", false);
    rcx_json_put_decimal(json, "money", -123400, 4);
    rcx_json_key(json, "stages");
    rcx_json_array(json);
    rcx_json_i64(json, 1);
    rcx_json_array(json);
    rcx_json_array_end(json);
    rcx_json_object(json);
    rcx_json_key(json, "empty");
    rcx_json_object(json);
    rcx_json_object_end(json);
    rcx_json_object_end(json);
    rcx_json_null(json);
    rcx_json_array_end(json);
    rcx_json_object_end(json);
}

static const char expected_compact[] =
    "{\"schema\":\"rcx.report.1\",\"nothing\":null,\"least\":-9223372036854775808,"
    "\"most\":18446744073709551615,\"share\":0.1,\"whole\":2.0,\"nan\":null,\"infinite\":null,"
    "\"yes\":true,\"no\":false,\"money\":\"-12.3400\",\"stages\":[1,[],{\"empty\":{}},null]}";

static void compact_is_one_line(void **state)
{
    (void)state;
    struct rcx_buf buf = {0};
    struct rcx_json json = rcx_json_begin(&buf, true);
    write_everything(&json);
    assert_string_equal(rcx_buf_text(&buf), expected_compact);
    assert_int_equal(json.depth, 0);
    rcx_buf_release(&buf);
}

static void readable_is_indented_by_two(void **state)
{
    (void)state;
    struct rcx_buf buf = {0};
    struct rcx_json json = rcx_json_begin(&buf, false);
    rcx_json_object(&json);
    rcx_json_put_i64(&json, "a", 1);
    rcx_json_key(&json, "b");
    rcx_json_array(&json);
    rcx_json_text(&json, "x");
    rcx_json_object(&json);
    rcx_json_object_end(&json);
    rcx_json_array_end(&json);
    rcx_json_object_end(&json);
    assert_string_equal(rcx_buf_text(&buf), "{\n"
                                            "  \"a\": 1,\n"
                                            "  \"b\": [\n"
                                            "    \"x\",\n"
                                            "    {}\n"
                                            "  ]\n"
                                            "}");
    rcx_buf_release(&buf);
}

/* Both forms say the same: without white space outside of texts they are equal. */
static void both_forms_say_the_same(void **state)
{
    (void)state;
    struct rcx_buf buf = {0};
    struct rcx_json json = rcx_json_begin(&buf, false);
    write_everything(&json);
    char squeezed[sizeof expected_compact];
    size_t length = 0;
    for (size_t i = 0; i < buf.length; i++)
        if (buf.data[i] != ' ' && buf.data[i] != '\n') {
            assert_true(length < sizeof squeezed - 1);
            squeezed[length++] = (char)buf.data[i];
        }
    squeezed[length] = '\0';
    assert_string_equal(squeezed, expected_compact);
    rcx_buf_release(&buf);
}

static void text_becomes(const char *text, size_t length, const char *expected)
{
    struct rcx_buf buf = {0};
    struct rcx_json json = rcx_json_begin(&buf, true);
    rcx_json_text_n(&json, text, length);
    assert_string_equal(rcx_buf_text(&buf), expected);
    rcx_buf_release(&buf);
}

static void texts_are_escaped_and_always_valid(void **state)
{
    (void)state;
    text_becomes("", 0, "\"\"");
    text_becomes("\"\\/", 3, "\"\\\"\\\\/\"");
    text_becomes("\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"");
    text_becomes("\0\x01\x1F\x7F", 4, "\"\\u0000\\u0001\\u001f\x7F\"");
    text_becomes("caf\xC3\xA9", 5, "\"caf\xC3\xA9\"");
    text_becomes("a\xFFz", 3, "\"a\xEF\xBF\xBDz\"");
    text_becomes("\xC3", 1, "\"\xEF\xBF\xBD\"");
    text_becomes("\xFF\"\xFE", 3, "\"\xEF\xBF\xBD\\\"\xEF\xBF\xBD\"");

    struct check_random random = {11};
    for (unsigned i = 0; i < 20000; i++) {
        char bytes[24];
        size_t length = check_below(&random, sizeof bytes + 1);
        for (size_t j = 0; j < length; j++)
            bytes[j] = (char)check_next(&random);
        struct rcx_buf buf = {0};
        struct rcx_json json = rcx_json_begin(&buf, true);
        rcx_json_text_n(&json, bytes, length);
        assert_int_equal(rcx_utf8_check(buf.data, buf.length), buf.length);
        for (size_t j = 1; j + 1 < buf.length; j++) { /* no bare quote or control within */
            assert_true(buf.data[j] >= 0x20);
            if (buf.data[j] == '\\')
                j++;
            else
                assert_int_not_equal(buf.data[j], '"');
        }
        rcx_buf_release(&buf);
    }
}

static bool attempt(void *context)
{
    (void)context;
    struct rcx_buf buf = {0};
    struct rcx_json json = rcx_json_begin(&buf, true);
    write_everything(&json);
    bool succeeded = !buf.failed && strcmp(rcx_buf_text(&buf), expected_compact) == 0;
    rcx_buf_release(&buf);
    return succeeded;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(check_allocation_failures(attempt, NULL) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compact_is_one_line),
        cmocka_unit_test(readable_is_indented_by_two),
        cmocka_unit_test(both_forms_say_the_same),
        cmocka_unit_test(texts_are_escaped_and_always_valid),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("base/json", tests, NULL, NULL);
}
