#pragma once
/* What moves the delivered model, customer by customer: the data of a SHAP summary picture.
 *
 * Of a sample of the scored rows (every so manieth, so the same rows for the same table) the effects of
 * the strongest inputs on the log-odds: exact TreeSHAP of the trees times the weight of the blend, and
 * the distance of the start, P(no purchase in the horizon), from its mean, under the name
 * "behaviour_model". Of one row, all effects together are its distance from the mean prediction.
 *
 * Columns: feature, customer_id, value, value_rank (0 the lowest of the sample, 1 the highest, ties share
 * the mean; null when the value is missing), effect. Features by falling mean absolute effect. The
 * behaviour model has the start's rows alone, other models without parts (churn_reasons.h) none. */
#include "ml/tasks/churn/churn_reasons.h"

enum { RCX_CHURN_EFFECT_FEATURES = 12, RCX_CHURN_EFFECT_CUSTOMERS = 240 };

/*  customer  customer_id of the rows of the view
 * Errors: RCX_E_NOMEM. The caller releases *out. */
enum rcx_status rcx_churn_effects_table(const struct rcx_churn_model *model,
                                        const struct rcx_churn_view *view,
                                        const struct rcx_column *customer, struct rcx_table *out,
                                        struct rcx_error *err);
