#include "storage/store/scan_columns.h"

#include <string.h>

#include "base/memory.h"

static void free_receipts(struct rcx_columns *columns)
{
    rcx_free(columns->customer);
    rcx_free(columns->time);
    rcx_free(columns->invoice);
    rcx_free(columns->first_row);
    columns->customer = columns->time = NULL;
    columns->invoice = columns->first_row = NULL;
    columns->receipt_capacity = 0;
}

static void free_rows(struct rcx_columns *columns)
{
    rcx_free(columns->quantity);
    rcx_free(columns->unit_price);
    rcx_free(columns->stock);
    rcx_free(columns->description);
    rcx_free(columns->country);
    rcx_free(columns->repeats);
    columns->quantity = columns->unit_price = NULL;
    columns->stock = columns->description = columns->country = columns->repeats = NULL;
    columns->row_capacity = 0;
}

void rcx_columns_release(struct rcx_columns *columns)
{
    free_receipts(columns);
    free_rows(columns);
    *columns = (struct rcx_columns){0};
}

bool rcx_columns_reserve(struct rcx_columns *columns, size_t receipts, size_t rows)
{
    if (receipts + 1 > columns->receipt_capacity) {
        size_t capacity = receipts + receipts / 8 + 1024;

        free_receipts(columns);
        columns->customer = rcx_malloc_array(capacity, sizeof(int64_t));
        columns->time = rcx_malloc_array(capacity, sizeof(int64_t));
        columns->invoice = rcx_malloc_array(capacity, sizeof(uint32_t));
        columns->first_row = rcx_malloc_array(capacity, sizeof(uint32_t));
        if (!columns->customer || !columns->time || !columns->invoice || !columns->first_row) {
            free_receipts(columns);
            return false;
        }
        columns->receipt_capacity = capacity;
    }
    if (rows > columns->row_capacity) {
        size_t capacity = rows + rows / 8;

        free_rows(columns);
        columns->quantity = rcx_malloc_array(capacity, sizeof(int64_t));
        columns->unit_price = rcx_malloc_array(capacity, sizeof(int64_t));
        columns->stock = rcx_malloc_array(capacity, sizeof(uint32_t));
        columns->description = rcx_malloc_array(capacity, sizeof(uint32_t));
        columns->country = rcx_malloc_array(capacity, sizeof(uint32_t));
        columns->repeats = rcx_malloc_array(capacity, sizeof(uint32_t));
        if (!columns->quantity || !columns->unit_price || !columns->stock ||
            !columns->description || !columns->country || !columns->repeats) {
            free_rows(columns);
            return false;
        }
        columns->row_capacity = capacity;
    }
    return true;
}

struct rcx_chunk_target rcx_columns_target(struct rcx_columns *columns, size_t receipt, size_t row,
                                           unsigned wanted)
{
    bool needs_stock = wanted & (RCX_SCAN_STOCK | RCX_SCAN_PRICE | RCX_SCAN_DESCRIPTION);

    return (struct rcx_chunk_target){
        .customer = columns->customer + receipt,
        .time = columns->time + receipt,
        .invoice = columns->invoice + receipt,
        .first_row = columns->first_row + receipt,
        .first_row_base = (uint32_t)row,
        .stock = needs_stock ? columns->stock + row : NULL,
        .quantity = wanted & RCX_SCAN_QUANTITY ? columns->quantity + row : NULL,
        .unit_price = wanted & RCX_SCAN_PRICE ? columns->unit_price + row : NULL,
        .description = wanted & RCX_SCAN_DESCRIPTION ? columns->description + row : NULL,
        .country = wanted & RCX_SCAN_COUNTRY ? columns->country + row : NULL,
        .repeats = wanted & RCX_SCAN_REPEATS ? columns->repeats + columns->repeat_count : NULL,
        .repeat_count = &columns->repeat_count,
    };
}

/* Joins the receipt at `at` with the one before when they are one receipt split by a chunk
 * boundary. */
static size_t join_split_receipt(struct rcx_columns *columns, size_t at, size_t end)
{
    if (at == 0 || columns->customer[at] != columns->customer[at - 1] ||
        columns->time[at] != columns->time[at - 1] ||
        columns->invoice[at] != columns->invoice[at - 1])
        return end;
    size_t rest = end - at - 1;

    memmove(columns->customer + at, columns->customer + at + 1, rest * sizeof *columns->customer);
    memmove(columns->time + at, columns->time + at + 1, rest * sizeof *columns->time);
    memmove(columns->invoice + at, columns->invoice + at + 1, rest * sizeof *columns->invoice);
    memmove(columns->first_row + at, columns->first_row + at + 1,
            (rest + 1) * sizeof *columns->first_row);
    return end - 1;
}

enum rcx_status rcx_columns_read(struct rcx_columns *columns, const struct rcx_segment *segment,
                                 size_t first, size_t end, unsigned wanted,
                                 const struct rcx_code_limits *limits,
                                 struct rcx_chunk_reader *reader, struct rcx_error *err)
{
    size_t receipts = 0, rows = 0;
    enum rcx_status status = RCX_OK;

    for (size_t c = first; c < end; c++) {
        receipts += segment->chunks[c].receipts;
        rows += segment->chunks[c].rows;
    }
    if (rows > UINT32_MAX)
        return rcx_fail(err, RCX_E_INPUT, "%s: %zu rows of one customer, at most %u can be handled",
                        segment->path, rows, UINT32_MAX);
    if (!rcx_columns_reserve(columns, receipts, rows))
        return rcx_fail_nomem(err, "decoded rows", rows * 36);
    receipts = rows = columns->repeat_count = 0;
    for (size_t c = first; status == RCX_OK && c < end; c++) {
        struct rcx_chunk_target target = rcx_columns_target(columns, receipts, rows, wanted);

        status = rcx_chunk_read_receipts(segment, c, limits, reader, &target, err);
        if (status == RCX_OK)
            status = rcx_chunk_read_rows(segment, c, limits, false, reader, &target, err);
        if (status == RCX_OK)
            receipts = join_split_receipt(columns, receipts,
                                          receipts + segment->chunks[c].receipts);
        rows += segment->chunks[c].rows;
    }
    columns->receipts = receipts;
    columns->rows = rows;
    return status;
}

void rcx_columns_find_repeats(struct rcx_columns *columns)
{
    size_t count = 0;

    for (size_t r = 0; r < columns->receipts; r++)
        for (uint32_t i = columns->first_row[r] + 1; i < columns->first_row[r + 1]; i++) {
            columns->repeats[count] = i;
            count += columns->stock[i] == columns->stock[i - 1] &&
                     columns->quantity[i] == columns->quantity[i - 1] &&
                     columns->unit_price[i] == columns->unit_price[i - 1] &&
                     columns->description[i] == columns->description[i - 1] &&
                     columns->country[i] == columns->country[i - 1];
        }
    columns->repeat_count = count;
}
