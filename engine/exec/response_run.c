#include "engine/exec/response_run.h"

#include <stdlib.h>

#include "base/memory.h"
#include "engine/quality/clean_batch.h"

struct response {
    int64_t customer, purchases, revenue;
};

struct invoice {
    uint32_t code;
    int64_t items;
};

/* The customers of a morsel. */
struct piece {
    struct response *responses;
    size_t count, capacity;
};

struct worker {
    struct rcx_scan_buffer *buffer;
    struct rcx_clean_scratch scratch;
    struct invoice *invoices;
    size_t capacity;
};

struct job {
    const struct rcx_response_run *run;
    const struct rcx_scan *scan;
    struct worker *workers;
    struct piece *pieces; /* [morsels] */
};

static int by_code(const void *a, const void *b)
{
    const struct invoice *x = a, *y = b;
    return (x->code > y->code) - (x->code < y->code);
}

static int64_t count_purchases(struct invoice *invoices, size_t count)
{
    int64_t purchases = 0;
    if (count > 0)
        qsort(invoices, count, sizeof *invoices, by_code);
    for (size_t i = 0; i < count;) {
        uint32_t code = invoices[i].code;
        int64_t items = 0;
        for (; i < count && invoices[i].code == code; i++)
            items += invoices[i].items;
        purchases += items > 0;
    }
    return purchases;
}

/* One customer: receipts [from, to). */
static bool respond(const struct rcx_response_run *run, const struct rcx_batch *batch, size_t from,
                    size_t to, struct worker *worker, struct piece *piece)
{
    rcx_time begin = (rcx_time)run->first * RCX_DAY_SECONDS;
    rcx_time end = ((rcx_time)run->last + 1) * RCX_DAY_SECONDS;
    struct response response = {.customer = batch->customer[from]};
    size_t invoices = 0;
    for (size_t r = from; r < to; r++) {
        struct invoice invoice = {batch->invoice[r], 0};
        bool any = false;
        if (batch->time[r] < begin || batch->time[r] >= end)
            continue;
        for (uint32_t row = batch->first_row[r]; row < batch->first_row[r + 1]; row++) {
            if (!rcx_survives_stage_2(worker->scratch.rule[row]))
                continue;
            any = true;
            invoice.items += batch->quantity[row];
            response.revenue += batch->quantity[row] * batch->unit_price[row];
        }
        if (!any)
            continue;
        if (!rcx_array_reserve(&worker->invoices, &worker->capacity, invoices + 1,
                               sizeof *worker->invoices))
            return false;
        worker->invoices[invoices++] = invoice;
    }
    if (invoices == 0)
        return true;
    response.purchases = count_purchases(worker->invoices, invoices);
    if (!rcx_array_reserve(&piece->responses, &piece->capacity, piece->count + 1,
                           sizeof *piece->responses))
        return false;
    piece->responses[piece->count++] = response;
    return true;
}

static enum rcx_status respond_morsel(void *context, size_t morsel, unsigned index,
                                      struct rcx_error *err)
{
    struct job *job = context;
    struct worker *worker = &job->workers[index];
    struct rcx_batch batch;
    if (!worker->buffer && !(worker->buffer = rcx_scan_buffer_new()))
        return rcx_fail_nomem(err, "scan buffer", 0);
    enum rcx_status status = rcx_scan_read(job->scan, morsel, worker->buffer, &batch, err);
    if (status == RCX_OK)
        status = rcx_clean_batch(job->run->plan, job->scan, worker->buffer, &batch,
                                 &worker->scratch, err);
    for (size_t from = 0; status == RCX_OK && from < batch.receipts;) {
        size_t to = rcx_batch_customer_end(&batch, from);
        if (!respond(job->run, &batch, from, to, worker, &job->pieces[morsel]))
            status = rcx_fail_nomem(err, "responses", 0);
        from = to;
    }
    return status;
}

static enum rcx_status put_together(const struct job *job, size_t morsels, struct rcx_table *out,
                                    struct rcx_error *err)
{
    const struct rcx_store *store = job->run->store;
    bool text = rcx_store_summary(store)->decisions.customer_is_text;
    struct rcx_table table = {0};
    size_t row = 0;
    for (size_t m = 0; m < morsels; m++)
        table.rows += job->pieces[m].count;
    bool ok = rcx_table_add(&table, "customer_id", text ? RCX_TYPE_TEXT : RCX_TYPE_INT64) &&
              rcx_table_add(&table, "purchases", RCX_TYPE_INT64) &&
              rcx_table_add(&table, "revenue", RCX_TYPE_DECIMAL);
    if (!ok) {
        rcx_table_release(&table);
        return rcx_fail_nomem(err, "responses", 0);
    }
    if (text)
        table.columns[0].dictionary = rcx_strings_retain(
            rcx_store_strings(store, RCX_TEXT_CUSTOMER));
    table.columns[2].scale = rcx_clean_revenue_decimals(job->run->plan);
    for (size_t m = 0; m < morsels; m++) {
        for (size_t i = 0; i < job->pieces[m].count; i++, row++) {
            const struct response *response = &job->pieces[m].responses[i];
            if (text)
                table.columns[0].codes[row] = (uint32_t)response->customer;
            else
                table.columns[0].i64[row] = response->customer;
            table.columns[1].i64[row] = response->purchases;
            table.columns[2].i64[row] = response->revenue;
        }
    }
    *out = table;
    return RCX_OK;
}

enum rcx_status rcx_response_run(const struct rcx_response_run *run, struct rcx_table *out,
                                 struct rcx_error *err)
{
    struct rcx_scan *scan = NULL;
    struct job job = {.run = run};
    size_t morsels = 0;
    enum rcx_status status = rcx_scan_open(run->store, RCX_CLEAN_COLUMNS, &scan, err);
    if (status != RCX_OK)
        return status;
    morsels = rcx_scan_customer_morsels(scan);
    job.scan = scan;
    job.workers = rcx_calloc(run->parallel.threads, sizeof *job.workers);
    job.pieces = rcx_calloc(morsels + 1, sizeof *job.pieces);
    if (!job.workers || !job.pieces)
        status = rcx_fail_nomem(err, "responses", morsels * sizeof *job.pieces);
    if (status == RCX_OK)
        status = rcx_parallel_for(&run->parallel, morsels, respond_morsel, &job, err);
    if (status == RCX_OK)
        status = put_together(&job, morsels, out, err);
    for (size_t m = 0; job.pieces && m < morsels; m++)
        rcx_free(job.pieces[m].responses);
    for (unsigned w = 0; job.workers && w < run->parallel.threads; w++) {
        rcx_scan_buffer_release(job.workers[w].buffer);
        rcx_clean_scratch_release(&job.workers[w].scratch);
        rcx_free(job.workers[w].invoices);
    }
    rcx_free(job.pieces);
    rcx_free(job.workers);
    rcx_scan_close(scan);
    return status;
}
