#include "engine/quality/validate_batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

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

static void count_prices(const struct rcx_validate_plan *plan, const struct rcx_batch *b,
                         struct rcx_validation_facts *facts)
{
    uint64_t negative = 0, zero = 0, valid = 0;

    for (size_t i = 0; i < b->rows; i++) {
        negative += b->unit_price[i] < 0;
        zero += b->unit_price[i] == 0;
        valid += b->unit_price[i] >= plan->min_price;
    }
    facts->price_negative += negative;
    facts->price_zero += zero;
    facts->price_valid += valid;
}

static void count_quantities(const struct rcx_validate_plan *plan, const struct rcx_batch *b,
                             struct rcx_validation_facts *facts)
{
    uint64_t zero = 0, outside = 0, returns = 0, positive = 0, negative = 0;

    for (size_t i = 0; i < b->rows; i++) {
        int64_t quantity = b->quantity[i];
        int sign = (quantity > 0) - (quantity < 0);
        int price_sign = (b->unit_price[i] > 0) - (b->unit_price[i] < 0);

        zero += quantity == 0;
        outside += quantity > plan->max_abs_quantity || quantity < -plan->max_abs_quantity;
        returns += quantity < 0;
        positive += sign * price_sign > 0;
        negative += sign * price_sign < 0;
    }
    facts->quantity_zero += zero;
    facts->quantity_outside += outside;
    facts->return_rows += returns;
    facts->revenue_positive += positive;
    facts->revenue_negative += negative;
    facts->revenue_zero += b->rows - positive - negative;
}

static uint64_t count_code(const uint32_t *codes, size_t count, uint32_t code)
{
    uint64_t found = 0;

    for (size_t i = 0; i < count; i++)
        found += codes[i] == code;
    return found;
}

static bool rows_equal(const struct rcx_batch *b, uint32_t i, uint32_t j)
{
    return b->stock[i] == b->stock[j] && b->quantity[i] == b->quantity[j] &&
           b->unit_price[i] == b->unit_price[j] && b->description[i] == b->description[j] &&
           b->country[i] == b->country[j];
}

static void count_receipt(const struct rcx_validate_plan *plan, const struct rcx_batch *b, size_t r,
                          struct rcx_validate_worker *worker)
{
    struct rcx_validation_facts *facts = &worker->facts;
    uint32_t first = b->first_row[r], end = b->first_row[r + 1];
    uint64_t positive = 0, negative = 0;

    for (uint32_t i = first; i < end; i++) {
        positive += b->quantity[i] > 0;
        negative += b->quantity[i] < 0;
        facts->exact_duplicates += i > first && rows_equal(b, i, i - 1);
    }
    if ((plan->cancellation_bits[b->invoice[r] / 64] >> b->invoice[r] % 64 & 1) != 0) {
        facts->cancellation_rows += end - first;
        facts->cancellation_positive += positive;
    } else {
        facts->returns_outside += negative;
    }
    facts->missing[RCX_FIELD_INVOICE_NO] += b->invoice[r] == 0 ? end - first : 0;
    worker->day_seen[rcx_day_of_time(b->time[r]) - plan->first_day] = 1;
}

/* Rows of one receipt are sorted by stock code: equal codes are neighbours. */
static uint64_t shared_in_receipt(const struct rcx_batch *b, size_t r)
{
    uint64_t shared = 0;

    for (uint32_t i = b->first_row[r]; i < b->first_row[r + 1];) {
        uint32_t end = i + 1;

        while (end < b->first_row[r + 1] && b->stock[end] == b->stock[i])
            end++;
        shared += end - i > 1 ? end - i : 0;
        i = end;
    }
    return shared;
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
    facts->missing[RCX_FIELD_STOCK_CODE] += count_code(batch->stock, batch->rows, 0);
    facts->missing[RCX_FIELD_DESCRIPTION] += count_code(batch->description, batch->rows, 0);
    facts->missing[RCX_FIELD_COUNTRY] += count_code(batch->country, batch->rows, 0);
    count_prices(plan, batch, facts);
    count_quantities(plan, batch, facts);
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
