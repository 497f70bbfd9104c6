/* Trees on rows of the data. */
#include <string.h>

#include "base/memory.h"
#include "ml/gbdt/gbdt.h"
#include "ml/tasks/clv/clv_fit.h"

void rcx_clv_params(const struct rcx_cfg_clv *cfg, struct rcx_gbdt_params *out)
{
    rcx_gbdt_params_init(out);
    out->num_iterations = cfg->trees;
    out->num_leaves = cfg->leaves;
    out->learning_rate = cfg->learning_rate;
    out->min_data_in_leaf = cfg->min_leaf_rows;
    out->tweedie_variance_power = cfg->tweedie_power;
    out->max_bin = cfg->bins;
}

void rcx_clv_plain_params(const struct rcx_cfg_clv *cfg, struct rcx_gbdt_params *out)
{
    rcx_clv_params(cfg, out);
    out->num_iterations = cfg->plain_trees;
    out->learning_rate = cfg->plain_learning_rate;
}

/* Columns of the rows to train on; owned when rows are picked. */
struct columns {
    const double **views;
    double *block; /* NULL: borrowed */
};

static enum rcx_status take_columns(const struct rcx_clv_data *data,
                                    const struct rcx_clv_boost *boost, struct columns *out,
                                    struct rcx_error *err)
{
    size_t inputs = data->inputs.count, count = boost->count;
    out->views = rcx_malloc_array(inputs, sizeof *out->views);
    if (out->views && boost->picks)
        out->block = rcx_malloc_array(inputs * count + 1, sizeof *out->block);
    if (!out->views || (boost->picks && !out->block))
        return rcx_fail_nomem(err, "clv rows", inputs * count * sizeof(double));
    for (size_t c = 0; c < inputs; c++) {
        out->views[c] = data->columns[c] + boost->first;
        if (!boost->picks)
            continue;
        double *column = out->block + c * count;
        for (size_t i = 0; i < count; i++)
            column[i] = data->columns[c][boost->picks[i]];
        out->views[c] = column;
    }
    return RCX_OK;
}

static enum rcx_status train(const struct rcx_clv_data *data, const struct rcx_clv_boost *boost,
                             const struct columns *columns, struct rcx_gbdt_model *out,
                             struct rcx_error *err)
{
    struct rcx_gbdt_bins bins = {0};
    struct rcx_gbdt_dataset dataset = {0};
    const struct rcx_matrix matrix = {.rows = boost->count,
                                      .column_count = data->inputs.count,
                                      .columns = columns->views,
                                      .names = (const char *const *)data->inputs.names};
    const struct rcx_gbdt_rows rows = {
        .matrix = &matrix, .label = boost->label, .init_score = boost->start};
    const struct rcx_gbdt_job job = {
        .params = boost->params,
        .train = &dataset,
        .parallel = &boost->parallel,
        .own_scores = true /* intervals are moved by the scores of earlier origins */
    };
    enum rcx_status status = rcx_gbdt_bins_build(&matrix, NULL, boost->params, &boost->parallel,
                                                 &bins, err);
    if (status == RCX_OK)
        status = rcx_gbdt_dataset_build(&bins, &rows, &boost->parallel, &dataset, err);
    if (status == RCX_OK && boost->quantiles)
        status = rcx_gbdt_train_quantiles(&job, boost->quantiles, boost->quantile_count, out, err);
    else if (status == RCX_OK)
        status = rcx_gbdt_train(&job, out, NULL, err);
    rcx_gbdt_dataset_release(&dataset);
    rcx_gbdt_bins_release(&bins);
    return status;
}

enum rcx_status rcx_clv_boost(const struct rcx_clv_data *data, const struct rcx_clv_boost *boost,
                              struct rcx_gbdt_model *out, struct rcx_error *err)
{
    struct columns columns = {0};
    enum rcx_status status = take_columns(data, boost, &columns, err);
    if (status == RCX_OK)
        status = train(data, boost, &columns, out, err);
    rcx_free(columns.views);
    rcx_free(columns.block);
    return status;
}

/* --- the same rows for several labels ----------------------------------------------------------- */

void rcx_clv_binned_release(struct rcx_clv_binned *binned)
{
    rcx_gbdt_dataset_release(&binned->dataset);
    rcx_gbdt_bins_release(&binned->bins);
    rcx_free(binned->views);
    *binned = (struct rcx_clv_binned){0};
}

enum rcx_status rcx_clv_bin(const struct rcx_clv_data *data, const struct rcx_gbdt_params *params,
                            size_t rows, const double *label, const struct rcx_parallel *parallel,
                            struct rcx_clv_binned *out, struct rcx_error *err)
{
    size_t inputs = data->inputs.count;
    out->views = rcx_malloc_array(inputs, sizeof *out->views);
    if (!out->views)
        return rcx_fail_nomem(err, "clv rows", inputs * sizeof *out->views);
    for (size_t c = 0; c < inputs; c++)
        out->views[c] = data->columns[c];
    out->matrix = (struct rcx_matrix){.rows = rows,
                                      .column_count = inputs,
                                      .columns = out->views,
                                      .names = (const char *const *)data->inputs.names};
    const struct rcx_gbdt_rows from = {.matrix = &out->matrix, .label = label};
    enum rcx_status status = rcx_gbdt_bins_build(&out->matrix, NULL, params, parallel, &out->bins,
                                                 err);
    if (status == RCX_OK)
        status = rcx_gbdt_dataset_build(&out->bins, &from, parallel, &out->dataset, err);
    return status;
}

enum rcx_status rcx_clv_boost_binned(struct rcx_clv_binned *binned,
                                     const struct rcx_gbdt_params *params, const double *label,
                                     const struct rcx_parallel *parallel,
                                     struct rcx_gbdt_model *out, struct rcx_error *err)
{
    binned->dataset.from.label = label;
    const struct rcx_gbdt_job job = {
        .params = params, .train = &binned->dataset, .parallel = parallel};
    return rcx_gbdt_train(&job, out, NULL, err);
}
