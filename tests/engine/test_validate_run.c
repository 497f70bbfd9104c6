/* Validation against a plain recount, on random shops in one segment and in several, for any number of
 * threads; and its kernels on every instruction set. */
#include <stdlib.h>
#include <string.h>

#include "engine/exec/validate_run.h"
#include "engine/quality/validate_kernels.h"
#include "tests/support/test_shop.h"

enum { ROWS = 500, DAYS = 150, SHOPS = 150 };

static bool looks_like_cancellation(uint32_t number)
{
    uint32_t lead = number; /* "i1" and digits */
    while (lead >= 10)
        lead /= 10;
    return lead == 1 && number >= 10;
}

static void recount_row(const struct rcx_row *row, struct rcx_validation_facts *f)
{
    int64_t q = row->quantity, p = row->unit_price;
    bool cancelled = looks_like_cancellation(row->invoice);
    f->rows++;
    f->missing[RCX_FIELD_CUSTOMER_ID] += row->customer == RCX_GUEST;
    f->missing[RCX_FIELD_INVOICE_NO] += row->invoice == 0;
    f->missing[RCX_FIELD_STOCK_CODE] += row->stock == 0;
    f->missing[RCX_FIELD_DESCRIPTION] += row->description == 0;
    f->missing[RCX_FIELD_COUNTRY] += row->country == 0;
    f->price_negative += p < 0;
    f->price_zero += p == 0;
    f->price_valid += p >= 1;
    f->quantity_zero += q == 0;
    f->quantity_outside += llabs(q) > 100000;
    f->cancellation_rows += cancelled;
    f->cancellation_positive += cancelled && q > 0;
    f->return_rows += q < 0;
    f->returns_outside += q < 0 && !cancelled;
    f->revenue_positive += q * p > 0;
    f->revenue_negative += q * p < 0;
    f->revenue_zero += q * p == 0;
}

/* Rows are sorted: duplicates are neighbours, and so are the rows of a customer. */
static struct rcx_validation_facts recount(struct rcx_row *rows)
{
    struct rcx_validation_facts f = {.field_mask = 0xFF, .first_day = INT32_MAX, .last_day = 0};
    bool seen[DAYS + 1] = {0};
    size_t of_customer = 0;
    qsort(rows, ROWS, sizeof *rows, rcx_test_compare_rows);
    for (size_t i = 0; i < ROWS; i++) {
        rcx_day day = rcx_day_of_time(rows[i].time);
        size_t shared = 0;
        recount_row(&rows[i], &f);
        f.exact_duplicates += i > 0 && memcmp(&rows[i], &rows[i - 1], sizeof *rows) == 0;
        for (size_t k = 0; k < ROWS; k++)
            shared += rows[k].customer == rows[i].customer && rows[k].stock == rows[i].stock &&
                      rows[k].invoice == rows[i].invoice;
        f.key_duplicates += shared > 1;
        f.first_day = day < f.first_day ? day : f.first_day;
        f.last_day = day > f.last_day ? day : f.last_day;
        seen[day - RCX_TEST_FIRST_DAY] = true;
        of_customer++;
        if (i + 1 == ROWS || rows[i + 1].customer != rows[i].customer) {
            f.customers += rows[i].customer != RCX_GUEST;
            f.customers_few_rows += rows[i].customer != RCX_GUEST && of_customer < 3;
            of_customer = 0;
        }
    }
    uint64_t gap = 0;
    for (rcx_day day = f.first_day; day <= f.last_day; day++) {
        f.days_with_rows += seen[day - RCX_TEST_FIRST_DAY];
        gap = seen[day - RCX_TEST_FIRST_DAY] ? 0 : gap + 1;
        if (gap > f.longest_gap_days) {
            f.longest_gap_days = gap;
            f.gap_first_day = day + 1 - (rcx_day)gap;
        }
    }
    return f;
}

static void validate(const struct rcx_test_shop *shop, unsigned threads, struct rcx_validation *out)
{
    struct rcx_error err = {0};
    const struct rcx_validate_options options = {.validation = &shop->config->validation,
                                                 .cleaning = &shop->config->cleaning,
                                                 .parallel = {threads}};
    if (rcx_validate_run(shop->store, &options, out, &err) != RCX_OK)
        fail_msg("%s", err.text);
}

static void same_facts(const struct rcx_validation_facts *a, const struct rcx_validation_facts *b)
{
    assert_int_equal(a->rows, b->rows);
    assert_memory_equal(a->missing, b->missing, sizeof a->missing);
    assert_memory_equal(a->rejected, b->rejected, sizeof a->rejected);
    assert_int_equal(a->field_mask, b->field_mask);
    assert_int_equal(a->price_negative, b->price_negative);
    assert_int_equal(a->price_zero, b->price_zero);
    assert_int_equal(a->price_valid, b->price_valid);
    assert_int_equal(a->quantity_zero, b->quantity_zero);
    assert_int_equal(a->quantity_outside, b->quantity_outside);
    assert_int_equal(a->cancellation_rows, b->cancellation_rows);
    assert_int_equal(a->cancellation_positive, b->cancellation_positive);
    assert_int_equal(a->return_rows, b->return_rows);
    assert_int_equal(a->returns_outside, b->returns_outside);
    assert_int_equal(a->revenue_positive, b->revenue_positive);
    assert_int_equal(a->revenue_negative, b->revenue_negative);
    assert_int_equal(a->revenue_zero, b->revenue_zero);
    assert_int_equal(a->exact_duplicates, b->exact_duplicates);
    assert_int_equal(a->key_duplicates, b->key_duplicates);
    assert_int_equal(a->customers, b->customers);
    assert_int_equal(a->customers_few_rows, b->customers_few_rows);
    assert_int_equal(a->first_day, b->first_day);
    assert_int_equal(a->last_day, b->last_day);
    assert_int_equal(a->days_with_rows, b->days_with_rows);
    assert_int_equal(a->longest_gap_days, b->longest_gap_days);
    assert_int_equal(a->gap_first_day, b->gap_first_day);
}

static void test_random_shops(void **state)
{
    static const char *const sets[] = {"validation.min_customer_rows=3"};
    static struct rcx_row rows[ROWS];
    uint64_t duplicates = 0, shared = 0;
    (void)state;
    for (uint64_t seed = 0; seed < SHOPS; seed++) {
        struct check_random random = {seed * 65537};
        struct rcx_validation found;
        struct rcx_test_shop shop;
        rcx_test_shop_rows(&random, RCX_TEST_FIRST_DAY, DAYS, rows, ROWS);
        for (size_t i = 0; i < ROWS && seed % 5 == 0; i++)
            rows[i].description += rows[i].description == 0; /* a segment that lacks none */
        rcx_test_shop_open(&shop, rows, ROWS, 1 + seed % 4, sets, 1);
        struct rcx_validation_facts wanted = recount(rows);
        for (unsigned threads = 1; threads <= 4; threads += 3) {
            validate(&shop, threads, &found);
            same_facts(&found.facts, &wanted);
            rcx_validation_release(&found);
        }
        duplicates += wanted.exact_duplicates;
        shared += wanted.key_duplicates;
        rcx_test_shop_close(&shop);
    }
    assert_true(duplicates > 1000 && shared > 2 * duplicates);
}

static void test_kernels_agree(void **state)
{
    enum { MOST = 600 };
    static int64_t quantity[MOST], price[MOST];
    static uint32_t codes[MOST];
    struct check_random random = {5};
    enum rcx_cpu_level before = rcx_cpu_level();
    (void)state;
    for (size_t i = 0; i < MOST; i++) {
        quantity[i] = (int64_t)check_below(&random, 7) - 3;
        price[i] = (int64_t)check_below(&random, 5) - 2;
        if (check_below(&random, 9) == 0)
            quantity[i] = check_below(&random, 2) ? INT64_MIN + 1 : INT64_MAX;
        codes[i] = i ? codes[i - 1] + (uint32_t)check_below(&random, 2) : 0;
    }
    for (size_t rows = 0; rows <= MOST; rows += rows < 270 ? 1 : 37) {
        struct rcx_value_counts wanted = {0};
        uint64_t shared = 0, empty = 0;
        for (size_t i = 0; i < rows; i++) {
            int sign = (quantity[i] > 0) - (quantity[i] < 0);
            sign *= (price[i] > 0) - (price[i] < 0);
            wanted.price_negative += price[i] < 0;
            wanted.price_zero += price[i] == 0;
            wanted.price_valid += price[i] >= 1;
            wanted.quantity_zero += quantity[i] == 0;
            wanted.quantity_outside += quantity[i] > 2 || quantity[i] < -2;
            wanted.returns += quantity[i] < 0;
            wanted.revenue_positive += sign > 0;
            wanted.revenue_negative += sign < 0;
            shared += (i > 0 && codes[i] == codes[i - 1]) ||
                      (i + 1 < rows && codes[i] == codes[i + 1]);
            empty += codes[i] == 0;
        }
        for (enum rcx_cpu_level level = RCX_CPU_V1; level < RCX_CPU_LEVELS; level++) {
            struct rcx_value_counts found = {0};
            rcx_cpu_set(level);
            RCX_KERNEL_CALL(rcx_count_values)(rows, quantity, price, 1, 2, &found);
            assert_memory_equal(&found, &wanted, sizeof found);
            assert_int_equal(RCX_KERNEL_CALL(rcx_count_shared)(rows, codes), shared);
            assert_int_equal(RCX_KERNEL_CALL(rcx_count_empty)(rows, codes), empty);
        }
        rcx_cpu_set(before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_shops),
        cmocka_unit_test(test_kernels_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
