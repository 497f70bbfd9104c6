/* rcx gbdt predict, rcx gbdt shap */
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/flow_gbdt.h"
#include "cli/gbdt_actions.h"
#include "cli/sink_options.h"

struct predict_options {
    const char *model, *data, *output, *format, *start;
    struct rcx_texts keep;
    uint64_t trees;
    bool raw, leaves;
};

static void print_json(struct rcx_cli *cli, const char *schema, const struct rcx_flow_gbdt *flow,
                       const struct rcx_flow_gbdt_apply *apply, double seconds)
{
    struct rcx_json json = rcx_cli_json_begin(cli, schema);
    size_t trees = flow->model.tree_count;
    rcx_json_put_u64(&json, "rows", flow->table.rows);
    rcx_json_put_u64(&json, "features", flow->model.feature_count);
    rcx_json_put_u64(&json, "trees",
                     apply->tree_limit && apply->tree_limit < trees ? apply->tree_limit : trees);
    rcx_json_put_u64(&json, "columns_ignored", flow->inputs.ignored);
    rcx_json_put_text(&json, "output", apply->output);
    rcx_json_put_real(&json, "load_seconds", flow->load_seconds);
    rcx_json_put_real(&json, "predict_seconds", seconds);
    rcx_cli_json_end(cli, &json);
}

/* Columns that nothing reads are no mistake, but worth a word. */
static void tell_ignored(const struct rcx_cli *cli, const struct rcx_flow_gbdt *flow, size_t meant)
{
    size_t ignored = flow->inputs.ignored;
    if (ignored > meant)
        rcx_log_write(cli->log, RCX_LOG_INFO, "gbdt",
                      "%zu column%s of the data %s not in the model, ignored", ignored - meant,
                      ignored - meant == 1 ? "" : "s", ignored - meant == 1 ? "is" : "are");
}

static enum rcx_status apply_model(struct rcx_cli *cli, const struct predict_options *given,
                                   enum rcx_flow_gbdt_output what, const char *schema,
                                   struct rcx_error *err)
{
    struct rcx_flow_gbdt flow;
    char rows[32];
    enum rcx_status status = rcx_flow_gbdt_open(given->model, given->data, cli->parallel, &flow,
                                                err);
    if (status != RCX_OK)
        return status;
    struct rcx_sink_options sink = rcx_flow_sink_options(&cli->config->export, cli->parallel);
    const struct rcx_flow_gbdt_apply apply = {
        .what = what,
        .tree_limit = (size_t)given->trees,
        .start = given->start,
        .keep = given->keep.items,
        .keep_count = given->keep.count,
        .output = given->output ? given->output : "-",
        .sink = &sink,
    };
    bool to_stdout = strcmp(apply.output, "-") == 0;
    sink.format = given->format ? given->format : (to_stdout ? "csv" : NULL);
    tell_ignored(cli, &flow, given->keep.count + (given->start != NULL));
    double begin = rcx_flow_seconds();
    status = rcx_flow_gbdt_apply(&flow, &apply, err);
    double seconds = rcx_flow_seconds() - begin;
    if (status == RCX_OK && cli->json && !to_stdout)
        print_json(cli, schema, &flow, &apply, seconds);
    else if (status == RCX_OK && !to_stdout)
        rcx_cli_print(cli, "%s rows in %.3f s\n", rcx_format_count(flow.table.rows, rows), seconds);
    rcx_flow_gbdt_close(&flow);
    return status;
}

static enum rcx_status run_predict(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct predict_options *given = values;
    if (given->raw && given->leaves)
        return rcx_fail(err, RCX_E_USAGE, "--raw and --leaves exclude each other");
    if (given->start && given->leaves)
        return rcx_fail(err, RCX_E_USAGE, "--start is added to scores; leaves have none");
    return apply_model(cli, given,
                       given->raw      ? RCX_FLOW_GBDT_RAW
                       : given->leaves ? RCX_FLOW_GBDT_LEAVES
                                       : RCX_FLOW_GBDT_PREDICTION,
                       "rcx.gbdt.predict/1", err);
}

static enum rcx_status run_shap(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    return apply_model(cli, values, RCX_FLOW_GBDT_SHAP, "rcx.gbdt.shap/1", err);
}

#define OPTIONS_OF_BOTH                                                                            \
    RCX_OPTION_REQUIRED(TEXT, struct predict_options, model, "model", 'm', "FILE", "the model"),   \
        RCX_OPTION_REQUIRED(TEXT, struct predict_options, data, "data", 'd', "FILE",               \
                            "the rows: CSV or Parquet"),                                           \
        RCX_OPTION(TEXT, struct predict_options, output, "output", 'o', "FILE",                    \
                   "the results as .parquet or .csv; default: standard output"),                   \
        RCX_OPTION(TEXT, struct predict_options, format, "format", 0, "NAME",                      \
                   "csv or parquet, whatever the name of FILE"),                                   \
        RCX_OPTION(TEXTS, struct predict_options, keep, "keep", 0, "COLUMN",                       \
                   "put this column of the data first; may be repeated"),                          \
        RCX_OPTION(U64, struct predict_options, trees, "num-iteration", 0, "N",                    \
                   "use only the first N trees")

static const struct rcx_option predict_options[] = {
    OPTIONS_OF_BOTH,
    RCX_OPTION(TEXT, struct predict_options, start, "start", 0, "COLUMN",
               "raw scores that the trees start from"),
    RCX_OPTION(FLAG, struct predict_options, raw, "raw", 0, NULL,
               "raw scores, not probabilities or amounts"),
    RCX_OPTION(FLAG, struct predict_options, leaves, "leaves", 0, NULL,
               "the number of the leaf in every tree"),
};

const struct rcx_command rcx_gbdt_predict_action = {
    .name = "gbdt predict",
    .summary = "apply a model to the rows of a table",
    .details = "Columns are found by name, in any order; columns that the model does not know are\n"
               "ignored.\n"
               "\n"
               "    rcx gbdt predict --data new.parquet -m model.txt --keep customer_id -o p.csv",
    RCX_OPTIONS(predict_options, struct predict_options),
    .run = run_predict,
};

static const struct rcx_option shap_options[] = {OPTIONS_OF_BOTH};

const struct rcx_command rcx_gbdt_shap_action = {
    .name = "gbdt shap",
    .summary = "explain every prediction: how much each feature moved it (exact TreeSHAP)",
    .details =
        "One column per feature and the base, the mean of the training rows; they sum to the\n"
        "raw score.\n"
        "\n"
        "    rcx gbdt shap --data new.parquet -m model.txt -o shap.parquet",
    RCX_OPTIONS(shap_options, struct predict_options),
    .run = run_shap,
};
