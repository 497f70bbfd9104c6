#pragma once
/* Cleaning as a stage: from a store to the cleaned rows and the accounts of what was removed.
 *
 * Morsels are cleaned in parallel; the rows come out in the store's order in tables of at most a
 * few morsels, so memory does not grow with the store. */
#include "engine/quality/clean_stats.h"

/* Receives cleaned rows (engine/exec/clean_table.h), in order, on the calling thread. */
typedef enum rcx_status rcx_clean_rows_function(void *context, const struct rcx_table *rows,
                                                struct rcx_error *err);

struct rcx_clean_run {
    const struct rcx_store *store;
    const struct rcx_clean_plan *plan; /* thresholds set */
    struct rcx_parallel parallel;
    rcx_clean_rows_function *rows; /* NULL: the accounts are enough */
    void *rows_context;
};

/* Errors: of the scan and of `rows`; RCX_E_NOMEM. The caller releases *out. */
enum rcx_status rcx_clean_run(const struct rcx_clean_run *run, struct rcx_clean_stats *out,
                              struct rcx_error *err);

/* The dates of the first and last row of a store that has rows. */
struct rcx_data_range rcx_store_range(const struct rcx_store *store);
