#pragma once
/* Rows ready for training: bins, labels, weights, initial scores.
 *
 * Bins are kept in both orders: by column (a split reads one feature of many rows) and by row, in words of at
 * most eight features (a histogram reads all features of some rows: they share cache lines, and the histograms
 * of one word, a group, stay in the first cache). Constant features are left out of both. */
#include <stddef.h>
#include <stdint.h>

#include "base/parallel.h"
#include "base/status.h"
#include "ml/gbdt/bins.h"
#include "ml/matrix.h"

enum { RCX_GBDT_GROUP = 8 }; /* most features of a group */

struct rcx_gbdt_rows {
    const struct rcx_matrix *matrix;
    const double *label;
    const double *weight; /* > 0; NULL: all 1 */
    const double
        *init_score; /* raw score before the first tree; NULL: boost_from_average decides */
};

struct rcx_gbdt_dataset {
    const struct rcx_gbdt_bins *bins; /* borrowed */
    struct rcx_gbdt_rows from;        /* borrowed pointers */
    size_t rows;
    size_t used;       /* features that are not constant */
    uint32_t *feature; /* [used] column of the matrix */
    size_t group_count;
    uint32_t *group_begin; /* [group_count + 1] first used feature of each group */
    uint8_t *columns;      /* [used][rows]; one block */
    uint64_t *words;       /* [rows][group_count]; feature j of the group in byte j */
    size_t columns_bytes, words_bytes;
};

/* Bins the rows. The matrix must have as many columns as the bins.
 * Ownership: borrows bins, matrix, label, weight, init_score as long as *out lives (the matrix' values
 * are read again only for continued training).
 * Errors: RCX_E_INPUT (no rows, too many rows, columns that do not fit, a label that is NaN or
 * infinite, a weight that is not > 0 and finite, an initial score that is not finite: with the row),
 * RCX_E_NOMEM, RCX_E_INTERRUPTED. */
enum rcx_status rcx_gbdt_dataset_build(const struct rcx_gbdt_bins *bins,
                                       const struct rcx_gbdt_rows *rows,
                                       const struct rcx_parallel *parallel,
                                       struct rcx_gbdt_dataset *out, struct rcx_error *err);
void rcx_gbdt_dataset_release(struct rcx_gbdt_dataset *dataset); /* zero is fine */
