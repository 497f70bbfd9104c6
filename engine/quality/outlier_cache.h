#pragma once
/* Learned thresholds, kept with the version of the store that they were learned from, so that learning,
 * which reads every row, happens once. A file holds the fit of one content of the store and one set of
 * keys, both in its name and checked again inside; it may be deleted at any time (rcx vacuum does).
 * A file that is damaged or of another format counts as missing: thresholds are then learned again. */
#include <stdbool.h>

#include "base/hash.h"
#include "base/status.h"
#include "engine/quality/outlier_fit.h"

/* Path in `directory` for the fit of a store's content (rcx_store_summary()->digest) and of a plan's
 * keys; malloc'ed, NULL when out of memory. */
char *rcx_outlier_cache_path(const char *directory, struct rcx_digest store,
                             const struct rcx_clean_plan *plan);

/* False: there is none to use. */
bool rcx_outlier_cache_load(const char *path, struct rcx_digest store,
                            const struct rcx_clean_plan *plan, struct rcx_outlier_fit *out);
/* Errors: RCX_E_IO (a store that may only be read), RCX_E_NOMEM; nothing depends on it. */
enum rcx_status rcx_outlier_cache_save(const char *path, struct rcx_digest store,
                                       const struct rcx_clean_plan *plan,
                                       const struct rcx_outlier_fit *fit, struct rcx_error *err);
