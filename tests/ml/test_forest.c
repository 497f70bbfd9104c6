#include "ml/gbdt/forest.h"

#include "base/cpu.h"
#include "tests/ml/model_cases.h"

/* Scores and leaves against the plain walk, bit for bit. */
static void compare(const struct rcx_gbdt_model *model, const struct rcx_matrix *matrix,
                    size_t limit, unsigned threads)
{
    const struct rcx_parallel parallel = {threads};
    struct rcx_forest *forest = NULL;
    assert_int_equal(rcx_forest_build(model, limit, &forest, NULL), RCX_OK);
    size_t trees = rcx_forest_tree_count(forest), rows = matrix->rows;
    double *scores = calloc(rows + 1, sizeof *scores), *start = calloc(rows + 1, sizeof *start);
    uint32_t *leaves = calloc(rows * trees + 1, sizeof *leaves);
    for (size_t r = 0; r < rows; r++)
        start[r] = (double)r / 7;
    assert_int_equal(rcx_forest_scores(forest, matrix, start, &parallel, scores, NULL), RCX_OK);
    assert_int_equal(rcx_forest_leaves(forest, matrix, &parallel, leaves, NULL), RCX_OK);
    for (size_t r = 0; r < rows; r++) {
        double expected = case_score(model, matrix, r, trees) + start[r];
        double *values = case_row(matrix, r);
        assert_memory_equal(&scores[r], &expected, sizeof expected);
        for (size_t t = 0; t < trees; t++)
            assert_int_equal(leaves[r * trees + t], rcx_gbdt_tree_leaf(&model->trees[t], values));
        free(values);
    }
    rcx_forest_release(forest);
    free(scores);
    free(start);
    free(leaves);
}

static void random_models_give_the_same_bits_as_the_plain_walk(void **state)
{
    (void)state;
    struct check_random random = {3};
    for (unsigned i = 0; i < 120; i++) {
        const struct model_case c = {1 + check_below(&random, 9),
                                     1 + (uint32_t)check_below(&random, i < 100 ? 40 : 400),
                                     i % 2 == 0};
        struct rcx_gbdt_model model;
        case_model(&random, &c, check_below(&random, 12), &model);
        struct rcx_matrix rows = case_rows(&random, i < 40 ? i : check_below(&random, 600),
                                           c.features);
        rcx_cpu_set((enum rcx_cpu_level)(i % RCX_CPU_LEVELS));
        compare(&model, &rows, i % 5, 1 + i % 3);
        case_rows_free(&rows);
        rcx_gbdt_model_release(&model);
    }
    rcx_cpu_set(RCX_CPU_V4);
}

static void many_rows_and_threads(void **state)
{
    (void)state;
    struct check_random random = {4};
    const struct model_case c = {5, 31, true};
    struct rcx_gbdt_model model;
    case_model(&random, &c, 9, &model);
    struct rcx_matrix rows = case_rows(&random, 9001, c.features);
    for (unsigned threads = 1; threads <= 7; threads += 3)
        compare(&model, &rows, 0, threads);
    case_rows_free(&rows);
    rcx_gbdt_model_release(&model);
}

/* A feature with more thresholds than codes: a chain of splits, each sending one value left. */
static void more_thresholds_than_codes_take_the_plain_walk(void **state)
{
    enum { LEAVES = 66000 };
    (void)state;
    struct check_random random = {5};
    struct rcx_gbdt_model model;
    struct rcx_gbdt_tree tree;
    assert_int_equal(rcx_gbdt_model_init(&model, 1, NULL), RCX_OK);
    assert_true(rcx_gbdt_tree_init(&tree, LEAVES, 0, 0));
    for (uint32_t s = 0; s + 1 < LEAVES;
         s++) { /* a balanced heap would need fewer steps; a chain does */
        tree.threshold[s] = s;
        tree.left_child[s] = ~(int32_t)s;
        tree.right_child[s] = s + 2 < LEAVES ? (int32_t)s + 1 : ~(int32_t)(LEAVES - 1);
    }
    for (uint32_t leaf = 0; leaf < LEAVES; leaf++)
        tree.leaf_value[leaf] = leaf;
    assert_int_equal(rcx_gbdt_model_append(&model, &tree, NULL), RCX_OK);
    struct rcx_matrix rows = case_rows(&random, 40, 1);
    compare(&model, &rows, 0, 2);
    case_rows_free(&rows);
    rcx_gbdt_model_release(&model);
}

static void categories_beyond_the_codes_take_the_plain_walk(void **state)
{
    enum { WORDS = 3000 };
    (void)state;
    struct rcx_gbdt_model model;
    struct rcx_gbdt_tree tree;
    assert_int_equal(rcx_gbdt_model_init(&model, 1, NULL), RCX_OK);
    assert_true(rcx_gbdt_tree_init(&tree, 2, 1, WORDS));
    tree.decision_type[0] = RCX_GBDT_CATEGORICAL;
    tree.left_child[0] = ~0;
    tree.right_child[0] = ~1;
    tree.leaf_value[1] = 1;
    tree.category_begin[1] = WORDS;
    tree.category_bits[WORDS - 1] = 1;
    assert_int_equal(rcx_gbdt_model_append(&model, &tree, NULL), RCX_OK);
    static const double values[] = {
        (WORDS - 1) * 32.0, (WORDS - 1) * 32.0 + 0.9, WORDS * 32.0, 1, -1, NAN, 1e10, INFINITY};
    static const double *columns[] = {values};
    const struct rcx_matrix rows = {8, 1, columns, NULL};
    compare(&model, &rows, 0, 1);
    double scores[8];
    assert_int_equal(
        rcx_gbdt_predict(&model, &rows, &(struct rcx_gbdt_predict_options){0}, NULL, scores, NULL),
        RCX_OK);
    for (size_t i = 0; i < 8; i++)
        assert_true(scores[i] == (i < 2 ? 0 : 1));
    rcx_gbdt_model_release(&model);
}

static void links_turn_scores_into_predictions(void **state)
{
    (void)state;
    struct rcx_gbdt_model model;
    assert_int_equal(rcx_gbdt_model_init(&model, 0, NULL), RCX_OK);
    double score = 2;
    model.objective = RCX_GBDT_BINARY;
    model.sigmoid = 0.5;
    rcx_gbdt_model_transform(&model, &score, 1);
    assert_true(score == 1 / (1 + exp(-1.0)));
    score = 2;
    model.objective = RCX_GBDT_TWEEDIE;
    rcx_gbdt_model_transform(&model, &score, 1);
    assert_true(score == exp(2.0));
    score = -3;
    model.objective = RCX_GBDT_REGRESSION;
    rcx_gbdt_model_transform(&model, &score, 1);
    assert_true(score == -3);
    model.reg_sqrt = true;
    rcx_gbdt_model_transform(&model, &score, 1);
    assert_true(score == -9);
    score = 1;
    model.objective = RCX_GBDT_CROSS_ENTROPY_LAMBDA;
    rcx_gbdt_model_transform(&model, &score, 1);
    assert_true(fabs(score - log(1 + exp(1.0))) < 1e-15);
    rcx_gbdt_model_release(&model);
}

static void another_number_of_columns_is_refused(void **state)
{
    (void)state;
    struct check_random random = {6};
    const struct model_case c = {3, 5, false};
    struct rcx_error err;
    struct rcx_gbdt_model model;
    double scores[4];
    case_model(&random, &c, 2, &model);
    struct rcx_matrix rows = case_rows(&random, 4, 2);
    assert_int_equal(
        rcx_gbdt_predict(&model, &rows, &(struct rcx_gbdt_predict_options){0}, NULL, scores, &err),
        RCX_E_INPUT);
    assert_string_equal(err.text, "the model has 3 features, the data 2 columns");
    case_rows_free(&rows);
    rcx_gbdt_model_release(&model);
}

struct attempt {
    const struct rcx_gbdt_model *model;
    const struct rcx_matrix *rows;
};

static bool predict(void *context)
{
    const struct attempt *attempt = context;
    double scores[32];
    enum rcx_status status = rcx_gbdt_predict(attempt->model, attempt->rows,
                                              &(struct rcx_gbdt_predict_options){.transform = true},
                                              NULL, scores, NULL);
    assert_true(status == RCX_OK || status == RCX_E_NOMEM);
    return status == RCX_OK;
}

static void memory_may_end(void **state)
{
    (void)state;
    struct check_random random = {7};
    const struct model_case c = {3, 9, true};
    struct rcx_gbdt_model model;
    case_model(&random, &c, 3, &model);
    struct rcx_matrix rows = case_rows(&random, 32, 3);
    struct attempt attempt = {&model, &rows};
    assert_true(check_allocation_failures(predict, &attempt) >= 5);
    case_rows_free(&rows);
    rcx_gbdt_model_release(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_models_give_the_same_bits_as_the_plain_walk),
        cmocka_unit_test(many_rows_and_threads),
        cmocka_unit_test(more_thresholds_than_codes_take_the_plain_walk),
        cmocka_unit_test(categories_beyond_the_codes_take_the_plain_walk),
        cmocka_unit_test(links_turn_scores_into_predictions),
        cmocka_unit_test(another_number_of_columns_is_refused),
        cmocka_unit_test(memory_may_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
