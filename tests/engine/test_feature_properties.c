/* What must hold of features whatever the shop, on hundreds of small random ones: later rows, the order
 * of the input and the number of threads change nothing; money in other units gives money in other
 * units; two ids for one customer share out what the customer had. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "storage/ingest/ingest.h"
#include "tests/support/ingest_input.h"
#include "tests/support/test_shop.h"

enum { ROWS = 500, DAYS = 240, SNAPSHOTS = 3, SHOPS = 200 };

static const rcx_day dates[SNAPSHOTS] = {RCX_TEST_FIRST_DAY + 45, RCX_TEST_FIRST_DAY + 120,
                                         RCX_TEST_FIRST_DAY + 203};
static const char *const definitions[] = {"features.definitions=standard",
                                          "features.definitions=original"};

static void make_rows(uint64_t seed, struct rcx_row *rows)
{
    struct check_random random = {seed * 104729 + 1};
    rcx_test_shop_rows(&random, RCX_TEST_FIRST_DAY, DAYS, rows, ROWS);
}

static void compute(const struct rcx_test_shop *shop, unsigned threads, struct rcx_table *tables)
{
    rcx_test_features(shop, dates, SNAPSHOTS, threads, false, tables);
}

static void release(struct rcx_table *tables)
{
    for (size_t s = 0; s < SNAPSHOTS; s++)
        rcx_table_release(&tables[s]);
}

static void same_tables(uint64_t seed, const struct rcx_table *a, const struct rcx_table *b)
{
    for (size_t s = 0; s < SNAPSHOTS; s++)
        if (rcx_digest_compare(rcx_table_digest(&a[s]), rcx_table_digest(&b[s])) != 0)
            fail_msg("shop %" PRIu64 ": snapshot %zu differs", seed, s);
}

static const struct rcx_column *feature(const struct rcx_table *table, unsigned f)
{
    return &table->columns[RCX_FEATURE_FIRST_COLUMN + f];
}

static double value(const struct rcx_table *table, unsigned f, size_t row)
{
    const struct rcx_column *column = feature(table, f);
    return column->type == RCX_TYPE_INT32 ? column->i32[row] : column->reals[row];
}

/* ---- later rows ---- */

/* Rows after the last date, some of them far ahead, with customers and products that were not there
 * before and values that no rule lets through. */
static void future_rows(uint64_t seed, struct rcx_row *rows)
{
    struct check_random random = {seed * 31 + 7};
    rcx_test_shop_rows(&random, dates[SNAPSHOTS - 1] + 1, seed % 4 ? 60 : 3000, rows, ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        if (check_below(&random, 3) == 0 && rows[i].customer != RCX_GUEST)
            rows[i].customer += 1 + (int64_t)check_below(&random, 2);
        if (check_below(&random, 3) == 0)
            rows[i].stock += 100;
        if (check_below(&random, 5) == 0)
            rows[i].unit_price *= 1000;
    }
}

static void test_later_rows_change_nothing(void **state)
{
    static struct rcx_row rows[ROWS], later[ROWS];
    size_t appended = 0;
    (void)state;
    for (uint64_t seed = 0; seed < SHOPS; seed++) {
        struct rcx_table before[SNAPSHOTS], after[SNAPSHOTS];
        struct rcx_test_shop shop, grown = {0};
        size_t count = 0;
        rcx_test_text_customers = seed % 3 == 0;
        make_rows(seed, rows);
        for (size_t i = 0; i < ROWS; i++) /* a store cannot know what comes after its last row */
            if (rows[i].time < rcx_cutoff(dates[SNAPSHOTS - 1]))
                rows[count++] = rows[i];
        rcx_test_shop_open(&shop, rows, count, 1 + seed % 2, NULL, 0);
        compute(&shop, 1, before);
        future_rows(seed, later);
        rcx_test_ingest(shop.directory, later, ROWS, 2);
        memcpy(grown.directory, shop.directory, sizeof grown.directory);
        rcx_test_shop_attach(&grown, NULL, 0);
        assert_int_equal(rcx_store_summary(grown.store)->rows, count + ROWS);
        compute(&grown, 1 + (unsigned)seed % 5, after);
        same_tables(seed, before, after);
        appended += before[SNAPSHOTS - 1].rows;
        release(before);
        release(after);
        rcx_clean_plan_release(&shop.plan);
        rcx_store_close(shop.store);
        rcx_settings_release(shop.settings);
        rcx_test_shop_close(&grown);
    }
    rcx_test_text_customers = false;
    assert_true(appended > (size_t)SHOPS * 20); /* there was something to compare */
}

/* ---- the order of the input ---- */

static void put_row(struct rcx_buf *out, const struct rcx_row *row)
{
    char time[RCX_TIME_TEXT_BYTES], text[4][32];
    rcx_buf_printf(out, "%s,%s,%s,%" PRId64 ",%s,%s%" PRId64 ".%02d,",
                   rcx_test_text(RCX_TEXT_INVOICE, row->invoice, text[0]),
                   rcx_test_text(RCX_TEXT_STOCK, row->stock, text[1]),
                   rcx_test_text(RCX_TEXT_DESCRIPTION, row->description, text[2]), row->quantity,
                   rcx_format_time(row->time, time), row->unit_price < 0 ? "-" : "",
                   (int64_t)llabs(row->unit_price) / 100, (int)(llabs(row->unit_price) % 100));
    if (row->customer != RCX_GUEST)
        rcx_buf_printf(out, "%" PRId64, row->customer);
    rcx_buf_printf(out, ",%s\n", rcx_test_text(RCX_TEXT_COUNTRY, row->country, text[3]));
}

static void write_rows(const char *path, const struct rcx_row *rows, size_t count)
{
    struct rcx_buf out = {0};
    rcx_buf_printf(&out,
                   "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,"
                   "Country\n");
    for (size_t i = 0; i < count; i++)
        put_row(&out, &rows[i]);
    assert_false(out.failed);
    rcx_test_write_file(path, out.data, out.length);
    rcx_buf_release(&out);
}

static void shuffle(struct check_random *random, struct rcx_row *rows)
{
    for (size_t i = ROWS; i > 1; i--) {
        size_t j = (size_t)check_below(random, i);
        struct rcx_row row = rows[i - 1];
        rows[i - 1] = rows[j];
        rows[j] = row;
    }
}

/* The store of the rows, written to `files` files and loaded in one go or one after the other. */
static void load(struct rcx_test_shop *shop, const struct rcx_row *rows, size_t files, bool at_once)
{
    char folder[RCX_TEST_PATH_BYTES], path[3][RCX_TEST_PATH_BYTES], name[32];
    const char *inputs[3];
    struct rcx_cfg_ingest config = rcx_test_ingest_config();
    struct rcx_error err = {0};
    memset(shop, 0, sizeof *shop);
    rcx_test_dir_make(shop->directory);
    rcx_test_dir_make(folder);
    for (size_t f = 0; f < files; f++) {
        size_t from = ROWS * f / files, to = ROWS * (f + 1) / files;
        snprintf(name, sizeof name, "%zu.csv", f);
        inputs[f] = rcx_test_path(folder, name, path[f]);
        write_rows(inputs[f], rows + from, to - from);
    }
    for (size_t f = 0; f < (at_once ? 1 : files); f++) {
        struct rcx_ingest_report report;
        const struct rcx_ingest_options options = {.inputs = inputs + f,
                                                   .input_count = at_once ? files : 1,
                                                   .store = shop->directory,
                                                   .parallel = {1 + (unsigned)f},
                                                   .zstd_level = 1,
                                                   .no_sync = true};
        if (rcx_ingest(&config, &options, &report, &err) != RCX_OK)
            fail_msg("%s", err.text);
        assert_int_equal(report.rejected, 0);
        rcx_ingest_report_release(&report);
    }
    rcx_test_dir_remove(folder);
    rcx_test_shop_attach(shop, NULL, 0);
}

static void test_the_order_of_the_input_changes_nothing(void **state)
{
    static struct rcx_row rows[ROWS];
    (void)state;
    for (uint64_t seed = 0; seed < SHOPS; seed++) {
        struct check_random random = {seed};
        struct rcx_table tables[2][SNAPSHOTS];
        struct rcx_test_cleaned cleaned[2];
        for (unsigned side = 0; side < 2; side++) {
            struct rcx_test_shop shop;
            make_rows(seed, rows);
            if (side)
                shuffle(&random, rows);
            load(&shop, rows, side ? 1 + seed % 3 : 1, seed % 2 == 0);
            compute(&shop, 1 + (unsigned)(side * seed) % 4, tables[side]);
            rcx_test_clean(&shop, 1 + (unsigned)(seed % 3), &cleaned[side]);
            rcx_test_shop_close(&shop);
        }
        same_tables(seed, tables[0], tables[1]);
        assert_memory_equal(cleaned[0].stats.rules, cleaned[1].stats.rules,
                            sizeof cleaned[0].stats.rules);
        for (unsigned side = 0; side < 2; side++) {
            rcx_clean_stats_release(&cleaned[side].stats);
            release(tables[side]);
        }
    }
}

/* ---- threads ---- */

static void test_threads_change_nothing(void **state)
{
    static struct rcx_row rows[ROWS];
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct rcx_table first[SNAPSHOTS];
        struct rcx_test_shop shop;
        make_rows(seed, rows);
        rcx_test_shop_open(&shop, rows, ROWS, 1 + seed % 3, &definitions[seed % 2], 1);
        compute(&shop, 1, first);
        for (unsigned threads = 2; threads <= 8; threads += 3) {
            struct rcx_table tables[SNAPSHOTS];
            compute(&shop, threads, tables);
            same_tables(seed, first, tables);
            release(tables);
        }
        release(first);
        rcx_test_shop_close(&shop);
    }
}

/* ---- money in other units ---- */

static bool is_money(unsigned f)
{
    return strncmp(rcx_feature_info(f)->unit, "money", 5) == 0;
}

/* Equal but for the rounding of two divisions. */
static bool nearly(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= 4e-15 * fmax(fabs(a), fabs(b));
}

static void compare_scaled(uint64_t seed, const struct rcx_table *plain,
                           const struct rcx_table *scaled)
{
    assert_int_equal(plain->rows, scaled->rows);
    assert_memory_equal(plain->columns[0].i64, scaled->columns[0].i64, 8 * plain->rows);
    for (unsigned f = 0; f < RCX_FEATURE_COUNT; f++) {
        const struct rcx_column *a = feature(plain, f), *b = feature(scaled, f);
        /* a ratio of two amounts, of which each was rounded */
        bool rounded = f == RCX_FEATURE_ENGAGEMENT_NORM;
        for (size_t row = 0; row < plain->rows; row++) {
            double x = value(plain, f, row), y = value(scaled, f, row);
            bool ok = is_money(f) ? nearly(10 * x, y)
                      : rounded   ? nearly(x, y)
                                  : x == y || (isnan(x) && isnan(y));
            if (!ok)
                fail_msg("shop %" PRIu64 ", %s of row %zu: %.17g, with prices times 10 %.17g", seed,
                         a->name, row, x, y);
        }
        assert_string_equal(a->name, b->name);
    }
}

static void test_prices_times_10(void **state)
{
    static struct rcx_row rows[ROWS];
    size_t money = 0;
    (void)state;
    for (unsigned f = 0; f < RCX_FEATURE_COUNT; f++)
        money += is_money(f);
    assert_int_equal(money, 9); /* #3, #4, #5, four windows, #26, #30 */
    for (uint64_t seed = 0; seed < SHOPS; seed++) {
        const char *const small[] = {definitions[seed % 2], "cleaning.min_unit_price=0.01"};
        const char *const large[] = {definitions[seed % 2], "cleaning.min_unit_price=0.1"};
        struct rcx_table plain[SNAPSHOTS], scaled[SNAPSHOTS];
        struct rcx_test_shop shop;
        make_rows(seed, rows);
        rcx_test_shop_open(&shop, rows, ROWS, 1, small, 2);
        compute(&shop, 2, plain);
        rcx_test_shop_close(&shop);
        for (size_t i = 0; i < ROWS; i++)
            rows[i].unit_price *= 10;
        rcx_test_shop_open(&shop, rows, ROWS, 1, large, 2);
        compute(&shop, 2, scaled);
        rcx_test_shop_close(&shop);
        for (size_t s = 0; s < SNAPSHOTS; s++)
            compare_scaled(seed, &plain[s], &scaled[s]);
        release(plain);
        release(scaled);
    }
}

/* ---- two ids for one customer ---- */

enum { SPLIT = 10, OTHER_HALF = 11 }; /* ids of shops are 10, 13, 16, ... */

/* Adds two rows of an everyday purchase of each half on every date, so that no half is without one. */
static size_t add_anchors(struct rcx_row *rows, size_t count)
{
    for (uint32_t s = 0; s < SNAPSHOTS; s++)
        for (uint32_t line = 0; line < 4; line++)
            rows[count++] = (struct rcx_row){
                .customer = SPLIT,
                .time = (rcx_time)dates[s] * RCX_DAY_SECONDS + 12 * 3600,
                .invoice = 9000 + 2 * s + line % 2,
                .stock = 5 + line,
                .quantity = 2,
                .unit_price = 100,
                .description = 1,
                .country = 1,
            };
    return count;
}

/* Whole invoices, and so all their duplicates, go to one of the two. */
static void split(struct rcx_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].customer == SPLIT && rows[i].invoice % 2)
            rows[i].customer = OTHER_HALF;
}

static size_t row_of(const struct rcx_table *table, int64_t customer)
{
    for (size_t row = 0; row < table->rows; row++)
        if (table->columns[0].i64[row] == customer)
            return row;
    fail_msg("no row of customer %" PRId64, customer);
    return 0;
}

/* What a customer has of something that adds up. */
static double part_of(const struct rcx_table *table, unsigned f, size_t row)
{
    double x = value(table, f, row);
    bool mean = f == RCX_FEATURE_MONETARY_AVG || f == RCX_FEATURE_BASKET_MEAN;
    return mean ? x * value(table, RCX_FEATURE_FREQUENCY, row) : x;
}

static bool adds_up(unsigned f, bool original)
{
    if (f == RCX_FEATURE_BASKET_MEAN || f == RCX_FEATURE_REVENUE_SLOPE ||
        f == RCX_FEATURE_TXN_SLOPE)
        return !original; /* original: of invoices; over months in which the customer was there */
    return f == RCX_FEATURE_FREQUENCY || f == RCX_FEATURE_MONETARY_AVG ||
           f == RCX_FEATURE_MONETARY_TOTAL || rcx_feature_info(f)->window >= 0;
}

static void compare_split(uint64_t seed, const struct rcx_table *whole,
                          const struct rcx_table *halves, bool original)
{
    size_t one = row_of(whole, SPLIT), a = row_of(halves, SPLIT), b = row_of(halves, OTHER_HALF);
    assert_int_equal(halves->rows, whole->rows + 1);
    for (unsigned f = 0; f < RCX_FEATURE_COUNT; f++) {
        double sum = part_of(halves, f, a) + part_of(halves, f, b);
        double all = part_of(whole, f, one);
        bool cents = strcmp(rcx_feature_info(f)->unit, "money") == 0;
        if (adds_up(f, original) && (cents ? llround(100 * sum) != llround(100 * all)
                                           : fabs(sum - all) > 1e-9 * fmax(1, fabs(all))))
            fail_msg("shop %" PRIu64 ", %s: %.17g, of the halves together %.17g", seed,
                     feature(whole, f)->name, all, sum);
        for (size_t row = 0; row < whole->rows; row++) { /* nobody else has changed */
            size_t there = row + (row > one);
            double x = value(whole, f, row), y = value(halves, f, there);
            if (row != one && f != RCX_FEATURE_ENGAGEMENT_NORM && x != y && !(isnan(x) && isnan(y)))
                fail_msg("shop %" PRIu64 ", %s of another customer: %.17g, %.17g", seed,
                         feature(whole, f)->name, x, y);
        }
    }
}

static void test_two_ids_share_out_one_customer(void **state)
{
    static struct rcx_row rows[ROWS + 4 * SNAPSHOTS];
    (void)state;
    for (uint64_t seed = 0; seed < SHOPS; seed++) {
        /* a return of one half may cancel a purchase of the other: so leave it */
        const char *const sets[] = {definitions[seed % 2],
                                    "cleaning.outliers.matched_cancellations=false"};
        struct rcx_table whole[SNAPSHOTS], halves[SNAPSHOTS];
        struct rcx_test_shop shop;
        make_rows(seed, rows);
        size_t count = add_anchors(rows, ROWS);
        rcx_test_shop_open(&shop, rows, count, 1, sets, 2);
        compute(&shop, 2, whole);
        rcx_test_shop_close(&shop);
        split(rows, count);
        rcx_test_shop_open(&shop, rows, count, 2, sets, 2);
        compute(&shop, 2, halves);
        rcx_test_shop_close(&shop);
        for (size_t s = 0; s < SNAPSHOTS; s++)
            compare_split(seed, &whole[s], &halves[s], seed % 2 == 1);
        release(whole);
        release(halves);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_later_rows_change_nothing),
        cmocka_unit_test(test_the_order_of_the_input_changes_nothing),
        cmocka_unit_test(test_threads_change_nothing),
        cmocka_unit_test(test_prices_times_10),
        cmocka_unit_test(test_two_ids_share_out_one_customer),
    };
    return cmocka_run_group_tests(tests, rcx_test_ingest_setup, rcx_test_ingest_teardown);
}
