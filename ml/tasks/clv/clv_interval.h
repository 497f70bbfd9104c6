#pragma once
/* Between what and what the value will be: quantiles that never cross, widened or narrowed until the
 * interval holds the wanted share of customers (conformalised quantile regression: Romano, Patterson,
 * Candes 2019, scaled by the width, with groups of alike customers, Vovk 2012).
 *
 * Models of the quantiles .1, .5, .9 are trained; at earlier origins, by models that were trained before
 * each of them, every customer has a score (one origin alone was measured to be one season alone): by how many widths w the value lies outside,
 *     max(low - y, y - high) / w      w = high - low + mean target / 100
 * The (1 + 1/n) coverage quantile of the scores of an origin, for each fifth of the customers by the upper
 * quantile, is what it would have needed. Origins differ more than their sizes explain, because seasons
 * do; so what three of four origins would have done with (the quantile of the pooled scores was measured
 * to hold 2 % too few)
 * moves both ends by so many widths. Where the lower quantile is 0 (customers of whom more than one in ten
 * brings nothing) the interval is one-sided, [0, high]: its lower end cannot be missed but by refunds,
 * so the upper end alone is moved, inwards when the heap of zeros covers too much. */
#include "ml/tasks/clv/clv_fit.h"

enum { RCX_CLV_QUANTILES = 3, RCX_CLV_GROUPS = 5 };
extern const double rcx_clv_quantiles[RCX_CLV_QUANTILES];

struct rcx_clv_conformal {
    size_t rows;                       /* scores it was made of; 0: none, nothing is moved */
    size_t groups;                     /* 1..RCX_CLV_GROUPS */
    double upper_from[RCX_CLV_GROUPS]; /* the group begins at this upper quantile; first: -inf */
    double moved[RCX_CLV_GROUPS];      /* by so many widths */
    double unit;                       /* mean target / 100 */
};

/* [rows] each; one owned block. */
struct rcx_clv_ranges {
    size_t rows;
    double *quantile[RCX_CLV_QUANTILES]; /* ascending in every row */
    double *low, *high;                  /* of the interval */
};

/* Errors of all: RCX_E_NOMEM, RCX_E_INTERRUPTED.
 *  out  [RCX_CLV_QUANTILES] released by the caller; without trees when all targets are alike */
enum rcx_status rcx_clv_quantiles_train(const struct rcx_clv_data *data, size_t train_rows,
                                        size_t horizon, const struct rcx_parallel *parallel,
                                        struct rcx_gbdt_model *out, struct rcx_error *err);
/* Quantiles, and the interval moved by `conformal`. The caller releases *out. */
enum rcx_status rcx_clv_ranges_predict(const struct rcx_gbdt_model *models,
                                       const struct rcx_clv_conformal *conformal,
                                       const struct rcx_clv_view *view,
                                       const struct rcx_parallel *parallel,
                                       struct rcx_clv_ranges *out, struct rcx_error *err);
/* Sets the interval anew from the quantiles. */
void rcx_clv_ranges_move(const struct rcx_clv_conformal *conformal, struct rcx_clv_ranges *ranges);
void rcx_clv_ranges_release(struct rcx_clv_ranges *ranges); /* zero is fine */
/* Quantiles of rows that the models behind them were not trained on, and what came. */
struct rcx_clv_part {
    const struct rcx_clv_ranges *ranges;
    const double *target; /* [ranges->rows] */
};
/* From one part per origin; of more than 200,000 rows every k-th is taken. */
enum rcx_status rcx_clv_conformal_fit(const struct rcx_clv_part *parts, size_t count,
                                      double coverage, struct rcx_clv_conformal *out,
                                      struct rcx_error *err);
/* Whether more than half of the targets are 0 or less: intervals are mostly one-sided then. */
bool rcx_clv_mostly_zero(const double *target, size_t count);
