#pragma once
/* What acting on "probability >= threshold" gives, for the thresholds 0, 0.01, ..., 1: who is acted
 * on, how right that is, and what it earns. The best threshold by each measure is a point of the same
 * curve; of several equally good ones the highest (fewest are acted on). */
#include <stddef.h>

enum { RCX_THRESHOLD_POINTS = 101 };

struct rcx_threshold_point {
    double threshold;
    double true_positives, false_positives, false_negatives, true_negatives;
    double precision; /* NaN: nobody is acted on */
    double recall;    /* NaN: no positive row */
    double f1, f2;    /* 0 without true positives */
    double youden;    /* recall + specificity - 1; NaN with one class only */
    double profit;    /* sum of the rows acted on */
};

struct rcx_threshold_curve {
    struct rcx_threshold_point points[RCX_THRESHOLD_POINTS];
    size_t best_profit, best_f1, best_f2, best_youden; /* indices */
};

/*  label        0 and 1
 *  profit       of acting on the row, its label known; NULL: all 0 */
void rcx_threshold_curve_build(const double *label, const double *probability, const double *profit,
                               size_t count, struct rcx_threshold_curve *out);
