#include "ml/gbdt/gbdt_dataset.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ml/gbdt/bin_kernels.h"

enum {
    PIECE = 4096
}; /* rows of a task: their words stay in the second cache from group to group */
static const size_t MOST_ROWS = (size_t)1 << 30;

static void fill_group(struct rcx_gbdt_dataset *dataset, size_t group, size_t begin, size_t count)
{
    const uint8_t *columns[RCX_GBDT_GROUP];
    size_t first = dataset->group_begin[group], size = dataset->group_begin[group + 1] - first;
    for (size_t j = 0; j < size; j++) {
        uint32_t feature = dataset->feature[first + j];
        uint8_t *column = dataset->columns + (first + j) * dataset->rows + begin;
        rcx_gbdt_bin_column(&dataset->bins->maps[feature],
                            dataset->from.matrix->columns[feature] + begin, count, column);
        columns[j] = column;
    }
    RCX_KERNEL_CALL(rcx_bin_interleave)
    (columns, size, count, dataset->group_count,
     dataset->words + begin * dataset->group_count + group);
}

static enum rcx_status fill_piece(void *context, size_t piece, unsigned worker,
                                  struct rcx_error *err)
{
    struct rcx_gbdt_dataset *dataset = context;
    (void)worker;
    (void)err;
    size_t begin = piece * PIECE;
    size_t count = dataset->rows - begin < PIECE ? dataset->rows - begin : PIECE;
    for (size_t group = 0; group < dataset->group_count; group++)
        fill_group(dataset, group, begin, count);
    return RCX_OK;
}

static enum rcx_status check_values(const char *what, const double *values, size_t rows,
                                    bool positive, struct rcx_error *err)
{
    for (size_t i = 0; values && i < rows; i++) {
        if (!isfinite(values[i]) || (positive && !(values[i] > 0)))
            return rcx_fail(err, RCX_E_INPUT, "training: %s of row %zu is %g; expected a %s number",
                            what, i + 1, values[i], positive ? "positive finite" : "finite");
    }
    return RCX_OK;
}

static enum rcx_status check_rows(const struct rcx_gbdt_bins *bins,
                                  const struct rcx_gbdt_rows *rows, struct rcx_error *err)
{
    const struct rcx_matrix *matrix = rows->matrix;
    if (matrix->rows == 0 || matrix->rows > MOST_ROWS)
        return rcx_fail(err, RCX_E_INPUT, "training: %zu rows; expected 1 to %zu", matrix->rows,
                        MOST_ROWS);
    if (matrix->column_count != bins->feature_count)
        return rcx_fail(err, RCX_E_INPUT, "training: %zu features; the bins were made for %zu",
                        matrix->column_count, bins->feature_count);
    if (!rows->label)
        return rcx_fail(err, RCX_E_INPUT, "training: there are no labels");
    enum rcx_status status = check_values("the label", rows->label, matrix->rows, false, err);
    if (status == RCX_OK)
        status = check_values("the weight", rows->weight, matrix->rows, true, err);
    if (status == RCX_OK)
        status = check_values("the initial score", rows->init_score, matrix->rows, false, err);
    return status;
}

/* As many groups as words of eight need, a few more when that shares the work evenly among the
 * threads. The grouping changes no result. */
static size_t count_groups(size_t used, unsigned threads)
{
    size_t groups = (used + RCX_GBDT_GROUP - 1) / RCX_GBDT_GROUP;
    size_t even = (groups + threads - 1) / threads * threads;
    return even <= 1 || used / even >= RCX_GBDT_GROUP / 2 ? even : groups;
}

static bool allocate(struct rcx_gbdt_dataset *dataset)
{
    dataset->columns_bytes = dataset->used * dataset->rows;
    dataset->words_bytes = dataset->group_count * dataset->rows * sizeof *dataset->words;
    dataset->columns = rcx_pages_alloc(dataset->columns_bytes);
    dataset->words = rcx_pages_alloc(dataset->words_bytes);
    dataset->group_begin = rcx_calloc(dataset->group_count + 1, sizeof *dataset->group_begin);
    return dataset->columns && dataset->words && dataset->group_begin;
}

enum rcx_status rcx_gbdt_dataset_build(const struct rcx_gbdt_bins *bins,
                                       const struct rcx_gbdt_rows *rows,
                                       const struct rcx_parallel *parallel,
                                       struct rcx_gbdt_dataset *out, struct rcx_error *err)
{
    enum rcx_status status = check_rows(bins, rows, err);
    if (status != RCX_OK)
        return status;
    struct rcx_gbdt_dataset dataset = {.bins = bins, .from = *rows, .rows = rows->matrix->rows};
    dataset.feature = rcx_calloc(bins->feature_count, sizeof *dataset.feature);
    if (!dataset.feature)
        return rcx_fail_nomem(err, "data set", bins->feature_count * sizeof *dataset.feature);
    for (uint32_t f = 0; f < bins->feature_count; f++) {
        if (bins->maps[f].bins > 1)
            dataset.feature[dataset.used++] = f;
    }
    if (dataset.used > 0) {
        dataset.group_count = count_groups(dataset.used, parallel ? parallel->threads : 1);
        if (!allocate(&dataset)) {
            status = rcx_fail_nomem(err, "data set", dataset.columns_bytes + dataset.words_bytes);
            rcx_gbdt_dataset_release(&dataset);
            return status;
        }
        for (size_t g = 0; g <= dataset.group_count; g++)
            dataset.group_begin[g] = (uint32_t)(dataset.used * g / dataset.group_count);
        status = rcx_parallel_for(parallel, (dataset.rows + PIECE - 1) / PIECE, fill_piece,
                                  &dataset, err);
    }
    if (status != RCX_OK)
        rcx_gbdt_dataset_release(&dataset);
    else
        *out = dataset;
    return status;
}

void rcx_gbdt_dataset_release(struct rcx_gbdt_dataset *dataset)
{
    rcx_free(dataset->feature);
    rcx_free(dataset->group_begin);
    rcx_pages_free(dataset->columns, dataset->columns_bytes);
    rcx_pages_free(dataset->words, dataset->words_bytes);
    *dataset = (struct rcx_gbdt_dataset){0};
}
