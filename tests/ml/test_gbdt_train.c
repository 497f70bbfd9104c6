#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/random.h"
#include "tests/support/tree_data.h"

static void row_of(const struct tree_data *data, size_t r, double *row)
{
    for (size_t c = 0; c < TREE_DATA_COLUMNS; c++)
        row[c] = data->columns[c][r];
}

static double *predict_all(const struct rcx_gbdt_model *model, const struct tree_data *data)
{
    double *raw = calloc(data->rows, sizeof *raw), row[TREE_DATA_COLUMNS];
    assert_non_null(raw);
    for (size_t r = 0; r < data->rows; r++) {
        row_of(data, r, row);
        raw[r] = tree_data_raw(model, row);
    }
    return raw;
}

static double log_loss(const double *raw, const double *label, size_t rows)
{
    double sum = 0;
    for (size_t r = 0; r < rows; r++)
        sum += log1p(exp(label[r] > 0.5 ? -raw[r] : raw[r]));
    return sum / (double)rows;
}

struct variant {
    const char *name;
    bool amount;
    const char *settings[10]; /* name, value, ... */
};

static const struct variant variants[] = {
    {"binary", false, {"objective", "binary"}},
    {"deep", false, {"objective", "binary", "num_leaves", "200", "min_data_in_leaf", "3"}},
    {"bagging",
     false,
     {"objective", "binary", "bagging_freq", "2", "bagging_fraction", "0.6", "feature_fraction",
      "0.5"}},
    {"monotone", true, {"monotone_constraints", "1,0,-1,0,0,0,0,1", "lambda_l1", "0.5"}},
    {"tweedie", true, {"objective", "tweedie", "lambda_l2", "1"}},
    {"quantile", true, {"objective", "quantile", "alpha", "0.8", "max_depth", "4"}},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static void apply(const struct variant *variant, struct tree_data *data)
{
    for (size_t i = 0; i + 1 < sizeof variant->settings / sizeof *variant->settings; i += 2) {
        if (variant->settings[i])
            tree_data_set(data, variant->settings[i], variant->settings[i + 1]);
    }
}

static void one_model_for_threads_and_instruction_sets(void **state)
{
    (void)state;
    static const unsigned threads[] = {1, 2, 3, 7};
    for (size_t v = 0; v < VARIANTS; v++) {
        struct tree_data data;
        uint64_t digest = 0;
        tree_data_make(&data, 20000, 21);
        tree_data_set(&data, "num_iterations", "6");
        apply(&variants[v], &data);
        for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
            for (int level = RCX_CPU_LEVELS - 1; level >= (t == 1 ? 0 : RCX_CPU_LEVELS - 1);
                 level--) {
                struct rcx_gbdt_model model = {0};
                rcx_cpu_set((enum rcx_cpu_level)level);
                tree_data_bin(&data, variants[v].amount ? data.amount : data.binary, threads[t]);
                tree_data_train(&data, threads[t], &model);
                assert_int_equal(model.tree_count, 6);
                if (digest == 0)
                    digest = tree_data_digest(&model);
                if (tree_data_digest(&model) != digest)
                    fail_msg("%s: another model with %u threads, level %d", variants[v].name,
                             threads[t], level);
                rcx_gbdt_model_release(&model);
            }
        }
        rcx_cpu_set(rcx_cpu_detect());
        tree_data_release(&data);
    }
}

static unsigned depth_of(const struct rcx_gbdt_tree *tree, int32_t split)
{
    if (split < 0 || tree->leaf_count < 2)
        return 0;
    unsigned left = depth_of(tree, tree->left_child[split]);
    unsigned right = depth_of(tree, tree->right_child[split]);
    return 1 + (left > right ? left : right);
}

/* What trees say of themselves is true. */
static void trees_describe_themselves(void **state)
{
    (void)state;
    for (size_t v = 0; v < VARIANTS; v++) {
        struct tree_data data;
        struct rcx_gbdt_model model = {0};
        double row[TREE_DATA_COLUMNS];
        tree_data_make(&data, 3000, 22);
        tree_data_set(&data, "num_iterations", "20");
        apply(&variants[v], &data);
        tree_data_bin(&data, variants[v].amount ? data.amount : data.binary, 2);
        tree_data_train(&data, 2, &model);
        bool all_rows = data.params.bagging_freq == 0;
        for (size_t t = 0; t < model.tree_count; t++) {
            const struct rcx_gbdt_tree *tree = &model.trees[t];
            uint32_t *rows = calloc(tree->leaf_count, sizeof *rows);
            for (size_t r = 0; r < data.rows; r++) {
                row_of(&data, r, row);
                rows[rcx_gbdt_tree_leaf(tree, row)]++;
            }
            assert_true(tree->leaf_count <= data.params.num_leaves);
            if (data.params.max_depth > 0)
                assert_true(depth_of(tree, 0) <= (uint64_t)data.params.max_depth);
            for (uint32_t l = 0; l < tree->leaf_count && all_rows; l++)
                assert_int_equal(rows[l], tree->leaf_rows[l]);
            if (all_rows && tree->leaf_count > 1)
                assert_int_equal(tree->internal_rows[0], data.rows);
            for (uint32_t s = 0; s + 1 < tree->leaf_count; s++)
                assert_true(tree->split_gain[s] > 0);
            free(rows);
        }
        assert_string_equal(model.features[5].info, "none");
        rcx_gbdt_model_release(&model);
        tree_data_release(&data);
    }
}

/* The leaf value is -sum of gradients / sum of hessians in full precision. */
static void leaf_values_are_exact(void **state)
{
    (void)state;
    struct tree_data data;
    struct rcx_gbdt_model model = {0};
    double row[TREE_DATA_COLUMNS];
    tree_data_make(&data, 2500, 23);
    tree_data_set(&data, "num_iterations", "1");
    tree_data_set(&data, "cat_l2", "0");
    tree_data_bin(&data, data.amount, 1);
    tree_data_train(&data, 1, &model);
    const struct rcx_gbdt_tree *tree = &model.trees[0];
    double *sum = calloc(tree->leaf_count, sizeof *sum), mean = 0;
    for (size_t r = 0; r < data.rows; r++) {
        row_of(&data, r, row);
        sum[rcx_gbdt_tree_leaf(tree, row)] += data.amount[r];
        mean += data.amount[r] / (double)data.rows;
    }
    for (uint32_t l = 0; l < tree->leaf_count; l++) {
        double expected = mean + 0.1 * (sum[l] / tree->leaf_rows[l] - mean);
        assert_true(tree->leaf_rows[l] >= 20);
        assert_true(fabs(tree->leaf_value[l] - expected) < 1e-6 * (1 + fabs(expected)));
        assert_true(tree->leaf_weight[l] == tree->leaf_rows[l]);
    }
    free(sum);
    rcx_gbdt_model_release(&model);
    tree_data_release(&data);
}

static void learns(void **state)
{
    (void)state;
    struct tree_data data, other;
    struct rcx_gbdt_model model = {0};
    tree_data_make(&data, 8000, 24);
    tree_data_make(&other, 8000, 25);
    tree_data_set(&data, "objective", "binary");
    tree_data_bin(&data, data.binary, 2);
    tree_data_train(&data, 2, &model);
    double *raw = predict_all(&model, &other), share = 0;
    for (size_t r = 0; r < other.rows; r++)
        share += other.binary[r] / (double)other.rows;
    double blind = -share * log(share) - (1 - share) * log(1 - share);
    assert_true(log_loss(raw, other.binary, other.rows) < 0.88 * blind);
    free(raw);
    rcx_gbdt_model_release(&model);
    tree_data_release(&other);
    tree_data_release(&data);
}

/* Whole weights are repeated rows (with exact sums: few rows, so rounding is fine). */
static void weights_act_as_repeated_rows(void **state)
{
    (void)state;
    enum { ROWS = 400 };
    double x[2 * ROWS], y[2 * ROWS], weight[ROWS];
    size_t repeated = ROWS;
    for (size_t i = 0; i < ROWS; i++) {
        struct rcx_random random = rcx_random_of(3, 3, i);
        x[i] = (double)(i % 16);
        y[i] = sin(x[i]) + rcx_random_unit(&random);
        weight[i] = i % 2 ? 2 : 1;
    }
    for (size_t i = 1; i < ROWS; i += 2, repeated++) {
        x[repeated] = x[i];
        y[repeated] = y[i];
    }
    struct rcx_gbdt_params params;
    rcx_gbdt_params_init(&params);
    params.num_iterations = 5;
    params.min_data_in_leaf = 1;
    params.num_leaves = 8;
    double raw[2][16];
    for (unsigned k = 0; k < 2; k++) {
        const double *columns[] = {x};
        struct rcx_matrix matrix = {k ? repeated : ROWS, 1, columns, NULL};
        struct rcx_gbdt_rows rows = {.matrix = &matrix, .label = y, .weight = k ? NULL : weight};
        struct rcx_gbdt_bins bins = {0};
        struct rcx_gbdt_dataset set = {0};
        struct rcx_gbdt_model model = {0};
        assert_int_equal(rcx_gbdt_bins_build(&matrix, NULL, &params, NULL, &bins, NULL), RCX_OK);
        assert_int_equal(rcx_gbdt_dataset_build(&bins, &rows, NULL, &set, NULL), RCX_OK);
        struct rcx_gbdt_job job = {.params = &params, .train = &set};
        assert_int_equal(rcx_gbdt_train(&job, &model, NULL, NULL), RCX_OK);
        for (unsigned v = 0; v < 16; v++)
            raw[k][v] = tree_data_raw(&model, &(double){v});
        rcx_gbdt_model_release(&model);
        rcx_gbdt_dataset_release(&set);
        rcx_gbdt_bins_release(&bins);
    }
    for (unsigned v = 0; v < 16; v++)
        assert_true(fabs(raw[0][v] - raw[1][v]) < 1e-5);
}

static void monotone_on_random_probes(void **state)
{
    (void)state;
    enum { PROBES = 10000 };
    struct tree_data data;
    tree_data_make(&data, 6000, 26);
    tree_data_set(&data, "monotone_constraints", "1,0,-1,0,0,0,0,1");
    tree_data_set(&data, "num_leaves", "63");
    tree_data_set(&data, "min_data_in_leaf", "5");
    for (unsigned o = 0; o < 3; o++) {
        struct rcx_gbdt_model model = {0};
        tree_data_set(&data, "objective", o == 0 ? "binary" : o == 1 ? "l2" : "quantile");
        tree_data_bin(&data, o == 0 ? data.binary : data.amount, 2);
        tree_data_train(&data, 2, &model);
        unsigned moved = 0;
        for (uint64_t p = 0; p < PROBES; p++) {
            struct rcx_random random = rcx_random_of(5, o, p);
            double row[TREE_DATA_COLUMNS];
            row_of(&data, (size_t)rcx_random_below(&random, data.rows), row);
            double before = tree_data_raw(&model, row);
            switch (p % 3) {
            case 0:
                row[0] += rcx_random_exponential(&random);
                break;
            case 1:
                row[2] -= rcx_random_exponential(&random) * 2;
                break;
            default:
                row[7] += rcx_random_exponential(&random) / 4;
            }
            double after = tree_data_raw(&model, row);
            assert_true(after >= before);
            moved += after > before;
        }
        assert_true(moved > PROBES / 4);
        rcx_gbdt_model_release(&model);
    }
    tree_data_release(&data);
}

/* ---- control ---- */

struct told {
    uint32_t calls, last;
    double value;
    const char *metric;
};

static void note(void *context, const struct rcx_gbdt_progress *progress)
{
    struct told *told = context;
    told->calls++;
    told->last = progress->iteration;
    told->value = progress->value;
    told->metric = progress->metric;
}

/* The scores that validation measures are those of the model: the history ends where a recomputation does. */
static void stops_early_and_keeps_the_best(void **state)
{
    (void)state;
    struct tree_data data, other;
    struct rcx_gbdt_dataset valid_set = {0};
    struct rcx_gbdt_model model = {0};
    struct rcx_gbdt_history history = {0};
    struct told told = {0};
    tree_data_make(&data, 1500, 31);
    tree_data_make(&other, 3000, 32);
    tree_data_set(&data, "objective", "binary");
    tree_data_set(&data, "learning_rate", "0.3");
    tree_data_set(&data, "num_iterations", "300");
    tree_data_set(&data, "early_stopping_round", "10");
    tree_data_set(&data, "metric", "binary_logloss,auc");
    tree_data_bin(&data, data.binary, 2);
    struct rcx_gbdt_rows rows = {.matrix = &other.matrix, .label = other.binary};
    assert_int_equal(rcx_gbdt_dataset_build(&data.bins, &rows, NULL, &valid_set, NULL), RCX_OK);
    struct rcx_gbdt_valid valid = {"valid", &valid_set};
    struct rcx_parallel parallel = {2};
    struct rcx_gbdt_job job = {.params = &data.params,
                               .train = &data.dataset,
                               .valid = &valid,
                               .valid_count = 1,
                               .parallel = &parallel,
                               .progress = note,
                               .progress_context = &told};
    assert_int_equal(rcx_gbdt_train(&job, &model, &history, NULL), RCX_OK);
    assert_int_equal(history.metric_count, 2);
    assert_string_equal(history.metrics[1], "auc");
    assert_true(history.iterations < 300);
    assert_int_equal(history.iterations, history.best_iteration + 10);
    assert_int_equal(model.tree_count, history.best_iteration);
    assert_int_equal(told.calls, history.iterations);
    assert_true(told.value == history.values[history.iterations - 1]);
    for (size_t i = 0; i < history.iterations; i++)
        assert_true(history.values[i] >= history.best_value);
    double *raw = predict_all(&model, &other);
    assert_true(fabs(log_loss(raw, other.binary, other.rows) - history.best_value) < 1e-9);
    free(raw);
    rcx_gbdt_history_release(&history);
    rcx_gbdt_model_release(&model);
    rcx_gbdt_dataset_release(&valid_set);
    tree_data_release(&other);
    tree_data_release(&data);
}

/* 7 trees and 5 more are 12 trees (but for the rounding of gradients, whose draw begins anew). */
static void goes_on_with_a_model(void **state)
{
    (void)state;
    struct tree_data data;
    struct rcx_gbdt_model first = {0}, second = {0}, whole = {0};
    struct rcx_parallel parallel = {2};
    tree_data_make(&data, 4000, 33);
    tree_data_bin(&data, data.amount, 2);
    data.params.num_iterations = 12;
    tree_data_train(&data, 2, &whole);
    data.params.num_iterations = 7;
    tree_data_train(&data, 2, &first);
    data.params.num_iterations = 5;
    struct rcx_gbdt_job job = {.params = &data.params,
                               .train = &data.dataset,
                               .continue_from = &first,
                               .parallel = &parallel};
    assert_int_equal(rcx_gbdt_train(&job, &second, NULL, NULL), RCX_OK);
    assert_int_equal(second.tree_count, 12);
    double *a = predict_all(&whole, &data), *b = predict_all(&second, &data), error[2] = {0};
    for (size_t r = 0; r < data.rows; r++) {
        error[0] += (a[r] - data.amount[r]) * (a[r] - data.amount[r]);
        error[1] += (b[r] - data.amount[r]) * (b[r] - data.amount[r]);
    }
    assert_true(fabs(error[0] / error[1] - 1) < 0.01);
    data.params.objective = RCX_GBDT_TWEEDIE;
    assert_int_equal(rcx_gbdt_train(&job, &second, NULL, NULL), RCX_E_INPUT);
    free(a);
    free(b);
    rcx_gbdt_model_release(&first);
    rcx_gbdt_model_release(&second);
    rcx_gbdt_model_release(&whole);
    tree_data_release(&data);
}

/* With initial scores there is no constant: the model is what is to be added to them. */
static void starts_from_initial_scores(void **state)
{
    (void)state;
    struct tree_data data;
    struct rcx_gbdt_model model = {0};
    tree_data_make(&data, 3000, 34);
    tree_data_bin(&data, data.amount, 1);
    struct rcx_gbdt_dataset with = {0};
    double *initial = calloc(data.rows, sizeof *initial);
    for (size_t r = 0; r < data.rows; r++)
        initial[r] = data.amount[r] - (data.columns[0][r] > 0 ? 5 : 1);
    struct rcx_gbdt_rows rows = {
        .matrix = &data.matrix, .label = data.amount, .init_score = initial};
    assert_int_equal(rcx_gbdt_dataset_build(&data.bins, &rows, NULL, &with, NULL), RCX_OK);
    struct rcx_gbdt_job job = {.params = &data.params, .train = &with};
    data.params.num_iterations = 60;
    assert_int_equal(rcx_gbdt_train(&job, &model, NULL, NULL), RCX_OK);
    double *raw = predict_all(&model, &data);
    for (size_t r = 0; r < data.rows; r++)
        if (fabs(data.columns[0][r]) > 0.3) /* nearer ones may share a leaf with the other side */
            assert_true(fabs(raw[r] - (data.columns[0][r] > 0 ? 5 : 1)) < 0.1);
    free(raw);
    free(initial);
    rcx_gbdt_model_release(&model);
    rcx_gbdt_dataset_release(&with);
    tree_data_release(&data);
}

static void refuse(struct tree_data *data, const char *name, const char *value, const char *said,
                   enum rcx_status expected)
{
    struct rcx_gbdt_model model = {0};
    struct rcx_error err = {0};
    if (name)
        tree_data_set(data, name, value);
    struct rcx_gbdt_job job = {.params = &data->params, .train = &data->dataset};
    assert_int_equal(rcx_gbdt_train(&job, &model, NULL, &err), expected);
    if (!strstr(err.text, said))
        fail_msg("'%s' does not say '%s'", err.text, said);
}

static void refuses_what_cannot_be_trained(void **state)
{
    (void)state;
    struct tree_data data;
    tree_data_make(&data, 300, 35);
    tree_data_bin(&data, data.amount, 1);
    refuse(&data, "monotone_constraints", "1,0", "2 monotone_constraints for 8", RCX_E_CONFIG);
    refuse(&data, "monotone_constraints", "0,0,0,1,0,0,0,0", "categorical", RCX_E_CONFIG);
    tree_data_set(&data, "monotone_constraints", "");
    refuse(&data, "metric", "acu", "did you mean 'auc'", RCX_E_CONFIG);
    tree_data_set(&data, "metric", "");
    refuse(&data, "early_stopping_round", "3", "without a validation set", RCX_E_CONFIG);
    tree_data_set(&data, "early_stopping_round", "0");
    refuse(&data, "objective", "binary", "binary takes 0 and 1", RCX_E_INPUT);
    for (size_t r = 0; r < data.rows; r++)
        data.amount[r] = 4;
    refuse(&data, "objective", "l2", "nothing to learn", RCX_E_INPUT);
    /* features 5 and 6 alone: constant and all missing */
    data.matrix.columns = data.columns + 5;
    data.matrix.column_count = 2;
    tree_data_bin(&data, data.binary, 1);
    refuse(&data, NULL, NULL, "constant or missing throughout", RCX_E_INPUT);
    tree_data_release(&data);
}

/* Too few rows for a split: one leaf with the mean. */
static void a_tree_of_one_leaf_is_the_constant(void **state)
{
    (void)state;
    struct tree_data data;
    struct rcx_gbdt_model model = {0};
    tree_data_make(&data, 30, 36);
    tree_data_bin(&data, data.amount, 1);
    tree_data_train(&data, 1, &model);
    double row[TREE_DATA_COLUMNS] = {0}, mean = 0;
    for (size_t r = 0; r < data.rows; r++)
        mean += data.amount[r] / 30;
    assert_int_equal(model.tree_count, 1);
    assert_int_equal(model.trees[0].leaf_count, 1);
    assert_true(fabs(tree_data_raw(&model, row) - mean) < 1e-12);
    rcx_gbdt_model_release(&model);
    tree_data_release(&data);
}

static bool attempt_training(void *context)
{
    struct tree_data *data = context;
    struct rcx_gbdt_rows rows = {.matrix = &data->matrix, .label = data->amount};
    struct rcx_gbdt_bins bins = {0};
    struct rcx_gbdt_dataset set = {0};
    struct rcx_gbdt_model model = {0};
    struct rcx_gbdt_history history = {0};
    struct rcx_gbdt_valid valid = {"same", &set};
    struct rcx_gbdt_job job = {
        .params = &data->params, .train = &set, .valid = &valid, .valid_count = 1};
    bool ok = rcx_gbdt_bins_build(&data->matrix, data->categorical, &data->params, NULL, &bins,
                                  NULL) == RCX_OK &&
              rcx_gbdt_dataset_build(&bins, &rows, NULL, &set, NULL) == RCX_OK &&
              rcx_gbdt_train(&job, &model, &history, NULL) == RCX_OK;
    rcx_gbdt_model_release(&model);
    rcx_gbdt_history_release(&history);
    rcx_gbdt_dataset_release(&set);
    rcx_gbdt_bins_release(&bins);
    return ok;
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    struct tree_data data;
    tree_data_make(&data, 200, 37);
    tree_data_set(&data, "objective", "quantile");
    tree_data_set(&data, "num_iterations", "3");
    tree_data_set(&data, "bagging_freq", "1");
    tree_data_set(&data, "bagging_fraction", "0.8");
    tree_data_set(&data, "feature_fraction", "0.8");
    assert_true(check_allocation_failures(attempt_training, &data) > 30);
    tree_data_release(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_model_for_threads_and_instruction_sets),
        cmocka_unit_test(trees_describe_themselves),
        cmocka_unit_test(leaf_values_are_exact),
        cmocka_unit_test(learns),
        cmocka_unit_test(weights_act_as_repeated_rows),
        cmocka_unit_test(monotone_on_random_probes),
        cmocka_unit_test(stops_early_and_keeps_the_best),
        cmocka_unit_test(goes_on_with_a_model),
        cmocka_unit_test(starts_from_initial_scores),
        cmocka_unit_test(refuses_what_cannot_be_trained),
        cmocka_unit_test(a_tree_of_one_leaf_is_the_constant),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
