#pragma once
/* A feature table in a Parquet file, read by snapshot or by customer: one snapshot after the other,
 * each in row groups of its own (one, unless it has more customers than export.row_group_rows), with
 * the lineage in the file's metadata. Only what is asked for is read: a snapshot is its row groups; a
 * customer's history is the ids of each snapshot and then, in every other column, the page with the
 * row. */
#include "engine/exec/feature_lineage.h"
#include "storage/format/parquet_file.h"

struct rcx_feature_file {
    struct rcx_parquet_file own;          /* zero when opened from a source */
    const struct rcx_parquet_file *table; /* = &own, or borrowed */
    struct rcx_feature_lineage lineage;
    size_t *first_group; /* [lineage.count + 1]: of each snapshot */
};

/* Errors: of rcx_parquet_file_open; RCX_E_INPUT (no feature table); RCX_E_CORRUPT (rows that are not
 * as the lineage says). `out` must stay where it is until it is closed. */
enum rcx_status rcx_feature_file_open(const char *path, struct rcx_feature_file *out,
                                      struct rcx_error *err);
/* The same of an open Parquet file, which is borrowed. */
enum rcx_status rcx_feature_file_of(const struct rcx_parquet_file *table,
                                    struct rcx_feature_file *out, struct rcx_error *err);
void rcx_feature_file_close(struct rcx_feature_file *file); /* zero is fine */

/* False: there is no such snapshot. */
bool rcx_feature_file_find(const struct rcx_feature_file *file, rcx_day day, size_t *out);
/* RCX_E_INPUT that names the dates there are. */
enum rcx_status rcx_feature_file_no_snapshot(const struct rcx_feature_file *file, rcx_day day,
                                             struct rcx_error *err);

/* All rows of a snapshot. Errors: RCX_E_CORRUPT, RCX_E_NOMEM. The caller releases *out. */
enum rcx_status rcx_feature_file_snapshot(const struct rcx_feature_file *file, size_t snapshot,
                                          const struct rcx_parallel *parallel,
                                          struct rcx_table *out, struct rcx_error *err);

/* One row per snapshot that has the customer, by date; `visit` borrows the table.
 *  first, count  snapshots that are looked at
 * Errors: RCX_E_INPUT (no row; or an id that cannot be one), of `visit`, as above. */
typedef enum rcx_status rcx_feature_row_function(void *context, const struct rcx_table *row,
                                                 struct rcx_error *err);
enum rcx_status rcx_feature_file_customer(const struct rcx_feature_file *file, const char *id,
                                          size_t first, size_t count,
                                          const struct rcx_parallel *parallel,
                                          rcx_feature_row_function *visit, void *context,
                                          struct rcx_error *err);

/* The values of a feature at a snapshot as reals, nulls as NaN, in the order of the rows.
 *  out  room for the snapshot's rows */
enum rcx_status rcx_feature_file_values(const struct rcx_feature_file *file, size_t snapshot,
                                        size_t feature, struct rcx_parquet_decoder *decoder,
                                        double *out, struct rcx_error *err);
