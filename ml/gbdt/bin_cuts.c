#include "ml/gbdt/bin_cuts.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "ml/gbdt/gbdt_model.h"

/* ---- sorting ---- */

enum { DIGIT_BITS = 11, DIGITS = 6, VALUES = 1 << DIGIT_BITS };

/* The order of doubles as the order of unsigned integers. */
static uint64_t to_key(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

static double from_key(uint64_t key)
{
    uint64_t bits = key >> 63 ? key & ~((uint64_t)1 << 63) : ~key;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* One pass by the digit at `shift`; false when all keys agree in it and nothing was moved. */
static bool sort_digit(const uint64_t *from, uint64_t *to, size_t count, uint32_t *places,
                       unsigned shift)
{
    uint32_t place = 0;
    for (size_t v = 0; v < VALUES; v++) {
        uint32_t here = places[v];
        if (here == count)
            return false;
        places[v] = place;
        place += here;
    }
    for (size_t i = 0; i < count; i++)
        to[places[from[i] >> shift & (VALUES - 1)]++] = from[i];
    return true;
}

static void count_digits(const uint64_t *keys, size_t count, uint32_t places[DIGITS][VALUES])
{
    memset(places, 0, sizeof(uint32_t) * DIGITS * VALUES);
    for (size_t i = 0; i < count; i++) {
        for (unsigned d = 0; d < DIGITS; d++)
            places[d][keys[i] >> (d * DIGIT_BITS) & (VALUES - 1)]++;
    }
}

/* The arrays of doubles hold the keys meanwhile. */
void rcx_sort_reals(double *values, double *scratch, size_t count)
{
    uint32_t places[DIGITS][VALUES];
    uint64_t *from = (uint64_t *)(void *)values, *to = (uint64_t *)(void *)scratch;
    for (size_t i = 0; i < count; i++) {
        uint64_t key = to_key(values[i]);
        memcpy(&from[i], &key, sizeof key);
    }
    count_digits(from, count, places);
    for (unsigned d = 0; d < DIGITS && count > 0; d++) {
        if (sort_digit(from, to, count, places[d], d * DIGIT_BITS)) {
            uint64_t *swap = from;
            from = to;
            to = swap;
        }
    }
    for (size_t i = 0; i < count; i++) {
        double value = from_key(from[i]);
        memcpy(&values[i], &value, sizeof value);
    }
}

size_t rcx_count_distinct(double *values, uint32_t *counts, size_t count)
{
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++) {
        if (distinct == 0 || values[i] != values[distinct - 1]) {
            values[distinct] = values[i];
            counts[distinct++] = 0;
        }
        counts[distinct - 1]++;
    }
    return distinct;
}

/* ---- numerical bins ---- */

/* A bound t with low <= t < high: the middle, which itself is below it, as in LightGBM. Not within [-1e-35, 1e-35): LightGBM takes values there for 0 when it
 * predicts, so that a bound between two of them would be another one to it. */
static double halfway(double low, double high)
{
    double middle = nextafter((low + high) / 2, INFINITY);
    if (middle >= -RCX_GBDT_ZERO && middle < RCX_GBDT_ZERO)
        middle = high > RCX_GBDT_ZERO ? RCX_GBDT_ZERO : low;
    return middle < high && middle >= low ? middle : low;
}

static uint32_t cut_each(const double *values, const uint32_t *counts, size_t distinct,
                         size_t min_rows, double *out)
{
    uint32_t cuts = 0;
    size_t in_bin = 0;
    for (size_t i = 0; i + 1 < distinct; i++) {
        in_bin += counts[i];
        if (in_bin >= min_rows) {
            out[cuts++] = halfway(values[i], values[i + 1]);
            in_bin = 0;
        }
    }
    return cuts;
}

struct fill {
    double mean;       /* rows of a bin of values that are not frequent */
    size_t bins, rows; /* left for those */
};

static uint32_t cut_side(const double *values, const uint32_t *counts, size_t distinct, size_t rows,
                         const struct rcx_cut_limits *limits, double *out_upper)
{
    if (distinct <= limits->most)
        return cut_each(values, counts, distinct, limits->min_rows, out_upper);
    size_t most = rows / limits->min_rows;
    most = most < limits->most ? most : limits->most;
    most = most > 0 ? most : 1;
    double frequent = (double)rows / (double)most;
    struct fill fill = {.bins = most, .rows = rows};
    for (size_t i = 0; i < distinct; i++) {
        if (counts[i] >= frequent) {
            fill.bins -= fill.bins > 0 ? 1 : 0;
            fill.rows -= counts[i];
        }
    }
    fill.mean = fill.bins > 0 ? (double)fill.rows / (double)fill.bins : INFINITY;
    uint32_t cuts = 0;
    size_t in_bin = 0;
    for (size_t i = 0; i + 1 < distinct && cuts + 1 < most; i++) {
        bool big = counts[i] >= frequent, next_big = counts[i + 1] >= frequent;
        in_bin += counts[i];
        fill.rows -= big ? 0 : counts[i];
        double half = fill.mean / 2 > 1 ? fill.mean / 2 : 1;
        if (!big && (double)in_bin < fill.mean && !(next_big && (double)in_bin >= half))
            continue;
        out_upper[cuts++] = halfway(values[i], values[i + 1]);
        in_bin = 0;
        if (!big && fill.bins > 0) {
            fill.bins--;
            fill.mean = fill.bins > 0 ? (double)fill.rows / (double)fill.bins : INFINITY;
        }
    }
    return cuts;
}

/* Distinct values and rows on each side of 0. */
struct sides {
    size_t below, above, negative, positive;
};

static struct sides count_sides(const double *values, const uint32_t *counts, size_t distinct)
{
    struct sides sides = {0};
    for (size_t i = 0; i < distinct; i++) {
        sides.below += values[i] < 0;
        sides.above += values[i] > 0;
        sides.negative += values[i] < 0 ? counts[i] : 0;
        sides.positive += values[i] > 0 ? counts[i] : 0;
    }
    return sides;
}

uint32_t rcx_cut_bins(const double *values, const uint32_t *counts, size_t distinct, size_t rows,
                      const struct rcx_cut_limits *limits, double *out_upper)
{
    if (limits->most < 3)
        return cut_side(values, counts, distinct, rows, limits, out_upper);
    struct sides sides = count_sides(values, counts, distinct);
    bool zeros = sides.below + sides.above < distinct;
    struct rcx_cut_limits side = *limits;
    uint32_t cuts = 0, used = 0;
    if (sides.below > 0) {
        double share = (double)sides.negative / (double)(sides.negative + sides.positive);
        side.most = (uint32_t)(share * (double)(limits->most - 1));
        side.most = side.most > 0 ? side.most : 1;
        cuts = cut_side(values, counts, sides.below, sides.negative, &side, out_upper);
        used = cuts + 1;
        if (zeros)
            out_upper[cuts++] = -RCX_GBDT_ZERO;
    }
    if (sides.above > 0) {
        size_t first = distinct - sides.above;
        if (first > 0)
            out_upper[cuts++] = RCX_GBDT_ZERO;
        side.most = limits->most - 1 - used;
        cuts += cut_side(values + first, counts + first, sides.above, sides.positive, &side,
                         out_upper + cuts);
    }
    return cuts;
}

/* ---- categories ---- */

uint32_t rcx_cut_categories(const uint32_t *counts, uint32_t count,
                            const struct rcx_cut_limits *limits, int32_t *out_category,
                            int32_t *out_bin)
{
    uint32_t kept = 0, most = limits->most - 1;
    for (uint32_t c = 0; c < count; c++) {
        if (counts[c] == 0 || counts[c] < limits->min_rows)
            continue;
        if (kept == most) { /* full: the least frequent gives way */
            if (counts[c] <= counts[out_category[kept]])
                continue;
            out_bin[out_category[kept]] = 0;
        } else {
            kept++;
        }
        uint32_t at = kept;
        for (; at > 1 && counts[out_category[at - 1]] < counts[c]; at--) {
            out_category[at] = out_category[at - 1];
            out_bin[out_category[at]] = (int32_t)at;
        }
        out_category[at] = (int32_t)c;
        out_bin[c] = (int32_t)at;
    }
    return kept;
}
