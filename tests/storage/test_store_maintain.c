/* Compaction gives the very files that one ingest of all rows makes; vacuum removes nothing that any
 * kept version needs. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/test_rows.h"

#include "base/file.h"
#include "storage/store/maintain.h"
#include "storage/store/verify.h"

enum { PARTS = 5, PART_ROWS = 30000, ROWS = PARTS * PART_ROWS };

struct fixture {
    char parts[RCX_TEST_PATH_BYTES], whole[RCX_TEST_PATH_BYTES];
};

static const struct rcx_store_writer_options writer_options = {
    .zstd_level = 3, .parallel = {2}, .no_sync = true};

static void fill(struct fixture *f, bool text_customers)
{
    struct check_random random = {77};
    struct rcx_row *rows = malloc(ROWS * sizeof *rows), *copy = malloc(ROWS * sizeof *rows);

    rcx_test_text_customers = text_customers;
    for (size_t i = 0; i < ROWS; i++)
        copy[i] = rows[i] = rcx_test_random_row(&random, 400);
    for (size_t p = 0; p < PARTS; p++)
        rcx_test_ingest(f->parts, copy + p * PART_ROWS, PART_ROWS, 1);
    rcx_test_ingest(f->whole, rows, ROWS, 3);
    free(rows);
    free(copy);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    rcx_test_dir_make(f->parts);
    rcx_test_dir_make(f->whole);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    rcx_test_dir_remove(f->parts);
    rcx_test_dir_remove(f->whole);
    free(f);
    return 0;
}

static void assert_same_file(const char *dir_a, const char *name_a, const char *dir_b,
                             const char *name_b)
{
    char a[RCX_TEST_PATH_BYTES], b[RCX_TEST_PATH_BYTES];
    struct rcx_buf x = {0}, y = {0};
    struct rcx_error err = {0};

    assert_int_equal(rcx_file_read(rcx_test_path(dir_a, name_a, a), &x, &err), RCX_OK);
    assert_int_equal(rcx_file_read(rcx_test_path(dir_b, name_b, b), &y, &err), RCX_OK);
    assert_int_equal(x.length, y.length);
    assert_memory_equal(x.data, y.data, x.length);
    rcx_buf_release(&x);
    rcx_buf_release(&y);
}

static void check_compaction(struct fixture *f, bool text_customers)
{
    struct rcx_store_write_stats stats;
    struct rcx_error err = {0};
    bool done = false;

    fill(f, text_customers);
    assert_int_equal(rcx_store_compact(f->parts, &writer_options, &done, &stats, &err), RCX_OK);
    assert_true(done);
    assert_int_equal(stats.rows, ROWS);
    assert_same_file(f->parts, "segment-0000000006.rcx", f->whole, "segment-0000000001.rcx");
    assert_same_file(f->parts, "dictionary-stock_code-0000000006.rcx", f->whole,
                     "dictionary-stock_code-0000000001.rcx");
    assert_int_equal(rcx_store_compact(f->parts, &writer_options, &done, &stats, &err), RCX_OK);
    assert_false(done);
}

static void test_compaction_equals_one_ingest(void **state)
{
    check_compaction(*state, false);
}

static void test_compaction_of_text_customers(void **state)
{
    check_compaction(*state, true);
}

static void verify_version(const char *directory, uint64_t version)
{
    const struct rcx_store_open_options options = {.version = version};
    const struct rcx_parallel one = {1};
    struct rcx_verify_report report;
    struct rcx_error err = {0};

    assert_int_equal(rcx_store_verify(directory, &options, &one, &report, &err), RCX_OK);
}

static void test_vacuum(void **state)
{
    struct fixture *f = *state;
    struct rcx_vacuum_options options = {.dry_run = true};
    struct rcx_vacuum_report report;
    struct rcx_store_write_stats stats;
    struct rcx_error err = {0};
    struct rcx_names before = {0}, after = {0};
    char path[RCX_TEST_PATH_BYTES];
    const struct rcx_file_writer_options quick = {.no_sync = true};
    bool done;

    fill(f, false);
    assert_int_equal(rcx_store_compact(f->parts, &writer_options, &done, &stats, &err), RCX_OK);
    rcx_test_path(f->parts, "segment-0000000007.rcx.tmp-1-1", path);
    assert_int_equal(rcx_file_replace(path, "x", 1, &quick, &err), RCX_OK);
    rcx_test_path(f->parts, "notes.txt", path);
    assert_int_equal(rcx_file_replace(path, "x", 1, &quick, &err), RCX_OK);

    assert_int_equal(rcx_directory_list(f->parts, &before, &err), RCX_OK);
    assert_int_equal(rcx_store_vacuum(f->parts, &options, &report, &err), RCX_OK);
    assert_int_equal(report.count, 1); /* the leftover; every version is kept */
    assert_string_equal(report.names[0], "segment-0000000007.rcx.tmp-1-1");
    rcx_vacuum_report_release(&report);
    assert_int_equal(rcx_directory_list(f->parts, &after, &err), RCX_OK);
    assert_int_equal(before.count, after.count); /* dry run */

    options = (struct rcx_vacuum_options){.keep_versions = 2};
    assert_int_equal(rcx_store_vacuum(f->parts, &options, &report, &err), RCX_OK);
    verify_version(f->parts, 5);
    verify_version(f->parts, 6);
    rcx_vacuum_report_release(&report);
    options.keep_versions = 1;
    assert_int_equal(rcx_store_vacuum(f->parts, &options, &report, &err), RCX_OK);
    verify_version(f->parts, 6);
    rcx_vacuum_report_release(&report);
    assert_true(rcx_file_exists(path)); /* not a file of the store */
    rcx_names_release(&before);
    rcx_names_release(&after);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_compaction_equals_one_ingest),
        TEST(test_compaction_of_text_customers),
        TEST(test_vacuum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
