#include "engine/quality/drift.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/decimal.h"

/* --- order --------------------------------------------------------------------------------- */

/* Bits whose unsigned order is the order of the values. */
static uint64_t key_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static double value_of(uint64_t key)
{
    uint64_t bits = key >> 63 ? key & ~(UINT64_C(1) << 63) : ~key;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, PASSES = 6 };

/* One digit of a least-significant-digit radix sort; false when all keys agree in it. */
static bool sort_digit(const uint64_t *in, uint64_t *out, size_t count, unsigned shift)
{
    size_t starts[DIGITS] = {0};
    for (size_t i = 0; i < count; i++)
        starts[in[i] >> shift & (DIGITS - 1)]++;
    if (starts[in[0] >> shift & (DIGITS - 1)] == count)
        return false;
    size_t sum = 0;
    for (size_t d = 0; d < DIGITS; d++) {
        size_t here = starts[d];
        starts[d] = sum;
        sum += here;
    }
    for (size_t i = 0; i < count; i++)
        out[starts[in[i] >> shift & (DIGITS - 1)]++] = in[i];
    return true;
}

size_t rcx_drift_sort(double *values, size_t count, uint64_t *scratch)
{
    uint64_t *in = scratch, *out = scratch + count;
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        if (values[i] == values[i])
            in[known++] = key_of(values[i] + 0.0); /* -0.0 becomes 0.0 */
    for (unsigned pass = 0; pass < PASSES && known > 0; pass++) {
        if (sort_digit(in, out, known, pass * DIGIT_BITS)) {
            uint64_t *other = in;
            in = out;
            out = other;
        }
    }
    for (size_t i = 0; i < known; i++)
        values[i] = value_of(in[i]);
    return known;
}

/* --- PSI ----------------------------------------------------------------------------------- */

/* How many values are <= bound. */
static size_t count_up_to(const struct rcx_drift_sample *sample, double bound)
{
    size_t low = 0, high = sample->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sample->values[middle] <= bound)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static double share(size_t count, size_t rows, double min_share)
{
    double value = (double)count / (double)rows;
    return value < min_share ? min_share : value;
}

static double term(size_t reference, size_t reference_rows, size_t count, size_t rows,
                   double min_share)
{
    double p = share(reference, reference_rows, min_share);
    double q = share(count, rows, min_share);
    return (q - p) * log(q / p);
}

double rcx_drift_psi(const struct rcx_drift_sample *reference,
                     const struct rcx_drift_sample *sample, size_t bins, double min_share)
{
    if (reference->rows == 0 || sample->rows == 0)
        return NAN;
    double psi = 0;
    size_t below = 0, sample_below = 0; /* values in the bins so far */
    for (size_t k = 1; k < bins && reference->count > 0; k++) {
        size_t rank = (k * reference->count + bins - 1) / bins; /* 1-based, at least 1 */
        double bound = reference->values[rank - 1];
        size_t up_to = count_up_to(reference, bound);
        if (up_to == below)
            continue; /* the same bound once more */
        size_t sample_up_to = count_up_to(sample, bound);
        psi += term(up_to - below, reference->rows, sample_up_to - sample_below, sample->rows,
                    min_share);
        below = up_to;
        sample_below = sample_up_to;
    }
    psi += term(reference->count - below, reference->rows, sample->count - sample_below,
                sample->rows, min_share);
    psi += term(reference->rows - reference->count, reference->rows, sample->rows - sample->count,
                sample->rows, min_share);
    return psi;
}

/* --- KS ------------------------------------------------------------------------------------ */

double rcx_drift_ks(const struct rcx_drift_sample *reference, const struct rcx_drift_sample *sample)
{
    size_t n = reference->count, m = sample->count, i = 0, j = 0;
    rcx_i128 largest = 0; /* |i/n - j/m| * n * m */
    if (n == 0 || m == 0)
        return NAN;
    while (i < n && j < m) {
        double value = reference->values[i] < sample->values[j] ? reference->values[i]
                                                                : sample->values[j];
        while (i < n && reference->values[i] == value)
            i++;
        while (j < m && sample->values[j] == value)
            j++;
        rcx_i128 difference = (rcx_i128)i * (rcx_i128)m - (rcx_i128)j * (rcx_i128)n;
        if (difference < 0)
            difference = -difference;
        if (difference > largest)
            largest = difference;
    }
    return rcx_ratio(largest, (rcx_i128)n * (rcx_i128)m);
}
