/* The part of outlier_fit.h that reads rows: counts prices and quantities over the store. */
#include "base/memory.h"
#include "engine/quality/clean_batch.h"
#include "engine/quality/clean_kernels.h"
#include "engine/quality/outlier_fit.h"

struct worker {
    struct rcx_scan_buffer *buffer;
    uint8_t *rule; /* [rule_capacity] marks of the rows of one receipt */
    size_t rule_capacity;
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

/* Counts the rows of a receipt that survive stages 1 and 2, which look at single rows but for the
 * duplicates. *repeat is the first repeat not before the receipt. */
static bool count_receipt(const struct count_job *job, const struct rcx_batch *batch,
                          size_t receipt, size_t *repeat, struct worker *worker)
{
    uint32_t first = batch->first_row[receipt], end = batch->first_row[receipt + 1];
    bool ok = true;
    if (!rcx_array_reserve(&worker->rule, &worker->rule_capacity, end - first, 1))
        return false;
    (void)RCX_KERNEL_CALL(rcx_mark_rows)(&job->plan->limits, end - first, batch->stock + first,
                                         batch->quantity + first, batch->unit_price + first,
                                         batch->description ? batch->description + first : NULL,
                                         worker->rule);
    while (*repeat < batch->repeat_count && batch->repeats[*repeat] < first)
        (*repeat)++;
    for (uint32_t row = first; row < end; row++) {
        bool repeats = *repeat < batch->repeat_count && batch->repeats[*repeat] == row;
        *repeat += repeats;
        if (worker->rule[row - first] != RCX_RULE_KEPT || (repeats && job->plan->drop_duplicates))
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

static enum rcx_status count_morsel(void *context, size_t morsel, unsigned index,
                                    struct rcx_error *err)
{
    const struct count_job *job = context;
    struct worker *worker = &job->workers[index];
    if (!worker->buffer && !(worker->buffer = rcx_scan_buffer_new()))
        return rcx_fail_nomem(err, "scan buffer", 0);
    struct rcx_batch batch;
    enum rcx_status status = rcx_scan_read(job->scan, morsel, worker->buffer, &batch, err);
    if (status == RCX_OK && job->plan->description_required && !batch.has_all_descriptions)
        status = rcx_scan_read_more(job->scan, RCX_SCAN_DESCRIPTION, worker->buffer, &batch, err);
    else
        batch.description = NULL; /* none is missing, or it does not matter */
    size_t repeat = 0;
    for (size_t r = 0; r < batch.receipts && status == RCX_OK; r++) {
        if (batch.time[r] < job->before && batch.invoice[r] != 0 &&
            !count_receipt(job, &batch, r, &repeat, worker))
            status = rcx_fail_nomem(err, "outlier thresholds", 0);
    }
    return status;
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
    enum rcx_status status = rcx_scan_open(store, RCX_CLEAN_COLUMNS, &scan, err);
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
        rcx_free(workers[i].rule);
        rcx_tally_release(&workers[i].prices);
        rcx_tally_release(&workers[i].quantities);
    }
    rcx_free(workers);
    rcx_scan_close(scan);
    return status;
}
