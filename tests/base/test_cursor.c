#include "base/cursor.h"

#include <string.h>

#include "base/buf.h"
#include "tests/support/check.h"

enum { ITEMS = 300 };

static uint64_t wide(struct check_random *random)
{
    return check_next(random) >> check_below(random, 64);
}

/* One structure of every kind of field, as a parser would read it. */
static bool read_all(struct rcx_cursor *cursor, struct check_random random)
{
    bool equal = true;
    for (unsigned i = 0; i < ITEMS; i++) {
        uint64_t value = wide(&random);
        equal = equal && rcx_cursor_u8(cursor) == (uint8_t)value;
        equal = equal && rcx_cursor_u16(cursor) == (uint16_t)value;
        equal = equal && rcx_cursor_u32(cursor) == (uint32_t)value;
        equal = equal && rcx_cursor_u64(cursor) == value;
        equal = equal && rcx_cursor_varint(cursor) == value;
        const uint8_t *bytes = rcx_cursor_bytes(cursor, 3);
        equal = equal && bytes != NULL && memcmp(bytes, "abc", 3) == 0;
    }
    return equal;
}

static void what_was_appended_is_read_and_no_cut_is_survived(void **state)
{
    (void)state;
    struct rcx_buf buf = {0};
    struct check_random random = {1};
    for (unsigned i = 0; i < ITEMS; i++) {
        uint64_t value = wide(&random);
        rcx_buf_append_byte(&buf, (uint8_t)value);
        rcx_buf_append_u16(&buf, (uint16_t)value);
        rcx_buf_append_u32(&buf, (uint32_t)value);
        rcx_buf_append_u64(&buf, value);
        rcx_buf_append_varint(&buf, value);
        rcx_buf_append_text(&buf, "abc");
    }
    assert_false(buf.failed);
    struct rcx_cursor cursor = rcx_cursor_of(buf.data, buf.length);
    assert_true(read_all(&cursor, (struct check_random){1}));
    assert_false(cursor.failed);
    assert_int_equal(rcx_cursor_left(&cursor), 0);

    for (size_t length = 0; length < buf.length; length++) {
        cursor = rcx_cursor_of(buf.data, length);
        assert_false(read_all(&cursor, (struct check_random){1}));
        assert_true(cursor.failed);
        assert_int_equal(rcx_cursor_left(&cursor), 0);
    }
    rcx_buf_release(&buf);
}

static void after_a_failure_everything_is_zero(void **state)
{
    (void)state;
    static const uint8_t data[] = {1, 2, 3};
    struct rcx_cursor cursor = rcx_cursor_of(data, sizeof data);
    assert_int_equal(rcx_cursor_u32(&cursor), 0);
    assert_true(cursor.failed);
    assert_int_equal(rcx_cursor_u8(&cursor), 0);
    assert_int_equal(rcx_cursor_varint(&cursor), 0);
    assert_null(rcx_cursor_bytes(&cursor, 0));
    rcx_cursor_seek(&cursor, 0);
    assert_int_equal(rcx_cursor_u8(&cursor), 0);
}

static void malformed_varints_fail(void **state)
{
    (void)state;
    uint8_t data[11];
    memset(data, 0x80, sizeof data);
    struct rcx_cursor cursor = rcx_cursor_of(data, sizeof data); /* never ends */
    assert_int_equal(rcx_cursor_varint(&cursor), 0);
    assert_true(cursor.failed);
    data[9] = 2; /* 2^64 */
    cursor = rcx_cursor_of(data, sizeof data);
    assert_int_equal(rcx_cursor_varint(&cursor), 0);
    assert_true(cursor.failed);
    data[9] = 1; /* 2^63 */
    cursor = rcx_cursor_of(data, sizeof data);
    assert_true(rcx_cursor_varint(&cursor) == (uint64_t)1 << 63);
    assert_false(cursor.failed);
}

static void lengths_and_positions_are_bounded(void **state)
{
    (void)state;
    static const uint8_t data[] = {1, 2, 3, 4};
    struct rcx_cursor cursor = rcx_cursor_of(data, sizeof data);
    rcx_cursor_seek(&cursor, 4);
    assert_false(cursor.failed);
    assert_non_null(rcx_cursor_bytes(&cursor, 0));
    rcx_cursor_seek(&cursor, 1);
    assert_int_equal(rcx_cursor_u16(&cursor), 0x0302);
    assert_null(rcx_cursor_bytes(&cursor, SIZE_MAX)); /* no wrap-around */
    assert_true(cursor.failed);

    cursor = rcx_cursor_of(data, sizeof data);
    rcx_cursor_seek(&cursor, 5);
    assert_true(cursor.failed);

    cursor = rcx_cursor_of(NULL, 0);
    assert_non_null(rcx_cursor_bytes(&cursor, 0));
    assert_false(cursor.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_appended_is_read_and_no_cut_is_survived),
        cmocka_unit_test(after_a_failure_everything_is_zero),
        cmocka_unit_test(malformed_varints_fail),
        cmocka_unit_test(lengths_and_positions_are_bounded),
    };
    return cmocka_run_group_tests_name("base/cursor", tests, NULL, NULL);
}
