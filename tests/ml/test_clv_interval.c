/* Intervals, measures and expected values beside references as short as possible. */
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "ml/tasks/clv/clv_interval.h"
#include "ml/tasks/clv/clv_metrics.h"

static void expected_values_are_exact_at_the_anchors(void **state)
{
    const int32_t days[RCX_CLV_ANCHORS] = {30, 90, 180, 120};
    const double purchases[RCX_CLV_ANCHORS][2] = {{1, 0}, {2.5, 0}, {4, 0}, {3.1, 0}};
    const double *const views[RCX_CLV_ANCHORS] = {purchases[0], purchases[1], purchases[2],
                                                  purchases[3]};
    const double order[2] = {10, 20};
    double out[2];
    (void)state;
    for (size_t a = 0; a < RCX_CLV_ANCHORS; a++) {
        rcx_clv_expected(days, views, order, 2, days[a], out);
        assert_true(out[0] == purchases[a][0] * 10 && out[1] == 0);
    }
    rcx_clv_expected(days, views, order, 2, 60, out); /* log-log between 30 and 90 */
    assert_true(fabs(out[0] - 10 * pow(2.5, log(2) / log(3))) < 1e-12);
    rcx_clv_expected(days, views, order, 2, 15, out);
    assert_true(fabs(out[0] - 5) < 1e-12);
}

enum { ROWS = 4000, PARTS = 4 };

struct made {
    struct rcx_clv_ranges ranges;
    double values[6 * ROWS], target[ROWS];
};

/* Targets of which so many are 0; quantiles that are too narrow, or too wide, by a factor. */
static struct made *make(uint64_t seed, double zeros, double factor)
{
    struct made *made = calloc(1, sizeof *made);
    struct check_random random = {seed};
    assert_non_null(made);
    made->ranges.rows = ROWS;
    for (size_t q = 0; q < RCX_CLV_QUANTILES; q++)
        made->ranges.quantile[q] = made->values + q * ROWS;
    made->ranges.low = made->values + 3 * ROWS;
    made->ranges.high = made->values + 4 * ROWS;
    for (size_t i = 0; i < ROWS; i++) {
        double level = 10 + 90 * check_unit(&random);
        made->target[i] = check_unit(&random) < zeros ? 0 : level * 2 * check_unit(&random);
        made->ranges.quantile[0][i] = zeros > .1 ? 0 : level * .2;
        made->ranges.quantile[1][i] = zeros > .5 ? 0 : level;
        made->ranges.quantile[2][i] = level * 1.8 * factor;
    }
    return made;
}

static double covered(const struct made *made)
{
    size_t within = 0;
    for (size_t i = 0; i < ROWS; i++) {
        double low = made->ranges.low[i], high = made->ranges.high[i];
        assert_true(low >= 0 && low <= made->ranges.quantile[1][i] &&
                    made->ranges.quantile[1][i] <= high);
        within += made->target[i] >= low && made->target[i] <= high;
    }
    return (double)within / ROWS;
}

static void intervals_hold_what_is_wanted(void **state)
{
    static const double zeros[] = {0, .3, .6}, factors[] = {.5, 1, 2};
    (void)state;
    for (size_t k = 0; k < 9; k++) {
        struct made *made[PARTS + 1];
        struct rcx_clv_part parts[PARTS];
        struct rcx_clv_conformal conformal = {0};
        for (size_t p = 0; p <= PARTS; p++)
            made[p] = make(100 * k + p, zeros[k / 3], factors[k % 3]);
        for (size_t p = 0; p < PARTS; p++)
            parts[p] = (struct rcx_clv_part){&made[p]->ranges, made[p]->target};
        assert_int_equal(rcx_clv_conformal_fit(parts, PARTS, .8, &conformal, NULL), RCX_OK);
        assert_int_equal(conformal.rows, PARTS * ROWS);
        assert_int_equal(conformal.groups, RCX_CLV_GROUPS);
        rcx_clv_ranges_move(&conformal, &made[PARTS]->ranges);
        assert_true(fabs(covered(made[PARTS]) - .8) < .03);
        for (size_t p = 0; p <= PARTS; p++)
            free(made[p]);
    }
}

/* An origin that needed more counts for more than its share; nothing known moves nothing. */
static void three_of_four_origins_are_held(void **state)
{
    struct made *made[PARTS];
    struct rcx_clv_part parts[PARTS];
    struct rcx_clv_conformal conformal = {0};
    (void)state;
    for (size_t p = 0; p < PARTS; p++) {
        made[p] = make(p, 0, p == 3 ? .5 : 1);
        parts[p] = (struct rcx_clv_part){&made[p]->ranges, made[p]->target};
    }
    rcx_clv_ranges_move(&conformal, &made[0]->ranges);
    assert_true(made[0]->ranges.high[7] == made[0]->ranges.quantile[2][7]);
    assert_int_equal(rcx_clv_conformal_fit(parts, PARTS, .8, &conformal, NULL), RCX_OK);
    rcx_clv_ranges_move(&conformal, &made[0]->ranges);
    double three = covered(made[0]);
    assert_int_equal(rcx_clv_conformal_fit(parts, 3, .8, &conformal, NULL), RCX_OK);
    rcx_clv_ranges_move(&conformal, &made[0]->ranges);
    assert_true(three >= covered(made[0]));
    for (size_t p = 0; p < PARTS; p++)
        free(made[p]);
}

static double plain_rank(const double *values, size_t count, size_t of)
{
    double below = 0, equal = 0;
    for (size_t i = 0; i < count; i++) {
        below += values[i] < values[of];
        equal += values[i] == values[of];
    }
    return below + (equal + 1) / 2;
}

static double plain_spearman(const double *a, const double *b, size_t count)
{
    double sa = 0, sb = 0, aa = 0, bb = 0, ab = 0;
    for (size_t i = 0; i < count; i++) {
        sa += plain_rank(a, count, i) / (double)count;
        sb += plain_rank(b, count, i) / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        double x = plain_rank(a, count, i) - sa, y = plain_rank(b, count, i) - sb;
        aa += x * x;
        bb += y * y;
        ab += x * y;
    }
    return ab / sqrt(aa * bb);
}

static void measures_are_what_they_say(void **state)
{
    enum { COUNT = 97 };
    double target[COUNT], value[COUNT], mean = 0, absolute = 0, squared = 0, spread = 0, total = 0;
    struct check_random random = {5};
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        target[i] = i % 4 == 0 ? 0 : i % 19 == 1 ? -7 : floor(40 * check_unit(&random));
        value[i] = floor(target[i] / 3 + 10 * check_unit(&random));
        mean += target[i] / COUNT;
    }
    for (size_t i = 0; i < COUNT; i++) {
        absolute += fabs(value[i] - target[i]) / COUNT;
        squared += (value[i] - target[i]) * (value[i] - target[i]) / COUNT;
        spread += (target[i] - mean) * (target[i] - mean) / COUNT;
        total += value[i];
    }
    const double *const values[] = {value, target};
    const struct rcx_clv_scored rows = {target, values, COUNT, 2};
    const struct rcx_bootstrap_options options = {.seed = 1, .resamples = 40, .parallel = {2}};
    struct rcx_clv_measures measures = {0};
    assert_int_equal(rcx_clv_measure(&rows, &options, &measures, NULL), RCX_OK);
    assert_true(fabs(rcx_clv_point(&measures, 0, RCX_CLV_MAE) - absolute) < 1e-12);
    assert_true(fabs(rcx_clv_point(&measures, 0, RCX_CLV_RMSE) - sqrt(squared)) < 1e-12);
    assert_true(fabs(rcx_clv_point(&measures, 0, RCX_CLV_R2) - (1 - squared / spread)) < 1e-12);
    assert_true(fabs(rcx_clv_point(&measures, 0, RCX_CLV_RELATIVE) - absolute / mean) < 1e-12);
    assert_true(fabs(rcx_clv_point(&measures, 0, RCX_CLV_TOTAL_ERROR) -
                     100 * (total / (mean * COUNT) - 1)) < 1e-9);
    assert_true(fabs(rcx_clv_point(&measures, 0, RCX_CLV_SPEARMAN) -
                     plain_spearman(value, target, COUNT)) < 1e-12);
    assert_true(fabs(rcx_clv_point(&measures, 1, RCX_CLV_GINI) - 1) < 1e-12);
    struct rcx_interval interval;
    assert_int_equal(rcx_clv_interval(&measures, 0, SIZE_MAX, RCX_CLV_MAE, &interval, NULL),
                     RCX_OK);
    assert_true(interval.low < absolute && absolute < interval.high);
    rcx_clv_measures_release(&measures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expected_values_are_exact_at_the_anchors),
        cmocka_unit_test(intervals_hold_what_is_wanted),
        cmocka_unit_test(three_of_four_origins_are_held),
        cmocka_unit_test(measures_are_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
