/* The weights of the blend beside a search over a grid. */
#include "tests/support/check.h"

#include <math.h>

#include "ml/metrics/metric.h"
#include "ml/tasks/churn/churn_blend.h"

enum { ROWS = 600, GRID = 25 };

struct rows {
    double behaviour[ROWS], trees[ROWS], regression[ROWS], label[ROWS];
};

/* A truth between the three, and parts that know more or less of it. */
static void draw(struct check_random *random, double noise, struct rows *out)
{
    for (size_t i = 0; i < ROWS; i++) {
        double truth = 4 * check_unit(random) - 2;
        out->behaviour[i] = truth + noise * (check_unit(random) - .5);
        out->trees[i] = (truth - out->behaviour[i]) * check_unit(random);
        out->regression[i] = truth + 3 * (check_unit(random) - .5);
        out->label[i] = check_unit(random) < rcx_sigmoid(truth);
    }
}

static double loss(const struct rows *rows, double trees, double regression)
{
    double sum = 0;
    for (size_t i = 0; i < ROWS; i++) {
        double z = rows->behaviour[i] + trees * rows->trees[i] +
                   regression * (rows->regression[i] - rows->behaviour[i]);
        sum += rcx_log_loss_of(rows->label[i], rcx_sigmoid(z));
    }
    return sum / ROWS + .005 * (trees * trees + regression * regression);
}

static void weights_are_the_best_of_the_square(void **state)
{
    struct check_random random = {17};
    static struct rows rows;
    unsigned inside = 0, at_edge = 0;
    (void)state;
    for (int trial = 0; trial < 24; trial++) {
        struct rcx_churn_blend blend = {0};
        double best = INFINITY;
        draw(&random, trial % 8, &rows);
        rcx_churn_blend_solve(rows.behaviour, rows.trees, rows.regression, rows.label, ROWS,
                              &blend);
        assert_true(blend.trees >= 0 && blend.trees <= 1);
        assert_true(blend.regression >= 0 && blend.regression <= 1);
        for (int a = 0; a <= GRID; a++) {
            for (int b = 0; b <= GRID; b++)
                best = fmin(best, loss(&rows, (double)a / GRID, (double)b / GRID));
        }
        assert_true(loss(&rows, blend.trees, blend.regression) <= best + 1e-9);
        if (blend.trees > 0 && blend.trees < 1 && blend.regression > 0 && blend.regression < 1)
            inside++;
        else
            at_edge++;
    }
    assert_true(inside > 3 && at_edge > 3);
}

static void parts_that_say_the_same_get_nothing(void **state)
{
    struct check_random random = {3};
    static struct rows rows;
    struct rcx_churn_blend blend = {0};
    (void)state;
    draw(&random, 2, &rows);
    for (size_t i = 0; i < ROWS; i++) {
        rows.trees[i] = 0;
        rows.regression[i] = rows.behaviour[i];
    }
    rcx_churn_blend_solve(rows.behaviour, rows.trees, rows.regression, rows.label, ROWS, &blend);
    assert_true(blend.trees == 0 && blend.regression == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_the_best_of_the_square),
        cmocka_unit_test(parts_that_say_the_same_get_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
