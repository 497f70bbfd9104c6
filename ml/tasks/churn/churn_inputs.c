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

enum rcx_status rcx_churn_inputs_copy(const struct rcx_churn_inputs *inputs,
                                      struct rcx_churn_inputs *out, struct rcx_error *err)
{
    struct rcx_churn_inputs copy = {.without_behaviour = inputs->without_behaviour};
    copy.names = rcx_calloc(inputs->count + 1, sizeof *copy.names);
    copy.columns = rcx_calloc(inputs->count + 1, sizeof *copy.columns);
    bool ok = copy.names && copy.columns;
    for (size_t i = 0; ok && i < inputs->count; i++) {
        copy.count = i + 1;
        copy.names[i] = rcx_strdup(inputs->names[i]);
        copy.columns[i] = inputs->columns[i] ? rcx_strdup(inputs->columns[i]) : NULL;
        ok = copy.names[i] && (copy.columns[i] || !inputs->columns[i]);
    }
    if (ok)
        *out = copy;
    else
        rcx_churn_inputs_release(&copy);
    return ok ? RCX_OK : rcx_fail_nomem(err, "inputs", inputs->count * sizeof(char *));
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

void rcx_churn_inputs_json(const struct rcx_churn_inputs *inputs, struct rcx_json *json)
{
    rcx_json_key(json, "inputs");
    rcx_json_array(json);
    for (size_t i = 0; i < inputs->count; i++) {
        rcx_json_object(json);
        rcx_json_put_text(json, "name", inputs->names[i]);
        rcx_json_put_text(json, "column", inputs->columns[i]);
        rcx_json_object_end(json);
    }
    rcx_json_array_end(json);
}
