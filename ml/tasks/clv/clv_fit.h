#pragma once
/* The candidates for a customer's value: what each is, how it is trained on the first rows of the data,
 * what it says. From simple to complex:
 *
 *   mean                 the mean target of the training rows
 *   last_revenue         the revenue of the observation window, at least 0, as it is
 *   last_revenue_factor  the same times (sum of targets) / (sum of it) of the training rows
 *   behaviour            expected purchases x expected order value (BG/NBD or MBG/NBD, Gamma-Gamma)
 *   tweedie_offset       boosted trees that start at the logarithm of the behaviour model's value; few
 *                        and small, trained on snapshots with clv.min_data_days before them, their
 *                        sum kept within +-clv.most_log_ratio: without these limits they were measured
 *                        to explode on short histories
 *   tweedie              boosted trees that start at the mean
 *   l2                   boosted trees on the target itself, at least 0
 *   log_l2               boosted trees on log(1 + target), smeared back by the ratio that makes the total of
 *                        the training rows right (the mean of exp(residual), Duan 1983, was measured to
 *                        double the total, because customers without revenue are far off in the log)
 *   hurdle               P(any revenue) x revenue given any
 *
 * Trees learn a negative target as 0, the factor and the mean as it is. Where the behaviour model could not
 * be fitted, what builds on it says the mean. Without 20 positive targets trees say the mean, too. */
#include "ml/gbdt/gbdt.h"
#include "ml/gbdt/gbdt_model.h"
#include "ml/gbdt/gbdt_params.h"
#include "ml/tasks/clv/clv_data.h"

enum rcx_clv_candidate { /* in the order of enum rcx_clv_choice, after auto: from simple to complex */
                         RCX_CLV_MEAN,
                         RCX_CLV_LAST,
                         RCX_CLV_LAST_FACTOR,
                         RCX_CLV_BEHAVIOUR,
                         RCX_CLV_TWEEDIE_OFFSET,
                         RCX_CLV_TWEEDIE,
                         RCX_CLV_L2,
                         RCX_CLV_LOG_L2,
                         RCX_CLV_HURDLE,
                         RCX_CLV_CANDIDATES
};
enum { RCX_CLV_ALL = (1 << RCX_CLV_CANDIDATES) - 1, RCX_CLV_LAPSED = 0, RCX_CLV_ACTIVE = 1 };
const char *rcx_clv_candidate_name(enum rcx_clv_candidate candidate); /* as in the files */

/* Rows [first, first + count) of the data; `columns` has room for inputs.count pointers, `expected` for
 * count values. */
struct rcx_clv_view rcx_clv_view_of(const struct rcx_clv_data *data, size_t first, size_t count,
                                    size_t horizon, const double **columns, double *expected);

struct rcx_clv_fit {
    unsigned trained; /* bits 1 << candidate */
    size_t train_rows, offset_rows;
    size_t positive, negative; /* training rows with such a target */
    double mean;               /* target */
    double factor;             /* on last_revenue */
    double smear;              /* log_l2 */
    double most_log_ratio;
    double floor;     /* least value whose logarithm trees start at */
    bool any_revenue; /* hurdle: every training row had some */
    struct rcx_gbdt_model trees[RCX_CLV_CANDIDATES]; /* hurdle: revenue given any */
    struct rcx_gbdt_model any;                       /* hurdle: P(any) */
};

struct rcx_clv_fit_job {
    size_t train_rows; /* the first ones of the data; their targets are known */
    size_t horizon;    /* index */
    unsigned wanted;   /* bits */
    struct rcx_parallel parallel;
};
/* Errors: RCX_E_NOMEM, RCX_E_INTERRUPTED. The caller releases *out. */
enum rcx_status rcx_clv_fit_train(const struct rcx_clv_data *data,
                                  const struct rcx_clv_fit_job *job, struct rcx_clv_fit *out,
                                  struct rcx_error *err);
void rcx_clv_fit_release(struct rcx_clv_fit *fit); /* zero is fine */
/* Values, at least 0 (but the mean may be negative); out [rows of the view]. */
enum rcx_status rcx_clv_fit_predict(const struct rcx_clv_fit *fit, enum rcx_clv_candidate candidate,
                                    const struct rcx_clv_view *view,
                                    const struct rcx_parallel *parallel, double *out,
                                    struct rcx_error *err);
/* The model whose trees a file can hold; NULL: the candidate has none, or there was nothing to learn. */
const struct rcx_gbdt_model *rcx_clv_fit_trees(const struct rcx_clv_fit *fit,
                                               enum rcx_clv_candidate candidate);

/* Parameters of the trees that start from the behaviour model, and of those that start at the mean (more
 * trees and larger steps, since they have further to go). The caller releases them. */
void rcx_clv_params(const struct rcx_cfg_clv *cfg, struct rcx_gbdt_params *out);
void rcx_clv_plain_params(const struct rcx_cfg_clv *cfg, struct rcx_gbdt_params *out);

/* Trees on some rows of the data. */
struct rcx_clv_boost {
    const struct rcx_gbdt_params *params;
    size_t first, count;     /* rows, when picks is NULL */
    const uint32_t *picks;   /* [count] */
    const double *label;     /* [count] */
    const double *start;     /* [count] or NULL */
    const double *quantiles; /* [quantile_count] ascending; NULL: one model */
    size_t quantile_count;
    struct rcx_parallel parallel;
};
/* The first rows of the data, binned once for several labels. Zero is an empty one; do not move it. */
struct rcx_clv_binned {
    const double **views;
    struct rcx_matrix matrix;
    struct rcx_gbdt_bins bins;
    struct rcx_gbdt_dataset dataset;
};
/* params: of the first model; later ones have the same bins. The label is read by rcx_clv_boost_binned. */
enum rcx_status rcx_clv_bin(const struct rcx_clv_data *data, const struct rcx_gbdt_params *params,
                            size_t rows, const double *label, const struct rcx_parallel *parallel,
                            struct rcx_clv_binned *out, struct rcx_error *err);
/* One model of all rows that were binned. */
enum rcx_status rcx_clv_boost_binned(struct rcx_clv_binned *binned,
                                     const struct rcx_gbdt_params *params, const double *label,
                                     const struct rcx_parallel *parallel,
                                     struct rcx_gbdt_model *out, struct rcx_error *err);
void rcx_clv_binned_release(struct rcx_clv_binned *binned); /* zero is fine */
/* out: one model, or one per quantile. */
enum rcx_status rcx_clv_boost(const struct rcx_clv_data *data, const struct rcx_clv_boost *boost,
                              struct rcx_gbdt_model *out, struct rcx_error *err);
