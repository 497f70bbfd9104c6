#include "engine/exec/known_customers.h"

#include <string.h>

#include "base/memory.h"
#include "storage/store/scan.h"

struct piece {
    int64_t *customers; /* owned */
    size_t count;
};

struct job {
    const struct rcx_scan *scan;
    struct rcx_scan_buffer **buffers; /* [threads] */
    struct piece *pieces;             /* [morsels] */
    rcx_time cutoff;
};

static enum rcx_status read_morsel(void *context, size_t morsel, unsigned worker,
                                   struct rcx_error *err)
{
    struct job *job = context;
    struct piece *piece = &job->pieces[morsel];
    struct rcx_batch batch;
    if (!job->buffers[worker] && !(job->buffers[worker] = rcx_scan_buffer_new()))
        return rcx_fail_nomem(err, "scan buffer", 0);
    enum rcx_status status = rcx_scan_read(job->scan, morsel, job->buffers[worker], &batch, err);
    if (status != RCX_OK)
        return status;
    piece->customers = rcx_malloc_array(batch.receipts + 1, sizeof *piece->customers);
    if (!piece->customers)
        return rcx_fail_nomem(err, "customers", batch.receipts * sizeof *piece->customers);
    for (size_t i = 0; i < batch.receipts; i++) {
        bool first = i == 0 || batch.customer[i] != batch.customer[i - 1];
        if (first && batch.time[i] < job->cutoff) /* receipts are in the order of time */
            piece->customers[piece->count++] = batch.customer[i];
    }
    return RCX_OK;
}

static enum rcx_status collect(const struct job *job, size_t morsels, const struct rcx_store *store,
                               struct rcx_table *out, struct rcx_error *err)
{
    bool text = rcx_store_summary(store)->decisions.customer_is_text;
    size_t rows = 0, at = 0;
    for (size_t m = 0; m < morsels; m++)
        rows += job->pieces[m].count;
    struct rcx_table table = {0};
    struct rcx_column *id = rcx_table_add(&table, "customer_id",
                                          text ? RCX_TYPE_TEXT : RCX_TYPE_INT64);
    if (!id || !rcx_table_resize(&table, rows)) {
        rcx_table_release(&table);
        return rcx_fail_nomem(err, "customers", rows * sizeof(int64_t));
    }
    if (text)
        id->dictionary = rcx_strings_retain(rcx_store_strings(store, RCX_TEXT_CUSTOMER));
    for (size_t m = 0; m < morsels; m++) {
        for (size_t i = 0; i < job->pieces[m].count; i++, at++) {
            if (text)
                id->codes[at] = (uint32_t)job->pieces[m].customers[i];
            else
                id->i64[at] = job->pieces[m].customers[i];
        }
    }
    *out = table;
    return RCX_OK;
}

enum rcx_status rcx_known_customers(const struct rcx_store *store, rcx_day snapshot,
                                    const struct rcx_parallel *parallel, struct rcx_table *out,
                                    struct rcx_error *err)
{
    struct job job = {.cutoff = rcx_cutoff(snapshot)};
    struct rcx_scan *scan = NULL;
    size_t morsels = 0;
    enum rcx_status status = rcx_scan_open(store, 0, &scan, err);
    if (status != RCX_OK)
        return status;
    morsels = rcx_scan_customer_morsels(scan);
    job.scan = scan;
    job.buffers = rcx_calloc(parallel->threads, sizeof(struct rcx_scan_buffer *));
    job.pieces = rcx_calloc(morsels + 1, sizeof *job.pieces);
    if (!job.buffers || !job.pieces)
        status = rcx_fail_nomem(err, "customers", morsels * sizeof *job.pieces);
    if (status == RCX_OK)
        status = rcx_parallel_for(parallel, morsels, read_morsel, &job, err);
    if (status == RCX_OK)
        status = collect(&job, morsels, store, out, err);
    for (size_t m = 0; job.pieces && m < morsels; m++)
        rcx_free(job.pieces[m].customers);
    for (unsigned w = 0; job.buffers && w < parallel->threads; w++)
        rcx_scan_buffer_release(job.buffers[w]);
    rcx_free(job.pieces);
    rcx_free(job.buffers);
    rcx_scan_close(scan);
    return status;
}
