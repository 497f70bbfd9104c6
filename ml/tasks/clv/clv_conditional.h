#pragma once
/* What a customer brings within the value horizon given that he buys within the churn horizon (v1), and
 * given that he does not (v0): one regression on each of the two groups of training rows. The campaign
 * plan multiplies by the churn probability, so a value that holds churn already would count it twice.
 *
 * Boosted trees (tweedie) on targets of at least 0; the mean of the group where it has too few rows or
 * revenues. v0 is kept at or below v1. Customers without a feature row: the behaviour model's value times
 * (sum of targets / sum of it) of the group. */
#include "ml/tasks/clv/clv_fit.h"

struct rcx_clv_conditional { /* by RCX_CLV_LAPSED, RCX_CLV_ACTIVE */
    size_t rows[2], positive[2];
    double mean[2];
    double ratio[2]; /* to the behaviour model's value */
    struct rcx_gbdt_model trees[2];
};

/* Rows whose churn label or target is not known are left out. Errors: RCX_E_NOMEM, RCX_E_INTERRUPTED.
 * The caller releases *out. */
enum rcx_status rcx_clv_conditional_train(const struct rcx_clv_data *data, size_t train_rows,
                                          size_t horizon, const struct rcx_parallel *parallel,
                                          struct rcx_clv_conditional *out, struct rcx_error *err);
/* out_limited: rows whose v0 was lowered to v1; may be NULL. */
enum rcx_status rcx_clv_conditional_predict(const struct rcx_clv_conditional *conditional,
                                            const struct rcx_clv_view *view,
                                            const struct rcx_parallel *parallel, double *out_active,
                                            double *out_lapsed, size_t *out_limited,
                                            struct rcx_error *err);
void rcx_clv_conditional_release(struct rcx_clv_conditional *conditional); /* zero is fine */
