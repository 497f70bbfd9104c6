/* The compact protocol, byte by byte, from its specification. */
#include <string.h>

#include "tests/support/check.h"

#include "storage/format/parquet_thrift.h"

static void assert_bytes(struct rcx_buf *buf, const char *hex)
{
    static const char digits[] = "0123456789abcdef";
    char text[512];
    assert_false(buf->failed);
    assert_true(buf->length * 2 < sizeof text);
    for (size_t i = 0; i < buf->length; i++) {
        text[2 * i] = digits[buf->data[i] >> 4];
        text[2 * i + 1] = digits[buf->data[i] & 15];
    }
    text[2 * buf->length] = '\0';
    assert_string_equal(text, hex);
    rcx_buf_release(buf);
}

static void test_scalars(void **state)
{
    (void)state;
    struct rcx_buf buf = {0};
    struct rcx_thrift thrift = rcx_thrift_begin(&buf);
    rcx_thrift_bool(&thrift, 1, true);      /* delta 1, type true */
    rcx_thrift_bool(&thrift, 2, false);     /* delta 1, type false */
    rcx_thrift_i8(&thrift, 4, -1);          /* delta 2, type i8, raw byte */
    rcx_thrift_i16(&thrift, 5, -2);         /* zigzag 3 */
    rcx_thrift_i32(&thrift, 6, 64);         /* zigzag 128: two bytes */
    rcx_thrift_i64(&thrift, 21, INT64_MIN); /* delta 15 */
    rcx_thrift_i32(&thrift, 37, 0);         /* delta 16: the id in full, zigzag 74 */
    rcx_thrift_text(&thrift, 38, "ab");
    rcx_thrift_end(&thrift);
    assert_bytes(&buf, "11"
                       "12"
                       "23ff"
                       "1403"
                       "158001"
                       "f6ffffffffffffffffff01"
                       "054a00"
                       "18026162"
                       "00");
}

static void test_structs(void **state)
{
    (void)state;
    struct rcx_buf buf = {0};
    struct rcx_thrift thrift = rcx_thrift_begin(&buf);
    rcx_thrift_struct(&thrift, 3);
    rcx_thrift_i32(&thrift, 2, 1); /* ids begin anew inside */
    rcx_thrift_end(&thrift);
    rcx_thrift_empty(&thrift, 5); /* and go on outside */
    rcx_thrift_end(&thrift);
    assert_bytes(&buf, "3c"
                       "2502"
                       "00"
                       "2c00"
                       "00");
}

static void test_lists(void **state)
{
    (void)state;
    struct rcx_buf buf = {0};
    struct rcx_thrift thrift = rcx_thrift_begin(&buf);
    rcx_thrift_list(&thrift, 1, RCX_THRIFT_I32, 2);
    rcx_thrift_element_int(&thrift, 1);
    rcx_thrift_element_int(&thrift, -1);
    rcx_thrift_list(&thrift, 2, RCX_THRIFT_BINARY, 2);
    rcx_thrift_element_binary(&thrift, "x", 1);
    rcx_thrift_element_binary(&thrift, NULL, 0);
    rcx_thrift_list(&thrift, 3, RCX_THRIFT_TRUE, 15); /* 15: the length in full */
    for (int i = 0; i < 15; i++)
        rcx_thrift_element_bool(&thrift, i == 14);
    rcx_thrift_list(&thrift, 4, RCX_THRIFT_STRUCT, 1);
    rcx_thrift_element_struct(&thrift);
    rcx_thrift_i8(&thrift, 1, 7);
    rcx_thrift_end(&thrift);
    rcx_thrift_end(&thrift);
    assert_bytes(&buf, "19250201"
                       "1928017800"
                       "19f10f020202020202020202020202020201"
                       "191c130700"
                       "00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_structs),
        cmocka_unit_test(test_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
