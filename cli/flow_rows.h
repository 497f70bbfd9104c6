#pragma once
/* What models on customers learn from and score: features with labels, and behaviour, of every
 * snapshot, made in one pass over the store and handed on one snapshot after the other. The tables of
 * the last snapshot are kept, because its customers are scored. */
#include "cli/flow_store.h"
#include "engine/pit/snapshots.h"

/* Where a task on customers gets its rows from and leaves its files. */
struct rcx_flow_task {
    const struct rcx_flow_store *from; /* thresholds learned */
    const struct rcx_config *config;
    const char *directory; /* of the run */
    struct rcx_parallel parallel;
    uint64_t table_bytes; /* most bytes of feature tables in memory at a time; 0: no limit */
    bool no_sync;
};

/* Gets both tables of a snapshot, and whether the behaviour model could be fitted. */
typedef enum rcx_status rcx_flow_rows_function(void *context, const struct rcx_table *features,
                                               const struct rcx_table *behaviour, bool fitted,
                                               struct rcx_error *err);

/* Everyone who is to be scored, and at which date. */
struct rcx_flow_scored {
    rcx_day day;                          /* of the last snapshot */
    struct rcx_table features, behaviour; /* at it */
    struct rcx_table known;               /* customer_id of all who have a row before its cutoff */
};
void rcx_flow_scored_release(struct rcx_flow_scored *scored); /* zero is fine */

/*  day  at this date alone; NULL: at the snapshots of the configuration
 *  add  of each snapshot; NULL: none
 * Errors: of the snapshot dates, the scan, `add`. The caller releases *out. */
enum rcx_status rcx_flow_rows(const struct rcx_flow_task *task, const rcx_day *day,
                              rcx_flow_rows_function *add, void *context,
                              struct rcx_flow_scored *out, struct rcx_error *err);
