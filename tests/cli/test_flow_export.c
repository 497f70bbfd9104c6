/* The export of a store against the rows it was made of, written by the plainest code there is. */
#include "cli/flow_export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/support/test_rows.h"

struct fixture {
    char directory[RCX_TEST_PATH_BYTES], store[RCX_TEST_PATH_BYTES], file[RCX_TEST_PATH_BYTES];
    struct rcx_row *rows; /* all, sorted, texts as numbers */
    size_t count;
};

/* A store of `versions` ingests of `each` rows. */
static struct fixture make(size_t versions, size_t each, bool text_customers)
{
    struct fixture f = {.count = versions * each};
    struct check_random random = {versions * 1000 + each};
    rcx_test_text_customers = text_customers;
    rcx_test_dir_make(f.directory);
    rcx_test_path(f.directory, "store", f.store);
    f.rows = calloc(f.count + 1, sizeof *f.rows);
    struct rcx_row *part = calloc(each + 1, sizeof *part);
    for (size_t i = 0; i < f.count; i++)
        f.rows[i] = rcx_test_random_row(&random, each / 20 + 3);
    for (size_t v = 0; v < versions; v++) {
        memcpy(part, f.rows + v * each, each * sizeof *part);
        rcx_test_ingest(f.store, part, each, 2);
    }
    free(part);
    qsort(f.rows, f.count, sizeof *f.rows, rcx_test_compare_rows);
    return f;
}

static void release(struct fixture *f)
{
    rcx_test_dir_remove(f->directory);
    free(f->rows);
    rcx_test_text_customers = false;
}

static void append_text(struct rcx_buf *out, enum rcx_text_field field, uint32_t number)
{
    char text[32];
    rcx_buf_append_text(out, rcx_test_text(field, number, text));
    rcx_buf_append_byte(out, ',');
}

static struct rcx_buf expected_csv(const struct fixture *f)
{
    struct rcx_buf out = {0};
    rcx_buf_append_text(&out, "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,"
                              "CustomerID,Country\n");
    for (size_t i = 0; i < f->count; i++) {
        const struct rcx_row *row = &f->rows[i];
        char text[RCX_TIME_TEXT_BYTES];
        append_text(&out, RCX_TEXT_INVOICE, row->invoice);
        append_text(&out, RCX_TEXT_STOCK, row->stock);
        append_text(&out, RCX_TEXT_DESCRIPTION, row->description);
        rcx_buf_printf(&out, "%d,%s,%d.%02d,", (int)row->quantity, rcx_format_time(row->time, text),
                       (int)(row->unit_price / 100), (int)(row->unit_price % 100));
        if (row->customer == RCX_GUEST)
            rcx_buf_append_byte(&out, ',');
        else if (rcx_test_text_customers)
            append_text(&out, RCX_TEXT_CUSTOMER, (uint32_t)row->customer);
        else
            rcx_buf_printf(&out, "%d,", (int)row->customer);
        rcx_buf_append_text(&out, rcx_test_text(RCX_TEXT_COUNTRY, row->country, text));
        rcx_buf_append_byte(&out, '\n');
    }
    return out;
}

static enum rcx_status export_to(struct fixture *f, const char *name,
                                 const struct rcx_sink_options *options, struct rcx_error *err)
{
    struct rcx_store *store = NULL;
    enum rcx_status status = rcx_store_open(f->store, NULL, &store, err);
    if (status)
        return status;
    status = rcx_flow_export(store, rcx_test_path(f->directory, name, f->file), options, NULL, err);
    rcx_store_close(store);
    return status;
}

static void check_csv(struct fixture *f, size_t block_rows, unsigned threads)
{
    struct rcx_sink_options options = {
        .row_group_rows = block_rows, .parallel = {threads}, .no_sync = 1};
    struct rcx_buf expected = expected_csv(f), bytes = {0};
    assert_int_equal(export_to(f, "t.csv", &options, NULL), RCX_OK);
    assert_int_equal(rcx_file_read(f->file, &bytes, NULL), RCX_OK);
    assert_int_equal(bytes.length, expected.length);
    assert_memory_equal(bytes.data, expected.data, expected.length);
    rcx_buf_release(&expected);
    rcx_buf_release(&bytes);
}

static void test_csv(void **state)
{
    (void)state;
    for (int text_customers = 0; text_customers < 2; text_customers++) {
        struct fixture f = make(3, 30001, text_customers);
        check_csv(&f, 0, 1);
        check_csv(&f, 1001, 2);
        check_csv(&f, 70000, 3);
        release(&f);
    }
    for (size_t rows = 0; rows < 3; rows++) {
        struct fixture f = make(1, rows, false);
        check_csv(&f, 0, 2);
        release(&f);
    }
}

/* The same bytes for any number of threads. */
static void test_parquet(void **state)
{
    (void)state;
    struct fixture f = make(2, 60000, false);
    struct rcx_buf first = {0}, bytes = {0};
    for (unsigned threads = 1; threads <= 4; threads += threads) {
        struct rcx_sink_options options = {
            .codec = "zstd", .row_group_rows = 50001, .parallel = {threads}, .no_sync = 1};
        assert_int_equal(export_to(&f, "t.parquet", &options, NULL), RCX_OK);
        rcx_buf_clear(&bytes);
        assert_int_equal(rcx_file_read(f.file, &bytes, NULL), RCX_OK);
        if (threads == 1)
            rcx_buf_append(&first, bytes.data, bytes.length);
        assert_int_equal(bytes.length, first.length);
        assert_memory_equal(bytes.data, first.data, first.length);
    }
    rcx_buf_release(&first);
    rcx_buf_release(&bytes);
    release(&f);
}

static bool attempt(void *context)
{
    struct fixture *f = context;
    const struct rcx_sink_options options = {.row_group_rows = 700, .no_sync = 1};
    enum rcx_status status = export_to(f, "t.parquet", &options, NULL);
    assert_true(status == RCX_OK || status == RCX_E_NOMEM);
    assert_int_equal(access(f->file, F_OK), status ? -1 : 0);
    return status == RCX_OK;
}

static void test_no_memory(void **state)
{
    (void)state;
    struct fixture f = make(1, 2000, false);
    rcx_test_path(f.directory, "t.parquet", f.file);
    assert_true(check_allocation_failures(attempt, &f) > 30);
    release(&f);
}

static void test_refused(void **state)
{
    (void)state;
    struct fixture f = make(1, 10, false);
    const struct rcx_sink_options options = {0};
    struct rcx_error err;
    assert_int_equal(export_to(&f, "t.parqet", &options, &err), RCX_E_USAGE);
    assert_non_null(strstr(err.text, "did you mean '.parquet'"));
    assert_int_equal(export_to(&f, "missing/t.csv", &options, &err), RCX_E_IO);
    release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_parquet),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
