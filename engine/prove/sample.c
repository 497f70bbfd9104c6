#include "engine/prove/sample.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/random.h"
#include "storage/store/scan.h"

enum { STREAM_SAMPLE = 0x5a3b1e };

struct numbers {
    int64_t *items;
    size_t count, capacity;
};

struct pass {
    const struct rcx_plain_rules *rules;
    uint64_t seed;
    size_t wanted;
    rcx_time learn_before;
    struct rcx_plain_row *rows; /* of the customer being looked at */
    size_t row_capacity;
    struct numbers prices, quantities;
    struct rcx_sample *sample;
};

void rcx_sample_release(struct rcx_sample *sample)
{
    for (size_t i = 0; i < sample->count; i++)
        rcx_free(sample->customers[i].rows.rows);
    rcx_free(sample->customers);
    rcx_plain_release(&sample->scratch);
    *sample = (struct rcx_sample){0};
}

static bool push(struct numbers *numbers, int64_t value)
{
    if (!rcx_array_reserve(&numbers->items, &numbers->capacity, numbers->count + 1,
                           sizeof *numbers->items))
        return false;
    numbers->items[numbers->count++] = value;
    return true;
}

/* Copies the rows of the receipts [first, end) that are before `before`. */
static bool copy_rows(struct pass *pass, const struct rcx_batch *batch, size_t first, size_t end,
                      rcx_time before, struct rcx_plain_customer *out)
{
    size_t most = batch->first_row[end] - batch->first_row[first];
    if (!rcx_array_reserve(&pass->rows, &pass->row_capacity, most, sizeof *pass->rows))
        return false;
    *out = (struct rcx_plain_customer){.id = batch->customer[first], .rows = pass->rows};
    for (size_t r = first; r < end && batch->time[r] < before; r++) {
        for (uint32_t i = batch->first_row[r]; i < batch->first_row[r + 1]; i++)
            out->rows[out->count++] = (struct rcx_plain_row){
                .time = batch->time[r],
                .quantity = batch->quantity[i],
                .price = batch->unit_price[i],
                .invoice = batch->invoice[r],
                .stock = batch->stock[i],
                .description = batch->description[i],
                .country = batch->country[i],
            };
    }
    return true;
}

static bool learn_from(struct pass *pass, struct rcx_plain_customer *customer)
{
    bool ok = true;
    rcx_plain_mark_valid(pass->rules, customer);
    for (size_t i = 0; i < customer->count && ok; i++) {
        const struct rcx_plain_row *row = &customer->rows[i];
        ok = !row->valid || push(&pass->prices, row->price);
        if (ok && row->valid && row->quantity > 0)
            ok = push(&pass->quantities, row->quantity);
    }
    return ok;
}

/* The slot for a customer of this key: a free one, that of the largest key, or none. */
static struct rcx_sampled_customer *slot_for(struct pass *pass, uint64_t key)
{
    struct rcx_sample *sample = pass->sample;
    struct rcx_sampled_customer *largest = NULL;
    if (sample->count < pass->wanted)
        return &sample->customers[sample->count++];
    for (size_t i = 0; i < sample->count; i++) {
        if (!largest || sample->customers[i].key > largest->key)
            largest = &sample->customers[i];
    }
    return largest && largest->key > key ? largest : NULL;
}

static bool maybe_draw(struct pass *pass, const struct rcx_batch *batch, size_t first, size_t end)
{
    struct rcx_plain_customer customer;
    uint64_t id = (uint64_t)batch->customer[first];
    uint64_t key = rcx_random_of(pass->seed, STREAM_SAMPLE, id).state;
    struct rcx_sampled_customer *slot = NULL;
    if (batch->first_row[end] - batch->first_row[first] <= RCX_SAMPLE_MOST_ROWS)
        slot = slot_for(pass, key);
    if (!slot)
        return true;
    rcx_free(slot->rows.rows);
    *slot = (struct rcx_sampled_customer){.key = key};
    if (!copy_rows(pass, batch, first, end, INT64_MAX, &customer))
        return false;
    slot->rows = customer;
    slot->rows.rows = rcx_malloc_array(customer.count, sizeof *customer.rows);
    if (!slot->rows.rows)
        return false;
    memcpy(slot->rows.rows, customer.rows, customer.count * sizeof *customer.rows);
    return true;
}

static enum rcx_status read_customers(struct pass *pass, const struct rcx_batch *batch,
                                      struct rcx_error *err)
{
    for (size_t first = 0, end; first < batch->receipts; first = end) {
        struct rcx_plain_customer customer;
        for (end = first + 1;
             end < batch->receipts && batch->customer[end] == batch->customer[first]; end++)
            ;
        bool ok = copy_rows(pass, batch, first, end, pass->learn_before, &customer) &&
                  learn_from(pass, &customer) && maybe_draw(pass, batch, first, end);
        if (!ok)
            return rcx_fail_nomem(err, "random customers", pass->prices.count * sizeof(int64_t));
    }
    return RCX_OK;
}

/* Marks the rows of everybody drawn, and makes room to compute them. */
static enum rcx_status judge(struct pass *pass, struct rcx_error *err)
{
    struct rcx_sample *sample = pass->sample;
    sample->limits = rcx_plain_learn(pass->rules, pass->prices.items, pass->prices.count,
                                     pass->quantities.items, pass->quantities.count);
    for (size_t i = 0; i < sample->count; i++) {
        struct rcx_plain_customer *customer = &sample->customers[i].rows;
        if (!rcx_plain_reserve(&sample->scratch, customer->count))
            return rcx_fail_nomem(err, "random customers", customer->count * sizeof(int64_t));
        rcx_plain_mark_valid(pass->rules, customer);
        rcx_plain_mark_kept(pass->rules, &sample->limits, &sample->scratch, customer);
    }
    return RCX_OK;
}

/* By id, or by code where ids are text. */
static int compare_ids(const void *pa, const void *pb)
{
    const struct rcx_sampled_customer *a = pa;
    const struct rcx_sampled_customer *b = pb;
    return (a->rows.id > b->rows.id) - (a->rows.id < b->rows.id);
}

enum rcx_status rcx_sample_draw(const struct rcx_store *store, const struct rcx_plain_rules *rules,
                                size_t wanted, uint64_t seed, struct rcx_sample *out,
                                struct rcx_error *err)
{
    struct rcx_sample sample = {0};
    struct rcx_scan *scan = NULL;
    struct rcx_scan_buffer *buffer = rcx_scan_buffer_new();
    struct pass pass = {.rules = rules,
                        .seed = seed,
                        .wanted = wanted,
                        .learn_before = rcx_plain_learn_before(rules),
                        .sample = &sample};
    enum rcx_status status = RCX_OK;
    sample.customers = rcx_calloc(wanted + 1, sizeof *sample.customers);
    if (!buffer || !sample.customers)
        status = rcx_fail_nomem(err, "random customers", wanted * sizeof *sample.customers);
    if (status == RCX_OK)
        status = rcx_scan_open(store, RCX_SCAN_ALL, &scan, err);
    for (size_t m = 0; status == RCX_OK && m < rcx_scan_customer_morsels(scan); m++) {
        struct rcx_batch batch;
        status = rcx_interrupt_requested() ? rcx_fail(err, RCX_E_INTERRUPTED, "interrupted")
                                           : rcx_scan_read(scan, m, buffer, &batch, err);
        if (status == RCX_OK)
            status = read_customers(&pass, &batch, err);
    }
    if (status == RCX_OK)
        status = judge(&pass, err);
    if (status == RCX_OK && sample.count > 1)
        qsort(sample.customers, sample.count, sizeof *sample.customers, compare_ids);
    rcx_scan_close(scan);
    rcx_scan_buffer_release(buffer);
    rcx_free(pass.rows);
    rcx_free(pass.prices.items);
    rcx_free(pass.quantities.items);
    if (status != RCX_OK) {
        rcx_sample_release(&sample);
        return status;
    }
    *out = sample;
    return RCX_OK;
}
