#pragma once
/* How good the candidates are, and what is chosen: the test, the rolling origins, calibration,
 * threshold.
 *
 * An origin is a snapshot at which models are judged that were trained on what may train for it (see
 * ml/split). Whatever is chosen for an origin, the candidate, the number of trees, a calibration, uses
 * only labels that are complete before its cutoff:
 *   candidate    churn.model auto: the lowest mean log loss over the earlier origins whose labels are
 *                complete; the blend without such origins, and when nothing beats it
 *   trees        early stopping on V (see ml/split) when the rows allow it, scaled from its training
 *                rows to those of the origin
 *   calibration  churn.calibration auto: fitted on earlier origins and judged on later ones; used only
 *                when it lowered the log loss at each of at least two
 * The delivered model takes the candidate and the calibration from all origins, the number of trees
 * and the threshold from the test's V. */
#include "ml/linear/calibration.h"
#include "ml/metrics/bootstrap.h"
#include "ml/metrics/threshold_curve.h"
#include "ml/tasks/churn/churn_blend.h"
#include "ml/tasks/origins.h"

/* What an action costs and brings (pipeline.md section 8). */
struct rcx_churn_economics {
    double cost, save_rate, discount; /* of the tier */
    double margin, redemption;
};

enum { RCX_CHURN_DELIVERED = RCX_CHURN_CANDIDATES, RCX_CHURN_JUDGED };

struct rcx_churn_origin {
    struct rcx_origin at;
    bool trees_chosen; /* by early stopping */
    uint32_t tree_count;
    double positive_weight;
    struct rcx_churn_blend blend;
    enum rcx_churn_candidate chosen;
    struct rcx_calibration calibration;
    double *probability[RCX_CHURN_JUDGED]; /* [rows] by candidate, then the delivered; one block */
    double metrics[RCX_CHURN_JUDGED][RCX_BINARY_METRIC_COUNT];
};

struct rcx_churn_threshold {
    bool chosen; /* on the validation snapshot; else churn.threshold, and the curve is the test's */
    rcx_day day; /* of the curve's rows */
    size_t rows;
    double threshold;
    double value_churned, value_retained; /* v0, v1: mean revenue of the value horizon */
    int32_t value_days;                   /* 0: no value horizon was complete, both are 0 */
    double order_value;                   /* mean a */
    struct rcx_threshold_curve curve;
    struct rcx_threshold_curve test_curve; /* the same when nothing was chosen */
};

struct rcx_churn_evaluation {
    struct rcx_split split;
    size_t origin_count;
    struct rcx_churn_origin *origins; /* by date; the last one is the test */
    size_t counted;                   /* origins of the means */
    double mean[RCX_CHURN_JUDGED][RCX_BINARY_METRIC_COUNT];
    struct rcx_bootstrap bootstrap; /* at the test, RCX_CHURN_JUDGED models */
    struct rcx_churn_fit test_fit;  /* the model that was tested */
    /* for the delivered model */
    enum rcx_churn_candidate chosen;
    struct rcx_calibration calibration;
    uint32_t tree_count;
    struct rcx_churn_threshold threshold;
};

struct rcx_churn_evaluate_options {
    struct rcx_churn_economics economics;
    uint64_t seed;
    struct rcx_parallel parallel;
};

/* Errors: RCX_E_INPUT (no snapshot with labels, nothing that may train for the test, one class: with
 * the dates or keys that would help), RCX_E_INTERNAL (a leak), RCX_E_NOMEM. The caller releases *out. */
enum rcx_status rcx_churn_evaluate(const struct rcx_churn_trainer *trainer,
                                   const struct rcx_churn_evaluate_options *options,
                                   struct rcx_churn_evaluation *out, struct rcx_error *err);
void rcx_churn_evaluation_release(struct rcx_churn_evaluation *evaluation); /* zero is fine */

const struct rcx_churn_origin *rcx_churn_test(const struct rcx_churn_evaluation *evaluation);
/* "blend" ... or "delivered". */
const char *rcx_churn_judged_name(size_t judged);
