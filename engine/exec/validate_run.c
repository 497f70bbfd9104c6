#include "engine/exec/validate_run.h"

#include <string.h>

#include "base/memory.h"
#include "engine/quality/clean_plan.h"
#include "engine/quality/validate_batch.h"
#include "storage/store/describe.h"

struct worker {
    struct rcx_scan_buffer *buffer;
    struct rcx_validate_worker counts;
};

struct job {
    const struct rcx_scan *scan;
    const struct rcx_validate_plan *plan;
    struct worker *workers;
};

/* An invoice of guests may lie in several morsels (its rows bear different times, and guests are cut
 * by time): its keys can only be compared at the end. Marks those invoices. */
static enum rcx_status find_split_invoices(const struct rcx_store *store, uint8_t *split,
                                           uint32_t *home, struct rcx_error *err)
{
    struct rcx_scan *scan = NULL;
    struct rcx_scan_buffer *buffer = rcx_scan_buffer_new();
    struct rcx_batch batch;
    enum rcx_status status = buffer ? rcx_scan_open(store, 0, &scan, err)
                                    : rcx_fail_nomem(err, "scan buffer", 0);

    for (size_t m = status == RCX_OK ? rcx_scan_customer_morsels(scan) : 0;
         status == RCX_OK && m < rcx_scan_morsels(scan); m++) {
        status = rcx_scan_read(scan, m, buffer, &batch, err);
        for (size_t r = 0; status == RCX_OK && r < batch.receipts; r++) {
            uint32_t invoice = batch.invoice[r];

            if (home[invoice] != 0 && home[invoice] != m + 1)
                split[invoice / 8] |= (uint8_t)(1U << (invoice % 8));
            home[invoice] = (uint32_t)m + 1;
        }
    }
    rcx_scan_close(scan);
    rcx_scan_buffer_release(buffer);
    return status;
}

static enum rcx_status count_morsel(void *context, size_t morsel, unsigned index,
                                    struct rcx_error *err)
{
    struct job *job = context;
    struct worker *worker = &job->workers[index];
    struct rcx_batch batch;

    if (!worker->buffer && !(worker->buffer = rcx_scan_buffer_new()))
        return rcx_fail_nomem(err, "scan buffer", 0);
    enum rcx_status status = rcx_scan_read(job->scan, morsel, worker->buffer, &batch, err);
    if (status == RCX_OK && !batch.has_all_descriptions)
        status = rcx_scan_read_more(job->scan, RCX_SCAN_DESCRIPTION, worker->buffer, &batch, err);
    if (status == RCX_OK && !rcx_validate_batch(job->plan, &batch, &worker->counts))
        status = rcx_fail_nomem(err, "validation", 0);
    return status;
}

static void add_facts(struct rcx_validation_facts *into, const struct rcx_validation_facts *from)
{
    into->rows += from->rows;
    for (unsigned f = 0; f < RCX_FIELD_COUNT; f++)
        into->missing[f] += from->missing[f];
    into->price_negative += from->price_negative;
    into->price_zero += from->price_zero;
    into->price_valid += from->price_valid;
    into->quantity_zero += from->quantity_zero;
    into->quantity_outside += from->quantity_outside;
    into->cancellation_rows += from->cancellation_rows;
    into->cancellation_positive += from->cancellation_positive;
    into->return_rows += from->return_rows;
    into->returns_outside += from->returns_outside;
    into->revenue_positive += from->revenue_positive;
    into->revenue_negative += from->revenue_negative;
    into->revenue_zero += from->revenue_zero;
    into->exact_duplicates += from->exact_duplicates;
    into->key_duplicates += from->key_duplicates;
    into->customers += from->customers;
    into->customers_few_rows += from->customers_few_rows;
}

static void find_gaps(const uint8_t *day_seen, size_t days, struct rcx_validation_facts *facts)
{
    uint64_t gap = 0;

    for (size_t d = 0; d < days; d++) {
        facts->days_with_rows += day_seen[d];
        gap = day_seen[d] ? 0 : gap + 1;
        if (gap > facts->longest_gap_days) {
            facts->longest_gap_days = gap;
            facts->gap_first_day = facts->first_day + (rcx_day)(d + 1 - gap);
        }
    }
}

/* Puts the workers' counts together in worker 0. */
static enum rcx_status merge(struct job *job, unsigned threads, struct rcx_validation_facts *facts,
                             struct rcx_error *err)
{
    struct rcx_validate_worker *total = &job->workers[0].counts;

    for (unsigned w = 0; w < threads; w++) {
        struct rcx_validate_worker *counts = &job->workers[w].counts;

        add_facts(facts, &counts->facts);
        for (size_t d = 0; d < job->plan->days; d++)
            total->day_seen[d] |= counts->day_seen[d];
        if (w > 0 &&
            !rcx_buf_append(&total->split_keys, counts->split_keys.data, counts->split_keys.length))
            return rcx_fail_nomem(err, "validation", counts->split_keys.length);
    }
    facts->key_duplicates += rcx_count_shared_keys((uint64_t *)(void *)total->split_keys.data,
                                                   total->split_keys.length / sizeof(uint64_t));
    find_gaps(total->day_seen, job->plan->days, facts);
    return RCX_OK;
}

static enum rcx_status count_facts(const struct rcx_store *store, struct rcx_validate_plan *plan,
                                   struct rcx_parallel parallel, struct rcx_validation_facts *facts,
                                   struct rcx_error *err)
{
    struct rcx_scan *scan = NULL;
    uint8_t *split = rcx_calloc((size_t)plan->invoice_count / 8 + 1, 1);
    uint32_t *home = rcx_calloc((size_t)plan->invoice_count + 1, sizeof *home);
    struct job job = {.plan = plan, .workers = rcx_calloc(parallel.threads, sizeof *job.workers)};
    bool ok = split && home && job.workers;
    enum rcx_status status = RCX_OK;

    for (unsigned w = 0; ok && w < parallel.threads; w++)
        ok = rcx_validate_worker_init(&job.workers[w].counts, plan);
    if (!ok)
        status = rcx_fail_nomem(err, "validation", plan->invoice_count);
    if (status == RCX_OK)
        status = find_split_invoices(store, split, home, err);
    rcx_free(home);
    plan->split_invoices = split;
    if (status == RCX_OK)
        status = rcx_scan_open(store, RCX_SCAN_ALL & ~(unsigned)RCX_SCAN_DESCRIPTION, &scan, err);
    job.scan = scan;
    if (status == RCX_OK)
        status = rcx_parallel_for(&parallel, rcx_scan_morsels(scan), count_morsel, &job, err);
    if (status == RCX_OK)
        status = merge(&job, parallel.threads, facts, err);
    for (unsigned w = 0; job.workers && w < parallel.threads; w++) {
        rcx_scan_buffer_release(job.workers[w].buffer);
        rcx_validate_worker_release(&job.workers[w].counts);
    }
    rcx_scan_close(scan);
    rcx_free(job.workers);
    rcx_free(split);
    return status;
}

static enum rcx_status add_rejects(const struct rcx_store *store,
                                   struct rcx_validation_facts *facts, struct rcx_error *err)
{
    struct rcx_store_description description;
    enum rcx_status status = rcx_store_describe(store, &description, err);

    if (status != RCX_OK)
        return status;
    for (size_t i = 0; i < description.input_count; i++)
        for (unsigned k = 0; k < RCX_REJECT_KINDS; k++)
            facts->rejected[k] += description.inputs[i].rejects[k];
    rcx_store_description_release(&description);
    return RCX_OK;
}

enum rcx_status rcx_validate_run(const struct rcx_store *store,
                                 const struct rcx_validate_options *options,
                                 struct rcx_validation *out, struct rcx_error *err)
{
    const struct rcx_store_summary *summary = rcx_store_summary(store);
    struct rcx_validation_facts facts = {
        .field_mask = summary->decisions.field_mask,
        .customer_is_text = summary->decisions.customer_is_text,
        .first_day = rcx_day_of_time(summary->first_time),
        .last_day = rcx_day_of_time(summary->last_time),
    };
    struct rcx_clean_plan clean = {0};
    enum rcx_status status = rcx_clean_plan_init(
        options->cleaning, options->definitions, &summary->decisions,
        rcx_store_strings(store, RCX_TEXT_INVOICE), rcx_store_strings(store, RCX_TEXT_STOCK),
        &clean, err);

    if (status != RCX_OK)
        return status;
    struct rcx_validate_plan plan = {
        .cancellation_bits = clean.cancellation_bits,
        .invoice_count = clean.invoice_count,
        .min_price = rcx_units_of(options->validation->min_unit_price,
                                  summary->decisions.price_decimals),
        .max_abs_quantity = rcx_units_of((double)options->validation->max_abs_quantity,
                                         summary->decisions.quantity_decimals),
        .min_customer_rows = (uint64_t)options->validation->min_customer_rows,
        .first_day = facts.first_day,
        .days = (size_t)(facts.last_day - facts.first_day) + 1,
    };
    status = count_facts(store, &plan, options->parallel, &facts, err);
    if (status == RCX_OK)
        status = add_rejects(store, &facts, err);
    if (status == RCX_OK)
        status = rcx_validation_judge(options->validation, &facts, out, err);
    rcx_clean_plan_release(&clean);
    return status;
}
