/* The bootstrap beside the registry's measures, and its weights beside the Poisson distribution. */
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ml/metrics/bootstrap.h"
#include "ml/metrics/metric.h"
#include "ml/metrics/threshold_curve.h"

enum { ROWS = 700, RESAMPLES = 40 };

struct data {
    double label[ROWS], a[ROWS], b[ROWS], weight[ROWS];
};

static void make(struct data *data, uint64_t seed)
{
    struct check_random random = {seed};
    for (size_t i = 0; i < ROWS; i++) {
        data->a[i] = floor(check_unit(&random) * 50) / 50;
        data->label[i] = check_unit(&random) < data->a[i];
        data->b[i] = .7 * data->a[i] + .3 * check_unit(&random);
    }
}

static double by_name(const char *name, const double *label, const double *score,
                      const double *weight)
{
    struct rcx_scored rows = {label, score, weight, ROWS};
    double out = 0;
    assert_int_equal(rcx_metric_value(rcx_metric_find(name), &rows, 0, NULL, &out, NULL), RCX_OK);
    return out;
}

static void near(double a, double b)
{
    assert_true(fabs(a - b) < 1e-12);
}

static void check_values(const struct data *data, const double *weight, const double *score,
                         const double *values, size_t stride)
{
    struct rcx_ranking ranking = {0};
    const double shares[] = {.05, .1, .2};
    struct rcx_top_share top[3];
    assert_int_equal(rcx_ranking_build(score, ROWS, NULL, &ranking, NULL), RCX_OK);
    rcx_ranking_gains(&ranking, data->label, weight, shares, 3, top);
    near(values[stride * RCX_BINARY_AUC], by_name("auc", data->label, score, weight));
    near(values[stride * RCX_BINARY_AP], by_name("average_precision", data->label, score, weight));
    near(values[stride * RCX_BINARY_LOGLOSS],
         by_name("binary_logloss", data->label, score, weight));
    near(values[stride * RCX_BINARY_BRIER], by_name("brier", data->label, score, weight));
    near(values[stride * RCX_BINARY_ECE], by_name("ece", data->label, score, weight));
    for (size_t s = 0; s < 3; s++) {
        near(values[stride * (RCX_BINARY_PRECISION_5 + s)], top[s].precision);
        near(values[stride * (RCX_BINARY_LIFT_5 + s)], top[s].lift);
    }
    rcx_ranking_release(&ranking);
}

static struct rcx_bootstrap run(const struct data *data, unsigned threads)
{
    const double *models[] = {data->a, data->b};
    const struct rcx_bootstrap_rows rows = {data->label, models, ROWS, 2};
    const struct rcx_bootstrap_options options = {5, RESAMPLES, {threads}};
    struct rcx_bootstrap bootstrap = {0};
    assert_int_equal(rcx_bootstrap_binary(&rows, &options, &bootstrap, NULL), RCX_OK);
    return bootstrap;
}

static void every_resample_is_the_weighted_measure(void **state)
{
    struct data data;
    uint8_t weight[ROWS];
    (void)state;
    make(&data, 1);
    struct rcx_bootstrap bootstrap = run(&data, 3);
    for (size_t m = 0; m < 2; m++) {
        const double *score = m ? data.b : data.a;
        check_values(&data, NULL, score, bootstrap.points + m * RCX_BINARY_METRIC_COUNT, 1);
        for (size_t r = 0; r < RESAMPLES; r++) {
            rcx_bootstrap_weights(5, r, ROWS, weight);
            for (size_t i = 0; i < ROWS; i++)
                data.weight[i] = weight[i];
            check_values(&data, data.weight, score,
                         bootstrap.values + m * RCX_BINARY_METRIC_COUNT * RESAMPLES + r, RESAMPLES);
        }
    }
    rcx_bootstrap_release(&bootstrap);
}

static void threads_do_not_change_a_bit(void **state)
{
    struct data data;
    (void)state;
    make(&data, 2);
    struct rcx_bootstrap one = run(&data, 1), four = run(&data, 4);
    assert_memory_equal(one.values, four.values,
                        2 * RCX_BINARY_METRIC_COUNT * RESAMPLES * sizeof(double));
    rcx_bootstrap_release(&one);
    rcx_bootstrap_release(&four);
}

/* Counts of 2 million weights within 5 standard deviations of Poisson(1). */
static void weights_are_poisson(void **state)
{
    enum { COUNT = 100003, TIMES = 20 };
    static uint8_t weight[COUNT];
    double seen[16] = {0}, probability = exp(-1), total = 0;
    (void)state;
    for (uint64_t r = 0; r < TIMES; r++) {
        rcx_bootstrap_weights(77, r, COUNT, weight);
        for (size_t i = 0; i < COUNT; i++) {
            seen[weight[i]]++;
            total += weight[i];
        }
    }
    double draws = (double)COUNT * TIMES;
    assert_true(fabs(total / draws - 1) < 5 / sqrt(draws) + 1e-4);
    for (int k = 0; k < 7; k++, probability /= k)
        assert_true(fabs(seen[k] - draws * probability) <
                    5 * sqrt(draws * probability) + draws * 2e-5);
}

/* The interval of a mean is that of the normal approximation. */
static void intervals_have_the_right_width(void **state)
{
    struct data data;
    (void)state;
    make(&data, 3);
    const double *models[] = {data.a, data.a};
    const struct rcx_bootstrap_rows rows = {data.label, models, ROWS, 2};
    const struct rcx_bootstrap_options options = {9, 4000, {2}};
    struct rcx_bootstrap bootstrap = {0};
    struct rcx_interval brier, none;
    double mean = 0, variance = 0;
    assert_int_equal(rcx_bootstrap_binary(&rows, &options, &bootstrap, NULL), RCX_OK);
    assert_int_equal(rcx_bootstrap_interval(&bootstrap, 0, RCX_BINARY_BRIER, &brier, NULL), RCX_OK);
    assert_int_equal(rcx_bootstrap_difference(&bootstrap, 0, 1, RCX_BINARY_AUC, &none, NULL),
                     RCX_OK);
    for (size_t i = 0; i < ROWS; i++)
        mean += rcx_brier_of(data.label[i], data.a[i]) / ROWS;
    for (size_t i = 0; i < ROWS; i++)
        variance += pow(rcx_brier_of(data.label[i], data.a[i]) - mean, 2) / ROWS;
    double half = 1.96 * sqrt(variance / ROWS);
    assert_true(fabs((brier.high - brier.low) / 2 - half) < .06 * half);
    assert_true(fabs((brier.high + brier.low) / 2 - mean) < .1 * half);
    assert_true(none.low == 0 && none.high == 0); /* a model against itself */
    rcx_bootstrap_release(&bootstrap);
}

static void one_class_is_not_defined(void **state)
{
    double label[] = {1, 1, 1}, score[] = {.1, .5, .9};
    const double *models[] = {score};
    const struct rcx_bootstrap_rows rows = {label, models, 3, 1};
    const struct rcx_bootstrap_options options = {1, 20, {1}};
    struct rcx_bootstrap bootstrap = {0};
    struct rcx_interval interval;
    (void)state;
    assert_int_equal(rcx_bootstrap_binary(&rows, &options, &bootstrap, NULL), RCX_OK);
    assert_true(isnan(rcx_bootstrap_point(&bootstrap, 0, RCX_BINARY_AUC)));
    assert_int_equal(rcx_bootstrap_interval(&bootstrap, 0, RCX_BINARY_AUC, &interval, NULL),
                     RCX_OK);
    assert_true(isnan(interval.low) && isnan(interval.high));
    rcx_bootstrap_release(&bootstrap);
}

static void percentiles_are_linear(void **state)
{
    double values[] = {5, NAN, 1, 2, 4, 3};
    (void)state;
    struct rcx_interval interval = rcx_percentile_interval(values, 6);
    near(interval.low, 1.1);
    near(interval.high, 4.9);
}

/* Every point of the curve by counting; thresholds equal to a probability include it. */
static void the_threshold_curve_counts(void **state)
{
    struct data data;
    struct rcx_threshold_curve curve;
    (void)state;
    make(&data, 4);
    for (size_t i = 0; i < ROWS; i++)
        data.weight[i] = data.label[i] != 0 ? 3 + data.b[i] : -2;
    rcx_threshold_curve_build(data.label, data.a, data.weight, ROWS, &curve);
    double most = -INFINITY;
    for (size_t k = 0; k < RCX_THRESHOLD_POINTS; k++) {
        const struct rcx_threshold_point *point = &curve.points[k];
        double hits = 0, misses = 0, profit = 0, positive = 0;
        for (size_t i = 0; i < ROWS; i++) {
            positive += data.label[i];
            if (data.a[i] >= (double)k / 100) {
                hits += data.label[i];
                misses += 1 - data.label[i];
                profit += data.weight[i];
            }
        }
        assert_true(point->true_positives == hits && point->false_positives == misses);
        assert_true(point->false_negatives == positive - hits);
        assert_true(point->true_negatives == ROWS - positive - misses);
        assert_true(fabs(point->profit - profit) < 1e-9);
        if (hits > 0) {
            double precision = hits / (hits + misses), recall = hits / positive;
            near(point->f1, 2 * precision * recall / (precision + recall));
            near(point->f2, 5 * precision * recall / (4 * precision + recall));
            near(point->youden, recall - misses / (ROWS - positive));
        }
        most = fmax(most, point->profit);
    }
    assert_true(curve.points[curve.best_profit].profit == most);
}

static void nothing_worth_acting_on_is_the_highest_threshold(void **state)
{
    double label[] = {0, 1, 0}, probability[] = {.2, .5, .99}, profit[] = {-1, -2, -3};
    struct rcx_threshold_curve curve;
    (void)state;
    rcx_threshold_curve_build(label, probability, profit, 3, &curve);
    assert_int_equal(curve.best_profit, RCX_THRESHOLD_POINTS - 1);
    assert_true(curve.points[curve.best_profit].profit == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_resample_is_the_weighted_measure),
        cmocka_unit_test(threads_do_not_change_a_bit),
        cmocka_unit_test(weights_are_poisson),
        cmocka_unit_test(intervals_have_the_right_width),
        cmocka_unit_test(one_class_is_not_defined),
        cmocka_unit_test(percentiles_are_linear),
        cmocka_unit_test(the_threshold_curve_counts),
        cmocka_unit_test(nothing_worth_acting_on_is_the_highest_threshold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
