#pragma once
/* Do probabilities mean what they say? Rows are put into bins of equal width by their probability
 * ([k/bins, (k+1)/bins), the last one closed), and the mean probability of a bin is set beside the
 * observed rate. The expected calibration error is the mean of their absolute difference, weighted
 * by the bins' weight (Naeini, Cooper, Hauskrecht 2015). */
#include <stddef.h>

#include "ml/metrics/metric.h"

enum { RCX_RELIABILITY_BINS = 10, RCX_RELIABILITY_BINS_MOST = 100 };

struct rcx_reliability_bin {
    double from, to;
    double weight;     /* 0: empty, and then both means are NaN */
    double mean_score; /* mean probability */
    double observed;   /* weighted share of ones */
};

static inline size_t rcx_reliability_bin_of(double probability, size_t bins)
{
    double at = probability * (double)bins;
    return at >= (double)bins ? bins - 1 : at > 0 ? (size_t)at : 0;
}

/*  bins  1..RCX_RELIABILITY_BINS_MOST; out has room for them. */
void rcx_reliability_table(const struct rcx_scored *rows, size_t bins,
                           struct rcx_reliability_bin *out);
double rcx_reliability_ece(const struct rcx_reliability_bin *bins, size_t count);
