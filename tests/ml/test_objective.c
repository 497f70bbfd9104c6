#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ml/gbdt/objective.h"

/* The loss of one row, written as in the books. */
static double loss_of(const struct rcx_loss *loss, double label, double score)
{
    switch ((int)loss->row->objective) {
    case RCX_GBDT_BINARY: {
        double p = 1 / (1 + exp(-loss->sigmoid * score));
        return label > 0.5 ? -loss->weight_of_1 * log(p) : -loss->weight_of_0 * log(1 - p);
    }
    case RCX_GBDT_REGRESSION:
        return (score - label) * (score - label) / 2;
    case RCX_GBDT_TWEEDIE: {
        double p = loss->power;
        return -label * exp((1 - p) * score) / (1 - p) + exp((2 - p) * score) / (2 - p);
    }
    case RCX_GBDT_QUANTILE:
        return label >= score ? loss->alpha * (label - score) : (1 - loss->alpha) * (score - label);
    default:
        fail_msg("an objective without a reference loss");
        return 0;
    }
}

static void check_row(const struct rcx_loss *loss, double label, double score, double weight,
                      const float *pair)
{
    const double step = 1e-4;
    double before = loss_of(loss, label, score - step), here = loss_of(loss, label, score);
    double after = loss_of(loss, label, score + step);
    double gradient = weight * (after - before) / (2 * step);
    double hessian = weight * (after - 2 * here + before) / (step * step);
    assert_true(fabs((double)pair[0] - gradient) < 1e-5 * (1 + fabs(gradient)));
    if (loss->row->objective == RCX_GBDT_QUANTILE)
        assert_true(pair[1] == (float)weight); /* the loss is straight: a constant stands in */
    else
        assert_true(fabs((double)pair[1] - hessian) < 2e-5 * (1 + fabs(hessian)));
}

static void gradients_are_differences_of_the_loss(void **state)
{
    (void)state;
    enum { ROWS = 600 };
    static const enum rcx_gbdt_objective all[] = {RCX_GBDT_BINARY, RCX_GBDT_REGRESSION,
                                                  RCX_GBDT_TWEEDIE, RCX_GBDT_QUANTILE};
    unsigned found = 0;
    for (int o = 0; o < RCX_GBDT_OBJECTIVE_COUNT; o++)
        found += rcx_loss_find((enum rcx_gbdt_objective)o) != NULL;
    assert_int_equal(found, sizeof all / sizeof *all);
    for (size_t o = 0; o < sizeof all / sizeof *all; o++) {
        struct check_random random = {o};
        double score[ROWS], label[ROWS], weight[ROWS];
        float pairs[2 * ROWS], again[2 * ROWS];
        for (size_t i = 0; i < ROWS; i++) {
            score[i] = 6 * check_unit(&random) - 3;
            label[i] = all[o] == RCX_GBDT_BINARY ? (double)(i % 2) : 5 * check_unit(&random);
            weight[i] = i % 3 == 0 ? 1 : check_unit(&random) * 4;
        }
        struct rcx_gbdt_params params;
        struct rcx_loss loss;
        rcx_gbdt_params_init(&params);
        params.objective = all[o];
        params.scale_pos_weight = 2.5;
        params.sigmoid = 0.7;
        params.alpha = 0.8;
        params.tweedie_variance_power = 1.3;
        struct rcx_label_view view = {label, weight, ROWS};
        assert_int_equal(rcx_loss_init(&loss, &params, &view, NULL), RCX_OK);
        for (size_t count = 1; count <= ROWS; count += 37) {
            struct rcx_gradient_rows rows = {score, label, weight, count};
            for (int level = 0; level < RCX_CPU_LEVELS; level++) {
                rcx_cpu_set((enum rcx_cpu_level)level);
                loss.row->gradients(&loss, &rows, level == 0 ? pairs : again);
                if (level > 0)
                    assert_memory_equal(pairs, again, 2 * count * sizeof *pairs);
            }
            rcx_cpu_set(rcx_cpu_detect());
            for (size_t i = 0; i < count; i++)
                check_row(&loss, label[i], score[i], weight[i], pairs + 2 * i);
        }
    }
}

/* At the constant no step lowers the sum of the losses. */
static void constants_are_best(void **state)
{
    (void)state;
    enum { ROWS = 301 };
    for (int o = 0; o < RCX_GBDT_OBJECTIVE_COUNT; o++) {
        if (!rcx_loss_find((enum rcx_gbdt_objective)o))
            continue;
        for (unsigned weighted = 0; weighted < 2; weighted++) {
            struct check_random random = {(uint64_t)o};
            double label[ROWS], weight[ROWS], scratch[2 * ROWS];
            for (size_t i = 0; i < ROWS; i++) {
                label[i] = o == RCX_GBDT_BINARY ? (double)(i % 3 == 0) : 5 * check_unit(&random);
                weight[i] = 0.1 + check_unit(&random);
            }
            struct rcx_gbdt_params params;
            struct rcx_loss loss;
            rcx_gbdt_params_init(&params);
            params.objective = (enum rcx_gbdt_objective)o;
            struct rcx_label_view view = {label, weighted ? weight : NULL, ROWS};
            assert_int_equal(rcx_loss_init(&loss, &params, &view, NULL), RCX_OK);
            double at = loss.row->constant(&loss, &view, scratch);
            double sums[3] = {0};
            for (size_t i = 0; i < ROWS; i++) {
                for (int s = 0; s < 3; s++)
                    sums[s] += (weighted ? weight[i] : 1) *
                               loss_of(&loss, label[i], at + 0.05 * (s - 1));
            }
            assert_true(sums[1] <= sums[0] + 1e-9 && sums[1] <= sums[2] + 1e-9);
        }
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void quantiles_equal_those_of_sorted_values(void **state)
{
    (void)state;
    struct check_random random = {1};
    for (size_t count = 1; count < 400; count++) {
        double values[400], sorted[400], weights[400];
        for (size_t i = 0; i < count; i++) {
            values[i] = count % 2 ? check_unit(&random) : (double)check_below(&random, 9);
            weights[i] = 1;
        }
        memcpy(sorted, values, sizeof sorted);
        qsort(sorted, count, sizeof *sorted, compare);
        double alpha = check_unit(&random), place = alpha * (double)(count - 1);
        double copy[400];
        memcpy(copy, values, sizeof copy);
        size_t k = (size_t)place;
        double next = k + 1 < count ? sorted[k + 1] : sorted[k];
        double expected = sorted[k] + (next - sorted[k]) * (place - (double)k);
        assert_true(fabs(rcx_quantile_of(values, count, alpha) - expected) < 1e-12);
        size_t rank = (size_t)ceil(alpha * (double)count);
        rank = rank < 1 ? 1 : rank;
        assert_true(rcx_weighted_quantile_of(copy, weights, count, alpha) == sorted[rank - 1]);
        assert_memory_equal(copy, sorted, count * sizeof *copy);
    }
}

static void refuses_labels(void **state)
{
    (void)state;
    double label[4] = {0, 1, 2, 0}, same[4] = {1, 1, 1, 1}, below[4] = {0, 1, -1, 3};
    struct rcx_gbdt_params params;
    struct rcx_loss loss;
    struct rcx_error err = {0};
    rcx_gbdt_params_init(&params);
    params.objective = RCX_GBDT_BINARY;
    struct rcx_label_view view = {label, NULL, 4};
    assert_int_equal(rcx_loss_init(&loss, &params, &view, &err), RCX_E_INPUT);
    assert_non_null(strstr(err.text, "row 3 is 2; binary takes 0 and 1"));
    view.label = same;
    assert_int_equal(rcx_loss_init(&loss, &params, &view, &err), RCX_E_INPUT);
    assert_non_null(strstr(err.text, "nothing to learn"));
    params.objective = RCX_GBDT_TWEEDIE;
    view.label = below;
    assert_int_equal(rcx_loss_init(&loss, &params, &view, &err), RCX_E_INPUT);
    assert_non_null(strstr(err.text, "row 3 is -1"));
    params.objective = RCX_GBDT_FAIR;
    assert_int_equal(rcx_loss_init(&loss, &params, &view, &err), RCX_E_CONFIG);
    params.objective = RCX_GBDT_BINARY;
    params.is_unbalance = true;
    params.scale_pos_weight = 2;
    view.label = label;
    label[2] = 1;
    assert_int_equal(rcx_loss_init(&loss, &params, &view, &err), RCX_E_CONFIG);
    params.scale_pos_weight = 1;
    label[1] = 0;
    assert_int_equal(rcx_loss_init(&loss, &params, &view, &err), RCX_OK);
    assert_true(loss.weight_of_1 == 3 && loss.weight_of_0 == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_differences_of_the_loss),
        cmocka_unit_test(constants_are_best),
        cmocka_unit_test(quantiles_equal_those_of_sorted_values),
        cmocka_unit_test(refuses_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
