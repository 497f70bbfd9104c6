#include "ml/tasks/segment_scores.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/radix.h"

/* Orders like the value; -0 like 0. */
static uint64_t key_of(double value)
{
    uint64_t bits;
    value += 0.0;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

static double value_of(uint64_t key)
{
    uint64_t bits = key >> 63 ? key & ~((uint64_t)1 << 63) : ~key;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double quantile(const struct rcx_radix_item *sorted, size_t rows, double q)
{
    double place = q * (double)(rows - 1);
    size_t below = (size_t)place;
    double low = value_of(sorted[below].key);
    double high = value_of(sorted[below + 1 < rows ? below + 1 : below].key);
    double share = place - (double)below;
    /* as numpy: from the nearer end, so that equal ends give exactly their value */
    return share < 0.5 ? low + (high - low) * share : high - (high - low) * (1 - share);
}

enum rcx_status rcx_rank_values(const double *values, size_t rows, double edges[RCX_SCORE_EDGES],
                                double *ranks, struct rcx_error *err)
{
    struct rcx_radix_item *items = rcx_malloc_array(rows, 2 * sizeof *items);
    if (!items)
        return rcx_fail_nomem(err, "ranks", rows * 2 * sizeof *items);
    for (size_t i = 0; i < rows; i++)
        items[i] = (struct rcx_radix_item){key_of(values[i]), (uint32_t)i, 0};
    rcx_radix_sort(items, items + rows, rows);
    for (size_t e = 0; e < RCX_SCORE_EDGES; e++)
        edges[e] = quantile(items, rows, (double)(e + 1) / RCX_SCORES);
    double least = value_of(items[0].key), next = value_of(items[rows - 1].key);
    for (size_t e = RCX_SCORE_EDGES; e-- > 0;) {
        if (edges[e] == least)
            edges[e] = next;
        next = edges[e];
    }
    for (size_t first = 0, end; ranks && first < rows; first = end) {
        for (end = first + 1; end < rows && items[end].key == items[first].key; end++)
            ;
        double rank = (double)(first + end) / 2 / (double)rows;
        for (size_t i = first; i < end; i++)
            ranks[items[i].payload] = rank;
    }
    rcx_free(items);
    return RCX_OK;
}

int rcx_rfm_score(enum rcx_rfm dimension, const double edges[RCX_SCORE_EDGES], double value)
{
    int above = 0;
    for (size_t e = 0; e < RCX_SCORE_EDGES; e++)
        above += edges[e] < value;
    return dimension == RCX_RFM_RECENCY ? RCX_SCORES - above : 1 + above;
}

enum rcx_segment_id rcx_rfm_segment(int r, int f, int m)
{
#define S(name) RCX_SEGMENT_##name
    /* clang-format off */
    static const enum rcx_segment_id grid[RCX_SCORES][RCX_SCORES] = { /* [R - 1][FM - 1] */
        {S(LOST),           S(HIBERNATING),         S(AT_RISK),             S(AT_RISK),   S(CANNOT_LOSE)},
        {S(HIBERNATING),    S(HIBERNATING),         S(AT_RISK),             S(AT_RISK),   S(CANNOT_LOSE)},
        {S(ABOUT_TO_SLEEP), S(ABOUT_TO_SLEEP),      S(NEED_ATTENTION),      S(LOYAL),     S(LOYAL)},
        {S(PROMISING),      S(POTENTIAL_LOYALISTS), S(POTENTIAL_LOYALISTS), S(LOYAL),     S(LOYAL)},
        {S(NEW),            S(POTENTIAL_LOYALISTS), S(POTENTIAL_LOYALISTS), S(CHAMPIONS), S(CHAMPIONS)},
    };
    /* clang-format on */
#undef S
    return grid[r - 1][(f + m + 1) / 2 - 1]; /* the mean, rounded half up */
}
