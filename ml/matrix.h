#pragma once
/* What every learner takes: columns of doubles, NaN where there is no value.
 *
 *     columns[c][r]      column c, row r
 *
 * A matrix borrows everything, so choosing or reordering columns costs an array of pointers.
 * rcx_matrix_build makes one from a table: REAL columns are borrowed as they are, all others are
 * converted into memory that `struct rcx_matrix_source` owns. What a value becomes:
 *
 *     BOOL, INT8, INT32, INT64   the number; beyond 2^53 to the nearest double
 *     DECIMAL                    the number, rounded once
 *     DATE, TIME                 days, seconds (base/date.h)
 *     TEXT                       its code in the column's dictionary: a category, not a quantity
 *     null                       NaN
 *
 * Codes mean something only together with the dictionary; who keeps a model keeps the texts. */
#include <stddef.h>

#include "base/status.h"
#include "base/table.h"

struct rcx_matrix {
    size_t rows;
    size_t column_count;
    const double *const *columns;
    const char *const *names; /* may be NULL */
};

/* A matrix together with what had to be made for it. Zero is a valid empty one. */
struct rcx_matrix_source {
    struct rcx_matrix matrix;
    const double **columns;
    const char **names;
    double **converted; /* one per column; NULL where the table's own values serve */
};

/* The named columns in the order given; `names` NULL: all columns of the table, in its order.
 * Ownership: borrows the table and its columns (and `names`' texts) as long as *out is in use.
 * Errors: RCX_E_INPUT (no such column: the message names those there are), RCX_E_NOMEM. */
enum rcx_status rcx_matrix_build(const struct rcx_table *table, const char *const *names,
                                 size_t name_count, struct rcx_matrix_source *out,
                                 struct rcx_error *err);
void rcx_matrix_release(struct rcx_matrix_source *source);

/* The values of one column as doubles; out has column->rows places. */
void rcx_column_to_reals(const struct rcx_column *column, double *out);
