#include "engine/exec/clean_run.h"

#include "base/memory.h"
#include "engine/exec/clean_table.h"

enum { WAVE_MORSELS = 8 }; /* what is in memory at a time, and the size of a delivered table */

struct worker {
    struct rcx_scan_buffer *buffer;
    struct rcx_clean_scratch clean;
    struct rcx_clean_flags flags;
    struct rcx_clean_stats stats;
};

struct job {
    const struct rcx_clean_run *run;
    const struct rcx_scan *scan;
    struct worker *workers;
    size_t first_morsel;
    struct rcx_table pieces[WAVE_MORSELS];
};

struct rcx_data_range rcx_store_range(const struct rcx_store *store)
{
    const struct rcx_store_summary *summary = rcx_store_summary(store);
    return (struct rcx_data_range){rcx_day_of_time(summary->first_time),
                                   rcx_day_of_time(summary->last_time)};
}

static enum rcx_status clean_morsel(void *context, size_t index, unsigned worker_index,
                                    struct rcx_error *err)
{
    struct job *job = context;
    const struct rcx_clean_run *run = job->run;
    struct worker *worker = &job->workers[worker_index];
    struct rcx_batch batch;
    if (!worker->buffer && !(worker->buffer = rcx_scan_buffer_new()))
        return rcx_fail_nomem(err, "scan buffer", 0);
    enum rcx_status status = rcx_scan_read(job->scan, job->first_morsel + index, worker->buffer,
                                           &batch, err);
    if (status == RCX_OK)
        status = rcx_clean_batch(run->plan, job->scan, worker->buffer, &batch, &worker->clean, err);
    if (status == RCX_OK)
        status = rcx_clean_flag_batch(run->plan, &batch, &worker->clean, &worker->flags, err);
    if (status != RCX_OK)
        return status;
    rcx_clean_stats_add(&worker->stats, run->plan, &batch, worker->clean.rule, &worker->flags);
    if (!run->rows || batch.guests)
        return RCX_OK;
    struct rcx_table *piece = &job->pieces[index];
    status = rcx_clean_table_init(run->plan, rcx_store_summary(run->store), NULL, piece, err);
    if (status != RCX_OK)
        return status;
    return rcx_clean_table_append(run->plan, &batch, worker->clean.rule, worker->flags.flags, piece,
                                  err);
}

static enum rcx_status deliver(struct job *job, size_t pieces, struct rcx_error *err)
{
    const struct rcx_clean_run *run = job->run;
    struct rcx_table rows = {0};
    enum rcx_status status = rcx_clean_table_init(run->plan, rcx_store_summary(run->store),
                                                  run->store, &rows, err);
    for (size_t i = 0; i < pieces && status == RCX_OK; i++) {
        if (job->pieces[i].column_count > 0)
            status = rcx_clean_table_concat(&rows, &job->pieces[i], err);
        rcx_table_release(&job->pieces[i]);
    }
    if (status == RCX_OK)
        status = run->rows(run->rows_context, &rows, err);
    rcx_table_release(&rows);
    return status;
}

static enum rcx_status run_waves(struct job *job, struct rcx_error *err)
{
    size_t morsels = rcx_scan_morsels(job->scan);
    bool delivered = false;
    for (size_t first = 0; first < morsels; first += WAVE_MORSELS) {
        size_t count = morsels - first < WAVE_MORSELS ? morsels - first : WAVE_MORSELS;
        job->first_morsel = first;
        enum rcx_status status = rcx_parallel_for(&job->run->parallel, count, clean_morsel, job,
                                                  err);
        bool has_rows = first < rcx_scan_customer_morsels(job->scan);
        if (status == RCX_OK && job->run->rows && (has_rows || !delivered)) {
            status = deliver(job, count, err);
            delivered = true;
        }
        if (status != RCX_OK)
            return status;
    }
    return job->run->rows && !delivered ? deliver(job, 0, err) : RCX_OK; /* the schema at least */
}

enum rcx_status rcx_clean_run(const struct rcx_clean_run *run, struct rcx_clean_stats *out,
                              struct rcx_error *err)
{
    struct rcx_data_range range = rcx_store_range(run->store);
    struct job job = {.run = run};
    struct rcx_scan *scan = NULL;
    unsigned columns = run->rows ? (unsigned)RCX_SCAN_ALL : (unsigned)RCX_CLEAN_COLUMNS;
    unsigned threads = run->parallel.threads;
    job.workers = rcx_calloc(threads, sizeof *job.workers);
    if (!job.workers)
        return rcx_fail_nomem(err, "cleaning", threads * sizeof *job.workers);
    enum rcx_status status = RCX_OK;
    for (unsigned i = 0; i < threads && status == RCX_OK; i++)
        status = rcx_clean_stats_init(&job.workers[i].stats, range, err);
    if (status == RCX_OK)
        status = rcx_scan_open(run->store, columns, &scan, err);
    if (status == RCX_OK) {
        job.scan = scan;
        status = run_waves(&job, err);
    }
    for (unsigned i = 1; i < threads && status == RCX_OK; i++)
        rcx_clean_stats_merge(&job.workers[0].stats, &job.workers[i].stats);
    if (status == RCX_OK) {
        *out = job.workers[0].stats;
        job.workers[0].stats = (struct rcx_clean_stats){0};
    }
    for (unsigned i = 0; i < threads; i++) {
        rcx_scan_buffer_release(job.workers[i].buffer);
        rcx_clean_scratch_release(&job.workers[i].clean);
        rcx_clean_flags_release(&job.workers[i].flags);
        rcx_clean_stats_release(&job.workers[i].stats);
    }
    for (size_t i = 0; i < WAVE_MORSELS; i++)
        rcx_table_release(&job.pieces[i]);
    rcx_free(job.workers);
    rcx_scan_close(scan);
    return status;
}
