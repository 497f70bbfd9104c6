/* rcx gbdt train */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/flow_gbdt_train.h"
#include "cli/gbdt_actions.h"
#include "cli/progress.h"
#include "ml/gbdt/params_file.h"

struct train_options {
    const char *data, *label, *weight, *init_score, *objective, *params, *input_model, *model;
    const char *quantiles;
    struct rcx_texts valid, categorical, ignore, set;
    bool list;
};

/* ---- parameters ---- */

static void list_parameters(struct rcx_cli *cli)
{
    if (!cli->json) {
        for (size_t i = 0; i < rcx_gbdt_params_count(); i++) {
            struct rcx_gbdt_param_row row = rcx_gbdt_params_at(i);
            rcx_cli_print(cli, "%s: %s\n    %s; default %s%s%s\n", row.name, row.help, row.type,
                          row.initial[0] ? row.initial : "empty", row.aliases[0] ? "; also " : "",
                          row.aliases);
        }
        return;
    }
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.gbdt.parameters/1");
    rcx_json_key(&json, "parameters");
    rcx_json_array(&json);
    for (size_t i = 0; i < rcx_gbdt_params_count(); i++) {
        struct rcx_gbdt_param_row row = rcx_gbdt_params_at(i);
        rcx_json_object(&json);
        rcx_json_put_text(&json, "name", row.name);
        rcx_json_put_text(&json, "type", row.type);
        rcx_json_put_text(&json, "default", row.initial);
        rcx_json_put_text(&json, "aliases", row.aliases);
        rcx_json_put_text(&json, "help", row.help);
        rcx_json_object_end(&json);
    }
    rcx_json_array_end(&json);
    rcx_cli_json_end(cli, &json);
}

/* Defaults, the seed of all commands, the file, then what stands on the command line. */
static enum rcx_status gather_parameters(struct rcx_cli *cli, const struct train_options *given,
                                         struct rcx_gbdt_params *params, struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    rcx_gbdt_params_init(params);
    params->seed = cli->config->runtime.seed;
    if (given->params)
        status = rcx_gbdt_params_read(params, given->params, err);
    for (size_t i = 0; i < given->set.count && status == RCX_OK; i++)
        status = rcx_gbdt_params_set_pair(params, rcx_text_of(given->set.items[i]), err);
    if (given->objective && status == RCX_OK)
        status = rcx_gbdt_params_set(params, "objective", given->objective, err);
    if (given->quantiles && status == RCX_OK)
        params->objective = RCX_GBDT_QUANTILE;
    return status == RCX_OK ? rcx_gbdt_params_check(params, err) : status;
}

/* ".1,.5,.9" */
static enum rcx_status parse_quantiles(const char *text, double out[RCX_FLOW_GBDT_MOST_QUANTILES],
                                       size_t *out_count, struct rcx_error *err)
{
    size_t count = 0;
    while (text && *text) {
        const char *comma = strchr(text, ',');
        size_t length = comma ? (size_t)(comma - text) : strlen(text);
        double alpha = 0;
        if (count == RCX_FLOW_GBDT_MOST_QUANTILES ||
            !rcx_parse_real(rcx_text_trim((struct rcx_text){text, length}), &alpha) ||
            !(alpha > 0 && alpha < 1) || (count > 0 && !(alpha > out[count - 1])))
            return rcx_fail(err, RCX_E_USAGE,
                            "--quantiles: '%.*s' does not continue an ascending list of at most %d "
                            "numbers in (0, 1) with commas between",
                            (int)length, text, RCX_FLOW_GBDT_MOST_QUANTILES);
        out[count++] = alpha;
        text = comma ? comma + 1 : NULL;
    }
    *out_count = count;
    return RCX_OK;
}

/* ---- telling ---- */

static void add_tree(void *context, const struct rcx_gbdt_progress *progress)
{
    (void)progress;
    rcx_progress_add(context, 1);
}

static double value_at_best(const struct rcx_gbdt_history *history, size_t valid, size_t metric)
{
    size_t best = history->best_iteration;
    if (best == 0 || best > history->iterations)
        return NAN;
    return history
        ->values[(valid * history->metric_count + metric) * history->iterations + best - 1];
}

static void print_json(struct rcx_cli *cli, const struct rcx_flow_gbdt_train *job,
                       const struct rcx_flow_gbdt_trained *trained)
{
    const struct rcx_gbdt_history *history = &trained->history;
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.gbdt.train/1");
    rcx_json_put_text(&json, "model", job->model);
    rcx_json_put_text(&json, "objective", rcx_gbdt_objective_name(job->params->objective));
    rcx_json_put_u64(&json, "rows", trained->rows);
    rcx_json_put_u64(&json, "features", trained->features);
    rcx_json_put_u64(&json, "constant_features", trained->constant_features);
    rcx_json_put_u64(&json, "text_features", trained->text_features);
    rcx_json_put_u64(&json, "trees", trained->trees);
    rcx_json_put_u64(&json, "best_iteration", history->best_iteration);
    rcx_json_key(&json, "valid");
    rcx_json_array(&json);
    for (size_t v = 0; v < history->valid_count; v++) {
        rcx_json_object(&json);
        rcx_json_put_text(&json, "data", job->valid[v]);
        for (size_t m = 0; m < history->metric_count; m++)
            rcx_json_put_real(&json, history->metrics[m], value_at_best(history, v, m));
        rcx_json_object_end(&json);
    }
    rcx_json_array_end(&json);
    rcx_json_put_real(&json, "load_seconds", trained->load_seconds);
    rcx_json_put_real(&json, "bin_seconds", trained->bin_seconds);
    rcx_json_put_real(&json, "train_seconds", trained->train_seconds);
    rcx_json_put_u64(&json, "peak_bytes", rcx_memory_peak());
    rcx_cli_json_end(cli, &json);
}

static void print_text(struct rcx_cli *cli, const struct rcx_flow_gbdt_train *job,
                       const struct rcx_flow_gbdt_trained *trained)
{
    const struct rcx_gbdt_history *history = &trained->history;
    char rows[32];
    rcx_cli_print(cli, "%s rows, %zu features", rcx_format_count(trained->rows, rows),
                  trained->features);
    if (trained->text_features > 0)
        rcx_cli_print(cli, ", %zu of them text", trained->text_features);
    if (trained->constant_features > 0)
        rcx_cli_print(cli, ", %zu constant", trained->constant_features);
    rcx_cli_print(cli, "; %zu tree%s", trained->trees, trained->trees == 1 ? "" : "s");
    rcx_cli_print(cli, "; load %.3f s, bin %.3f s, train %.3f s\n", trained->load_seconds,
                  trained->bin_seconds, trained->train_seconds);
    for (size_t v = 0; v < history->valid_count; v++) {
        rcx_cli_print(cli, "%s:", job->valid[v]);
        for (size_t m = 0; m < history->metric_count; m++)
            rcx_cli_print(cli, "%s %s %.6g", m > 0 ? "," : "", history->metrics[m],
                          value_at_best(history, v, m));
        rcx_cli_print(cli, " after %" PRIu32 " trees\n", history->best_iteration);
    }
}

static enum rcx_status check_options(const struct train_options *given, struct rcx_error *err)
{
    if (!given->data || !given->label || !given->model)
        return rcx_fail(err, RCX_E_USAGE, "'rcx gbdt train' needs --%s",
                        !given->data    ? "data FILE"
                        : !given->label ? "label COLUMN"
                                        : "model FILE");
    if (given->quantiles && given->input_model)
        return rcx_fail(err, RCX_E_USAGE,
                        "--quantiles begins new models; it does not go with "
                        "--input-model");
    return RCX_OK;
}

static enum rcx_status train(struct rcx_cli *cli, const struct train_options *given,
                             const struct rcx_gbdt_params *params, const double *quantiles,
                             size_t quantile_count, struct rcx_error *err)
{
    struct rcx_progress progress;
    struct rcx_flow_gbdt_trained trained;
    const struct rcx_flow_gbdt_train job = {
        .data = given->data,
        .valid = given->valid.items,
        .valid_count = given->valid.count,
        .label = given->label,
        .weight = given->weight,
        .init_score = given->init_score,
        .categorical = given->categorical.items,
        .categorical_count = given->categorical.count,
        .ignore = given->ignore.items,
        .ignore_count = given->ignore.count,
        .input_model = given->input_model,
        .model = given->model,
        .params = params,
        .quantiles = quantiles,
        .quantile_count = quantile_count,
        .parallel = cli->parallel,
        .progress = add_tree,
        .progress_context = &progress,
    };
    uint64_t models = quantile_count > 0 ? quantile_count : 1;
    rcx_progress_begin(&progress, cli, "train", models * (uint64_t)params->num_iterations, "trees");
    enum rcx_status status = rcx_flow_gbdt_train(&job, &trained, err);
    (void)rcx_progress_end(&progress);
    if (status != RCX_OK)
        return status;
    if (cli->json)
        print_json(cli, &job, &trained);
    else
        print_text(cli, &job, &trained);
    rcx_flow_gbdt_trained_release(&trained);
    return RCX_OK;
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct train_options *given = values;
    double quantiles[RCX_FLOW_GBDT_MOST_QUANTILES];
    size_t quantile_count = 0;
    struct rcx_gbdt_params params;
    if (given->list) {
        list_parameters(cli);
        return RCX_OK;
    }
    enum rcx_status status = check_options(given, err);
    if (status == RCX_OK)
        status = parse_quantiles(given->quantiles, quantiles, &quantile_count, err);
    if (status != RCX_OK)
        return status;
    status = gather_parameters(cli, given, &params, err);
    if (status == RCX_OK)
        status = train(cli, given, &params, quantiles, quantile_count, err);
    rcx_gbdt_params_release(&params);
    return status;
}

static const struct rcx_option options[] = {
    RCX_OPTION(TEXT, struct train_options, data, "data", 'd', "FILE",
               "the training rows: CSV or Parquet"),
    RCX_OPTION(TEXT, struct train_options, label, "label", 'l', "COLUMN", "what to predict"),
    RCX_OPTION(TEXT, struct train_options, model, "model", 'm', "FILE", "where the model goes"),
    RCX_OPTION(TEXT, struct train_options, objective, "objective", 0, "NAME",
               "regression (default), binary, tweedie or quantile"),
    RCX_OPTION(TEXTS, struct train_options, valid, "valid", 0, "FILE",
               "rows to measure on, and to stop early by the first; may be repeated"),
    RCX_OPTION(TEXT, struct train_options, params, "params", 0, "FILE",
               "parameters of training, a line 'name: value' each"),
    RCX_OPTION(TEXTS, struct train_options, set, "param", 'p', "NAME=VALUE",
               "one of them; may be repeated"),
    RCX_OPTION(FLAG, struct train_options, list, "list-params", 0, NULL,
               "only name the parameters, with LightGBM's names and defaults"),
    RCX_OPTION(TEXT, struct train_options, weight, "weight", 0, "COLUMN", "weights of the rows"),
    RCX_OPTION(TEXT, struct train_options, init_score, "init-score", 0, "COLUMN",
               "raw scores that the trees start from"),
    RCX_OPTION(TEXTS, struct train_options, categorical, "categorical", 0, "COLUMN",
               "numbers here are categories (texts always are); may be repeated"),
    RCX_OPTION(TEXTS, struct train_options, ignore, "ignore", 0, "COLUMN",
               "no feature; may be repeated"),
    RCX_OPTION(TEXT, struct train_options, input_model, "input-model", 0, "FILE",
               "add trees to those of this model"),
    RCX_OPTION(TEXT, struct train_options, quantiles, "quantiles", 0, "LIST",
               "several quantiles that do not cross, such as .1,.5,.9; a model file for each"),
};

const struct rcx_command rcx_gbdt_train_action = {
    .name = "gbdt train",
    .summary = "fit a model to the rows of a table",
    .details = "All columns are features but label, weight, initial score and those to ignore.\n"
               "\n"
               "    rcx gbdt train --data train.csv --label y --objective binary -m model.txt\n"
               "    rcx gbdt train --data train.parquet --label y --valid valid.parquet \\\n"
               "        --params params.yaml -p early_stopping_round=20 -m model.txt\n"
               "    rcx gbdt train --data train.csv --label y --quantiles .1,.5,.9 -m model.txt",
    RCX_OPTIONS(options, struct train_options),
    .run = run,
};
