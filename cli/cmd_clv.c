/* rcx clv: what each customer is worth */
#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/flow_clv.h"

struct clv_options {
    const char *directory;
};

enum { CELLS = 8, CELL_BYTES = 32 };

/* The models at the test and over the origins, from the backtest table. */
static void print_models(struct rcx_cli *cli, const struct rcx_clv_result *result)
{
    static const struct rcx_cli_column columns[CELLS] = {
        {"model", false}, {"test R2", true}, {"MAE", true},      {"Spearman", true},
        {"Gini", true},   {"total %", true}, {"MAE/mean", true}, {"over origins", true}};
    static const char *const names[CELLS - 2] = {
        "r2", "mae", "spearman", "gini", "total_error_pct", "mae_over_mean"};
    static const int decimals[CELLS - 1] = {3, 1, 3, 3, 1, 3, 4};
    const struct rcx_table *table = &result->backtest;
    size_t test = table->rows - 2 * RCX_CLV_JUDGED, mean = table->rows - RCX_CLV_JUDGED;
    char texts[RCX_CLV_JUDGED * CELLS][CELL_BYTES];
    const char *cells[RCX_CLV_JUDGED * CELLS];
    for (size_t c = 0; c < RCX_CLV_JUDGED; c++) {
        cells[c * CELLS] = rcx_clv_judged_name(c);
        for (size_t k = 0; k + 1 < CELLS; k++) {
            char *text = texts[c * CELLS + k];
            bool over = k + 2 == CELLS;
            double value =
                rcx_table_find(table, names[over ? k - 1 : k])->reals[over ? mean + c : test + c];
            if (isnan(value))
                (void)snprintf(text, CELL_BYTES, "-");
            else
                (void)snprintf(text, CELL_BYTES, "%.*f", decimals[k], value);
            cells[c * CELLS + 1 + k] = text;
        }
    }
    rcx_cli_table(cli, columns, CELLS, cells, RCX_CLV_JUDGED);
}

static void print_result(struct rcx_cli *cli, const struct rcx_clv_result *result)
{
    char test[RCX_DATE_TEXT_BYTES], rows[32], train[32], customers[32], scored[32];
    print_models(cli, result);
    rcx_cli_print(cli, "\ntest %s, %s customers, %d days%s\n",
                  rcx_format_day(result->test_day, test), rcx_format_count(result->test_rows, rows),
                  (int)result->evaluated_days,
                  result->evaluated_days == result->horizon_days
                      ? ""
                      : " (the longest horizon that leaves enough rows to judge by)");
    rcx_cli_print(cli, "delivered: %s for %d days, trained on %s rows\n",
                  rcx_clv_candidate_name(result->chosen), (int)result->horizon_days,
                  rcx_format_count(result->train_rows, train));
    if (result->simple_wins)
        rcx_cli_print(cli, "no trees beat %s over the origins (%s: %.4f, %s: %.4f)\n",
                      rcx_clv_candidate_name(result->best_simple),
                      rcx_clv_candidate_name(result->best_trees), result->best_trees_relative,
                      rcx_clv_candidate_name(result->best_simple), result->best_simple_relative);
    if (!isnan(result->test_total_calibrated))
        rcx_cli_print(cli, "total at the test: %+.1f %% as delivered, %+.1f %% calibrated\n",
                      result->test_total_error, result->test_total_calibrated);
    rcx_cli_print(cli, "intervals hold %.1f %% of the test's customers\n", 100 * result->coverage);
    rcx_cli_print(cli, "%s customers known, %s scored, %.0f expected of these (%.0f calibrated)\n",
                  rcx_format_count(result->predictions.rows, customers),
                  rcx_format_count(result->scores.scored, scored), result->scores.total,
                  result->scores.total_calibrated);
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct clv_options *given = values;
    const char *directory = given->directory ? given->directory : "rcx-out";
    struct rcx_clv_result result = {0};
    struct rcx_flow_store store = {0};
    enum rcx_status status = rcx_flow_store_open_run(directory, cli->config, &cli->parallel, &store,
                                                     err);
    const struct rcx_flow_task flow = {.from = &store,
                                       .config = cli->config,
                                       .directory = directory,
                                       .parallel = cli->parallel,
                                       .table_bytes = cli->memory_bytes / 2};
    if (status == RCX_OK)
        status = rcx_flow_clv(&flow, &result, err);
    if (status == RCX_OK && cli->json)
        rcx_cli_write(cli, result.metrics.data, result.metrics.length);
    else if (status == RCX_OK)
        print_result(cli, &result);
    rcx_clv_result_release(&result);
    rcx_flow_store_close(&store);
    return status;
}

static const struct rcx_option options[] = {
    RCX_OPTION(TEXT, struct clv_options, directory, "output", 'o', "DIR",
               "directory of the run (default rcx-out)"),
};

const struct rcx_command rcx_cmd_clv = {
    .name = "clv",
    .summary = "predict what each customer is worth, and judge it at rolling origins",
    .details =
        "Reads DIR/store, and writes into DIR\n"
        "    outputs/clv_predictions.parquet          everyone known: value, interval, value if "
        "active or lapsed\n"
        "    outputs/clv_model_metrics.json           all measures with intervals, the choice, "
        "coverage\n"
        "    outputs/clv_backtest.csv                 every model at every origin\n"
        "    outputs/clv_evaluation.parquet           the rows they were judged on\n"
        "    outputs/clv_targets.parquet, clv_decile_analysis.csv, clv_feature_importance.csv\n"
        "    outputs/clv_behaviour_holdout.csv        the behaviour model at the test\n"
        "    models/clv*.model.txt, clv.json          trees in LightGBM's format, and the rest\n"
        "\n"
        "    rcx clv -o rcx-out --set clv.horizon_days=90",
    RCX_OPTIONS(options, struct clv_options),
    .run = run,
};
