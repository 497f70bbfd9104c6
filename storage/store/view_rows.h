#pragma once
/* What a view shows of a morsel; private to storage/store. */
#include "storage/store/scan_columns.h"
#include "storage/store/view.h"

struct rcx_view {
    rcx_time from;
    rcx_view_function *add;
    void *add_context;
};

/* Receipts [first, gone) of the base stay, then come the added rows up to `added_end`. */
struct rcx_view_piece {
    size_t first, gone, added_end;
};

/* Per-worker scratch and result; zero is a valid empty one. */
struct rcx_view_rows {
    struct rcx_columns columns;
    struct rcx_row_list added;
    struct rcx_view_piece *pieces;
    size_t piece_count, piece_capacity;
};
void rcx_view_rows_release(struct rcx_view_rows *rows);

/* Fills rows->columns with what `view` shows of a batch of its base.
 *  before  where the customers of the next morsel begin, in the store's order */
enum rcx_status rcx_view_show(const struct rcx_store *view, const struct rcx_batch *batch,
                              int64_t before, struct rcx_view_rows *rows, struct rcx_error *err);
