#include "ml/gbdt/tree_shap.h"

#include "base/cpu.h"
#include "ml/gbdt/forest.h"
#include "ml/gbdt/shap_program.h"
#include "tests/ml/model_cases.h"

/* The value of a coalition: features in the bit set follow the row, others go both ways. */
static double value_of(const struct rcx_gbdt_tree *tree, const double *row, unsigned coalition,
                       int32_t node)
{
    if (node < 0)
        return tree->leaf_value[~node];
    int32_t left = tree->left_child[node], right = tree->right_child[node];
    unsigned feature = (unsigned)tree->split_feature[node];
    if (coalition >> feature & 1)
        return value_of(tree, row, coalition,
                        rcx_gbdt_tree_goes_left(tree, (uint32_t)node, row[feature]) ? left : right);
    double rows = tree->internal_rows[node];
    double left_rows = left < 0 ? tree->leaf_rows[~left] : tree->internal_rows[left];
    if (!(rows > 0)) /* nowhere to go */
        return 0;
    return value_of(tree, row, coalition, left) * (left_rows / rows) +
           value_of(tree, row, coalition, right) * ((rows - left_rows) / rows);
}

/* The mean marginal contribution over all orders, by subsets. */
static double shapley(const struct rcx_gbdt_tree *tree, const double *row, unsigned feature,
                      unsigned features)
{
    double sum = 0;
    int32_t root = tree->leaf_count > 1 ? 0 : ~0;
    for (unsigned set = 0; set < 1u << features; set++) {
        if (set >> feature & 1)
            continue;
        double size = __builtin_popcount(set);
        double weight = tgamma(size + 1) * tgamma(features - size) / tgamma(features + 1.0);
        sum += weight *
               (value_of(tree, row, set | 1u << feature, root) - value_of(tree, row, set, root));
    }
    return sum;
}

static void values_are_shapley_values(void **state)
{
    (void)state;
    struct check_random random = {11};
    for (unsigned i = 0; i < 60; i++) {
        const struct model_case c = {1 + check_below(&random, 7),
                                     1 + (uint32_t)check_below(&random, 30), i % 2 == 0};
        size_t trees = 1 + check_below(&random, 3), features = c.features;
        struct rcx_gbdt_model model;
        struct rcx_shap *shap = NULL;
        case_model(&random, &c, trees, &model);
        struct rcx_matrix rows = case_rows(&random, 11, features);
        double *values = calloc(11 * (features + 1), sizeof *values);
        assert_int_equal(rcx_shap_build(&model, 0, &shap, NULL), RCX_OK);
        assert_int_equal(rcx_shap_values(shap, &rows, NULL, values, NULL), RCX_OK);
        for (size_t r = 0; r < rows.rows; r++) {
            double *row = case_row(&rows, r), total = 0;
            for (size_t f = 0; f < features; f++) {
                double expected = 0, found = values[r * (features + 1) + f];
                for (size_t t = 0; t < trees; t++)
                    expected += shapley(&model.trees[t], row, (unsigned)f, (unsigned)features);
                assert_true(fabs(found - expected) < 1e-12);
                total += found;
            }
            total += values[r * (features + 1) + features];
            assert_true(fabs(total - case_score(&model, &rows, r, trees)) < 1e-11);
            free(row);
        }
        rcx_shap_release(shap);
        case_rows_free(&rows);
        rcx_gbdt_model_release(&model);
        free(values);
    }
}

/* Deep trees of many features, threads, instruction sets: sums to the score, same bits everywhere. */
static void values_sum_to_the_score_with_the_same_bits_everywhere(void **state)
{
    enum { ROWS = 1003, FEATURES = 40 };
    (void)state;
    struct check_random random = {12};
    const struct model_case c = {FEATURES, 300, true};
    size_t bytes = ROWS * (FEATURES + 1) * sizeof(double);
    double *first = malloc(bytes), *values = malloc(bytes);
    struct rcx_gbdt_model model;
    case_model(&random, &c, 6, &model);
    struct rcx_matrix rows = case_rows(&random, ROWS, FEATURES);
    for (unsigned run = 0; run < 6; run++) {
        const struct rcx_parallel parallel = {1 + run};
        struct rcx_shap *shap = NULL;
        rcx_cpu_set((enum rcx_cpu_level)(run % RCX_CPU_LEVELS));
        assert_int_equal(rcx_shap_build(&model, 0, &shap, NULL), RCX_OK);
        assert_int_equal(rcx_shap_values(shap, &rows, &parallel, values, NULL), RCX_OK);
        rcx_shap_release(shap);
        if (run == 0)
            memcpy(first, values, bytes);
        assert_memory_equal(first, values, bytes);
    }
    rcx_cpu_set(RCX_CPU_V4);
    for (size_t r = 0; r < ROWS; r++) {
        double total = 0;
        for (size_t f = 0; f <= FEATURES; f++)
            total += values[r * (FEATURES + 1) + f];
        assert_true(fabs(total - case_score(&model, &rows, r, model.tree_count)) < 1e-10);
    }
    case_rows_free(&rows);
    rcx_gbdt_model_release(&model);
    free(first);
    free(values);
}

static void quadrature_is_exact_for_polynomials(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= 40; n++) {
        double nodes[40], weights[40];
        rcx_gauss_legendre(n, nodes, weights);
        for (uint32_t power = 0; power < 2 * n; power++) {
            double sum = 0;
            for (uint32_t i = 0; i < n; i++)
                sum += weights[i] * pow(nodes[i], power);
            assert_true(fabs(sum - 1.0 / (power + 1)) < 1e-14);
        }
    }
}

static void a_model_without_counts_is_refused(void **state)
{
    (void)state;
    struct check_random random = {13};
    const struct model_case c = {2, 1, false};
    struct rcx_error err;
    struct rcx_gbdt_model model;
    struct rcx_gbdt_tree tree;
    struct rcx_shap *shap = NULL;
    case_model(&random, &c, 1, &model); /* of one leaf: needs none */
    assert_int_equal(rcx_shap_build(&model, 0, &shap, &err), RCX_OK);
    assert_true(rcx_shap_base(shap) == model.trees[0].leaf_value[0]);
    rcx_shap_release(shap);
    assert_true(rcx_gbdt_tree_init(&tree, 2, 0, 0));
    tree.left_child[0] = ~0;
    tree.right_child[0] = ~1;
    assert_int_equal(rcx_gbdt_model_append(&model, &tree, NULL), RCX_OK);
    assert_int_equal(rcx_shap_build(&model, 0, &shap, &err), RCX_E_INPUT);
    assert_int_equal(strncmp(err.text, "the model does not tell", 23), 0);
    rcx_gbdt_model_release(&model);
}

struct attempt {
    const struct rcx_gbdt_model *model;
    const struct rcx_matrix *rows;
};

static bool explain(void *context)
{
    const struct attempt *attempt = context;
    double values[8 * 4];
    struct rcx_shap *shap = NULL;
    enum rcx_status status = rcx_shap_build(attempt->model, 0, &shap, NULL);
    if (status == RCX_OK)
        status = rcx_shap_values(shap, attempt->rows, NULL, values, NULL);
    rcx_shap_release(shap);
    assert_true(status == RCX_OK || status == RCX_E_NOMEM);
    return status == RCX_OK;
}

static void memory_may_end(void **state)
{
    (void)state;
    struct check_random random = {14};
    const struct model_case c = {3, 9, true};
    struct rcx_gbdt_model model;
    case_model(&random, &c, 3, &model);
    struct rcx_matrix rows = case_rows(&random, 8, 3);
    struct attempt attempt = {&model, &rows};
    assert_true(check_allocation_failures(explain, &attempt) >= 5);
    case_rows_free(&rows);
    rcx_gbdt_model_release(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_shapley_values),
        cmocka_unit_test(values_sum_to_the_score_with_the_same_bits_everywhere),
        cmocka_unit_test(quadrature_is_exact_for_polynomials),
        cmocka_unit_test(a_model_without_counts_is_refused),
        cmocka_unit_test(memory_may_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
