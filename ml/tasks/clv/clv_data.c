#include "ml/tasks/clv/clv_data.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "ml/tasks/row_join.h"

enum { NAME_BYTES = 64, STEP_DAYS = 30 };

static void choose_anchors(int32_t asked, int32_t out[RCX_CLV_ANCHORS])
{
    const int32_t anchors[RCX_CLV_ANCHORS] = {30, 90, 180, asked};
    memcpy(out, anchors, sizeof anchors);
}

void rcx_clv_data_init(struct rcx_clv_data *out, const struct rcx_cfg_clv *cfg,
                       const struct rcx_cfg_models *models, const struct rcx_cfg_churn *churn,
                       rcx_day first_data_day)
{
    int32_t asked = (int32_t)cfg->horizon_days;
    out->cfg = cfg;
    out->models = models;
    out->churn_days = churn->horizon_days;
    out->churn_span_days = (int32_t)(churn->gap_days + churn->horizon_days);
    out->first_data_day = first_data_day;
    for (int k = 1; k <= RCX_CHURN_VALUE_STEPS && k * STEP_DAYS < asked; k++)
        out->horizon_days[out->horizon_count++] = k * STEP_DAYS;
    out->asked = out->horizon_count;
    out->horizon_days[out->horizon_count++] = asked;
    choose_anchors(asked, out->anchor_days);
}

void rcx_clv_data_release(struct rcx_clv_data *data)
{
    for (size_t c = 0; data->columns && c < data->inputs.count; c++)
        rcx_free(data->columns[c]);
    rcx_free(data->columns);
    for (size_t h = 0; h < RCX_CLV_HORIZONS; h++)
        rcx_free(data->target[h]);
    for (size_t a = 0; a < RCX_CLV_ANCHORS; a++)
        rcx_free(data->anchor[a]);
    rcx_churn_inputs_release(&data->inputs);
    rcx_free(data->snapshots);
    rcx_free(data->order_value);
    rcx_free(data->last_revenue);
    rcx_free(data->churned);
    rcx_free(data->customer);
    rcx_free(data->day);
    rcx_table_release(&data->targets);
    *data = (struct rcx_clv_data){0};
}

/* --- what the behaviour model expects ----------------------------------------------------------- */

void rcx_clv_expected(const int32_t anchor_days[RCX_CLV_ANCHORS], const double *const *purchases,
                      const double *order_value, size_t rows, int32_t horizon_days, double *out)
{
    size_t low = SIZE_MAX, high = SIZE_MAX; /* anchors around the horizon */
    for (size_t a = 0; a < RCX_CLV_ANCHORS; a++) {
        int32_t days = anchor_days[a];
        if (days <= horizon_days && (low == SIZE_MAX || days > anchor_days[low]))
            low = a;
        if (days > horizon_days && (high == SIZE_MAX || days < anchor_days[high]))
            high = a;
    }
    if (low == SIZE_MAX || high == SIZE_MAX || anchor_days[low] == horizon_days) {
        size_t from = low == SIZE_MAX ? high : low;
        double share = (double)horizon_days / anchor_days[from];
        for (size_t i = 0; i < rows; i++)
            out[i] = purchases[from][i] * share * order_value[i];
        return;
    }
    double span = log((double)anchor_days[high] / anchor_days[low]);
    double share = log((double)horizon_days / anchor_days[low]) / span;
    for (size_t i = 0; i < rows; i++) {
        double a = purchases[low][i], b = purchases[high][i];
        double between = a > 0 && b > 0 ? exp(log(a) + share * (log(b) - log(a))) : 0;
        out[i] = isnan(a) ? (double)NAN : between * order_value[i];
    }
}

/* A column of the behaviour table for each feature row. */
static enum rcx_status behaviour_column(const struct rcx_table *behaviour, const char *name,
                                        const uint32_t *row_of, size_t rows, double *out,
                                        struct rcx_error *err)
{
    const struct rcx_column *column = rcx_table_find(behaviour, name);
    if (!column || column->type != RCX_TYPE_REAL)
        return rcx_fail(err, RCX_E_INTERNAL, "clv: the behaviour table has no column '%s'", name);
    for (size_t i = 0; i < rows; i++)
        out[i] = column->reals[row_of[i]];
    return RCX_OK;
}

/* Expected purchases at the anchors, [RCX_CLV_ANCHORS][rows], and order values behind them. */
static enum rcx_status gather_behaviour(const int32_t anchor_days[RCX_CLV_ANCHORS],
                                        const struct rcx_table *behaviour, const uint32_t *row_of,
                                        size_t rows, double *anchors, struct rcx_error *err)
{
    char name[NAME_BYTES];
    double *order_value = anchors + RCX_CLV_ANCHORS * rows;
    enum rcx_status status = behaviour_column(behaviour, "expected_order_value", row_of, rows,
                                              order_value, err);
    for (size_t a = 0; status == RCX_OK && a < RCX_CLV_ANCHORS; a++) {
        bool asked = a == RCX_CLV_ANCHORS - 1;
        snprintf(name, sizeof name, "%s_%" PRId32 "d",
                 asked ? "expected_value" : "expected_purchases", anchor_days[a]);
        status = behaviour_column(behaviour, name, row_of, rows, anchors + a * rows, err);
        for (size_t i = 0; status == RCX_OK && asked && i < rows; i++)
            anchors[a * rows + i] = order_value[i] > 0 ? anchors[a * rows + i] / order_value[i] : 0;
    }
    return status;
}

static enum rcx_status gather_revenue(const struct rcx_table *features, double *out,
                                      struct rcx_error *err)
{
    const struct rcx_column *column = rcx_table_find(features, "rfm_monetary_total");
    if (!column)
        return rcx_fail(err, RCX_E_INTERNAL, "clv: the feature table has no rfm_monetary_total");
    rcx_column_to_reals(column, out);
    for (size_t i = 0; i < features->rows; i++)
        out[i] = fmax(out[i], 0);
    return RCX_OK;
}

/* --- growing ------------------------------------------------------------------------------------ */

static bool reserve_one(double **values, size_t had, size_t need)
{
    size_t capacity = had;
    return rcx_array_reserve(values, &capacity, need, sizeof(double));
}

static bool reserve(struct rcx_clv_data *data, size_t more)
{
    size_t had = data->capacity, need = data->rows + more, capacity = had;
    bool ok = true;
    if (!data->columns)
        data->columns = rcx_calloc(data->inputs.count, sizeof *data->columns);
    if (!data->columns || need <= had)
        return data->columns != NULL;
    for (size_t c = 0; ok && c < data->inputs.count; c++)
        ok = reserve_one(&data->columns[c], had, need);
    for (size_t h = 0; ok && h < data->horizon_count; h++)
        ok = reserve_one(&data->target[h], had, need);
    for (size_t a = 0; ok && a < RCX_CLV_ANCHORS; a++)
        ok = reserve_one(&data->anchor[a], had, need);
    ok = ok && reserve_one(&data->order_value, had, need) &&
         reserve_one(&data->last_revenue, had, need) && reserve_one(&data->churned, had, need);
    ok = ok && rcx_array_reserve(&data->customer, &capacity, need, sizeof *data->customer);
    capacity = had;
    ok = ok && rcx_array_reserve(&data->day, &capacity, need, sizeof *data->day);
    if (ok)
        data->capacity = capacity;
    return ok;
}

static const struct rcx_column *target_column(const struct rcx_clv_data *data,
                                              const struct rcx_table *features, size_t horizon)
{
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "value_%" PRId32 "d", data->horizon_days[horizon]);
    return rcx_table_find(features, horizon == data->asked ? "clv" : name);
}

/* Whether the shortest horizon is complete, so that the rows are of use. */
static bool is_labelled(const struct rcx_clv_data *data, const struct rcx_table *features)
{
    const struct rcx_column *column = target_column(data, features, 0);
    return column && !rcx_column_is_null(column, 0);
}

/* The snapshot's rows behind those that are there. */
static enum rcx_status keep_rows(struct rcx_clv_data *data, const struct rcx_table *features,
                                 const struct rcx_table *behaviour, const double *anchors,
                                 struct rcx_error *err)
{
    struct rcx_churn_rows inputs = {0};
    const struct rcx_column *id = rcx_table_find(features, "customer_id");
    const struct rcx_column *churn = rcx_table_find(features, "churn");
    size_t at = data->rows, count = features->rows;
    if (!reserve(data, count))
        return rcx_fail_nomem(err, "clv rows", count * data->inputs.count * sizeof(double));
    enum rcx_status status = rcx_churn_rows_build(&data->inputs, data->first_data_day, features,
                                                  behaviour, &inputs, err);
    if (status != RCX_OK)
        return status;
    for (size_t c = 0; c < data->inputs.count; c++)
        memcpy(data->columns[c] + at, inputs.columns[c], count * sizeof(double));
    rcx_churn_rows_release(&inputs);
    for (size_t h = 0; h < data->horizon_count; h++)
        rcx_column_to_reals(target_column(data, features, h), data->target[h] + at);
    for (size_t a = 0; a < RCX_CLV_ANCHORS; a++)
        memcpy(data->anchor[a] + at, anchors + a * count, count * sizeof(double));
    memcpy(data->order_value + at, anchors + RCX_CLV_ANCHORS * count, count * sizeof(double));
    rcx_column_to_reals(churn, data->churned + at);
    status = gather_revenue(features, data->last_revenue + at, err);
    rcx_day day = rcx_churn_table_day(features);
    for (size_t i = 0; i < count; i++) {
        data->customer[at + i] = id->type == RCX_TYPE_INT64 ? id->i64[i] : (int64_t)i;
        data->day[at + i] = day;
    }
    data->rows += count;
    return status;
}

/* --- clv_targets -------------------------------------------------------------------------------- */

static bool init_targets(const struct rcx_clv_data *data, const struct rcx_column *id,
                         struct rcx_table *out)
{
    char name[NAME_BYTES];
    struct rcx_column *column = rcx_table_add(out, "customer_id", id->type);
    bool ok = column != NULL;
    if (ok && id->type == RCX_TYPE_TEXT)
        column->dictionary = rcx_strings_retain(id->dictionary);
    ok = ok && rcx_table_add(out, "snapshot_date", RCX_TYPE_DATE);
    for (size_t h = 0; ok && h < data->horizon_count; h++) {
        snprintf(name, sizeof name, "value_%" PRId32 "d", data->horizon_days[h]);
        ok = rcx_table_add(out, h == data->asked ? "clv" : name, RCX_TYPE_REAL) != NULL;
    }
    return ok && rcx_table_add(out, "churn", RCX_TYPE_REAL) &&
           rcx_table_add(out, "expected_value", RCX_TYPE_REAL) &&
           rcx_table_add(out, "last_revenue", RCX_TYPE_REAL);
}

/* Rows of all snapshots, labelled or not. */
static enum rcx_status tell_targets(struct rcx_clv_data *data, const struct rcx_table *features,
                                    const double *anchors, struct rcx_error *err)
{
    struct rcx_table *out = &data->targets;
    const struct rcx_column *id = rcx_table_find(features, "customer_id");
    size_t at = out->rows, count = features->rows, c = 2;
    if ((out->column_count == 0 && !init_targets(data, id, out)) ||
        !rcx_table_resize(out, at + count))
        return rcx_fail_nomem(err, "clv targets", count * 64);
    size_t width = rcx_type_bytes(id->type);
    memcpy((char *)out->columns[0].values + at * width, id->values, count * width);
    for (size_t i = 0; i < count; i++)
        out->columns[1].i32[at + i] = rcx_churn_table_day(features);
    for (size_t h = 0; h < data->horizon_count; h++)
        rcx_column_to_reals(target_column(data, features, h), out->columns[c++].reals + at);
    rcx_column_to_reals(rcx_table_find(features, "churn"), out->columns[c++].reals + at);
    const double *views[RCX_CLV_ANCHORS];
    for (size_t a = 0; a < RCX_CLV_ANCHORS; a++)
        views[a] = anchors + a * count;
    rcx_clv_expected(data->anchor_days, views, anchors + RCX_CLV_ANCHORS * count, count,
                     data->horizon_days[data->asked], out->columns[c++].reals + at);
    return gather_revenue(features, out->columns[c].reals + at, err);
}

/* --- one snapshot ------------------------------------------------------------------------------- */

static enum rcx_status check_table(const struct rcx_clv_data *data,
                                   const struct rcx_table *features, struct rcx_error *err)
{
    bool ok = rcx_table_find(features, "churn") && rcx_table_find(features, "customer_id");
    for (size_t h = 0; h < data->horizon_count; h++)
        ok = ok && target_column(data, features, h);
    return ok ? RCX_OK
              : rcx_fail(err, RCX_E_INTERNAL, "clv: the feature table has not all the labels");
}

/* Row of the behaviour table for each feature row; every one has one. */
static enum rcx_status join(const struct rcx_table *features, const struct rcx_table *behaviour,
                            uint32_t **out, struct rcx_error *err)
{
    return rcx_row_join(features, behaviour, RCX_JOIN_EVERY_LEFT,
                        "clv: feature rows, behaviour rows", out, err);
}

static enum rcx_status add_snapshot(struct rcx_clv_data *data, const struct rcx_table *features,
                                    const struct rcx_table *behaviour, bool fitted,
                                    struct rcx_error *err)
{
    struct rcx_clv_snapshot snapshot = {.day = rcx_churn_table_day(features),
                                        .first = data->rows,
                                        .table_rows = features->rows,
                                        .behaviour_fitted = fitted};
    uint32_t *row_of = NULL;
    size_t count = features->rows;
    double *anchors = rcx_malloc_array((RCX_CLV_ANCHORS + 1) * count, sizeof *anchors);
    snapshot.data_days = snapshot.day + 1 - data->first_data_day;
    enum rcx_status status = anchors ? join(features, behaviour, &row_of, err)
                                     : rcx_fail_nomem(err, "clv rows", count * sizeof *anchors);
    if (status == RCX_OK)
        status = gather_behaviour(data->anchor_days, behaviour, row_of, count, anchors, err);
    if (status == RCX_OK && is_labelled(data, features))
        status = keep_rows(data, features, behaviour, anchors, err);
    if (status == RCX_OK)
        status = tell_targets(data, features, anchors, err);
    snapshot.rows = data->rows - snapshot.first;
    if (status == RCX_OK)
        data->snapshots[data->snapshot_count++] = snapshot;
    rcx_free(anchors);
    rcx_free(row_of);
    return status;
}

enum rcx_status rcx_clv_data_add(struct rcx_clv_data *data, const struct rcx_table *features,
                                 const struct rcx_table *behaviour, bool behaviour_fitted,
                                 struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    if (features->rows == 0) /* nobody bought in the window */
        return RCX_OK;
    status = check_table(data, features, err);
    if (status == RCX_OK && data->inputs.count == 0)
        status = rcx_churn_inputs_choose(features, data->models, data->churn_days, &data->inputs,
                                         err);
    if (status == RCX_OK && !rcx_array_reserve(&data->snapshots, &data->snapshot_capacity,
                                               data->snapshot_count + 1, sizeof *data->snapshots))
        status = rcx_fail_nomem(err, "snapshots", sizeof *data->snapshots);
    if (status == RCX_OK)
        status = add_snapshot(data, features, behaviour, behaviour_fitted, err);
    return status;
}

/* --- rows to score ------------------------------------------------------------------------------ */

void rcx_clv_rows_release(struct rcx_clv_rows *rows)
{
    rcx_churn_rows_release(&rows->inputs);
    rcx_free(rows->block);
    *rows = (struct rcx_clv_rows){0};
}

enum rcx_status rcx_clv_rows_build(const struct rcx_churn_inputs *inputs, rcx_day first_data_day,
                                   int32_t horizon_days, const struct rcx_table *features,
                                   const struct rcx_table *behaviour, struct rcx_clv_rows *out,
                                   struct rcx_error *err)
{
    struct rcx_clv_rows rows = {0};
    const double *views[RCX_CLV_ANCHORS];
    int32_t anchor_days[RCX_CLV_ANCHORS];
    uint32_t *row_of = NULL;
    size_t count = features->rows;
    choose_anchors(horizon_days, anchor_days);
    rows.block = rcx_malloc_array((RCX_CLV_ANCHORS + 3) * count + 1, sizeof(double));
    enum rcx_status status = rows.block ? join(features, behaviour, &row_of, err)
                                        : rcx_fail_nomem(err, "clv rows", count * sizeof(double));
    if (status == RCX_OK)
        status = rcx_churn_rows_build(inputs, first_data_day, features, behaviour, &rows.inputs,
                                      err);
    if (status == RCX_OK)
        status = gather_behaviour(anchor_days, behaviour, row_of, count, rows.block, err);
    if (status == RCX_OK) {
        rows.order_value = rows.block + RCX_CLV_ANCHORS * count;
        rows.last_revenue = rows.order_value + count;
        rows.expected = rows.last_revenue + count;
        for (size_t a = 0; a < RCX_CLV_ANCHORS; a++)
            views[a] = rows.block + a * count;
        rcx_clv_expected(anchor_days, views, rows.order_value, count, horizon_days, rows.expected);
        rows.view = (struct rcx_clv_view){rows.inputs.matrix, rows.last_revenue, rows.expected};
        status = gather_revenue(features, rows.last_revenue, err);
    }
    rcx_free(row_of);
    if (status == RCX_OK)
        *out = rows;
    else
        rcx_clv_rows_release(&rows);
    return status;
}
