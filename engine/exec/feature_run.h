#pragma once
/* Features as a stage: from a store to the feature tables of all snapshots, one after the other.
 *
 * The store is read once for as many snapshots as fit the memory (all, usually); a customer is
 * visited once in a pass, whatever the number of snapshots. Morsels are computed in parallel; their
 * rows get their places in the tables in the order of the morsels, as soon as all morsels before are
 * computed, and are written there by whoever finds them placed. So the tables do not depend on
 * threads, and besides them memory is O(threads). */
#include "engine/exec/clean_run.h"
#include "engine/exec/feature_table.h"
#include "engine/exec/summary_table.h"
#include "engine/features/visit.h"

/* Receives the finished table of a snapshot, in the order of dates, on the calling thread. The
 * table may be taken: move it out and leave a zero one. */
typedef enum rcx_status rcx_feature_sink_function(void *context, size_t snapshot,
                                                  struct rcx_table *table, struct rcx_error *err);

struct rcx_feature_run {
    const struct rcx_store *store;
    const struct rcx_cfg_features *cfg;
    const struct rcx_clean_plan *clean; /* thresholds set */
    const struct rcx_snapshots *snapshots;
    const struct rcx_label_plan *labels; /* NULL: no label columns */
    struct rcx_parallel parallel;
    uint64_t table_bytes; /* most bytes of tables at a time; 0: no limit */
    rcx_feature_sink_function *sink;
    /* Gets the summary table of a snapshot just before `sink` gets its features; NULL: none is made. */
    rcx_feature_sink_function *summary_sink;
    /* Is called before, for several snapshots at once by several threads, and may change the summary
     * table in place, as fitting a model and adding its columns does. NULL: nothing is. */
    rcx_feature_sink_function *summary_work;
    void *sink_context;
};

struct rcx_feature_run_stats {
    size_t passes;                         /* over the store */
    uint64_t rows;                         /* of all tables */
    uint64_t customers_rescanned;          /* visited by the general way */
    struct rcx_snapshot_counts *snapshots; /* [snapshots->count], given by the caller, zeroed */
};

/* Errors: of the scan, the plan and the sink; RCX_E_NOMEM. */
enum rcx_status rcx_feature_run(const struct rcx_feature_run *run,
                                struct rcx_feature_run_stats *stats, struct rcx_error *err);
