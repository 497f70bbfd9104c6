#include "ml/tasks/clv/clv_task.h"

void rcx_clv_result_release(struct rcx_clv_result *result)
{
    rcx_table_release(&result->targets);
    rcx_table_release(&result->predictions);
    rcx_table_release(&result->deciles);
    rcx_table_release(&result->importance);
    rcx_table_release(&result->backtest);
    rcx_table_release(&result->judged);
    rcx_table_release(&result->holdout);
    rcx_buf_release(&result->metrics);
    for (size_t t = 0; t < RCX_CLV_TEXTS; t++)
        rcx_buf_release(&result->texts[t]);
    *result = (struct rcx_clv_result){0};
}

struct running {
    const struct rcx_clv_task *task;
    struct rcx_clv_evaluation evaluation;
    struct rcx_clv_model model;
    struct rcx_clv_result *out;
};

static enum rcx_status score(struct running *running, struct rcx_error *err)
{
    const struct rcx_clv_task *task = running->task;
    const struct rcx_clv_score_job job = {
        .model = &running->model,
        .features = task->features,
        .behaviour = task->behaviour,
        .known = task->known,
        .day = task->day,
        .first_data_day = task->data->first_data_day,
        .observation_days = task->observation_days,
        .annual_discount_rate = task->data->cfg->annual_discount_rate,
        .parallel = task->parallel};
    return rcx_clv_score(&job, &running->out->predictions, &running->out->scores, err);
}

static enum rcx_status tell(struct running *running, struct rcx_error *err)
{
    const struct rcx_clv_evaluation *evaluation = &running->evaluation;
    const struct rcx_clv_data *data = running->task->data;
    struct rcx_clv_result *out = running->out;
    const struct rcx_clv_report report = {data, evaluation, &running->model, &out->scores};
    enum rcx_status status = rcx_clv_backtest_table(evaluation, &out->backtest, err);
    if (status == RCX_OK)
        status = rcx_clv_decile_table(evaluation, data, &out->deciles, err);
    if (status == RCX_OK)
        status = rcx_clv_judged_table(evaluation, data, &out->judged, err);
    if (status == RCX_OK)
        status = rcx_clv_importance_table(&running->model, &out->importance, err);
    if (status == RCX_OK)
        status = rcx_clv_holdout_table(evaluation, data, &out->holdout, err);
    if (status == RCX_OK)
        status = rcx_clv_metrics_json(&report, &out->metrics, err);
    if (status == RCX_OK)
        status = rcx_clv_model_format(&running->model, out->texts, err);
    return status;
}

static void summarise(struct running *running)
{
    const struct rcx_clv_evaluation *evaluation = &running->evaluation;
    const struct rcx_clv_origin *test = rcx_clv_test(evaluation);
    struct rcx_clv_data *data = running->task->data;
    struct rcx_clv_result *out = running->out;
    out->chosen = evaluation->chosen;
    out->best_simple = rcx_clv_best(evaluation, RCX_CLV_MEAN, RCX_CLV_TWEEDIE_OFFSET);
    out->best_trees = rcx_clv_best(evaluation, RCX_CLV_TWEEDIE_OFFSET, RCX_CLV_CANDIDATES);
    out->mean_relative = evaluation->mean[out->chosen][RCX_CLV_RELATIVE];
    out->best_simple_relative = evaluation->mean[out->best_simple][RCX_CLV_RELATIVE];
    out->best_trees_relative = evaluation->mean[out->best_trees][RCX_CLV_RELATIVE];
    out->simple_wins = evaluation->counted > 0 &&
                       out->best_simple_relative <= out->best_trees_relative;
    out->coverage = rcx_clv_coverage_of(evaluation, data).share;
    out->mean_coverage = evaluation->mean_coverage;
    out->test_total_calibrated = test->calibrated_total;
    out->test_r2 = test->metrics[RCX_CLV_DELIVERED][RCX_CLV_R2];
    out->test_total_error = test->metrics[RCX_CLV_DELIVERED][RCX_CLV_TOTAL_ERROR];
    out->horizon_days = data->horizon_days[data->asked];
    out->evaluated_days = data->horizon_days[evaluation->horizon];
    out->train_rows = running->model.train_rows;
    out->test_rows = test->at.rows;
    out->test_day = test->at.day;
    out->targets = data->targets;
    data->targets = (struct rcx_table){0};
}

enum rcx_status rcx_clv_run(const struct rcx_clv_task *task, struct rcx_clv_result *out,
                            struct rcx_error *err)
{
    struct rcx_clv_result result = {0};
    struct running running = {.task = task, .out = &result};
    const struct rcx_clv_evaluate_options options = {.seed = task->seed,
                                                     .parallel = task->parallel};
    enum rcx_status status = rcx_clv_evaluate(task->data, &options, &running.evaluation, err);
    if (status == RCX_OK)
        status = rcx_clv_model_train(task->data, &running.evaluation, &task->parallel,
                                     &running.model, err);
    if (status == RCX_OK)
        status = score(&running, err);
    if (status == RCX_OK)
        status = tell(&running, err);
    if (status == RCX_OK) {
        summarise(&running);
        *out = result;
    } else {
        rcx_clv_result_release(&result);
    }
    rcx_clv_evaluation_release(&running.evaluation);
    rcx_clv_model_release(&running.model);
    return status;
}
