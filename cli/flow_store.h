#pragma once
/* A store opened for the stages after ingest: cleaning compiled for it, thresholds learned. */
#include "config/config.h"
#include "engine/exec/clean_run.h"

struct rcx_flow_store {
    struct rcx_store *store;
    char *thresholds; /* where they are kept (engine/quality/outlier_cache.h); owned */
    struct rcx_clean_plan plan;
    struct rcx_outlier_fit fit; /* once learned */
    bool learned;
    struct rcx_data_range range;
};

/* `version` 0 is the newest. Errors: of rcx_store_open; RCX_E_INPUT when the store has no rows;
 * of the scan. The caller closes *out. */
enum rcx_status rcx_flow_store_open(const char *directory, uint64_t version,
                                    const struct rcx_config *config,
                                    const struct rcx_parallel *parallel, struct rcx_flow_store *out,
                                    struct rcx_error *err);
/* The newest version of the store of a run directory. Also RCX_E_IO when there is none. */
enum rcx_status rcx_flow_store_open_run(const char *directory, const struct rcx_config *config,
                                        const struct rcx_parallel *parallel,
                                        struct rcx_flow_store *out, struct rcx_error *err);
/* The two halves of rcx_flow_store_open, for flows that may not need the second: learning reads all rows,
 * unless it was done before on this version with these keys. */
enum rcx_status rcx_flow_store_attach(const char *directory, uint64_t version,
                                      const struct rcx_config *config, struct rcx_flow_store *out,
                                      struct rcx_error *err);
enum rcx_status rcx_flow_store_learn(struct rcx_flow_store *flow,
                                     const struct rcx_parallel *parallel, struct rcx_error *err);
void rcx_flow_store_close(struct rcx_flow_store *flow); /* zero is fine */

/* Why tables made with these keys know more than was known at their dates; NULL when they do not. */
const char *rcx_flow_looks_ahead(const struct rcx_config *config);

/* "<directory of file>/<name>" (a file without a directory: name alone); NULL: out of memory. */
char *rcx_flow_beside(const char *file, const char *name);
