#pragma once
/* How good predicted values are, with intervals by resampling customers (ml/metrics/bootstrap.h).
 * Targets are taken as they are, negative ones too. All models see the same resamples, so differences
 * are paired. Same bits for any number of threads. */
#include "ml/metrics/bootstrap.h"

/* clang-format off */
/*       id             name */
#define RCX_CLV_METRICS(X)                                                                         \
    X(RMSE,        "rmse")                                                                         \
    X(MAE,         "mae")                                                                          \
    X(RELATIVE,    "mae_over_mean")   /* MAE / mean target: what is chosen by */                   \
    X(R2,          "r2")                                                                           \
    X(SPEARMAN,    "spearman")                                                                     \
    X(GINI,        "gini")            /* area of captured revenue over that of the perfect order */ \
    X(TOTAL_ERROR, "total_error_pct") /* 100 (sum of predictions / sum of targets - 1) */
/* clang-format on */
enum rcx_clv_metric {
#define X(id, name) RCX_CLV_##id,
    RCX_CLV_METRICS(X)
#undef X
        RCX_CLV_METRIC_COUNT
};
const char *rcx_clv_metric_name(enum rcx_clv_metric metric);

struct rcx_clv_scored {
    const double *target;
    const double *const *value; /* [models][count] */
    size_t count, models;
};

struct rcx_clv_measures {
    size_t models, resamples;
    double *points; /* [models][RCX_CLV_METRIC_COUNT]; NaN: not defined */
    double *values; /* [models][RCX_CLV_METRIC_COUNT][resamples] */
};
/* Errors: RCX_E_NOMEM, RCX_E_INTERRUPTED. The caller releases *out. */
enum rcx_status rcx_clv_measure(const struct rcx_clv_scored *rows,
                                const struct rcx_bootstrap_options *options,
                                struct rcx_clv_measures *out, struct rcx_error *err);
void rcx_clv_measures_release(struct rcx_clv_measures *measures); /* zero is fine */
double rcx_clv_point(const struct rcx_clv_measures *measures, size_t model,
                     enum rcx_clv_metric metric);
/* Of `model`, less that of `other` unless it is SIZE_MAX. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_clv_interval(const struct rcx_clv_measures *measures, size_t model,
                                 size_t other, enum rcx_clv_metric metric, struct rcx_interval *out,
                                 struct rcx_error *err);
