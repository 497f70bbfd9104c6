#include "ml/tasks/churn/churn_task.h"

#include <string.h>

#include "base/memory.h"

void rcx_churn_result_release(struct rcx_churn_result *result)
{
    rcx_table_release(&result->labels);
    rcx_table_release(&result->statistics);
    rcx_table_release(&result->backtest);
    rcx_table_release(&result->threshold);
    rcx_table_release(&result->judged);
    rcx_table_release(&result->importance);
    rcx_table_release(&result->predictions);
    rcx_table_release(&result->effects);
    rcx_buf_release(&result->metrics);
    rcx_buf_release(&result->trees);
    rcx_buf_release(&result->document);
    *result = (struct rcx_churn_result){0};
}

struct running {
    const struct rcx_churn_task *task;
    struct rcx_churn_trainer trainer;
    struct rcx_churn_evaluation evaluation;
    struct rcx_churn_model model;
    double *effects; /* [inputs] */
    struct rcx_churn_result *out;
};

static void running_release(struct running *running)
{
    rcx_churn_trainer_release(&running->trainer);
    rcx_churn_evaluation_release(&running->evaluation);
    rcx_churn_model_release(&running->model);
    rcx_free(running->effects);
}

/* An own list: the model outlives the data. */
static enum rcx_status copy_inputs(const struct rcx_churn_inputs *inputs,
                                   struct rcx_churn_inputs *out, struct rcx_error *err)
{
    bool ok = true;
    out->names = rcx_calloc(inputs->count, sizeof *out->names);
    out->columns = rcx_calloc(inputs->count, sizeof *out->columns);
    ok = out->names && out->columns;
    for (size_t i = 0; ok && i < inputs->count; i++) {
        out->count = i + 1;
        out->names[i] = rcx_strdup(inputs->names[i]);
        out->columns[i] = inputs->columns[i] ? rcx_strdup(inputs->columns[i]) : NULL;
        ok = out->names[i] && (!inputs->columns[i] || out->columns[i]);
    }
    out->without_behaviour = inputs->without_behaviour;
    return ok ? RCX_OK : rcx_fail_nomem(err, "inputs", inputs->count * sizeof(char *));
}

/* The delivered model learns from all labelled rows. */
static enum rcx_status refit(struct running *running, struct rcx_error *err)
{
    const struct rcx_churn_data *data = running->task->data;
    const struct rcx_churn_evaluation *evaluation = &running->evaluation;
    struct rcx_churn_model *model = &running->model;
    struct rcx_churn_fit_job job = {.train_rows = data->rows,
                                    .wanted = 1u << RCX_CHURN_TREES | 1u << evaluation->chosen,
                                    .tree_count = evaluation->tree_count,
                                    .parallel = running->task->parallel};
    model->chosen = evaluation->chosen;
    model->threshold = evaluation->threshold.threshold;
    model->horizon_days = data->cfg->horizon_days;
    model->gap_days = data->cfg->gap_days;
    model->calibration = running->evaluation.calibration;
    running->evaluation.calibration = (struct rcx_calibration){
        .kind = model->calibration.kind}; /* only its name is told */
    for (size_t i = 0; i < data->rows; i++)
        model->mean_offset += data->offset[i] / (double)data->rows;
    enum rcx_status status = copy_inputs(&data->inputs, &model->inputs, err);
    if (status == RCX_OK && evaluation->chosen == RCX_CHURN_BLEND)
        status = rcx_churn_blend_learn(data, data->rows, job.tree_count, &job.parallel, &job.blend,
                                       err);
    if (status == RCX_OK)
        status = rcx_churn_fit_train(&running->trainer, &job, &model->fit, err);
    return status;
}

static enum rcx_status score(struct running *running, struct rcx_error *err)
{
    const struct rcx_churn_task *task = running->task;
    const struct rcx_churn_score_job job = {.model = &running->model,
                                            .cfg = task->data->cfg,
                                            .features = task->features,
                                            .behaviour = task->behaviour,
                                            .known = task->known,
                                            .day = task->day,
                                            .first_data_day = task->data->first_data_day,
                                            .observation_days = task->observation_days,
                                            .parallel = task->parallel};
    running->effects = rcx_calloc(task->data->inputs.count, sizeof *running->effects);
    if (!running->effects)
        return rcx_fail_nomem(err, "importance", task->data->inputs.count * sizeof(double));
    struct rcx_churn_explained explained = {.mean_effects = running->effects};
    enum rcx_status status = rcx_churn_score(&job, &running->out->predictions, &explained, err);
    running->out->effects = explained.sample;
    return status;
}

static enum rcx_status tell(struct running *running, struct rcx_error *err)
{
    const struct rcx_churn_task *task = running->task;
    const struct rcx_churn_evaluation *evaluation = &running->evaluation;
    struct rcx_churn_result *out = running->out;
    const struct rcx_churn_report report = {.data = task->data,
                                            .evaluation = evaluation,
                                            .model = &running->model,
                                            .economics = &task->economics,
                                            .predictions = &out->predictions};
    enum rcx_status status = rcx_churn_statistics_table(task->data, &out->statistics, err);
    if (status == RCX_OK)
        status = rcx_churn_backtest_table(evaluation, task->data, &out->backtest, err);
    if (status == RCX_OK)
        status = rcx_churn_threshold_table(evaluation, &out->threshold, err);
    if (status == RCX_OK)
        status = rcx_churn_judged_table(evaluation, task->data, &out->judged, err);
    if (status == RCX_OK)
        status = rcx_churn_importance_table(&running->model, evaluation, task->data,
                                            running->effects, task->seed, &task->parallel,
                                            &out->importance, err);
    if (status == RCX_OK)
        status = rcx_churn_metrics_json(&report, &out->metrics, err);
    if (status == RCX_OK)
        status = rcx_churn_model_format(&running->model, &out->trees, &out->document, err);
    return status;
}

/* The baseline with the lowest mean log loss, when the blend's is not lower. */
static const char *best_baseline(const struct rcx_churn_evaluation *evaluation)
{
    size_t best = 0;
    for (size_t c = 1; c < RCX_CHURN_TREES_PLAIN; c++) {
        if (evaluation->mean[c][RCX_BINARY_LOGLOSS] < evaluation->mean[best][RCX_BINARY_LOGLOSS])
            best = c;
    }
    return evaluation->mean[best][RCX_BINARY_LOGLOSS] <=
                   evaluation->mean[RCX_CHURN_BLEND][RCX_BINARY_LOGLOSS]
               ? rcx_churn_judged_name(best)
               : NULL;
}

static void summarise(struct running *running)
{
    const struct rcx_churn_evaluation *evaluation = &running->evaluation;
    const struct rcx_churn_origin *test = rcx_churn_test(evaluation);
    struct rcx_churn_result *out = running->out;
    out->chosen = evaluation->chosen;
    out->test_auc = test->metrics[RCX_CHURN_DELIVERED][RCX_BINARY_AUC];
    out->test_log_loss = test->metrics[RCX_CHURN_DELIVERED][RCX_BINARY_LOGLOSS];
    out->mean_auc = evaluation->mean[RCX_CHURN_DELIVERED][RCX_BINARY_AUC];
    out->mean_log_loss = evaluation->mean[RCX_CHURN_DELIVERED][RCX_BINARY_LOGLOSS];
    out->threshold_value = evaluation->threshold.threshold;
    out->best_baseline = evaluation->counted > 0 ? best_baseline(evaluation) : NULL;
    out->train_rows = running->model.fit.train_rows;
    out->test_rows = test->at.rows;
    out->test_day = test->at.day;
    out->scored = running->task->features->rows;
    out->labels = running->task->data->labels;
    running->task->data->labels = (struct rcx_table){0};
}

enum rcx_status rcx_churn_run(const struct rcx_churn_task *task, struct rcx_churn_result *out,
                              struct rcx_error *err)
{
    struct rcx_churn_result result = {0};
    struct running running = {.task = task, .out = &result};
    const struct rcx_churn_evaluate_options options = {
        .economics = task->economics, .seed = task->seed, .parallel = task->parallel};
    enum rcx_status status = RCX_OK;
    if (task->data->rows == 0)
        status = rcx_fail(err, RCX_E_INPUT,
                          "churn: no snapshot has an eligible customer with a label: a lower "
                          "churn.min_tenure_days, earlier snapshots, or more data after them would "
                          "help");
    if (status == RCX_OK)
        status = rcx_churn_trainer_init(task->data, &task->parallel, &running.trainer, err);
    if (status == RCX_OK)
        status = rcx_churn_evaluate(&running.trainer, &options, &running.evaluation, err);
    if (status == RCX_OK)
        status = refit(&running, err);
    if (status == RCX_OK)
        status = score(&running, err);
    if (status == RCX_OK)
        status = tell(&running, err);
    if (status == RCX_OK) {
        summarise(&running);
        *out = result;
    } else {
        rcx_churn_result_release(&result);
    }
    running_release(&running);
    return status;
}
