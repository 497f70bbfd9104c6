#include "ml/gbdt/bins.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "ml/gbdt/bin_cuts.h"
#include "ml/gbdt/bin_kernels.h"

enum { STREAM_SAMPLE = 0x6269 };

/* Infinite values are the farthest finite ones of a file. */
static const double FARTHEST = 1e300;

struct build {
    const struct rcx_matrix *matrix;
    const bool *categorical;
    const struct rcx_gbdt_params *params;
    struct rcx_gbdt_bins *bins;
};

static double clamp(double value)
{
    return value > FARTHEST ? FARTHEST : value < -FARTHEST ? -FARTHEST : value;
}

/* Smallest and largest value, and whether one is missing. */
static void find_range(const double *values, size_t rows, struct rcx_gbdt_bin_map *map)
{
    double min = INFINITY, max = -INFINITY;
    size_t missing = 0;
    for (size_t i = 0; i < rows; i++) {
        double value = values[i];
        missing += value != value;
        min = value < min ? value : min;
        max = value > max ? value : max;
    }
    map->min = min > max ? min : clamp(min);
    map->max = min > max ? max : clamp(max);
    map->has_missing = missing > 0;
}

/* The sampled values that are not missing, in order. Every row when they are few enough, else one
 * row of each of `most` equal stretches, drawn. */
static size_t sample(const double *values, size_t rows, size_t most, size_t column, double *out)
{
    size_t found = 0;
    size_t taken = rows < most ? rows : most;
    for (size_t i = 0; i < taken; i++) {
        size_t row = i;
        if (rows > most) {
            size_t begin = (size_t)((unsigned __int128)rows * i / most);
            size_t end = (size_t)((unsigned __int128)rows * (i + 1) / most);
            struct rcx_random random = rcx_random_of(i, STREAM_SAMPLE, column);
            row = begin + (size_t)rcx_random_below(&random, end - begin);
        }
        double value = clamp(values[row]);
        if (value == value)
            out[found++] = fabs(value) <= RCX_GBDT_ZERO ? 0 : value; /* -0, too */
    }
    return found;
}

static enum rcx_status build_numerical(const struct build *build, size_t column,
                                       struct rcx_gbdt_bin_map *map, struct rcx_error *err)
{
    const double *values = build->matrix->columns[column];
    size_t rows = build->matrix->rows;
    size_t most = (size_t)build->params->bin_construct_sample_cnt;
    most = most < rows ? most : rows;
    find_range(values, rows, map);
    map->upper = rcx_malloc_array(RCX_GBDT_MOST_BINS, sizeof *map->upper);
    double *sampled = rcx_malloc_array(2 * most, sizeof *sampled);
    uint32_t *counts = rcx_malloc_array(most, sizeof *counts);
    enum rcx_status status = RCX_OK;
    if (!map->upper || !sampled || !counts) {
        status = rcx_fail_nomem(err, "bins", most * 20);
    } else {
        size_t count = sample(values, rows, most, column, sampled);
        rcx_sort_reals(sampled, sampled + most, count);
        size_t distinct = rcx_count_distinct(sampled, counts, count);
        struct rcx_cut_limits limits = {.most = (uint32_t)build->params->max_bin -
                                                (map->has_missing ? 1 : 0),
                                        .min_rows = (size_t)build->params->min_data_in_bin};
        uint32_t cuts = rcx_cut_bins(sampled, counts, distinct, count, &limits, map->upper);
        for (size_t b = cuts; b < RCX_GBDT_MOST_BINS; b++)
            map->upper[b] = INFINITY;
        map->bins = cuts + 1 + (map->has_missing ? 1 : 0);
        if (count == 0)
            map->bins = 1;
        map->zero_bin = 0;
        while (map->upper[map->zero_bin] < 0)
            map->zero_bin++;
    }
    rcx_free(sampled);
    rcx_free(counts);
    return status;
}

/* ---- categories ---- */

/* The category of a value; -1 for those that have none. (-1, 0) is 0, as a cast makes it. */
static int32_t category_of(double value)
{
    return value > -1 && value < RCX_GBDT_MOST_CATEGORY ? (int32_t)value : -1;
}

static enum rcx_status build_categorical(const struct build *build, size_t column,
                                         struct rcx_gbdt_bin_map *map, struct rcx_error *err)
{
    const double *values = build->matrix->columns[column];
    size_t rows = build->matrix->rows;
    int32_t largest = -1;
    find_range(values, rows, map);
    for (size_t i = 0; i < rows; i++) {
        int32_t category = category_of(values[i]);
        largest = category > largest ? category : largest;
    }
    map->categorical = true;
    map->has_missing = false;
    map->look_up_count = (uint32_t)(largest + 1);
    map->category = rcx_calloc(RCX_GBDT_MOST_BINS, sizeof *map->category);
    map->look_up = rcx_calloc((size_t)map->look_up_count + 1, sizeof *map->look_up);
    uint32_t *counts = rcx_calloc((size_t)map->look_up_count + 1, sizeof *counts);
    if (!map->category || !map->look_up || !counts) {
        rcx_free(counts);
        return rcx_fail_nomem(err, "categories", 8 * (uint64_t)map->look_up_count);
    }
    bool others = false;
    for (size_t i = 0; i < rows; i++) {
        int32_t category = category_of(values[i]);
        if (category < 0)
            others = true;
        else
            counts[category]++;
    }
    struct rcx_cut_limits limits = {.most = (uint32_t)build->params->max_bin,
                                    .min_rows = (size_t)build->params->min_data_in_bin};
    uint32_t kept = rcx_cut_categories(counts, map->look_up_count, &limits, map->category,
                                       map->look_up);
    for (uint32_t c = 0; c < map->look_up_count; c++)
        others |= counts[c] > 0 && map->look_up[c] == 0;
    map->bins = kept > 1 || (kept == 1 && others) ? kept + 1 : 1;
    rcx_free(counts);
    return RCX_OK;
}

/* ---- all columns ---- */

static enum rcx_status build_column(void *context, size_t column, unsigned worker,
                                    struct rcx_error *err)
{
    struct build *build = context;
    (void)worker;
    struct rcx_gbdt_bin_map *map = &build->bins->maps[column];
    if (build->categorical && build->categorical[column])
        return build_categorical(build, column, map, err);
    return build_numerical(build, column, map, err);
}

static enum rcx_status copy_names(const struct rcx_matrix *matrix, struct rcx_gbdt_bins *bins,
                                  struct rcx_error *err)
{
    for (size_t c = 0; c < matrix->column_count; c++) {
        char name[32];
        (void)snprintf(name, sizeof name, "Column_%zu", c);
        bins->names[c] = rcx_strdup(matrix->names ? matrix->names[c] : name);
        if (!bins->names[c])
            return rcx_fail_nomem(err, "feature names", 32);
    }
    return RCX_OK;
}

enum rcx_status rcx_gbdt_bins_build(const struct rcx_matrix *matrix, const bool *categorical,
                                    const struct rcx_gbdt_params *params,
                                    const struct rcx_parallel *parallel, struct rcx_gbdt_bins *out,
                                    struct rcx_error *err)
{
    if (matrix->rows == 0 || matrix->column_count == 0)
        return rcx_fail(err, RCX_E_INPUT, "training: %zu rows and %zu features; both must be there",
                        matrix->rows, matrix->column_count);
    enum rcx_status status = rcx_gbdt_params_check(params, err);
    if (status != RCX_OK)
        return status;
    struct rcx_gbdt_bins bins = {.feature_count = matrix->column_count};
    bins.maps = rcx_calloc(matrix->column_count, sizeof *bins.maps);
    bins.names = rcx_calloc(matrix->column_count, sizeof *bins.names);
    if (!bins.maps || !bins.names) {
        status = rcx_fail_nomem(err, "bins", matrix->column_count * sizeof *bins.maps);
    } else {
        struct build build = {matrix, categorical, params, &bins};
        status = copy_names(matrix, &bins, err);
        if (status == RCX_OK)
            status = rcx_parallel_for(parallel, matrix->column_count, build_column, &build, err);
    }
    if (status != RCX_OK)
        rcx_gbdt_bins_release(&bins);
    else
        *out = bins;
    return status;
}

void rcx_gbdt_bins_release(struct rcx_gbdt_bins *bins)
{
    for (size_t c = 0; c < bins->feature_count; c++) {
        if (bins->maps) {
            rcx_free(bins->maps[c].upper);
            rcx_free(bins->maps[c].category);
            rcx_free(bins->maps[c].look_up);
        }
        if (bins->names)
            rcx_free(bins->names[c]);
    }
    rcx_free(bins->maps);
    rcx_free(bins->names);
    *bins = (struct rcx_gbdt_bins){0};
}

uint8_t rcx_gbdt_bin_of(const struct rcx_gbdt_bin_map *map, double value)
{
    if (map->categorical) {
        int32_t category = category_of(value);
        bool known = category >= 0 && (uint32_t)category < map->look_up_count;
        return known ? (uint8_t)map->look_up[category] : 0;
    }
    if (value != value)
        return (uint8_t)(map->has_missing ? map->bins - 1 : map->zero_bin);
    uint32_t bin = 0;
    while (value > map->upper[bin])
        bin++;
    return (uint8_t)bin;
}

void rcx_gbdt_bin_column(const struct rcx_gbdt_bin_map *map, const double *values, size_t count,
                         uint8_t *out)
{
    if (map->categorical) {
        for (size_t i = 0; i < count; i++)
            out[i] = rcx_gbdt_bin_of(map, values[i]);
        return;
    }
    uint8_t missing = (uint8_t)(map->has_missing ? map->bins - 1 : map->zero_bin);
    RCX_KERNEL_CALL(rcx_bin_values)(map->upper, missing, values, count, out);
}
