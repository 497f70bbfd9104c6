/* The part of outlier_fit.h that reads rows: counts prices and quantities over the store. */
#include <string.h>

#include "base/memory.h"
#include "engine/quality/clean_batch.h"
#include "engine/quality/outlier_fit.h"

/* The receipts of a morsel that are learned from, in arrays of their own. */
struct early {
    struct rcx_batch batch;
    size_t receipt_capacity, row_capacity;
    int64_t *customer, *quantity, *price;
    rcx_time *time;
    uint32_t *invoice, *first_row, *stock, *description, *country;
};

struct worker {
    struct rcx_scan_buffer *buffer;
    struct rcx_clean_scratch clean;
    struct early early;
    struct rcx_tally prices, quantities;
};

struct count_job {
    const struct rcx_clean_plan *plan;
    const struct rcx_scan *scan;
    struct worker *workers;
    rcx_time before;
    bool prices, quantities;
    int64_t price_max; /* quantities of dearer rows are not counted */
};

static bool count_rows(const struct count_job *job, const struct rcx_batch *batch,
                       struct worker *worker, size_t receipt)
{
    bool ok = true;
    for (uint32_t row = batch->first_row[receipt]; row < batch->first_row[receipt + 1]; row++) {
        if (worker->clean.rule[row] != RCX_RULE_KEPT)
            continue;
        int64_t price = batch->unit_price[row];
        int64_t quantity = batch->quantity[row];
        if (job->prices)
            ok &= rcx_tally_add(&worker->prices, price, 1);
        if (job->quantities && quantity > 0 && price <= job->price_max)
            ok &= rcx_tally_add(&worker->quantities, quantity, 1);
    }
    return ok;
}

static void release_early(struct early *early)
{
    rcx_free(early->customer);
    rcx_free(early->quantity);
    rcx_free(early->price);
    rcx_free(early->time);
    rcx_free(early->invoice);
    rcx_free(early->first_row);
    rcx_free(early->stock);
    rcx_free(early->description);
    rcx_free(early->country);
    *early = (struct early){0};
}

static bool reserve_early(struct early *early, size_t receipts, size_t rows)
{
    if (early->first_row && receipts <= early->receipt_capacity && rows <= early->row_capacity)
        return true;
    release_early(early);
    early->customer = rcx_malloc_array(receipts, sizeof *early->customer);
    early->time = rcx_malloc_array(receipts, sizeof *early->time);
    early->invoice = rcx_malloc_array(receipts, sizeof *early->invoice);
    early->first_row = rcx_malloc_array(receipts + 1, sizeof *early->first_row);
    early->quantity = rcx_malloc_array(rows, sizeof *early->quantity);
    early->price = rcx_malloc_array(rows, sizeof *early->price);
    early->stock = rcx_malloc_array(rows, sizeof *early->stock);
    early->description = rcx_malloc_array(rows, sizeof *early->description);
    early->country = rcx_malloc_array(rows, sizeof *early->country);
    if (!early->customer || !early->time || !early->invoice || !early->first_row ||
        !early->quantity || !early->price || !early->stock || !early->description ||
        !early->country) {
        release_early(early);
        return false;
    }
    early->receipt_capacity = receipts;
    early->row_capacity = rows;
    return true;
}

static void copy_receipt(const struct rcx_batch *batch, size_t receipt, struct early *early)
{
    struct rcx_batch *out = &early->batch;
    uint32_t from = batch->first_row[receipt];
    size_t rows = batch->first_row[receipt + 1] - from;
    size_t to = out->rows;
    early->customer[out->receipts] = batch->customer[receipt];
    early->time[out->receipts] = batch->time[receipt];
    early->invoice[out->receipts] = batch->invoice[receipt];
    memcpy(early->quantity + to, batch->quantity + from, rows * sizeof *early->quantity);
    memcpy(early->price + to, batch->unit_price + from, rows * sizeof *early->price);
    memcpy(early->stock + to, batch->stock + from, rows * sizeof *early->stock);
    memcpy(early->description + to, batch->description + from, rows * sizeof *early->description);
    memcpy(early->country + to, batch->country + from, rows * sizeof *early->country);
    out->rows += rows;
    early->first_row[++out->receipts] = (uint32_t)out->rows;
}

/* The part of `batch` before `before`; the batch has all columns. False: out of memory. */
static bool take_early(const struct rcx_batch *batch, rcx_time before, struct early *early)
{
    size_t receipts = 0;
    size_t rows = 0;
    for (size_t r = 0; r < batch->receipts; r++) {
        if (batch->time[r] < before) {
            receipts++;
            rows += batch->first_row[r + 1] - batch->first_row[r];
        }
    }
    if (!reserve_early(early, receipts, rows))
        return false;
    early->batch = (struct rcx_batch){.customer = early->customer,
                                      .time = early->time,
                                      .invoice = early->invoice,
                                      .first_row = early->first_row,
                                      .stock = early->stock,
                                      .quantity = early->quantity,
                                      .unit_price = early->price,
                                      .description = early->description,
                                      .country = early->country};
    early->first_row[0] = 0;
    for (size_t r = 0; r < batch->receipts; r++) {
        if (batch->time[r] < before)
            copy_receipt(batch, r, early);
    }
    return true;
}

static enum rcx_status count_morsel(void *context, size_t morsel, unsigned index,
                                    struct rcx_error *err)
{
    const struct count_job *job = context;
    struct worker *worker = &job->workers[index];
    if (!worker->buffer && !(worker->buffer = rcx_scan_buffer_new()))
        return rcx_fail_nomem(err, "scan buffer", 0);
    struct rcx_batch batch;
    enum rcx_status status = rcx_scan_read(job->scan, morsel, worker->buffer, &batch, err);
    if (status != RCX_OK)
        return status;
    if (!take_early(&batch, job->before, &worker->early))
        return rcx_fail_nomem(err, "outlier thresholds", 0);
    batch = worker->early.batch;
    status = rcx_clean_batch(job->plan, NULL, NULL, &batch, &worker->clean, err);
    bool ok = true;
    for (size_t r = 0; r < batch.receipts && status == RCX_OK; r++)
        ok &= count_rows(job, &batch, worker, r);
    return ok ? status : rcx_fail_nomem(err, "outlier thresholds", 0);
}

/* One pass over the customers' rows; the sums end in the first worker's tallies. */
static enum rcx_status count_pass(struct count_job *job, const struct rcx_parallel *parallel,
                                  struct rcx_error *err)
{
    enum rcx_status status = rcx_parallel_for(parallel, rcx_scan_customer_morsels(job->scan),
                                              count_morsel, job, err);
    bool ok = true;
    for (unsigned i = 1; i < parallel->threads; i++) {
        ok &= !job->prices || rcx_tally_merge(&job->workers[0].prices, &job->workers[i].prices);
        ok &= !job->quantities ||
              rcx_tally_merge(&job->workers[0].quantities, &job->workers[i].quantities);
    }
    if (status == RCX_OK && !ok)
        return rcx_fail_nomem(err, "outlier thresholds", 0);
    return status;
}

enum rcx_status rcx_outliers_learn(const struct rcx_clean_plan *plan, const struct rcx_store *store,
                                   const struct rcx_parallel *parallel, struct rcx_data_range range,
                                   struct rcx_outlier_fit *out, struct rcx_error *err)
{
    bool after_price_rule = plan->definitions == RCX_DEFINITIONS_ORIGINAL;
    struct rcx_outlier_fit fit = {.mode = plan->fit,
                                  .fit_days = plan->fit_days,
                                  .before = (rcx_day)(range.first + plan->fit_days)};
    struct rcx_scan *scan = NULL;
    struct worker *workers = rcx_calloc(parallel->threads, sizeof *workers);
    if (!workers)
        return rcx_fail_nomem(err, "outlier thresholds", parallel->threads * sizeof *workers);
    struct count_job job = {.plan = plan,
                            .workers = workers,
                            .before = rcx_outlier_fit_end(plan, range),
                            .prices = true,
                            .quantities = !after_price_rule,
                            .price_max = INT64_MAX};
    enum rcx_status status = rcx_scan_open(store, RCX_SCAN_ALL, &scan, err);
    if (status != RCX_OK)
        goto done;
    job.scan = scan;
    status = count_pass(&job, parallel, err);
    if (status == RCX_OK)
        status = rcx_outlier_fit_price(plan, &workers[0].prices, &fit, err);
    if (status == RCX_OK && after_price_rule) {
        job.prices = false;
        job.quantities = true;
        job.price_max = fit.price_max;
        status = count_pass(&job, parallel, err);
    }
    if (status == RCX_OK)
        status = rcx_outlier_fit_quantity(plan, &workers[0].quantities, &fit, err);
    if (status == RCX_OK)
        *out = fit;

done:
    for (unsigned i = 0; i < parallel->threads; i++) {
        rcx_scan_buffer_release(workers[i].buffer);
        rcx_clean_scratch_release(&workers[i].clean);
        release_early(&workers[i].early);
        rcx_tally_release(&workers[i].prices);
        rcx_tally_release(&workers[i].quantities);
    }
    rcx_free(workers);
    rcx_scan_close(scan);
    return status;
}
