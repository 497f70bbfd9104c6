#include "ml/tasks/clv/clv_score.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "ml/tasks/row_join.h"

enum column {
    CUSTOMER,
    DAY,
    VALUE,
    CALIBRATED,
    Q10,
    Q50,
    Q90,
    LOW,
    HIGH,
    ACTIVE,
    LAPSED,
    ORDER_VALUE,
    DISCOUNTED,
    EXPECTED,
    STATUS,
    COLUMNS
};
enum status { SCORED, DORMANT, FEW_ROWS, NO_CLEAN_PURCHASE, STATUSES };

static const double DAYS_A_YEAR = 365;

static struct rcx_strings *status_texts(void)
{
    static const char *const texts[STATUSES] = {"scored", "dormant", "few_rows",
                                                "no_clean_purchase"};
    struct rcx_strings *strings = rcx_strings_new(STATUSES, sizeof "scored dormant few_rows "
                                                                   "no_clean_purchase");
    for (uint32_t i = 0, at = 0; strings && i < STATUSES; i++) {
        strings->offsets[i] = at;
        memcpy(strings->bytes + at, texts[i], strlen(texts[i]));
        at += (uint32_t)strlen(texts[i]);
        strings->offsets[i + 1] = at;
    }
    return strings;
}

static bool add_columns(const struct rcx_column *id, struct rcx_table *out)
{
    static const char *const names[COLUMNS] = {
        "customer_id",      "snapshot_date",   "value",           "value_calibrated",
        "value_q10",        "value_q50",       "value_q90",       "interval_low",
        "interval_high",    "value_if_active", "value_if_lapsed", "expected_order_value",
        "discounted_value", "expected_value",  "status"};
    for (int c = 0; c < COLUMNS; c++) {
        enum rcx_type type = c == CUSTOMER ? id->type
                             : c == DAY    ? RCX_TYPE_DATE
                             : c == STATUS ? RCX_TYPE_TEXT
                                           : RCX_TYPE_REAL;
        if (!rcx_table_add(out, names[c], type))
            return false;
    }
    if (id->type == RCX_TYPE_TEXT)
        out->columns[CUSTOMER].dictionary = rcx_strings_retain(id->dictionary);
    out->columns[STATUS].dictionary = status_texts();
    return out->columns[STATUS].dictionary != NULL;
}

struct scoring {
    const struct rcx_clv_score_job *job;
    const struct rcx_table *known;
    struct rcx_clv_rows rows; /* feature rows */
    struct rcx_clv_ranges ranges;
    double *value, *active, *lapsed;       /* [feature rows] */
    uint32_t *feature_row, *behaviour_row; /* [known rows] */
    const struct rcx_column *recency, *age, *expected, *discounted, *order_value, *average;
    double plain_discount; /* of a steady flow over the horizon */
    double scale;          /* of calibrated values of scored rows */
    struct rcx_clv_scores scores;
};

static void scoring_release(struct scoring *scoring)
{
    rcx_clv_rows_release(&scoring->rows);
    rcx_clv_ranges_release(&scoring->ranges);
    rcx_free(scoring->value);
    rcx_free(scoring->feature_row);
    rcx_free(scoring->behaviour_row);
}

static enum rcx_status join_known(struct scoring *scoring, struct rcx_error *err)
{
    const struct rcx_clv_score_job *job = scoring->job;
    enum rcx_status status = rcx_row_join(scoring->known, job->behaviour, RCX_JOIN_EVERY_RIGHT,
                                          "clv scores: known customers, behaviour rows",
                                          &scoring->behaviour_row, err);
    if (status == RCX_OK)
        status = rcx_row_join(scoring->known, job->features, RCX_JOIN_EVERY_RIGHT,
                              "clv scores: known customers, feature rows", &scoring->feature_row,
                              err);
    return status;
}

static enum rcx_status find_columns(struct scoring *scoring, struct rcx_error *err)
{
    char name[64];
    const struct rcx_table *behaviour = scoring->job->behaviour;
    int32_t days = scoring->job->model->horizon_days;
    double rate = log1p(scoring->job->annual_discount_rate) / DAYS_A_YEAR * days;
    scoring->plain_discount = rate > 0 ? -expm1(-rate) / rate : 1;
    scoring->recency = rcx_table_find(behaviour, "recency");
    scoring->age = rcx_table_find(behaviour, "T");
    scoring->order_value = rcx_table_find(behaviour, "expected_order_value");
    snprintf(name, sizeof name, "expected_value_%" PRId32 "d", days);
    scoring->expected = rcx_table_find(behaviour, name);
    snprintf(name, sizeof name, "discounted_value_%" PRId32 "d", days);
    scoring->discounted = rcx_table_find(behaviour, name);
    scoring->average = rcx_table_find(scoring->job->features, "rfm_monetary_avg");
    return scoring->recency && scoring->age && scoring->order_value && scoring->expected &&
                   scoring->discounted && scoring->average
               ? RCX_OK
               : rcx_fail(err, RCX_E_INTERNAL, "clv scores: a column of the tables is missing");
}

static enum rcx_status predict(struct scoring *scoring, struct rcx_error *err)
{
    const struct rcx_clv_score_job *job = scoring->job;
    const struct rcx_clv_model *model = job->model;
    size_t rows = job->features->rows;
    scoring->value = rcx_malloc_array(3 * rows + 1, sizeof *scoring->value);
    if (!scoring->value)
        return rcx_fail_nomem(err, "clv scores", 3 * rows * sizeof(double));
    scoring->active = scoring->value + rows;
    scoring->lapsed = scoring->active + rows;
    enum rcx_status status = rcx_clv_rows_build(&model->inputs, job->first_data_day,
                                                model->horizon_days, job->features, job->behaviour,
                                                &scoring->rows, err);
    const struct rcx_clv_view *view = &scoring->rows.view;
    if (status == RCX_OK)
        status = rcx_clv_fit_predict(&model->fit, model->chosen, view, &job->parallel,
                                     scoring->value, err);
    if (status == RCX_OK)
        status = rcx_clv_ranges_predict(model->quantiles, &model->conformal, view, &job->parallel,
                                        &scoring->ranges, err);
    if (status == RCX_OK)
        status = rcx_clv_conditional_predict(&model->conditional, view, &job->parallel,
                                             scoring->active, scoring->lapsed,
                                             &scoring->scores.limited, err);
    for (size_t i = 0; status == RCX_OK && i < rows; i++) {
        scoring->scores.total += scoring->value[i];
        scoring->scores.total_behaviour += isnan(scoring->rows.expected[i])
                                               ? 0
                                               : scoring->rows.expected[i];
    }
    struct rcx_clv_scores *scores = &scoring->scores;
    scoring->scale = scores->total > 0
                         ? model->total_ratio * scores->total_behaviour / scores->total
                         : (double)NAN;
    scores->total_calibrated = scores->total * scoring->scale;
    scores->scored = rows;
    return status;
}

/* --- one customer after the other --------------------------------------------------------------- */

static enum status status_of(const struct scoring *scoring, uint32_t feature, uint32_t behaviour)
{
    if (feature != UINT32_MAX)
        return SCORED;
    if (behaviour == UINT32_MAX)
        return NO_CLEAN_PURCHASE;
    double silent = 7 * (scoring->age->reals[behaviour] - scoring->recency->reals[behaviour]);
    return nearbyint(silent) < scoring->job->observation_days ? FEW_ROWS : DORMANT;
}

static void put_scored(const struct scoring *scoring, uint32_t row, size_t i,
                       struct rcx_column *columns)
{
    columns[VALUE].reals[i] = scoring->value[row];
    columns[CALIBRATED].reals[i] = scoring->value[row] * scoring->scale;
    for (int q = 0; q < RCX_CLV_QUANTILES; q++)
        columns[Q10 + q].reals[i] = scoring->ranges.quantile[q][row];
    columns[LOW].reals[i] = scoring->ranges.low[row];
    columns[HIGH].reals[i] = scoring->ranges.high[row];
    columns[ACTIVE].reals[i] = scoring->active[row];
    columns[LAPSED].reals[i] = scoring->lapsed[row];
}

/* From the behaviour model alone. */
static void put_unscored(const struct scoring *scoring, double expected, size_t i,
                         struct rcx_column *columns)
{
    const struct rcx_clv_conditional *conditional = &scoring->job->model->conditional;
    double active = expected * conditional->ratio[RCX_CLV_ACTIVE];
    double lapsed = expected * conditional->ratio[RCX_CLV_LAPSED];
    columns[VALUE].reals[i] = expected;
    columns[CALIBRATED].reals[i] = expected * scoring->job->model->total_ratio;
    for (int c = Q10; c <= HIGH; c++)
        columns[c].reals[i] = NAN;
    columns[ACTIVE].reals[i] = active;
    columns[LAPSED].reals[i] = lapsed > active ? active : lapsed;
}

static void put_row(const struct scoring *scoring, size_t i, struct rcx_column *columns)
{
    uint32_t feature = scoring->feature_row[i], row = scoring->behaviour_row[i];
    double expected = row == UINT32_MAX ? (double)NAN : scoring->expected->reals[row];
    double order = row == UINT32_MAX ? (double)NAN : scoring->order_value->reals[row];
    double discount = scoring->plain_discount;
    if (feature != UINT32_MAX)
        put_scored(scoring, feature, i, columns);
    else
        put_unscored(scoring, expected, i, columns);
    if (isnan(order) && feature != UINT32_MAX)
        order = scoring->average->reals[feature];
    if (expected > 0)
        discount = scoring->discounted->reals[row] / expected;
    columns[DAY].i32[i] = scoring->job->day;
    columns[ORDER_VALUE].reals[i] = order;
    columns[DISCOUNTED].reals[i] = columns[VALUE].reals[i] * discount;
    columns[EXPECTED].reals[i] = expected;
    columns[STATUS].codes[i] = (uint32_t)status_of(scoring, feature, row);
}

enum rcx_status rcx_clv_score(const struct rcx_clv_score_job *job, struct rcx_table *out,
                              struct rcx_clv_scores *out_scores, struct rcx_error *err)
{
    struct rcx_table table = {0};
    struct scoring scoring = {.job = job, .known = job->known ? job->known : job->behaviour};
    const struct rcx_column *id = rcx_table_find(scoring.known, "customer_id");
    enum rcx_status status = join_known(&scoring, err);
    if (status == RCX_OK)
        status = find_columns(&scoring, err);
    if (status == RCX_OK)
        status = predict(&scoring, err);
    if (status == RCX_OK && (!add_columns(id, &table) || !rcx_table_resize(&table, id->rows)))
        status = rcx_fail_nomem(err, "clv scores", id->rows * COLUMNS * sizeof(double));
    if (status == RCX_OK) {
        memcpy(table.columns[CUSTOMER].values, id->values, id->rows * rcx_type_bytes(id->type));
        for (size_t i = 0; i < id->rows; i++)
            put_row(&scoring, i, table.columns);
        scoring.scores.customers = id->rows;
        *out_scores = scoring.scores;
        *out = table;
    } else {
        rcx_table_release(&table);
    }
    scoring_release(&scoring);
    return status;
}
