#include "ml/tasks/churn/churn_data.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "ml/tasks/row_join.h"

const int32_t rcx_churn_sensitivity_days[RCX_CHURN_SENSITIVITY] = {60, 90, 120};

void rcx_churn_data_init(struct rcx_churn_data *out, const struct rcx_cfg_churn *cfg,
                         const struct rcx_cfg_models *models, rcx_day first_data_day,
                         int64_t value_days)
{
    size_t steps = (size_t)(value_days / 30);
    out->cfg = cfg;
    out->models = models;
    out->first_data_day = first_data_day;
    out->value_steps = steps < RCX_CHURN_VALUE_STEPS ? steps : RCX_CHURN_VALUE_STEPS;
}

void rcx_churn_data_release(struct rcx_churn_data *data)
{
    for (size_t c = 0; data->columns && c < data->inputs.count; c++)
        rcx_free(data->columns[c]);
    rcx_free(data->columns);
    rcx_churn_inputs_release(&data->inputs);
    rcx_free(data->snapshots);
    rcx_free(data->offset);
    rcx_free(data->label);
    rcx_free(data->order_value);
    rcx_free(data->customer);
    rcx_free(data->day);
    rcx_free(data->table_row);
    rcx_free(data->draw);
    rcx_table_release(&data->labels);
    *data = (struct rcx_churn_data){0};
}

/* --- columns of a snapshot ---------------------------------------------------------------------- */

/* The tables of one snapshot, joined. */
struct joined {
    const struct rcx_table *features, *behaviour;
    uint32_t *behaviour_row; /* [features->rows] */
    rcx_day day;
    int32_t covered_days;
    double *scratch; /* [max rows of the two] */
};

static void joined_release(struct joined *joined)
{
    rcx_free(joined->behaviour_row);
    rcx_free(joined->scratch);
}

static enum rcx_status join(const struct rcx_table *features, const struct rcx_table *behaviour,
                            rcx_day first_data_day, struct joined *out, struct rcx_error *err)
{
    const struct rcx_column *window = rcx_table_find(features, "observation_window_days");
    if (!window || features->rows == 0)
        return rcx_fail(err, RCX_E_INTERNAL, "churn: a feature table without rows or window");
    *out = (struct joined){
        .features = features, .behaviour = behaviour, .day = rcx_churn_table_day(features)};
    out->covered_days = rcx_split_covered_days(first_data_day, out->day, window->i32[0]);
    size_t most = features->rows > behaviour->rows ? features->rows : behaviour->rows;
    enum rcx_status status = rcx_row_join(features, behaviour, RCX_JOIN_EVERY_LEFT,
                                          "churn: feature rows, behaviour rows",
                                          &out->behaviour_row, err);
    if (status != RCX_OK)
        return status;
    out->scratch = rcx_malloc_array(most, sizeof(double));
    return out->scratch ? RCX_OK : rcx_fail_nomem(err, "churn rows", most * sizeof(double));
}

/* Values of a table's column for the picked feature rows. */
static enum rcx_status gather(const struct joined *joined, const char *name, bool of_behaviour,
                              const uint32_t *picks, size_t count, double *out,
                              struct rcx_error *err)
{
    const struct rcx_column *column = rcx_table_find(
        of_behaviour ? joined->behaviour : joined->features, name);
    if (!column)
        return rcx_fail(err, RCX_E_INTERNAL, "churn: the %s table has no column '%s'",
                        of_behaviour ? "behaviour" : "feature", name);
    rcx_column_to_reals(column, joined->scratch);
    for (size_t i = 0; i < count; i++) {
        size_t row = picks ? picks[i] : i;
        out[i] = joined->scratch[of_behaviour ? joined->behaviour_row[row] : row];
    }
    return RCX_OK;
}

/* All inputs of the picked rows into columns[c] + at, and the offsets. */
static enum rcx_status fill(const struct rcx_churn_inputs *inputs, const struct joined *joined,
                            const uint32_t *picks, size_t count, double *const *columns, size_t at,
                            double *offset, struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    for (size_t c = 0; status == RCX_OK && c < inputs->count; c++) {
        double *out = columns[c] + at;
        if (inputs->columns[c]) {
            status = gather(joined, inputs->columns[c], c >= inputs->without_behaviour, picks,
                            count, out, err);
            continue;
        }
        for (size_t i = 0; i < count; i++)
            out[i] = joined->covered_days;
    }
    const double *p = columns[inputs->without_behaviour + 3] + at; /* btyd_p_no_purchase */
    for (size_t i = 0; status == RCX_OK && i < count; i++)
        offset[at + i] = rcx_churn_offset_of(p[i]);
    return status;
}

/* --- growing ------------------------------------------------------------------------------------ */

static bool reserve(struct rcx_churn_data *data, size_t more)
{
    size_t need = data->rows + more, capacity = data->capacity;
    bool ok = true;
    if (!data->columns) {
        data->columns = rcx_calloc(data->inputs.count, sizeof *data->columns);
        ok = data->columns != NULL;
    }
    if (!ok || need <= capacity)
        return ok;
    for (size_t c = 0; ok && c < data->inputs.count; c++) {
        capacity = data->capacity;
        ok = rcx_array_reserve(&data->columns[c], &capacity, need, sizeof(double));
    }
    double **reals[] = {&data->offset, &data->label, &data->order_value};
    for (size_t k = 0; ok && k < 3; k++) {
        capacity = data->capacity;
        ok = rcx_array_reserve(reals[k], &capacity, need, sizeof(double));
    }
    capacity = data->capacity;
    ok = ok && rcx_array_reserve(&data->customer, &capacity, need, sizeof *data->customer);
    capacity = data->capacity;
    ok = ok && rcx_array_reserve(&data->table_row, &capacity, need, sizeof *data->table_row);
    capacity = data->capacity;
    ok = ok && rcx_array_reserve(&data->draw, &capacity, need, sizeof *data->draw);
    capacity = data->capacity;
    ok = ok && rcx_array_reserve(&data->day, &capacity, need, sizeof *data->day);
    if (ok)
        data->capacity = capacity;
    return ok;
}

/* Rows with a label of eligible customers. */
static uint32_t *pick_rows(const struct rcx_table *features, struct rcx_churn_snapshot *snapshot)
{
    const struct rcx_column *eligible = rcx_table_find(features, "churn_eligible");
    const struct rcx_column *churn = rcx_table_find(features, "churn");
    uint32_t *picks = rcx_malloc_array(features->rows + 1, sizeof *picks);
    for (size_t i = 0; picks && i < features->rows; i++) {
        snapshot->eligible += eligible->booleans[i] != 0;
        snapshot->labelled = snapshot->labelled || !rcx_column_is_null(churn, i);
        if (eligible->booleans[i] && !rcx_column_is_null(churn, i))
            picks[snapshot->rows++] = (uint32_t)i;
    }
    return picks;
}

/* A hash of the customer's id. */
static uint32_t draw_of(const struct rcx_column *id, size_t row)
{
    if (id->type == RCX_TYPE_INT64)
        return (uint32_t)rcx_hash64(&id->i64[row], sizeof id->i64[row]);
    struct rcx_text text = rcx_strings_get(id->dictionary, id->codes[row]);
    return (uint32_t)rcx_hash64(text.data, text.length);
}

static enum rcx_status keep_rows(struct rcx_churn_data *data, const struct joined *joined,
                                 const uint32_t *picks, struct rcx_churn_snapshot *snapshot,
                                 struct rcx_error *err)
{
    size_t at = data->rows, count = snapshot->rows;
    const struct rcx_column *id = rcx_table_find(joined->features, "customer_id");
    if (!reserve(data, count))
        return rcx_fail_nomem(err, "churn rows", count * data->inputs.count * sizeof(double));
    snapshot->first = at;
    enum rcx_status status = fill(&data->inputs, joined, picks, count, data->columns, at,
                                  data->offset, err);
    if (status == RCX_OK)
        status = gather(joined, "churn", false, picks, count, data->label + at, err);
    if (status == RCX_OK)
        status = gather(joined, "rfm_monetary_avg", false, picks, count, data->order_value + at,
                        err);
    if (status != RCX_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        data->customer[at + i] = id->type == RCX_TYPE_INT64 ? id->i64[picks[i]] : picks[i];
        data->table_row[at + i] = picks[i];
        data->draw[at + i] = draw_of(id, picks[i]);
        data->day[at + i] = joined->day;
        snapshot->positives += data->label[at + i] != 0;
    }
    data->rows += count;
    return RCX_OK;
}

/* --- what is told of a snapshot ----------------------------------------------------------------- */

static enum rcx_status sum_by_class(const struct joined *joined, const char *name,
                                    const uint32_t *picks, const double *label, size_t count,
                                    double *scratch, double out[2], struct rcx_error *err)
{
    enum rcx_status status = gather(joined, name, false, picks, count, scratch, err);
    for (size_t i = 0; status == RCX_OK && i < count; i++)
        out[label[i] != 0] += scratch[i];
    return status;
}

static enum rcx_status sum_values(const struct joined *joined, size_t steps, const uint32_t *picks,
                                  const double *label, double *scratch,
                                  struct rcx_churn_snapshot *snapshot, struct rcx_error *err)
{
    char name[RCX_CHURN_COLUMN_BYTES];
    enum rcx_status status = RCX_OK;
    for (size_t k = 0; status == RCX_OK && k < steps; k++) {
        snprintf(name, sizeof name, "value_%zud", 30 * (k + 1));
        status = gather(joined, name, false, picks, snapshot->rows, scratch, err);
        for (size_t i = 0; status == RCX_OK && i < snapshot->rows; i++) {
            struct rcx_churn_value *value = &snapshot->value[label[i] != 0][k];
            if (isnan(scratch[i]))
                continue;
            value->sum += scratch[i];
            value->rows++;
        }
    }
    return status;
}

static enum rcx_status sum_sensitivity(const struct joined *joined,
                                       struct rcx_churn_snapshot *snapshot, double *scratch,
                                       struct rcx_error *err)
{
    const struct rcx_column *eligible = rcx_table_find(joined->features, "churn_eligible");
    char name[RCX_CHURN_COLUMN_BYTES];
    enum rcx_status status = RCX_OK;
    for (size_t k = 0; status == RCX_OK && k < RCX_CHURN_SENSITIVITY; k++) {
        snprintf(name, sizeof name, "churn_%" PRId32 "d", rcx_churn_sensitivity_days[k]);
        status = gather(joined, name, false, NULL, joined->features->rows, scratch, err);
        for (size_t i = 0; status == RCX_OK && i < joined->features->rows; i++) {
            if (!eligible->booleans[i] || isnan(scratch[i]))
                continue;
            snapshot->churned[k] += scratch[i];
            snapshot->known[k]++;
        }
    }
    return status;
}

static enum rcx_status describe(const struct rcx_churn_data *data, const struct joined *joined,
                                const uint32_t *picks, struct rcx_churn_snapshot *snapshot,
                                struct rcx_error *err)
{
    const double *label = data->label + snapshot->first;
    size_t count = snapshot->rows;
    double *scratch = rcx_malloc_array(joined->features->rows, sizeof *scratch);
    if (!scratch)
        return rcx_fail_nomem(err, "churn labels", joined->features->rows * sizeof *scratch);
    enum rcx_status status = sum_by_class(joined, "rfm_recency_days", picks, label, count, scratch,
                                          snapshot->recency, err);
    if (status == RCX_OK)
        status = sum_by_class(joined, "rfm_frequency_count", picks, label, count, scratch,
                              snapshot->frequency, err);
    if (status == RCX_OK)
        status = sum_by_class(joined, "rfm_monetary_total", picks, label, count, scratch,
                              snapshot->revenue, err);
    if (status == RCX_OK)
        status = sum_values(joined, data->value_steps, picks, label, scratch, snapshot, err);
    if (status == RCX_OK)
        status = sum_sensitivity(joined, snapshot, scratch, err);
    rcx_free(scratch);
    return status;
}

static bool init_labels(struct rcx_table *labels, const struct rcx_column *id)
{
    struct rcx_column *column = rcx_table_add(labels, "customer_id", id->type);
    if (!column)
        return false;
    if (id->type == RCX_TYPE_TEXT)
        column->dictionary = rcx_strings_retain(id->dictionary);
    return rcx_table_add(labels, "snapshot_date", RCX_TYPE_DATE) &&
           rcx_table_add(labels, "churn_eligible", RCX_TYPE_BOOL) &&
           rcx_table_add(labels, "churn", RCX_TYPE_INT32) &&
           rcx_table_add(labels, "initial_score", RCX_TYPE_REAL);
}

/* Appends all rows of the snapshot to churn_labels. */
static enum rcx_status tell_labels(struct rcx_table *labels, const struct joined *joined,
                                   int64_t horizon_days, struct rcx_error *err)
{
    const struct rcx_table *features = joined->features;
    const struct rcx_column *id = rcx_table_find(features, "customer_id");
    const struct rcx_column *churn = rcx_table_find(features, "churn");
    const struct rcx_column *eligible = rcx_table_find(features, "churn_eligible");
    char name[RCX_CHURN_COLUMN_BYTES];
    size_t at = labels->rows;
    if ((labels->column_count == 0 && !init_labels(labels, id)) ||
        !rcx_table_resize(labels, at + features->rows))
        return rcx_fail_nomem(err, "churn labels", features->rows * 32);
    struct rcx_column *columns = labels->columns;
    size_t width = rcx_type_bytes(id->type);
    memcpy((char *)columns[0].values + at * width, id->values, features->rows * width);
    for (size_t i = 0; i < features->rows; i++) {
        columns[1].i32[at + i] = joined->day;
        columns[2].booleans[at + i] = eligible->booleans[i];
        columns[3].i32[at + i] = rcx_column_is_null(churn, i) ? 0 : churn->i32[i];
        if (rcx_column_is_null(churn, i) && !rcx_column_set_null(&columns[3], at + i))
            return rcx_fail_nomem(err, "churn labels", features->rows / 8);
    }
    double *score = columns[4].reals + at;
    enum rcx_status status = gather(joined, rcx_churn_no_purchase_column(horizon_days, name), true,
                                    NULL, features->rows, score, err);
    for (size_t i = 0; status == RCX_OK && i < features->rows; i++)
        score[i] = rcx_churn_offset_of(score[i]);
    return status;
}

static enum rcx_status add_joined(struct rcx_churn_data *data, const struct joined *joined,
                                  struct rcx_churn_snapshot *snapshot, struct rcx_error *err)
{
    uint32_t *picks = pick_rows(joined->features, snapshot);
    enum rcx_status status = picks ? keep_rows(data, joined, picks, snapshot, err)
                                   : rcx_fail_nomem(err, "churn rows", joined->features->rows);
    if (status == RCX_OK)
        status = describe(data, joined, picks, snapshot, err);
    if (status == RCX_OK)
        status = tell_labels(&data->labels, joined, data->cfg->horizon_days, err);
    rcx_free(picks);
    return status;
}

enum rcx_status rcx_churn_data_add(struct rcx_churn_data *data, const struct rcx_table *features,
                                   const struct rcx_table *behaviour, bool behaviour_fitted,
                                   struct rcx_error *err)
{
    struct rcx_churn_snapshot snapshot = {.table_rows = features->rows,
                                          .label_first = data->labels.rows,
                                          .behaviour_fitted = behaviour_fitted};
    struct joined joined = {0};
    enum rcx_status status = RCX_OK;
    if (features->rows == 0) /* nobody bought in the window */
        return RCX_OK;
    if (!rcx_table_find(features, "churn") || !rcx_table_find(features, "churn_eligible"))
        return rcx_fail(err, RCX_E_INTERNAL, "churn: the feature table has no labels");
    if (data->inputs.count == 0)
        status = rcx_churn_inputs_choose(features, data->models, data->cfg->horizon_days,
                                         &data->inputs, err);
    if (status == RCX_OK && !rcx_array_reserve(&data->snapshots, &data->snapshot_capacity,
                                               data->snapshot_count + 1, sizeof snapshot))
        status = rcx_fail_nomem(err, "snapshots", sizeof snapshot);
    if (status == RCX_OK)
        status = join(features, behaviour, data->first_data_day, &joined, err);
    if (status == RCX_OK) {
        snapshot.day = joined.day;
        snapshot.covered_days = joined.covered_days;
        status = add_joined(data, &joined, &snapshot, err);
    }
    if (status == RCX_OK)
        data->snapshots[data->snapshot_count++] = snapshot;
    joined_release(&joined);
    return status;
}

/* --- rows to score ------------------------------------------------------------------------------ */

void rcx_churn_rows_release(struct rcx_churn_rows *rows)
{
    if (rows->columns)
        rcx_free(rows->columns[0]);
    rcx_free(rows->columns);
    rcx_free(rows->views);
    rcx_free(rows->offset);
    *rows = (struct rcx_churn_rows){0};
}

static bool rows_init(const struct rcx_churn_inputs *inputs, size_t rows,
                      struct rcx_churn_rows *out)
{
    out->rows = rows;
    out->column_count = inputs->count;
    out->columns = rcx_calloc(inputs->count, sizeof *out->columns);
    out->views = rcx_calloc(inputs->count, sizeof *out->views);
    out->offset = rcx_malloc_array(rows + 1, sizeof *out->offset);
    if (!out->columns || !out->views || !out->offset)
        return false;
    out->columns[0] = rcx_malloc_array(rows * inputs->count + 1, sizeof(double));
    for (size_t c = 0; out->columns[0] && c < inputs->count; c++) {
        out->columns[c] = out->columns[0] + c * rows;
        out->views[c] = out->columns[c];
    }
    out->matrix = (struct rcx_matrix){.rows = rows,
                                      .column_count = inputs->count,
                                      .columns = out->views,
                                      .names = (const char *const *)inputs->names};
    return out->columns[0] != NULL;
}

enum rcx_status rcx_churn_rows_build(const struct rcx_churn_inputs *inputs, rcx_day first_data_day,
                                     const struct rcx_table *features,
                                     const struct rcx_table *behaviour, struct rcx_churn_rows *out,
                                     struct rcx_error *err)
{
    struct rcx_churn_rows rows = {0};
    struct joined joined = {0};
    enum rcx_status status = RCX_OK;
    if (!rows_init(inputs, features->rows, &rows))
        status = rcx_fail_nomem(err, "churn rows", features->rows * inputs->count * sizeof(double));
    if (status == RCX_OK && features->rows > 0)
        status = join(features, behaviour, first_data_day, &joined, err);
    if (status == RCX_OK && features->rows > 0)
        status = fill(inputs, &joined, NULL, features->rows, rows.columns, 0, rows.offset, err);
    joined_release(&joined);
    if (status == RCX_OK)
        *out = rows;
    else
        rcx_churn_rows_release(&rows);
    return status;
}
