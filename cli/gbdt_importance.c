/* rcx gbdt importance, rcx gbdt dependence */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/flow_gbdt.h"
#include "cli/gbdt_actions.h"
#include "ml/gbdt/dependence.h"
#include "ml/gbdt/importance.h"

/* ---- importance ---- */

struct importance_options {
    const char *model, *data, *label, *weight, *start, *kind, *metric;
    uint64_t repetitions;
};

/* Per feature; deviation NULL: not of repetitions. */
struct importance {
    const char *kind;
    double *value, *deviation;
    const char *metric; /* NULL: none */
    double base;
};

static void importance_json(struct rcx_cli *cli, const struct rcx_gbdt_model *model,
                            const struct importance *importance, const size_t *order)
{
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.gbdt.importance/1");
    rcx_json_put_text(&json, "kind", importance->kind);
    if (importance->metric) {
        rcx_json_put_text(&json, "metric", importance->metric);
        rcx_json_put_real(&json, "metric_value", importance->base);
    }
    rcx_json_key(&json, "features");
    rcx_json_array(&json);
    for (size_t i = 0; i < model->feature_count; i++) {
        rcx_json_object(&json);
        rcx_json_put_text(&json, "feature", model->features[order[i]].name);
        rcx_json_put_real(&json, "importance", importance->value[order[i]]);
        if (importance->deviation)
            rcx_json_put_real(&json, "deviation", importance->deviation[order[i]]);
        rcx_json_object_end(&json);
    }
    rcx_json_array_end(&json);
    rcx_cli_json_end(cli, &json);
}

static enum rcx_status importance_table(struct rcx_cli *cli, const struct rcx_gbdt_model *model,
                                        const struct importance *importance, const size_t *order,
                                        struct rcx_error *err)
{
    enum { CELLS = 3, BYTES = 32 };
    const struct rcx_cli_column columns[CELLS] = {
        {"feature", false}, {importance->kind, true}, {"deviation", true}};
    size_t count = model->feature_count, shown = importance->deviation ? CELLS : CELLS - 1;
    char(*text)[2][BYTES] = rcx_calloc(count + 1, sizeof *text);
    const char **cells = rcx_calloc(count * shown + 1, sizeof *cells);
    for (size_t i = 0; i < count && text && cells; i++) {
        snprintf(text[i][0], BYTES, "%.6g", importance->value[order[i]]);
        cells[i * shown] = model->features[order[i]].name;
        cells[i * shown + 1] = text[i][0];
        if (importance->deviation) {
            snprintf(text[i][1], BYTES, "%.3g", importance->deviation[order[i]]);
            cells[i * shown + 2] = text[i][1];
        }
    }
    enum rcx_status status = text && cells
                                 ? RCX_OK
                                 : rcx_fail_nomem(err, "importance", count * sizeof *text);
    if (status == RCX_OK)
        rcx_cli_table(cli, columns, shown, cells, count);
    if (status == RCX_OK && importance->metric)
        rcx_cli_print(cli, "%s %.6g on the data as they are\n", importance->metric,
                      importance->base);
    rcx_free(text);
    rcx_free(cells);
    return status;
}

static enum rcx_status show(struct rcx_cli *cli, const struct rcx_gbdt_model *model,
                            const struct importance *importance, struct rcx_error *err)
{
    size_t *order = rcx_calloc(model->feature_count + 1, sizeof *order);
    enum rcx_status status = RCX_OK;
    if (!order)
        return rcx_fail_nomem(err, "importance", model->feature_count * sizeof *order);
    rcx_gbdt_importance_order(importance->value, model->feature_count, order);
    if (cli->json)
        importance_json(cli, model, importance, order);
    else
        status = importance_table(cli, model, importance, order, err);
    rcx_free(order);
    return status;
}

/* The metric that was asked for, else the usual one of the objective. */
static enum rcx_status choose_metric(const struct importance_options *given,
                                     const struct rcx_gbdt_model *model,
                                     struct rcx_gbdt_permutation *job, struct rcx_error *err)
{
    const char *names[32], *name = given->metric;
    size_t count = 0;
    if (!name)
        name = model->objective == RCX_GBDT_BINARY     ? "auc"
               : model->objective == RCX_GBDT_QUANTILE ? "quantile"
               : model->objective == RCX_GBDT_TWEEDIE  ? "tweedie"
                                                       : "rmse";
    job->metric = rcx_metric_find(name);
    job->parameter = model->objective == RCX_GBDT_QUANTILE  ? model->alpha
                     : model->objective == RCX_GBDT_TWEEDIE ? model->tweedie_variance_power
                                                            : 0;
    if (!job->metric) {
        while (count < 32 && rcx_metric_name_at(count)) {
            names[count] = rcx_metric_name_at(count);
            count++;
        }
        return rcx_cli_fail_unknown(err, RCX_E_USAGE, "metric", name,
                                    rcx_suggest(name, names, count), NULL);
    }
    if (rcx_metric_wants_parameter(job->metric) && model->objective != RCX_GBDT_QUANTILE &&
        model->objective != RCX_GBDT_TWEEDIE)
        return rcx_fail(err, RCX_E_USAGE,
                        "metric %s has a parameter that a model of objective %s does not tell",
                        name, rcx_gbdt_objective_name(model->objective));
    return RCX_OK;
}

static enum rcx_status permute(struct rcx_cli *cli, const struct importance_options *given,
                               const struct rcx_flow_gbdt *flow, struct rcx_error *err)
{
    double *label = NULL, *weight = NULL, *start = NULL;
    struct rcx_gbdt_permutation_result result = {0};
    struct rcx_gbdt_permutation job = {.matrix = &flow->inputs.matrix,
                                       .repetitions = (uint32_t)given->repetitions,
                                       .seed = (uint64_t)cli->config->runtime.seed};
    enum rcx_status status = choose_metric(given, &flow->model, &job, err);
    if (status == RCX_OK)
        status = rcx_flow_gbdt_column(&flow->table, given->label, "label", &label, err);
    if (status == RCX_OK)
        status = rcx_flow_gbdt_column(&flow->table, given->weight, "weight", &weight, err);
    if (status == RCX_OK)
        status = rcx_flow_gbdt_column(&flow->table, given->start, "start score", &start, err);
    for (size_t r = 0; r < flow->table.rows && status == RCX_OK; r++)
        if (!isfinite(label[r]))
            status = rcx_fail(err, RCX_E_INPUT, "%s: row %zu of the data has no label", given->data,
                              r + 1);
    job.label = label;
    job.weight = weight;
    job.start = start;
    if (status == RCX_OK)
        status = rcx_gbdt_importance_permutation(&flow->model, &job, &flow->parallel, &result, err);
    if (status == RCX_OK) {
        const struct importance importance = {"permutation", result.mean, result.deviation,
                                              rcx_metric_name(job.metric), result.base};
        status = show(cli, &flow->model, &importance, err);
    }
    rcx_gbdt_permutation_release(&result);
    rcx_free(label);
    rcx_free(weight);
    rcx_free(start);
    return status;
}

static enum rcx_status count_splits(struct rcx_cli *cli, const struct rcx_gbdt_model *model,
                                    const char *kind, struct rcx_error *err)
{
    double *values = rcx_calloc(model->feature_count + 1, sizeof *values);
    if (!values)
        return rcx_fail_nomem(err, "importance", model->feature_count * sizeof *values);
    if (strcmp(kind, "gain") == 0)
        rcx_gbdt_importance_gain(model, values);
    else
        rcx_gbdt_importance_split(model, values);
    const struct importance importance = {.kind = kind, .value = values};
    enum rcx_status status = show(cli, model, &importance, err);
    rcx_free(values);
    return status;
}

static enum rcx_status run_importance(struct rcx_cli *cli, const void *values,
                                      struct rcx_error *err)
{
    static const char *const kinds[] = {"gain", "split", "permutation"};
    const struct importance_options *given = values;
    size_t kind = 0;
    while (kind < 3 && strcmp(kinds[kind], given->kind) != 0)
        kind++;
    if (kind == 3)
        return rcx_cli_fail_unknown(err, RCX_E_USAGE, "importance", given->kind,
                                    rcx_suggest(given->kind, kinds, 3),
                                    "there are gain, split and permutation");
    bool with_data = kind == 2;
    if (with_data && (!given->data || !given->label))
        return rcx_fail(err, RCX_E_USAGE, "importance by permutation needs --data and --label");
    struct rcx_flow_gbdt flow;
    enum rcx_status status = rcx_flow_gbdt_open(given->model, with_data ? given->data : NULL,
                                                cli->parallel, &flow, err);
    if (status != RCX_OK)
        return status;
    status = with_data ? permute(cli, given, &flow, err)
                       : count_splits(cli, &flow.model, kinds[kind], err);
    rcx_flow_gbdt_close(&flow);
    return status;
}

static const struct importance_options importance_defaults = {.kind = "gain", .repetitions = 5};

static const struct rcx_option importance_options[] = {
    RCX_OPTION_REQUIRED(TEXT, struct importance_options, model, "model", 'm', "FILE", "the model"),
    RCX_OPTION(TEXT, struct importance_options, kind, "kind", 0, "NAME",
               "gain (default), split or permutation"),
    RCX_OPTION(TEXT, struct importance_options, data, "data", 'd', "FILE",
               "permutation: rows to predict, CSV or Parquet"),
    RCX_OPTION(TEXT, struct importance_options, label, "label", 'l', "COLUMN",
               "permutation: what should be predicted"),
    RCX_OPTION(TEXT, struct importance_options, weight, "weight", 0, "COLUMN",
               "permutation: weights of the rows"),
    RCX_OPTION(TEXT, struct importance_options, start, "start", 0, "COLUMN",
               "permutation: raw scores that the trees start from"),
    RCX_OPTION(TEXT, struct importance_options, metric, "metric", 0, "NAME",
               "permutation: what gets worse; default: by the objective"),
    RCX_OPTION(U64, struct importance_options, repetitions, "repeats", 0, "N",
               "permutation: shuffles of each feature (default 5)"),
};

const struct rcx_command rcx_gbdt_importance_action = {
    .name = "gbdt importance",
    .summary = "rank the features of a model by gain, splits or permutation",
    .details = "    rcx gbdt importance -m model.txt\n"
               "    rcx gbdt importance -m model.txt --kind permutation --data test.csv --label y",
    .values_initial = &importance_defaults,
    RCX_OPTIONS(importance_options, struct importance_options),
    .run = run_importance,
};

/* ---- dependence ---- */

struct dependence_options {
    const char *model, *data, *feature;
    uint64_t points;
    bool raw;
};

enum { MOST_POINTS = 1000 };

static enum rcx_status find_feature(const struct rcx_gbdt_model *model, const char *name,
                                    size_t *out, struct rcx_error *err)
{
    const char **names = rcx_calloc(model->feature_count + 1, sizeof *names);
    if (!names)
        return rcx_fail_nomem(err, "names", model->feature_count * sizeof *names);
    for (size_t f = 0; f < model->feature_count; f++)
        names[f] = model->features[f].name;
    size_t f = 0;
    while (f < model->feature_count && strcmp(names[f], name) != 0)
        f++;
    enum rcx_status status = RCX_OK;
    if (f == model->feature_count)
        status = rcx_cli_fail_unknown(err, RCX_E_USAGE, "feature", name,
                                      rcx_suggest(name, names, model->feature_count),
                                      "'rcx gbdt importance' lists those of the model");
    *out = f;
    rcx_free(names);
    return status;
}

/* The category's text where the feature has texts, else the number. */
static const char *value_text(const struct rcx_gbdt_feature *feature, double value, char out[64])
{
    if (isnan(value))
        return "missing";
    if (feature->categories && value >= 0 && value < feature->categories->count) {
        struct rcx_text text = rcx_strings_get(feature->categories, (uint32_t)value);
        snprintf(out, 64, "%.*s", (int)text.length, text.data);
    } else {
        out[rcx_format_real(value, out)] = '\0';
    }
    return out;
}

static void print_dependence(struct rcx_cli *cli, const struct rcx_gbdt_feature *feature,
                             const double *grid, const double *means, size_t count)
{
    char text[64];
    if (cli->json) {
        struct rcx_json json = rcx_cli_json_begin(cli, "rcx.gbdt.dependence/1");
        rcx_json_put_text(&json, "feature", feature->name);
        rcx_json_key(&json, "points");
        rcx_json_array(&json);
        for (size_t i = 0; i < count; i++) {
            rcx_json_object(&json);
            if (feature->categories)
                rcx_json_put_text(&json, "value", value_text(feature, grid[i], text));
            else
                rcx_json_put_real(&json, "value", grid[i]);
            rcx_json_put_real(&json, "mean", means[i]);
            rcx_json_object_end(&json);
        }
        rcx_json_array_end(&json);
        rcx_cli_json_end(cli, &json);
        return;
    }
    for (size_t i = 0; i < count; i++)
        rcx_cli_print(cli, "%-20s  %.6g\n", value_text(feature, grid[i], text), means[i]);
}

static enum rcx_status run_dependence(struct rcx_cli *cli, const void *values,
                                      struct rcx_error *err)
{
    const struct dependence_options *given = values;
    struct rcx_flow_gbdt flow;
    double grid[MOST_POINTS + 1], means[MOST_POINTS + 1];
    size_t feature = 0, count = 0;
    if (given->points > MOST_POINTS)
        return rcx_fail(err, RCX_E_USAGE, "--points is at most %d", MOST_POINTS);
    enum rcx_status status = rcx_flow_gbdt_open(given->model, given->data, cli->parallel, &flow,
                                                err);
    if (status != RCX_OK)
        return status;
    status = find_feature(&flow.model, given->feature, &feature, err);
    if (status == RCX_OK && flow.table.rows == 0)
        status = rcx_fail(err, RCX_E_INPUT, "%s: no rows", given->data);
    if (status == RCX_OK)
        status = rcx_gbdt_dependence_grid(flow.inputs.columns[feature], flow.table.rows,
                                          (size_t)given->points, grid, &count, err);
    if (status == RCX_OK)
        status = rcx_gbdt_dependence(&flow.model, &flow.inputs.matrix, feature, grid, count,
                                     !given->raw, &flow.parallel, means, err);
    if (status == RCX_OK)
        print_dependence(cli, &flow.model.features[feature], grid, means, count);
    rcx_flow_gbdt_close(&flow);
    return status;
}

static const struct dependence_options dependence_defaults = {.points = 20};

static const struct rcx_option dependence_options[] = {
    RCX_OPTION_REQUIRED(TEXT, struct dependence_options, model, "model", 'm', "FILE", "the model"),
    RCX_OPTION_REQUIRED(TEXT, struct dependence_options, data, "data", 'd', "FILE",
                        "the rows: CSV or Parquet"),
    RCX_OPTION_REQUIRED(TEXT, struct dependence_options, feature, "feature", 'f', "NAME",
                        "the feature that is varied"),
    RCX_OPTION(U64, struct dependence_options, points, "points", 0, "N",
               "most values of the feature (default 20)"),
    RCX_OPTION(FLAG, struct dependence_options, raw, "raw", 0, NULL,
               "mean raw scores, not probabilities or amounts"),
};

const struct rcx_command rcx_gbdt_dependence_action = {
    .name = "gbdt dependence",
    .summary = "mean prediction by the values of one feature (partial dependence)",
    .details = "    rcx gbdt dependence -m model.txt --data test.csv --feature recency",
    .values_initial = &dependence_defaults,
    RCX_OPTIONS(dependence_options, struct dependence_options),
    .run = run_dependence,
};
