#pragma once
/* How good the candidates are, and what is chosen.
 *
 * An origin is a snapshot at which models are judged that were trained on what may train for it (see
 * ml/split). The horizon that is evaluated is clv.horizon_days when test, validation and training hold
 * clv.evaluation_rows each, else the longest one, in steps of 30 days, for which they do.
 *   candidate   clv.model auto: the lowest mean of MAE / mean target over the origins, the simpler one
 *               within clv.tolerance. At an origin itself "delivered" is what earlier origins would
 *               have chosen whose targets are complete before it (behaviour without one: it needs no targets).
 *   intervals   quantiles of what may train for an origin, moved by what was seen at all origins whose
 *               targets are complete before it (clv_interval.h)
 *   totals      as predicted, and scaled to the behaviour model's total times the ratio that was right
 *               before (clv_totals.h): told beside, not delivered, because seasons differ */
#include "ml/tasks/clv/clv_conditional.h"
#include "ml/tasks/clv/clv_interval.h"
#include "ml/tasks/clv/clv_metrics.h"
#include "ml/tasks/clv/clv_totals.h"
#include "ml/tasks/origins.h"

enum { RCX_CLV_DELIVERED = RCX_CLV_CANDIDATES, RCX_CLV_JUDGED };

struct rcx_clv_origin {
    struct rcx_origin at;  /* counts: with enough training rows, and revenue */
    size_t negative, zero; /* targets */
    double mean_target;
    enum rcx_clv_candidate chosen;
    double *value[RCX_CLV_JUDGED]; /* [rows] by candidate, then the delivered; one block */
    double metrics[RCX_CLV_JUDGED][RCX_CLV_METRIC_COUNT];
    double total_ratio;      /* clv_totals.h; NaN: no snapshot is known by then */
    double calibrated_total; /* total_error_pct of any model scaled to that total */
    struct rcx_clv_ranges ranges;
    struct rcx_clv_conformal conformal; /* that they were moved by; no rows: no origin before */
    double coverage; /* of the interval, a negative target as 0; NaN: not moved */
};

/* One of the two groups, at the test. */
struct rcx_clv_group_check {
    size_t rows;
    double mean_target, mean_value, mae;
    double mae_of_mean; /* of the training group's mean */
};

struct rcx_clv_evaluation {
    size_t horizon; /* index in the data */
    struct rcx_split split;
    size_t origin_count;
    struct rcx_clv_origin *origins; /* by date; the last one is the test */
    size_t counted;
    double mean[RCX_CLV_JUDGED][RCX_CLV_METRIC_COUNT];
    double mean_calibrated; /* absolute total error, over the origins that have one */
    double mean_coverage;   /* likewise */
    double mean_absolute_total[RCX_CLV_JUDGED];
    struct rcx_clv_measures measures; /* at the test */
    struct rcx_clv_fit test_fit;
    struct rcx_clv_group_check group[2];
    bool groups_checked;
    /* for the delivered model */
    enum rcx_clv_candidate chosen;
    struct rcx_clv_conformal delivered_conformal; /* from all origins that count */
    double delivered_total_ratio;                 /* from all snapshots of the asked horizon */
};

struct rcx_clv_evaluate_options {
    uint64_t seed;
    struct rcx_parallel parallel;
};
/* Errors: RCX_E_INPUT (no complete horizon, nothing that may train, no revenue: with the dates or keys
 * that would help), RCX_E_INTERNAL (a leak), RCX_E_NOMEM. The caller releases *out. */
enum rcx_status rcx_clv_evaluate(const struct rcx_clv_data *data,
                                 const struct rcx_clv_evaluate_options *options,
                                 struct rcx_clv_evaluation *out, struct rcx_error *err);
void rcx_clv_evaluation_release(struct rcx_clv_evaluation *evaluation); /* zero is fine */

const struct rcx_clv_origin *rcx_clv_test(const struct rcx_clv_evaluation *evaluation);
/* "mean" ... or "delivered". */
const char *rcx_clv_judged_name(size_t judged);
/* Rows of the data whose target is known for a horizon: the first so many. */
size_t rcx_clv_labelled_rows(const struct rcx_clv_data *data, size_t horizon);
