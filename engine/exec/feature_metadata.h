#pragma once
/* feature_metadata.json: what each column means and what it looks like at every snapshot.
 * Tables are added one by one as they are finished, so nothing but their summaries is kept. */
#include "base/buf.h"
#include "base/dictionary.h"
#include "engine/exec/feature_run.h"

struct rcx_feature_summary {
    uint64_t nulls;
    double min, mean, max; /* of the values; NaN when all are null */
};

struct rcx_feature_metadata {
    size_t snapshot_count;
    struct rcx_feature_summary *summaries; /* [snapshots x RCX_FEATURE_COUNT]; NULL: not wanted */
    uint64_t *rows;                        /* [snapshots] */
    size_t customer_count;                 /* distinct so far */
    int64_t *customers;                    /* of numeric ids, ascending */
    int64_t *merged;
    size_t customer_capacity, merged_capacity;
    struct rcx_dictionary texts; /* of text ids */
    struct rcx_strings *seen_in; /* the list that `seen` belongs to; a reference is held */
    uint8_t *seen;               /* [seen_in->count]: the code is among the texts */
};

/* What the tables came from; borrowed texts. */
struct rcx_feature_origin {
    const struct rcx_cfg_features *cfg;
    const struct rcx_store *store;
    const struct rcx_clean_plan *clean;
    const struct rcx_snapshots *snapshots;
    const struct rcx_snapshot_counts *counts; /* [snapshots] */
    const struct rcx_label_plan *labels;      /* NULL: none */
    const char *config_digest;                /* or NULL */
    const char *created;                      /* time of creation, or NULL; no digest covers it */
};

/* Rows and customers are always counted. The summary of every column takes another look at all
 * values: only with `summaries`. */
enum rcx_status rcx_feature_metadata_init(struct rcx_feature_metadata *metadata, size_t snapshots,
                                          bool summaries, struct rcx_error *err);
void rcx_feature_metadata_release(struct rcx_feature_metadata *metadata);
/* Summarises the finished table of a snapshot; columns in parallel. Rows are in the order of the
 * table (numeric ids ascending). Errors: RCX_E_NOMEM. */
enum rcx_status rcx_feature_metadata_add(struct rcx_feature_metadata *metadata, size_t snapshot,
                                         const struct rcx_table *table,
                                         const struct rcx_parallel *parallel,
                                         struct rcx_error *err);
/* The JSON document. False: out of memory. */
bool rcx_feature_metadata_json(const struct rcx_feature_metadata *metadata,
                               const struct rcx_feature_origin *origin, struct rcx_buf *out);
