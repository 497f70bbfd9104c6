#include "engine/exec/customer_invoices.h"

#include "base/decimal.h"
#include "base/memory.h"
#include "engine/quality/clean_batch.h"
#include "storage/store/scan.h"

struct worker {
    struct rcx_scan_buffer *buffer;
    struct rcx_clean_scratch clean;
};

struct job {
    const struct rcx_store *store;
    const struct rcx_scan *scan;
    const struct rcx_clean_plan *plan;
    struct worker *workers;
    int64_t customer;
    rcx_time cutoff;
    struct rcx_customer_invoices *out; /* a customer is in one morsel: one writer */
};

void rcx_customer_invoices_release(struct rcx_customer_invoices *invoices)
{
    rcx_free(invoices->items);
    *invoices = (struct rcx_customer_invoices){0};
}

/* Rows of a receipt that survive cleaning, and their revenue. */
static void add_receipt(const struct job *job, const struct rcx_batch *batch, const uint8_t *rule,
                        size_t receipt, struct rcx_customer_invoice *invoice)
{
    int64_t unit = rcx_pow10(rcx_clean_revenue_decimals(job->plan));
    for (uint32_t row = batch->first_row[receipt]; row < batch->first_row[receipt + 1]; row++) {
        if (rule[row] != RCX_RULE_KEPT)
            continue;
        invoice->rows++;
        invoice->revenue += rcx_ratio((rcx_i128)batch->quantity[row] * batch->unit_price[row],
                                      unit);
    }
}

static enum rcx_status add_batch(const struct job *job, const struct rcx_batch *batch,
                                 const uint8_t *rule, size_t first, struct rcx_error *err)
{
    const struct rcx_strings *numbers = rcx_store_strings(job->store, RCX_TEXT_INVOICE);
    struct rcx_customer_invoices *out = job->out;
    for (size_t i = first;
         i < batch->receipts && batch->customer[i] == job->customer && batch->time[i] < job->cutoff;
         i++) {
        struct rcx_customer_invoice invoice = {
            .time = batch->time[i], .number = rcx_strings_get(numbers, batch->invoice[i])};
        bool same = i > first && batch->invoice[i] == batch->invoice[i - 1] && out->count > 0;
        add_receipt(job, batch, rule, i, same ? &out->items[out->count - 1] : &invoice);
        if (same || invoice.rows == 0)
            continue;
        if (!rcx_array_reserve(&out->items, &out->capacity, out->count + 1, sizeof invoice))
            return rcx_fail_nomem(err, "invoices", out->count * sizeof invoice);
        out->items[out->count++] = invoice;
    }
    return RCX_OK;
}

static enum rcx_status read_morsel(void *context, size_t morsel, unsigned index,
                                   struct rcx_error *err)
{
    struct job *job = context;
    struct worker *worker = &job->workers[index];
    struct rcx_batch batch;
    size_t first = 0;
    if (!worker->buffer && !(worker->buffer = rcx_scan_buffer_new()))
        return rcx_fail_nomem(err, "scan buffer", 0);
    enum rcx_status status = rcx_scan_read(job->scan, morsel, worker->buffer, &batch, err);
    if (status != RCX_OK)
        return status;
    while (first < batch.receipts && batch.customer[first] != job->customer)
        first++;
    if (first == batch.receipts)
        return RCX_OK;
    status = rcx_clean_batch(job->plan, job->scan, worker->buffer, &batch, &worker->clean, err);
    return status == RCX_OK ? add_batch(job, &batch, worker->clean.rule, first, err) : status;
}

enum rcx_status rcx_customer_invoices_read(const struct rcx_store *store,
                                           const struct rcx_clean_plan *plan, int64_t customer,
                                           rcx_day snapshot, const struct rcx_parallel *parallel,
                                           struct rcx_customer_invoices *out, struct rcx_error *err)
{
    struct rcx_customer_invoices invoices = {0};
    struct rcx_scan *scan = NULL;
    struct job job = {.store = store,
                      .plan = plan,
                      .customer = customer,
                      .cutoff = rcx_cutoff(snapshot),
                      .workers = rcx_calloc(parallel->threads, sizeof *job.workers),
                      .out = &invoices};
    if (!job.workers)
        return rcx_fail_nomem(err, "invoices", parallel->threads * sizeof *job.workers);
    enum rcx_status status = rcx_scan_open(store, RCX_CLEAN_COLUMNS, &scan, err);
    job.scan = scan;
    if (status == RCX_OK)
        status = rcx_parallel_for(parallel, rcx_scan_customer_morsels(scan), read_morsel, &job,
                                  err);
    for (unsigned w = 0; w < parallel->threads; w++) {
        rcx_scan_buffer_release(job.workers[w].buffer);
        rcx_clean_scratch_release(&job.workers[w].clean);
    }
    rcx_free(job.workers);
    rcx_scan_close(scan);
    if (status == RCX_OK)
        *out = invoices;
    else
        rcx_customer_invoices_release(&invoices);
    return status;
}
