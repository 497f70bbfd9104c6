#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ml/gbdt/bin_cuts.h"
#include "ml/gbdt/bin_kernels.h"
#include "ml/gbdt/bins.h"
#include "tests/support/tree_data.h"

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void sorts_as_qsort(void **state)
{
    (void)state;
    struct check_random random = {5};
    for (size_t count = 0; count < 300; count++) {
        double values[300] = {0}, expected[300], scratch[300];
        for (size_t i = 0; i < count; i++) {
            double v = check_unit(&random) - 0.5;
            values[i] = count % 3 == 0 ? floor(v * 8) : count % 3 == 1 ? v * 1e300 : v;
        }
        memcpy(expected, values, count * sizeof *expected);
        qsort(expected, count, sizeof *expected, compare);
        rcx_sort_reals(values, scratch, count);
        for (size_t i = 0; i < count; i++)
            assert_true(values[i] == expected[i]);
    }
}

static void few_values_have_their_own_bins(void **state)
{
    (void)state;
    double values[200];
    for (size_t i = 0; i < 200; i++)
        values[i] = (double)(i % 5) - 2;
    const double *columns[] = {values};
    struct rcx_matrix matrix = {200, 1, columns, NULL};
    struct rcx_gbdt_params params;
    struct rcx_gbdt_bins bins;
    rcx_gbdt_params_init(&params);
    assert_int_equal(rcx_gbdt_bins_build(&matrix, NULL, &params, NULL, &bins, NULL), RCX_OK);
    assert_int_equal(bins.maps[0].bins, 5);
    assert_string_equal(bins.names[0], "Column_0");
    for (int v = -2; v <= 2; v++)
        assert_int_equal(rcx_gbdt_bin_of(&bins.maps[0], v), v + 2);
    assert_int_equal(rcx_gbdt_bin_of(&bins.maps[0], NAN), 2); /* none were seen: as 0 */
    assert_int_equal(rcx_gbdt_bin_of(&bins.maps[0], -INFINITY), 0);
    assert_int_equal(rcx_gbdt_bin_of(&bins.maps[0], INFINITY), 4);
    rcx_gbdt_bins_release(&bins);
}

/* Bins of about equal weight, never more than asked for, a value of half the rows alone in its bin. */
static void bins_share_the_rows(void **state)
{
    (void)state;
    enum { ROWS = 20000 };
    struct check_random random = {9};
    double *values = calloc(ROWS, sizeof *values);
    for (size_t i = 0; i < ROWS; i++)
        values[i] = i % 2 ? 0 : check_unit(&random) - 0.25;
    const double *columns[] = {values};
    struct rcx_matrix matrix = {ROWS, 1, columns, NULL};
    struct rcx_gbdt_params params;
    rcx_gbdt_params_init(&params);
    for (params.max_bin = 2; params.max_bin <= 255; params.max_bin += 11) {
        struct rcx_gbdt_bins bins;
        assert_int_equal(rcx_gbdt_bins_build(&matrix, NULL, &params, NULL, &bins, NULL), RCX_OK);
        const struct rcx_gbdt_bin_map *map = &bins.maps[0];
        size_t counts[256] = {0}, most = 0;
        assert_true(map->bins > 1 && map->bins <= params.max_bin);
        for (size_t i = 0; i < ROWS; i++)
            counts[rcx_gbdt_bin_of(map, values[i])]++;
        for (uint32_t b = 0; b < map->bins; b++) {
            if (b != map->zero_bin && counts[b] > most)
                most = counts[b];
        }
        if (params.max_bin > 4) {
            assert_in_range(counts[map->zero_bin], ROWS / 2, ROWS / 2 + ROWS / params.max_bin);
            assert_true(most <= 3 * ROWS / (size_t)params.max_bin);
        }
        rcx_gbdt_bins_release(&bins);
    }
    free(values);
}

static void kernels_bin_like_the_reference(void **state)
{
    (void)state;
    struct tree_data data;
    tree_data_make(&data, 1000, 3);
    for (size_t i = 0; i < 40; i++)
        data.values[i * 7] = i % 4 == 0 ? INFINITY : i % 4 == 1 ? -INFINITY : i % 4 == 2 ? NAN : 0;
    for (data.params.max_bin = 2; data.params.max_bin < 256; data.params.max_bin += 23) {
        tree_data_bin(&data, data.binary, 1);
        assert_int_equal(data.bins.maps[5].bins, 1);
        assert_int_equal(data.bins.maps[6].bins, 1);
        for (size_t f = 0; f < data.dataset.used; f++) {
            uint32_t feature = data.dataset.feature[f];
            const struct rcx_gbdt_bin_map *map = &data.bins.maps[feature];
            for (size_t count = 0; count < 258; count++) {
                uint8_t out[258];
                for (int level = 0; level < RCX_CPU_LEVELS; level++) {
                    rcx_cpu_set((enum rcx_cpu_level)level);
                    rcx_gbdt_bin_column(map, data.columns[feature], count, out);
                    for (size_t i = 0; i < count; i++)
                        assert_int_equal(out[i], rcx_gbdt_bin_of(map, data.columns[feature][i]));
                }
                rcx_cpu_set(rcx_cpu_detect());
            }
            for (size_t r = 0; r < data.rows; r++)
                assert_int_equal(data.dataset.columns[f * data.rows + r],
                                 rcx_gbdt_bin_of(map, data.columns[feature][r]));
        }
    }
    tree_data_release(&data);
}

static void words_hold_the_columns(void **state)
{
    (void)state;
    struct tree_data data;
    tree_data_make(&data, 700, 4);
    for (unsigned threads = 1; threads < 4; threads++) {
        tree_data_bin(&data, data.binary, threads);
        const struct rcx_gbdt_dataset *set = &data.dataset;
        assert_int_equal(set->used, 6);
        for (size_t g = 0; g < set->group_count; g++) {
            for (size_t f = set->group_begin[g]; f < set->group_begin[g + 1]; f++) {
                for (size_t r = 0; r < set->rows; r++)
                    assert_int_equal(set->words[r * set->group_count + g] >>
                                             (8 * (f - set->group_begin[g])) &
                                         0xFF,
                                     set->columns[f * set->rows + r]);
            }
        }
    }
    tree_data_release(&data);
}

static void the_most_frequent_categories_have_bins(void **state)
{
    (void)state;
    struct check_random random = {3};
    for (unsigned round = 0; round < 200; round++) {
        uint32_t counts[50];
        int32_t category[300] = {0}, bin[50] = {0};
        uint32_t present = 0;
        for (uint32_t c = 0; c < 50; c++) {
            counts[c] = (uint32_t)check_below(&random, 12);
            present += counts[c] >= 3;
        }
        struct rcx_cut_limits limits = {2 + (uint32_t)check_below(&random, 60), 3};
        uint32_t kept = rcx_cut_categories(counts, 50, &limits, category, bin);
        assert_int_equal(kept, present < limits.most - 1 ? present : limits.most - 1);
        for (uint32_t b = 1; b <= kept; b++) {
            assert_int_equal(bin[category[b]], b);
            if (b > 1)
                assert_true(counts[category[b]] <= counts[category[b - 1]]);
        }
        for (uint32_t c = 0; c < 50; c++) {
            if (bin[c] == 0 && kept > 0)
                assert_true(counts[c] < 3 || counts[c] <= counts[category[kept]]);
        }
    }
}

/* A sample gives nearly the bins of all rows; the number of threads changes nothing. */
static void bins_do_not_depend_on_threads(void **state)
{
    (void)state;
    struct tree_data data;
    tree_data_make(&data, 5000, 8);
    tree_data_set(&data, "bin_construct_sample_cnt", "1000");
    double upper[256] = {0};
    for (unsigned threads = 1; threads <= 7; threads += 3) {
        tree_data_bin(&data, data.binary, threads);
        if (threads == 1)
            memcpy(upper, data.bins.maps[0].upper, sizeof upper);
        assert_memory_equal(upper, data.bins.maps[0].upper, sizeof upper);
    }
    assert_true(data.bins.maps[0].min < -2.5 && data.bins.maps[0].max > 2.5);
    tree_data_release(&data);
}

static void refuses_bad_rows(void **state)
{
    (void)state;
    struct tree_data data;
    struct rcx_gbdt_dataset set;
    struct rcx_error err = {0};
    tree_data_make(&data, 100, 8);
    tree_data_bin(&data, data.binary, 1);
    struct rcx_gbdt_rows rows = {.matrix = &data.matrix, .label = NULL};
    assert_int_equal(rcx_gbdt_dataset_build(&data.bins, &rows, NULL, &set, &err), RCX_E_INPUT);
    rows.label = data.binary;
    data.binary[41] = NAN;
    assert_int_equal(rcx_gbdt_dataset_build(&data.bins, &rows, NULL, &set, &err), RCX_E_INPUT);
    assert_non_null(strstr(err.text, "label of row 42"));
    data.binary[41] = INFINITY;
    assert_int_equal(rcx_gbdt_dataset_build(&data.bins, &rows, NULL, &set, &err), RCX_E_INPUT);
    data.binary[41] = 1;
    data.weight[7] = 0;
    rows.weight = data.weight;
    assert_int_equal(rcx_gbdt_dataset_build(&data.bins, &rows, NULL, &set, &err), RCX_E_INPUT);
    assert_non_null(strstr(err.text, "weight of row 8"));
    rows.weight = NULL;
    data.amount[3] = NAN;
    rows.init_score = data.amount;
    assert_int_equal(rcx_gbdt_dataset_build(&data.bins, &rows, NULL, &set, &err), RCX_E_INPUT);
    rows.init_score = NULL;
    data.matrix.column_count = 7;
    assert_int_equal(rcx_gbdt_dataset_build(&data.bins, &rows, NULL, &set, &err), RCX_E_INPUT);
    assert_non_null(strstr(err.text, "7 features"));
    tree_data_release(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts_as_qsort),
        cmocka_unit_test(few_values_have_their_own_bins),
        cmocka_unit_test(bins_share_the_rows),
        cmocka_unit_test(kernels_bin_like_the_reference),
        cmocka_unit_test(words_hold_the_columns),
        cmocka_unit_test(the_most_frequent_categories_have_bins),
        cmocka_unit_test(bins_do_not_depend_on_threads),
        cmocka_unit_test(refuses_bad_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
