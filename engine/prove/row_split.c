#include "engine/prove/row_split.h"

#include "base/memory.h"

struct job {
    const struct rcx_scan *scan;
    size_t count;
    struct rcx_scan_buffer **buffers; /* [threads] */
    struct rcx_row_split *parts;      /* [threads x count] */
};

static void add_before(struct rcx_row_split *split, uint64_t rows, rcx_time time)
{
    if (split->before == 0 || time > split->last_before)
        split->last_before = time;
    split->before += rows;
}

static void add_after(struct rcx_row_split *split, uint64_t rows, rcx_time time)
{
    if (split->after == 0 || time < split->first_after)
        split->first_after = time;
    split->after += rows;
}

static enum rcx_status count_morsel(void *context, size_t morsel, unsigned worker,
                                    struct rcx_error *err)
{
    struct job *job = context;
    struct rcx_row_split *parts = &job->parts[worker * job->count];
    struct rcx_batch batch;
    if (!job->buffers[worker] && !(job->buffers[worker] = rcx_scan_buffer_new()))
        return rcx_fail_nomem(err, "scan buffer", 0);
    enum rcx_status status = rcx_scan_read(job->scan, morsel, job->buffers[worker], &batch, err);
    for (size_t r = 0; status == RCX_OK && r < batch.receipts; r++) {
        uint64_t rows = batch.first_row[r + 1] - batch.first_row[r];
        for (size_t i = 0; i < job->count; i++) {
            if (batch.time[r] < parts[i].at)
                add_before(&parts[i], rows, batch.time[r]);
            else
                add_after(&parts[i], rows, batch.time[r]);
        }
    }
    return status;
}

static void merge(struct rcx_row_split *into, const struct rcx_row_split *part)
{
    if (part->before > 0)
        add_before(into, part->before, part->last_before);
    if (part->after > 0)
        add_after(into, part->after, part->first_after);
}

enum rcx_status rcx_row_split(const struct rcx_store *store, const struct rcx_parallel *parallel,
                              struct rcx_row_split *splits, size_t count, struct rcx_error *err)
{
    size_t threads = parallel->threads;
    struct rcx_scan *scan = NULL;
    struct job job = {.count = count};
    job.buffers = rcx_calloc(threads, sizeof(struct rcx_scan_buffer *));
    job.parts = rcx_calloc(threads * count + 1, sizeof *job.parts);
    enum rcx_status status = job.buffers && job.parts
                                 ? rcx_scan_open(store, 0, &scan, err)
                                 : rcx_fail_nomem(err, "row counts", threads * sizeof *job.parts);
    if (status == RCX_OK) {
        job.scan = scan;
        for (size_t i = 0; i < threads * count; i++)
            job.parts[i].at = splits[i % count].at;
        status = rcx_parallel_for(parallel, rcx_scan_morsels(scan), count_morsel, &job, err);
    }
    for (size_t i = 0; status == RCX_OK && i < threads * count; i++)
        merge(&splits[i % count], &job.parts[i]);
    for (size_t w = 0; job.buffers && w < threads; w++)
        rcx_scan_buffer_release(job.buffers[w]);
    rcx_free(job.buffers);
    rcx_free(job.parts);
    rcx_scan_close(scan);
    return status;
}
