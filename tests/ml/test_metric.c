/* Every measure beside its definition, written as short as possible. */
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ml/metrics/metric.h"
#include "ml/metrics/reliability.h"

enum { MOST = 70001 };

struct sample {
    size_t count;
    double label[MOST], score[MOST], weight[MOST];
};

/* Scores on a grid, so that there are ties; labels 0 and 1; weights 0, 1, 2. */
static void make(struct sample *sample, size_t count, uint64_t seed, unsigned grid)
{
    struct check_random random = {seed};
    sample->count = count;
    for (size_t i = 0; i < count; i++) {
        sample->score[i] = floor(check_unit(&random) * grid) / grid;
        sample->label[i] = check_unit(&random) < 0.2 + 0.6 * sample->score[i];
        sample->weight[i] = floor(check_unit(&random) * 3);
    }
}

static struct sample *new_sample(void)
{
    struct sample *sample = calloc(1, sizeof *sample);
    assert_non_null(sample);
    return sample;
}

static struct rcx_scored rows_of(const struct sample *sample, bool weighted)
{
    return (struct rcx_scored){sample->label, sample->score, weighted ? sample->weight : NULL,
                               sample->count};
}

static double value(const char *name, struct rcx_scored rows, double parameter)
{
    struct rcx_error err = {0};
    double out = -12345;
    const struct rcx_metric *metric = rcx_metric_find(name);
    assert_non_null(metric);
    assert_int_equal(rcx_metric_value(metric, &rows, parameter, NULL, &out, &err), RCX_OK);
    return out;
}

static void same(double a, double b)
{
    if (isnan(a) || isnan(b))
        assert_true(isnan(a) && isnan(b));
    else
        assert_true(fabs(a - b) <= 1e-12 * fmax(1, fmax(fabs(a), fabs(b))));
}

static double weight_of(struct rcx_scored rows, size_t i)
{
    return rows.weight ? rows.weight[i] : 1;
}

static double auc_by_pairs(struct rcx_scored rows)
{
    double won = 0, pairs = 0;
    for (size_t i = 0; i < rows.count; i++) {
        for (size_t j = 0; j < rows.count; j++) {
            double w = weight_of(rows, i) * weight_of(rows, j);
            if (rows.label[i] != 1 || rows.label[j] != 0)
                continue;
            pairs += w;
            won += w * (rows.score[i] > rows.score[j]    ? 1
                        : rows.score[i] == rows.score[j] ? .5
                                                         : 0);
        }
    }
    return pairs > 0 ? won / pairs : NAN;
}

/* Mean over the positive rows of the precision at their score. */
static double average_precision_by_rows(struct rcx_scored rows)
{
    double sum = 0, positive = 0;
    for (size_t i = 0; i < rows.count; i++) {
        double hits = 0, all = 0;
        if (rows.label[i] != 1 || weight_of(rows, i) == 0)
            continue;
        for (size_t j = 0; j < rows.count; j++) {
            if (rows.score[j] >= rows.score[i]) {
                hits += weight_of(rows, j) * rows.label[j];
                all += weight_of(rows, j);
            }
        }
        sum += weight_of(rows, i) * hits / all;
        positive += weight_of(rows, i);
    }
    return positive > 0 ? sum / positive : NAN;
}

static double ece_by_bins(struct rcx_scored rows)
{
    double sum = 0, all = 0;
    for (int b = 0; b < 10; b++) {
        double gap = 0;
        for (size_t i = 0; i < rows.count; i++) {
            if ((int)fmin(9, floor(rows.score[i] * 10)) == b)
                gap += weight_of(rows, i) * (rows.score[i] - rows.label[i]);
        }
        sum += fabs(gap);
    }
    for (size_t i = 0; i < rows.count; i++)
        all += weight_of(rows, i);
    return all > 0 ? sum / all : NAN;
}

static void ranked_measures_equal_their_definitions(void **state)
{
    struct sample *sample = new_sample();
    (void)state;
    for (size_t count = 0; count < 200; count++) {
        make(sample, count, count + 1, count % 3 == 0 ? 1000000 : 12);
        for (int weighted = 0; weighted < 2; weighted++) {
            struct rcx_scored rows = rows_of(sample, weighted);
            same(value("auc", rows, 0), auc_by_pairs(rows));
            same(value("average_precision", rows, 0), average_precision_by_rows(rows));
            same(value("ece", rows, 0), ece_by_bins(rows));
            same(value("gini", rows, 0), 2 * auc_by_pairs(rows) - 1);
        }
    }
    free(sample);
}

/* Weights are repeated rows, in every measure. */
static void a_weight_is_a_repeated_row(void **state)
{
    struct sample *sample = new_sample(), *repeated = new_sample();
    (void)state;
    for (size_t count = 5; count < 300; count += 7) {
        make(sample, count, count, 20);
        repeated->count = 0;
        for (size_t i = 0; i < count; i++) {
            sample->score[i] = sample->score[i] * .9 + .05;
            for (int k = 0; k < (int)sample->weight[i]; k++) {
                repeated->label[repeated->count] = sample->label[i];
                repeated->score[repeated->count++] = sample->score[i];
            }
        }
        for (size_t m = 0; rcx_metric_name_at(m); m++) {
            double parameter = strcmp(rcx_metric_name_at(m), "tweedie") == 0 ? 1.5 : .3;
            same(value(rcx_metric_name_at(m), rows_of(sample, true), parameter),
                 value(rcx_metric_name_at(m), rows_of(repeated, false), parameter));
        }
    }
    free(sample);
    free(repeated);
}

static void the_order_of_rows_does_not_matter(void **state)
{
    struct sample *sample = new_sample(), *shuffled = new_sample();
    struct check_random random = {9};
    (void)state;
    make(sample, 500, 3, 15);
    *shuffled = *sample;
    for (size_t i = sample->count; i > 1; i--) {
        size_t j = check_next(&random) % i;
        double *arrays[] = {shuffled->label, shuffled->score, shuffled->weight};
        for (int a = 0; a < 3; a++) {
            double keep = arrays[a][i - 1];
            arrays[a][i - 1] = arrays[a][j];
            arrays[a][j] = keep;
        }
    }
    for (size_t m = 0; rcx_metric_name_at(m); m++)
        same(value(rcx_metric_name_at(m), rows_of(sample, true), 1.5),
             value(rcx_metric_name_at(m), rows_of(shuffled, true), 1.5));
    free(sample);
    free(shuffled);
}

static void losses_are_what_they_say(void **state)
{
    double label[] = {1, 0, 1, 0}, score[] = {.8, .3, 0, 1}, amount[] = {2, 0, 5, 3};
    double guess[] = {1, 2, 4, 3};
    struct rcx_scored binary = {label, score, NULL, 4}, amounts = {amount, guess, NULL, 4};
    (void)state;
    double end = -log(0x1p-52);
    same(value("binary_logloss", binary, 0), (-log(.8) - log(.7) + 2 * end) / 4);
    same(value("brier", binary, 0), (.04 + .09 + 1 + 1) / 4);
    same(value("l1", amounts, 0), 1);
    same(value("l2", amounts, 0), (1 + 4 + 1 + 0) / 4.0);
    same(value("rmse", amounts, 0), sqrt(1.5));
    same(value("r2", amounts, 0), 1 - 6 / (.25 + 6.25 + 6.25 + .25));
    same(value("quantile", amounts, .9), (.9 * 1 + .1 * 2 + .9 * 1) / 4);
    same(value("tweedie", amounts, 1), 2 * ((2 * log(2) - 1) + 2 + (5 * log(1.25) - 1) + 0) / 4);
    same(value("spearman", amounts, 0), .8);
}

static void the_undefined_is_nan(void **state)
{
    double ones[] = {1, 1}, zeros[] = {0, 0}, score[] = {.2, .4}, bad[] = {.2, NAN};
    double negative[] = {-1, 2};
    (void)state;
    assert_true(isnan(value("auc", (struct rcx_scored){ones, score, NULL, 2}, 0)));
    assert_true(isnan(value("auc", (struct rcx_scored){zeros, score, NULL, 2}, 0)));
    assert_true(isnan(value("average_precision", (struct rcx_scored){zeros, score, NULL, 2}, 0)));
    assert_true(isnan(value("gini", (struct rcx_scored){ones, score, NULL, 2}, 0)));
    assert_true(isnan(value("spearman", (struct rcx_scored){ones, score, NULL, 2}, 0)));
    assert_true(isnan(value("tweedie", (struct rcx_scored){negative, score, NULL, 2}, 1.5)));
    same(value("r2", (struct rcx_scored){ones, ones, NULL, 2}, 0), 1);
    same(value("r2", (struct rcx_scored){ones, score, NULL, 2}, 0), 0);
    for (size_t m = 0; rcx_metric_name_at(m); m++) {
        const char *name = rcx_metric_name_at(m);
        assert_true(isnan(value(name, (struct rcx_scored){ones, bad, NULL, 2}, 1.5)));
        assert_true(isnan(value(name, (struct rcx_scored){ones, score, NULL, 0}, 1.5)));
    }
    assert_null(rcx_metric_find("accuracy"));
}

static void threads_do_not_change_a_bit(void **state)
{
    struct sample *sample = new_sample();
    const struct rcx_parallel many = {.threads = 4};
    (void)state;
    make(sample, MOST, 5, 5000);
    struct rcx_scored rows = rows_of(sample, true);
    for (size_t m = 0; rcx_metric_name_at(m); m++) {
        const struct rcx_metric *metric = rcx_metric_find(rcx_metric_name_at(m));
        double one = value(rcx_metric_name_at(m), rows, .7), other = 0;
        assert_int_equal(rcx_metric_value(metric, &rows, .7, &many, &other, NULL), RCX_OK);
        assert_memory_equal(&one, &other, sizeof one);
    }
    free(sample);
}

static void gains_are_linear_within_ties(void **state)
{
    /* two steps: 4 rows of score 2 with 3 ones, 6 rows of score 1 with 1 one */
    double score[] = {2, 2, 2, 2, 1, 1, 1, 1, 1, 1}, label[] = {1, 1, 1, 0, 1, 0, 0, 0, 0, 0};
    const double shares[] = {.1, .4, .5, 1};
    const double captured[] = {.75, 3, 3 + 1 / 6.0, 4};
    struct rcx_top_share top[4];
    struct rcx_ranking ranking = {0};
    (void)state;
    assert_int_equal(rcx_ranking_build(score, 10, NULL, &ranking, NULL), RCX_OK);
    rcx_ranking_gains(&ranking, label, NULL, shares, 4, top);
    for (int i = 0; i < 4; i++) {
        same(top[i].captured, captured[i]);
        same(top[i].precision, captured[i] / (shares[i] * 10));
        same(top[i].lift, top[i].precision / .4);
        same(top[i].recall, captured[i] / 4);
    }
    rcx_ranking_release(&ranking);
}

/* Sorted, a permutation, stable, ties marked; over one radix run, several, and odd numbers of runs. */
static void rankings_are_sorted(void **state)
{
    static const size_t counts[] = {0, 1, 2, 47, 300, 65536, 65537, MOST, 200003};
    (void)state;
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        size_t count = counts[c];
        struct check_random random = {c};
        double *score = calloc(count + 1, sizeof *score);
        struct rcx_ranking ranking = {0};
        assert_non_null(score);
        for (size_t i = 0; i < count; i++) {
            score[i] = floor(check_unit(&random) * 3000) - 1500;
            score[i] = score[i] == 0 && i % 2 ? -0.0 : score[i];
        }
        const struct rcx_parallel two = {.threads = 2};
        assert_int_equal(rcx_ranking_build(score, count, &two, &ranking, NULL), RCX_OK);
        for (size_t i = 0; i + 1 < count; i++) {
            uint32_t a = ranking.order[i], b = ranking.order[i + 1];
            assert_true(score[a] > score[b] || (score[a] == score[b] && a < b));
            assert_int_equal(ranking.ends[i], score[a] != score[b]);
        }
        assert_true(count == 0 || ranking.ends[count - 1] == 1);
        rcx_ranking_release(&ranking);
        free(score);
    }
}

static void memory_that_runs_out_is_an_error(void **state)
{
    struct sample *sample = new_sample();
    (void)state;
    make(sample, 100, 1, 50);
    struct rcx_scored rows = rows_of(sample, false);
    for (size_t m = 0; rcx_metric_name_at(m); m++) {
        const struct rcx_metric *metric = rcx_metric_find(rcx_metric_name_at(m));
        enum rcx_status status = RCX_E_NOMEM;
        for (uint64_t k = 1; status != RCX_OK; k++) {
            double out = 7;
            rcx_memory_fail_at(k);
            status = rcx_metric_value(metric, &rows, 1.5, NULL, &out, NULL);
            rcx_memory_fail_at(0);
            assert_true(status == RCX_OK || (status == RCX_E_NOMEM && out == 7));
            assert_true(k < 20);
        }
    }
    free(sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranked_measures_equal_their_definitions),
        cmocka_unit_test(a_weight_is_a_repeated_row),
        cmocka_unit_test(the_order_of_rows_does_not_matter),
        cmocka_unit_test(losses_are_what_they_say),
        cmocka_unit_test(the_undefined_is_nan),
        cmocka_unit_test(threads_do_not_change_a_bit),
        cmocka_unit_test(gains_are_linear_within_ties),
        cmocka_unit_test(rankings_are_sorted),
        cmocka_unit_test(memory_that_runs_out_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
