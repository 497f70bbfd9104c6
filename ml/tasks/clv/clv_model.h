#pragma once
/* The delivered model: what values customers, and how it is kept.
 *
 * Files: trees in LightGBM's text format (the delivered candidate's, or those of tweedie_offset when a
 * simple one is delivered; quantiles; the two groups; P(any revenue) of the hurdle) and a JSON document
 * with all else: candidate, inputs in order, factor, smearing, limits, how intervals are moved. */
#include "base/buf.h"
#include "ml/tasks/clv/clv_evaluate.h"

struct rcx_clv_model {
    enum rcx_clv_candidate chosen, trees; /* trees: of which the file holds the trees */
    struct rcx_clv_fit fit;
    struct rcx_gbdt_model quantiles[RCX_CLV_QUANTILES];
    struct rcx_clv_conformal conformal;
    struct rcx_clv_conditional conditional;
    size_t train_rows, train_snapshots;
    const struct rcx_clv_data *data; /* borrowed: inputs, horizon */
};
/* Trains on every row whose asked target is known. Errors: RCX_E_NOMEM, RCX_E_INTERRUPTED. */
enum rcx_status rcx_clv_model_train(const struct rcx_clv_data *data,
                                    const struct rcx_clv_evaluation *evaluation,
                                    const struct rcx_parallel *parallel, struct rcx_clv_model *out,
                                    struct rcx_error *err);
void rcx_clv_model_release(struct rcx_clv_model *model); /* zero is fine */

enum rcx_clv_text {
    RCX_CLV_TEXT_TREES,
    RCX_CLV_TEXT_Q10,
    RCX_CLV_TEXT_Q50,
    RCX_CLV_TEXT_Q90,
    RCX_CLV_TEXT_ACTIVE,
    RCX_CLV_TEXT_LAPSED,
    RCX_CLV_TEXT_DOCUMENT,
    RCX_CLV_TEXT_ANY, /* empty unless the hurdle is delivered */
    RCX_CLV_TEXTS
};
enum rcx_status rcx_clv_model_format(const struct rcx_clv_model *model,
                                     struct rcx_buf out[RCX_CLV_TEXTS], struct rcx_error *err);
