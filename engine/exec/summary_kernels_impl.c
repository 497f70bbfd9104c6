#include "engine/exec/summary_kernels.h"

#include <math.h>

enum { LANES = 8 };

struct lanes {
    double min[LANES], max[LANES], sum[LANES], known[LANES]; /* counts are exact as doubles */
};

/* Comparisons with NaN are false, so a NaN leaves its lane as it is. */
static void add_values(struct lanes *lanes, const double *values, size_t count)
{
    for (size_t lane = 0; lane < count; lane++) {
        double value = values[lane];
        double is_known = value == value ? 1.0 : 0.0;
        lanes->sum[lane] += value == value ? value : 0.0;
        lanes->known[lane] += is_known;
        lanes->min[lane] = value < lanes->min[lane] ? value : lanes->min[lane];
        lanes->max[lane] = value > lanes->max[lane] ? value : lanes->max[lane];
    }
}

struct rcx_real_summary RCX_KERNEL(rcx_summarise_real)(const double *values, size_t count)
{
    struct lanes lanes = {0};
    for (size_t lane = 0; lane < LANES; lane++) {
        lanes.min[lane] = INFINITY;
        lanes.max[lane] = -INFINITY;
    }
    size_t whole = count - count % LANES;
    for (size_t i = 0; i < whole; i += LANES)
        add_values(&lanes, values + i, LANES);
    add_values(&lanes, values + whole, count - whole);
    struct rcx_real_summary all = {INFINITY, -INFINITY, 0, 0};
    for (size_t lane = 0; lane < LANES; lane++) {
        all.min = lanes.min[lane] < all.min ? lanes.min[lane] : all.min;
        all.max = lanes.max[lane] > all.max ? lanes.max[lane] : all.max;
        all.sum += lanes.sum[lane];
        all.known += (uint64_t)lanes.known[lane];
    }
    return all;
}

struct rcx_whole_summary RCX_KERNEL(rcx_summarise_whole)(const int32_t *values, size_t count)
{
    struct rcx_whole_summary all = {values[0], values[0], 0};
    for (size_t i = 0; i < count; i++) {
        all.sum += values[i];
        all.min = values[i] < all.min ? values[i] : all.min;
        all.max = values[i] > all.max ? values[i] : all.max;
    }
    return all;
}
