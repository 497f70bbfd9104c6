/* The table source: kinds of cells, types of columns, nulls, second passes, errors, and the same
 * table for any number of threads and size of windows. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/check.h"
#include "tests/support/ingest_input.h"
#include "tests/support/temp_dir.h"

#include "base/buf.h"
#include "storage/format/sink.h"
#include "storage/format/table_cell.h"
#include "storage/format/table_read.h"

static char directory[RCX_TEST_PATH_BYTES];

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

static const char *put(const char *name, const char *text)
{
    static char path[RCX_TEST_PATH_BYTES];
    rcx_test_path(directory, name, path);
    rcx_test_write_file(path, text, strlen(text));
    return path;
}

static struct rcx_table read_text(const char *text)
{
    struct rcx_table table = {0};
    struct rcx_error err = {0};
    enum rcx_status status = rcx_table_read(put("t.csv", text), NULL, &table, &err);
    if (status != RCX_OK)
        fail_msg("%s", err.text);
    return table;
}

/* --- cells --------------------------------------------------------------------------------- */

static void test_cells(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum rcx_cell_kind kind;
        double value;
    } cases[] = {
        {"", RCX_CELL_NOTHING, 0},
        {"  ", RCX_CELL_NOTHING, 0},
        {"0", RCX_CELL_INT64, 0},
        {"-12", RCX_CELL_INT64, -12},
        {" 12 ", RCX_CELL_INT64, 12},
        {"999999999999999999", RCX_CELL_INT64, 999999999999999999.0},
        {"1000000000000000000", RCX_CELL_TEXT, 0},
        {"007", RCX_CELL_TEXT, 0},
        {"-007", RCX_CELL_TEXT, 0},
        {"+7", RCX_CELL_TEXT, 0},
        {"-", RCX_CELL_TEXT, 0},
        {".", RCX_CELL_TEXT, 0},
        {"1.2.3", RCX_CELL_TEXT, 0},
        {"1-2", RCX_CELL_TEXT, 0},
        {"+7.5", RCX_CELL_REAL, 7.5},
        {"00.5", RCX_CELL_REAL, 0.5},
        {".5", RCX_CELL_REAL, 0.5},
        {"5.", RCX_CELL_REAL, 5},
        {"-0.1", RCX_CELL_REAL, -0.1},
        {"1e3", RCX_CELL_REAL, 1000},
        {"1.5E-3", RCX_CELL_REAL, 0.0015},
        {"12345678901234567890.5", RCX_CELL_REAL, 12345678901234567890.5},
        {"0.30000000000000004", RCX_CELL_REAL, 0.30000000000000004},
        {"9007199254740993.0", RCX_CELL_REAL, 9007199254740992.0},
        {"1.000000000000000000e+00", RCX_CELL_REAL, 1},
        {"inf", RCX_CELL_REAL, INFINITY},
        {"-Infinity", RCX_CELL_REAL, -INFINITY},
        {"true", RCX_CELL_BOOL, 1},
        {"False", RCX_CELL_BOOL, 0},
        {"1970-01-02", RCX_CELL_DATE, 1},
        {"2011-02-29", RCX_CELL_TEXT, 0},
        {"1970-01-02 00:01", RCX_CELL_TIME, 86460},
        {"1970-01-02T00:01:02", RCX_CELL_TIME, 86462},
        {"1970-01-02 00:01:02.000", RCX_CELL_TIME, 86462},
        {"1970-01-02 00:01:02.001", RCX_CELL_TEXT, 0},
        {"1970-01-02 24:00", RCX_CELL_TEXT, 0},
        {"1970-01-02 0", RCX_CELL_TEXT, 0},
        {"nano", RCX_CELL_TEXT, 0},
        {"index", RCX_CELL_TEXT, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t bits = 0;
        enum rcx_cell_kind kind = rcx_cell_parse(rcx_text_of(cases[i].text), &bits);
        double value = (double)(int64_t)bits;
        if (kind == RCX_CELL_REAL)
            memcpy(&value, &bits, sizeof value);
        if (kind != cases[i].kind || (kind != RCX_CELL_TEXT && !(value == cases[i].value)))
            fail_msg("'%s': kind %d, value %g", cases[i].text, (int)kind, value);
    }
}

/* The short way against the general parser, over digits and places. */
static void test_reals_as_the_general_parser(void **state)
{
    (void)state;
    struct check_random random = {1};
    for (int i = 0; i < 200000; i++) {
        char text[64];
        int places = (int)check_below(&random, 20);
        uint64_t whole = check_next(&random) >> check_below(&random, 64);
        uint64_t fraction = check_next(&random) >> check_below(&random, 64);
        int length = snprintf(text, sizeof text, "%s%llu.%0*llu", i % 2 ? "-" : "",
                              (unsigned long long)whole, places, (unsigned long long)fraction);
        struct rcx_text view = {text, (size_t)length};
        uint64_t bits = 0, wanted;
        double value;
        assert_true(rcx_parse_real(view, &value));
        memcpy(&wanted, &value, sizeof wanted);
        assert_int_equal(rcx_cell_parse(view, &bits), RCX_CELL_REAL);
        if (bits != wanted)
            fail_msg("%s", text);
    }
}

static void test_join_is_a_lattice(void **state)
{
    (void)state;
    for (int a = 0; a < RCX_CELL_KIND_COUNT; a++) {
        for (int b = 0; b < RCX_CELL_KIND_COUNT; b++) {
            enum rcx_cell_kind ab = rcx_cell_join((enum rcx_cell_kind)a, (enum rcx_cell_kind)b);
            assert_int_equal(ab, rcx_cell_join((enum rcx_cell_kind)b, (enum rcx_cell_kind)a));
            assert_int_equal(rcx_cell_join(ab, (enum rcx_cell_kind)a), ab);
            for (int c = 0; c < RCX_CELL_KIND_COUNT; c++)
                assert_int_equal(
                    rcx_cell_join(ab, (enum rcx_cell_kind)c),
                    rcx_cell_join((enum rcx_cell_kind)a,
                                  rcx_cell_join((enum rcx_cell_kind)b, (enum rcx_cell_kind)c)));
        }
    }
}

/* --- tables -------------------------------------------------------------------------------- */

static void test_types(void **state)
{
    (void)state;
    struct rcx_table table = read_text("i,r,b,d,t,x,id,none,q\n"
                                       "1,1.5,true,2020-01-02,2020-01-02 10:00,a,007,,\"1\"\n"
                                       "-2,nan,FALSE,,2020-01-03,\"say \"\"x\"\"\",12,,\"\"\n"
                                       "\n"
                                       ",3,,2020-02-29,,\"\",13,,\"2\"\n"
                                       "4,,true,1970-01-01,1970-01-01 00:00:01,,14,,3\r\n");
    static const enum rcx_type types[] = {RCX_TYPE_INT64, RCX_TYPE_REAL, RCX_TYPE_BOOL,
                                          RCX_TYPE_DATE,  RCX_TYPE_TIME, RCX_TYPE_TEXT,
                                          RCX_TYPE_TEXT,  RCX_TYPE_REAL, RCX_TYPE_INT64};
    assert_int_equal(table.rows, 4);
    assert_int_equal(table.column_count, 9);
    for (size_t c = 0; c < 9; c++)
        assert_int_equal(table.columns[c].type, types[c]);
    const struct rcx_column *column = table.columns;
    assert_int_equal(column[0].i64[1], -2);
    assert_true(rcx_column_is_null(&column[0], 2));
    assert_int_equal(rcx_column_null_count(&column[0]), 1);
    assert_true(column[1].reals[0] == 1.5 && column[1].reals[2] == 3.0);
    assert_true(isnan(column[1].reals[1]) && isnan(column[1].reals[3]));
    assert_int_equal(column[2].booleans[0], 1);
    assert_int_equal(column[2].booleans[1], 0);
    assert_true(rcx_column_is_null(&column[2], 2));
    assert_int_equal(column[3].i32[3], 0);
    assert_true(rcx_column_is_null(&column[3], 1));
    assert_int_equal(column[4].i64[1], (int64_t)rcx_day_from_civil(2020, 1, 3) * 86400);
    struct rcx_text said = rcx_strings_get(column[5].dictionary, column[5].codes[1]);
    assert_true(rcx_text_equal(said, rcx_text_of("say \"x\"")));
    assert_false(rcx_column_is_null(&column[5], 2)); /* "" is a text */
    assert_int_equal(column[5].codes[2], 0);
    assert_true(rcx_column_is_null(&column[5], 3));
    assert_true(rcx_text_equal(rcx_strings_get(column[6].dictionary, column[6].codes[0]),
                               rcx_text_of("007")));
    assert_int_equal(rcx_column_null_count(&column[7]), 4);
    assert_true(rcx_column_is_null(&column[8], 1));
    assert_int_equal(column[8].i64[3], 3);
    rcx_table_release(&table);
}

static void test_header_only_and_names(void **state)
{
    (void)state;
    struct rcx_table table = read_text(",x;1, y \n");
    assert_int_equal(table.rows, 0);
    assert_int_equal(table.column_count, 3);
    assert_string_equal(table.columns[0].name, "column_1");
    assert_string_equal(table.columns[2].name, "y");
    rcx_table_release(&table);
}

static void test_windows_1252(void **state)
{
    (void)state;
    struct rcx_table table = read_text("x,y\ncaf\xE9,1\ncaf\xC3\xA9,2\n");
    assert_int_equal(table.columns[0].codes[0], table.columns[0].codes[1]);
    rcx_table_release(&table);
}

/* Text with NUL bytes is no C string. */
static void test_nul(void)
{
    static const struct {
        const char text[16];
        size_t length;
        const char *part;
    } cases[] = {{"a,b\n1,2\n\0,4\n", 12, "nul.csv:3: a NUL byte in column 'a'"},
                 {"a,b\n1,2\n3,4\0\n", 13, "nul.csv:3: a NUL byte in column 'b'"},
                 {"a,b\n1,2,\0\n3,4\n", 14, "nul.csv:2: a NUL byte in column '(beyond"}};
    char path[RCX_TEST_PATH_BYTES];
    rcx_test_path(directory, "nul.csv", path);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rcx_table table = {0};
        struct rcx_error err = {0};
        rcx_test_write_file(path, cases[i].text, cases[i].length);
        assert_int_equal(rcx_table_read(path, NULL, &table, &err), RCX_E_INPUT);
        if (!strstr(err.text, cases[i].part))
            fail_msg("%s", err.text);
    }
}

static void expect_error(const char *text, const struct rcx_table_read_options *options,
                         enum rcx_status status, const char *part)
{
    struct rcx_table table = {0};
    struct rcx_error err = {0};
    assert_int_equal(rcx_table_read(put("bad.csv", text), options, &table, &err), status);
    if (!strstr(err.text, part))
        fail_msg("'%s' does not say '%s'", err.text, part);
    assert_null(table.columns);
}

static void test_errors(void **state)
{
    (void)state;
    expect_error("", NULL, RCX_E_INPUT, "empty");
    expect_error("a,b\n1,2\n\n1\n", NULL, RCX_E_INPUT, "bad.csv:4: 1 fields");
    expect_error("a,b,c\n1,2,3\n1\n", NULL, RCX_E_INPUT, "'b' is the first one without a field");
    expect_error("a,b\n1,2,3\n", NULL, RCX_E_INPUT, "'b' is the last one");
    test_nul();
    expect_error("a,b\n\"1\n2\",2\n1,2,3\n", NULL, RCX_E_INPUT, "bad.csv:4: 3 fields");
    expect_error("a,b\n1,\"2\n", NULL, RCX_E_INPUT, "bad.csv:2");
    expect_error("a,a\n1,2\n", NULL, RCX_E_INPUT, "two columns have the name 'a'");
    const char *wanted[] = {"price"};
    struct rcx_table_read_options options = {.columns = wanted, .column_count = 1};
    expect_error("id,prices\n1,2\n", &options, RCX_E_INPUT, "did you mean 'prices'");
    struct rcx_table table = {0};
    struct rcx_error err = {0};
    assert_int_equal(rcx_table_read("/no/such/file", NULL, &table, &err), RCX_E_IO);
}

/* --- the same for any cut and any threads -------------------------------------------------- */

enum { MIXED_ROWS = 4000 };

/* Columns that change what they are at rows far apart. */
static void make_mixed(struct rcx_buf *out)
{
    struct check_random random = {7};
    rcx_buf_append_text(out, "int,late_real,late_text,mixed,sparse,text,late_time,quoted\n");
    for (unsigned i = 0; i < MIXED_ROWS; i++) {
        bool late = i > MIXED_ROWS * 9 / 10;
        rcx_buf_printf(out, "%lld,", (long long)check_next(&random) >> 8);
        rcx_buf_printf(out, late ? "%u.25," : "%u,", i);
        rcx_buf_printf(out, late ? "x%u," : "%u,", i);
        rcx_buf_printf(out, i % 3 ? "%u," : "A%u,", i % 50);
        rcx_buf_append_text(out, i % 997 ? "," : "0.5,");
        rcx_buf_printf(out, i % 5 ? "t%llu," : "\"a\"\"b\n%llu\",",
                       (unsigned long long)check_below(&random, 100));
        rcx_buf_printf(out, late ? "2020-01-%02u 10:00:00," : "2020-01-%02u,", i % 28 + 1);
        rcx_buf_append_text(out, i < 50 ? "\"\"\n" : (late ? "word\n" : "\n"));
    }
    assert_false(out->failed);
}

static void test_same_for_any_cut(void **state)
{
    (void)state;
    struct rcx_buf bytes = {0};
    make_mixed(&bytes);
    char path[RCX_TEST_PATH_BYTES];
    rcx_test_path(directory, "mixed.csv", path);
    rcx_test_write_file(path, bytes.data, bytes.length);
    struct rcx_digest first = {0};
    static const size_t windows[] = {0, 2048, 10000, 50000};
    for (size_t w = 0; w < 4; w++) {
        for (unsigned threads = 1; threads <= 2; threads++) {
            const struct rcx_parallel parallel = {threads};
            struct rcx_table_read_options options = {.parallel = &parallel,
                                                     .window_bytes = windows[w]};
            struct rcx_table table = {0};
            struct rcx_error err = {0};
            if (rcx_table_read(path, &options, &table, &err) != RCX_OK)
                fail_msg("%s", err.text);
            assert_int_equal(table.rows, MIXED_ROWS);
            static const enum rcx_type types[] = {RCX_TYPE_INT64, RCX_TYPE_REAL, RCX_TYPE_TEXT,
                                                  RCX_TYPE_TEXT,  RCX_TYPE_REAL, RCX_TYPE_TEXT,
                                                  RCX_TYPE_TIME,  RCX_TYPE_TEXT};
            for (size_t c = 0; c < table.column_count; c++)
                assert_int_equal(table.columns[c].type, types[c]);
            assert_int_equal(table.columns[7].codes[0], 0);
            assert_false(rcx_column_is_null(&table.columns[7], 0));
            assert_true(rcx_column_is_null(&table.columns[7], 50));
            struct rcx_digest digest = rcx_table_digest(&table);
            if (w == 0 && threads == 1)
                first = digest;
            assert_int_equal(rcx_digest_compare(first, digest), 0);
            rcx_table_release(&table);
        }
    }
    rcx_buf_release(&bytes);
}

/* What the CSV and the Parquet sink wrote comes back. */
static void test_sinks_and_back(void **state)
{
    (void)state;
    struct rcx_table table = read_text("i,r,d,t,x\n1,1.5,2020-01-02,2020-01-02 10:00:00,\"\"\n"
                                       ",,,,\n-7,1e300,1999-12-31,1999-12-31 00:00:00,\"a,b\"\n");
    struct rcx_digest digest = rcx_table_digest(&table);
    static const char *const names[] = {"back.csv", "back.parquet"};
    for (size_t i = 0; i < 2; i++) {
        char path[RCX_TEST_PATH_BYTES];
        struct rcx_error err = {0};
        struct rcx_table back = {0}, few = {0};
        rcx_test_path(directory, names[i], path);
        assert_int_equal(rcx_sink_write_table(path, NULL, &table, &err), RCX_OK);
        assert_int_equal(rcx_table_read(path, NULL, &back, &err), RCX_OK);
        assert_int_equal(rcx_digest_compare(rcx_table_digest(&back), digest), 0);
        const char *wanted[] = {"x", "i"};
        struct rcx_table_read_options options = {.columns = wanted, .column_count = 2};
        assert_int_equal(rcx_table_read(path, &options, &few, &err), RCX_OK);
        assert_int_equal(few.column_count, 2);
        assert_string_equal(few.columns[0].name, "x");
        assert_int_equal(few.columns[1].i64[2], -7);
        rcx_table_release(&back);
        rcx_table_release(&few);
    }
    rcx_table_release(&table);
}

static bool read_once(void *context)
{
    struct rcx_table table = {0};
    bool ok = rcx_table_read(context, NULL, &table, NULL) == RCX_OK;
    rcx_table_release(&table);
    return ok;
}

static void test_allocation_failures(void **state)
{
    (void)state;
    char path[RCX_TEST_PATH_BYTES];
    strcpy(path, put("small.csv", "a,b,c\n1,x,2020-01-01\n,\"\"\"y\",\n2.5,,\n"));
    assert_true(check_allocation_failures(read_once, path) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_reals_as_the_general_parser),
        cmocka_unit_test(test_join_is_a_lattice),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_header_only_and_names),
        cmocka_unit_test(test_windows_1252),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_same_for_any_cut),
        cmocka_unit_test(test_sinks_and_back),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
