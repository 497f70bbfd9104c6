#include "engine/exec/feature_run.h"

#include <pthread.h>
#include <string.h>

#include "base/memory.h"

/* The rows that one morsel gives, customer by customer. */
struct block {
    struct rcx_feature_row *rows;
    size_t count, capacity;
    uint32_t *picks; /* [count] indices of rows, by snapshot */
    size_t pick_capacity;
    size_t *first_pick; /* [snapshots + 1] */
    size_t *places;     /* [snapshots] row of the table where the snapshot's first goes */
    struct block *next; /* in a list */
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
    struct rcx_table *tables; /* [snapshots of the pass] */
    size_t customers;         /* room in each table */

    pthread_mutex_t lock;    /* guards what follows */
    struct block **computed; /* [morsels] blocks that wait for those before them */
    size_t next_morsel;      /* the first without a place */
    size_t *rows;            /* [snapshots] places given away */
    struct block *spare;     /* blocks to use again */
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

static void release_block(struct block *block)
{
    if (!block)
        return;
    rcx_free(block->rows);
    rcx_free(block->picks);
    rcx_free(block->first_pick);
    rcx_free(block->places);
    rcx_free(block);
}

static struct block *take_block(struct job *job)
{
    size_t snapshots = job->plan->snapshot_count;
    pthread_mutex_lock(&job->lock);
    struct block *block = job->spare;
    if (block)
        job->spare = block->next;
    pthread_mutex_unlock(&job->lock);
    if (block)
        return block;
    block = rcx_calloc(1, sizeof *block);
    if (!block)
        return NULL;
    block->first_pick = rcx_calloc(snapshots + 1, sizeof *block->first_pick);
    block->places = rcx_calloc(snapshots, sizeof *block->places);
    if (block->first_pick && block->places)
        return block;
    release_block(block);
    return NULL;
}

static void return_block(struct job *job, struct block *block)
{
    pthread_mutex_lock(&job->lock);
    block->next = job->spare;
    job->spare = block;
    pthread_mutex_unlock(&job->lock);
}

/* Gives a block its rows in the tables. False: there are more than customers in the store. */
static bool place_block(struct job *job, struct block *block)
{
    bool fits = true;
    for (size_t s = 0; s < job->plan->snapshot_count; s++) {
        size_t count = block->first_pick[s + 1] - block->first_pick[s];
        block->places[s] = job->rows[s];
        job->rows[s] += count;
        fits &= job->rows[s] <= job->customers;
    }
    return fits;
}

/* Places the block of a morsel and those that waited for it; *out lists them. */
static bool place_blocks(struct job *job, size_t morsel, struct block *block, struct block **out)
{
    bool fits = true;
    pthread_mutex_lock(&job->lock);
    job->computed[morsel] = block;
    while (job->next_morsel < rcx_scan_customer_morsels(job->scan) &&
           job->computed[job->next_morsel]) {
        struct block *placed = job->computed[job->next_morsel];
        job->computed[job->next_morsel++] = NULL;
        fits &= place_block(job, placed);
        placed->next = *out;
        *out = placed;
    }
    pthread_mutex_unlock(&job->lock);
    return fits;
}

static void spread_block(const struct job *job, const struct block *block)
{
    for (size_t s = 0; s < job->plan->snapshot_count; s++) {
        size_t first = block->first_pick[s];
        rcx_feature_table_put(&job->tables[s], block->places[s], block->rows, block->picks + first,
                              block->first_pick[s + 1] - first);
    }
}

static enum rcx_status compute_block(struct job *job, size_t morsel, struct worker *worker,
                                     struct block *block, struct rcx_error *err)
{
    struct rcx_batch batch;
    if (!worker->buffer && !(worker->buffer = rcx_scan_buffer_new()))
        return rcx_fail_nomem(err, "scan buffer", 0);
    enum rcx_status status = rcx_scan_read(job->scan, morsel, worker->buffer, &batch, err);
    if (status == RCX_OK)
        status = rcx_clean_batch(job->run->clean, job->scan, worker->buffer, &batch, &worker->clean,
                                 err);
    if (status == RCX_OK)
        status = visit_batch(job, worker, &batch, block, err);
    if (status == RCX_OK)
        status = sort_block(job, block, err);
    return status;
}

/* Computes a morsel, and spreads its rows while they are in the cache unless one before it is
 * missing; then they wait, and whoever computes that one spreads them. */
static enum rcx_status run_morsel(void *context, size_t morsel, unsigned worker,
                                  struct rcx_error *err)
{
    struct job *job = context;
    struct block *block = take_block(job);
    if (!block)
        return rcx_fail_nomem(err, "feature rows", sizeof *block);
    enum rcx_status status = compute_block(job, morsel, &job->workers[worker], block, err);
    if (status != RCX_OK) {
        return_block(job, block);
        return status;
    }
    struct block *placed = NULL;
    bool fits = place_blocks(job, morsel, block, &placed);
    while (placed) {
        struct block *next = placed->next;
        if (fits)
            spread_block(job, placed);
        return_block(job, placed);
        placed = next;
    }
    return fits ? RCX_OK
                : rcx_fail(err, RCX_E_CORRUPT,
                           "the store has more customers than its manifest says (%zu)",
                           job->customers);
}

/* Tables with room for every customer; what is not written costs no memory. */
static enum rcx_status make_tables(struct job *job, struct rcx_error *err)
{
    const struct rcx_feature_run *run = job->run;
    enum rcx_status status = RCX_OK;
    for (size_t s = 0; s < job->plan->snapshot_count && status == RCX_OK; s++)
        status = rcx_feature_table_init(run->cfg, job->plan, run->store, job->customers,
                                        &job->tables[s], err);
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
        if (!rcx_table_resize(table, job->rows[s]))
            return rcx_fail_nomem(err, "feature table", job->rows[s]);
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

/* What reading needed; the sink can have the memory. */
static void release_scratch(struct job *job)
{
    for (unsigned i = 0; job->workers && i < job->run->parallel.threads; i++) {
        rcx_scan_buffer_release(job->workers[i].buffer);
        job->workers[i].buffer = NULL;
        rcx_clean_scratch_release(&job->workers[i].clean);
    }
    while (job->spare) {
        struct block *next = job->spare->next;
        release_block(job->spare);
        job->spare = next;
    }
}

static void release_job(struct job *job)
{
    release_scratch(job);
    for (unsigned i = 0; job->workers && i < job->run->parallel.threads; i++)
        rcx_visit_release(&job->workers[i].visit);
    for (size_t i = 0; job->computed && i < rcx_scan_customer_morsels(job->scan); i++)
        release_block(job->computed[i]);
    for (size_t s = 0; job->tables && s < job->plan->snapshot_count; s++)
        rcx_table_release(&job->tables[s]);
    rcx_free(job->workers);
    rcx_free(job->computed);
    rcx_free(job->tables);
    rcx_free(job->rows);
    pthread_mutex_destroy(&job->lock);
}

static enum rcx_status reserve_job(struct job *job, struct rcx_error *err)
{
    size_t snapshots = job->plan->snapshot_count;
    size_t morsels = rcx_scan_customer_morsels(job->scan);
    job->workers = rcx_calloc(job->run->parallel.threads, sizeof *job->workers);
    job->computed = rcx_calloc(morsels + 1, sizeof(struct block *));
    job->tables = rcx_calloc(snapshots, sizeof *job->tables);
    job->rows = rcx_calloc(snapshots, sizeof *job->rows);
    if (!job->workers || !job->computed || !job->tables || !job->rows)
        return rcx_fail_nomem(err, "feature run", morsels * sizeof(struct block *));
    return make_tables(job, err);
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
    struct job job = {.run = run,
                      .plan = &plan,
                      .scan = scan,
                      .customers = (size_t)rcx_store_summary(run->store)->customers,
                      .lock = PTHREAD_MUTEX_INITIALIZER};
    status = reserve_job(&job, err);
    if (status == RCX_OK)
        status = rcx_parallel_for(&run->parallel, rcx_scan_customer_morsels(scan), run_morsel, &job,
                                  err);
    release_scratch(&job);
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
