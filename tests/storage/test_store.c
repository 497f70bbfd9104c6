/* The store against the plainest reference there is: the rows, sorted by their texts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/test_rows.h"

#include "storage/store/scan.h"
#include "storage/store/verify.h"

/* Rows as a test makes them: texts by number, so that several ingests intern them anew. */
struct fixture {
    char directory[RCX_TEST_PATH_BYTES];
    struct rcx_row *all; /* every row ever appended */
    size_t count;
    bool text_customers;
    struct check_random random;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    rcx_test_dir_make(f->directory);
    f->random.state = 42;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    rcx_test_dir_remove(f->directory);
    free(f->all);
    free(f);
    return 0;
}

static void assert_text(const struct rcx_store *store, enum rcx_text_field field, uint32_t code,
                        uint32_t number)
{
    char expected[32];
    struct rcx_text text = rcx_strings_get(rcx_store_strings(store, field), code);

    rcx_test_text(field, number, expected);
    assert_int_equal(text.length, strlen(expected));
    assert_memory_equal(text.data, expected, text.length);
}

static void check_row(const struct fixture *f, const struct rcx_store *store,
                      const struct rcx_batch *b, size_t r, uint32_t i, const struct rcx_row *row)
{
    assert_int_equal(b->time[r], row->time);
    assert_int_equal(b->quantity[i], row->quantity);
    assert_int_equal(b->unit_price[i], row->unit_price);
    if (f->text_customers && row->customer != RCX_GUEST)
        assert_text(store, RCX_TEXT_CUSTOMER, (uint32_t)b->customer[r], (uint32_t)row->customer);
    else
        assert_int_equal(b->customer[r], row->customer);
    assert_text(store, RCX_TEXT_INVOICE, b->invoice[r], row->invoice);
    assert_text(store, RCX_TEXT_STOCK, b->stock[i], row->stock);
    assert_text(store, RCX_TEXT_DESCRIPTION, b->description[i], row->description);
    assert_text(store, RCX_TEXT_COUNTRY, b->country[i], row->country);
}

/* Reads everything back, partly late, and compares with the sorted rows; then verifies the store.
 */
static void check_content(struct fixture *f)
{
    struct rcx_store *store;
    struct rcx_scan *scan;
    struct rcx_scan_buffer *buffer = rcx_scan_buffer_new();
    struct rcx_verify_report report;
    struct rcx_error err = {0};
    size_t at = 0, repeats = 0;

    rcx_test_text_customers = f->text_customers;
    qsort(f->all, f->count, sizeof *f->all, rcx_test_compare_rows);
    assert_int_equal(rcx_store_open(f->directory, NULL, &store, &err), RCX_OK);
    assert_int_equal(rcx_store_summary(store)->rows, f->count);
    assert_int_equal(rcx_scan_open(store, RCX_SCAN_QUANTITY | RCX_SCAN_PRICE, &scan, &err), RCX_OK);
    for (size_t m = 0; m < rcx_scan_morsels(scan); m++) {
        struct rcx_batch b;

        assert_int_equal(rcx_scan_read(scan, m, buffer, &b, &err), RCX_OK);
        assert_int_equal(b.guests, m >= rcx_scan_customer_morsels(scan));
        assert_int_equal(rcx_scan_read_more(scan, RCX_SCAN_ALL, buffer, &b, &err), RCX_OK);
        for (size_t i = 0; i < b.repeat_count; i++) {
            const struct rcx_row *row = &f->all[at + b.repeats[i]];

            assert_int_equal(rcx_test_compare_rows(row - 1, row), 0);
            repeats++;
        }
        for (size_t r = 0; r < b.receipts; r++) {
            if (r > 0) /* receipts are maximal */
                assert_false(b.customer[r] == b.customer[r - 1] && b.time[r] == b.time[r - 1] &&
                             b.invoice[r] == b.invoice[r - 1]);
            for (uint32_t i = b.first_row[r]; i < b.first_row[r + 1]; i++)
                check_row(f, store, &b, r, i, &f->all[at++]);
        }
    }
    assert_int_equal(at, f->count);
    for (size_t i = 1; i < f->count; i++)
        repeats -= rcx_test_compare_rows(&f->all[i - 1], &f->all[i]) == 0;
    assert_int_equal(repeats, 0);
    rcx_scan_close(scan);
    rcx_scan_buffer_release(buffer);
    rcx_store_close(store);
    enum rcx_status status = rcx_store_verify(f->directory, NULL, &(struct rcx_parallel){2},
                                              &report, &err);
    assert_string_equal(err.text, "");
    assert_int_equal(status, RCX_OK);
    assert_int_equal(report.rows, f->count);
}

static void ingest_random(struct fixture *f, size_t count, uint64_t customers, unsigned threads)
{
    f->all = realloc(f->all, (f->count + count + 1) * sizeof *f->all);
    struct rcx_row *rows = malloc((count + 1) * sizeof *rows);

    for (size_t i = 0; i < count; i++)
        rows[i] = f->all[f->count + i] = rcx_test_random_row(&f->random, customers);
    f->count += count;
    rcx_test_text_customers = f->text_customers;
    rcx_test_ingest(f->directory, rows, count, threads);
    free(rows);
}

static void test_one_segment(void **state)
{
    ingest_random(*state, 150000, 900, 2);
    check_content(*state);
}

static void test_no_rows(void **state)
{
    ingest_random(*state, 0, 1, 1);
    check_content(*state);
}

static void test_one_row(void **state)
{
    ingest_random(*state, 1, 1, 1);
    check_content(*state);
}

static void test_huge_customers(void **state)
{
    ingest_random(*state, 400000, 2, 2); /* each of them larger than a chunk */
    check_content(*state);
}

static void test_many_segments(void **state)
{
    for (unsigned i = 0; i < 7; i++)
        ingest_random(*state, 20000 + 1000 * i, 300, 1);
    check_content(*state);
}

static void test_many_segments_of_text_customers(void **state)
{
    struct fixture *f = *state;

    f->text_customers = true;
    for (unsigned i = 0; i < 3; i++)
        ingest_random(f, 40000, 500, 1);
    check_content(f);
}

static void test_segments_with_huge_customers(void **state)
{
    ingest_random(*state, 300000, 2, 2);
    ingest_random(*state, 1000, 2, 2);
    ingest_random(*state, 100000, 1, 2);
    check_content(*state);
}

static void test_second_writer_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct rcx_store_writer_options options = {.zstd_level = 1, .parallel = {1}};
    struct rcx_store_writer *first, *second;
    struct rcx_error err = {0};

    assert_int_equal(rcx_store_writer_open(f->directory, &options, &first, &err), RCX_OK);
    assert_int_equal(rcx_store_writer_open(f->directory, &options, &second, &err), RCX_E_BUSY);
    assert_non_null(strstr(err.text, "pid"));
    rcx_store_writer_abort(first);
    assert_int_equal(rcx_store_writer_open(f->directory, &options, &first, &err), RCX_OK);
    rcx_store_writer_abort(first);
}

static void test_old_versions_stay_readable(void **state)
{
    struct fixture *f = *state;
    const struct rcx_store_open_options first = {.version = 1}, missing = {.version = 9};
    struct rcx_store *store;
    struct rcx_error err = {0};

    ingest_random(f, 1000, 50, 1);
    ingest_random(f, 500, 50, 1);
    assert_int_equal(rcx_store_open(f->directory, &first, &store, &err), RCX_OK);
    assert_int_equal(rcx_store_summary(store)->rows, 1000);
    rcx_store_close(store);
    assert_int_equal(rcx_store_open(f->directory, &missing, &store, &err), RCX_E_IO);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_one_segment),
        TEST(test_no_rows),
        TEST(test_one_row),
        TEST(test_huge_customers),
        TEST(test_many_segments),
        TEST(test_many_segments_of_text_customers),
        TEST(test_segments_with_huge_customers),
        TEST(test_second_writer_is_refused),
        TEST(test_old_versions_stay_readable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
