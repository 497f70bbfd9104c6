#include "ml/tasks/churn/churn_score.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "ml/tasks/row_join.h"

enum { TEXT_BLOCK = 4096, RISKS = 4 };

static const char *const status_names[RCX_CHURN_STATUSES] = {"scored", "new", "dormant", "few_rows",
                                                             "no_clean_purchase"};
static const char *const risk_names[RISKS] = {"Low", "Medium", "High", "Very High"};

const char *rcx_churn_status_name(enum rcx_churn_status status)
{
    return status_names[status];
}

static uint32_t risk_of(const struct rcx_cfg_churn *cfg, double p)
{
    return p < cfg->risk_medium ? 0 : p < cfg->risk_high ? 1 : p < cfg->risk_very_high ? 2 : 3;
}

const char *rcx_churn_risk_name(const struct rcx_cfg_churn *cfg, double probability)
{
    return risk_names[risk_of(cfg, probability)];
}

static struct rcx_strings *strings_of(const char *const *texts, uint32_t count)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        bytes += strlen(texts[i]);
    struct rcx_strings *strings = rcx_strings_new(count, bytes);
    for (uint32_t i = 0, at = 0; strings && i < count; i++) {
        size_t length = strlen(texts[i]);
        strings->offsets[i] = at;
        memcpy(strings->bytes + at, texts[i], length);
        at += (uint32_t)length;
        strings->offsets[i + 1] = at;
    }
    return strings;
}

/* --- the columns -------------------------------------------------------------------------------- */

enum {
    CUSTOMER,
    DAY,
    PROBABILITY,
    DECISION,
    RISK,
    STATUS,
    INITIAL_SCORE,
    TREE_SCORE,
    REASON,
    EFFECT = REASON + RCX_CHURN_REASONS,
    COLUMNS = EFFECT + RCX_CHURN_REASONS
};

static bool add_columns(const struct rcx_column *id, struct rcx_table *out)
{
    static const char *const names[COLUMNS] = {
        "customer_id", "snapshot_date", "churn_probability", "decision", "risk_level",
        "status",      "initial_score", "tree_score",        "reason_1", "reason_2",
        "reason_3",    "effect_1",      "effect_2",          "effect_3"};
    static const enum rcx_type types[COLUMNS] = {
        RCX_TYPE_INT64, RCX_TYPE_DATE, RCX_TYPE_REAL, RCX_TYPE_BOOL, RCX_TYPE_TEXT,
        RCX_TYPE_TEXT,  RCX_TYPE_REAL, RCX_TYPE_REAL, RCX_TYPE_TEXT, RCX_TYPE_TEXT,
        RCX_TYPE_TEXT,  RCX_TYPE_REAL, RCX_TYPE_REAL, RCX_TYPE_REAL};
    for (size_t c = 0; c < COLUMNS; c++) {
        struct rcx_column *column = rcx_table_add(out, names[c],
                                                  c == CUSTOMER ? id->type : types[c]);
        if (!column)
            return false;
    }
    if (id->type == RCX_TYPE_TEXT)
        out->columns[CUSTOMER].dictionary = rcx_strings_retain(id->dictionary);
    out->columns[RISK].dictionary = strings_of(risk_names, RISKS);
    out->columns[STATUS].dictionary = strings_of(status_names, RCX_CHURN_STATUSES);
    return out->columns[RISK].dictionary && out->columns[STATUS].dictionary;
}

/* --- one customer after the other --------------------------------------------------------------- */

struct scoring {
    const struct rcx_churn_score_job *job;
    const struct rcx_table *known;
    struct rcx_churn_rows rows; /* feature rows */
    double *probability, *tree_sum;
    struct rcx_churn_reason *reasons;
    uint32_t *feature_row, *behaviour_row; /* [known rows] */
    struct rcx_table *out;
};

static void scoring_release(struct scoring *scoring)
{
    rcx_churn_rows_release(&scoring->rows);
    rcx_free(scoring->probability);
    rcx_free(scoring->reasons);
    rcx_free(scoring->feature_row);
    rcx_free(scoring->behaviour_row);
}

static enum rcx_status join_known(struct scoring *scoring, struct rcx_error *err)
{
    const struct rcx_churn_score_job *job = scoring->job;
    enum rcx_status status = rcx_row_join(scoring->known, job->behaviour, RCX_JOIN_EVERY_RIGHT,
                                          "churn scores: known customers, behaviour rows",
                                          &scoring->behaviour_row, err);
    if (status == RCX_OK)
        status = rcx_row_join(scoring->known, job->features, RCX_JOIN_EVERY_RIGHT,
                              "churn scores: known customers, feature rows", &scoring->feature_row,
                              err);
    return status;
}

static enum rcx_status predict(struct scoring *scoring, struct rcx_churn_explained *explained,
                               struct rcx_error *err)
{
    const struct rcx_churn_score_job *job = scoring->job;
    size_t rows = job->features->rows;
    enum rcx_status status = rcx_churn_rows_build(&job->model->inputs, job->first_data_day,
                                                  job->features, job->behaviour, &scoring->rows,
                                                  err);
    if (status != RCX_OK)
        return status;
    scoring->probability = rcx_malloc_array(2 * rows + 1, sizeof(double));
    scoring->reasons = rcx_malloc_array(rows + 1, RCX_CHURN_REASONS * sizeof *scoring->reasons);
    if (!scoring->probability || !scoring->reasons)
        return rcx_fail_nomem(err, "churn scores", rows * sizeof *scoring->reasons);
    scoring->tree_sum = scoring->probability + rows;
    const struct rcx_churn_view view = {scoring->rows.matrix, scoring->rows.offset};
    status = rcx_churn_model_predict(job->model, &view, &job->parallel, scoring->probability,
                                     scoring->tree_sum, err);
    if (status == RCX_OK)
        status = rcx_churn_reasons(job->model, &view, &job->parallel, scoring->reasons, err);
    if (status == RCX_OK && explained)
        status = rcx_churn_mean_effects(job->model, &view, &job->parallel, explained->mean_effects,
                                        err);
    if (status == RCX_OK && explained)
        status = rcx_churn_effects_table(job->model, &view,
                                         rcx_table_find(job->features, "customer_id"),
                                         &explained->sample, err);
    return status;
}

/* Columns of the behaviour table that status and scores come from. */
struct behaviour_columns {
    const struct rcx_column *recency, *age, *no_purchase;
};

static enum rcx_status find_behaviour(const struct rcx_churn_score_job *job,
                                      struct behaviour_columns *out, struct rcx_error *err)
{
    char name[RCX_CHURN_COLUMN_BYTES];
    rcx_churn_no_purchase_column(job->model->horizon_days, name);
    out->recency = rcx_table_find(job->behaviour, "recency");
    out->age = rcx_table_find(job->behaviour, "T");
    out->no_purchase = rcx_table_find(job->behaviour, name);
    if (!out->recency || !out->age || !out->no_purchase)
        return rcx_fail(err, RCX_E_INPUT,
                        "churn scores: the behaviour table has no %s: the model was trained with "
                        "another churn.horizon_days",
                        name);
    return RCX_OK;
}

static enum rcx_churn_status status_of(const struct scoring *scoring,
                                       const struct behaviour_columns *behaviour,
                                       const struct rcx_column *eligible, size_t i)
{
    uint32_t feature = scoring->feature_row[i], row = scoring->behaviour_row[i];
    if (feature != UINT32_MAX)
        return eligible && !eligible->booleans[feature] ? RCX_CHURN_NEW : RCX_CHURN_SCORED;
    if (row == UINT32_MAX)
        return RCX_CHURN_NO_CLEAN_PURCHASE;
    double silent = 7 * (behaviour->age->reals[row] - behaviour->recency->reals[row]);
    return nearbyint(silent) < scoring->job->observation_days ? RCX_CHURN_FEW_ROWS
                                                              : RCX_CHURN_DORMANT;
}

/* Numbers of row i; the probability is NaN when there is none. */
static void put_numbers(struct scoring *scoring, const struct behaviour_columns *behaviour,
                        size_t i)
{
    const struct rcx_churn_score_job *job = scoring->job;
    struct rcx_column *columns = scoring->out->columns;
    uint32_t feature = scoring->feature_row[i], row = scoring->behaviour_row[i];
    double p = NAN, start = NAN, trees = NAN;
    if (row != UINT32_MAX) {
        p = behaviour->no_purchase->reals[row];
        start = rcx_churn_offset_of(p);
    }
    if (feature != UINT32_MAX) {
        p = scoring->probability[feature];
        trees = scoring->tree_sum[feature];
    }
    columns[DAY].i32[i] = job->day;
    columns[PROBABILITY].reals[i] = p;
    columns[DECISION].booleans[i] = p >= job->model->threshold;
    columns[RISK].codes[i] = isnan(p) ? 0 : risk_of(job->cfg, p);
    columns[INITIAL_SCORE].reals[i] = start;
    columns[TREE_SCORE].reals[i] = trees;
    for (size_t r = 0; r < RCX_CHURN_REASONS; r++)
        columns[EFFECT + r].reals[i] =
            feature == UINT32_MAX ? (double)NAN
                                  : scoring->reasons[feature * RCX_CHURN_REASONS + r].effect;
}

static enum rcx_status put_rows(struct scoring *scoring, struct rcx_error *err)
{
    const struct rcx_column *id = rcx_table_find(scoring->known, "customer_id");
    const struct rcx_column *eligible = rcx_table_find(scoring->job->features, "churn_eligible");
    struct rcx_table *out = scoring->out;
    struct behaviour_columns behaviour;
    enum rcx_status status = find_behaviour(scoring->job, &behaviour, err);
    if (status != RCX_OK)
        return status;
    if (!add_columns(id, out) || !rcx_table_resize(out, id->rows))
        return rcx_fail_nomem(err, "churn scores", id->rows * 64);
    struct rcx_column *columns = out->columns;
    memcpy(columns[CUSTOMER].values, id->values, id->rows * rcx_type_bytes(id->type));
    for (size_t i = 0; i < id->rows; i++) {
        put_numbers(scoring, &behaviour, i);
        columns[STATUS].codes[i] = status_of(scoring, &behaviour, eligible, i);
        if (isnan(columns[PROBABILITY].reals[i]) &&
            !(rcx_column_set_null(&columns[DECISION], i) && rcx_column_set_null(&columns[RISK], i)))
            return rcx_fail_nomem(err, "churn scores", id->rows / 8);
    }
    return RCX_OK;
}

/* --- words -------------------------------------------------------------------------------------- */

struct telling {
    struct scoring *scoring;
    struct rcx_churn_words words;
    char (*texts)[RCX_CHURN_REASON_BYTES]; /* [known rows][REASONS] */
    uint8_t *lengths;
};

/* Without a feature row only the silence can be told. */
static size_t tell_silence(const struct telling *telling, size_t i,
                           char out[RCX_CHURN_REASON_BYTES])
{
    const struct scoring *scoring = telling->scoring;
    const struct rcx_table *behaviour = scoring->job->behaviour;
    uint32_t row = scoring->behaviour_row[i];
    if (row == UINT32_MAX)
        return (size_t)snprintf(out, RCX_CHURN_REASON_BYTES, "no purchase after cleaning");
    double silent = 7 * (rcx_table_find(behaviour, "T")->reals[row] -
                         rcx_table_find(behaviour, "recency")->reals[row]);
    return (size_t)snprintf(out, RCX_CHURN_REASON_BYTES, "no purchase for %.0f days", silent);
}

static enum rcx_status tell_block(void *context, size_t block, unsigned worker,
                                  struct rcx_error *err)
{
    struct telling *telling = context;
    struct scoring *scoring = telling->scoring;
    size_t first = block * TEXT_BLOCK, end = first + TEXT_BLOCK, rows = scoring->known->rows;
    (void)worker, (void)err;
    for (size_t i = first; i < end && i < rows; i++) {
        uint32_t feature = scoring->feature_row[i];
        for (size_t r = 0; r < RCX_CHURN_REASONS; r++) {
            size_t at = i * RCX_CHURN_REASONS + r, length = 0;
            if (feature != UINT32_MAX)
                length = rcx_churn_tell(&telling->words,
                                        scoring->reasons[feature * RCX_CHURN_REASONS + r].story,
                                        &scoring->rows.matrix, feature, telling->texts[at]);
            else if (r == 0)
                length = tell_silence(telling, i, telling->texts[at]);
            telling->lengths[at] = (uint8_t)length;
        }
    }
    return RCX_OK;
}

/* One dictionary for the three columns, a text for every row and reason. */
static enum rcx_status pack_words(const struct telling *telling, struct rcx_error *err)
{
    size_t rows = telling->scoring->known->rows, count = rows * RCX_CHURN_REASONS;
    struct rcx_column *columns = telling->scoring->out->columns;
    uint64_t bytes = 0, at = 0;
    for (size_t k = 0; k < count; k++)
        bytes += telling->lengths[k];
    struct rcx_strings *strings = rcx_strings_new((uint32_t)count, bytes);
    if (!strings)
        return rcx_fail_nomem(err, "reasons", bytes);
    strings->offsets[0] = 0;
    for (size_t k = 0; k < count; k++) {
        memcpy(strings->bytes + at, telling->texts[k], telling->lengths[k]);
        at += telling->lengths[k];
        strings->offsets[k + 1] = at;
    }
    bool ok = true;
    for (size_t r = 0; r < RCX_CHURN_REASONS; r++) {
        struct rcx_column *column = &columns[REASON + r];
        column->dictionary = rcx_strings_retain(strings);
        for (size_t i = 0; ok && i < rows; i++) {
            column->codes[i] = (uint32_t)(i * RCX_CHURN_REASONS + r);
            if (telling->lengths[column->codes[i]] == 0)
                ok = rcx_column_set_null(column, i);
        }
    }
    rcx_strings_release(strings);
    return ok ? RCX_OK : rcx_fail_nomem(err, "reasons", rows / 8);
}

static enum rcx_status put_words(struct scoring *scoring, struct rcx_error *err)
{
    size_t rows = scoring->known->rows, count = rows * RCX_CHURN_REASONS;
    struct telling telling = {.scoring = scoring,
                              .texts = rcx_malloc_array(count + 1, RCX_CHURN_REASON_BYTES),
                              .lengths = rcx_malloc(count + 1)};
    enum rcx_status status = RCX_OK;
    if (count > UINT32_MAX)
        status = rcx_fail(err, RCX_E_INPUT, "churn scores: %zu customers are too many", rows);
    else if (!telling.texts || !telling.lengths)
        status = rcx_fail_nomem(err, "reasons", count * RCX_CHURN_REASON_BYTES);
    rcx_churn_words_init(scoring->job->model, scoring->job->observation_days, &telling.words);
    if (status == RCX_OK)
        status = rcx_parallel_for(&scoring->job->parallel, (rows + TEXT_BLOCK - 1) / TEXT_BLOCK,
                                  tell_block, &telling, err);
    if (status == RCX_OK)
        status = pack_words(&telling, err);
    rcx_free(telling.texts);
    rcx_free(telling.lengths);
    return status;
}

enum rcx_status rcx_churn_score(const struct rcx_churn_score_job *job, struct rcx_table *out,
                                struct rcx_churn_explained *explained, struct rcx_error *err)
{
    struct rcx_table table = {0};
    struct scoring scoring = {
        .job = job, .known = job->known ? job->known : job->behaviour, .out = &table};
    enum rcx_status status = join_known(&scoring, err);
    if (status == RCX_OK)
        status = predict(&scoring, explained, err);
    if (status == RCX_OK)
        status = put_rows(&scoring, err);
    if (status == RCX_OK)
        status = put_words(&scoring, err);
    scoring_release(&scoring);
    if (status == RCX_OK)
        *out = table;
    else
        rcx_table_release(&table);
    return status;
}
