/* rcx features: the 33 features of every customer at every snapshot */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/features_actions.h"
#include "cli/flow_features.h"
#include "cli/scratch_store.h"

struct features_options {
    const char *store, *output, *format, *metadata, *customer;
    struct rcx_texts data, maps;
    struct rcx_date_option snapshot;
    uint64_t version;
    bool labels, markdown, append, check, dry_run;
};

static void list_json(struct rcx_cli *cli, const struct rcx_cfg_features *cfg)
{
    char name[RCX_FEATURE_NAME_BYTES];
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.features.list/1");
    rcx_json_key(&json, "features");
    rcx_json_array(&json);
    for (enum rcx_feature f = 0; f < RCX_FEATURE_COUNT; f++) {
        const struct rcx_feature_info *info = rcx_feature_info(f);
        rcx_json_object(&json);
        rcx_json_put_text(&json, "name", rcx_feature_name(f, cfg, name));
        rcx_json_put_text(&json, "group", info->group);
        rcx_json_put_text(&json, "type", rcx_feature_type_name(info->type));
        rcx_json_put_text(&json, "unit", info->unit);
        rcx_json_put_text(&json, "definition", info->definition);
        rcx_json_put_text(&json, "undefined", info->undefined);
        rcx_json_put_text(&json, "original", info->original);
        rcx_json_object_end(&json);
    }
    rcx_json_array_end(&json);
    rcx_cli_json_end(cli, &json);
}

static void list_table(struct rcx_cli *cli, const struct rcx_cfg_features *cfg)
{
    enum { CELLS = 5 };
    static const struct rcx_cli_column columns[CELLS] = {
        {"#", true}, {"name", false}, {"group", false}, {"type", false}, {"definition", false}};
    char names[RCX_FEATURE_COUNT][RCX_FEATURE_NAME_BYTES];
    char numbers[RCX_FEATURE_COUNT][8];
    const char *cells[RCX_FEATURE_COUNT * CELLS];
    for (enum rcx_feature f = 0; f < RCX_FEATURE_COUNT; f++) {
        const struct rcx_feature_info *info = rcx_feature_info(f);
        snprintf(numbers[f], sizeof numbers[f], "%d", (int)f + 1);
        cells[f * CELLS] = numbers[f];
        cells[f * CELLS + 1] = rcx_feature_name(f, cfg, names[f]);
        cells[f * CELLS + 2] = info->group;
        cells[f * CELLS + 3] = rcx_feature_type_name(info->type);
        cells[f * CELLS + 4] = info->definition;
    }
    rcx_cli_table(cli, columns, CELLS, cells, RCX_FEATURE_COUNT);
}

static enum rcx_status run_list(struct rcx_cli *cli, const struct features_options *given,
                                struct rcx_error *err)
{
    const struct rcx_cfg_features *cfg = &cli->config->features;
    struct rcx_buf text = {0};
    if (cli->json) {
        list_json(cli, cfg);
    } else if (given->markdown) {
        if (!rcx_feature_document(cfg, &text)) {
            rcx_buf_release(&text);
            return rcx_fail_nomem(err, "catalogue", 0);
        }
        rcx_cli_write(cli, text.data, text.length);
    } else {
        list_table(cli, cfg);
    }
    rcx_buf_release(&text);
    return RCX_OK;
}

static void print_snapshots(struct rcx_cli *cli, const struct rcx_flow_features_result *result,
                            bool labels)
{
    char date[RCX_DATE_TEXT_BYTES], customers[32], rows[32];
    for (size_t s = 0, added = 0; s < result->snapshots.count; s++) {
        const struct rcx_snapshot_counts *counts = &result->counts[s];
        if (added == result->added.count || result->snapshots.days[s] != result->added.days[added])
            continue; /* was there before */
        added++;
        rcx_cli_print(cli, "%s  %10s customers  %12s rows in the window",
                      rcx_format_day(result->snapshots.days[s], date),
                      rcx_format_count(counts->customers, customers),
                      rcx_format_count(counts->window_rows, rows));
        if (labels && counts->churn_known > 0)
            rcx_cli_print(cli, "  churned %.1f %%",
                          100 * (double)counts->churned / (double)counts->churn_known);
        else if (labels)
            rcx_cli_print(cli, "  churn not known yet");
        rcx_cli_print(cli, "\n");
    }
    rcx_cli_print(cli, "%s rows of %s customers at %zu snapshot%s",
                  rcx_format_count(result->rows, rows),
                  rcx_format_count(result->metadata.customer_count, customers),
                  result->snapshots.count, result->snapshots.count == 1 ? "" : "s");
    if (result->added.count < result->snapshots.count)
        rcx_cli_print(cli, ", %zu of them new", result->added.count);
    rcx_cli_print(cli, "\n");
}

static void print_json(struct rcx_cli *cli, const struct rcx_flow_features_result *result,
                       const char *output, const char *metadata)
{
    char date[RCX_DATE_TEXT_BYTES];
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.features/1");
    rcx_json_put_u64(&json, "rows", result->rows);
    rcx_json_put_u64(&json, "customers", result->metadata.customer_count);
    rcx_json_put_u64(&json, "passes", result->passes);
    rcx_json_put_u64(&json, "snapshots_added", result->added.count);
    rcx_json_put_text(&json, "output", output);
    rcx_json_put_text(&json, "metadata", metadata);
    rcx_json_key(&json, "snapshots");
    rcx_json_array(&json);
    for (size_t s = 0; s < result->snapshots.count; s++) {
        rcx_json_object(&json);
        rcx_json_put_text(&json, "date", rcx_format_day(result->snapshots.days[s], date));
        rcx_json_put_u64(&json, "customers", result->counts[s].customers);
        rcx_json_put_u64(&json, "window_rows", result->counts[s].window_rows);
        rcx_json_object_end(&json);
    }
    rcx_json_array_end(&json);
    rcx_cli_json_end(cli, &json);
}

/* A date after the data is no mistake, but far after them everyone seems to have stopped buying. */
static void warn_of_late_snapshot(const struct rcx_cli *cli, const struct rcx_store *store,
                                  const struct rcx_snapshots *snapshots)
{
    char last[RCX_DATE_TEXT_BYTES], late[RCX_DATE_TEXT_BYTES];
    rcx_day end = rcx_store_range(store).last;
    if (snapshots->count == 0 || snapshots->days[snapshots->count - 1] <= end)
        return;
    rcx_day day = snapshots->days[snapshots->count - 1];
    rcx_log_write(cli->log, RCX_LOG_WARNING, "features",
                  "snapshot %s lies %d day%s after the last day of the data, %s",
                  rcx_format_day(day, late), (int)(day - end), day - end == 1 ? "" : "s",
                  rcx_format_day(end, last));
}

static enum rcx_status compute(struct rcx_cli *cli, const struct features_options *given,
                               const struct rcx_flow_store *store, const char *metadata,
                               struct rcx_error *err)
{
    char created[RCX_TIME_TEXT_BYTES];
    const struct rcx_flow_features flow = {
        .from = store,
        .config = cli->config,
        .parallel = cli->parallel,
        .table_bytes = cli->memory_bytes / 2, /* the rest: the store's pages, scratch, the sink */
        .with_labels = given->labels,
        .output = given->dry_run ? NULL : given->output,
        .append = given->append,
        .format = given->format,
        .metadata = metadata,
        .created = rcx_format_time((rcx_time)time(NULL), created),
    };
    struct rcx_flow_features_result result;
    enum rcx_status status = rcx_flow_features(&flow, &result, err);
    if (status != RCX_OK)
        return status;
    warn_of_late_snapshot(cli, store->store, &result.snapshots);
    bool to_stdout = given->output && strcmp(given->output, "-") == 0;
    if (cli->json && !to_stdout)
        print_json(cli, &result, given->output, metadata);
    else if (!to_stdout)
        print_snapshots(cli, &result, given->labels);
    rcx_flow_features_result_release(&result);
    return RCX_OK;
}

/* What is done with a table that is there, or with the catalogue. */
static enum rcx_status run_action(struct rcx_cli *cli, const struct features_options *given,
                                  struct rcx_error *err)
{
    static const char *const actions[] = {"list", "show", "drift"};
    const char *action = cli->operands[0];
    const char *file = cli->operand_count > 1 ? cli->operands[1] : NULL;
    if (strcmp(action, "list") == 0 && !file)
        return run_list(cli, given, err);
    if ((strcmp(action, "show") == 0 || strcmp(action, "drift") == 0) && !file)
        return rcx_fail(err, RCX_E_USAGE, "'rcx features %s' needs the FILE of a feature table",
                        action);
    if (strcmp(action, "show") == 0) {
        const struct rcx_features_show show = {.file = file,
                                               .customer = given->customer,
                                               .snapshot = given->snapshot,
                                               .output = given->output,
                                               .format = given->format};
        return rcx_features_show(cli, &show, err);
    }
    if (strcmp(action, "drift") == 0) {
        const struct rcx_features_drift drift = {
            .file = file, .output = given->output, .format = given->format, .check = given->check};
        return rcx_features_drift(cli, &drift, err);
    }
    if (strcmp(action, "list") == 0)
        return rcx_fail(err, RCX_E_USAGE, "'rcx features list' takes no file");
    return rcx_cli_fail_unknown(err, RCX_E_USAGE, "action", action,
                                rcx_suggest(action, actions, sizeof actions / sizeof actions[0]),
                                "'rcx help features' shows what there is");
}

static enum rcx_status compute_from(struct rcx_cli *cli, const struct features_options *given,
                                    const char *directory, struct rcx_error *err)
{
    struct rcx_flow_store store;
    enum rcx_status status = rcx_flow_store_open(directory, given->version, cli->config,
                                                 &cli->parallel, &store, err);
    if (status != RCX_OK)
        return status;
    char *beside = NULL;
    if (given->output && strcmp(given->output, "-") != 0 && !given->metadata) {
        beside = rcx_flow_beside(given->output, "feature_metadata.json");
        if (!beside)
            status = rcx_fail_nomem(err, "path", strlen(given->output));
    }
    if (status == RCX_OK)
        status = compute(cli, given, &store,
                         given->dry_run    ? NULL
                         : given->metadata ? given->metadata
                                           : beside,
                         err);
    rcx_free(beside);
    rcx_flow_store_close(&store);
    return status;
}

static enum rcx_status check_given(const struct features_options *given, struct rcx_error *err)
{
    if (!given->store && given->data.count == 0)
        return rcx_fail(err, RCX_E_USAGE, "'rcx features' needs --store DIR or --data FILE");
    if (given->store && given->data.count > 0)
        return rcx_fail(err, RCX_E_USAGE,
                        "--store and --data exclude each other: the rows come from one of them");
    if (given->maps.count > 0 && given->store)
        return rcx_fail(err, RCX_E_USAGE, "--map names columns of files: it needs --data FILE");
    if (given->version != 0 && !given->store)
        return rcx_fail(err, RCX_E_USAGE, "--version is one of a store: it needs --store DIR");
    if (!given->output && !given->dry_run)
        return rcx_fail(err, RCX_E_USAGE, "'rcx features' needs --output FILE");
    return RCX_OK;
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct features_options *given = values;
    if (cli->operand_count > 0)
        return run_action(cli, given, err);
    enum rcx_status status = check_given(given, err);
    if (status != RCX_OK)
        return status;
    if (rcx_flow_looks_ahead(cli->config))
        rcx_log_write(cli->log, RCX_LOG_WARNING, "features", "%s",
                      rcx_flow_looks_ahead(cli->config));
    if (given->store)
        return compute_from(cli, given, given->store, err);
    struct rcx_scratch_store scratch;
    status = rcx_scratch_store_make(cli, &given->data, &given->maps,
                                    given->dry_run ? NULL : given->output, &scratch, err);
    if (status != RCX_OK)
        return status;
    status = compute_from(cli, given, scratch.directory, err);
    rcx_scratch_store_remove(&scratch);
    return status;
}

static const struct rcx_option options[] = {
    RCX_OPTION(TEXT, struct features_options, store, "store", 's', "DIR", "the store"),
    RCX_OPTION(TEXTS, struct features_options, data, "data", 0, "FILE",
               "transactions instead of a store, read as rcx ingest does; may be repeated"),
    RCX_OPTION(TEXTS, struct features_options, maps, "map", 0, "FIELD=COLUMN",
               "with --data: the column that holds a field; may be repeated"),
    RCX_OPTION_KEY("date-format", 0, "FORMAT", "ingest.date_format",
                   "with --data: order of the dates: dmy, mdy, ymd, yyyymmdd, excel"),
    RCX_OPTION_KEY("sheet", 0, "NAME,...", "ingest.sheets", "with --data: sheets of a workbook"),
    RCX_OPTION(TEXT, struct features_options, output, "output", 'o', "FILE",
               "the table as .parquet, .arrow or .csv, - is standard output"),
    RCX_OPTION(TEXT, struct features_options, format, "format", 0, "NAME",
               "csv, parquet or arrow, whatever the name of FILE"),
    RCX_OPTION_KEY("snapshots", 0, "DATES", "snapshots.dates",
                   "the dates, with commas between; default: the series of snapshots.every"),
    RCX_OPTION_KEY("as-of", 0, "DATE", "snapshots.dates", "one date"),
    RCX_OPTION(FLAG, struct features_options, append, "append", 0, NULL,
               "add the dates to the table that is there; its snapshots stay byte for byte"),
    RCX_OPTION(FLAG, struct features_options, labels, "labels", 0, NULL,
               "also what happened afterwards: churn_eligible, churn, clv"),
    RCX_OPTION(TEXT, struct features_options, metadata, "metadata", 0, "FILE",
               "where the description goes; default: feature_metadata.json beside the table"),
    RCX_OPTION(U64, struct features_options, version, "version", 0, "N",
               "an older version of the store"),
    RCX_OPTION(FLAG, struct features_options, dry_run, "dry-run", 'n', NULL,
               "compute, write nothing"),
    RCX_OPTION(DATE, struct features_options, snapshot, "snapshot", 0, "DATE",
               "show: the rows of this snapshot"),
    RCX_OPTION(TEXT, struct features_options, customer, "customer", 0, "ID",
               "show: the rows of this customer"),
    RCX_OPTION_KEY("against", 0, "DATE", "drift.against",
                   "drift: compare with this snapshot; default: the first"),
    RCX_OPTION(FLAG, struct features_options, check, "check", 0, NULL,
               "drift: exit code 5 when a feature is beyond drift.max_psi"),
    RCX_OPTION(FLAG, struct features_options, markdown, "markdown", 0, NULL, "list: as a document"),
};

const struct rcx_command rcx_cmd_features = {
    .name = "features",
    .summary = "compute the 33 features of every customer at every snapshot; 'list' names them",
    .operands = "[list | show FILE | drift FILE]",
    .operands_min = 0,
    .operands_max = 2,
    .details =
        "A snapshot sees only the rows up to and with its date. Rows come by date, then customer.\n"
        "--append adds dates to a .parquet table: same definitions, labels and kind of ids, and\n"
        "no late rows that change what is there.\n"
        "show prints rows as CSV, or where each snapshot came from. drift compares the\n"
        "distribution of each feature with that at another snapshot (PSI and KS).\n"
        "\n"
        "    rcx features --data sales.csv -o features.parquet\n"
        "    rcx features --store shop -o features.parquet --labels\n"
        "    rcx features --store shop -o - --format csv --as-of 2011-11-30\n"
        "    rcx features --store shop -o features.parquet --append --as-of 2011-12-09\n"
        "    rcx features show features.parquet --customer 12347\n"
        "    rcx features drift features.parquet --against 2011-05-31 --check\n"
        "    rcx features list",
    RCX_OPTIONS(options, struct features_options),
    .run = run,
};
