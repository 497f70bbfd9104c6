/* rcx score: fresh predictions for one date with the saved models */
#include <stdio.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/flow_score.h"

struct score_options {
    const char *directory;
    struct rcx_date_option as_of;
};

static uint64_t count_code(const struct rcx_column *column, uint32_t code)
{
    uint64_t count = 0;
    for (size_t i = 0; i < column->rows; i++)
        count += column->codes[i] == code && !rcx_column_is_null(column, i);
    return count;
}

/* Customers by the words of a text column. */
static void put_counts(struct rcx_json *json, const struct rcx_table *table, const char *name)
{
    const struct rcx_column *column = rcx_table_find(table, name);
    rcx_json_key(json, name);
    rcx_json_object(json);
    for (uint32_t code = 0; code < column->dictionary->count; code++) {
        char word[32];
        struct rcx_text text = rcx_strings_get(column->dictionary, code);
        (void)snprintf(word, sizeof word, "%.*s", (int)text.length, text.data);
        rcx_json_put_u64(json, word, count_code(column, code));
    }
    rcx_json_object_end(json);
}

static void print_counts(struct rcx_cli *cli, const struct rcx_table *table, const char *name)
{
    const struct rcx_column *column = rcx_table_find(table, name);
    for (uint32_t code = 0; code < column->dictionary->count; code++) {
        char number[32];
        struct rcx_text text = rcx_strings_get(column->dictionary, code);
        rcx_cli_print(cli, "%-18.*s %10s\n", (int)text.length, text.data,
                      rcx_format_count(count_code(column, code), number));
    }
}

static void report(struct rcx_cli *cli, const struct rcx_flow_score_result *result, rcx_day day,
                   const char *path)
{
    char date[RCX_DATE_TEXT_BYTES], number[32];
    const struct rcx_table *table = &result->predictions;
    if (cli->json) {
        struct rcx_json json = rcx_cli_json_begin(cli, "rcx.score/1");
        rcx_json_put_text(&json, "as_of", rcx_format_day(day, date));
        rcx_json_put_u64(&json, "customers", table->rows);
        rcx_json_put_text(&json, "model", rcx_churn_candidate_name(result->churn.chosen));
        rcx_json_put_real(&json, "threshold", result->churn.threshold);
        if (result->has_values) {
            rcx_json_put_text(&json, "value_model", rcx_clv_candidate_name(result->value_model));
            rcx_json_put_real(&json, "value", result->values.total);
            rcx_json_put_real(&json, "value_calibrated", result->values.total_calibrated);
        }
        put_counts(&json, table, "status");
        put_counts(&json, table, "risk_level");
        rcx_json_put_text(&json, "output", path);
        rcx_cli_json_end(cli, &json);
        return;
    }
    print_counts(cli, table, "risk_level");
    rcx_cli_print(cli, "\n");
    print_counts(cli, table, "status");
    if (result->has_values)
        rcx_cli_print(cli, "\n%s customers with features are worth %.0f (%.0f calibrated), by %s\n",
                      rcx_format_count(result->values.scored, number), result->values.total,
                      result->values.total_calibrated, rcx_clv_candidate_name(result->value_model));
    else
        rcx_cli_print(cli,
                      "\nno values: there is no value model; rcx clv, or rcx run, makes one\n");
    rcx_cli_print(cli, "\n%s customers as of %s: %s\n", rcx_format_count(table->rows, number),
                  rcx_format_day(day, date), path);
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct score_options *given = values;
    const char *directory = given->directory ? given->directory : "rcx-out";
    struct rcx_flow_score_result result = {0};
    struct rcx_flow_store store = {0};
    char *output = NULL;
    enum rcx_status status = rcx_flow_store_open_run(directory, cli->config, &cli->parallel, &store,
                                                     err);
    const struct rcx_flow_score flow = {.from = &store,
                                        .config = cli->config,
                                        .directory = directory,
                                        .day = given->as_of.given ? given->as_of.day
                                                                  : store.range.last,
                                        .parallel = cli->parallel,
                                        .table_bytes = cli->memory_bytes / 2};
    if (status == RCX_OK)
        status = rcx_flow_score(&flow, &result, err);
    if (status == RCX_OK)
        status = rcx_flow_score_write(&flow, &result, &output, err);
    if (status == RCX_OK)
        report(cli, &result, flow.day, output);
    rcx_flow_score_result_release(&result);
    rcx_flow_store_close(&store);
    rcx_free(output);
    return status;
}

static const struct rcx_option options[] = {
    RCX_OPTION(TEXT, struct score_options, directory, "output", 'o', "DIR",
               "directory of the run (default rcx-out)"),
    RCX_OPTION(DATE, struct score_options, as_of, "as-of", 0, "DATE",
               "the date (default: the last day of the data)"),
};

const struct rcx_command rcx_cmd_score = {
    .name = "score",
    .summary = "score every customer as of one date with the saved models",
    .details =
        "Features and behaviour are computed as of the date; the models are those that a run, or\n"
        "rcx churn and rcx clv, have saved in DIR/models. Without a value model there are no "
        "values.\n"
        "Writes DIR/outputs/scores_<date>.parquet.\n"
        "\n"
        "    rcx score -o rcx-out --as-of 2011-12-09",
    RCX_OPTIONS(options, struct score_options),
    .run = run,
};
