#include "cli/flow_gbdt.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "ml/gbdt/forest.h"
#include "ml/gbdt/model_text.h"
#include "ml/gbdt/tree_shap.h"
#include "storage/format/table_read.h"

enum { PART_ROWS = 131072 };

double rcx_flow_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- reading ---- */

static enum rcx_status read_data(const char *data, struct rcx_flow_gbdt *flow,
                                 struct rcx_error *err)
{
    struct rcx_error detail = {0};
    const struct rcx_table_read_options options = {.parallel = &flow->parallel};
    enum rcx_status status = rcx_table_read(data, &options, &flow->table, err);
    if (status != RCX_OK)
        return status;
    status = rcx_gbdt_inputs_build(flow->model.features, flow->model.feature_count, &flow->table,
                                   &flow->inputs, &detail);
    return status == RCX_OK ? RCX_OK : rcx_fail(err, status, "%s: %s", data, detail.text);
}

enum rcx_status rcx_flow_gbdt_open(const char *model, const char *data,
                                   struct rcx_parallel parallel, struct rcx_flow_gbdt *out,
                                   struct rcx_error *err)
{
    double begin = rcx_flow_seconds();
    struct rcx_flow_gbdt flow = {.parallel = parallel};
    enum rcx_status status = rcx_gbdt_model_read(model, &flow.model, err);
    if (status == RCX_OK && data)
        status = read_data(data, &flow, err);
    flow.load_seconds = rcx_flow_seconds() - begin;
    if (status == RCX_OK)
        *out = flow;
    else
        rcx_flow_gbdt_close(&flow);
    return status;
}

void rcx_flow_gbdt_close(struct rcx_flow_gbdt *flow)
{
    rcx_gbdt_inputs_release(&flow->inputs);
    rcx_table_release(&flow->table);
    rcx_gbdt_model_release(&flow->model);
}

enum rcx_status rcx_flow_gbdt_column(const struct rcx_table *table, const char *name,
                                     const char *what, double **out, struct rcx_error *err)
{
    struct rcx_matrix_source source;
    *out = NULL;
    if (!name)
        return RCX_OK;
    const struct rcx_column *column = rcx_table_find(table, name);
    if (!column) /* for the message with the columns that there are */
        return rcx_matrix_build(table, &name, 1, &source, err);
    if (column->type == RCX_TYPE_TEXT)
        return rcx_fail(err, RCX_E_INPUT, "%s column '%s' is text, expected numbers", what, name);
    double *values = rcx_malloc_array(table->rows + 1, sizeof *values);
    if (!values)
        return rcx_fail_nomem(err, what, table->rows * sizeof *values);
    rcx_column_to_reals(column, values);
    *out = values;
    return RCX_OK;
}

/* ---- computing and writing, a part of the rows at a time ---- */

struct apply {
    const struct rcx_flow_gbdt *flow;
    const struct rcx_flow_gbdt_apply *job;
    struct rcx_forest *forest; /* or: */
    struct rcx_shap *shap;
    double *start;
    const double **columns; /* of the part */
    double *values;         /* row-major values of the part */
    uint32_t *leaves;
    size_t results; /* columns that are computed */
    size_t part_rows;
};

static const char *result_name(const struct apply *apply, size_t result, char out[32])
{
    const struct rcx_gbdt_model *model = &apply->flow->model;
    switch (apply->job->what) {
    case RCX_FLOW_GBDT_PREDICTION:
        return "prediction";
    case RCX_FLOW_GBDT_RAW:
        return "raw_score";
    case RCX_FLOW_GBDT_LEAVES:
        (void)snprintf(out, 32, "leaf_%zu", result);
        return out;
    case RCX_FLOW_GBDT_SHAP:
        break;
    }
    return result < model->feature_count ? model->features[result].name : "base";
}

/* A column of `from` at rows first.. as a new column of `to`. */
static bool keep_column(const struct rcx_column *from, size_t first, struct rcx_table *to)
{
    struct rcx_column *column = rcx_table_add(to, from->name, from->type);
    size_t bytes = rcx_type_bytes(from->type);
    if (!column)
        return false;
    column->scale = from->scale;
    if (from->dictionary)
        column->dictionary = rcx_strings_retain(from->dictionary);
    memcpy(column->values, (const char *)from->values + first * bytes, to->rows * bytes);
    for (size_t r = 0; r < to->rows; r++)
        if (from->valid && rcx_column_is_null(from, first + r) && !rcx_column_set_null(column, r))
            return false;
    return true;
}

static bool fill_result(const struct apply *apply, size_t result, struct rcx_table *part)
{
    char name[32];
    bool leaves = apply->job->what == RCX_FLOW_GBDT_LEAVES;
    struct rcx_column *column = rcx_table_add(part, result_name(apply, result, name),
                                              leaves ? RCX_TYPE_INT32 : RCX_TYPE_REAL);
    if (!column)
        return false;
    for (size_t r = 0; r < part->rows; r++) {
        size_t place = r * apply->results + result;
        if (leaves)
            column->i32[r] = (int32_t)apply->leaves[place];
        else
            column->reals[r] = apply->values[place];
    }
    return true;
}

static enum rcx_status compute(const struct apply *apply, size_t first, size_t rows,
                               struct rcx_error *err)
{
    const struct rcx_flow_gbdt *flow = apply->flow;
    struct rcx_matrix part = flow->inputs.matrix;
    for (size_t c = 0; c < part.column_count; c++)
        apply->columns[c] = flow->inputs.columns[c] + first;
    part.columns = apply->columns;
    part.rows = rows;
    if (apply->shap)
        return rcx_shap_values(apply->shap, &part, &flow->parallel, apply->values, err);
    if (apply->leaves)
        return rcx_forest_leaves(apply->forest, &part, &flow->parallel, apply->leaves, err);
    enum rcx_status status = rcx_forest_scores(apply->forest, &part,
                                               apply->start ? apply->start + first : NULL,
                                               &flow->parallel, apply->values, err);
    if (status == RCX_OK && apply->job->what == RCX_FLOW_GBDT_PREDICTION)
        rcx_gbdt_model_transform(&flow->model, apply->values, rows);
    return status;
}

static enum rcx_status write_part(const struct apply *apply, size_t first, size_t rows,
                                  struct rcx_sink *sink, struct rcx_error *err)
{
    struct rcx_table part = {.rows = rows};
    bool enough = true;
    enum rcx_status status = rows > 0 ? compute(apply, first, rows, err) : RCX_OK;
    for (size_t k = 0; k < apply->job->keep_count && status == RCX_OK && enough; k++)
        enough = keep_column(rcx_table_find(&apply->flow->table, apply->job->keep[k]), first,
                             &part);
    for (size_t c = 0; c < apply->results && status == RCX_OK && enough; c++)
        enough = fill_result(apply, c, &part);
    if (status == RCX_OK)
        status = enough
                     ? rcx_sink_write(sink, &part, err)
                     : rcx_fail_nomem(err, "predictions", rows * apply->results * sizeof(double));
    rcx_table_release(&part);
    return status;
}

static enum rcx_status check_keep(const struct apply *apply, struct rcx_error *err)
{
    struct rcx_matrix_source source;
    for (size_t k = 0; k < apply->job->keep_count; k++)
        if (!rcx_table_find(&apply->flow->table, apply->job->keep[k]))
            return rcx_matrix_build(&apply->flow->table, &apply->job->keep[k], 1, &source, err);
    return RCX_OK;
}

static enum rcx_status prepare(struct apply *apply, struct rcx_error *err)
{
    const struct rcx_flow_gbdt *flow = apply->flow;
    const struct rcx_flow_gbdt_apply *job = apply->job;
    size_t features = flow->model.feature_count, rows = flow->table.rows;
    enum rcx_status status = check_keep(apply, err);
    if (status == RCX_OK)
        status = rcx_flow_gbdt_column(&flow->table, job->start, "start score", &apply->start, err);
    if (status == RCX_OK && job->what == RCX_FLOW_GBDT_SHAP)
        status = rcx_shap_build(&flow->model, job->tree_limit, &apply->shap, err);
    else if (status == RCX_OK)
        status = rcx_forest_build(&flow->model, job->tree_limit, &apply->forest, err);
    if (status != RCX_OK)
        return status;
    apply->results = job->what == RCX_FLOW_GBDT_SHAP     ? features + 1
                     : job->what == RCX_FLOW_GBDT_LEAVES ? rcx_forest_tree_count(apply->forest)
                                                         : 1;
    apply->part_rows = rows < PART_ROWS ? rows : PART_ROWS;
    apply->columns = rcx_calloc(features + 1, sizeof *apply->columns);
    size_t cells = apply->part_rows * apply->results + 1;
    if (job->what == RCX_FLOW_GBDT_LEAVES)
        apply->leaves = rcx_malloc_array(cells, sizeof *apply->leaves);
    else
        apply->values = rcx_malloc_array(cells, sizeof *apply->values);
    return apply->columns && (apply->leaves || apply->values)
               ? RCX_OK
               : rcx_fail_nomem(err, "predictions", cells * sizeof *apply->values);
}

enum rcx_status rcx_flow_gbdt_apply(const struct rcx_flow_gbdt *flow,
                                    const struct rcx_flow_gbdt_apply *job, struct rcx_error *err)
{
    struct apply apply = {.flow = flow, .job = job};
    struct rcx_sink *sink = NULL;
    size_t rows = flow->table.rows;
    enum rcx_status status = prepare(&apply, err);
    if (status == RCX_OK)
        status = rcx_sink_open(job->output, job->sink, &sink, err);
    for (size_t first = 0; status == RCX_OK && (first < rows || first == 0); first += PART_ROWS) {
        size_t left = rows - first;
        status = write_part(&apply, first, left < PART_ROWS ? left : PART_ROWS, sink, err);
    }
    if (status == RCX_OK)
        status = rcx_sink_commit(sink, err);
    else
        rcx_sink_abort(sink);
    rcx_forest_release(apply.forest);
    rcx_shap_release(apply.shap);
    rcx_free(apply.start);
    rcx_free(apply.columns);
    rcx_free(apply.values);
    rcx_free(apply.leaves);
    return status;
}
