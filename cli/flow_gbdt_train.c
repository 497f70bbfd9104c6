#include "cli/flow_gbdt_train.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "cli/flow_gbdt.h"
#include "ml/gbdt/model_inputs.h"
#include "ml/gbdt/model_text.h"
#include "storage/format/table_read.h"

/* One data file: its table, the columns of the features, and what the rows carry. */
struct rows {
    const char *path;
    struct rcx_table table;
    struct rcx_gbdt_inputs inputs;
    double *label, *weight, *init_score;
    struct rcx_gbdt_dataset dataset;
};

struct training {
    const struct rcx_flow_gbdt_train *job;
    struct rows train;
    struct rows *valid; /* job->valid_count */
    struct rcx_gbdt_model input_model;
    struct rcx_gbdt_feature *features; /* owned unless of input_model */
    size_t feature_count;
    bool *categorical;
    struct rcx_gbdt_bins bins;
    struct rcx_gbdt_model models[RCX_FLOW_GBDT_MOST_QUANTILES];
    size_t model_count;
};

static void rows_release(struct rows *rows)
{
    rcx_gbdt_dataset_release(&rows->dataset);
    rcx_gbdt_inputs_release(&rows->inputs);
    rcx_table_release(&rows->table);
    rcx_free(rows->label);
    rcx_free(rows->weight);
    rcx_free(rows->init_score);
}

static void training_release(struct training *training)
{
    rows_release(&training->train);
    for (size_t v = 0; v < training->job->valid_count && training->valid; v++)
        rows_release(&training->valid[v]);
    if (training->features != training->input_model.features)
        rcx_gbdt_features_release(training->features, training->feature_count);
    for (size_t m = 0; m < training->model_count; m++)
        rcx_gbdt_model_release(&training->models[m]);
    rcx_gbdt_model_release(&training->input_model);
    rcx_gbdt_bins_release(&training->bins);
    rcx_free(training->valid);
    rcx_free(training->categorical);
}

/* ---- loading ---- */

/* Named columns must be there, also those that are only left out. */
static enum rcx_status check_names(const struct rcx_table *table, const char *const *names,
                                   size_t count, struct rcx_error *err)
{
    struct rcx_matrix_source source;
    for (size_t i = 0; i < count; i++)
        if (!rcx_table_find(table, names[i]))
            return rcx_matrix_build(table, &names[i], 1, &source, err);
    return RCX_OK;
}

static enum rcx_status choose_features(struct training *training, struct rcx_error *err)
{
    const struct rcx_flow_gbdt_train *job = training->job;
    size_t count = job->ignore_count;
    if (job->input_model) {
        training->features = training->input_model.features;
        training->feature_count = training->input_model.feature_count;
        return RCX_OK;
    }
    const char **without = rcx_calloc(count + 3, sizeof *without);
    if (!without)
        return rcx_fail_nomem(err, "names", count * sizeof *without);
    for (size_t i = 0; i < count; i++)
        without[i] = job->ignore[i];
    without[count] = job->label;
    without[count + 1] = job->weight;
    without[count + 2] = job->init_score;
    enum rcx_status status = rcx_gbdt_features_choose(&training->train.table, without, count + 3,
                                                      &training->features, &training->feature_count,
                                                      err);
    rcx_free(without);
    return status;
}

static enum rcx_status mark_categorical(struct training *training, struct rcx_error *err)
{
    const struct rcx_flow_gbdt_train *job = training->job;
    training->categorical = rcx_calloc(training->feature_count + 1, sizeof *training->categorical);
    if (!training->categorical)
        return rcx_fail_nomem(err, "features", training->feature_count);
    for (size_t f = 0; f < training->feature_count; f++) {
        const struct rcx_gbdt_feature *feature = &training->features[f];
        bool marked = feature->categories || rcx_gbdt_feature_is_categorical(feature);
        for (size_t i = 0; i < job->categorical_count && !marked; i++)
            marked = strcmp(job->categorical[i], feature->name) == 0;
        training->categorical[f] = marked;
    }
    return RCX_OK;
}

static enum rcx_status read_table(const struct training *training, struct rows *rows,
                                  struct rcx_error *err)
{
    const struct rcx_table_read_options options = {.parallel = &training->job->parallel};
    return rcx_table_read(rows->path, &options, &rows->table, err);
}

/* What the rows carry beside their features, and the matrix of these. */
static enum rcx_status take_columns(const struct training *training, struct rows *rows,
                                    struct rcx_error *err)
{
    const struct rcx_flow_gbdt_train *job = training->job;
    enum rcx_status status = rcx_flow_gbdt_column(&rows->table, job->label, "label", &rows->label,
                                                  err);
    if (status == RCX_OK)
        status = rcx_flow_gbdt_column(&rows->table, job->weight, "weight", &rows->weight, err);
    if (status == RCX_OK)
        status = rcx_flow_gbdt_column(&rows->table, job->init_score, "initial score",
                                      &rows->init_score, err);
    if (status == RCX_OK)
        status = rcx_gbdt_inputs_build(training->features, training->feature_count, &rows->table,
                                       &rows->inputs, err);
    return status;
}

/* The message of a file's error begins with its name. */
static enum rcx_status named(enum rcx_status status, const char *path, const struct rcx_error *from,
                             struct rcx_error *err)
{
    return status == RCX_OK ? RCX_OK : rcx_fail(err, status, "%s: %s", path, from->text);
}

static enum rcx_status load_train(struct training *training, struct rcx_error *err)
{
    const struct rcx_flow_gbdt_train *job = training->job;
    struct rcx_error detail = {0};
    struct rows *rows = &training->train;
    rows->path = job->data;
    enum rcx_status status = job->input_model ? rcx_gbdt_model_read(job->input_model,
                                                                    &training->input_model, err)
                                              : RCX_OK;
    if (status == RCX_OK)
        status = read_table(training, rows, err);
    if (status != RCX_OK)
        return status;
    status = check_names(&rows->table, job->ignore, job->ignore_count, &detail);
    if (status == RCX_OK)
        status = check_names(&rows->table, job->categorical, job->categorical_count, &detail);
    if (status == RCX_OK)
        status = choose_features(training, &detail);
    if (status == RCX_OK)
        status = mark_categorical(training, &detail);
    if (status == RCX_OK)
        status = take_columns(training, rows, &detail);
    return named(status, job->data, &detail, err);
}

static enum rcx_status load(struct training *training, struct rcx_error *err)
{
    const struct rcx_flow_gbdt_train *job = training->job;
    training->valid = rcx_calloc(job->valid_count + 1, sizeof *training->valid);
    enum rcx_status status = training->valid ? load_train(training, err)
                                             : rcx_fail_nomem(err, "data", job->valid_count);
    for (size_t v = 0; v < job->valid_count && status == RCX_OK; v++) {
        struct rcx_error detail = {0};
        struct rows *rows = &training->valid[v];
        rows->path = job->valid[v];
        status = read_table(training, rows, err);
        if (status == RCX_OK)
            status = named(take_columns(training, rows, &detail), rows->path, &detail, err);
    }
    return status;
}

/* ---- binning and training ---- */

static enum rcx_status bin_rows(const struct training *training, struct rows *rows,
                                struct rcx_error *err)
{
    struct rcx_error detail = {0};
    const struct rcx_gbdt_rows from = {
        .matrix = &rows->inputs.matrix,
        .label = rows->label,
        .weight = rows->weight,
        .init_score = rows->init_score,
    };
    return named(rcx_gbdt_dataset_build(&training->bins, &from, &training->job->parallel,
                                        &rows->dataset, &detail),
                 rows->path, &detail, err);
}

static enum rcx_status bin(struct training *training, struct rcx_error *err)
{
    const struct rcx_flow_gbdt_train *job = training->job;
    struct rcx_error detail = {0};
    enum rcx_status status = named(rcx_gbdt_bins_build(&training->train.inputs.matrix,
                                                       training->categorical, job->params,
                                                       &job->parallel, &training->bins, &detail),
                                   job->data, &detail, err);
    if (status == RCX_OK)
        status = bin_rows(training, &training->train, err);
    for (size_t v = 0; v < job->valid_count && status == RCX_OK; v++)
        status = bin_rows(training, &training->valid[v], err);
    return status;
}

static enum rcx_status fit(struct training *training, struct rcx_gbdt_history *history,
                           struct rcx_error *err)
{
    const struct rcx_flow_gbdt_train *job = training->job;
    struct rcx_gbdt_valid *valid = rcx_calloc(job->valid_count + 1, sizeof *valid);
    if (!valid)
        return rcx_fail_nomem(err, "validation sets", job->valid_count * sizeof *valid);
    for (size_t v = 0; v < job->valid_count; v++)
        valid[v] = (struct rcx_gbdt_valid){job->valid[v], &training->valid[v].dataset};
    const struct rcx_gbdt_job work = {
        .params = job->params,
        .train = &training->train.dataset,
        .valid = valid,
        .valid_count = job->valid_count,
        .continue_from = job->input_model ? &training->input_model : NULL,
        .parallel = &job->parallel,
        .progress = job->progress,
        .progress_context = job->progress_context,
    };
    enum rcx_status status;
    if (job->quantile_count > 0)
        status = rcx_gbdt_train_quantiles(&work, job->quantiles, job->quantile_count,
                                          training->models, err);
    else
        status = rcx_gbdt_train(&work, &training->models[0], history, err);
    if (status == RCX_OK)
        training->model_count = job->quantile_count > 0 ? job->quantile_count : 1;
    for (size_t m = 0; m < training->model_count; m++)
        rcx_gbdt_model_take_categories(&training->models[m], training->features);
    rcx_free(valid);
    return status;
}

char *rcx_flow_gbdt_quantile_path(const char *model, double alpha)
{
    const char *slash = strrchr(model, '/'), *base = slash ? slash + 1 : model;
    const char *dot = strchr(base, '.');
    size_t stem = dot ? (size_t)(dot - model) : strlen(model);
    struct rcx_buf path = {0};
    (void)rcx_buf_append(&path, model, stem);
    (void)rcx_buf_printf(&path, "_q%.10g%s", alpha * 100, model + stem);
    char *copy = path.failed ? NULL : rcx_strdup(rcx_buf_text(&path));
    rcx_buf_release(&path);
    return copy;
}

static enum rcx_status write_models(const struct training *training, struct rcx_error *err)
{
    const struct rcx_flow_gbdt_train *job = training->job;
    enum rcx_status status = RCX_OK;
    if (job->quantile_count == 0)
        return rcx_gbdt_model_write(&training->models[0], job->model, err);
    for (size_t q = 0; q < job->quantile_count && status == RCX_OK; q++) {
        char *path = rcx_flow_gbdt_quantile_path(job->model, job->quantiles[q]);
        status = path ? rcx_gbdt_model_write(&training->models[q], path, err)
                      : rcx_fail_nomem(err, "path", strlen(job->model));
        rcx_free(path);
    }
    return status;
}

static void describe(const struct training *training, struct rcx_flow_gbdt_trained *out)
{
    out->rows = training->train.table.rows;
    out->features = training->feature_count;
    out->trees = training->models[0].tree_count;
    for (size_t f = 0; f < training->feature_count; f++) {
        out->text_features += training->features[f].categories != NULL;
        out->constant_features += training->bins.maps[f].bins <= 1;
    }
}

enum rcx_status rcx_flow_gbdt_train(const struct rcx_flow_gbdt_train *job,
                                    struct rcx_flow_gbdt_trained *out, struct rcx_error *err)
{
    struct training training = {.job = job};
    struct rcx_flow_gbdt_trained result = {0};
    double begin = rcx_flow_seconds();
    enum rcx_status status = load(&training, err);
    double loaded = rcx_flow_seconds();
    if (status == RCX_OK)
        status = bin(&training, err);
    double binned = rcx_flow_seconds();
    if (status == RCX_OK)
        status = fit(&training, &result.history, err);
    result.load_seconds = loaded - begin;
    result.bin_seconds = binned - loaded;
    result.train_seconds = rcx_flow_seconds() - binned;
    if (status == RCX_OK)
        status = write_models(&training, err);
    if (status == RCX_OK)
        describe(&training, &result);
    if (status == RCX_OK)
        *out = result;
    else
        rcx_flow_gbdt_trained_release(&result);
    training_release(&training);
    return status;
}

void rcx_flow_gbdt_trained_release(struct rcx_flow_gbdt_trained *trained)
{
    rcx_gbdt_history_release(&trained->history);
}
