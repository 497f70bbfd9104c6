#pragma once
/* The delivered churn model: what scores customers, and how it is kept.
 *
 * Two files: the trees in LightGBM's text format, and a JSON document with all else: the candidate, the
 * inputs in order, where the trees start, blend, coefficients of a regression, calibration, threshold,
 * horizon. The document names the digest of the trees, so the two are not mixed up.
 *
 *     probability = calibration(sigmoid(start + blend x sum of trees))       blend, trees
 *     start       = initial_score, the log-odds of P(no purchase in the horizon)
 *
 * LightGBM's raw score of the trees' file plus initial_score is the log-odds of `trees`. */
#include "base/buf.h"
#include "base/json_read.h"
#include "ml/linear/calibration.h"
#include "ml/tasks/churn/churn_fit.h"

struct rcx_churn_model {
    enum rcx_churn_candidate chosen;
    struct rcx_churn_fit fit; /* the chosen candidate and the trees */
    struct rcx_calibration calibration;
    double threshold;
    int64_t horizon_days, gap_days;
    struct rcx_churn_inputs inputs;
    double mean_offset; /* of the training rows: what reasons are measured from */
};
void rcx_churn_model_release(struct rcx_churn_model *model); /* zero is fine */

/* Errors of all: RCX_E_NOMEM. */
enum rcx_status rcx_churn_model_format(const struct rcx_churn_model *model, struct rcx_buf *trees,
                                       struct rcx_buf *document, struct rcx_error *err);
/* `name` is for messages. Errors: RCX_E_CORRUPT (a member is missing or out of range, or the trees are
 * others than the document says), those of rcx_gbdt_model_parse. The caller releases *out. */
enum rcx_status rcx_churn_model_parse(const char *name, const struct rcx_json_value *document,
                                      const void *trees, size_t tree_bytes,
                                      struct rcx_churn_model *out, struct rcx_error *err);

/* Probabilities of rows; sums of the trees when `tree_sum` is not NULL. */
enum rcx_status rcx_churn_model_predict(const struct rcx_churn_model *model,
                                        const struct rcx_churn_view *view,
                                        const struct rcx_parallel *parallel, double *probability,
                                        double *tree_sum, struct rcx_error *err);
