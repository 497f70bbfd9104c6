/* rcx run: the whole pipeline */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/run_console.h"

struct run_options {
    const char *output, *until;
    bool force;
};

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct run_options *given = values;

    return rcx_run_on_console(cli, cli->operands, cli->operand_count,
                              given->output ? given->output : "rcx-out", given->until, given->force,
                              err);
}

static const struct rcx_option options[] = {
    RCX_OPTION(TEXT, struct run_options, output, "output", 'o', "DIR",
               "directory of the run (default rcx-out)"),
    RCX_OPTION(TEXT, struct run_options, until, "until", 0, "STAGE",
               "last stage: ingest, validate, clean, features, prove, segment, churn, clv, "
               "campaign or report"),
    RCX_OPTION_KEY("date-format", 0, "FORMAT", "ingest.date_format",
                   "order of the dates: dmy, mdy, ymd, yyyymmdd, excel"),
    RCX_OPTION_KEY("sheet", 0, "NAME,...", "ingest.sheets",
                   "sheets of a workbook (all visible ones with the same header)"),
    RCX_OPTION_KEY("format", 0, "NAME", "export.also",
                   "every table as csv, parquet or arrow, too, beside the file below"),
    RCX_OPTION(FLAG, struct run_options, force, "force", 0, NULL,
               "run also what has not changed since the last run"),
};

const struct rcx_command rcx_cmd_run = {
    .name = "run",
    .summary = "the whole pipeline: from a shop's files to the report",
    .operands = "DATA...",
    .operands_min = 1,
    .operands_max = RCX_OPERANDS_ANY,
    .details =
        "The run directory gets\n"
        "    store/                                  the rows, compressed (rcx info --store "
        "DIR/store)\n"
        "    outputs/rejects.csv                     rows that could not be read\n"
        "    outputs/validation_report.csv           what is wrong with the data\n"
        "    outputs/cleaning_stats.json             which rule removed what\n"
        "    data/processed/cleaned_data.parquet     the cleaned rows\n"
        "    models/cleaning.json                    the thresholds of the outlier rules\n"
        "    data/features/customer_features.parquet, feature_metadata.json\n"
        "    outputs/leakage_proof.json              that no feature saw the future\n"
        "    outputs/segment_assignments.parquet, segment_summary.csv, segment_strategies.json,\n"
        "    outputs/segment_quality.csv, segment_migration.csv, models/segments.json\n"
        "    outputs/churn_predictions.parquet, churn_model_metrics.json, churn_backtest.csv,\n"
        "    outputs/churn_labels.parquet, churn_label_statistics.csv, churn_evaluation.parquet,\n"
        "    outputs/churn_threshold.csv, churn_feature_importance.csv, churn_shap_summary.csv,\n"
        "    models/churn.model.txt, churn.json\n"
        "    outputs/clv_predictions.parquet, clv_model_metrics.json, clv_backtest.csv, "
        "clv_targets.parquet,\n"
        "    outputs/clv_evaluation.parquet, clv_decile_analysis.csv, clv_feature_importance.csv,\n"
        "    outputs/clv_behaviour_holdout.csv, models/clv*.model.txt, clv.json\n"
        "    outputs/cohorts.csv                     who came when, who came back\n"
        "    outputs/report.html                     all of it on one page\n"
        "    run.json                                what was read, made and set; digests "
        "of all files\n"
        "    logs/retention_system.log               one JSON object a line\n"
        "A stage whose inputs and keys have not changed since the last run is skipped. When the\n"
        "proof fails the later stages finish, and the exit code is 5. Too little data for a model "
        "of\n"
        "churn or value is a warning, and the run goes on without one.",
    RCX_OPTIONS(options, struct run_options),
    .run = run,
};
