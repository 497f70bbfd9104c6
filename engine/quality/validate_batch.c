#include "engine/quality/validate_batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "engine/quality/validate_kernels.h"

bool rcx_validate_worker_init(struct rcx_validate_worker *worker,
                              const struct rcx_validate_plan *plan)
{
    worker->day_seen = rcx_calloc(plan->days + 1, 1);
    worker->receipts_of = rcx_calloc((size_t)plan->invoice_count + 1, sizeof *worker->receipts_of);
    return worker->day_seen && worker->receipts_of;
}

void rcx_validate_worker_release(struct rcx_validate_worker *worker)
{
    rcx_free(worker->day_seen);
    rcx_free(worker->receipts_of);
    rcx_buf_release(&worker->keys);
    rcx_buf_release(&worker->split_keys);
    *worker = (struct rcx_validate_worker){0};
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

uint64_t rcx_count_shared_keys(uint64_t *keys, size_t count)
{
    uint64_t shared = 0;

    if (count > 1)
        qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;

        while (end < count && keys[end] == keys[i])
            end++;
        shared += end - i > 1 ? end - i : 0;
        i = end;
    }
    return shared;
}

static void count_values(const struct rcx_validate_plan *plan, const struct rcx_batch *b,
                         struct rcx_validation_facts *facts)
{
    struct rcx_value_counts counts = {0};

    RCX_KERNEL_CALL(rcx_count_values)
    (b->rows, b->quantity, b->unit_price, plan->min_price, plan->max_abs_quantity, &counts);
    facts->price_negative += counts.price_negative;
    facts->price_zero += counts.price_zero;
    facts->price_valid += counts.price_valid;
    facts->quantity_zero += counts.quantity_zero;
    facts->quantity_outside += counts.quantity_outside;
    facts->return_rows += counts.returns;
    facts->returns_outside += counts.returns; /* less those in cancellations, below */
    facts->revenue_positive += counts.revenue_positive;
    facts->revenue_negative += counts.revenue_negative;
    facts->revenue_zero += b->rows - counts.revenue_positive - counts.revenue_negative;
}

static void count_receipt(const struct rcx_validate_plan *plan, const struct rcx_batch *b, size_t r,
                          struct rcx_validate_worker *worker)
{
    struct rcx_validation_facts *facts = &worker->facts;
    uint32_t first = b->first_row[r], end = b->first_row[r + 1];

    if ((plan->cancellation_bits[b->invoice[r] / 64] >> b->invoice[r] % 64 & 1) != 0) {
        facts->cancellation_rows += end - first;
        for (uint32_t i = first; i < end; i++) {
            facts->cancellation_positive += b->quantity[i] > 0;
            facts->returns_outside -= b->quantity[i] < 0;
        }
    }
    facts->missing[RCX_FIELD_INVOICE_NO] += b->invoice[r] == 0 ? end - first : 0;
    worker->day_seen[rcx_day_of_time(b->time[r]) - plan->first_day] = 1;
}

/* Rows of one receipt are sorted by stock code: equal codes are neighbours. */
static uint64_t shared_in_receipt(const struct rcx_batch *b, size_t r)
{
    uint32_t first = b->first_row[r];

    return RCX_KERNEL_CALL(rcx_count_shared)(b->first_row[r + 1] - first, b->stock + first);
}

static bool add_keys(const struct rcx_batch *b, size_t r, struct rcx_buf *keys)
{
    for (uint32_t i = b->first_row[r]; i < b->first_row[r + 1]; i++)
        if (!rcx_buf_append_u64(keys, (uint64_t)b->invoice[r] << 32 | b->stock[i]))
            return false;
    return true;
}

static bool is_split(const struct rcx_validate_plan *plan, uint32_t invoice)
{
    return plan->split_invoices[invoice / 8] >> (invoice % 8) & 1;
}

/* Rows that share (invoice, stock code) among receipts [first, end), which are all of one customer. */
static bool count_keys(const struct rcx_validate_plan *plan, const struct rcx_batch *b,
                       size_t first, size_t end, struct rcx_validate_worker *worker)
{
    bool ok = true;

    rcx_buf_clear(&worker->keys);
    for (size_t r = first; r < end; r++)
        worker->receipts_of[b->invoice[r]]++;
    for (size_t r = first; r < end && ok; r++) {
        if (b->guests && is_split(plan, b->invoice[r]))
            ok = add_keys(b, r, &worker->split_keys);
        else if (worker->receipts_of[b->invoice[r]] > 1)
            ok = add_keys(b, r, &worker->keys);
        else
            worker->facts.key_duplicates += shared_in_receipt(b, r);
    }
    worker->facts.key_duplicates += rcx_count_shared_keys((uint64_t *)(void *)worker->keys.data,
                                                          worker->keys.length / sizeof(uint64_t));
    for (size_t r = first; r < end; r++)
        worker->receipts_of[b->invoice[r]] = 0;
    return ok;
}

bool rcx_validate_batch(const struct rcx_validate_plan *plan, const struct rcx_batch *batch,
                        struct rcx_validate_worker *worker)
{
    struct rcx_validation_facts *facts = &worker->facts;

    facts->rows += batch->rows;
    facts->missing[RCX_FIELD_CUSTOMER_ID] += batch->guests ? batch->rows : 0;
    facts->missing[RCX_FIELD_STOCK_CODE] += RCX_KERNEL_CALL(rcx_count_empty)(batch->rows,
                                                                             batch->stock);
    if (!batch->has_all_descriptions)
        facts->missing[RCX_FIELD_DESCRIPTION] += RCX_KERNEL_CALL(rcx_count_empty)(
            batch->rows, batch->description);
    facts->missing[RCX_FIELD_COUNTRY] += RCX_KERNEL_CALL(rcx_count_empty)(batch->rows,
                                                                          batch->country);
    facts->exact_duplicates += batch->repeat_count;
    count_values(plan, batch, facts);
    for (size_t r = 0; r < batch->receipts; r++)
        count_receipt(plan, batch, r, worker);
    for (size_t first = 0; first < batch->receipts;) {
        size_t end = first + 1;

        while (end < batch->receipts && batch->customer[end] == batch->customer[first])
            end++;
        if (!count_keys(plan, batch, first, end, worker))
            return false;
        uint64_t rows = batch->first_row[end] - batch->first_row[first];
        facts->customers += !batch->guests;
        facts->customers_few_rows += !batch->guests && rows < plan->min_customer_rows;
        first = end;
    }
    return true;
}
