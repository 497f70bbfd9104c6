#pragma once
/* How sure a measure is: intervals by resampling customers, and paired differences of models.
 *
 * Every resample gives each row (one customer) a weight, Poisson with mean 1, which stands for drawing
 * customers with replacement (Chamandy et al., "Estimating uncertainty for massive data streams", 2012);
 * a weight depends on (seed, resample, row) alone. All models of one call see the same weights, so
 * differences are paired. Each model is ranked once, and a resample is one pass over its ranking.
 * An interval goes from the 2.5 % to the 97.5 % quantile of the resamples (linear between order
 * statistics); a resample in which a measure is not defined is left out of it.
 * Cost: about rows x models x resamples x 3 ns. Same bits for any number of threads. */
#include <stddef.h>
#include <stdint.h>

#include "base/parallel.h"
#include "base/status.h"

/* clang-format off */
/*       id             name                 higher is better */
#define RCX_BINARY_METRICS(X)                                                                      \
    X(AUC,          "auc",               1)                                                        \
    X(AP,           "average_precision", 1)                                                        \
    X(LOGLOSS,      "log_loss",          0)                                                        \
    X(BRIER,        "brier",             0)                                                        \
    X(ECE,          "ece",               0)                                                        \
    X(PRECISION_5,  "precision_5pct",    1)                                                        \
    X(PRECISION_10, "precision_10pct",   1)                                                        \
    X(PRECISION_20, "precision_20pct",   1)                                                        \
    X(LIFT_5,       "lift_5pct",         1)                                                        \
    X(LIFT_10,      "lift_10pct",        1)                                                        \
    X(LIFT_20,      "lift_20pct",        1)
/* clang-format on */
enum rcx_binary_metric {
#define X(id, name, higher) RCX_BINARY_##id,
    RCX_BINARY_METRICS(X)
#undef X
        RCX_BINARY_METRIC_COUNT
};
const char *rcx_binary_metric_name(enum rcx_binary_metric metric);
int rcx_binary_metric_higher_is_better(enum rcx_binary_metric metric);

/* Weights of rows [0, count) in one resample. */
void rcx_bootstrap_weights(uint64_t seed, uint64_t resample, size_t count, uint8_t *out);

/* Predictions of several models for the same rows. */
struct rcx_bootstrap_rows {
    const double *label;              /* 0 and 1 */
    const double *const *probability; /* [models][count], in [0, 1] */
    size_t count, models;
};
struct rcx_bootstrap_options {
    uint64_t seed;
    size_t resamples; /* 0: points only */
    struct rcx_parallel parallel;
};

struct rcx_interval {
    double low, high; /* NaN: not defined in any resample */
};

struct rcx_bootstrap {
    size_t models, resamples;
    double *points; /* [models][RCX_BINARY_METRIC_COUNT]: of the rows as they are */
    double *values; /* [models][RCX_BINARY_METRIC_COUNT][resamples] */
};

/* Errors: RCX_E_NOMEM, RCX_E_INTERRUPTED. The caller releases *out. */
enum rcx_status rcx_bootstrap_binary(const struct rcx_bootstrap_rows *rows,
                                     const struct rcx_bootstrap_options *options,
                                     struct rcx_bootstrap *out, struct rcx_error *err);
void rcx_bootstrap_release(struct rcx_bootstrap *bootstrap); /* zero is fine */

double rcx_bootstrap_point(const struct rcx_bootstrap *bootstrap, size_t model,
                           enum rcx_binary_metric metric);
/* Errors: RCX_E_NOMEM. */
enum rcx_status rcx_bootstrap_interval(const struct rcx_bootstrap *bootstrap, size_t model,
                                       enum rcx_binary_metric metric, struct rcx_interval *out,
                                       struct rcx_error *err);
/* Of `model` less `other`. */
enum rcx_status rcx_bootstrap_difference(const struct rcx_bootstrap *bootstrap, size_t model,
                                         size_t other, enum rcx_binary_metric metric,
                                         struct rcx_interval *out, struct rcx_error *err);

/* The 95 % interval of resampled values (sorts them; NaN are left out), for other measures. */
struct rcx_interval rcx_percentile_interval(double *values, size_t count);
