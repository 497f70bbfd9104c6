#pragma once
/* What is done at each origin of an evaluation of values: candidates and quantiles are trained on what
 * may train for it and say what they expect there; then intervals are moved by what was seen at the
 * origins known by then. Inside clv_evaluate.h; nothing here is for other folders. */
#include "ml/tasks/clv/clv_evaluate.h"

struct rcx_clv_work {
    const struct rcx_clv_data *data;
    const struct rcx_clv_evaluate_options *options;
    struct rcx_clv_evaluation *out;
    struct rcx_calendar calendar; /* snapshots whose targets are known */
    struct rcx_parallel inner;    /* of one job */
};

/* Errors of both: RCX_E_NOMEM, RCX_E_INTERRUPTED. */
enum rcx_status rcx_clv_origins_run(struct rcx_clv_work *work, struct rcx_error *err);
enum rcx_status rcx_clv_origins_move(struct rcx_clv_work *work, struct rcx_error *err);
