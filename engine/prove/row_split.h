#pragma once
/* How a store's rows lie around moments: counted from the receipts, without the code that computes
 * features. */
#include "base/parallel.h"
#include "storage/store/scan.h"

struct rcx_row_split {
    rcx_time at;
    uint64_t before, after;            /* rows with time < at, and the others; guests included */
    rcx_time last_before, first_after; /* where there are any */
};

/* Fills the counts of `splits`, whose `at` are given. Errors: of the scan; RCX_E_NOMEM. */
enum rcx_status rcx_row_split(const struct rcx_store *store, const struct rcx_parallel *parallel,
                              struct rcx_row_split *splits, size_t count, struct rcx_error *err);
