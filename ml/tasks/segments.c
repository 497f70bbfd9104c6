#include "ml/tasks/segments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ml/tasks/hungarian.h"

void rcx_segmentation_release(struct rcx_segmentation *segmentation)
{
    rcx_segment_choice_release(&segmentation->choice);
}

/* --- scaling ------------------------------------------------------------------------------------- */

/* Mean and deviation (n - 1 makes no sense for one customer: n) in two passes; a constant column keeps
 * deviation 1 and becomes 0. */
static void learn_scale(const double *values, size_t rows, struct rcx_segment_input *input)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < rows; i++)
        sum += values[i];
    input->mean = rows > 0 ? sum / (double)rows : 0;
    for (size_t i = 0; i < rows; i++)
        squares += (values[i] - input->mean) * (values[i] - input->mean);
    input->deviation = rows > 0 ? sqrt(squares / (double)rows) : 0;
    if (!(input->deviation > 1e-12 * fabs(input->mean)) || !(input->deviation > 1e-300))
        input->deviation = 1;
}

static enum rcx_status scale_inputs(const struct rcx_table *table, struct rcx_segment_model *model,
                                    double *values, const double **columns, struct rcx_error *err)
{
    for (size_t j = 0; j < model->input_count; j++) {
        struct rcx_segment_input *input = &model->inputs[j];
        double *column = values + j * table->rows;
        enum rcx_status status = rcx_segment_column(table, input->name, column, err);
        if (status != RCX_OK)
            return status;
        rcx_segment_transform(input, false, column, table->rows);
        learn_scale(column, table->rows, input);
        for (size_t i = 0; i < table->rows; i++)
            column[i] = (column[i] - input->mean) / input->deviation;
        columns[j] = column;
    }
    return RCX_OK;
}

/* --- names --------------------------------------------------------------------------------------- */

struct naming {
    size_t k;
    const struct rcx_strategies *strategies;
    double ranks[RCX_SEGMENT_COUNT][RCX_RFM_COUNT]; /* [cluster as fitted] */
    double recency[RCX_SEGMENT_COUNT];              /* mean, in days */
    enum rcx_segment_id names[RCX_SEGMENT_COUNT];
};

/* Mean ranks of the clusters; edges of the scores go into the model. */
static enum rcx_status rank_clusters(const struct rcx_table *table, const struct rcx_kmeans *fit,
                                     struct rcx_segment_model *model, struct naming *naming,
                                     struct rcx_error *err)
{
    size_t rows = table->rows;
    double *values = rcx_malloc_array(rows, 2 * sizeof *values);
    enum rcx_status status = values ? RCX_OK : rcx_fail_nomem(err, "ranks", rows * 16);
    for (size_t j = 0; status == RCX_OK && j < RCX_RFM_COUNT; j++) {
        double *ranks = values + rows;
        status = rcx_segment_column(table, rcx_rfm_columns[j], values, err);
        if (status == RCX_OK)
            status = rcx_rank_values(values, rows, model->edges[j], ranks, err);
        for (size_t i = 0; status == RCX_OK && i < rows; i++) {
            uint32_t cluster = fit->labels[i];
            naming->ranks[cluster][j] += j == RCX_RFM_RECENCY ? 1 - ranks[i] : ranks[i];
            naming->recency[cluster] += j == RCX_RFM_RECENCY ? values[i] : 0;
        }
    }
    for (size_t c = 0; c < fit->k; c++) {
        double size = fit->sizes[c] > 0 ? fit->sizes[c] : 1;
        naming->recency[c] /= size;
        for (size_t j = 0; j < RCX_RFM_COUNT; j++)
            naming->ranks[c][j] /= size;
    }
    rcx_free(values);
    return status;
}

static enum rcx_status name_clusters(struct naming *naming, struct rcx_error *err)
{
    double costs[RCX_SEGMENT_COUNT * RCX_SEGMENT_COUNT];
    size_t chosen[RCX_SEGMENT_COUNT], most_valued = 0, longest_away = 0;
    for (size_t c = 1; c < naming->k; c++) {
        if (naming->ranks[c][RCX_RFM_MONETARY] > naming->ranks[most_valued][RCX_RFM_MONETARY])
            most_valued = c;
        if (naming->recency[c] > naming->recency[longest_away])
            longest_away = c;
    }
    for (size_t c = 0; c < naming->k; c++) {
        for (size_t s = 0; s < RCX_SEGMENT_COUNT; s++) {
            const double *prototype =
                rcx_strategies_get(naming->strategies, (enum rcx_segment_id)s)->prototype;
            double cost = 0;
            for (size_t j = 0; j < RCX_RFM_COUNT; j++)
                cost += (naming->ranks[c][j] - prototype[j]) * (naming->ranks[c][j] - prototype[j]);
            bool forbidden = (s == RCX_SEGMENT_CHAMPIONS && c != most_valued) ||
                             (s == RCX_SEGMENT_LOST && c != longest_away);
            costs[c * RCX_SEGMENT_COUNT + s] = forbidden ? RCX_ASSIGNMENT_FORBIDDEN : cost;
        }
    }
    enum rcx_status status = rcx_hungarian(costs, naming->k, RCX_SEGMENT_COUNT, chosen, err);
    for (size_t c = 0; status == RCX_OK && c < naming->k; c++)
        naming->names[c] = (enum rcx_segment_id)chosen[c];
    return status;
}

/* Clusters into the model and the segmentation, in the order of their names. */
static void number_clusters(const struct naming *naming, const struct rcx_kmeans *fit,
                            struct rcx_segmentation *out)
{
    size_t at = 0;
    for (size_t s = 0; s < RCX_SEGMENT_COUNT; s++) {
        for (size_t c = 0; c < naming->k; c++) {
            if (naming->names[c] != (enum rcx_segment_id)s)
                continue;
            out->model.names[at] = (enum rcx_segment_id)s;
            memcpy(out->model.centres[at], fit->centres + c * fit->dimensions,
                   fit->dimensions * sizeof(double));
            memcpy(out->ranks[at], naming->ranks[c], sizeof out->ranks[at]);
            at++;
        }
    }
    out->model.k = at;
}

enum rcx_status rcx_segments_fit(const struct rcx_table *table, rcx_day snapshot,
                                 const struct rcx_cfg_segments *cfg,
                                 const struct rcx_strategies *strategies, uint64_t seed,
                                 const struct rcx_parallel *parallel, struct rcx_segmentation *out,
                                 struct rcx_error *err)
{
    struct rcx_segmentation made = {.model = {.snapshot = snapshot, .customers = table->rows}};
    struct naming naming = {.strategies = strategies};
    const double *columns[RCX_SEGMENT_FEATURES_MOST];
    enum rcx_status status = rcx_segment_inputs(cfg, &made.model, err);
    if (status != RCX_OK)
        return status;
    double *values = rcx_malloc_array(table->rows + 1, made.model.input_count * sizeof *values);
    if (!values)
        return rcx_fail_nomem(err, "segments", table->rows * sizeof *values);
    const struct rcx_matrix matrix = {table->rows, made.model.input_count, columns, NULL};
    status = scale_inputs(table, &made.model, values, columns, err);
    if (status == RCX_OK)
        status = rcx_segment_choose(&matrix, cfg, seed, parallel, &made.choice, err);
    if (status == RCX_OK) {
        const struct rcx_kmeans *fit = &made.choice.trials[made.choice.chosen].fit;
        naming.k = fit->k;
        status = rank_clusters(table, fit, &made.model, &naming, err);
        if (status == RCX_OK)
            status = name_clusters(&naming, err);
        if (status == RCX_OK)
            number_clusters(&naming, fit, &made);
    }
    rcx_free(values);
    if (status == RCX_OK)
        *out = made;
    else
        rcx_segmentation_release(&made);
    return status;
}
