#include "ml/gbdt/histogram.h"

#include <math.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

/* AHEAD: records; measured with 8, 24, 64 on rows of which 1 in 1 to 1 in 128 is in the leaf. */
enum { AHEAD = 64, MOST_BINS = 256 };

/* ---- histograms ---- */

enum { STEP_ROWS = 32 };

/* `size` is a constant in each caller, so the loop over features is unrolled. */
static inline __attribute__((always_inline)) void
add_rows(const uint64_t *restrict sums, size_t count, const uint64_t *restrict words, size_t stride,
         size_t size, uint64_t *const *h)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t sum = sums[i];
        const uint8_t *bins = (const uint8_t *)(words + i * stride);
        for (size_t j = 0; j < size; j++)
            h[j][bins[j]] += sum;
    }
}

static void fetch_rows(const struct rcx_histogram_ahead *ahead, size_t begin, size_t end)
{
    end = end < ahead->count ? end : ahead->count;
    for (size_t i = begin; i < end; i++)
        __builtin_prefetch(&ahead->words[rcx_record_row(ahead->records[i]) * ahead->stride], 0, 2);
}

/* Rows are fetched ahead evenly: memory then has as much time as the additions take. */
static inline __attribute__((always_inline)) void add_group(const uint64_t *sums, size_t count,
                                                            const uint64_t *words, size_t stride,
                                                            size_t size, uint64_t *const *hist,
                                                            const struct rcx_histogram_ahead *ahead)
{
    uint64_t *h[8];
    for (size_t j = 0; j < size; j++)
        h[j] = hist[j];
    size_t steps = (count + STEP_ROWS - 1) / STEP_ROWS;
    size_t each = steps > 0 ? (ahead->count + steps - 1) / steps : 0;
    for (size_t step = 0; step < steps; step++) {
        size_t at = step * STEP_ROWS, rows = count - at < STEP_ROWS ? count - at : STEP_ROWS;
        fetch_rows(ahead, step * each, (step + 1) * each);
        add_rows(sums + at, rows, words + at * stride, stride, size, h);
    }
}

void RCX_KERNEL(rcx_histogram_add)(const uint64_t *sums, size_t count, const uint64_t *words,
                                   size_t stride, size_t size, uint64_t *const *hist,
                                   const struct rcx_histogram_ahead *ahead)
{
    switch (size) {
    case 1:
        add_group(sums, count, words, stride, 1, hist, ahead);
        break;
    case 2:
        add_group(sums, count, words, stride, 2, hist, ahead);
        break;
    case 3:
        add_group(sums, count, words, stride, 3, hist, ahead);
        break;
    case 4:
        add_group(sums, count, words, stride, 4, hist, ahead);
        break;
    case 5:
        add_group(sums, count, words, stride, 5, hist, ahead);
        break;
    case 6:
        add_group(sums, count, words, stride, 6, hist, ahead);
        break;
    case 7:
        add_group(sums, count, words, stride, 7, hist, ahead);
        break;
    default:
        add_group(sums, count, words, stride, 8, hist, ahead);
        break;
    }
}

void RCX_KERNEL(rcx_records_sums)(const uint64_t *restrict records, size_t count,
                                  uint64_t *restrict out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = rcx_record_sum(records[i]);
}

/* `width` is a constant in most callers. */
static inline __attribute__((always_inline)) void
gather(const uint64_t *restrict records, size_t count, const uint64_t *restrict words,
       size_t stride, size_t width, uint64_t *restrict out_sums, uint64_t *restrict out_words)
{
    for (size_t i = 0; i < count; i++) {
        const uint64_t *from = words + (size_t)rcx_record_row(records[i]) * stride;
        out_sums[i] = rcx_record_sum(records[i]);
        for (size_t j = 0; j < width; j++)
            out_words[i * width + j] = from[j];
    }
}

void RCX_KERNEL(rcx_records_gather)(const uint64_t *records, size_t count, const uint64_t *words,
                                    size_t stride, size_t width, uint64_t *out_sums,
                                    uint64_t *out_words)
{
    switch (width) {
    case 1:
        gather(records, count, words, stride, 1, out_sums, out_words);
        break;
    case 2:
        gather(records, count, words, stride, 2, out_sums, out_words);
        break;
    case 4:
        gather(records, count, words, stride, 4, out_sums, out_words);
        break;
    case 6:
        gather(records, count, words, stride, 6, out_sums, out_words);
        break;
    case 8:
        gather(records, count, words, stride, 8, out_sums, out_words);
        break;
    default:
        gather(records, count, words, stride, width, out_sums, out_words);
        break;
    }
}

void RCX_KERNEL(rcx_histogram_subtract)(uint64_t *larger, const uint64_t *smaller, size_t count)
{
    for (size_t i = 0; i < count; i++)
        larger[i] -= smaller[i];
}

void RCX_KERNEL(rcx_histogram_merge)(uint64_t *sums, const uint64_t *more, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sums[i] += more[i];
}

size_t RCX_KERNEL(rcx_records_judge)(const uint64_t *records, size_t count, const uint8_t *bins,
                                     const uint8_t *go_left, uint8_t *go)
{
    size_t lefts = 0, i = 0;
    for (; i + AHEAD < count; i++) {
        __builtin_prefetch(&bins[rcx_record_row(records[i + AHEAD])]);
        uint8_t goes = go_left[bins[rcx_record_row(records[i])]];
        go[i] = goes;
        lefts += goes;
    }
    for (; i < count; i++) {
        uint8_t goes = go_left[bins[rcx_record_row(records[i])]];
        go[i] = goes;
        lefts += goes;
    }
    return lefts;
}

/* Records i and on, one by one. No branch: which side is next is not to be foretold. */
static void part_plainly(const uint64_t *records, size_t i, size_t count, const uint8_t *go,
                         struct rcx_parted to)
{
    for (; i < count; i++) {
        uint64_t record = records[i];
        size_t goes = go[i];
        *(goes ? to.left : to.right) = record;
        to.left += goes;
        to.right += 1 - goes;
    }
}

#if defined(__AVX512VL__) && defined(__AVX512BW__)
enum { TOGETHER = 8 };
/* Those of eight that go left, side by side, to `left`; the others to `right`. */
static inline size_t part_some(const uint64_t *records, const uint8_t *go, uint64_t *left,
                               uint64_t *right)
{
    __m512i all = _mm512_loadu_si512(records);
    __mmask8 goes = (__mmask8)_mm_test_epi8_mask(_mm_loadl_epi64((const __m128i *)(const void *)go),
                                                 _mm_set1_epi8(1));
    _mm512_storeu_si512(left, _mm512_maskz_compress_epi64(goes, all));
    _mm512_storeu_si512(right, _mm512_maskz_compress_epi64((__mmask8)~goes, all));
    return (size_t)__builtin_popcount(goes);
}
#elif defined(__AVX2__)
enum { TOGETHER = 4 };
/* Of four 64-bit lanes, as pairs of 32-bit ones, those whose bit is set first. */
#define LANE(i) 2 * (i), 2 * (i) + 1
static const _Alignas(32) int32_t CHOSEN[16][8] = {
    {LANE(0), LANE(1), LANE(2), LANE(3)}, {LANE(0), LANE(1), LANE(2), LANE(3)},
    {LANE(1), LANE(0), LANE(2), LANE(3)}, {LANE(0), LANE(1), LANE(2), LANE(3)},
    {LANE(2), LANE(0), LANE(1), LANE(3)}, {LANE(0), LANE(2), LANE(1), LANE(3)},
    {LANE(1), LANE(2), LANE(0), LANE(3)}, {LANE(0), LANE(1), LANE(2), LANE(3)},
    {LANE(3), LANE(0), LANE(1), LANE(2)}, {LANE(0), LANE(3), LANE(1), LANE(2)},
    {LANE(1), LANE(3), LANE(0), LANE(2)}, {LANE(0), LANE(1), LANE(3), LANE(2)},
    {LANE(2), LANE(3), LANE(0), LANE(1)}, {LANE(0), LANE(2), LANE(3), LANE(1)},
    {LANE(1), LANE(2), LANE(3), LANE(0)}, {LANE(0), LANE(1), LANE(2), LANE(3)}};
#undef LANE
static inline __m256i choose(__m256i all, uint32_t bits)
{
    return _mm256_permutevar8x32_epi32(
        all, _mm256_load_si256((const __m256i *)(const void *)CHOSEN[bits]));
}
static inline size_t part_some(const uint64_t *records, const uint8_t *go, uint64_t *left,
                               uint64_t *right)
{
    __m256i all = _mm256_loadu_si256((const __m256i *)(const void *)records);
    uint32_t bytes;
    memcpy(&bytes, go, sizeof bytes);
    uint32_t goes = bytes * 0x01020408u >> 24 & 15; /* bit i: byte i, which is 0 or 1 */
    _mm256_storeu_si256((__m256i *)(void *)left, choose(all, goes));
    _mm256_storeu_si256((__m256i *)(void *)right, choose(all, ~goes & 15));
    return (size_t)__builtin_popcount(goes);
}
#endif

void RCX_KERNEL(rcx_records_part)(const uint64_t *records, size_t count, const uint8_t *go,
                                  const struct rcx_parted *places)
{
    struct rcx_parted to = *places;
    size_t i = 0;
#if defined(__AVX2__)
    while (i + TOGETHER <= count && to.left_end - to.left >= TOGETHER &&
           to.right_end - to.right >= TOGETHER) {
        size_t lefts = part_some(records + i, go + i, to.left, to.right);
        to.left += lefts;
        to.right += TOGETHER - lefts;
        i += TOGETHER;
    }
#endif
    part_plainly(records, i, count, go, to);
}

/* ---- the best threshold ---- */

typedef uint64_t sums __attribute__((vector_size(32)));
enum { STEP = 4 };

/* prefix[b] = first + hist[0] + ... + hist[b], four at a time. */
static void add_up(const uint64_t *hist, uint64_t first, uint32_t last, uint64_t *prefix)
{
    sums before = {first, first, first, first}, none = {0};
    for (uint32_t b = 0; b < last; b += STEP) {
        sums x;
        memcpy(&x, hist + b, sizeof x);
        x += __builtin_shufflevector(x, none, 4, 0, 1, 2);
        x += __builtin_shufflevector(x, none, 4, 4, 0, 1);
        x += before;
        before = __builtin_shufflevector(x, x, 3, 3, 3, 3);
        memcpy(prefix + b, &x, sizeof x);
    }
}

/* Gains in single precision, as integers of the same order; -1 where a side is too small. In blocks of
 * fixed size and steps of one kind, which compilers turn into vectors. */
static int32_t rough_gains(const uint64_t *restrict prefix, const struct rcx_scan *scan,
                           int32_t padded, int32_t *restrict key)
{
    enum { LANES = RCX_SCAN_LANES };
    const int32_t g = rcx_sum_gradient(scan->total), h = rcx_sum_hessian(scan->total);
    const int32_t least = scan->least < 0x1p30 ? (int32_t)ceil(scan->least) : 1 << 30;
    const int32_t from = (int32_t)scan->from, last = (int32_t)scan->last;
    const float l2 = (float)scan->l2;
    int32_t best[LANES], most = -1;
    for (int j = 0; j < LANES; j++)
        best[j] = -1;
    for (int32_t b = 0; b < padded; b += LANES) {
        int32_t gl[LANES], hl[LANES], bits[LANES];
        float gain[LANES];
        for (int j = 0; j < LANES; j++) {
            hl[j] = (int32_t)(uint32_t)prefix[b + j];
            gl[j] = (int32_t)(prefix[b + j] >> 32);
        }
        for (int j = 0; j < LANES; j++) {
            float x = (float)gl[j], y = (float)(g - gl[j]);
            float p = (float)hl[j] + l2, q = (float)(h - hl[j]) + l2;
            gain[j] = (x * x * q + y * y * p) / (p * q);
        }
        memcpy(bits, gain, sizeof bits);
        for (int j = 0; j < LANES; j++) {
            int32_t fits = -((hl[j] >= least) & (h - hl[j] >= least) & (b + j >= from) &
                             (b + j < last));
            bits[j] = (bits[j] & fits) | ~fits;
            best[j] = bits[j] > best[j] ? bits[j] : best[j];
            key[b + j] = bits[j];
        }
    }
    for (int j = 0; j < LANES; j++)
        most = best[j] > most ? best[j] : most;
    return most;
}

static inline int32_t rows_in(uint64_t sum, float per_hessian)
{
    return (int32_t)((float)rcx_sum_hessian(sum) * per_hessian + 0.5F);
}

void RCX_KERNEL(rcx_scan_limit)(const uint64_t *hist, const struct rcx_scan_rows *rows,
                                struct rcx_scan *scan)
{
    const float per_hessian = rows->per_hessian;
    int32_t all = 0;
    for (uint32_t b = 0; b < rows->bins; b++)
        all += rows_in(hist[b], per_hessian);
    int32_t others = all - rows->rows + rows->least; /* so that the side not counted has enough */
    int32_t left = rows->count_left ? rows->least : others;
    int32_t right = rows->count_left ? others : rows->least;
    int32_t below = 0, above = 0;
    uint32_t from = 0, last = rows->bins;
    while (from < scan->last && (below += rows_in(hist[from], per_hessian)) < left)
        from++;
    while (last > 0 && above < right)
        above += rows_in(hist[--last], per_hessian);
    scan->from = from;
    scan->last = last < scan->last ? last : scan->last;
}

static inline double exact_gain(const struct rcx_scan *scan, uint64_t left)
{
    uint64_t right = scan->total - left;
    double hl = rcx_sum_hessian(left), hr = rcx_sum_hessian(right);
    double gl = rcx_sum_gradient(left), gr = rcx_sum_gradient(right);
    if (!(hl >= scan->least && hr >= scan->least))
        return -1;
    return (gl * gl * (hr + scan->l2) + gr * gr * (hl + scan->l2)) /
           ((hl + scan->l2) * (hr + scan->l2));
}

void RCX_KERNEL(rcx_scan_best)(const uint64_t *hist, const struct rcx_scan *scan,
                               struct rcx_scan_result *out)
{
    /* Errors of a rough gain stay below 10 units of its last place. */
    enum { UNITS = 32 };
    _Alignas(64) uint64_t prefix[MOST_BINS + RCX_SCAN_LANES];
    _Alignas(64) int32_t key[MOST_BINS + RCX_SCAN_LANES];
    uint32_t last = scan->last;
    uint32_t padded = (last + RCX_SCAN_LANES - 1) / RCX_SCAN_LANES * RCX_SCAN_LANES;
    *out = (struct rcx_scan_result){.gain = -1};
    add_up(hist, scan->first, padded, prefix);
    int32_t best = rough_gains(prefix, scan, (int32_t)padded, key);
    int32_t enough = best - UNITS;
    if (best < 0)
        return;
    for (uint32_t b = 0; b < padded; b += RCX_SCAN_LANES) {
        int32_t any = 0;
        for (uint32_t j = 0; j < RCX_SCAN_LANES; j++)
            any |= -(key[b + j] >= enough);
        for (uint32_t j = b; any && j < b + RCX_SCAN_LANES; j++) {
            if (key[j] < enough || key[j] < 0)
                continue;
            double gain = exact_gain(scan, prefix[j]);
            if (gain > out->gain)
                *out = (struct rcx_scan_result){gain, j, prefix[j]};
        }
    }
}
