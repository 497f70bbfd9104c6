#pragma once
/* Growable column arrays that decoded rows live in; private to storage/store. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/store/scan.h"
#include "storage/store/segment.h"

struct rcx_columns {
    size_t receipt_capacity, row_capacity;
    size_t receipts, rows;
    int64_t *customer, *time, *quantity, *unit_price;
    uint32_t *invoice, *first_row, *stock, *description, *country;
    uint32_t *repeats; /* [repeat_count], room for all rows */
    size_t repeat_count;
};

void rcx_columns_release(struct rcx_columns *columns);
/* Room for so many; contents are lost when it grows. */
bool rcx_columns_reserve(struct rcx_columns *columns, size_t receipts, size_t rows);
/* Decodes chunks [first, end) of a segment one after the other; receipts that a chunk boundary
 * splits are joined. `wanted`: enum rcx_scan_column. */
enum rcx_status rcx_columns_read(struct rcx_columns *columns, const struct rcx_segment *segment,
                                 size_t first, size_t end, unsigned wanted,
                                 const struct rcx_code_limits *limits,
                                 struct rcx_chunk_reader *reader, struct rcx_error *err);
/* Fills repeats from all other columns: where rows were put together from several sources. */
void rcx_columns_find_repeats(struct rcx_columns *columns);
/* Where the columns of a chunk at (receipt, row) go; columns not wanted are NULL. */
struct rcx_chunk_target rcx_columns_target(struct rcx_columns *columns, size_t receipt, size_t row,
                                           unsigned wanted);
