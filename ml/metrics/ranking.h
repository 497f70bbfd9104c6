#pragma once
/* Rows in the order of their scores, and what can be read off that order.
 *
 * A ranking is made by one sort and then serves any number of weightings of the same rows, so a
 * bootstrap never sorts again. Highest score first; equal scores form one tie and count as one step
 * in every measure below, so no result depends on the order of the rows:
 *   AUC              a positive and a negative row of one tie count one half (Mann-Whitney, Hanley
 *                    and McNeil 1982); equals the area under the ROC polygon
 *   average precision  one step per distinct score, no interpolation (as scikit-learn)
 *   top share, gini  within a tie the captured amount grows linearly, which is the mean over all
 *                    orders of the tied rows
 * Weights behave as repeated rows. A measure that is not defined (no positive row, say) is NaN.
 * Threads: functions on a const ranking may run at the same time. */
#include <stddef.h>
#include <stdint.h>

#include "base/parallel.h"
#include "base/status.h"

/* `order` holds row numbers; ends[i] is 1 when order[i] is the last row of its score. Owned. */
struct rcx_ranking {
    size_t count;
    uint32_t *order;
    uint8_t *ends;
};

/* Sorts `count` (< 2^32) scores, none of which is NaN; equal scores stay in the order of the rows.
 * Cost: one radix sort per 65,536 rows, then merges. `parallel` may be NULL.
 * Errors: RCX_E_NOMEM, RCX_E_INTERRUPTED. The caller releases *out. */
enum rcx_status rcx_ranking_build(const double *score, size_t count,
                                  const struct rcx_parallel *parallel, struct rcx_ranking *out,
                                  struct rcx_error *err);
void rcx_ranking_release(struct rcx_ranking *ranking); /* zero is fine */

/* In all of them: label[row], weight[row] >= 0 by row number; weight NULL: all 1.
 * Labels of rcx_ranking_auc and _average_precision are 0 and 1. */
double rcx_ranking_auc(const struct rcx_ranking *ranking, const double *label,
                       const double *weight);
double rcx_ranking_average_precision(const struct rcx_ranking *ranking, const double *label,
                                     const double *weight);

/* What the best `share` of the weight holds. */
struct rcx_top_share {
    double rows;      /* share x total weight */
    double captured;  /* sum of weight x label in it */
    double precision; /* captured / rows: of labels 0 and 1, the share of ones */
    double lift;      /* precision / mean label */
    double recall;    /* captured / sum of weight x label */
};
/*  share  in (0, 1] */
struct rcx_top_share rcx_ranking_top(const struct rcx_ranking *ranking, const double *label,
                                     const double *weight, double share);
/* The same for `count` ascending shares in one pass: points of the gains curve. */
void rcx_ranking_gains(const struct rcx_ranking *ranking, const double *label, const double *weight,
                       const double *shares, size_t count, struct rcx_top_share *out);

/* Area between the curve of captured amounts and the diagonal, in units of weight x label: the
 * numerator of a Gini coefficient. */
double rcx_ranking_gini_area(const struct rcx_ranking *ranking, const double *label,
                             const double *weight);
/* Mid-ranks by row number, lowest score first: (weight before) + (weight of the tie + 1) / 2. */
void rcx_ranking_ranks(const struct rcx_ranking *ranking, const double *weight, double *out);
