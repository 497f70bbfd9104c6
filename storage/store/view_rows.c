#include "storage/store/view_rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "storage/store/store_internal.h"

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

void rcx_view_rows_release(struct rcx_view_rows *rows)
{
    rcx_columns_release(&rows->columns);
    rcx_free(rows->added.rows);
    rcx_free(rows->pieces);
    *rows = (struct rcx_view_rows){0};
}

bool rcx_row_list_add(struct rcx_row_list *list, const struct rcx_row *row)
{
    if (!rcx_array_reserve(&list->rows, &list->capacity, list->count + 1, sizeof *list->rows))
        return false;
    list->rows[list->count++] = *row;
    return true;
}

static int compare_rows(const void *pa, const void *pb, void *context)
{
    const struct rcx_store *store = context;
    const struct rcx_row *a = pa, *b = pb;
    uint32_t *const *ranks = store->ranks;
    int order = COMPARE(rcx_store_customer_order(store, a->customer),
                        rcx_store_customer_order(store, b->customer));

    if (!order)
        order = COMPARE(a->time, b->time);
    if (!order)
        order = COMPARE(ranks[RCX_TEXT_INVOICE][a->invoice], ranks[RCX_TEXT_INVOICE][b->invoice]);
    if (!order)
        order = COMPARE(ranks[RCX_TEXT_STOCK][a->stock], ranks[RCX_TEXT_STOCK][b->stock]);
    if (!order)
        order = COMPARE(a->quantity, b->quantity);
    if (!order)
        order = COMPARE(a->unit_price, b->unit_price);
    if (!order)
        order = COMPARE(ranks[RCX_TEXT_DESCRIPTION][a->description],
                        ranks[RCX_TEXT_DESCRIPTION][b->description]);
    if (!order)
        order = COMPARE(ranks[RCX_TEXT_COUNTRY][a->country], ranks[RCX_TEXT_COUNTRY][b->country]);
    return order;
}

static size_t customer_end(const struct rcx_batch *batch, size_t first)
{
    size_t end = first + 1;

    while (end < batch->receipts && batch->customer[end] == batch->customer[first])
        end++;
    return end;
}

/* What stays of each customer and what is added after it. */
static enum rcx_status cut_pieces(const struct rcx_store *view, const struct rcx_batch *batch,
                                  int64_t before, struct rcx_view_rows *rows, struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;

    rows->piece_count = 0;
    rows->added.count = 0;
    for (size_t first = 0, end; status == RCX_OK && first < batch->receipts; first = end) {
        end = customer_end(batch, first);
        size_t gone = end, added = rows->added.count;

        while (gone > first && batch->time[gone - 1] >= view->view->from)
            gone--;
        if (!rcx_array_reserve(&rows->pieces, &rows->piece_capacity, rows->piece_count + 1,
                               sizeof *rows->pieces))
            return rcx_fail_nomem(err, "view", rows->piece_count * sizeof *rows->pieces);
        if (view->view->add) {
            const struct rcx_view_place place = {
                .view = view,
                .batch = batch,
                .first = first,
                .end = end,
                .gone = gone,
                .before = end < batch->receipts
                              ? rcx_store_customer_order(view, batch->customer[end])
                              : before,
            };
            status = view->view->add(view->view->add_context, &place, &rows->added, err);
        }
        if (rows->added.count > added + 1)
            qsort_r(rows->added.rows + added, rows->added.count - added, sizeof *rows->added.rows,
                    compare_rows, (void *)(uintptr_t)view);
        rows->pieces[rows->piece_count++] = (struct rcx_view_piece){first, gone, rows->added.count};
    }
    return status;
}

static void copy(void *to, size_t at, const void *from, size_t first, size_t count, size_t bytes)
{
    if (from)
        memcpy((char *)to + at * bytes, (const char *)from + first * bytes, count * bytes);
}

/* `repeat`: the repeats of `from` before it are done with. */
static void copy_receipts(struct rcx_columns *out, const struct rcx_batch *from, size_t first,
                          size_t end, size_t *repeat)
{
    uint32_t row = from->first_row[first], rows = from->first_row[end] - row;
    size_t at = out->receipts, count = end - first;

    copy(out->customer, at, from->customer, first, count, sizeof *out->customer);
    copy(out->time, at, from->time, first, count, sizeof *out->time);
    copy(out->invoice, at, from->invoice, first, count, sizeof *out->invoice);
    for (size_t r = 0; r < count; r++)
        out->first_row[at + r] = (uint32_t)out->rows + from->first_row[first + r] - row;
    copy(out->stock, out->rows, from->stock, row, rows, sizeof *out->stock);
    copy(out->quantity, out->rows, from->quantity, row, rows, sizeof *out->quantity);
    copy(out->unit_price, out->rows, from->unit_price, row, rows, sizeof *out->unit_price);
    copy(out->description, out->rows, from->description, row, rows, sizeof *out->description);
    copy(out->country, out->rows, from->country, row, rows, sizeof *out->country);
    while (*repeat < from->repeat_count && from->repeats[*repeat] < row)
        (*repeat)++;
    while (*repeat < from->repeat_count && from->repeats[*repeat] < row + rows)
        out->repeats[out->repeat_count++] = from->repeats[(*repeat)++] - row + (uint32_t)out->rows;
    out->receipts += count;
    out->rows += rows;
}

static bool is_repeat(const struct rcx_row *row, const struct rcx_row *before)
{
    return row->stock == before->stock && row->quantity == before->quantity &&
           row->unit_price == before->unit_price && row->description == before->description &&
           row->country == before->country;
}

/* `row[-1]` is there when the row goes on with a receipt: what stays is of another time. */
static void put_row(struct rcx_columns *out, const struct rcx_row *row)
{
    size_t last = out->receipts - 1, at = out->rows;

    if (out->receipts == 0 || out->customer[last] != row->customer ||
        out->time[last] != row->time || out->invoice[last] != row->invoice) {
        out->customer[++last] = row->customer;
        out->time[last] = row->time;
        out->invoice[last] = row->invoice;
        out->first_row[last] = (uint32_t)at;
        out->receipts++;
    } else if (is_repeat(row, row - 1)) {
        out->repeats[out->repeat_count++] = (uint32_t)at;
    }
    out->stock[at] = row->stock;
    out->quantity[at] = row->quantity;
    out->unit_price[at] = row->unit_price;
    out->description[at] = row->description;
    out->country[at] = row->country;
    out->rows++;
}

enum rcx_status rcx_view_show(const struct rcx_store *view, const struct rcx_batch *batch,
                              int64_t before, struct rcx_view_rows *rows, struct rcx_error *err)
{
    struct rcx_columns *out = &rows->columns;
    enum rcx_status status = cut_pieces(view, batch, before, rows, err);
    size_t most_rows = batch->rows + rows->added.count, added = 0, repeat = 0;

    if (status != RCX_OK)
        return status;
    if (most_rows > UINT32_MAX)
        return rcx_fail(err, RCX_E_INPUT, "%zu rows of one customer, at most %u can be handled",
                        most_rows, UINT32_MAX);
    if (!rcx_columns_reserve(out, batch->receipts + rows->added.count, most_rows))
        return rcx_fail_nomem(err, "view", most_rows * 36);
    out->receipts = out->rows = out->repeat_count = 0;
    for (size_t p = 0; p < rows->piece_count; p++) {
        const struct rcx_view_piece *piece = &rows->pieces[p];

        if (piece->gone > piece->first)
            copy_receipts(out, batch, piece->first, piece->gone, &repeat);
        for (; added < piece->added_end; added++) {
            assert(rows->added.rows[added].time >= view->view->from);
            put_row(out, &rows->added.rows[added]);
        }
    }
    out->first_row[out->receipts] = (uint32_t)out->rows;
    return RCX_OK;
}
