#pragma once
/* Where to cut: from sorted values, or categories with counts, to bins of about equal weight. */
#include <stddef.h>
#include <stdint.h>

struct rcx_cut_limits {
    uint32_t most;   /* bins; those of missing values not included */
    size_t min_rows; /* of a bin */
};

/* Sorts ascending (no NaN); `scratch` has room for `count`. Radix sort, linear in `count`. */
void rcx_sort_reals(double *values, double *scratch, size_t count);

/* Sorted values to distinct ones, in place, with their counts; returns how many. */
size_t rcx_count_distinct(double *values, uint32_t *counts, size_t count);

/* Upper bounds of all bins but the last; returns how many (< most). As LightGBM does: 0 has a bin of its
 * own, of which one is kept free even when no value is 0; the others are shared between negative and
 * positive values by their rows. On a side each distinct value has its own bin when there are few; else
 * values as frequent as a mean bin have, and the others are gathered until a bin is full. Bounds lie
 * halfway between neighbouring values. `most` below 3: both sides are one, and 0 a value like others.
 *  rows  sum of counts */
uint32_t rcx_cut_bins(const double *values, const uint32_t *counts, size_t distinct, size_t rows,
                      const struct rcx_cut_limits *limits, double *out_upper);

/* Bins 1, 2, ... for the most frequent of the categories 0..count-1, at most limits->most - 1, each of
 * at least min_rows rows; the smaller category wins a tie. Fills out_category[bin] and
 * out_bin[category] (0: none); returns how many. */
uint32_t rcx_cut_categories(const uint32_t *counts, uint32_t count,
                            const struct rcx_cut_limits *limits, int32_t *out_category,
                            int32_t *out_bin);
