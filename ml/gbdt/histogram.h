#pragma once
/* Records, packed sums, and the kernels over them.
 *
 * A record is a row of a node with its quantised gradient, in one word:
 *     bits 0-31 row, 32-47 hessian (unsigned), 48-63 gradient (signed)
 * A packed sum is gradient * 2^32 + hessian, so that one 64-bit addition updates both and differences
 * are exact too. The scales are chosen so that neither sum of all rows leaves 31 bits.
 *
 * The histogram of a node holds one packed sum per bin; feature f begins at offset[f]. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/kernel.h"

static inline uint64_t rcx_record(uint32_t row, int32_t gradient, uint32_t hessian)
{
    return (uint64_t)row | (uint64_t)hessian << 32 | (uint64_t)(uint16_t)gradient << 48;
}
static inline uint32_t rcx_record_row(uint64_t record)
{
    return (uint32_t)record;
}
static inline uint64_t rcx_record_sum(uint64_t record)
{
    return (record >> 32 & 0xFFFF) + ((uint64_t)((int64_t)record >> 48) << 32);
}
static inline int32_t rcx_sum_gradient(uint64_t sum)
{
    return (int32_t)(sum >> 32);
}
static inline int32_t rcx_sum_hessian(uint64_t sum)
{
    return (int32_t)(uint32_t)sum;
}

/* Rows whose bins will be wanted soon: their words are fetched into the cache while others are added. */
struct rcx_histogram_ahead {
    const uint64_t *records;
    size_t count;
    const uint64_t *words; /* those of row r begin at words[r * stride] */
    size_t stride;
};

/* Adds sums[i] to the histograms of one group of `size` <= 8 features for i < count: words[i * stride] are the
 * group's bins, hist[j] the histogram of its feature j. */
RCX_KERNEL_DECLARE(void, rcx_histogram_add,
                   (const uint64_t *sums, size_t count, const uint64_t *words, size_t stride,
                    size_t size, uint64_t *const *hist, const struct rcx_histogram_ahead *ahead))

/* out[i] = packed sum of record i. */
RCX_KERNEL_DECLARE(void, rcx_records_sums, (const uint64_t *records, size_t count, uint64_t *out))

/* The same, and out_words[i * width..] = the `width` words of the record's row, from words[row * stride]. */
RCX_KERNEL_DECLARE(void, rcx_records_gather,
                   (const uint64_t *records, size_t count, const uint64_t *words, size_t stride,
                    size_t width, uint64_t *out_sums, uint64_t *out_words))

/* larger = parent - smaller, `larger` being the parent's own place. */
RCX_KERNEL_DECLARE(void, rcx_histogram_subtract,
                   (uint64_t * larger, const uint64_t *smaller, size_t count))

RCX_KERNEL_DECLARE(void, rcx_histogram_merge, (uint64_t * sums, const uint64_t *more, size_t count))

/* Parting records takes two steps, so that pieces of a large run go straight to their places.
 * Which side: go[i] = go_left[bins[row of record i]] (1: left, 0: right); returns how many go left. */
RCX_KERNEL_DECLARE(size_t, rcx_records_judge,
                   (const uint64_t *records, size_t count, const uint8_t *bins,
                    const uint8_t *go_left, uint8_t *go))

struct rcx_parted {
    uint64_t *left, *left_end; /* where the first one goes, and what must not be written */
    uint64_t *right, *right_end;
};
/* To their sides, keeping the order. Behind the last one of a side places may be overwritten up to its end; `left`
 * may be `records` itself. */
RCX_KERNEL_DECLARE(void, rcx_records_part,
                   (const uint64_t *records, size_t count, const uint8_t *go,
                    const struct rcx_parted *to))

enum { RCX_SCAN_LANES = 16 }; /* histograms are padded to this many sums */

/* What a numerical feature's search needs; sums in units of the quantised gradients. */
struct rcx_scan {
    uint64_t total; /* of the node */
    uint64_t first; /* sum that is on the left of every threshold: that of missing values, or 0 */
    uint32_t from;  /* thresholds from..last-1 are tried; last at most RCX_GBDT_MOST_BINS */
    uint32_t last;
    double l2;    /* penalty in the same units */
    double least; /* sum of hessians that each side must have; >= 1 */
};
/* Which thresholds leave enough rows on both sides where rows are estimated from hessians, each bin's
 * rounded, as LightGBM counts them. The side that is counted is the one without missing values. */
struct rcx_scan_rows {
    uint32_t bins;     /* without that of missing values */
    float per_hessian; /* rows of the node / its hessians */
    int32_t rows, least;
    bool count_left; /* else the right side, and the left one has the others */
};
/* Narrows from and last. */
RCX_KERNEL_DECLARE(void, rcx_scan_limit,
                   (const uint64_t *hist, const struct rcx_scan_rows *rows, struct rcx_scan *scan))

struct rcx_scan_result {
    double gain; /* both sides' gradient^2 / (hessian + l2), without L1 penalty; negative: none */
    uint32_t bin;
    uint64_t left;
};
/* Best threshold, the lowest of equal ones. All are measured in single precision, those within its
 * errors of the best again in double, so the result is that of doubles throughout.
 * Reads `hist` up to the next multiple of RCX_SCAN_LANES behind `last`. */
RCX_KERNEL_DECLARE(void, rcx_scan_best,
                   (const uint64_t *hist, const struct rcx_scan *scan, struct rcx_scan_result *out))
