#include "tests/support/check.h"

#include <math.h>

#include "base/random.h"
#include "tests/support/tree_data.h"

static void row_of(const struct tree_data *data, size_t r, double *row)
{
    for (size_t c = 0; c < TREE_DATA_COLUMNS; c++)
        row[c] = data->columns[c][r];
}

static void quantiles_never_cross(void **state)
{
    (void)state;
    enum { PROBES = 10000, COUNT = 5 };
    static const double alphas[COUNT] = {0.05, 0.1, 0.5, 0.9, 0.95};
    struct tree_data data, other;
    struct rcx_gbdt_model models[COUNT] = {{0}};
    struct rcx_parallel parallel = {2};
    tree_data_make(&data, 4000, 27);
    tree_data_set(&data, "objective", "quantile");
    tree_data_set(&data, "num_iterations", "60");
    tree_data_set(&data, "num_leaves", "7");
    tree_data_bin(&data, data.amount, 2);
    struct rcx_gbdt_job job = {
        .params = &data.params, .train = &data.dataset, .parallel = &parallel};
    assert_int_equal(rcx_gbdt_train_quantiles(&job, alphas, COUNT, models, NULL), RCX_OK);
    unsigned apart = 0, below[COUNT] = {0};
    double row[TREE_DATA_COLUMNS], raw[COUNT];
    for (uint64_t p = 0; p < PROBES; p++) { /* rows as no training row is */
        struct rcx_random random = rcx_random_of(6, 6, p);
        for (size_t c = 0; c < TREE_DATA_COLUMNS; c++)
            row[c] = rcx_random_below(&random, 9) == 0 ? NAN : 8 * rcx_random_normal(&random);
        for (size_t k = 0; k < COUNT; k++) {
            raw[k] = tree_data_raw(&models[k], row);
            assert_true(k == 0 || raw[k] >= raw[k - 1]);
        }
        apart += raw[COUNT - 1] > raw[0];
    }
    assert_true(apart > PROBES * 9 / 10);
    tree_data_make(&other, 8000, 28);
    for (size_t r = 0; r < other.rows; r++) {
        row_of(&other, r, row);
        for (size_t k = 0; k < COUNT; k++)
            below[k] += other.amount[r] <= tree_data_raw(&models[k], row);
    }
    for (size_t k = 2; k < COUNT; k++) /* three rows of ten are 0: the low ones cannot be met */
        assert_true(fabs((double)below[k] / (double)other.rows - alphas[k]) < 0.04);
    tree_data_release(&other);
    for (size_t k = 0; k < COUNT; k++) {
        assert_true(models[k].alpha == alphas[k]);
        rcx_gbdt_model_release(&models[k]);
    }
    static const double wrong[] = {0.5, 0.5};
    assert_int_equal(rcx_gbdt_train_quantiles(&job, wrong, 2, models, NULL), RCX_E_CONFIG);
    tree_data_release(&data);
}

/* Few rows and many leaves: models fit the rows they have seen far better than others, and distances learned
 * from that would be too small. */
static void quantiles_of_few_rows_are_apart(void **state)
{
    (void)state;
    enum { ROWS = 400, COUNT = 3 };
    static const double alphas[COUNT] = {0.1, 0.5, 0.9};
    struct tree_data data, other;
    struct rcx_gbdt_model models[COUNT] = {{0}};
    struct rcx_parallel parallel = {2};
    tree_data_make(&data, ROWS, 29);
    tree_data_make(&other, 8000, 30);
    tree_data_set(&data, "objective", "quantile");
    tree_data_set(&data, "min_data_in_leaf", "5");
    struct rcx_random random = rcx_random_of(9, 9, 9);
    for (size_t r = 0; r < ROWS; r++)
        data.amount[r] = data.values[r] + rcx_random_normal(&random);
    tree_data_bin(&data, data.amount, 2);
    struct rcx_gbdt_job job = {
        .params = &data.params, .train = &data.dataset, .parallel = &parallel};
    assert_int_equal(rcx_gbdt_train_quantiles(&job, alphas, COUNT, models, NULL), RCX_OK);
    double between = 0, row[TREE_DATA_COLUMNS];
    for (size_t r = 0; r < other.rows; r++) {
        row_of(&other, r, row);
        double amount = other.values[r] + rcx_random_normal(&random);
        double low = tree_data_raw(&models[0], row), high = tree_data_raw(&models[2], row);
        assert_true(low <= tree_data_raw(&models[1], row) &&
                    tree_data_raw(&models[1], row) <= high);
        between += amount > low && amount <= high;
    }
    assert_true(between > 0.5 * (double)other.rows); /* 0.60; 0.24 from scores of rows seen */
    for (size_t k = 0; k < COUNT; k++)
        rcx_gbdt_model_release(&models[k]);
    tree_data_release(&other);
    tree_data_release(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_never_cross),
        cmocka_unit_test(quantiles_of_few_rows_are_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
