#pragma once
/* Merging the sorted rows of several segments; private to storage/store. */
#include "storage/store/scan_columns.h"
#include "storage/store/store_internal.h"

/* Receipts [begin, end) of one segment's decoded columns (all of them). */
struct rcx_merge_source {
    struct rcx_columns columns;
    size_t begin, end;
};

/* Merges into `out` in the store's order; equal receipts of several sources become one. */
enum rcx_status rcx_scan_merge(const struct rcx_store *store, struct rcx_merge_source *sources,
                               size_t source_count, struct rcx_columns *out, struct rcx_error *err);
