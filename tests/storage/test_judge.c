/* What is judged on the whole of a column, and what is refused. */
#include <string.h>

#include "tests/support/check.h"
#include "tests/support/ingest_input.h"
#include "tests/support/temp_dir.h"

#include "base/buf.h"
#include "storage/ingest/ingest.h"

struct verdict_case {
    const char *text; /* rows without the header */
    enum rcx_status status;
    const char *message; /* part of it, NULL: none */
    enum rcx_date_order order;
    char mark;
    bool text_ids;
};

static void check_verdict(const char *dir, const struct verdict_case *expected)
{
    char path[RCX_TEST_PATH_BYTES], store[RCX_TEST_PATH_BYTES];
    struct rcx_buf out = {0};
    rcx_buf_append_text(&out, "invoice;date;quantity;price;customer\n");
    rcx_buf_append_text(&out, expected->text);
    rcx_test_write_file(rcx_test_path(dir, "case.csv", path), out.data, out.length);
    rcx_buf_release(&out);
    const char *inputs[] = {path};
    struct rcx_cfg_ingest cfg = rcx_test_ingest_config();
    struct rcx_ingest_report report;
    struct rcx_error err = {0};
    const struct rcx_ingest_options options = {.inputs = inputs,
                                               .input_count = 1,
                                               .store = rcx_test_path(dir, "case", store),
                                               .parallel = {1},
                                               .zstd_level = 1,
                                               .no_sync = true,
                                               .replace = true,
                                               .again = true};
    enum rcx_status status = rcx_ingest(&cfg, &options, &report, &err);
    if (status != expected->status || (expected->message && !strstr(err.text, expected->message)))
        print_error("%s\n%s\n", expected->text, err.text);
    assert_int_equal(status, expected->status);
    if (expected->message)
        assert_non_null(strstr(err.text, expected->message));
    if (status == RCX_OK) {
        assert_int_equal(report.decisions.date_order, expected->order);
        assert_int_equal(report.decisions.decimal_mark, expected->mark);
        assert_int_equal(report.decisions.customer_is_text, expected->text_ids);
        assert_int_equal(report.rejected, 0);
    }
    rcx_ingest_report_release(&report);
}

static void verdicts(void **state)
{
    (void)state;
    static const struct verdict_case cases[] = {
        {"1;13/1/2011;1;2.5;7\n2;1/2/2011;1;2.5;7\n", RCX_OK, NULL, RCX_DATE_DMY, '.', false},
        {"1;1/13/2011;1;2.5;7\n2;2/1/2011;1;2.5;7\n", RCX_OK, NULL, RCX_DATE_MDY, '.', false},
        {"1;2011-01-13;1;2.5;7\n", RCX_OK, NULL, RCX_DATE_YMD, '.', false},
        {"1;20110113;1;2.5;7\n", RCX_OK, NULL, RCX_DATE_COMPACT, '.', false},
        {"1;40513.25;1;2.5;7\n", RCX_OK, NULL, RCX_DATE_SERIAL, '.', false},
        {"1;40513,25;1;2,5;7\n", RCX_OK, NULL, RCX_DATE_SERIAL, ',', false},
        /* years of both widths */
        {"1;1/13/11;1;2.5;7\n2;2/1/2011;1;2.5;7\n", RCX_OK, NULL, RCX_DATE_MDY, '.', false},
        /* two orders in one column */
        {"1;13/1/2011;1;2.5;7\n2;1/13/2011;1;2.5;7\n", RCX_E_INPUT, "no date format fits", 0, 0,
         false},
        /* two separators */
        {"1;13/1/2011;1;2.5;7\n2;13-1-2011;1;2.5;7\n", RCX_E_INPUT, "no date format fits", 0, 0,
         false},
        /* nothing decides */
        {"1;1/2/2011;1;2.5;7\n2;1/3/2011;1;2.5;7\n", RCX_E_INPUT, "--date-format dmy", 0, 0, false},
        {"1;1/2/2011;1;2.5;7\n2;1/3/2011;1;2.5;7\n", RCX_E_INPUT,
         "'1/2/2011' is 2011-02-01 00:00:00 (read as D/M/Y) or 2011-01-02", 0, 0, false},
        /* the invoice numbers decide: only as D/M/Y time never runs backwards */
        {"1;1/2/2011;1;2.5;7\n2;5/2/2011;1;2.5;7\n3;2/3/2011;1;2.5;7\n", RCX_OK, NULL, RCX_DATE_DMY,
         '.', false},
        {"3;2/3/2011;1;2.5;7\n1;1/2/2011;1;2.5;7\n2;5/2/2011;1;2.5;7\n", RCX_OK, NULL, RCX_DATE_DMY,
         '.', false},
        {"1;2/1/2011;1;2.5;7\n2;2/5/2011;1;2.5;7\n3;3/2/2011;1;2.5;7\n", RCX_OK, NULL, RCX_DATE_MDY,
         '.', false},
        /* invoices that are no numbers do not decide, nor do numbers that go both ways */
        {"A1;1/2/2011;1;2.5;7\nA2;5/2/2011;1;2.5;7\nA3;2/3/2011;1;2.5;7\n", RCX_E_INPUT,
         "--date-format", 0, 0, false},
        {"3;1/2/2011;1;2.5;7\n2;5/2/2011;1;2.5;7\n1;2/3/2011;1;2.5;7\n", RCX_E_INPUT,
         "go back in time", 0, 0, false},
        /* numbers */
        {"1;2011-01-13;1;2,5;7\n", RCX_OK, NULL, RCX_DATE_YMD, ',', false},
        {"1;2011-01-13;1.000;2,5;7\n", RCX_OK, NULL, RCX_DATE_YMD, ',', false},
        {"1;2011-01-13;1,000;2.5;7\n", RCX_OK, NULL, RCX_DATE_YMD, '.', false},
        {"1;2011-01-13;1;1.250,75;7\n2;2011-01-13;1;1.250;7\n", RCX_OK, NULL, RCX_DATE_YMD, ',',
         false},
        {"1;2011-01-13;1,250;3;7\n", RCX_E_INPUT, "ingest.decimal_mark", 0, 0, false},
        {"1;2011-01-13;1;2,5;7\n1;2011-01-13;1;2.5;7\n", RCX_E_INPUT, "both ways", 0, 0, false},
        {"1;2011-01-13;1;2;7\n", RCX_OK, NULL, RCX_DATE_YMD, '.', false},
        /* customers */
        {"1;2011-01-13;1;2;17850.0\n1;2011-01-13;1;2;NA\n1;2011-01-13;1;2;Null\n1;2011-01-13;1;2;"
         "NaN\n",
         RCX_OK, NULL, RCX_DATE_YMD, '.', false},
        {"1;2011-01-13;1;2;17850.0\n1;2011-01-13;1;2;17850\n", RCX_OK, NULL, RCX_DATE_YMD, '.',
         true},
        {"1;2011-01-13;1;2;017850\n", RCX_OK, NULL, RCX_DATE_YMD, '.', true},
        {"1;2011-01-13;1;2;999999999999999999\n", RCX_OK, NULL, RCX_DATE_YMD, '.', false},
        {"1;2011-01-13;1;2;1000000000000000000\n", RCX_OK, NULL, RCX_DATE_YMD, '.', true},
        {"1;2011-01-13;1;2;-5\n", RCX_OK, NULL, RCX_DATE_YMD, '.', true},
        {"1;2011-01-13;1;2;17\n1;2011-01-13;1;2;K-17\n", RCX_OK, NULL, RCX_DATE_YMD, '.', true},
        {"1;2011-01-13;1;2;\n", RCX_OK, NULL, RCX_DATE_YMD, '.', false},
    };
    char dir[RCX_TEST_PATH_BYTES];
    rcx_test_dir_make(dir);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_verdict(dir, &cases[i]);
    rcx_test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),
    };
    return cmocka_run_group_tests(tests, rcx_test_ingest_setup, rcx_test_ingest_teardown);
}
