#include "engine/exec/feature_run.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "base/memory.h"

/* The order of a block's rows by snapshot, keeping the order of customers. */
struct order {
    uint32_t *picks; /* [rows] indices of rows */
    size_t capacity;
    size_t *first;  /* [snapshots + 1] */
    size_t *places; /* [snapshots] row of the table where the snapshot's first goes */
};

/* The rows that one morsel gives, customer by customer. */
struct block {
    struct rcx_feature_row *rows;
    size_t count, capacity;
    struct order order;
    struct rcx_summary_row *summaries; /* none without a sink for them */
    size_t summary_count, summary_capacity;
    struct order summary_order;
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
    struct rcx_table *tables;    /* [snapshots of the pass] */
    struct rcx_table *summaries; /* the same; empty without a sink for them */
    size_t customers;            /* room in each table */
    size_t first_snapshot;       /* of the pass, among all */
    size_t first_worked;         /* of the summaries worked on at once */

    pthread_mutex_t lock;    /* guards what follows */
    struct block **computed; /* [morsels] blocks that wait for those before them */
    size_t next_morsel;      /* the first without a place */
    size_t *rows;            /* [snapshots] places given away */
    size_t *summary_rows;    /* [snapshots] the same of the summaries */
    struct block *spare;     /* blocks to use again */
};

/* `snapshot_of` is that of the first of `count` rows, `stride` bytes apart. */
static enum rcx_status sort_rows(struct order *order, size_t snapshots, size_t count,
                                 const void *snapshot_of, size_t stride, struct rcx_error *err)
{
    const unsigned char *at = snapshot_of;
    size_t *first = order->first;
    uint32_t snapshot;
    assert(at || count == 0);
    if (!rcx_array_reserve(&order->picks, &order->capacity, count, sizeof *order->picks))
        return rcx_fail_nomem(err, "feature rows", count * sizeof *order->picks);
    memset(first, 0, (snapshots + 1) * sizeof *first);
    for (size_t i = 0; i < count; i++) {
        memcpy(&snapshot, at + i * stride, sizeof snapshot);
        first[snapshot + 1]++;
    }
    for (size_t s = 0; s < snapshots; s++)
        first[s + 1] += first[s];
    for (size_t i = 0; i < count; i++) { /* moves first[s] to the end of s */
        memcpy(&snapshot, at + i * stride, sizeof snapshot);
        order->picks[first[snapshot]++] = (uint32_t)i;
    }
    for (size_t s = snapshots; s > 0; s--)
        first[s] = first[s - 1];
    first[0] = 0;
    return RCX_OK;
}

static enum rcx_status sort_block(const struct job *job, struct block *block, struct rcx_error *err)
{
    size_t snapshots = job->plan->snapshot_count;
    enum rcx_status status = sort_rows(&block->order, snapshots, block->count,
                                       block->rows ? &block->rows->snapshot : NULL,
                                       sizeof *block->rows, err);
    if (status == RCX_OK)
        status = sort_rows(&block->summary_order, snapshots, block->summary_count,
                           block->summaries ? &block->summaries->snapshot : NULL,
                           sizeof *block->summaries, err);
    return status;
}

static enum rcx_status visit_batch(const struct job *job, struct worker *worker,
                                   const struct rcx_batch *batch, struct block *block,
                                   struct rcx_error *err)
{
    size_t snapshots = job->plan->snapshot_count;
    enum rcx_status status = rcx_visit_reserve(&worker->visit, job->plan, batch, err);
    bool summaries = job->run->summary_sink != NULL;
    block->count = 0;
    block->summary_count = 0;
    for (size_t first = 0; first < batch->receipts && status == RCX_OK;) {
        size_t end = rcx_batch_customer_end(batch, first);
        if (!rcx_array_reserve(&block->rows, &block->capacity, block->count + snapshots,
                               sizeof *block->rows))
            return rcx_fail_nomem(err, "feature rows", block->count * sizeof *block->rows);
        block->count += rcx_visit_customer(&worker->visit, job->plan, batch, worker->clean.rule,
                                           first, end, block->rows + block->count);
        if (summaries &&
            !rcx_array_reserve(&block->summaries, &block->summary_capacity,
                               block->summary_count + snapshots, sizeof *block->summaries))
            return rcx_fail_nomem(err, "summary rows",
                                  block->summary_count * sizeof *block->summaries);
        if (summaries)
            block->summary_count += rcx_summary_customer(&worker->visit, job->plan, batch,
                                                         worker->clean.rule, first, end,
                                                         block->summaries + block->summary_count);
        first = end;
    }
    return status;
}

static bool make_order(struct order *order, size_t snapshots)
{
    order->first = rcx_calloc(snapshots + 1, sizeof *order->first);
    order->places = rcx_calloc(snapshots, sizeof *order->places);
    return order->first && order->places;
}

static void release_order(struct order *order)
{
    rcx_free(order->picks);
    rcx_free(order->first);
    rcx_free(order->places);
}

static void release_block(struct block *block)
{
    if (!block)
        return;
    rcx_free(block->rows);
    release_order(&block->order);
    rcx_free(block->summaries);
    release_order(&block->summary_order);
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
    if (make_order(&block->order, snapshots) && make_order(&block->summary_order, snapshots))
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

/* Gives rows their places in the tables; `given` counts those given away. False: there are more than
 * customers in the store. */
static bool place_rows(const struct job *job, struct order *order, size_t *given)
{
    bool fits = true;
    for (size_t s = 0; s < job->plan->snapshot_count; s++) {
        order->places[s] = given[s];
        given[s] += order->first[s + 1] - order->first[s];
        fits &= given[s] <= job->customers;
    }
    return fits;
}

static bool place_block(struct job *job, struct block *block)
{
    bool fits = place_rows(job, &block->order, job->rows);
    return place_rows(job, &block->summary_order, job->summary_rows) && fits;
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
    const struct order *order = &block->order;
    for (size_t s = 0; s < job->plan->snapshot_count; s++)
        rcx_feature_table_put(&job->tables[s], order->places[s], block->rows,
                              order->picks + order->first[s],
                              order->first[s + 1] - order->first[s]);
    order = &block->summary_order;
    for (size_t s = 0; s < job->plan->snapshot_count && block->summary_count > 0; s++)
        rcx_summary_table_put(job->plan, &job->summaries[s], order->places[s], block->summaries,
                              order->picks + order->first[s],
                              order->first[s + 1] - order->first[s]);
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

/* Whether many customers will have rows at the snapshot: they come about evenly over the time of the
 * data, so a third of them at a third of it. */
static bool many_are_known(const struct job *job, size_t snapshot)
{
    const struct rcx_store_summary *summary = rcx_store_summary(job->run->store);
    rcx_day first = rcx_day_of_time(summary->first_time),
            last = rcx_day_of_time(summary->last_time);
    return 3 * (int64_t)(job->plan->snapshots[snapshot] - first) >= last - first;
}

/* Tables with room for every customer. */
static enum rcx_status make_tables(struct job *job, struct rcx_error *err)
{
    const struct rcx_feature_run *run = job->run;
    enum rcx_status status = RCX_OK;
    for (size_t s = 0; s < job->plan->snapshot_count && status == RCX_OK; s++)
        status = rcx_feature_table_init(run->cfg, job->plan, run->store, job->customers,
                                        many_are_known(job, s), &job->tables[s], err);
    for (size_t s = 0; s < job->plan->snapshot_count && status == RCX_OK && run->summary_sink; s++)
        status = rcx_summary_table_init(run->store, job->customers, &job->summaries[s], err);
    return status;
}

/* Chunk c is snapshot first_worked + c of the pass. */
static enum rcx_status work_on_summary(void *context, size_t chunk, unsigned worker,
                                       struct rcx_error *err)
{
    (void)worker;
    struct job *job = context;
    size_t s = job->first_worked + chunk;
    struct rcx_table *table = &job->summaries[s];
    if (!rcx_table_resize(table, job->summary_rows[s]))
        return rcx_fail_nomem(err, "summary table", job->summary_rows[s]);
    return job->run->summary_work
               ? job->run->summary_work(job->run->sink_context, job->first_snapshot + s, table, err)
               : RCX_OK;
}

/* As many summaries at once as there are threads, not all: what the work adds is held until the sink
 * has had it. A single one has the threads for itself. */
static enum rcx_status work_on_summaries(struct job *job, size_t s, struct rcx_error *err)
{
    const struct rcx_parallel *parallel = &job->run->parallel;
    size_t left = job->plan->snapshot_count - s;
    if (!job->run->summary_sink || s % parallel->threads != 0)
        return RCX_OK;
    job->first_worked = s;
    return rcx_parallel_for(parallel, left < parallel->threads ? left : parallel->threads,
                            work_on_summary, job, err);
}

static enum rcx_status deliver_summary(struct job *job, size_t s, struct rcx_error *err)
{
    const struct rcx_feature_run *run = job->run;
    if (!run->summary_sink)
        return RCX_OK;
    enum rcx_status status = run->summary_sink(run->sink_context, job->first_snapshot + s,
                                               &job->summaries[s], err);
    rcx_table_release(&job->summaries[s]);
    return status;
}

static enum rcx_status deliver_features(struct job *job, size_t s,
                                        struct rcx_feature_run_stats *stats, struct rcx_error *err)
{
    const struct rcx_feature_run *run = job->run;
    struct rcx_table *table = &job->tables[s];
    struct rcx_snapshot_counts *counts = &stats->snapshots[job->first_snapshot + s];
    for (unsigned w = 0; w < run->parallel.threads; w++) {
        if (job->workers[w].visit.counts)
            rcx_snapshot_counts_merge(counts, &job->workers[w].visit.counts[s]);
    }
    if (!rcx_table_resize(table, job->rows[s]))
        return rcx_fail_nomem(err, "feature table", job->rows[s]);
    stats->rows += table->rows;
    enum rcx_status status = rcx_feature_table_finish(job->plan, s, table, err);
    if (status == RCX_OK)
        status = run->sink(run->sink_context, job->first_snapshot + s, table, err);
    rcx_table_release(table);
    return status;
}

/* Hands the finished tables to the sinks; each is released before the next is finished. */
static enum rcx_status deliver(struct job *job, struct rcx_feature_run_stats *stats,
                               struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    for (size_t s = 0; s < job->plan->snapshot_count && status == RCX_OK; s++) {
        status = work_on_summaries(job, s, err);
        if (status == RCX_OK)
            status = deliver_summary(job, s, err);
        if (status == RCX_OK)
            status = deliver_features(job, s, stats, err);
    }
    return status;
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
    for (size_t s = 0; job->summaries && s < job->plan->snapshot_count; s++)
        rcx_table_release(&job->summaries[s]);
    rcx_free(job->summaries);
    rcx_free(job->summary_rows);
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
    job->summaries = rcx_calloc(snapshots, sizeof *job->summaries);
    job->summary_rows = rcx_calloc(snapshots, sizeof *job->summary_rows);
    if (!job->workers || !job->computed || !job->tables || !job->rows || !job->summaries ||
        !job->summary_rows)
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
                      .first_snapshot = first_snapshot,
                      .lock = PTHREAD_MUTEX_INITIALIZER};
    status = reserve_job(&job, err);
    if (status == RCX_OK)
        status = rcx_parallel_for(&run->parallel, rcx_scan_customer_morsels(scan), run_morsel, &job,
                                  err);
    release_scratch(&job);
    if (status == RCX_OK)
        status = deliver(&job, stats, err);
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
    bytes += run->summary_sink ? customers * RCX_SUMMARY_TABLE_ROW_BYTES : 0;
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
