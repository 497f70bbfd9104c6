#pragma once
/* A store opened for the stages after ingest: cleaning compiled for it, thresholds learned. */
#include "config/config.h"
#include "engine/exec/clean_run.h"

struct rcx_flow_store {
    struct rcx_store *store;
    struct rcx_clean_plan plan;
    struct rcx_outlier_fit fit;
    struct rcx_data_range range;
};

/* `version` 0 is the newest. Errors: of rcx_store_open; RCX_E_INPUT when the store has no rows;
 * of the scan. The caller closes *out. */
enum rcx_status rcx_flow_store_open(const char *directory, uint64_t version,
                                    const struct rcx_config *config,
                                    const struct rcx_parallel *parallel, struct rcx_flow_store *out,
                                    struct rcx_error *err);
void rcx_flow_store_close(struct rcx_flow_store *flow); /* zero is fine */

/* "<directory of file>/<name>" (a file without a directory: name alone); NULL: out of memory. */
char *rcx_flow_beside(const char *file, const char *name);
