#include <string.h>

#include "tests/support/check.h"

#include "base/json.h"
#include "base/json_read.h"

static struct rcx_json_document *parse(const char *text)
{
    struct rcx_json_document *document = NULL;
    struct rcx_error err = {0};

    enum rcx_status status = rcx_json_parse("test", text, strlen(text), &document, &err);
    assert_string_equal(err.text, "");
    assert_int_equal(status, RCX_OK);
    return document;
}

static void test_reads_what_the_writer_wrote(void **state)
{
    struct rcx_buf text = {0};
    struct rcx_json json = rcx_json_begin(&text, false);
    int64_t number = 0;
    double real = 0;
    bool flag = false;

    (void)state;
    rcx_json_object(&json);
    rcx_json_put_text(&json, "text", "a \"quoted\" \n line, \xc3\xa9");
    rcx_json_put_i64(&json, "number", INT64_MIN);
    rcx_json_put_real(&json, "real", 0.1);
    rcx_json_put_bool(&json, "flag", true);
    rcx_json_key(&json, "list");
    rcx_json_array(&json);
    rcx_json_i64(&json, 1);
    rcx_json_null(&json);
    rcx_json_array_end(&json);
    rcx_json_object_end(&json);
    struct rcx_json_document *document = parse(rcx_buf_text(&text));
    const struct rcx_json_value *root = rcx_json_root(document);
    assert_string_equal(rcx_json_as_text(rcx_json_member(root, "text")),
                        "a \"quoted\" \n line, \xc3\xa9");
    assert_true(rcx_json_as_i64(rcx_json_member(root, "number"), &number));
    assert_true(number == INT64_MIN);
    assert_true(rcx_json_as_real(rcx_json_member(root, "real"), &real));
    assert_true(real == 0.1);
    assert_true(rcx_json_as_bool(rcx_json_member(root, "flag"), &flag) && flag);
    assert_int_equal(rcx_json_count(rcx_json_member(root, "list")), 2);
    assert_null(rcx_json_item(rcx_json_member(root, "list"), 2));
    rcx_json_close(document);
    rcx_buf_release(&text);
}

static void test_missing_and_wrong_kinds(void **state)
{
    struct rcx_json_document *document = parse("{\"a\": {\"b\": [true]}}");
    const struct rcx_json_value *root = rcx_json_root(document);
    int64_t number = 7;

    (void)state;
    assert_null(rcx_json_member(rcx_json_member(rcx_json_member(root, "x"), "y"), "z"));
    assert_null(rcx_json_as_text(rcx_json_member(root, "a")));
    assert_false(rcx_json_as_i64(rcx_json_member(root, "a"), &number));
    assert_int_equal(number, 7);
    assert_int_equal(rcx_json_count(root), 0);
    assert_null(rcx_json_as_text(NULL));
    rcx_json_close(document);
}

static void test_damage_names_the_place(void **state)
{
    static const char *const texts[] = {"",
                                        "{",
                                        "{\"a\": 1,}",
                                        "{\"a\": 1, \"a\": 2}",
                                        "[1, \"\xff\"]",
                                        "{\"a\": 99999999999999999999}",
                                        "{} x"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct rcx_json_document *document = NULL;
        struct rcx_error err = {0};

        assert_int_equal(rcx_json_parse("f.json", texts[i], strlen(texts[i]), &document, &err),
                         RCX_E_CORRUPT);
        assert_non_null(strstr(err.text, "f.json:1:"));
        assert_null(document);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_the_writer_wrote),
        cmocka_unit_test(test_missing_and_wrong_kinds),
        cmocka_unit_test(test_damage_names_the_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
