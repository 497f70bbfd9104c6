#include "engine/exec/feature_table.h"

#include <math.h>
#include <stdio.h>

#include "engine/pit/labels.h"

enum {
    OBSERVATION_START = RCX_FEATURE_FIRST_COLUMN + RCX_FEATURE_COUNT,
    OBSERVATION_DAYS,
    ELIGIBLE,
    CHURN,
    CLV,
    MORE
};

static bool add_more_labels(const struct rcx_more_horizons *more, struct rcx_table *table)
{
    char name[32];
    bool ok = true;
    for (size_t m = 0; ok && m < rcx_more_horizons_count(more); m++) {
        snprintf(name, sizeof name, "%s_%dd", m < more->churn_count ? "churn" : "value",
                 more->days[m]);
        ok = rcx_table_add(table, name, RCX_TYPE_REAL) != NULL;
    }
    return ok;
}

static bool add_columns(const struct rcx_cfg_features *cfg, const struct rcx_feature_plan *plan,
                        const struct rcx_store *store, struct rcx_table *table)
{
    char name[RCX_FEATURE_NAME_BYTES];
    bool text = rcx_store_summary(store)->decisions.customer_is_text;
    struct rcx_column *id = rcx_table_add(table, "customer_id",
                                          text ? RCX_TYPE_TEXT : RCX_TYPE_INT64);
    if (!id)
        return false;
    if (text)
        id->dictionary = rcx_strings_retain(rcx_store_strings(store, RCX_TEXT_CUSTOMER));
    bool ok = rcx_table_add(table, "snapshot_date", RCX_TYPE_DATE) != NULL;
    for (enum rcx_feature f = 0; f < RCX_FEATURE_COUNT; f++)
        ok = ok && rcx_table_add(table, rcx_feature_name(f, cfg, name),
                                 rcx_feature_info(f)->type == RCX_FEATURE_INT ? RCX_TYPE_INT32
                                                                              : RCX_TYPE_REAL);
    ok = ok && rcx_table_add(table, "observation_start_date", RCX_TYPE_DATE);
    ok = ok && rcx_table_add(table, "observation_window_days", RCX_TYPE_INT32);
    if (plan->with_labels) {
        ok = ok && rcx_table_add(table, "churn_eligible", RCX_TYPE_BOOL);
        ok = ok && rcx_table_add(table, "churn", RCX_TYPE_INT32);
        ok = ok && rcx_table_add(table, "clv", RCX_TYPE_REAL);
        ok = ok && add_more_labels(&plan->labels.more, table);
    }
    return ok;
}

enum rcx_status rcx_feature_table_init(const struct rcx_cfg_features *cfg,
                                       const struct rcx_feature_plan *plan,
                                       const struct rcx_store *store, size_t rows, bool dense,
                                       struct rcx_table *out, struct rcx_error *err)
{
    struct rcx_table table = {0};
    if (!add_columns(cfg, plan, store, &table) ||
        !(dense ? rcx_table_reserve_dense(&table, rows) : rcx_table_reserve(&table, rows))) {
        rcx_table_release(&table);
        return rcx_fail_nomem(err, "feature table",
                              rows * rcx_feature_table_row_bytes(plan->with_labels));
    }
    *out = table;
    return RCX_OK;
}

size_t rcx_feature_table_row_bytes(bool with_labels)
{
    size_t bytes = 8 + 4 + 4 + 4 + (with_labels ? 1 + 4 + 8 : 0);
    for (enum rcx_feature f = 0; f < RCX_FEATURE_COUNT; f++)
        bytes += rcx_feature_info(f)->type == RCX_FEATURE_INT ? 4 : 8;
    return bytes;
}

static void put_ids(struct rcx_column *column, size_t at, const struct rcx_feature_row *rows,
                    const uint32_t *picks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (column->type == RCX_TYPE_TEXT)
            column->codes[at + i] = (uint32_t)rows[picks[i]].customer;
        else
            column->i64[at + i] = rows[picks[i]].customer;
    }
}

static void put_labels(const struct rcx_table *table, size_t at, const struct rcx_feature_row *rows,
                       const uint32_t *picks, size_t count)
{
    struct rcx_column *columns = table->columns;
    for (size_t i = 0; i < count; i++) {
        const struct rcx_labels *labels = &rows[picks[i]].labels;
        columns[ELIGIBLE].booleans[at + i] = labels->eligible;
        columns[CHURN].i32[at + i] = labels->churn < 0 ? 0 : labels->churn;
        columns[CLV].reals[at + i] = labels->clv;
        for (size_t m = 0; MORE + m < table->column_count; m++)
            columns[MORE + m].reals[at + i] = rows[picks[i]].more[m];
    }
}

/* A column at a time: the rows of a block stay in the second cache, and the columns, which do not,
 * are written as one stream each. (Pieces of 32 rows were measured to take twice the time.) */
void rcx_feature_table_put(struct rcx_table *table, size_t at, const struct rcx_feature_row *rows,
                           const uint32_t *picks, size_t count)
{
    struct rcx_column *columns = table->columns;
    put_ids(&columns[0], at, rows, picks, count);
    for (size_t f = 0; f < RCX_FEATURE_COUNT; f++) {
        struct rcx_column *column = &columns[RCX_FEATURE_FIRST_COLUMN + f];
        if (column->type == RCX_TYPE_INT32) {
            int32_t *out = column->i32 + at;
            for (size_t i = 0; i < count; i++)
                out[i] = (int32_t)rows[picks[i]].slots[f].whole;
        } else {
            double *out = column->reals + at;
            for (size_t i = 0; i < count; i++)
                out[i] = rows[picks[i]].slots[f].real;
        }
    }
    if (table->column_count > ELIGIBLE)
        put_labels(table, at, rows, picks, count);
}

static void normalise_engagement(const struct rcx_feature_plan *plan, struct rcx_table *table)
{
    const double *score = table->columns[RCX_FEATURE_FIRST_COLUMN + RCX_FEATURE_ENGAGEMENT].reals;
    double *out = table->columns[RCX_FEATURE_FIRST_COLUMN + RCX_FEATURE_ENGAGEMENT_NORM].reals;
    double highest = 0;
    for (size_t i = 0; i < table->rows; i++)
        highest = score[i] > highest ? score[i] : highest;
    double floor = plan->definitions == RCX_DEFINITIONS_ORIGINAL ? -INFINITY : 0;
    for (size_t i = 0; i < table->rows; i++) {
        double share = highest > 0 ? score[i] / highest : 0;
        out[i] = share > floor ? share : floor;
    }
}

enum rcx_status rcx_feature_table_finish(const struct rcx_feature_plan *plan, size_t snapshot,
                                         struct rcx_table *table, struct rcx_error *err)
{
    struct rcx_column *columns = table->columns;
    rcx_day day = plan->snapshots[snapshot];
    for (size_t i = 0; i < table->rows; i++) {
        columns[1].i32[i] = day;
        columns[OBSERVATION_START].i32[i] = day - plan->observation_days + 1;
        columns[OBSERVATION_DAYS].i32[i] = plan->observation_days;
    }
    normalise_engagement(plan, table);
    if (!plan->with_labels || rcx_churn_known(&plan->labels, day))
        return RCX_OK;
    for (size_t i = 0; i < table->rows; i++) {
        if (!rcx_column_set_null(&columns[CHURN], i))
            return rcx_fail_nomem(err, "labels", table->rows / 8);
    }
    return RCX_OK;
}
