#include "ml/tasks/churn/churn_fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "ml/gbdt/forest.h"
#include "ml/gbdt/gbdt.h"

enum {
    SAMPLE_ROWS = 200000,
    BLOCK = 4096,
    PATIENCE = 25, /* early stopping: trees without a lower loss on the validation rows */
};
static const double rare_share = .2; /* below it the rarer class is weighted (imbalance: auto) */

const char *rcx_churn_candidate_name(enum rcx_churn_candidate candidate)
{
    static const char *const names[RCX_CHURN_CANDIDATES] = {
        "constant",      "recency_rule", "behaviour", "logistic",
        "logistic_btyd", "trees_plain",  "trees",     "blend"};
    return names[candidate];
}

static bool wants(unsigned bits, enum rcx_churn_candidate candidate)
{
    return (bits >> candidate & 1) != 0;
}

/* --- the trainer -------------------------------------------------------------------------------- */

void rcx_churn_trainer_release(struct rcx_churn_trainer *trainer)
{
    for (size_t c = 0; trainer->logs && c < trainer->data->inputs.count; c++)
        rcx_free(trainer->logs[c]);
    rcx_free(trainer->logs);
    rcx_free(trainer->views);
    rcx_free(trainer->sample_label);
    *trainer = (struct rcx_churn_trainer){0};
}

static enum rcx_status take_logs(void *context, size_t column, unsigned worker,
                                 struct rcx_error *err)
{
    const struct rcx_churn_trainer *trainer = context;
    const double *values = trainer->data->columns[column];
    double *out = rcx_malloc_array(trainer->sample_rows + 1, sizeof *out);
    (void)worker;
    if (!out)
        return rcx_fail_nomem(err, "churn inputs", trainer->sample_rows * sizeof *out);
    for (size_t i = 0; i < trainer->sample_rows; i++)
        out[i] = values[i * trainer->stride];
    rcx_signed_log1p(out, trainer->sample_rows, out);
    trainer->logs[column] = out;
    trainer->views[column] = out;
    return RCX_OK;
}

enum rcx_status rcx_churn_trainer_init(const struct rcx_churn_data *data,
                                       const struct rcx_parallel *parallel,
                                       struct rcx_churn_trainer *out, struct rcx_error *err)
{
    size_t inputs = data->inputs.count;
    struct rcx_churn_trainer trainer = {.data = data, .stride = data->rows / SAMPLE_ROWS + 1};
    trainer.sample_rows = (data->rows + trainer.stride - 1) / trainer.stride;
    while (trainer.recency < inputs &&
           strcmp(data->inputs.names[trainer.recency], "rfm_recency_days") != 0)
        trainer.recency++;
    if (trainer.recency == inputs)
        return rcx_fail(
            err, RCX_E_CONFIG,
            "models.exclude: churn models need rfm_recency_days, the recency rule is made "
            "of it");
    trainer.logs = rcx_calloc(inputs, sizeof *trainer.logs);
    trainer.views = rcx_calloc(inputs, sizeof *trainer.views);
    trainer.sample_label = rcx_malloc_array(trainer.sample_rows + 1, sizeof(double));
    enum rcx_status status = RCX_OK;
    if (!trainer.logs || !trainer.views || !trainer.sample_label)
        status = rcx_fail_nomem(err, "churn inputs", trainer.sample_rows * sizeof(double));
    for (size_t i = 0; status == RCX_OK && i < trainer.sample_rows; i++)
        trainer.sample_label[i] = data->label[i * trainer.stride];
    if (status == RCX_OK)
        status = rcx_parallel_for(parallel, inputs, take_logs, &trainer, err);
    if (status == RCX_OK)
        *out = trainer;
    else
        rcx_churn_trainer_release(&trainer);
    return status;
}

struct rcx_churn_view rcx_churn_view_of(const struct rcx_churn_data *data, size_t first,
                                        size_t count, const double **columns)
{
    for (size_t c = 0; c < data->inputs.count; c++)
        columns[c] = data->columns[c] + first;
    return (struct rcx_churn_view){
        .matrix = {.rows = count,
                   .column_count = data->inputs.count,
                   .columns = columns,
                   .names = (const char *const *)data->inputs.names},
        .offset = data->offset + first,
    };
}

/* --- training ----------------------------------------------------------------------------------- */

void rcx_churn_fit_release(struct rcx_churn_fit *fit)
{
    rcx_logistic_release(&fit->recency);
    rcx_logistic_release(&fit->logistic);
    rcx_logistic_release(&fit->logistic_btyd);
    rcx_gbdt_model_release(&fit->trees_plain);
    rcx_gbdt_model_release(&fit->trees);
    *fit = (struct rcx_churn_fit){0};
}

static enum rcx_status train_logistic(const struct rcx_churn_trainer *trainer, size_t train_rows,
                                      size_t first, size_t count, double ridge,
                                      const struct rcx_parallel *parallel, struct rcx_logistic *out,
                                      struct rcx_error *err)
{
    const struct rcx_matrix matrix = {.rows = (train_rows + trainer->stride - 1) / trainer->stride,
                                      .column_count = count,
                                      .columns = trainer->views + first};
    const struct rcx_logistic_options options = {.ridge = ridge, .parallel = *parallel};
    return rcx_logistic_fit(&matrix, trainer->sample_label, NULL, &options, out, err);
}

enum rcx_churn_candidate rcx_churn_blend_regression(const struct rcx_churn_fit *fit)
{
    return fit->tree_inputs > fit->without_behaviour ? RCX_CHURN_LOGISTIC_BTYD : RCX_CHURN_LOGISTIC;
}

const struct rcx_logistic *rcx_churn_fit_regression(const struct rcx_churn_fit *fit,
                                                    enum rcx_churn_candidate candidate)
{
    if (candidate == RCX_CHURN_BLEND)
        candidate = fit->blend.regression > 0 ? rcx_churn_blend_regression(fit) : RCX_CHURN_BLEND;
    if (candidate == RCX_CHURN_RECENCY)
        return &fit->recency;
    if (candidate == RCX_CHURN_LOGISTIC)
        return &fit->logistic;
    return candidate == RCX_CHURN_LOGISTIC_BTYD ? &fit->logistic_btyd : NULL;
}

/* Whether the candidate is asked for, or part of the blend that is. */
static bool wants_regression(const struct rcx_churn_fit_job *job, const struct rcx_churn_fit *fit,
                             enum rcx_churn_candidate candidate)
{
    return wants(job->wanted, candidate) ||
           (wants(job->wanted, RCX_CHURN_BLEND) && fit->blend.regression > 0 &&
            rcx_churn_blend_regression(fit) == candidate);
}

static enum rcx_status train_logistics(const struct rcx_churn_trainer *trainer,
                                       const struct rcx_churn_fit_job *job,
                                       struct rcx_churn_fit *fit, struct rcx_error *err)
{
    const struct rcx_churn_inputs *inputs = &trainer->data->inputs;
    double ridge = trainer->data->cfg->ridge;
    enum rcx_status status = RCX_OK;
    if (wants(job->wanted, RCX_CHURN_RECENCY))
        status = train_logistic(trainer, job->train_rows, trainer->recency, 1, 1, &job->parallel,
                                &fit->recency, err);
    if (status == RCX_OK && wants_regression(job, fit, RCX_CHURN_LOGISTIC))
        status = train_logistic(trainer, job->train_rows, 0, inputs->without_behaviour, ridge,
                                &job->parallel, &fit->logistic, err);
    if (status == RCX_OK && wants_regression(job, fit, RCX_CHURN_LOGISTIC_BTYD))
        status = train_logistic(trainer, job->train_rows, 0, inputs->count, ridge, &job->parallel,
                                &fit->logistic_btyd, err);
    return status;
}

/* Rows on their way to the trees. */
struct tree_rows {
    struct rcx_matrix matrix;
    const double **columns;
    double *start;  /* offset + log(weight); NULL: none */
    double *weight; /* NULL: all 1 */
    struct rcx_gbdt_dataset dataset;
};

static void tree_rows_release(struct tree_rows *rows)
{
    rcx_gbdt_dataset_release(&rows->dataset);
    rcx_free(rows->columns);
    rcx_free(rows->start);
    rcx_free(rows->weight);
    *rows = (struct tree_rows){0};
}

static enum rcx_status tree_rows_init(const struct rcx_churn_data *data, size_t first, size_t count,
                                      const struct rcx_churn_fit *fit, struct tree_rows *out,
                                      struct rcx_error *err)
{
    double shift = log(fit->positive_weight);
    out->columns = rcx_malloc_array(data->inputs.count, sizeof *out->columns);
    out->start = rcx_malloc_array(count + 1, sizeof *out->start);
    if (fit->positive_weight != 1)
        out->weight = rcx_malloc_array(count + 1, sizeof *out->weight);
    if (!out->columns || !out->start || (fit->positive_weight != 1 && !out->weight))
        return rcx_fail_nomem(err, "churn rows", count * sizeof(double));
    out->matrix = rcx_churn_view_of(data, first, count, out->columns).matrix;
    out->matrix.column_count = fit->tree_inputs;
    for (size_t i = 0; i < count; i++) {
        out->start[i] = data->offset[first + i] + shift;
        if (out->weight)
            out->weight[i] = data->label[first + i] != 0 ? fit->positive_weight : 1;
    }
    return RCX_OK;
}

static enum rcx_status tree_rows_build(const struct rcx_churn_data *data, size_t first,
                                       const struct rcx_gbdt_bins *bins,
                                       const struct rcx_parallel *parallel, struct tree_rows *rows,
                                       struct rcx_error *err)
{
    const struct rcx_gbdt_rows from = {.matrix = &rows->matrix,
                                       .label = data->label + first,
                                       .weight = rows->weight,
                                       .init_score = rows->start};
    return rcx_gbdt_dataset_build(bins, &from, parallel, &rows->dataset, err);
}

static void set_params(const struct rcx_cfg_churn *cfg, const struct rcx_churn_fit_job *job,
                       struct rcx_gbdt_params *params)
{
    bool choose = job->valid_count > 0;
    rcx_gbdt_params_init(params);
    params->objective = RCX_GBDT_BINARY;
    params->num_iterations = choose ? cfg->most_trees : job->tree_count;
    params->num_leaves = cfg->leaves;
    params->learning_rate = cfg->learning_rate;
    params->min_data_in_leaf = cfg->min_leaf_rows;
    params->early_stopping_round = choose ? PATIENCE : 0;
    snprintf(params->metric, sizeof params->metric, "binary_logloss");
}

/* Trains from the rows' start, or from their rate. */
static enum rcx_status boost(const struct rcx_gbdt_params *params, const struct tree_rows *train,
                             const struct tree_rows *valid, bool from_start,
                             const struct rcx_parallel *parallel, struct rcx_gbdt_model *out,
                             struct rcx_error *err)
{
    struct rcx_gbdt_dataset rows = train->dataset, check = {0}; /* views of the same bins */
    const struct rcx_gbdt_valid list = {.name = "validation", .dataset = &check};
    if (valid)
        check = valid->dataset;
    if (!from_start)
        rows.from.init_score = check.from.init_score = NULL;
    const struct rcx_gbdt_job job = {.params = params,
                                     .train = &rows,
                                     .valid = valid ? &list : NULL,
                                     .valid_count = valid ? 1 : 0,
                                     .parallel = parallel};
    return rcx_gbdt_train(&job, out, NULL, err);
}

static enum rcx_status boost_wanted(const struct rcx_churn_trainer *trainer,
                                    const struct rcx_churn_fit_job *job,
                                    const struct rcx_gbdt_params *params, struct tree_rows *train,
                                    struct tree_rows *valid, struct rcx_churn_fit *fit,
                                    struct rcx_error *err)
{
    const struct rcx_churn_data *data = trainer->data;
    struct rcx_gbdt_bins bins = {0};
    enum rcx_status status = tree_rows_init(data, 0, job->train_rows, fit, train, err);
    if (status == RCX_OK && job->valid_count > 0)
        status = tree_rows_init(data, job->valid_first, job->valid_count, fit, valid, err);
    if (status == RCX_OK)
        status = rcx_gbdt_bins_build(&train->matrix, NULL, params, &job->parallel, &bins, err);
    if (status == RCX_OK)
        status = tree_rows_build(data, 0, &bins, &job->parallel, train, err);
    if (status == RCX_OK && job->valid_count > 0)
        status = tree_rows_build(data, job->valid_first, &bins, &job->parallel, valid, err);
    const struct tree_rows *check = job->valid_count > 0 ? valid : NULL;
    if (status == RCX_OK &&
        (wants(job->wanted, RCX_CHURN_TREES) || wants(job->wanted, RCX_CHURN_BLEND)))
        status = boost(params, train, check, fit->trees_from_offset, &job->parallel, &fit->trees,
                       err);
    if (status == RCX_OK && wants(job->wanted, RCX_CHURN_TREES_PLAIN))
        status = boost(params, train, check, false, &job->parallel, &fit->trees_plain, err);
    fit->tree_count = (uint32_t)fit->trees.tree_count;
    rcx_gbdt_bins_release(&bins);
    return status;
}

static enum rcx_status train_trees(const struct rcx_churn_trainer *trainer,
                                   const struct rcx_churn_fit_job *job, struct rcx_churn_fit *fit,
                                   struct rcx_error *err)
{
    unsigned trees = 1u << RCX_CHURN_TREES | 1u << RCX_CHURN_BLEND | 1u << RCX_CHURN_TREES_PLAIN;
    struct rcx_gbdt_params params;
    struct tree_rows train = {0}, valid = {0};
    if ((job->wanted & trees) == 0)
        return RCX_OK;
    set_params(trainer->data->cfg, job, &params);
    enum rcx_status status = boost_wanted(trainer, job, &params, &train, &valid, fit, err);
    tree_rows_release(&train);
    tree_rows_release(&valid);
    rcx_gbdt_params_release(&params);
    return status;
}

static double positive_weight(const struct rcx_cfg_churn *cfg, double rate)
{
    double rarer = rate < .5 ? rate : 1 - rate;
    bool weigh = cfg->imbalance == RCX_CHURN_IMBALANCE_WEIGHT ||
                 (cfg->imbalance == RCX_CHURN_IMBALANCE_AUTO && rarer < rare_share);
    return weigh ? (1 - rate) / rate : 1;
}

enum rcx_status rcx_churn_fit_train(const struct rcx_churn_trainer *trainer,
                                    const struct rcx_churn_fit_job *job, struct rcx_churn_fit *out,
                                    struct rcx_error *err)
{
    const struct rcx_churn_data *data = trainer->data;
    const struct rcx_cfg_churn *cfg = data->cfg;
    double positive = 0;
    for (size_t i = 0; i < job->train_rows; i++)
        positive += data->label[i];
    if (!(positive > 0 && positive < (double)job->train_rows))
        return rcx_fail(
            err, RCX_E_INPUT,
            "churn: of %zu training rows %.0f churned; both classes are needed (another "
            "churn.horizon_days, or more snapshots, would help)",
            job->train_rows, positive);
    struct rcx_churn_fit fit = {
        .trained = job->wanted,
        .train_rows = job->train_rows,
        .rate = positive / (double)job->train_rows,
        .trees_from_offset = cfg->offset == RCX_CHURN_OFFSET_BTYD,
        .blend = job->blend,
        .recency_column = trainer->recency,
        .without_behaviour = data->inputs.without_behaviour,
        .tree_inputs = cfg->use_btyd ? data->inputs.count : data->inputs.without_behaviour,
    };
    fit.positive_weight = positive_weight(cfg, fit.rate);
    enum rcx_status status = train_logistics(trainer, job, &fit, err);
    if (status == RCX_OK)
        status = train_trees(trainer, job, &fit, err);
    if (status == RCX_OK)
        *out = fit;
    else
        rcx_churn_fit_release(&fit);
    return status;
}

/* --- predictions -------------------------------------------------------------------------------- */

struct scoring {
    const struct rcx_logistic *model;
    const struct rcx_churn_view *view;
    size_t first_column;
    double *out;
};

/* Log-odds of a regression on signed logarithms, a block of rows at a time. */
static enum rcx_status score_block(void *context, size_t block, unsigned worker,
                                   struct rcx_error *err)
{
    const struct scoring *scoring = context;
    const struct rcx_matrix *matrix = &scoring->view->matrix;
    size_t first = block * BLOCK, columns = scoring->model->columns;
    size_t rows = matrix->rows - first < BLOCK ? matrix->rows - first : BLOCK;
    double *logs = rcx_malloc_array(columns * rows + 1, sizeof *logs);
    const double **views = rcx_malloc_array(columns, sizeof *views);
    enum rcx_status status = RCX_OK;
    (void)worker;
    if (!logs || !views)
        status = rcx_fail_nomem(err, "churn scores", columns * rows * sizeof *logs);
    for (size_t c = 0; status == RCX_OK && c < columns; c++) {
        views[c] = logs + c * rows;
        rcx_signed_log1p(matrix->columns[scoring->first_column + c] + first, rows, logs + c * rows);
    }
    if (status == RCX_OK) {
        const struct rcx_matrix part = {.rows = rows, .column_count = columns, .columns = views};
        rcx_logistic_score(scoring->model, &part, scoring->out + first);
    }
    rcx_free(logs);
    rcx_free(views);
    return status;
}

static enum rcx_status score_logistic(const struct rcx_logistic *model, size_t first_column,
                                      const struct rcx_churn_view *view,
                                      const struct rcx_parallel *parallel, double *out,
                                      struct rcx_error *err)
{
    struct scoring scoring = {model, view, first_column, out};
    return rcx_parallel_for(parallel, (view->matrix.rows + BLOCK - 1) / BLOCK, score_block,
                            &scoring, err);
}

static enum rcx_status score_trees(const struct rcx_churn_fit *fit,
                                   const struct rcx_gbdt_model *model,
                                   const struct rcx_churn_view *view,
                                   const struct rcx_parallel *parallel, double *out,
                                   struct rcx_error *err)
{
    const struct rcx_gbdt_predict_options options = {0};
    struct rcx_matrix matrix = view->matrix;
    matrix.column_count = fit->tree_inputs;
    return rcx_gbdt_predict(model, &matrix, &options, parallel, out, err);
}

enum rcx_status rcx_churn_fit_tree_sum(const struct rcx_churn_fit *fit,
                                       enum rcx_churn_candidate candidate,
                                       const struct rcx_churn_view *view,
                                       const struct rcx_parallel *parallel, double *out,
                                       struct rcx_error *err)
{
    const struct rcx_gbdt_model *trees = candidate == RCX_CHURN_TREES_PLAIN ? &fit->trees_plain
                                                                            : &fit->trees;
    return score_trees(fit, trees, view, parallel, out, err);
}

static enum rcx_status score_blend(const struct rcx_churn_fit *fit,
                                   const struct rcx_churn_view *view,
                                   const struct rcx_parallel *parallel, double *out,
                                   struct rcx_error *err)
{
    size_t rows = view->matrix.rows;
    double *regression = NULL;
    enum rcx_status status = score_trees(fit, &fit->trees, view, parallel, out, err);
    for (size_t i = 0; status == RCX_OK && i < rows; i++)
        out[i] = view->offset[i] + fit->blend.trees * out[i];
    if (status != RCX_OK || !(fit->blend.regression > 0))
        return status;
    regression = rcx_malloc_array(rows + 1, sizeof *regression);
    status = regression ? rcx_churn_fit_log_odds(fit, rcx_churn_blend_regression(fit), view,
                                                 parallel, regression, err)
                        : rcx_fail_nomem(err, "churn scores", rows * sizeof *regression);
    for (size_t i = 0; status == RCX_OK && i < rows; i++)
        out[i] += fit->blend.regression * (regression[i] - view->offset[i]);
    rcx_free(regression);
    return status;
}

enum rcx_status rcx_churn_fit_log_odds(const struct rcx_churn_fit *fit,
                                       enum rcx_churn_candidate candidate,
                                       const struct rcx_churn_view *view,
                                       const struct rcx_parallel *parallel, double *out,
                                       struct rcx_error *err)
{
    size_t rows = view->matrix.rows;
    double shift = log(fit->positive_weight);
    enum rcx_status status = RCX_OK;
    switch (candidate) {
    case RCX_CHURN_CONSTANT:
        for (size_t i = 0; i < rows; i++)
            out[i] = rcx_logit(fit->rate);
        break;
    case RCX_CHURN_RECENCY:
        return score_logistic(&fit->recency, fit->recency_column, view, parallel, out, err);
    case RCX_CHURN_BEHAVIOUR:
        memcpy(out, view->offset, rows * sizeof *out);
        break;
    case RCX_CHURN_LOGISTIC:
        return score_logistic(&fit->logistic, 0, view, parallel, out, err);
    case RCX_CHURN_LOGISTIC_BTYD:
        return score_logistic(&fit->logistic_btyd, 0, view, parallel, out, err);
    case RCX_CHURN_TREES_PLAIN:
        status = score_trees(fit, &fit->trees_plain, view, parallel, out, err);
        for (size_t i = 0; status == RCX_OK && i < rows; i++)
            out[i] -= shift;
        break;
    case RCX_CHURN_BLEND:
        if (fit->trees_from_offset)
            return score_blend(fit, view, parallel, out, err);
        return rcx_churn_fit_log_odds(fit, RCX_CHURN_TREES, view, parallel, out, err);
    case RCX_CHURN_TREES:
        status = score_trees(fit, &fit->trees, view, parallel, out, err);
        for (size_t i = 0; status == RCX_OK && i < rows; i++)
            out[i] = fit->trees_from_offset ? view->offset[i] + out[i] : out[i] - shift;
        break;
    case RCX_CHURN_CANDIDATES:
        break;
    }
    return status;
}

enum rcx_status rcx_churn_fit_predict(const struct rcx_churn_fit *fit,
                                      enum rcx_churn_candidate candidate,
                                      const struct rcx_churn_view *view,
                                      const struct rcx_parallel *parallel, double *out,
                                      struct rcx_error *err)
{
    enum rcx_status status = rcx_churn_fit_log_odds(fit, candidate, view, parallel, out, err);
    for (size_t i = 0; status == RCX_OK && i < view->matrix.rows; i++)
        out[i] = rcx_sigmoid(out[i]);
    return status;
}
