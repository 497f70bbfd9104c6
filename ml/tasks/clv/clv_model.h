#pragma once
/* The delivered model: what values customers, and how it is kept.
 *
 * Files: trees in LightGBM's text format (the delivered candidate's, or those of tweedie_offset when a
 * simple one is delivered; quantiles; the two groups; P(any revenue) of the hurdle) and a JSON document
 * with all else: candidate, inputs in order, factor, smearing, limits, how intervals are moved, and the
 * digests of the trees' files, so that they are not mixed up. */
#include "base/buf.h"
#include "base/json_read.h"
#include "ml/tasks/clv/clv_evaluate.h"

struct rcx_clv_model {
    enum rcx_clv_candidate chosen, trees; /* trees: of which the file holds the trees */
    struct rcx_clv_fit fit;
    struct rcx_gbdt_model quantiles[RCX_CLV_QUANTILES];
    struct rcx_clv_conformal conformal;
    struct rcx_clv_conditional conditional;
    struct rcx_churn_inputs inputs;
    int32_t horizon_days;
    double total_ratio; /* clv_totals.h; NaN: not known, calibrated values are null */
    size_t train_rows, train_snapshots;
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

/* Name of a text's file in the folder of models. */
const char *rcx_clv_text_file(enum rcx_clv_text text);
/* `name` is for messages; texts of files that are not there are empty. Errors: RCX_E_CORRUPT (a member
 * is missing or out of range, or trees are others than the document says), those of
 * rcx_gbdt_model_parse, RCX_E_NOMEM. The caller releases *out. */
enum rcx_status rcx_clv_model_parse(const char *name, const struct rcx_json_value *document,
                                    const struct rcx_buf texts[RCX_CLV_TEXTS],
                                    struct rcx_clv_model *out, struct rcx_error *err);
