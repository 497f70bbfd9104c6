/* Sinks of every format: formats found by name and extension, schemas, threads, no memory, no space. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/table_cases.h"
#include "tests/support/temp_dir.h"

#include "base/file.h"
#include "base/memory.h"
#include "storage/format/sink.h"

static char directory[RCX_TEST_PATH_BYTES], path[RCX_TEST_PATH_BYTES];
static const char *const names[] = {"t.csv", "t.parquet"};

static int setup(void **state)
{
    (void)state;
    rcx_test_dir_make(directory);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rcx_test_dir_remove(directory);
    return 0;
}

static const char *in_directory(const char *name)
{
    return rcx_test_path(directory, name, path);
}

/* By the C library alone: our own memory may be failing. */
static size_t files_left(void)
{
    DIR *list = opendir(directory);
    assert_non_null(list);
    size_t count = 0;
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(list);
    return count;
}

/* The case "nulls" (every type, every fifth value null) with `rows` rows. */
static struct rcx_table table_of(size_t rows)
{
    struct rcx_table table = {0};
    for (size_t i = 0; i < table_case_count; i++)
        if (strcmp(table_cases[i].name, "nulls") == 0)
            assert_true(table_cases[i].fill(&table, rows));
    assert_int_equal(table.rows, rows);
    return table;
}

static void assert_refused(const char *name, const struct rcx_sink_options *options,
                           const char *part_of_message)
{
    struct rcx_sink *sink = NULL;
    struct rcx_error err;
    assert_int_equal(rcx_sink_open(in_directory(name), options, &sink, &err), RCX_E_USAGE);
    assert_null(sink);
    if (!strstr(err.text, part_of_message))
        fail_msg("'%s' not in: %s", part_of_message, err.text);
    assert_int_equal(files_left(), 0);
}

static void test_unknown_names(void **state)
{
    (void)state;
    assert_refused("t.parqet", NULL, "did you mean '.parquet'");
    assert_refused("t.cvs", NULL, "did you mean '.csv'");
    assert_refused("t.docx", NULL, "known are csv, parquet and arrow");
    assert_refused("t", NULL, "expected .csv, .parquet or .arrow");
    assert_refused("t.csv/t", NULL,
                   "expected .csv, .parquet or .arrow"); /* the dot is the directory's */
    struct rcx_sink_options options = {.format = "parket"};
    assert_refused("t.csv", &options, "did you mean 'parquet'");
    options = (struct rcx_sink_options){.codec = "sappy"};
    assert_refused("t.parquet", &options, "did you mean 'snappy'");
    options.codec = "brotli";
    assert_refused("t.parquet", &options, "known are none, snappy, lz4 and zstd");
    options = (struct rcx_sink_options){.codec = "zstd", .codec_level = 20};
    assert_refused("t.parquet", &options, "not in 1..19");
}

static void assert_begins(const char *name, const char *format, const char *begin)
{
    struct rcx_table table = table_of(10);
    struct rcx_sink_options options = {.format = format, .no_sync = 1};
    struct rcx_buf bytes = {0};
    assert_int_equal(rcx_sink_write_table(in_directory(name), &options, &table, NULL), RCX_OK);
    assert_int_equal(rcx_file_read(path, &bytes, NULL), RCX_OK);
    assert_memory_equal(bytes.data, begin, strlen(begin));
    assert_int_equal(unlink(path), 0);
    rcx_buf_release(&bytes);
    rcx_table_release(&table);
}

static void test_formats_are_found(void **state)
{
    (void)state;
    assert_begins("t.csv", NULL, "bool,");
    assert_begins("t.CSV", NULL, "bool,");
    assert_begins("t.Parquet", NULL, "PAR1");
    assert_begins("t.csv", "parquet", "PAR1");
    assert_begins("t.anything", "csv", "bool,");
}

static void test_schema_is_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct rcx_table table = table_of(10), fewer = {0}, other = table_of(10);
        struct rcx_sink *sink;
        struct rcx_error err;
        other.columns[5].scale = 2;
        assert_non_null(rcx_table_add(&fewer, "bool", RCX_TYPE_BOOL));
        assert_int_equal(rcx_sink_open(in_directory(names[i]), NULL, &sink, &err), RCX_OK);
        assert_int_equal(rcx_sink_write(sink, &table, &err), RCX_OK);
        assert_int_equal(rcx_sink_write(sink, &fewer, &err), RCX_E_INTERNAL);
        assert_int_equal(rcx_sink_write(sink, &other, &err), RCX_E_INTERNAL);
        assert_non_null(strstr(err.text, "column 6 is 'decimal'"));
        rcx_sink_abort(sink);
        assert_int_equal(files_left(), 0);
        rcx_table_release(&table);
        rcx_table_release(&fewer);
        rcx_table_release(&other);
    }
    rcx_sink_abort(NULL);
}

static void test_misuse(void **state)
{
    (void)state;
    static const char *const sorted[] = {"int32", "nothing"};
    struct rcx_table table = table_of(10);
    struct rcx_sink_options options = {.sorted_by = sorted, .sorted_by_count = 2};
    struct rcx_sink *sink;
    struct rcx_error err;
    assert_int_equal(rcx_sink_write_table(in_directory("t.parquet"), &options, &table, &err),
                     RCX_E_INTERNAL);
    assert_non_null(strstr(err.text, "sorted by 'nothing'"));
    assert_int_equal(rcx_sink_open(in_directory("t.parquet"), NULL, &sink, &err), RCX_OK);
    assert_int_equal(rcx_sink_commit(sink, &err), RCX_E_INTERNAL); /* no schema, no file */
    assert_int_equal(files_left(), 0);
    rcx_table_release(&table);
}

/* Asked for, columns without validity are required, and a null in one is refused by name. */
static void test_late_nulls(void **state)
{
    (void)state;
    for (int strict = 0; strict < 2; strict++) {
        struct rcx_table table = {0};
        assert_non_null(rcx_table_add(&table, "n", RCX_TYPE_INT32));
        assert_true(rcx_table_resize(&table, 4));
        memset(table.columns[0].i32, 0, 16);
        struct rcx_sink_options options = {.nulls_as_in_first = strict};
        struct rcx_sink *sink;
        struct rcx_error err;
        assert_int_equal(rcx_sink_open(in_directory("t.parquet"), &options, &sink, &err), RCX_OK);
        assert_int_equal(rcx_sink_write(sink, &table, &err), RCX_OK);
        assert_true(rcx_column_set_null(&table.columns[0], 2));
        assert_int_equal(rcx_sink_write(sink, &table, &err), strict ? RCX_E_INTERNAL : RCX_OK);
        if (strict)
            assert_non_null(strstr(err.text, "column 'n' has nulls"));
        rcx_sink_abort(sink);
        rcx_table_release(&table);
    }
}

static void test_values_that_do_not_fit(void **state)
{
    (void)state;
    static const struct {
        enum rcx_type type;
        int64_t value;
    } cases[] = {{RCX_TYPE_DECIMAL, INT64_C(1000000000000000000)},
                 {RCX_TYPE_DECIMAL, INT64_MIN},
                 {RCX_TYPE_TIME, INT64_MAX / 1000000 + 1},
                 {RCX_TYPE_TIME, INT64_MIN}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rcx_table table = {0};
        struct rcx_error err;
        struct rcx_column *column = rcx_table_add(&table, "x", cases[i].type);
        assert_true(column && rcx_table_resize(&table, 1));
        table.columns[0].i64[0] = cases[i].value;
        assert_int_equal(rcx_sink_write_table(in_directory("t.parquet"), NULL, &table, &err),
                         RCX_E_INPUT);
        assert_non_null(strstr(err.text, "column 'x'"));
        assert_int_equal(files_left(), 0);
        rcx_table_release(&table);
    }
}

/* The same bytes for any number of threads, in several calls. */
static void test_threads(void **state)
{
    (void)state;
    struct rcx_table table = table_of(70000);
    for (size_t i = 0; i < 2; i++) {
        struct rcx_buf first = {0}, bytes = {0};
        for (unsigned threads = 1; threads <= 7; threads += threads) {
            struct rcx_sink_options options = {.codec = "zstd",
                                               .row_group_rows = 20001,
                                               .parallel = {.threads = threads},
                                               .no_sync = 1};
            struct rcx_sink *sink;
            assert_int_equal(rcx_sink_open(in_directory(names[i]), &options, &sink, NULL), RCX_OK);
            assert_int_equal(rcx_sink_write(sink, &table, NULL), RCX_OK);
            assert_int_equal(rcx_sink_write(sink, &table, NULL), RCX_OK);
            assert_int_equal(rcx_sink_commit(sink, NULL), RCX_OK);
            rcx_buf_clear(&bytes);
            assert_int_equal(rcx_file_read(path, &bytes, NULL), RCX_OK);
            if (threads == 1)
                assert_true(rcx_buf_append(&first, bytes.data, bytes.length));
            assert_int_equal(bytes.length, first.length);
            assert_memory_equal(bytes.data, first.data, first.length);
        }
        assert_int_equal(unlink(path), 0);
        rcx_buf_release(&first);
        rcx_buf_release(&bytes);
    }
    rcx_table_release(&table);
}

/* The table by calls of 500 rows and one at the end; small ones are gathered. */
static enum rcx_status write_in_calls(const char *name, const struct rcx_table *table)
{
    struct rcx_sink *sink = NULL;
    struct rcx_column columns[RCX_TYPE_COUNT];
    const struct rcx_sink_options options = {.row_group_rows = 1200, .no_sync = 1};
    enum rcx_status status = rcx_sink_open(in_directory(name), &options, &sink, NULL);
    if (status)
        return status;
    for (int i = 0; !status && i < 4; i++) {
        memcpy(columns, table->columns, sizeof columns);
        for (size_t c = 0; c < RCX_TYPE_COUNT; c++)
            columns[c].rows = i < 3 ? 500 : table->rows;
        struct rcx_table part = {
            .rows = columns[0].rows, .column_count = RCX_TYPE_COUNT, .columns = columns};
        status = rcx_sink_write(sink, &part, NULL);
    }
    if (!status)
        return rcx_sink_commit(sink, NULL);
    rcx_sink_abort(sink);
    return status;
}

static bool attempt_in_calls(void *context)
{
    enum rcx_status status = write_in_calls(names[1], context);
    assert_true(status == RCX_OK || status == RCX_E_NOMEM);
    assert_int_equal(files_left(), status == RCX_OK);
    return status == RCX_OK;
}

/* Enough rows that dictionaries and several pages are made. */
static bool attempt(void *context)
{
    const struct rcx_table *table = context;
    for (size_t i = 0; i < 2; i++) {
        static const char *const sorted[] = {"int32"};
        static const struct rcx_sink_metadata metadata[] = {{"key", "value"}};
        struct rcx_sink_options options = {.codec = "zstd",
                                           .row_group_rows = 900,
                                           .sorted_by = sorted,
                                           .sorted_by_count = 1,
                                           .metadata = metadata,
                                           .metadata_count = 1,
                                           .no_sync = 1};
        enum rcx_status status = rcx_sink_write_table(in_directory(names[i]), &options, table,
                                                      NULL);
        assert_true(status == RCX_OK || status == RCX_E_NOMEM);
        if (status) {
            assert_false(rcx_file_exists(path));
            assert_int_equal(files_left(), i);
            unlink(in_directory(names[0]));
            return false;
        }
    }
    return true;
}

static void test_no_memory(void **state)
{
    (void)state;
    struct rcx_table table = table_of(2000);
    assert_true(check_allocation_failures(attempt, &table) > 50);
    assert_int_equal(files_left(), 2);
    assert_int_equal(unlink(in_directory(names[0])), 0);
    assert_int_equal(unlink(in_directory(names[1])), 0);
    assert_true(check_allocation_failures(attempt_in_calls, &table) > 50);
    rcx_table_release(&table);
}

/* --- a second format ----------------------------------------------------------------------- */

static void assert_also(const char *from, const char *also, const char *wanted)
{
    char *got = NULL;
    assert_int_equal(rcx_sink_also_path(from, also, &got, NULL), RCX_OK);
    if (wanted)
        assert_string_equal(got, wanted);
    else
        assert_null(got);
    rcx_free(got);
}

static void test_paths_beside(void **state)
{
    (void)state;
    char *got = NULL;
    assert_also("a.b/t.csv", "arrow", "a.b/t.arrow");
    assert_also("t.csv.gz", "parquet", "t.parquet");
    assert_also("t.Parquet", "csv", "t.csv");
    assert_also("t.csv", "csv", NULL);
    assert_also("t.json", "csv", NULL);
    assert_also("-", "parquet", NULL);
    assert_int_equal(rcx_sink_also_path("t.csv", "parket", &got, NULL), RCX_E_USAGE);
    struct rcx_sink_options options = {.also = "parket"};
    assert_refused("t.csv", &options, "did you mean 'parquet'");
}

static void write_with_metadata(const char *to, const struct rcx_sink_options *options,
                                const struct rcx_table *table)
{
    struct rcx_sink *sink = NULL;
    assert_int_equal(rcx_sink_open(to, options, &sink, NULL), RCX_OK);
    assert_int_equal(rcx_sink_write(sink, table, NULL), RCX_OK);
    assert_int_equal(rcx_sink_set_metadata(sink, "late", "value", NULL), RCX_OK);
    assert_int_equal(rcx_sink_commit(sink, NULL), RCX_OK);
}

/* Both files are those that sinks of their own write, metadata included. */
static void test_beside(void **state)
{
    (void)state;
    struct rcx_table table = table_of(3000);
    for (size_t i = 0; i < 2; i++) {
        struct rcx_sink_options options = {.no_sync = 1};
        struct rcx_buf own = {0}, beside = {0};
        write_with_metadata(in_directory(names[!i]), &options, &table);
        assert_int_equal(rcx_file_read(path, &own, NULL), RCX_OK);
        options.also = i ? "csv" : "parquet";
        write_with_metadata(in_directory(names[i]), &options, &table);
        assert_int_equal(rcx_file_read(in_directory(names[!i]), &beside, NULL), RCX_OK);
        assert_int_equal(files_left(), 2);
        assert_int_equal(own.length, beside.length);
        assert_memory_equal(own.data, beside.data, own.length);
        rcx_buf_release(&own);
        rcx_buf_release(&beside);
        struct rcx_sink *sink = NULL;
        unlink(in_directory(names[0]));
        unlink(in_directory(names[1]));
        assert_int_equal(rcx_sink_open(in_directory(names[i]), &options, &sink, NULL), RCX_OK);
        assert_int_equal(rcx_sink_write(sink, &table, NULL), RCX_OK);
        rcx_sink_abort(sink);
        assert_int_equal(files_left(), 0);
    }
    rcx_table_release(&table);
}

static bool attempt_beside(void *context)
{
    struct rcx_sink_options options = {.also = "csv", .no_sync = 1};
    enum rcx_status status = rcx_sink_write_table(in_directory("t.parquet"), &options, context,
                                                  NULL);
    assert_true(status == RCX_OK || status == RCX_E_NOMEM);
    assert_true(status == RCX_OK || !rcx_file_exists(path));
    return status == RCX_OK;
}

static void test_beside_without_memory(void **state)
{
    (void)state;
    struct rcx_table table = table_of(2000);
    assert_true(check_allocation_failures(attempt_beside, &table) > 50);
    assert_int_equal(files_left(), 2);
    rcx_table_release(&table);
}

/* A file that may not grow stands for a disk that is full, and so does /dev/full. */
static void test_no_space(void **state)
{
    (void)state;
    struct rcx_table table = table_of(100000);
    struct rlimit unlimited, limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
    limit = unlimited;
    limit.rlim_cur = 1 << 20;
    signal(SIGXFSZ, SIG_IGN);
    for (size_t i = 0; i < 2; i++) {
        struct rcx_sink_options options = {.parallel = {.threads = 3}, .no_sync = 1};
        struct rcx_error err;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        enum rcx_status status = rcx_sink_write_table(in_directory(names[i]), &options, &table,
                                                      &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
        assert_int_equal(status, RCX_E_IO);
        assert_non_null(strstr(err.text, names[i]));
        assert_non_null(strstr(err.text, "File too large"));
        assert_int_equal(files_left(), 0);
    }
    rcx_table_release(&table);
}

static void test_full_standard_output(void **state)
{
    (void)state;
    struct rcx_table table = table_of(10);
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (full < 0)
        skip();
    for (size_t i = 0; i < 2; i++) {
        struct rcx_sink_options options = {.format = i ? "parquet" : "csv"};
        struct rcx_error err;
        fflush(stdout);
        int kept = dup(STDOUT_FILENO);
        assert_int_equal(dup2(full, STDOUT_FILENO), STDOUT_FILENO);
        enum rcx_status status = rcx_sink_write_table("-", &options, &table, &err);
        assert_int_equal(dup2(kept, STDOUT_FILENO), STDOUT_FILENO);
        close(kept);
        assert_int_equal(status, RCX_E_IO);
        assert_non_null(strstr(err.text, "No space left"));
    }
    close(full);
    rcx_table_release(&table);
}

static void test_no_directory(void **state)
{
    (void)state;
    struct rcx_sink *sink = NULL;
    for (size_t i = 0; i < 2; i++) {
        char name[32];
        snprintf(name, sizeof name, "missing/%s", names[i]);
        assert_int_equal(rcx_sink_open(in_directory(name), NULL, &sink, NULL), RCX_E_IO);
        assert_null(sink);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_unknown_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_formats_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_schema_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_misuse, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late_nulls, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values_that_do_not_fit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_paths_beside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_beside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_beside_without_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_space, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_standard_output, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_directory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
