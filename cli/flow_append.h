#pragma once
/* Adding snapshots to a feature table that is there: what may stand beside what, and the snapshots of
 * the file taken over in their places, as bytes. Used by flow_features.c. */
#include "cli/flow_features.h"
#include "engine/exec/feature_file.h"
#include "engine/pit/labels.h"
#include "storage/format/parquet_copy.h"

struct rcx_flow_append {
    struct rcx_parquet_source *source; /* NULL: nothing is there */
    struct rcx_feature_file file;
    size_t next; /* the first snapshot that is not taken over yet */
};

/* Appends what must be the same for all snapshots of a table, as in feature_lineage.h. */
enum rcx_status rcx_flow_feature_definitions(const struct rcx_flow_features *flow,
                                             struct rcx_buf *out, struct rcx_error *err);

/* Opens flow->output, when it exists, for adding snapshots; nothing is open otherwise.
 *  definitions  of the snapshots to be added
 * Errors: RCX_E_USAGE (no Parquet; labels in one only), RCX_E_CONFIG (other definitions),
 * RCX_E_INPUT (no feature table, other kind of ids, labels that are known only now), RCX_E_BUSY. */
enum rcx_status rcx_flow_append_open(const struct rcx_flow_features *flow,
                                     const struct rcx_buf *definitions,
                                     const struct rcx_label_plan *labels,
                                     struct rcx_flow_append *out, struct rcx_error *err);
void rcx_flow_append_close(struct rcx_flow_append *append); /* zero is fine */

/* The dates of the file and of `snapshots` in one list, which replaces it.
 *  out_added  the dates that are new; the caller releases it
 * Errors: RCX_E_INPUT (one is there already), RCX_E_NOMEM. */
enum rcx_status rcx_flow_append_dates(const struct rcx_flow_append *append,
                                      struct rcx_snapshots *snapshots,
                                      struct rcx_snapshots *out_added, struct rcx_error *err);

/* Whether snapshots of the file were computed from another content of the store than there is now, so
 * that rows that came late might have changed them. */
bool rcx_flow_append_in_doubt(const struct rcx_flow_append *append, const struct rcx_store *store);
/* Compares a snapshot of the file with the same computed now.
 * Errors: RCX_E_INPUT when they differ, of reading. */
enum rcx_status rcx_flow_append_compare(const struct rcx_flow_append *append, size_t snapshot,
                                        const struct rcx_table *now,
                                        const struct rcx_parallel *parallel, struct rcx_error *err);

/* Copies the snapshots of the file before `day` that are not copied yet, and summarises them.
 *  metadata, next  the summaries, and the number of the next snapshot in them, which is advanced */
enum rcx_status rcx_flow_append_before(struct rcx_flow_append *append, int64_t day,
                                       const struct rcx_flow_features *flow, struct rcx_sink *sink,
                                       struct rcx_feature_metadata *metadata, size_t *next,
                                       struct rcx_error *err);
