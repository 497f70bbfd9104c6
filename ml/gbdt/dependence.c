#include "ml/gbdt/dependence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ml/gbdt/forest.h"

static int compare_reals(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum rcx_status rcx_gbdt_dependence_grid(const double *column, size_t rows, size_t most,
                                         double *out, size_t *out_count, struct rcx_error *err)
{
    double *sorted = rcx_malloc_array(rows + 1, sizeof *sorted);
    size_t known = 0, distinct = 0, count = 0;
    if (!sorted)
        return rcx_fail_nomem(err, "values", rows * sizeof *sorted);
    for (size_t r = 0; r < rows; r++)
        if (!isnan(column[r]))
            sorted[known++] = column[r];
    qsort(sorted, known, sizeof *sorted, compare_reals);
    for (size_t i = 0; i < known; i++)
        distinct += i == 0 || sorted[i] > sorted[i - 1];
    for (size_t i = 0; i < known && distinct <= most; i++)
        if (i == 0 || sorted[i] > sorted[i - 1])
            out[count++] = sorted[i];
    for (size_t k = 0; k < most && distinct > most; k++) {
        double value = sorted[most > 1 ? k * (known - 1) / (most - 1) : known / 2];
        if (count == 0 || value > out[count - 1])
            out[count++] = value;
    }
    if (known < rows)
        out[count++] = NAN;
    *out_count = count;
    rcx_free(sorted);
    return RCX_OK;
}

/* The mean of scores, or of predictions; chunks of rows, added in their order. */
static double mean_of(const struct rcx_gbdt_model *model, double *scores, size_t rows,
                      int transform)
{
    enum { CHUNK = 8192 };
    double total = 0;
    if (transform)
        rcx_gbdt_model_transform(model, scores, rows);
    for (size_t begin = 0; begin < rows; begin += CHUNK) {
        double sum = 0;
        for (size_t r = begin; r < rows && r < begin + CHUNK; r++)
            sum += scores[r];
        total += sum;
    }
    return total / (double)rows;
}

enum rcx_status rcx_gbdt_dependence(const struct rcx_gbdt_model *model,
                                    const struct rcx_matrix *matrix, size_t feature,
                                    const double *values, size_t value_count, int transform,
                                    const struct rcx_parallel *parallel, double *out,
                                    struct rcx_error *err)
{
    struct rcx_forest *forest = NULL;
    struct rcx_matrix changed = *matrix;
    size_t rows = matrix->rows, features = matrix->column_count;
    const double **columns = rcx_calloc(features + 1, sizeof *columns);
    double *fixed = rcx_malloc_array(rows + 1, sizeof *fixed);
    double *scores = rcx_malloc_array(rows + 1, sizeof *scores);
    enum rcx_status status = columns && fixed && scores
                                 ? rcx_forest_build(model, 0, &forest, err)
                                 : rcx_fail_nomem(err, "partial dependence", rows * sizeof *fixed);
    if (status == RCX_OK) {
        memcpy(columns, matrix->columns, features * sizeof *columns);
        columns[feature] = fixed;
        changed.columns = columns;
    }
    for (size_t v = 0; v < value_count && status == RCX_OK; v++) {
        for (size_t r = 0; r < rows; r++)
            fixed[r] = values[v];
        status = rcx_forest_scores(forest, &changed, NULL, parallel, scores, err);
        if (status == RCX_OK)
            out[v] = mean_of(model, scores, rows, transform);
    }
    rcx_forest_release(forest);
    rcx_free(columns);
    rcx_free(fixed);
    rcx_free(scores);
    return status;
}
