#include "base/buf.h"

#include <string.h>

#include "base/memory.h"
#include "tests/support/check.h"

static void appends_are_little_endian_and_leb128(void **state)
{
    (void)state;
    struct rcx_buf buf = {0};
    assert_true(rcx_buf_append_byte(&buf, 0xAB));
    assert_true(rcx_buf_append_u16(&buf, 0x0102));
    assert_true(rcx_buf_append_u32(&buf, 0x01020304));
    assert_true(rcx_buf_append_u64(&buf, 0x0102030405060708));
    assert_true(rcx_buf_append_varint(&buf, 0));
    assert_true(rcx_buf_append_varint(&buf, 127));
    assert_true(rcx_buf_append_varint(&buf, 300));
    assert_true(rcx_buf_append_varint(&buf, UINT64_MAX));
    assert_true(rcx_buf_append_zeros(&buf, 2));
    static const uint8_t expected[] = {
        0xAB, 2,    1, 4,    3,    2,    1,    8,    7,    6,    5,    4,    3, 2, 1, 0,
        127,  0xAC, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0};
    assert_int_equal(buf.length, sizeof expected);
    assert_memory_equal(buf.data, expected, sizeof expected);
    rcx_buf_release(&buf);
    assert_null(buf.data);
    rcx_buf_release(&buf);
    rcx_buf_release(NULL);
}

static void printf_fits_at_every_length(void **state)
{
    (void)state;
    for (int width = 1; width < 300; width++) {
        struct rcx_buf buf = {0};
        assert_true(rcx_buf_append_text(&buf, "<"));
        assert_true(rcx_buf_printf(&buf, "%*d", width, 7));
        assert_true(rcx_buf_append_text(&buf, ">"));
        assert_int_equal(buf.length, (size_t)width + 2);
        assert_int_equal(buf.data[width], '7');
        const char *text = rcx_buf_text(&buf);
        assert_int_equal(strlen(text), (size_t)width + 2);
        assert_int_equal(buf.length, (size_t)width + 2); /* the NUL is not part of it */
        rcx_buf_release(&buf);
    }
}

static void clear_keeps_the_memory(void **state)
{
    (void)state;
    struct rcx_buf buf = {0};
    assert_string_equal(rcx_buf_text(&buf), "");
    assert_true(rcx_buf_append_zeros(&buf, 1000));
    size_t capacity = buf.capacity;
    buf.failed = true;
    rcx_buf_clear(&buf);
    assert_int_equal(buf.length, 0);
    assert_int_equal(buf.capacity, capacity);
    assert_false(buf.failed);
    rcx_buf_release(&buf);
}

static void failures_leave_the_contents_and_stay(void **state)
{
    (void)state;
    struct rcx_buf buf = {0};
    assert_true(rcx_buf_append_text(&buf, "kept"));
    size_t room = buf.capacity - buf.length;
    rcx_memory_fail_at(1);
    assert_false(rcx_buf_append_zeros(&buf, room + 1));
    rcx_memory_fail_at(0);
    assert_true(buf.failed);
    assert_false(rcx_buf_append_byte(&buf, 1)); /* no hole in the middle */
    assert_false(rcx_buf_printf(&buf, "x"));
    assert_string_equal(rcx_buf_text(&buf), "");
    assert_int_equal(buf.length, 4);
    assert_memory_equal(buf.data, "kept", 4);
    rcx_buf_clear(&buf);
    assert_false(rcx_buf_reserve(&buf, SIZE_MAX));
    rcx_buf_release(&buf);
}

static bool append_much(void *context)
{
    (void)context;
    struct rcx_buf buf = {0};
    for (unsigned i = 0; i < 1000; i++)
        rcx_buf_printf(&buf, "%u,", i);
    bool succeeded = !buf.failed && buf.length == 3890;
    rcx_buf_release(&buf);
    return succeeded;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(check_allocation_failures(append_much, NULL) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_are_little_endian_and_leb128),
        cmocka_unit_test(printf_fits_at_every_length),
        cmocka_unit_test(clear_keeps_the_memory),
        cmocka_unit_test(failures_leave_the_contents_and_stay),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
