/* What the Parquet sink wrote, read back: every case of table_cases.h, any range of rows, damage. */
#include "storage/format/parquet_file.h"

#include <stdio.h>
#include <string.h>

#include "storage/format/sink.h"
#include "tests/support/check.h"
#include "tests/support/table_cases.h"
#include "tests/support/temp_dir.h"

static char directory[RCX_TEST_PATH_BYTES];
static char path[RCX_TEST_PATH_BYTES];
static const struct rcx_parallel two = {2}, one = {1};

static int make_directory(void **state)
{
    (void)state;
    rcx_test_dir_make(directory);
    rcx_test_path(directory, "table.parquet", path);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    rcx_test_dir_remove(directory);
    return 0;
}

static void write_table(const struct rcx_table *table, const char *codec, size_t group_rows)
{
    static const struct rcx_sink_metadata metadata[] = {{"case", "read"}, {"empty", ""}};
    const struct rcx_sink_options options = {.codec = codec,
                                             .row_group_rows = group_rows,
                                             .metadata = metadata,
                                             .metadata_count = 2,
                                             .parallel = two,
                                             .no_sync = 1};
    assert_int_equal(rcx_sink_write_table(path, &options, table, NULL), RCX_OK);
}

static bool same_value(const struct rcx_column *a, size_t i, const struct rcx_column *b, size_t j)
{
    size_t width = rcx_type_bytes(a->type);
    bool null = rcx_column_is_null(a, i);
    if (null || rcx_column_is_null(b, j))
        return null == rcx_column_is_null(b, j);
    if (a->type == RCX_TYPE_TEXT)
        return rcx_text_equal(rcx_strings_get(a->dictionary, a->codes[i]),
                              rcx_strings_get(b->dictionary, b->codes[j]));
    return memcmp((const char *)a->values + i * width, (const char *)b->values + j * width,
                  width) == 0;
}

/* Rows [first, first + part->rows) of `whole` are those of `part`. */
static void assert_rows(const struct rcx_table *part, const struct rcx_table *whole, size_t first)
{
    assert_int_equal(part->column_count, whole->column_count);
    for (size_t c = 0; c < whole->column_count; c++) {
        const struct rcx_column *a = &part->columns[c], *b = &whole->columns[c];
        assert_string_equal(a->name, b->name);
        assert_int_equal(a->type, b->type);
        assert_int_equal(a->scale, b->scale);
        for (size_t i = 0; i < part->rows; i++)
            if (!same_value(a, i, b, first + i))
                fail_msg("column '%s', row %zu", a->name, first + i);
    }
}

static void check_groups(const struct rcx_parquet_file *file, const struct rcx_table *table)
{
    size_t first = 0;
    for (size_t g = 0; g < file->metadata.group_count; g++) {
        const struct rcx_parquet_rows rows = {.group = g,
                                              .count = (size_t)file->metadata.groups[g].rows};
        struct rcx_table part = {0};
        struct rcx_error err = {0};
        if (rcx_parquet_read(file, &rows, &two, &part, &err) != RCX_OK)
            fail_msg("%s", err.text);
        assert_rows(&part, table, first);
        first += part.rows;
        rcx_table_release(&part);
    }
    assert_int_equal(first, table->rows);
}

static void test_all_cases_come_back(void **state)
{
    static const char *const codecs[] = {"none", "snappy", "zstd"};
    (void)state;
    for (size_t i = 0; i < table_case_count; i++) {
        struct rcx_table table = {0};
        size_t rows = table_cases[i].rows < 70000 ? table_cases[i].rows : 70000;
        assert_true(table_cases[i].fill(&table, rows));
        for (size_t c = 0; c < 3; c++) {
            struct rcx_parquet_file file;
            write_table(&table, codecs[c], c == 0 ? 30000 : 0);
            assert_int_equal(rcx_parquet_file_open(path, &file, NULL), RCX_OK);
            assert_int_equal(file.metadata.rows, rows);
            assert_true(rcx_text_equal(rcx_parquet_file_entry(&file, "case"), rcx_text_of("read")));
            assert_int_equal(rcx_parquet_file_entry(&file, "empty").length, 0);
            assert_non_null(rcx_parquet_file_entry(&file, "empty").data);
            assert_null(rcx_parquet_file_entry(&file, "none").data);
            check_groups(&file, &table);
            rcx_parquet_file_close(&file);
        }
        rcx_table_release(&table);
    }
}

static const struct table_case *case_of(const char *name)
{
    for (size_t i = 0; i < table_case_count; i++)
        if (strcmp(table_cases[i].name, name) == 0)
            return &table_cases[i];
    fail_msg("no case '%s'", name);
    return NULL;
}

/* Across the borders of pages (65,536 rows), of all columns and of some in another order. */
static void test_any_range_of_rows(void **state)
{
    static const size_t ranges[][2] = {{0, 0},      {0, 1},     {65535, 1},    {65535, 2},
                                       {65536, 10}, {1, 65536}, {100000, 100}, {0, 140000},
                                       {139999, 1}, {140000, 0}};
    struct rcx_table table = {0};
    struct rcx_parquet_file file;
    (void)state;
    assert_true(case_of("million")->fill(&table, 140000));
    write_table(&table, "snappy", 0);
    assert_int_equal(rcx_parquet_file_open(path, &file, NULL), RCX_OK);
    assert_int_equal(file.metadata.group_count, 1);
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        struct rcx_parquet_rows rows = {.first = ranges[i][0], .count = ranges[i][1]};
        struct rcx_table part = {0};
        assert_int_equal(rcx_parquet_read(&file, &rows, &two, &part, NULL), RCX_OK);
        assert_int_equal(part.rows, ranges[i][1]);
        assert_rows(&part, &table, ranges[i][0]);
        rcx_table_release(&part);
        static const size_t leaves[] = {8, 2};
        rows.leaves = leaves;
        rows.leaf_count = 2;
        assert_int_equal(rcx_parquet_read(&file, &rows, &two, &part, NULL), RCX_OK);
        assert_int_equal(part.column_count, 2);
        for (size_t row = 0; row < part.rows; row++) {
            size_t from = ranges[i][0] + row;
            if (!same_value(&part.columns[0], row, &table.columns[8], from) ||
                !same_value(&part.columns[1], row, &table.columns[2], from))
                fail_msg("row %zu", from);
        }
        rcx_table_release(&part);
    }
    rcx_parquet_file_close(&file);
    rcx_table_release(&table);
}

static void test_bounds_of_groups(void **state)
{
    struct rcx_table table = {0};
    struct rcx_parquet_file file;
    (void)state;
    assert_true(case_of("types")->fill(&table, 1003));
    write_table(&table, "snappy", 100);
    assert_int_equal(rcx_parquet_file_open(path, &file, NULL), RCX_OK);
    assert_int_equal(file.metadata.group_count, 11);
    int date = rcx_parquet_file_find(&file, "date"), wide = rcx_parquet_file_find(&file, "int64");
    assert_int_equal(rcx_parquet_file_find(&file, "dat"), RCX_PARQUET_NO_LEAF);
    for (size_t g = 0; g < 11; g++) {
        int64_t bounds[2], least = INT64_MAX, greatest = INT64_MIN;
        for (size_t row = g * 100; row < (g + 1) * 100 && row < table.rows; row++) {
            int64_t value = table.columns[wide].i64[row];
            least = value < least ? value : least;
            greatest = value > greatest ? value : greatest;
        }
        assert_true(rcx_parquet_group_bounds(&file, g, (size_t)wide, bounds));
        assert_true(bounds[0] == least && bounds[1] == greatest);
        assert_true(rcx_parquet_group_bounds(&file, g, (size_t)date, bounds));
        assert_true(bounds[0] <= bounds[1]);
    }
    int64_t bounds[2];
    assert_false(rcx_parquet_group_bounds(&file, 0, 8, bounds)); /* texts */
    rcx_parquet_file_close(&file);
    rcx_table_release(&table);
}

/* --- damage -------------------------------------------------------------------------------- */

static void put_file(const uint8_t *data, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* Reads everything there is; the first error. */
static enum rcx_status read_all(struct rcx_error *err)
{
    struct rcx_parquet_file file;
    enum rcx_status status = rcx_parquet_file_open(path, &file, err);
    if (status != RCX_OK)
        return status;
    for (size_t g = 0; g < file.metadata.group_count && status == RCX_OK; g++) {
        const struct rcx_parquet_rows rows = {.group = g,
                                              .count = (size_t)file.metadata.groups[g].rows};
        struct rcx_table table = {0};
        status = rcx_parquet_read(&file, &rows, &one, &table, err);
        rcx_table_release(&table);
    }
    rcx_parquet_file_close(&file);
    return status;
}

static void assert_refused_well(enum rcx_status status, const struct rcx_error *err)
{
    assert_true(status == RCX_OK || status == RCX_E_CORRUPT || status == RCX_E_INPUT ||
                status == RCX_E_NOMEM);
    if (status != RCX_OK)
        assert_non_null(strstr(err->text, "table.parquet"));
}

static struct rcx_buf small_file(void)
{
    struct rcx_table table = {0};
    struct rcx_buf bytes = {0};
    assert_true(case_of("nulls")->fill(&table, 40));
    write_table(&table, "snappy", 30);
    assert_int_equal(rcx_file_read(path, &bytes, NULL), RCX_OK);
    rcx_table_release(&table);
    return bytes;
}

static void test_every_truncation(void **state)
{
    struct rcx_buf bytes = small_file();
    struct rcx_error err = {0};
    (void)state;
    assert_int_equal(read_all(&err), RCX_OK);
    for (size_t length = 0; length < bytes.length; length++) {
        put_file(bytes.data, length);
        assert_int_equal(read_all(&err), RCX_E_CORRUPT);
        assert_non_null(strstr(err.text, "table.parquet"));
    }
    rcx_buf_release(&bytes);
}

static void test_every_flipped_bit(void **state)
{
    struct rcx_buf bytes = small_file();
    struct check_random random = {7};
    size_t refused = 0;
    (void)state;
    for (size_t i = 0; i < bytes.length; i++) {
        struct rcx_error err = {0};
        uint8_t bit = (uint8_t)(1u << check_below(&random, 8));
        bytes.data[i] ^= bit;
        put_file(bytes.data, bytes.length);
        enum rcx_status status = read_all(&err);
        assert_refused_well(status, &err);
        refused += status != RCX_OK;
        bytes.data[i] ^= bit;
    }
    /* What is not seen is in the footer: names, metadata, the page index. */
    assert_true(refused > bytes.length / 2);
    rcx_buf_release(&bytes);
}

static void test_other_files(void **state)
{
    struct rcx_error err = {0};
    (void)state;
    put_file((const uint8_t *)"a,b\n1,2\n3,4\n5,6\n", 16);
    assert_int_equal(read_all(&err), RCX_E_CORRUPT);
    assert_non_null(strstr(err.text, "not a Parquet file"));
    put_file((const uint8_t *)"", 0);
    assert_int_equal(read_all(&err), RCX_E_CORRUPT);
    assert_int_equal(remove(path), 0);
    assert_int_equal(read_all(&err), RCX_E_IO);
}

static bool attempt(void *context)
{
    struct rcx_error err = {0};
    enum rcx_status status = read_all(&err);
    (void)context;
    assert_true(status == RCX_OK || status == RCX_E_NOMEM);
    return status == RCX_OK;
}

static void test_no_memory(void **state)
{
    struct rcx_buf bytes = small_file();
    (void)state;
    assert_true(check_allocation_failures(attempt, NULL) > 50);
    rcx_buf_release(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_cases_come_back, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_any_range_of_rows, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_bounds_of_groups, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_every_truncation, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_every_flipped_bit, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_other_files, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_no_memory, make_directory, remove_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
