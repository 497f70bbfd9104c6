#include "ml/metrics/threshold_curve.h"

#include <math.h>
#include <string.h>

enum { STEPS = RCX_THRESHOLD_POINTS - 1 };

static double threshold_at(size_t step)
{
    return (double)step / STEPS;
}

/* The highest threshold that the probability reaches. */
static size_t step_of(double probability)
{
    double at = probability * STEPS;
    size_t step = at >= STEPS ? STEPS : at > 0 ? (size_t)at : 0;
    while (step < STEPS && threshold_at(step + 1) <= probability)
        step++;
    while (step > 0 && threshold_at(step) > probability)
        step--;
    return step;
}

static void finish(struct rcx_threshold_point *point, double positive, double negative)
{
    double acted = point->true_positives + point->false_positives;
    double hits = point->true_positives;
    point->false_negatives = positive - hits;
    point->true_negatives = negative - point->false_positives;
    point->precision = acted > 0 ? hits / acted : (double)NAN;
    point->recall = positive > 0 ? hits / positive : (double)NAN;
    point->f1 = hits > 0 ? 2 * hits / (acted + positive) : 0;
    point->f2 = hits > 0 ? 5 * hits / (acted + 4 * positive) : 0;
    point->youden = positive > 0 && negative > 0 ? point->recall - point->false_positives / negative
                                                 : (double)NAN;
}

static size_t best_of(const struct rcx_threshold_curve *curve, size_t member)
{
    size_t best = 0;
    double most = -INFINITY;
    for (size_t k = 0; k < RCX_THRESHOLD_POINTS; k++) {
        double value;
        memcpy(&value, (const char *)&curve->points[k] + member, sizeof value);
        if (value >= most) {
            most = value;
            best = k;
        }
    }
    return best;
}

void rcx_threshold_curve_build(const double *label, const double *probability, const double *profit,
                               size_t count, struct rcx_threshold_curve *out)
{
    double positive = 0;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < count; i++) {
        struct rcx_threshold_point *point = &out->points[step_of(probability[i])];
        point->true_positives += label[i] != 0;
        point->false_positives += label[i] == 0;
        point->profit += profit ? profit[i] : 0;
        positive += label[i] != 0;
    }
    for (size_t k = STEPS; k-- > 0;) {
        out->points[k].true_positives += out->points[k + 1].true_positives;
        out->points[k].false_positives += out->points[k + 1].false_positives;
        out->points[k].profit += out->points[k + 1].profit;
    }
    for (size_t k = 0; k < RCX_THRESHOLD_POINTS; k++) {
        out->points[k].threshold = threshold_at(k);
        finish(&out->points[k], positive, (double)count - positive);
    }
    out->best_profit = best_of(out, offsetof(struct rcx_threshold_point, profit));
    out->best_f1 = best_of(out, offsetof(struct rcx_threshold_point, f1));
    out->best_f2 = best_of(out, offsetof(struct rcx_threshold_point, f2));
    out->best_youden = best_of(out, offsetof(struct rcx_threshold_point, youden));
}
