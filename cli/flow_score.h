#pragma once
/* Fresh predictions for one date with the saved models of a run directory. Prints nothing.
 *
 * Features and behaviour are computed as of the date, the behaviour model is fitted on what was known
 * then, and DIR/models/churn.json with churn.model.txt scores. When there is a value model, too
 * (DIR/models/clv.json and its trees), its columns stand behind: value, value_calibrated, quantiles,
 * interval, value_if_active, value_if_lapsed ... (ml/tasks/clv/clv_score.h).
 *     outputs/scores_<date>.parquet */
#include "cli/flow_churn.h"
#include "cli/flow_clv.h"

struct rcx_flow_score {
    const struct rcx_flow_store *from; /* thresholds learned */
    const struct rcx_config *config;
    const char *directory;
    rcx_day day;
    struct rcx_parallel parallel;
    uint64_t table_bytes;
};

struct rcx_flow_score_result {
    struct rcx_churn_model churn;
    struct rcx_table features;    /* of the date, with churn_eligible */
    struct rcx_table predictions; /* ml/tasks/churn/churn_score.h, then the values */
    bool has_values;              /* a value model was there */
    enum rcx_clv_candidate value_model;
    struct rcx_clv_scores values;
};
void rcx_flow_score_result_release(struct rcx_flow_score_result *result); /* zero is fine */

/* Errors: RCX_E_INPUT (no model there; it was trained with another horizon), RCX_E_CORRUPT (a model
 * file), of the scan. The caller releases *out. */
enum rcx_status rcx_flow_score(const struct rcx_flow_score *flow, struct rcx_flow_score_result *out,
                               struct rcx_error *err);
/* Parts of it. The model: out_found tells whether there is one; the caller releases *out.
 * Errors: RCX_E_CORRUPT (its files), RCX_E_CONFIG (another horizon). */
enum rcx_status rcx_flow_score_load_values(const struct rcx_flow_score *flow,
                                           struct rcx_clv_model *out, bool *out_found,
                                           struct rcx_error *err);
/* Appends its columns to `table`, which has a row for each known customer. */
enum rcx_status rcx_flow_score_values(const struct rcx_flow_score *flow,
                                      const struct rcx_clv_model *model,
                                      const struct rcx_flow_scored *scored, struct rcx_table *table,
                                      struct rcx_clv_scores *out, struct rcx_error *err);
/* Writes the predictions; out_path is owned by the caller. */
enum rcx_status rcx_flow_score_write(const struct rcx_flow_score *flow,
                                     const struct rcx_flow_score_result *result, char **out_path,
                                     struct rcx_error *err);
