#include "ml/gbdt/histogram.h"

#include <string.h>

enum { AHEAD = 24, MOST_BINS = 256 };

/* `size` is a constant in each caller, so the loop over features is unrolled. */
static inline __attribute__((always_inline)) void add_group(const uint64_t *restrict records,
                                                            size_t count,
                                                            const uint64_t *restrict words,
                                                            size_t size, uint64_t *const *hist)
{
    uint64_t *h[8];
    for (size_t j = 0; j < size; j++)
        h[j] = hist[j];
    size_t i = 0;
    for (; i + AHEAD < count; i++) {
        __builtin_prefetch(&words[rcx_record_row(records[i + AHEAD])]);
        uint64_t sum = rcx_record_sum(records[i]);
        uint64_t word = words[rcx_record_row(records[i])];
        for (size_t j = 0; j < size; j++)
            h[j][word >> (8 * j) & 0xFF] += sum;
    }
    for (; i < count; i++) {
        uint64_t sum = rcx_record_sum(records[i]);
        uint64_t word = words[rcx_record_row(records[i])];
        for (size_t j = 0; j < size; j++)
            h[j][word >> (8 * j) & 0xFF] += sum;
    }
}

void RCX_KERNEL(rcx_histogram_add)(const uint64_t *records, size_t count, const uint64_t *words,
                                   size_t size, uint64_t *const *hist)
{
    switch (size) {
    case 1:
        add_group(records, count, words, 1, hist);
        break;
    case 2:
        add_group(records, count, words, 2, hist);
        break;
    case 3:
        add_group(records, count, words, 3, hist);
        break;
    case 4:
        add_group(records, count, words, 4, hist);
        break;
    case 5:
        add_group(records, count, words, 5, hist);
        break;
    case 6:
        add_group(records, count, words, 6, hist);
        break;
    case 7:
        add_group(records, count, words, 7, hist);
        break;
    default:
        add_group(records, count, words, 8, hist);
        break;
    }
}

void RCX_KERNEL(rcx_histogram_subtract)(uint64_t *larger, const uint64_t *smaller, size_t count)
{
    for (size_t i = 0; i < count; i++)
        larger[i] -= smaller[i];
}

size_t RCX_KERNEL(rcx_records_partition)(const uint64_t *records, size_t count, const uint8_t *bins,
                                         const uint8_t *go_left, uint64_t *left, uint64_t *right)
{
    size_t lefts = 0, rights = 0, i = 0;
    for (; i + AHEAD < count; i++) {
        uint64_t record = records[i];
        __builtin_prefetch(&bins[rcx_record_row(records[i + AHEAD])]);
        size_t goes = go_left[bins[rcx_record_row(record)]];
        left[lefts] = record;
        right[rights] = record;
        lefts += goes;
        rights += 1 - goes;
    }
    for (; i < count; i++) {
        uint64_t record = records[i];
        size_t goes = go_left[bins[rcx_record_row(record)]];
        left[lefts] = record;
        right[rights] = record;
        lefts += goes;
        rights += 1 - goes;
    }
    return lefts;
}

/* |x| less the L1 penalty, not below 0. */
static inline double shrink(double x, double l1)
{
    double least = (x < 0 ? -x : x) - l1;
    return least > 0 ? least : 0;
}

double RCX_KERNEL(rcx_scan_best)(const uint64_t *hist, const struct rcx_scan *scan,
                                 uint32_t *out_bin)
{
    int32_t gradient[MOST_BINS], hessian[MOST_BINS];
    double gain[MOST_BINS];
    int64_t key[MOST_BINS];
    uint32_t last = scan->last;
    uint64_t sum = scan->missing_left ? scan->missing : 0;
    for (uint32_t b = 0; b < last; b++) {
        sum += hist[b];
        gradient[b] = rcx_sum_gradient(sum);
        hessian[b] = rcx_sum_hessian(sum);
    }
    const double g = rcx_sum_gradient(scan->total), h = rcx_sum_hessian(scan->total);
    const double l1 = scan->l1, l2 = scan->l2, least = scan->least;
    for (uint32_t b = 0; b < last; b++) {
        double hl = hessian[b], hr = h - hl;
        double gl = shrink(gradient[b], l1), gr = shrink(g - gradient[b], l1);
        double both = (gl * gl * (hr + l2) + gr * gr * (hl + l2)) / ((hl + l2) * (hr + l2));
        gain[b] = (hl >= least) & (hr >= least) ? both : -1;
    }
    memcpy(key, gain, last * sizeof *key); /* not negative, they are in order as integers too */
    int64_t best = -1;
    for (uint32_t b = 0; b < last; b++)
        best = key[b] > best ? key[b] : best;
    if (best < 0)
        return -1;
    uint32_t at = 0;
    while (key[at] != best)
        at++;
    *out_bin = at;
    return gain[at];
}
