/* rcx segment: groups of customers that are alike */
#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/flow_segment.h"

struct segment_options {
    const char *directory;
};

enum { CELLS = 8, CELL_BYTES = 48 };

static void print_segments(struct rcx_cli *cli, const struct rcx_table *summary)
{
    static const struct rcx_cli_column columns[CELLS] = {
        {"segment", false},  {"customers", true}, {"share %", true}, {"recency", true},
        {"purchases", true}, {"value", true},     {"basket", true},  {"revenue %", true}};
    static const char *const reals[] = {"share",         "recency_mean", "frequency_mean",
                                        "monetary_mean", "basket_mean",  "revenue_share"};
    static const double factors[] = {100, 1, 1, 1, 1, 100};
    char texts[RCX_SEGMENT_COUNT * CELLS][CELL_BYTES];
    const char *cells[RCX_SEGMENT_COUNT * CELLS];
    for (size_t row = 0; row < summary->rows; row++) {
        const struct rcx_column *names = rcx_table_find(summary, "segment");
        cells[row * CELLS] = rcx_segment_title((enum rcx_segment_id)names->codes[row]);
        rcx_format_count((uint64_t)rcx_table_find(summary, "customers")->i64[row],
                         texts[row * CELLS + 1]);
        cells[row * CELLS + 1] = texts[row * CELLS + 1];
        for (size_t c = 0; c < sizeof reals / sizeof reals[0]; c++) {
            char *text = texts[row * CELLS + 2 + c];
            double value = rcx_table_find(summary, reals[c])->reals[row];
            if (isnan(value))
                snprintf(text, CELL_BYTES, "-");
            else
                snprintf(text, CELL_BYTES, "%.1f", factors[c] * value);
            cells[row * CELLS + 2 + c] = text;
        }
    }
    rcx_cli_table(cli, columns, CELLS, cells, summary->rows);
}

static void print_choice(struct rcx_cli *cli, const struct rcx_flow_segment_result *result)
{
    const struct rcx_segment_choice *choice = &result->segmentation.choice;
    const struct rcx_segment_trial *chosen = &choice->trials[choice->chosen];
    char date[RCX_DATE_TEXT_BYTES], rows[32];
    rcx_cli_print(cli, "%zu segments at %s (%s)", chosen->k,
                  rcx_format_day(result->segmentation.model.snapshot, date), choice->reason);
    if (!isnan(chosen->silhouette))
        rcx_cli_print(cli, "; silhouette %.3f", chosen->silhouette);
    if (!isnan(chosen->stability))
        rcx_cli_print(cli, ", stability %.3f", chosen->stability);
    rcx_cli_print(cli, "\n%s rows of %zu snapshot%s assigned\n",
                  rcx_format_count(result->rows, rows), result->snapshots,
                  result->snapshots == 1 ? "" : "s");
}

static void print_json(struct rcx_cli *cli, const struct rcx_flow_segment_result *result,
                       const char *directory)
{
    const struct rcx_segment_choice *choice = &result->segmentation.choice;
    const struct rcx_segment_trial *chosen = &choice->trials[choice->chosen];
    const struct rcx_segment_model *model = &result->segmentation.model;
    char date[RCX_DATE_TEXT_BYTES];
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.segment/1");
    rcx_json_put_text(&json, "directory", directory);
    rcx_json_put_text(&json, "snapshot", rcx_format_day(model->snapshot, date));
    rcx_json_put_u64(&json, "customers", model->customers);
    rcx_json_put_u64(&json, "rows", result->rows);
    rcx_json_put_u64(&json, "snapshots", result->snapshots);
    rcx_json_put_u64(&json, "k", chosen->k);
    rcx_json_put_text(&json, "choice", choice->reason);
    rcx_json_put_real(&json, "silhouette", chosen->silhouette);
    rcx_json_put_real(&json, "stability", chosen->stability);
    rcx_json_key(&json, "segments");
    rcx_json_array(&json);
    for (size_t c = 0; c < model->k; c++) {
        rcx_json_object(&json);
        rcx_json_put_text(&json, "segment", rcx_segment_title(model->names[c]));
        rcx_json_put_i64(&json, "customers", rcx_table_find(&result->summary, "customers")->i64[c]);
        rcx_json_put_real(&json, "share", rcx_table_find(&result->summary, "share")->reals[c]);
        rcx_json_put_real(&json, "revenue_share",
                          rcx_table_find(&result->summary, "revenue_share")->reals[c]);
        rcx_json_object_end(&json);
    }
    rcx_json_array_end(&json);
    rcx_json_key(&json, "files");
    rcx_json_array(&json);
    for (size_t f = 0; f < RCX_SEGMENT_FILES; f++)
        rcx_json_text(&json, rcx_flow_segment_output(f));
    rcx_json_array_end(&json);
    rcx_cli_json_end(cli, &json);
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct segment_options *given = values;
    const struct rcx_flow_segment flow = {.directory = given->directory,
                                          .config = cli->config,
                                          .parallel = cli->parallel,
                                          .no_sync = false};
    struct rcx_flow_segment_result result;
    enum rcx_status status = rcx_flow_segment(&flow, &result, NULL, err);
    if (status != RCX_OK)
        return status;
    if (cli->json) {
        print_json(cli, &result, given->directory);
    } else {
        print_segments(cli, &result.summary);
        print_choice(cli, &result);
    }
    rcx_flow_segment_result_release(&result);
    return RCX_OK;
}

static const struct rcx_option options[] = {
    RCX_OPTION_REQUIRED(TEXT, struct segment_options, directory, "output", 'o', "DIR",
                        "directory of the run (rcx run made it)"),
    RCX_OPTION_KEY("k", 'k', "N", "segments.k", "number of segments; default: chosen"),
    RCX_OPTION_KEY("strategies", 0, "FILE", "segments.strategies",
                   "YAML file with prototypes and strategies"),
};

const struct rcx_command rcx_cmd_segment = {
    .name = "segment",
    .summary = "group the customers of a run by recency, frequency and value, and name the groups",
    .details =
        "Reads DIR/data/features/customer_features.parquet, fits k-means on the latest snapshot "
        "for\n"
        "several numbers of segments, chooses one, and assigns the customers of all snapshots "
        "with\n"
        "that one model. Writes to DIR\n"
        "    outputs/segment_assignments.parquet    one row per customer and snapshot\n"
        "    outputs/segment_summary.csv            profile of each segment\n"
        "    outputs/segment_strategies.json        what to do about each\n"
        "    outputs/segment_quality.csv            every number of segments with all measures\n"
        "    outputs/segment_migration.csv          who went where between snapshots\n"
        "    models/segments.json                   the model\n"
        "docs/segments.md describes the columns.\n"
        "\n"
        "    rcx segment -o shop-run\n"
        "    rcx segment -o shop-run -k 6 --strategies ours.yaml",
    RCX_OPTIONS(options, struct segment_options),
    .run = run,
};
