#pragma once
/* How much a feature's distribution differs between two populations: the population stability index
 * and the two-sample Kolmogorov-Smirnov statistic.
 *
 * PSI = sum over bins of (q - p) ln(q / p), p the share of the reference in the bin, q that of the
 * other population, both of all customers, those without a value included. Bins: the k/bins
 * quantiles of the reference's values (the smallest value with at least that share of them at or
 * below), equal ones once; a value belongs to the first bin whose bound is not below it, the last
 * bin has no bound; customers without a value are a bin of their own. A share below `min_share` is
 * taken as `min_share`, so that a bin that only one population has counts much, but not infinitely.
 * By custom, below 0.1 nothing has changed, above 0.25 much has.
 *
 * KS = the largest difference between the two empirical distribution functions, over the values
 * alone; exact but for one rounding. */
#include <stddef.h>
#include <stdint.h>

/* The values of one population, ascending, without NaN and without negative zeros. */
struct rcx_drift_sample {
    const double *values;
    size_t count; /* of the values */
    size_t rows;  /* customers: values and nulls */
};

enum { RCX_DRIFT_BINS_MOST = 1000 };

/* Sorts `values` in place, NaN left out; returns how many there are. `scratch` has 2 count
 * elements. */
size_t rcx_drift_sort(double *values, size_t count, uint64_t *scratch);

/* NaN when one of the two has no rows.   2 <= bins <= RCX_DRIFT_BINS_MOST */
double rcx_drift_psi(const struct rcx_drift_sample *reference,
                     const struct rcx_drift_sample *sample, size_t bins, double min_share);
/* NaN when one of the two has no values. */
double rcx_drift_ks(const struct rcx_drift_sample *reference,
                    const struct rcx_drift_sample *sample);
