#include "ml/tasks/churn/churn_effects.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ml/gbdt/importance.h"
#include "ml/tasks/table_filling.h"

static const char start_name[] = "behaviour_model";

enum { FEATURE, CUSTOMER, VALUE, RANK, EFFECT };

/* A few rows of a view, with their effects. */
struct sample {
    struct rcx_churn_view view;
    size_t *row; /* [rows] in the whole view */
    size_t rows, columns;
    double *values; /* [columns][rows]: inputs, then the start as a probability */
    double *offset; /* [rows] */
    double *mean;   /* [columns] of the absolute effects */
    double *effect; /* [rows][columns] */
    const double **pointers;
    size_t *order; /* [columns] by falling mean absolute effect */
};

static void sample_release(struct sample *sample)
{
    rcx_free(sample->row);
    rcx_free(sample->values);
    rcx_free(sample->effect);
    rcx_free(sample->pointers);
    rcx_free(sample->order);
}

static enum rcx_status sample_init(const struct rcx_churn_model *model,
                                   const struct rcx_churn_view *view, struct sample *out,
                                   struct rcx_error *err)
{
    size_t all = view->matrix.rows, most = RCX_CHURN_EFFECT_CUSTOMERS;
    *out = (struct sample){.rows = all < most ? all : most, .columns = model->inputs.count + 1};
    size_t cells = (out->columns + 1) * (out->rows + 1) + out->columns;
    out->row = rcx_calloc(out->rows + 1, sizeof *out->row);
    out->values = rcx_calloc(cells, sizeof *out->values);
    out->effect = rcx_calloc(cells, sizeof *out->effect);
    out->pointers = rcx_calloc(out->columns, sizeof *out->pointers);
    out->order = rcx_calloc(out->columns, sizeof *out->order);
    if (!out->row || !out->values || !out->effect || !out->pointers || !out->order)
        return rcx_fail_nomem(err, "effects of a sample", cells * sizeof *out->values);
    out->offset = out->values + out->columns * out->rows;
    out->mean = out->offset + out->rows;
    for (size_t i = 0; i < out->rows; i++) {
        out->row[i] = i * all / out->rows;
        out->offset[i] = view->offset[out->row[i]];
        out->values[model->inputs.count * out->rows + i] = 1 / (1 + exp(-out->offset[i]));
    }
    for (size_t c = 0; c < model->inputs.count; c++) {
        out->pointers[c] = out->values + c * out->rows;
        for (size_t i = 0; i < out->rows; i++)
            out->values[c * out->rows + i] = view->matrix.columns[c][out->row[i]];
    }
    out->view = (struct rcx_churn_view){
        {.rows = out->rows, .column_count = model->inputs.count, .columns = out->pointers},
        out->offset};
    return RCX_OK;
}

/* The columns with the largest mean absolute effect first; returns how many of them to tell. */
static size_t order_columns(struct sample *sample)
{
    double *mean = sample->mean;
    size_t told = 0;
    for (size_t c = 0; c < sample->columns; c++) {
        mean[c] = 0;
        for (size_t i = 0; i < sample->rows; i++)
            mean[c] += fabs(sample->effect[i * sample->columns + c]);
        told += (size_t)(mean[c] > 0);
    }
    rcx_gbdt_importance_order(mean, sample->columns, sample->order);
    return told < RCX_CHURN_EFFECT_FEATURES ? told : RCX_CHURN_EFFECT_FEATURES;
}

/* Share of the other present values that are lower, ties half; NaN for a missing one. */
static double rank_of(const double *values, size_t rows, size_t i)
{
    size_t lower = 0, equal = 0, present = 0;
    if (isnan(values[i]))
        return NAN;
    for (size_t k = 0; k < rows; k++) {
        present += (size_t)!isnan(values[k]);
        lower += (size_t)(values[k] < values[i]);
        equal += (size_t)(values[k] == values[i]);
    }
    return present > 1 ? ((double)lower + (double)(equal - 1) / 2) / (double)(present - 1) : 0.5;
}

static void put_feature(struct rcx_filling *filling, const struct sample *sample,
                        const struct rcx_column *customer, size_t column, size_t first)
{
    struct rcx_column *columns = filling->table.columns;
    const double *values = sample->values + column * sample->rows;
    for (size_t i = 0; i < sample->rows; i++) {
        columns[FEATURE].codes[first + i] = (uint32_t)column;
        if (customer->type == RCX_TYPE_TEXT)
            columns[CUSTOMER].codes[first + i] = customer->codes[sample->row[i]];
        else
            columns[CUSTOMER].i64[first + i] = customer->i64[sample->row[i]];
        columns[VALUE].reals[first + i] = values[i];
        columns[RANK].reals[first + i] = rank_of(values, sample->rows, i);
        columns[EFFECT].reals[first + i] = sample->effect[i * sample->columns + column];
    }
}

static enum rcx_status fill(const struct rcx_churn_model *model, const struct sample *sample,
                            const struct rcx_column *customer, size_t told, struct rcx_table *out,
                            struct rcx_error *err)
{
    static const char *const reals[] = {"value", "value_rank", "effect"};
    struct rcx_filling filling = {0};
    const char **names = rcx_malloc_array(sample->columns, sizeof *names);
    if (!names)
        return rcx_fail_nomem(err, "effects of a sample", sample->columns * sizeof *names);
    memcpy(names, model->inputs.names, model->inputs.count * sizeof *names);
    names[model->inputs.count] = start_name;
    (void)rcx_filling_add(&filling, "feature", RCX_TYPE_TEXT);
    (void)rcx_filling_add(&filling, "customer_id", customer->type);
    if (!filling.failed && customer->type == RCX_TYPE_TEXT)
        filling.table.columns[CUSTOMER].dictionary = rcx_strings_retain(customer->dictionary);
    rcx_filling_add_reals(&filling, reals, 3);
    rcx_filling_set_texts(&filling, FEATURE, names, sample->columns);
    if (rcx_filling_resize(&filling, told * sample->rows)) {
        for (size_t f = 0; f < told; f++)
            put_feature(&filling, sample, customer, sample->order[f], f * sample->rows);
    }
    rcx_free(names);
    return rcx_filling_finish(&filling, "effects of a sample", out, err);
}

enum rcx_status rcx_churn_effects_table(const struct rcx_churn_model *model,
                                        const struct rcx_churn_view *view,
                                        const struct rcx_column *customer, struct rcx_table *out,
                                        struct rcx_error *err)
{
    struct sample sample = {0};
    enum rcx_status status = sample_init(model, view, &sample, err);
    if (status == RCX_OK)
        status = rcx_churn_effects(model, &sample.view, sample.effect, err);
    if (status == RCX_OK)
        status = fill(model, &sample, customer, order_columns(&sample), out, err);
    sample_release(&sample);
    return status;
}
