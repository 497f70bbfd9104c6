#include "cli/run_stages.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/flow_behaviour.h"
#include "cli/flow_clean.h"
#include "cli/flow_drift.h"
#include "cli/flow_features.h"
#include "cli/flow_prove.h"
#include "cli/run_files.h"
#include "cli/run_manifest.h"
#include "cli/sink_options.h"
#include "engine/exec/validate_run.h"
#include "storage/format/sink.h"
#include "storage/ingest/ingest.h"

enum rcx_status rcx_run_open_store(struct rcx_run_state *run, struct rcx_error *err)
{
    if (run->store.store)
        return RCX_OK;
    return rcx_flow_store_attach(run->store_directory, 0, run->config, &run->store, err);
}

enum rcx_status rcx_run_open_cleaned(struct rcx_run_state *run, struct rcx_error *err)
{
    enum rcx_status status = rcx_run_open_store(run, err);
    if (status == RCX_OK)
        status = rcx_flow_store_learn(&run->store, &run->flow->parallel, err);
    return status;
}

char *rcx_run_output_path(const struct rcx_run_state *run, const char *path, struct rcx_error *err)
{
    return rcx_run_file_path(run->flow->directory, path, err);
}

enum rcx_status rcx_run_failed_path(const struct rcx_error *err)
{
    return err && err->status != RCX_OK ? err->status : RCX_E_IO;
}

/* --- ingest ------------------------------------------------------------------------------------- */

static void ingest_progress(void *context, const char *step, uint64_t done, uint64_t total)
{
    const struct rcx_flow_run *flow = context;

    if (flow->progress)
        flow->progress(flow->progress_context, "ingest", step, done, total);
}

static enum rcx_status stage_ingest(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                    struct rcx_error *err)
{
    const struct rcx_flow_run *flow = run->flow;
    const struct rcx_config *config = run->config;
    struct rcx_ingest_report report = {0};
    char *rejects = rcx_run_output_path(run, "outputs/rejects.csv", err);
    char accepted[32], rejected[32], guests[32];

    if (!rejects)
        return rcx_run_failed_path(err);
    const struct rcx_ingest_options options = {
        .inputs = flow->inputs,
        .input_count = flow->input_count,
        .store = run->store_directory,
        .rejects = rejects,
        .replace = true,
        .memory_limit = flow->memory_bytes,
        .parallel = flow->parallel,
        .zstd_level = (int)config->store.zstd_level,
        .no_sync = !config->store.sync,
        .temp_directory = config->runtime.temp_dir,
        .log = flow->log,
        .progress = ingest_progress,
        .progress_context = (void *)(uintptr_t)flow,
    };
    enum rcx_status status = rcx_ingest(&config->ingest, &options, &report, err);
    if (status == RCX_OK) {
        stage->rows_in = report.accepted + report.rejected;
        stage->rows_out = report.accepted;
        stage->bytes = report.store.bytes;
        for (size_t i = 0; i < flow->input_count && report.input_count == flow->input_count; i++)
            run->report->inputs[i].digest = report.inputs[i].digest;
        stage->outputs[stage->output_count++] = (struct rcx_run_output){
            .path = "store", .bytes = report.store.bytes, .digest = report.store.digest};
        snprintf(
            stage->note, sizeof stage->note, "%s rows, %s of them without customer, %s rejected",
            rcx_format_count(report.accepted, accepted), rcx_format_count(report.guests, guests),
            rcx_format_count(report.rejected, rejected));
    }
    rcx_ingest_report_release(&report);
    rcx_free(rejects);
    return status;
}

/* --- validate ----------------------------------------------------------------------------------- */

static enum rcx_status stage_validate(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                      struct rcx_error *err)
{
    const struct rcx_validate_options options = {.validation = &run->config->validation,
                                                 .cleaning = &run->config->cleaning,
                                                 .definitions = run->config->features.definitions,
                                                 .parallel = run->flow->parallel};
    struct rcx_sink_options sink = rcx_flow_run_sink_options(&run->config->export,
                                                             run->flow->parallel);
    struct rcx_validation validation = {0};
    struct rcx_table table = {0};
    size_t failed = 0;
    static const char name[] = "outputs/validation_report.csv";
    char *path = rcx_run_output_path(run, name, err);
    enum rcx_status status = path ? rcx_run_open_store(run, err) : rcx_run_failed_path(err);

    sink.no_sync = true;
    if (status == RCX_OK)
        status = rcx_validate_run(run->store.store, &options, &validation, err);
    if (status == RCX_OK)
        status = rcx_validation_table(&validation, &table, err);
    if (status == RCX_OK)
        status = rcx_sink_write_table(path, &sink, &table, err);
    if (status == RCX_OK) {
        for (size_t i = 0; i < validation.count; i++)
            failed += !validation.checks[i].pass;
        stage->rows_in = stage->rows_out = validation.facts.rows;
        status = rcx_run_add_output(run->flow->directory, name, stage, err);
        snprintf(stage->note, sizeof stage->note, "%zu checks, %zu of them failed%s",
                 validation.count, failed, validation.has_errors ? ", with errors" : "");
    }
    rcx_table_release(&table);
    rcx_validation_release(&validation);
    rcx_free(path);
    return status;
}

/* --- clean -------------------------------------------------------------------------------------- */

static const char cleaned_rows[] = "data/processed/cleaned_data.parquet";
static const char cleaning_statistics[] = "outputs/cleaning_stats.json";
static const char cleaning_model[] = "models/cleaning.json";

static enum rcx_status account_clean(struct rcx_run_state *run,
                                     const struct rcx_flow_clean_result *result, bool with_rows,
                                     struct rcx_run_stage *stage, struct rcx_error *err)
{
    const struct rcx_clean_account *kept = &result->stats.rules[RCX_RULE_KEPT];
    struct rcx_clean_account removed = rcx_clean_stats_removed(&result->stats, 2, 4);
    unsigned places = rcx_clean_revenue_decimals(&run->store.plan);
    const char *directory = run->flow->directory;
    char customers[32], money[64];

    stage->rows_in = result->stats.initial_rows;
    stage->rows_out = kept->rows;
    enum rcx_status status = rcx_run_add_output(directory, cleaning_statistics, stage, err);
    if (status == RCX_OK)
        status = rcx_run_add_output(directory, cleaning_model, stage, err);
    if (status == RCX_OK && with_rows)
        status = rcx_run_add_output(directory, cleaned_rows, stage, err);
    snprintf(stage->note, sizeof stage->note,
             "%s customers; the rules on values removed %s of revenue%s",
             rcx_format_count(kept->customers_touched, customers),
             rcx_format_money(removed.net, places, 0, money),
             result->relearned[0] ? "; thresholds learned anew" : "");
    if (result->relearned[0])
        rcx_log_write(run->flow->log, RCX_LOG_WARNING, "clean", "thresholds learned anew: %s",
                      result->relearned);
    return status;
}

static enum rcx_status stage_clean(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                   struct rcx_error *err)
{
    struct rcx_flow_clean_result result = {0};
    char *statistics = rcx_run_output_path(run, cleaning_statistics, err);
    char *model = statistics ? rcx_run_output_path(run, cleaning_model, err) : NULL;
    char *rows = NULL;
    enum rcx_status status = model ? rcx_run_open_cleaned(run, err) : rcx_run_failed_path(err);

    if (status == RCX_OK && run->config->export.cleaned_data) {
        rows = rcx_run_output_path(run, cleaned_rows, err);
        status = rows ? RCX_OK : rcx_run_failed_path(err);
    }
    const struct rcx_flow_clean flow = {
        .from = &run->store,
        .export = &run->config->export,
        .parallel = run->flow->parallel,
        .output = rows,
        .statistics = statistics,
        .model = model,
        .also_format = rcx_flow_run_also(&run->config->export),
        .no_sync = true,
    };
    if (status == RCX_OK)
        status = rcx_flow_clean(&flow, &result, err);
    if (status == RCX_OK)
        status = account_clean(run, &result, rows != NULL, stage, err);
    rcx_clean_stats_release(&result.stats);
    rcx_free(rows);
    rcx_free(model);
    rcx_free(statistics);
    return status;
}

/* --- features ----------------------------------------------------------------------------------- */

static const char behaviour_table[] = "data/features/customer_behaviour.parquet";
static const char behaviour_parameters[] = "outputs/btyd_parameters.json";
static const char behaviour_model[] = "models/btyd.json";

struct behaviour_paths {
    char *table, *parameters, *model;
};

static void release_behaviour_paths(struct behaviour_paths *paths)
{
    rcx_free(paths->table);
    rcx_free(paths->parameters);
    rcx_free(paths->model);
}

static enum rcx_status open_behaviour(struct rcx_run_state *run, struct behaviour_paths *paths,
                                      struct rcx_flow_behaviour **out, struct rcx_error *err)
{
    paths->table = rcx_run_output_path(run, behaviour_table, err);
    paths->parameters = paths->table ? rcx_run_output_path(run, behaviour_parameters, err) : NULL;
    paths->model = paths->parameters ? rcx_run_output_path(run, behaviour_model, err) : NULL;
    if (!paths->model)
        return rcx_run_failed_path(err);
    const struct rcx_flow_behaviour_options options = {
        .config = run->config,
        .parallel = run->flow->parallel,
        .output = paths->table,
        .parameters = paths->parameters,
        .model = paths->model,
        .no_sync = true,
    };
    return rcx_flow_behaviour_open(&options, out, err);
}

static enum rcx_status close_behaviour(struct rcx_run_state *run,
                                       struct rcx_flow_behaviour *behaviour,
                                       struct rcx_run_stage *stage, struct rcx_error *err)
{
    struct rcx_flow_behaviour_result result = {0};
    const char *directory = run->flow->directory;
    size_t length = strlen(stage->note);
    enum rcx_status status = rcx_flow_behaviour_commit(behaviour, &result, err);
    if (status == RCX_OK)
        status = rcx_run_add_output(directory, behaviour_table, stage, err);
    if (status == RCX_OK)
        status = rcx_run_add_output(directory, behaviour_parameters, stage, err);
    if (status == RCX_OK && result.not_fitted < result.snapshots)
        status = rcx_run_add_output(directory, behaviour_model, stage, err);
    if (status == RCX_OK && result.replaced > 0)
        snprintf(stage->note + length, sizeof stage->note - length,
                 "; behaviour models at their limit, the NBD, at %zu of %zu", result.replaced,
                 result.snapshots);
    if (status == RCX_OK && result.not_converged > 0)
        rcx_log_write(run->flow->log, RCX_LOG_WARNING, "features",
                      "the behaviour model did not converge at %zu of %zu snapshots",
                      result.not_converged, result.snapshots);
    return status;
}

static enum rcx_status compute_features(struct rcx_run_state *run, const char *table,
                                        const char *metadata, struct rcx_run_stage *stage,
                                        struct rcx_error *err)
{
    char created[RCX_TIME_TEXT_BYTES], customers[32];
    struct rcx_flow_features_result result = {0};
    struct rcx_flow_behaviour *behaviour = NULL;
    struct behaviour_paths paths = {0};
    enum rcx_status status = open_behaviour(run, &paths, &behaviour, err);
    const struct rcx_flow_features flow = {
        .from = &run->store,
        .config = run->config,
        .parallel = run->flow->parallel,
        .table_bytes = run->flow->memory_bytes /
                       2, /* the rest: the store's pages, scratch, the sink */
        .output = table,
        .metadata = metadata,
        .created = rcx_format_time((rcx_time)time(NULL), created),
        .also_format = rcx_flow_run_also(&run->config->export),
        .no_sync = true,
        .summary = rcx_flow_behaviour_add,
        .summary_work = rcx_flow_behaviour_fit,
        .summary_context = behaviour,
    };
    if (status == RCX_OK)
        status = rcx_flow_features(&flow, &result, err);
    if (status == RCX_OK) {
        stage->rows_out = result.rows;
        snprintf(stage->note, sizeof stage->note, "%zu snapshots of %s customers",
                 result.snapshots.count,
                 rcx_format_count(result.metadata.customer_count, customers));
        status = close_behaviour(run, behaviour, stage, err);
    }
    rcx_flow_features_result_release(&result);
    rcx_flow_behaviour_close(behaviour);
    release_behaviour_paths(&paths);
    return status;
}

/* The drift of the table that was just written, as a table of its own. */
static enum rcx_status compare_snapshots(struct rcx_run_state *run, const char *table,
                                         struct rcx_run_stage *stage, struct rcx_error *err)
{
    static const char name[] = "outputs/feature_drift.csv";
    struct rcx_sink_options sink = rcx_flow_run_sink_options(&run->config->export,
                                                             run->flow->parallel);
    struct rcx_feature_drift drift = {0};
    size_t length = strlen(stage->note);
    char *path = rcx_run_output_path(run, name, err);

    sink.no_sync = true;
    enum rcx_status status = path ? rcx_flow_drift(table, &run->config->drift, path, &sink, &drift,
                                                   err)
                                  : rcx_run_failed_path(err);
    if (status == RCX_OK)
        status = rcx_run_add_output(run->flow->directory, name, stage, err);
    if (status == RCX_OK && drift.drifted > 0)
        snprintf(stage->note + length, sizeof stage->note - length,
                 "; %zu of %zu comparisons with the reference drifted", drift.drifted,
                 drift.table.rows);
    rcx_feature_drift_release(&drift);
    rcx_free(path);
    return status;
}

static enum rcx_status stage_features(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                      struct rcx_error *err)
{
    static const char name[] = "data/features/customer_features.parquet";
    char *table = rcx_run_output_path(run, name, err);
    char *metadata = table ? rcx_run_output_path(run, "data/features/feature_metadata.json", err)
                           : NULL;
    enum rcx_status status = metadata ? rcx_run_open_cleaned(run, err) : rcx_run_failed_path(err);

    if (status == RCX_OK) {
        stage->rows_in = rcx_store_summary(run->store.store)->rows;
        status = compute_features(run, table, metadata, stage, err);
    }
    /* the metadata hold their time of creation, which no digest covers */
    if (status == RCX_OK)
        status = rcx_run_add_output(run->flow->directory, name, stage, err);
    if (status == RCX_OK)
        status = compare_snapshots(run, table, stage, err);
    rcx_free(table);
    rcx_free(metadata);
    return status;
}

/* --- prove -------------------------------------------------------------------------------------- */

static enum rcx_status write_proof(struct rcx_run_state *run, const char *path,
                                   struct rcx_proof *out, struct rcx_error *err)
{
    char digest_text[RCX_DIGEST_TEXT_BYTES];
    struct rcx_digest digest;
    enum rcx_status status = rcx_flow_prove_config_digest(run->flow->settings, &digest, err);
    if (status != RCX_OK)
        return status;
    const struct rcx_flow_prove flow = {
        .store = run->store.store,
        .config = run->config,
        .parallel = run->flow->parallel,
        .table_bytes = run->flow->memory_bytes / 2,
        .output = path,
        .config_digest = rcx_digest_format(digest, digest_text),
        .no_sync = true,
    };
    return rcx_flow_prove(&flow, out, err);
}

static void describe_proof(const struct rcx_proof *proof, struct rcx_run_stage *stage)
{
    char values[32];
    size_t same = 0;

    for (size_t i = 0; i < proof->snapshot_count; i++)
        same += proof->snapshots[i].ok;
    snprintf(stage->note, sizeof stage->note,
             "%zu of %zu snapshots the same with other futures; %s values of %zu customers "
             "recomputed, %" PRIu64 " differ",
             same, proof->snapshot_count, rcx_format_count(proof->agreement.values, values),
             proof->sampled, proof->agreement.differences);
}

static enum rcx_status stage_prove(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                   struct rcx_error *err)
{
    static const char name[] = "outputs/leakage_proof.json";
    struct rcx_proof proof = {0};
    char *path = rcx_run_output_path(run, name, err);
    enum rcx_status status = path ? rcx_run_open_store(run, err) : rcx_run_failed_path(err);

    if (status == RCX_OK)
        status = write_proof(run, path, &proof, err);
    if (status == RCX_OK)
        status = rcx_run_add_output(run->flow->directory, name, stage, err);
    if (status == RCX_OK) {
        stage->rows_in = stage->rows_out = rcx_store_summary(run->store.store)->rows;
        describe_proof(&proof, stage);
        status = rcx_proof_status(&proof, err);
    }
    rcx_proof_release(&proof);
    rcx_free(path);
    return status;
}

/* --- the pipeline ------------------------------------------------------------------------------- */

const struct rcx_run_stage_row rcx_run_stages[] = {
    {.name = "ingest", .reads_inputs = true, .sections = {"ingest", "store"}, .run = stage_ingest},
    {.name = "validate",
     .sections = {"validation", "cleaning", "features", "export"},
     .run = stage_validate},
    {.name = "clean", .sections = {"cleaning", "features", "export"}, .run = stage_clean},
    {.name = "features",
     .sections = {"cleaning", "snapshots", "features", "drift", "churn", "clv", "btyd", "export"},
     .run = stage_features},
    {.name = "prove",
     .sections = {"cleaning", "snapshots", "features", "churn", "clv", "prove", "runtime.seed"},
     .run = stage_prove},
    {.name = "segment",
     .sections = {"cleaning", "snapshots", "features", "segments", "export", "runtime.seed"},
     .run = rcx_run_stage_segment},
    {.name = "churn",
     .sections = {"cleaning", "snapshots", "features", "models", "churn", "clv", "campaign", "btyd",
                  "export", "runtime.seed"},
     .run = rcx_run_stage_churn},
    {.name = "clv",
     .sections = {"cleaning", "snapshots", "features", "models", "churn", "clv", "btyd", "export",
                  "runtime.seed"},
     .run = rcx_run_stage_clv},
    {.name = "campaign",
     .reads_outputs = true,
     .sections = {"campaign", "export", "runtime.seed"},
     .run = rcx_run_stage_campaign},
    {.name = "report",
     .reads_outputs = true,
     .sections = {"cleaning", "features", "export"},
     .run = rcx_run_stage_report},
};
const size_t rcx_run_stage_count = sizeof rcx_run_stages / sizeof rcx_run_stages[0];
