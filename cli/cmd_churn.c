/* rcx churn: who is about to leave */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/flow_churn.h"

struct churn_options {
    const char *directory;
};

enum { CELLS = 6, CELL_BYTES = 32 };

/* The models at the test and over the origins, from the backtest table. */
static void print_models(struct rcx_cli *cli, const struct rcx_churn_result *result)
{
    static const struct rcx_cli_column columns[CELLS] = {{"model", false},   {"test AUC", true},
                                                         {"log loss", true}, {"mean AUC", true},
                                                         {"log loss", true}, {"ECE", true}};
    const struct rcx_table *table = &result->backtest;
    const double *auc = rcx_table_find(table, "auc")->reals;
    const double *loss = rcx_table_find(table, "log_loss")->reals;
    const double *ece = rcx_table_find(table, "ece")->reals;
    size_t test = table->rows - 2 * RCX_CHURN_JUDGED, mean = table->rows - RCX_CHURN_JUDGED;
    char texts[RCX_CHURN_JUDGED * CELLS][CELL_BYTES];
    const char *cells[RCX_CHURN_JUDGED * CELLS];
    for (size_t c = 0; c < RCX_CHURN_JUDGED; c++) {
        const double values[CELLS - 1] = {auc[test + c], loss[test + c], auc[mean + c],
                                          loss[mean + c], ece[mean + c]};
        cells[c * CELLS] = rcx_churn_judged_name(c);
        for (size_t k = 0; k + 1 < CELLS; k++) {
            char *text = texts[c * CELLS + k];
            (void)snprintf(text, CELL_BYTES, isnan(values[k]) ? "-" : "%.4f", values[k]);
            cells[c * CELLS + 1 + k] = text;
        }
    }
    rcx_cli_table(cli, columns, CELLS, cells, RCX_CHURN_JUDGED);
}

static void print_result(struct rcx_cli *cli, const struct rcx_churn_result *result)
{
    char test[RCX_DATE_TEXT_BYTES], rows[32], train[32], customers[32];
    const struct rcx_column *decision = rcx_table_find(&result->predictions, "decision");
    uint64_t leaving = 0;
    for (size_t i = 0; i < decision->rows; i++)
        leaving += decision->booleans[i] && !rcx_column_is_null(decision, i);
    print_models(cli, result);
    rcx_cli_print(cli, "\ntest %s, %s customers; delivered: %s, trained on %s rows\n",
                  rcx_format_day(result->test_day, test), rcx_format_count(result->test_rows, rows),
                  rcx_churn_candidate_name(result->chosen),
                  rcx_format_count(result->train_rows, train));
    if (result->best_baseline)
        rcx_cli_print(cli, "the blend does not beat %s over the origins\n", result->best_baseline);
    rcx_cli_print(cli, "%s customers known", rcx_format_count(result->predictions.rows, customers));
    rcx_cli_print(cli, ", %s of them at %.2f or more\n", rcx_format_count(leaving, customers),
                  result->threshold_value);
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct churn_options *given = values;
    const char *directory = given->directory ? given->directory : "rcx-out";
    struct rcx_churn_result result = {0};
    struct rcx_flow_store store = {0};
    enum rcx_status status = rcx_flow_store_open_run(directory, cli->config, &cli->parallel, &store,
                                                     err);
    const struct rcx_flow_task flow = {.from = &store,
                                       .config = cli->config,
                                       .directory = directory,
                                       .parallel = cli->parallel,
                                       .table_bytes = cli->memory_bytes / 2};
    if (status == RCX_OK)
        status = rcx_flow_churn(&flow, &result, err);
    if (status == RCX_OK && cli->json)
        rcx_cli_write(cli, result.metrics.data, result.metrics.length);
    else if (status == RCX_OK)
        print_result(cli, &result);
    rcx_churn_result_release(&result);
    rcx_flow_store_close(&store);
    return status;
}

static const struct rcx_option options[] = {
    RCX_OPTION(TEXT, struct churn_options, directory, "output", 'o', "DIR",
               "directory of the run (default rcx-out)"),
};

const struct rcx_command rcx_cmd_churn = {
    .name = "churn",
    .summary = "predict who is about to leave, and judge it at rolling origins",
    .details =
        "Reads DIR/store, and writes into DIR\n"
        "    outputs/churn_predictions.parquet        everyone known: probability, decision, "
        "reasons\n"
        "    outputs/churn_model_metrics.json         all measures with intervals, threshold, "
        "split\n"
        "    outputs/churn_backtest.csv               every model at every origin\n"
        "    outputs/churn_evaluation.parquet         the rows they were judged on\n"
        "    outputs/churn_labels.parquet, churn_label_statistics.csv\n"
        "    outputs/churn_threshold.csv, churn_feature_importance.csv, churn_shap_summary.csv\n"
        "    models/churn.model.txt, churn.json       trees in LightGBM's format, and the rest\n"
        "\n"
        "    rcx churn -o rcx-out --set churn.horizon_days=60",
    RCX_OPTIONS(options, struct churn_options),
    .run = run,
};
