/* Which columns are inputs, and the join of features and behaviour by customer. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "ml/linear/logistic.h"
#include "ml/split/split.h"
#include "ml/tasks/churn/churn_data.h"

enum { FIRST_FEATURE = 2, OFFSET_MOST = 20 };

const char *rcx_churn_no_purchase_column(int64_t horizon_days, char out[RCX_CHURN_COLUMN_BYTES])
{
    snprintf(out, RCX_CHURN_COLUMN_BYTES, "p_no_purchase_%" PRId64 "d", horizon_days);
    return out;
}

double rcx_churn_offset_of(double p_no_purchase)
{
    if (isnan(p_no_purchase))
        return 0;
    double p = fmin(fmax(p_no_purchase, 0x1p-52), 1 - 0x1p-52);
    return fmin(fmax(rcx_logit(p), -OFFSET_MOST), OFFSET_MOST);
}

rcx_day rcx_churn_table_day(const struct rcx_table *table)
{
    const struct rcx_column *date = rcx_table_find(table, "snapshot_date");
    return date && table->rows > 0 ? date->i32[0] : 0;
}

/* --- the list ----------------------------------------------------------------------------------- */

void rcx_churn_inputs_release(struct rcx_churn_inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++) {
        rcx_free(inputs->names ? inputs->names[i] : NULL);
        rcx_free(inputs->columns ? inputs->columns[i] : NULL);
    }
    rcx_free(inputs->names);
    rcx_free(inputs->columns);
    *inputs = (struct rcx_churn_inputs){0};
}

/* Takes room for `most` inputs. */
static bool add_input(struct rcx_churn_inputs *inputs, const char *name, const char *column)
{
    size_t at = inputs->count++;
    inputs->names[at] = rcx_strdup(name);
    inputs->columns[at] = column ? rcx_strdup(column) : NULL;
    return inputs->names[at] && (!column || inputs->columns[at]);
}

/* revenue_very_long_180d with an observation window of 180 days is rfm_monetary_total again. */
static bool is_duplicate(const char *name, int32_t observation_days)
{
    char ending[24];
    size_t length = strlen(name);
    size_t width = (size_t)snprintf(ending, sizeof ending, "_%" PRId32 "d", observation_days);
    bool window = strncmp(name, "txn_count_", 10) == 0 || strncmp(name, "revenue_", 8) == 0;
    return window && length > width && strcmp(name + length - width, ending) == 0;
}

static bool is_excluded(const char *name, const struct rcx_cfg_models *models)
{
    for (size_t i = 0; i < models->exclude.count; i++) {
        if (strcmp(models->exclude.items[i], name) == 0)
            return true;
    }
    return false;
}

static enum rcx_status check_excluded(const struct rcx_table *features, size_t end,
                                      const struct rcx_cfg_models *models, struct rcx_error *err)
{
    for (size_t i = 0; i < models->exclude.count; i++) {
        bool found = false;
        for (size_t c = FIRST_FEATURE; c < end; c++)
            found = found || strcmp(features->columns[c].name, models->exclude.items[i]) == 0;
        if (!found)
            return rcx_fail(err, RCX_E_CONFIG, "models.exclude: there is no feature '%s'",
                            models->exclude.items[i]);
    }
    return RCX_OK;
}

static bool add_features(const struct rcx_table *features, size_t end,
                         const struct rcx_cfg_models *models, struct rcx_churn_inputs *inputs)
{
    const struct rcx_column *window = rcx_table_find(features, "observation_window_days");
    int32_t observation = window && features->rows > 0 ? window->i32[0] : 0;
    bool ok = true;
    for (size_t c = FIRST_FEATURE; ok && c < end; c++) {
        const char *name = features->columns[c].name;
        if (!is_duplicate(name, observation) && !is_excluded(name, models))
            ok = add_input(inputs, name, name);
    }
    return ok && add_input(inputs, "window_days_covered", NULL);
}

static bool add_behaviour(int64_t horizon_days, struct rcx_churn_inputs *inputs)
{
    char no_purchase[RCX_CHURN_COLUMN_BYTES];
    rcx_churn_no_purchase_column(horizon_days, no_purchase);
    inputs->without_behaviour = inputs->count;
    return add_input(inputs, "btyd_frequency", "frequency") &&
           add_input(inputs, "btyd_recency", "recency") && add_input(inputs, "btyd_age", "T") &&
           add_input(inputs, "btyd_p_no_purchase", no_purchase) &&
           add_input(inputs, "btyd_expected_purchases", "expected_purchases_90d");
}

enum rcx_status rcx_churn_inputs_choose(const struct rcx_table *features,
                                        const struct rcx_cfg_models *models, int64_t horizon_days,
                                        struct rcx_churn_inputs *out, struct rcx_error *err)
{
    size_t end = FIRST_FEATURE;
    while (end < features->column_count &&
           strcmp(features->columns[end].name, "observation_start_date") != 0)
        end++;
    size_t most = end + 1 + RCX_CHURN_BEHAVIOUR_INPUTS;
    struct rcx_churn_inputs inputs = {.names = rcx_calloc(most, sizeof(char *)),
                                      .columns = rcx_calloc(most, sizeof(char *))};
    enum rcx_status status = check_excluded(features, end, models, err);
    if (status == RCX_OK &&
        (!inputs.names || !inputs.columns || !add_features(features, end, models, &inputs) ||
         !add_behaviour(horizon_days, &inputs)))
        status = rcx_fail_nomem(err, "inputs", most * sizeof(char *));
    if (status == RCX_OK)
        *out = inputs;
    else
        rcx_churn_inputs_release(&inputs);
    return status;
}

/* --- the join ----------------------------------------------------------------------------------- */

static struct rcx_text id_text(const struct rcx_column *id, size_t row)
{
    return rcx_strings_get(id->dictionary, id->codes[row]);
}

/* < 0, 0, > 0: the id of row a comes before that of row b. */
static int compare_ids(const struct rcx_column *a, size_t i, const struct rcx_column *b, size_t j)
{
    if (a->type == RCX_TYPE_INT64)
        return (a->i64[i] > b->i64[j]) - (a->i64[i] < b->i64[j]);
    if (a->dictionary == b->dictionary && a->codes[i] == b->codes[j])
        return 0;
    return rcx_text_compare(id_text(a, i), id_text(b, j));
}

static enum rcx_status check_order(const struct rcx_column *id, const char *what,
                                   struct rcx_error *err)
{
    for (size_t i = 1; i < id->rows; i++) {
        if (compare_ids(id, i - 1, id, i) >= 0)
            return rcx_fail(err, RCX_E_INTERNAL,
                            "%s: row %zu: customers are not in order, or twice", what, i);
    }
    return RCX_OK;
}

enum rcx_status rcx_churn_join(const struct rcx_table *left, const struct rcx_table *right,
                               uint32_t **out, struct rcx_error *err)
{
    const struct rcx_column *a = rcx_table_find(left, "customer_id");
    const struct rcx_column *b = rcx_table_find(right, "customer_id");
    if (!a || !b || a->type != b->type)
        return rcx_fail(err, RCX_E_INTERNAL, "join: customer_id is missing or of another type");
    enum rcx_status status = check_order(a, "join, left", err);
    if (status == RCX_OK)
        status = check_order(b, "join, right", err);
    if (status != RCX_OK)
        return status;
    uint32_t *picks = rcx_malloc_array(left->rows + 1, sizeof *picks);
    if (!picks)
        return rcx_fail_nomem(err, "join", left->rows * sizeof *picks);
    for (size_t i = 0, j = 0; i < left->rows; i++) {
        while (j < right->rows && compare_ids(b, j, a, i) < 0)
            j++;
        bool found = j < right->rows && compare_ids(b, j, a, i) == 0;
        picks[i] = found ? (uint32_t)j++ : UINT32_MAX;
    }
    *out = picks;
    return RCX_OK;
}
