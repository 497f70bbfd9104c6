#pragma once
/* Bins: every feature as a number of at most 8 bits, so that histograms are small and rows dense.
 *
 * Numerical: bin b holds the values in (upper[b - 1], upper[b]]; the last bound is +infinity. When the
 * training rows have missing values these are the last bin and a split learns where they go; else
 * NaN is read as 0, as in LightGBM's files. Features with few distinct values get one bin each;
 * others are cut into bins of about equal weight, from all rows or from a sample spread evenly over
 * them (bin_construct_sample_cnt).
 * Categorical: the categories (whole numbers from 0) by falling frequency, each a bin; bin 0 is for
 * NaN, negative, rare and unknown ones, and is never on the left of a split.
 * Features with one bin only are constant: they take no part in training.
 *
 * The same rows and parameters give the same bins for any number of threads. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/parallel.h"
#include "base/status.h"
#include "ml/gbdt/gbdt_params.h"
#include "ml/matrix.h"

enum { RCX_GBDT_MOST_BINS = 256, RCX_GBDT_MOST_CATEGORY = 1 << 24 };

struct rcx_gbdt_bin_map {
    bool categorical;
    bool has_missing;  /* numerical: bin `bins - 1` holds NaN */
    uint32_t bins;     /* 1: constant; at most RCX_GBDT_MOST_BINS */
    uint32_t zero_bin; /* numerical: the bin of 0 */
    double *upper;     /* numerical: one per bin that is not of NaN */
    int32_t *category; /* categorical: of bin 1 and on; [0] is unused */
    int32_t *look_up;  /* categorical: bin of category c < look_up_count; else bin 0 */
    uint32_t look_up_count;
    double min, max; /* of the values that are not NaN, in all rows; min > max: none */
};

struct rcx_gbdt_bins {
    size_t feature_count;
    struct rcx_gbdt_bin_map *maps; /* one per column of the matrix */
    char **names;                  /* owned; "Column_0" where the matrix has none */
};

/* Makes the bins of the matrix' columns.
 *  categorical  one flag per column, or NULL: none
 * Errors: RCX_E_INPUT (no rows, no columns, infinite values beyond repair: none today), RCX_E_NOMEM,
 * RCX_E_INTERRUPTED. */
enum rcx_status rcx_gbdt_bins_build(const struct rcx_matrix *matrix, const bool *categorical,
                                    const struct rcx_gbdt_params *params,
                                    const struct rcx_parallel *parallel, struct rcx_gbdt_bins *out,
                                    struct rcx_error *err);
void rcx_gbdt_bins_release(struct rcx_gbdt_bins *bins); /* zero is fine */

/* Bin of one value; the reference of rcx_gbdt_bin_column. */
uint8_t rcx_gbdt_bin_of(const struct rcx_gbdt_bin_map *map, double value);
void rcx_gbdt_bin_column(const struct rcx_gbdt_bin_map *map, const double *values, size_t count,
                         uint8_t *out);
