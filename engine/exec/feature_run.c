#include "engine/exec/feature_run.h"

#include <string.h>

#include "base/memory.h"

enum { MIN_WAVE_MORSELS = 16, WAVE_MORSELS_PER_THREAD = 4 };

/* The rows that one morsel gives, customer by customer. */
struct block {
    struct rcx_feature_row *rows;
    size_t count, capacity;
    uint32_t *picks; /* [count] indices of rows, by snapshot */
    size_t pick_capacity;
    size_t *first_pick; /* [snapshots + 1] */
};

struct worker {
    struct rcx_scan_buffer *buffer;
    struct rcx_clean_scratch clean;
    struct rcx_visit visit;
};

struct job {
    const struct rcx_feature_run *run;
    const struct rcx_feature_plan *plan; /* of this pass's snapshots */
    const struct rcx_scan *scan;
    struct worker *workers;
    struct block *blocks; /* [wave] */
    size_t wave;
    size_t first_morsel;
    struct rcx_table *tables; /* [snapshots of the pass] */
    size_t *offsets;          /* [wave x snapshots] row of the block's first in the table */
};

/* Orders the rows of a block by snapshot, keeping the order of customers. */
static enum rcx_status sort_block(const struct job *job, struct block *block, struct rcx_error *err)
{
    size_t snapshots = job->plan->snapshot_count;
    if (!rcx_array_reserve(&block->picks, &block->pick_capacity, block->count,
                           sizeof *block->picks))
        return rcx_fail_nomem(err, "feature rows", block->count * sizeof *block->picks);
    memset(block->first_pick, 0, (snapshots + 1) * sizeof *block->first_pick);
    for (size_t i = 0; i < block->count; i++)
        block->first_pick[block->rows[i].snapshot + 1]++;
    for (size_t s = 0; s < snapshots; s++)
        block->first_pick[s + 1] += block->first_pick[s];
    for (size_t i = 0; i < block->count; i++) /* moves first_pick[s] to the end of s */
        block->picks[block->first_pick[block->rows[i].snapshot]++] = (uint32_t)i;
    for (size_t s = snapshots; s > 0; s--)
        block->first_pick[s] = block->first_pick[s - 1];
    block->first_pick[0] = 0;
    return RCX_OK;
}

static enum rcx_status visit_batch(const struct job *job, struct worker *worker,
                                   const struct rcx_batch *batch, struct block *block,
                                   struct rcx_error *err)
{
    size_t snapshots = job->plan->snapshot_count;
    enum rcx_status status = rcx_visit_reserve(&worker->visit, job->plan, batch, err);
    block->count = 0;
    for (size_t first = 0; first < batch->receipts && status == RCX_OK;) {
        size_t end = rcx_batch_customer_end(batch, first);
        if (!rcx_array_reserve(&block->rows, &block->capacity, block->count + snapshots,
                               sizeof *block->rows))
            return rcx_fail_nomem(err, "feature rows", block->count * sizeof *block->rows);
        block->count += rcx_visit_customer(&worker->visit, job->plan, batch, worker->clean.rule,
                                           first, end, block->rows + block->count);
        first = end;
    }
    return status;
}

static enum rcx_status compute_morsel(void *context, size_t index, unsigned worker_index,
                                      struct rcx_error *err)
{
    struct job *job = context;
    struct worker *worker = &job->workers[worker_index];
    struct block *block = &job->blocks[index];
    const struct rcx_clean_plan *clean = job->run->clean;
    struct rcx_batch batch;
    if (!worker->buffer && !(worker->buffer = rcx_scan_buffer_new()))
        return rcx_fail_nomem(err, "scan buffer", 0);
    enum rcx_status status = rcx_scan_read(job->scan, job->first_morsel + index, worker->buffer,
                                           &batch, err);
    if (status == RCX_OK)
        status = rcx_clean_batch(clean, job->scan, worker->buffer, &batch, &worker->clean, err);
    if (status == RCX_OK)
        status = visit_batch(job, worker, &batch, block, err);
    if (status == RCX_OK)
        status = sort_block(job, block, err);
    return status;
}

static enum rcx_status spread_block(void *context, size_t index, unsigned worker,
                                    struct rcx_error *err)
{
    struct job *job = context;
    const struct block *block = &job->blocks[index];
    size_t snapshots = job->plan->snapshot_count;
    (void)worker;
    (void)err;
    for (size_t s = 0; s < snapshots; s++) {
        size_t first = block->first_pick[s];
        rcx_feature_table_put(&job->tables[s], job->offsets[index * snapshots + s], block->rows,
                              block->picks + first, block->first_pick[s + 1] - first);
    }
    return RCX_OK;
}

static enum rcx_status run_wave(struct job *job, size_t morsels, struct rcx_error *err)
{
    size_t snapshots = job->plan->snapshot_count;
    enum rcx_status status = rcx_parallel_for(&job->run->parallel, morsels, compute_morsel, job,
                                              err);
    if (status != RCX_OK)
        return status;
    for (size_t s = 0; s < snapshots; s++) {
        size_t rows = job->tables[s].rows;
        for (size_t i = 0; i < morsels; i++) {
            job->offsets[i * snapshots + s] = rows;
            rows += job->blocks[i].first_pick[s + 1] - job->blocks[i].first_pick[s];
        }
        if (!rcx_table_resize(&job->tables[s], rows))
            return rcx_fail_nomem(err, "feature table",
                                  rows * rcx_feature_table_row_bytes(job->plan->with_labels));
    }
    return rcx_parallel_for(&job->run->parallel, morsels, spread_block, job, err);
}

static enum rcx_status make_tables(struct job *job, struct rcx_error *err)
{
    const struct rcx_feature_run *run = job->run;
    size_t customers = (size_t)rcx_store_summary(run->store)->customers;
    enum rcx_status status = RCX_OK;
    for (size_t s = 0; s < job->plan->snapshot_count && status == RCX_OK; s++)
        status = rcx_feature_table_init(run->cfg, job->plan, run->store, customers, &job->tables[s],
                                        err);
    return status;
}

/* Hands the finished tables to the sink; each is released before the next is finished. */
static enum rcx_status deliver(struct job *job, size_t first_snapshot,
                               struct rcx_feature_run_stats *stats, struct rcx_error *err)
{
    const struct rcx_feature_run *run = job->run;
    for (size_t s = 0; s < job->plan->snapshot_count; s++) {
        struct rcx_table *table = &job->tables[s];
        struct rcx_snapshot_counts *counts = &stats->snapshots[first_snapshot + s];
        for (unsigned w = 0; w < run->parallel.threads; w++) {
            if (job->workers[w].visit.counts)
                rcx_snapshot_counts_merge(counts, &job->workers[w].visit.counts[s]);
        }
        stats->rows += table->rows;
        enum rcx_status status = rcx_feature_table_finish(job->plan, s, table, err);
        if (status == RCX_OK)
            status = run->sink(run->sink_context, first_snapshot + s, table, err);
        rcx_table_release(table);
        if (status != RCX_OK)
            return status;
    }
    return RCX_OK;
}

static void release_job(struct job *job)
{
    for (unsigned i = 0; job->workers && i < job->run->parallel.threads; i++) {
        rcx_scan_buffer_release(job->workers[i].buffer);
        rcx_clean_scratch_release(&job->workers[i].clean);
        rcx_visit_release(&job->workers[i].visit);
    }
    for (size_t i = 0; job->blocks && i < job->wave; i++) {
        rcx_free(job->blocks[i].rows);
        rcx_free(job->blocks[i].picks);
        rcx_free(job->blocks[i].first_pick);
    }
    for (size_t s = 0; job->tables && s < job->plan->snapshot_count; s++)
        rcx_table_release(&job->tables[s]);
    rcx_free(job->workers);
    rcx_free(job->blocks);
    rcx_free(job->tables);
    rcx_free(job->offsets);
}

static enum rcx_status reserve_job(struct job *job, struct rcx_error *err)
{
    size_t snapshots = job->plan->snapshot_count;
    job->wave = (size_t)job->run->parallel.threads * WAVE_MORSELS_PER_THREAD;
    if (job->wave < MIN_WAVE_MORSELS)
        job->wave = MIN_WAVE_MORSELS;
    job->workers = rcx_calloc(job->run->parallel.threads, sizeof *job->workers);
    job->blocks = rcx_calloc(job->wave, sizeof *job->blocks);
    job->tables = rcx_calloc(snapshots, sizeof *job->tables);
    job->offsets = rcx_calloc(job->wave * snapshots, sizeof *job->offsets);
    bool ok = job->workers && job->blocks && job->tables && job->offsets;
    for (size_t i = 0; i < job->wave && ok; i++) {
        job->blocks[i].first_pick = rcx_calloc(snapshots + 1, sizeof(size_t));
        ok = job->blocks[i].first_pick != NULL;
    }
    return ok ? RCX_OK : rcx_fail_nomem(err, "feature run", job->wave * sizeof *job->blocks);
}

/* One pass over the store for some of the snapshots. */
static enum rcx_status run_pass(const struct rcx_feature_run *run, const struct rcx_scan *scan,
                                size_t first_snapshot, size_t count,
                                struct rcx_feature_run_stats *stats, struct rcx_error *err)
{
    struct rcx_snapshots some = {count, run->snapshots->days + first_snapshot};
    struct rcx_feature_plan plan;
    enum rcx_status status = rcx_feature_plan_init(run->cfg, run->clean,
                                                   rcx_store_range(run->store), &some, &plan, err);
    if (status != RCX_OK)
        return status;
    plan.with_labels = run->labels != NULL;
    if (run->labels)
        plan.labels = *run->labels;
    struct job job = {.run = run, .plan = &plan, .scan = scan};
    status = reserve_job(&job, err);
    if (status == RCX_OK)
        status = make_tables(&job, err);
    size_t morsels = rcx_scan_customer_morsels(scan);
    for (size_t first = 0; first < morsels && status == RCX_OK; first += job.wave) {
        job.first_morsel = first;
        status = run_wave(&job, morsels - first < job.wave ? morsels - first : job.wave, err);
    }
    if (status == RCX_OK)
        status = deliver(&job, first_snapshot, stats, err);
    for (unsigned i = 0; job.workers && i < run->parallel.threads; i++)
        stats->customers_rescanned += job.workers[i].visit.rescanned_customers;
    release_job(&job);
    rcx_feature_plan_release(&plan);
    return status;
}

/* Snapshots of a pass: as many as have room when every customer has a row at each. */
static size_t snapshots_per_pass(const struct rcx_feature_run *run)
{
    uint64_t customers = rcx_store_summary(run->store)->customers;
    uint64_t bytes = customers * rcx_feature_table_row_bytes(run->labels != NULL);
    if (run->table_bytes == 0 || bytes == 0 || run->table_bytes / bytes >= run->snapshots->count)
        return run->snapshots->count;
    return run->table_bytes > bytes ? (size_t)(run->table_bytes / bytes) : 1;
}

enum rcx_status rcx_feature_run(const struct rcx_feature_run *run,
                                struct rcx_feature_run_stats *stats, struct rcx_error *err)
{
    struct rcx_scan *scan = NULL;
    size_t step = snapshots_per_pass(run);
    enum rcx_status status = rcx_scan_open(run->store, RCX_CLEAN_COLUMNS, &scan, err);
    for (size_t first = 0; first < run->snapshots->count && status == RCX_OK; first += step) {
        size_t left = run->snapshots->count - first;
        status = run_pass(run, scan, first, left < step ? left : step, stats, err);
        stats->passes++;
    }
    rcx_scan_close(scan);
    return status;
}
