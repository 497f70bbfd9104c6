/* Row groups taken over from another file: what is written in parts is what is written at once. */
#include "storage/format/parquet_copy.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/check.h"
#include "tests/support/table_cases.h"
#include "tests/support/temp_dir.h"

enum { PART = 240, PARTS = 4, GROUP_ROWS = 100, ROWS = PART * PARTS };

static char directory[RCX_TEST_PATH_BYTES];
static char once[RCX_TEST_PATH_BYTES], parts[RCX_TEST_PATH_BYTES];
static struct rcx_table table;

static int set_up(void **state)
{
    (void)state;
    rcx_test_dir_make(directory);
    rcx_test_path(directory, "once.parquet", once);
    rcx_test_path(directory, "parts.parquet", parts);
    for (size_t i = 0; i < table_case_count; i++)
        if (strcmp(table_cases[i].name, "nulls") == 0)
            assert_true(table_cases[i].fill(&table, ROWS));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rcx_table_release(&table);
    rcx_test_dir_remove(directory);
    return 0;
}

/* Rows of part `index`; borrows the table. PART is a multiple of 8. */
static struct rcx_table part_of(size_t index, struct rcx_column *columns)
{
    for (size_t c = 0; c < table.column_count; c++) {
        columns[c] = table.columns[c];
        columns[c].values = (uint8_t *)columns[c].values +
                            index * PART * rcx_type_bytes(columns[c].type);
        if (columns[c].valid)
            columns[c].valid += index * PART / 8;
        columns[c].rows = PART;
    }
    return (struct rcx_table){.rows = PART, .column_count = table.column_count, .columns = columns};
}

static enum rcx_status open_sink(const char *path, const char *codec, struct rcx_sink **out)
{
    static const char *const sorted[] = {"int32"};
    static const struct rcx_sink_metadata metadata[] = {{"a", "b"}};
    const struct rcx_sink_options options = {.codec = codec,
                                             .row_group_rows = GROUP_ROWS,
                                             .sorted_by = sorted,
                                             .sorted_by_count = 1,
                                             .metadata = metadata,
                                             .metadata_count = 1,
                                             .groups_by_table = 1,
                                             .no_sync = 1};
    return rcx_sink_open(path, &options, out, NULL);
}

static enum rcx_status write_part(struct rcx_sink *sink, size_t index)
{
    struct rcx_column columns[RCX_TYPE_COUNT];
    struct rcx_table part = part_of(index, columns);
    return rcx_sink_write(sink, &part, NULL);
}

static void write_once(const char *codec)
{
    struct rcx_sink *sink;
    assert_int_equal(open_sink(once, codec, &sink), RCX_OK);
    for (size_t i = 0; i < PARTS; i++)
        assert_int_equal(write_part(sink, i), RCX_OK);
    assert_int_equal(rcx_sink_commit(sink, NULL), RCX_OK);
}

/* Adds a part in front of or behind those that the file has. */
static enum rcx_status add_part(const char *codec, size_t index, bool first, bool in_front)
{
    struct rcx_parquet_source *source = NULL;
    struct rcx_sink *sink = NULL;
    enum rcx_status status = first ? RCX_OK : rcx_parquet_source_open(parts, &source, NULL);
    if (status == RCX_OK)
        status = open_sink(parts, codec, &sink);
    size_t groups = source ? rcx_parquet_source_file(source)->metadata.group_count : 0;
    if (status == RCX_OK && in_front)
        status = write_part(sink, index);
    if (status == RCX_OK && source)
        status = rcx_parquet_copy_groups(sink, source, 0, groups, NULL);
    if (status == RCX_OK && !in_front)
        status = write_part(sink, index);
    if (status == RCX_OK) {
        status = rcx_sink_commit(sink, NULL);
        sink = NULL;
    }
    rcx_sink_abort(sink);
    rcx_parquet_source_close(source);
    return status;
}

static void assert_same_files(void)
{
    struct rcx_buf a = {0}, b = {0};
    assert_int_equal(rcx_file_read(once, &a, NULL), RCX_OK);
    assert_int_equal(rcx_file_read(parts, &b, NULL), RCX_OK);
    assert_int_equal(a.length, b.length);
    assert_memory_equal(a.data, b.data, a.length);
    rcx_buf_release(&a);
    rcx_buf_release(&b);
}

static void test_in_parts_is_at_once(void **state)
{
    static const char *const codecs[] = {"none", "snappy", "zstd"};
    (void)state;
    for (size_t c = 0; c < 3; c++) {
        write_once(codecs[c]);
        for (size_t i = 0; i < PARTS; i++)
            assert_int_equal(add_part(codecs[c], i, i == 0, false), RCX_OK);
        assert_same_files();
        for (size_t i = PARTS; i-- > 0;)
            assert_int_equal(add_part(codecs[c], i, i == PARTS - 1, true), RCX_OK);
        assert_same_files();
    }
}

/* Row groups of several codecs in one file. */
static void test_codecs_may_differ(void **state)
{
    (void)state;
    assert_int_equal(add_part("zstd", 0, true, false), RCX_OK);
    assert_int_equal(add_part("none", 1, false, false), RCX_OK);
    assert_int_equal(add_part("snappy", 2, false, false), RCX_OK);
    struct rcx_parquet_file file;
    assert_int_equal(rcx_parquet_file_open(parts, &file, NULL), RCX_OK);
    assert_int_equal(file.metadata.group_count, 9);
    for (size_t g = 0; g < 9; g++) {
        const struct rcx_parallel one = {1};
        const struct rcx_parquet_rows rows = {.group = g,
                                              .count = (size_t)file.metadata.groups[g].rows};
        struct rcx_table read = {0};
        assert_int_equal(rcx_parquet_read(&file, &rows, &one, &read, NULL), RCX_OK);
        const int32_t *whole = table.columns[2].i32 + g / 3 * PART + g % 3 * GROUP_ROWS;
        for (size_t i = 0; i < read.rows; i++)
            assert_true(rcx_column_is_null(&read.columns[2], i) ||
                        read.columns[2].i32[i] == whole[i]);
        rcx_table_release(&read);
    }
    rcx_parquet_file_close(&file);
}

static void test_one_at_a_time(void **state)
{
    struct rcx_parquet_source *source, *other;
    struct rcx_error err;
    (void)state;
    write_once("snappy");
    assert_int_equal(rcx_parquet_source_open(once, &source, NULL), RCX_OK);
    assert_int_equal(rcx_parquet_source_open(once, &other, &err), RCX_E_BUSY);
    assert_non_null(strstr(err.text, "another program"));
    rcx_parquet_source_close(source);
    assert_int_equal(rcx_parquet_source_open(once, &other, NULL), RCX_OK);
    rcx_parquet_source_close(other);
}

static void test_what_does_not_fit(void **state)
{
    struct rcx_parquet_source *source;
    struct rcx_sink *sink;
    struct rcx_error err;
    (void)state;
    write_once("snappy");
    assert_int_equal(rcx_parquet_source_open(once, &source, NULL), RCX_OK);
    const struct rcx_sink_options plain = {.no_sync = 1};
    assert_int_equal(rcx_sink_open(parts, &plain, &sink, NULL), RCX_OK);
    assert_int_equal(rcx_parquet_copy_groups(sink, source, 0, 1, &err), RCX_E_INPUT);
    assert_non_null(strstr(err.text, "another order"));
    rcx_sink_abort(sink);
    const struct rcx_sink_options csv = {.format = "csv", .no_sync = 1};
    assert_int_equal(rcx_sink_open(parts, &csv, &sink, NULL), RCX_OK);
    assert_int_equal(rcx_parquet_copy_groups(sink, source, 0, 1, NULL), RCX_E_INTERNAL);
    rcx_sink_abort(sink);
    rcx_parquet_source_close(source);
}

/* The footer is read and written again before anything is taken over, so no damage of it is. */
static void test_flipped_bits_of_the_footer(void **state)
{
    struct rcx_buf bytes = {0};
    struct check_random random = {5};
    (void)state;
    write_once("snappy");
    assert_int_equal(rcx_file_read(once, &bytes, NULL), RCX_OK);
    size_t footer = (size_t)bytes.data[bytes.length - 8] +
                    ((size_t)bytes.data[bytes.length - 7] << 8) + 8;
    for (int i = 0; i < 1500; i++) {
        struct rcx_parquet_source *source = NULL;
        size_t at = bytes.length - 1 - check_below(&random, footer);
        uint8_t bit = (uint8_t)(1u << check_below(&random, 8));
        bytes.data[at] ^= bit;
        const struct rcx_file_writer_options options = {.no_sync = true};
        assert_int_equal(rcx_file_replace(once, bytes.data, bytes.length, &options, NULL), RCX_OK);
        enum rcx_status status = rcx_parquet_source_open(once, &source, NULL);
        assert_true(status == RCX_E_CORRUPT || status == RCX_E_INPUT || status == RCX_OK);
        if (status == RCX_OK) /* what changed is a value: a text or a bound */
            rcx_parquet_source_close(source);
        bytes.data[at] ^= bit;
    }
    rcx_buf_release(&bytes);
}

static bool attempt(void *context)
{
    (void)context;
    enum rcx_status status = add_part("snappy", 1, false, false);
    assert_true(status == RCX_OK || status == RCX_E_NOMEM);
    return status == RCX_OK;
}

static void test_no_memory(void **state)
{
    (void)state;
    assert_int_equal(add_part("snappy", 0, true, false), RCX_OK);
    assert_true(check_allocation_failures(attempt, NULL) > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_in_parts_is_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_codecs_may_differ, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_at_a_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_does_not_fit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flipped_bits_of_the_footer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
