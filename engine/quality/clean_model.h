#pragma once
/* models/cleaning.json: the learned thresholds of a run, with the digests of the store version they
 * were learned from and of the keys they were learned with.
 *
 * With outliers.fit = first_days thresholds are a function of the rows before F and of nothing else.
 * So later data leave them as they are without anybody having to remember them: they are learned from
 * the version of the store at hand every time, and the file of the run before shows that they came
 * out the same. They come out differently only when rows before F arrived later (or when the keys
 * ask for something else); then everything is rebuilt and the statistics say why. */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "engine/quality/outlier_fit.h"
#include "storage/store/store.h"

/* What the next run wants to know of it. A value; zero: there is none. */
struct rcx_clean_model {
    bool present;
    char keys[RCX_DIGEST_TEXT_BYTES]; /* digest of all in the plan that thresholds depend on */
    struct rcx_outlier_fit fit;       /* mode, before, rows, quantity_rows, applied, the limits */
};

/* Digest of what thresholds are learned with: the rules of the stages before, and those of the fit. */
struct rcx_digest rcx_clean_plan_fit_digest(const struct rcx_clean_plan *plan);

/* The members "outliers_fit" and "thresholds", as cleaning_stats.json has them, too. */
void rcx_clean_fit_json(struct rcx_json *json, const struct rcx_clean_plan *plan,
                        const struct rcx_outlier_fit *fit);

/* The whole file. False: out of memory. */
bool rcx_clean_model_json(const struct rcx_clean_plan *plan, const struct rcx_outlier_fit *fit,
                          const struct rcx_store_summary *store, struct rcx_buf *out);

/* Reads the file; *out stays zero when there is none. Errors: RCX_E_CORRUPT when it is something
 * else, RCX_E_IO, RCX_E_NOMEM. */
enum rcx_status rcx_clean_model_read(const char *path, struct rcx_clean_model *out,
                                     struct rcx_error *err);

enum { RCX_RELEARNED_BYTES = 240 };
/* Why `fit`, learned with the same keys, is not what `before` says; NULL when it is the same, when the
 * keys differ, or when there is no model. Returns `out`. */
const char *rcx_clean_model_relearned(const struct rcx_clean_model *before,
                                      const struct rcx_clean_plan *plan,
                                      const struct rcx_outlier_fit *fit,
                                      char out[RCX_RELEARNED_BYTES]);
