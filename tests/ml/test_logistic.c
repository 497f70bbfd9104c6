/* The optimum is where the gradient, written out plainly, is zero; calibrations by their definitions. */
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ml/linear/calibration.h"
#include "ml/linear/logistic.h"
#include "ml/metrics/metric.h"

enum { ROWS = 5003, COLUMNS = 4 };

struct data {
    double x[COLUMNS][ROWS], label[ROWS], weight[ROWS];
    const double *columns[COLUMNS];
};

static struct rcx_matrix make(struct data *data, size_t rows, uint64_t seed)
{
    struct check_random random = {seed};
    for (size_t i = 0; i < rows; i++) {
        double z = -.5;
        for (size_t j = 0; j < COLUMNS; j++) {
            data->x[j][i] = 10 * (double)j + (1 + 5 * (double)j) * (check_unit(&random) - .5);
            z += (j % 2 ? -1.5 : 2) *
                 (check_unit(&random) < .8 ? data->x[j][i] - 10 * (double)j : 0) /
                 (1 + 5 * (double)j);
        }
        data->label[i] = check_unit(&random) < rcx_sigmoid(z);
        data->weight[i] = .5 + check_unit(&random);
        if (i % 13 == 0)
            data->x[1][i] = NAN;
    }
    for (size_t j = 0; j < COLUMNS; j++)
        data->columns[j] = data->x[j];
    return (struct rcx_matrix){.rows = rows, .column_count = COLUMNS, .columns = data->columns};
}

static double standardised(const struct rcx_logistic *model, const struct data *data, size_t j,
                           size_t i)
{
    double x = data->x[j][i];
    return isnan(x) ? 0 : (x - model->center[j]) / model->scale[j];
}

static void the_gradient_is_zero_at_the_fit(void **state)
{
    static struct data data;
    static const size_t sizes[] = {50, 256, 257, 2048, 2049, ROWS};
    (void)state;
    for (size_t s = 0; s < 2 * sizeof sizes / sizeof sizes[0]; s++) {
        size_t rows = sizes[s / 2];
        const double *weight = s % 2 ? data.weight : NULL;
        struct rcx_matrix matrix = make(&data, rows, s + 1);
        const struct rcx_logistic_options options = {.ridge = 2, .parallel = {2}};
        struct rcx_logistic model = {0};
        double gradient[COLUMNS + 1] = {0}, score[ROWS];
        assert_int_equal(rcx_logistic_fit(&matrix, data.label, weight, &options, &model, NULL),
                         RCX_OK);
        assert_true(model.converged);
        rcx_logistic_score(&model, &matrix, score);
        for (size_t i = 0; i < rows; i++) {
            double w = weight ? weight[i] : 1, z = model.intercept;
            for (size_t j = 0; j < COLUMNS; j++) {
                z += model.coefficient[j] * standardised(&model, &data, j, i);
                if (i == 13)
                    assert_true(fabs(rcx_logistic_share(&model, j, data.x[j][i]) -
                                     model.coefficient[j] * standardised(&model, &data, j, i)) <
                                1e-12);
            }
            assert_true(fabs(z - score[i]) < 1e-9);
            double residual = w * (rcx_sigmoid(z) - data.label[i]);
            for (size_t j = 0; j < COLUMNS; j++)
                gradient[j] += residual * standardised(&model, &data, j, i);
            gradient[COLUMNS] += residual;
        }
        for (size_t j = 0; j < COLUMNS; j++)
            gradient[j] += 2 * model.coefficient[j];
        for (size_t j = 0; j <= COLUMNS; j++)
            assert_true(fabs(gradient[j]) < 1e-6);
        rcx_logistic_release(&model);
    }
}

static void a_start_changes_the_way_not_the_goal(void **state)
{
    static struct data data;
    struct rcx_logistic half = {0}, cold = {0}, warm = {0};
    struct rcx_logistic_options options = {.ridge = 1, .parallel = {1}};
    (void)state;
    struct rcx_matrix matrix = make(&data, ROWS, 9), part = matrix;
    part.rows = ROWS / 2;
    assert_int_equal(rcx_logistic_fit(&part, data.label, NULL, &options, &half, NULL), RCX_OK);
    assert_int_equal(rcx_logistic_fit(&matrix, data.label, NULL, &options, &cold, NULL), RCX_OK);
    options.start = &half;
    assert_int_equal(rcx_logistic_fit(&matrix, data.label, NULL, &options, &warm, NULL), RCX_OK);
    for (size_t j = 0; j < COLUMNS; j++)
        assert_true(fabs(cold.coefficient[j] - warm.coefficient[j]) < 1e-7);
    assert_true(warm.iterations <= cold.iterations);
    rcx_logistic_release(&half);
    rcx_logistic_release(&cold);
    rcx_logistic_release(&warm);
}

static void threads_do_not_change_a_bit(void **state)
{
    static struct data data;
    struct rcx_logistic one = {0}, many = {0};
    struct rcx_logistic_options options = {.ridge = 1, .parallel = {1}};
    (void)state;
    struct rcx_matrix matrix = make(&data, ROWS, 5);
    assert_int_equal(rcx_logistic_fit(&matrix, data.label, NULL, &options, &one, NULL), RCX_OK);
    options.parallel.threads = 3;
    assert_int_equal(rcx_logistic_fit(&matrix, data.label, NULL, &options, &many, NULL), RCX_OK);
    assert_memory_equal(one.coefficient, many.coefficient, 3 * COLUMNS * sizeof(double));
    rcx_logistic_release(&one);
    rcx_logistic_release(&many);
}

/* Classes that a line parts, constant and repeated columns: the ridge keeps the answer finite. */
static void awkward_columns_are_no_trouble(void **state)
{
    static struct data data;
    struct rcx_logistic model = {0};
    const struct rcx_logistic_options options = {.ridge = 1, .parallel = {1}};
    (void)state;
    struct rcx_matrix matrix = make(&data, 400, 5);
    for (size_t i = 0; i < 400; i++) {
        data.label[i] = data.x[0][i] > 0;
        data.x[1][i] = 3.1;
        data.x[2][i] = NAN;
        data.x[3][i] = 1e9 * data.x[0][i];
    }
    assert_int_equal(rcx_logistic_fit(&matrix, data.label, NULL, &options, &model, NULL), RCX_OK);
    assert_true(model.converged && model.coefficient[0] > 1);
    assert_true(fabs(model.coefficient[1]) < 1e-9 && model.coefficient[2] == 0);
    assert_true(fabs(model.coefficient[0] - model.coefficient[3]) < 1e-6);
    rcx_logistic_release(&model);
    struct rcx_error err = {0};
    memset(data.label, 0, sizeof data.label);
    assert_int_equal(rcx_logistic_fit(&matrix, data.label, NULL, &options, &model, &err),
                     RCX_E_INPUT);
    assert_non_null(strstr(err.text, "both classes"));
}

static bool attempt(void *context)
{
    struct data *data = context;
    struct rcx_matrix matrix = make(data, 100, 5);
    struct rcx_logistic model = {0};
    struct rcx_calibration calibration = {0};
    const struct rcx_logistic_options options = {.ridge = 1, .parallel = {1}};
    bool ok = rcx_logistic_fit(&matrix, data->label, NULL, &options, &model, NULL) == RCX_OK;
    for (size_t i = 0; i < 100; i++)
        data->weight[i] = rcx_sigmoid(data->x[0][i]);
    ok = ok && rcx_calibration_fit(RCX_CALIBRATION_PLATT, data->label, data->weight, 100,
                                   &calibration, NULL) == RCX_OK;
    ok = ok && rcx_calibration_fit(RCX_CALIBRATION_ISOTONIC, data->label, data->weight, 100,
                                   &calibration, NULL) == RCX_OK;
    rcx_calibration_release(&calibration);
    rcx_logistic_release(&model);
    return ok;
}

static void memory_that_runs_out_is_an_error(void **state)
{
    static struct data data;
    (void)state;
    assert_true(check_allocation_failures(attempt, &data) >= 5);
}

/* --- calibration -------------------------------------------------------------------------------- */

enum { PAIRS = 2000 };

/* The truth is sigmoid(a logit(p) + b). */
static void distorted(double *label, double *probability, size_t count, double a, double b)
{
    struct check_random random = {3};
    for (size_t i = 0; i < count; i++) {
        probability[i] = .02 + .96 * floor(check_unit(&random) * 200) / 200;
        label[i] = check_unit(&random) < rcx_sigmoid(a * rcx_logit(probability[i]) + b);
    }
}

static void platt_finds_slope_and_shift(void **state)
{
    static double label[50000], probability[50000];
    struct rcx_calibration calibration = {0};
    (void)state;
    distorted(label, probability, 50000, .6, .8);
    assert_int_equal(
        rcx_calibration_fit(RCX_CALIBRATION_PLATT, label, probability, 50000, &calibration, NULL),
        RCX_OK);
    assert_true(fabs(calibration.a - .6) < .03 && fabs(calibration.b - .8) < .04);
    assert_true(fabs(rcx_calibrate(&calibration, .5) - rcx_sigmoid(calibration.b)) < 1e-12);
    assert_true(rcx_calibrate(&calibration, 0) >= 0 && rcx_calibrate(&calibration, 1) <= 1);
    rcx_calibration_release(&calibration);
}

/* max-min formula: the fitted value of row i is max over j <= i of min over k >= i of mean(j..k). */
static double max_min(const double *mean_label, const double *weight, size_t count, size_t i)
{
    double best = -1;
    for (size_t j = 0; j <= i; j++) {
        double least = 2, sum = 0, all = 0;
        for (size_t k = j; k < count; k++) {
            sum += mean_label[k] * weight[k];
            all += weight[k];
            if (k >= i)
                least = fmin(least, sum / all);
        }
        best = fmax(best, least);
    }
    return best;
}

static void isotonic_is_the_max_min_formula(void **state)
{
    double label[PAIRS], probability[PAIRS], mean[201] = {0}, weight[201] = {0};
    (void)state;
    distorted(label, probability, PAIRS, 1.5, -.5);
    struct rcx_calibration calibration = {0};
    assert_int_equal(rcx_calibration_fit(RCX_CALIBRATION_ISOTONIC, label, probability, PAIRS,
                                         &calibration, NULL),
                     RCX_OK);
    size_t values = 0;
    double place[201];
    for (int g = 0; g < 200; g++) {
        double p = .02 + .96 * g / 200, sum = 0, all = 0;
        for (size_t i = 0; i < PAIRS; i++) {
            if (fabs(probability[i] - p) < 1e-9) {
                sum += label[i];
                all++;
            }
        }
        if (all > 0) {
            mean[values] = sum / all;
            weight[values] = all;
            place[values++] = p;
        }
    }
    for (size_t g = 0; g + 1 < calibration.points; g++) {
        assert_true(calibration.from[g] < calibration.from[g + 1]);
        assert_true(calibration.to[g] <= calibration.to[g + 1]);
    }
    double before = 0;
    for (size_t v = 0; v < values; v++) { /* the step each value belongs to */
        double want = fmin(fmax(max_min(mean, weight, values, v), 1.0 / (PAIRS + 2)),
                           1 - 1.0 / (PAIRS + 2));
        bool found = false;
        for (size_t g = 0; g < calibration.points; g++)
            found = found || fabs(calibration.to[g] - want) < 1e-12;
        assert_true(found);
        assert_true(rcx_calibrate(&calibration, place[v]) >= before);
        before = rcx_calibrate(&calibration, place[v]);
    }
    rcx_calibration_release(&calibration);
}

static void the_prior_correction_undoes_the_weight(void **state)
{
    static struct data data;
    struct rcx_logistic plain = {0}, weighted = {0};
    struct rcx_logistic_options options = {.ridge = 1e-6, .parallel = {1}};
    double weight[ROWS], a[ROWS], b[ROWS], worst = 0;
    (void)state;
    struct rcx_matrix matrix = make(&data, ROWS, 21);
    for (size_t i = 0; i < ROWS; i++)
        weight[i] = data.label[i] != 0 ? 4 : 1;
    assert_int_equal(rcx_logistic_fit(&matrix, data.label, NULL, &options, &plain, NULL), RCX_OK);
    assert_int_equal(rcx_logistic_fit(&matrix, data.label, weight, &options, &weighted, NULL),
                     RCX_OK);
    rcx_logistic_score(&plain, &matrix, a);
    rcx_logistic_score(&weighted, &matrix, b);
    for (size_t i = 0; i < ROWS; i++)
        worst = fmax(worst, fabs(rcx_sigmoid(a[i]) - rcx_prior_correct(rcx_sigmoid(b[i]), 4)));
    assert_true(worst < .05);
    assert_true(fabs(rcx_prior_correct(.8, 4) - .5) < 1e-15);
    assert_true(rcx_prior_correct(0, 4) == 0 && rcx_prior_correct(1, 4) == 1);
    rcx_logistic_release(&plain);
    rcx_logistic_release(&weighted);
}

static void signed_logarithms_are_odd(void **state)
{
    double in[] = {0, 1, -1, 1e300, -7, NAN}, out[6];
    (void)state;
    rcx_signed_log1p(in, 6, out);
    assert_true(out[0] == 0 && out[1] == log1p(1) && out[2] == -log1p(1) && out[4] == -log1p(7));
    assert_true(isfinite(out[3]) && isnan(out[5]));
    assert_true(rcx_sigmoid(-1000) == 0 && rcx_sigmoid(1000) == 1 && rcx_sigmoid(0) == .5);
    assert_true(fabs(rcx_logit(rcx_sigmoid(3)) - 3) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gradient_is_zero_at_the_fit),
        cmocka_unit_test(a_start_changes_the_way_not_the_goal),
        cmocka_unit_test(threads_do_not_change_a_bit),
        cmocka_unit_test(awkward_columns_are_no_trouble),
        cmocka_unit_test(memory_that_runs_out_is_an_error),
        cmocka_unit_test(platt_finds_slope_and_shift),
        cmocka_unit_test(isotonic_is_the_max_min_formula),
        cmocka_unit_test(the_prior_correction_undoes_the_weight),
        cmocka_unit_test(signed_logarithms_are_odd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
