#pragma once
/* How the features of the snapshots of a table differ from those of one of them: a row per snapshot
 * and feature (engine/quality/drift.h says what the numbers are).
 *
 * Columns: snapshot, reference (dates), feature, psi, ks, null_share, reference_null_share,
 * customers, reference_customers, drifted (psi above drift.max_psi). Rows by snapshot, then in the
 * order of the catalogue; the reference itself has none. One column of one snapshot per thread is in
 * memory at a time, beside the reference's. */
#include "config/config.h"
#include "engine/exec/feature_file.h"

struct rcx_feature_drift {
    struct rcx_table table; /* owned */
    size_t drifted;         /* rows */
    size_t largest;         /* the row with the largest psi, when there are rows */
    rcx_day reference;
};
void rcx_feature_drift_release(struct rcx_feature_drift *drift);

/* A table of one snapshot gives no rows.
 * Errors: RCX_E_INPUT (no such reference, no snapshot at all), RCX_E_CORRUPT, RCX_E_NOMEM. */
enum rcx_status rcx_feature_drift(const struct rcx_feature_file *file,
                                  const struct rcx_cfg_drift *cfg,
                                  const struct rcx_parallel *parallel,
                                  struct rcx_feature_drift *out, struct rcx_error *err);
