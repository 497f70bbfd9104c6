#pragma once
/* Fresh predictions for one date with the saved models of a run directory. Prints nothing.
 *
 * Features and behaviour are computed as of the date, the behaviour model is fitted on what was known
 * then, and DIR/models/churn.json with churn.model.txt scores. Later stages add their columns here.
 *     outputs/scores_<date>.parquet */
#include "cli/flow_churn.h"

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
    struct rcx_table predictions; /* ml/tasks/churn/churn_score.h */
};
void rcx_flow_score_result_release(struct rcx_flow_score_result *result); /* zero is fine */

/* Errors: RCX_E_INPUT (no model there; it was trained with another horizon), RCX_E_CORRUPT (a model
 * file), of the scan. The caller releases *out. */
enum rcx_status rcx_flow_score(const struct rcx_flow_score *flow, struct rcx_flow_score_result *out,
                               struct rcx_error *err);
/* Writes the predictions; out_path is owned by the caller. */
enum rcx_status rcx_flow_score_write(const struct rcx_flow_score *flow,
                                     const struct rcx_flow_score_result *result, char **out_path,
                                     struct rcx_error *err);
