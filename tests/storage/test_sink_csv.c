/* CSV text, cell by cell. The interop tests compare whole tables with what Python writes. */
#include <limits.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/temp_dir.h"

#include "base/file.h"
#include "storage/format/sink.h"

static void assert_written(const struct rcx_table *table, const char *expected)
{
    char directory[RCX_TEST_PATH_BYTES], path[RCX_TEST_PATH_BYTES];
    struct rcx_buf bytes = {0};
    rcx_test_dir_make(directory);
    rcx_test_path(directory, "t.csv", path);
    assert_int_equal(rcx_sink_write_table(path, NULL, table, NULL), RCX_OK);
    assert_int_equal(rcx_file_read(path, &bytes, NULL), RCX_OK);
    assert_string_equal(rcx_buf_text(&bytes), expected);
    rcx_buf_release(&bytes);
    rcx_test_dir_remove(directory);
}

static struct rcx_column *one_column(struct rcx_table *table, enum rcx_type type, size_t rows)
{
    assert_non_null(rcx_table_add(table, "x", type));
    assert_true(rcx_table_resize(table, rows));
    return &table->columns[0];
}

static void test_numbers(void **state)
{
    (void)state;
    struct rcx_table table = {0};
    struct rcx_column *x = one_column(&table, RCX_TYPE_INT64, 3);
    memcpy(x->i64, (int64_t[]){INT64_MIN, 0, INT64_MAX}, 24);
    assert_written(&table, "x\n-9223372036854775808\n0\n9223372036854775807\n");
    rcx_table_release(&table);
    x = one_column(&table, RCX_TYPE_DECIMAL, 4);
    x->scale = 4;
    memcpy(x->i64, (int64_t[]){25500, -1, 0, INT64_MIN}, 32);
    assert_written(&table, "x\n2.5500\n-0.0001\n0.0000\n-922337203685477.5808\n");
    rcx_table_release(&table);
    x = one_column(&table, RCX_TYPE_REAL, 6);
    memcpy(x->reals, (double[]){0.1, 1e22, -0.0, 1.0 / 3, 5e-324, 100}, 48);
    assert_written(&table, "x\n0.1\n1e+22\n-0.0\n0.3333333333333333\n5e-324\n100.0\n");
    rcx_table_release(&table);
}

static void test_times(void **state)
{
    (void)state;
    struct rcx_table table = {0};
    struct rcx_column *x = one_column(&table, RCX_TYPE_DATE, 3);
    memcpy(x->i32, (int32_t[]){0, -1, 15340}, 12);
    assert_written(&table, "x\n1970-01-01\n1969-12-31\n2012-01-01\n");
    rcx_table_release(&table);
    x = one_column(&table, RCX_TYPE_TIME, 2);
    memcpy(x->i64, (int64_t[]){-1, 1291191960}, 16);
    assert_written(&table, "x\n1969-12-31 23:59:59\n2010-12-01 08:26:00\n");
    rcx_table_release(&table);
}

/* Null is nothing; an empty text is not nothing; a line is never empty. */
static void test_nulls_and_quotes(void **state)
{
    (void)state;
    static const char *const list[] = {"", "a,b", "say \"hi\"", "l1\nl2", "cr\r", "plain x"};
    struct rcx_table table = {0};
    struct rcx_column *x = one_column(&table, RCX_TYPE_TEXT, 7);
    struct rcx_strings *strings = rcx_strings_new(6, 64);
    x->dictionary = strings;
    for (uint32_t i = 0; i < 6; i++) {
        memcpy(strings->bytes + strings->offsets[i], list[i], strlen(list[i]));
        strings->offsets[i + 1] = strings->offsets[i] + strlen(list[i]);
        x->codes[i] = i;
    }
    assert_true(rcx_column_set_null(x, 6));
    assert_written(&table,
                   "x\n\"\"\n\"a,b\"\n\"say \"\"hi\"\"\"\n\"l1\nl2\"\n\"cr\r\"\nplain x\n\"\"\n");
    struct rcx_column *second = rcx_table_add(&table, "y,z", RCX_TYPE_BOOL);
    assert_non_null(second);
    memset(second->booleans, 1, 7);
    assert_true(rcx_column_set_null(second, 0));
    assert_written(&table, "x,\"y,z\"\n\"\",\n\"a,b\",1\n\"say \"\"hi\"\"\",1\n\"l1\nl2\",1\n"
                           "\"cr\r\",1\nplain x,1\n,1\n");
    rcx_table_release(&table);
}

static void test_no_rows(void **state)
{
    (void)state;
    struct rcx_table table = {0};
    one_column(&table, RCX_TYPE_INT8, 0);
    assert_written(&table, "x\n");
    rcx_table_release(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_nulls_and_quotes),
        cmocka_unit_test(test_no_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
