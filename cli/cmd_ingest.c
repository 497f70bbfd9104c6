/* rcx ingest: load files into a store */
#include <inttypes.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/ingest_bar.h"
#include "cli/ingest_maps.h"
#include "storage/ingest/ingest.h"
#include "storage/ingest/raw_date.h"

struct ingest_options {
    const char *store;
    const char *rejects;
    struct rcx_texts maps;
    bool again;
    bool replace;
};

static void print_json(struct rcx_cli *cli, const char *store,
                       const struct rcx_ingest_report *report)
{
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.ingest/1");

    rcx_json_put_text(&json, "store", store);
    rcx_json_put_u64(&json, "version", report->store.version);
    rcx_json_put_u64(&json, "accepted", report->accepted);
    rcx_json_put_u64(&json, "rejected", report->rejected);
    rcx_json_put_u64(&json, "guests", report->guests);
    rcx_json_key(&json, "rejects");
    rcx_json_object(&json);
    for (int r = 0; r < RCX_REJECT_REASON_COUNT; r++)
        if (report->rejects.by_reason[r] > 0)
            rcx_json_put_u64(&json, rcx_reject_reason_text((enum rcx_reject_reason)r),
                             report->rejects.by_reason[r]);
    rcx_json_object_end(&json);
    rcx_json_put_text(&json, "rejects_file", report->rejects_path);
    rcx_json_put_text(&json, "date_format", rcx_reading_name(report->date_reading));
    const char mark[2] = {report->decisions.decimal_mark, '\0'};
    rcx_json_put_text(&json, "decimal_mark", mark);
    rcx_json_put_text(&json, "customer_id",
                      report->decisions.customer_is_text ? "text" : "integer");
    rcx_json_put_u64(&json, "repeated_headers", report->headers);
    rcx_json_put_u64(&json, "rounded_prices", report->rounded_prices);
    rcx_json_put_u64(&json, "windows_1252_rows", report->decoded_rows);
    rcx_json_put_u64(&json, "passes", report->passes);
    rcx_json_put_u64(&json, "runs_on_disk", report->runs);
    rcx_json_put_u64(&json, "segment_bytes", report->store.bytes);
    rcx_json_put_real(&json, "read_seconds", report->read_seconds);
    rcx_json_put_real(&json, "sort_seconds", report->sort_seconds);
    rcx_json_put_real(&json, "commit_seconds", report->commit_seconds);
    rcx_json_put_real(&json, "sync_seconds", report->store.sync_seconds);
    rcx_json_key(&json, "inputs");
    rcx_json_array(&json);
    for (size_t i = 0; i < report->input_count; i++) {
        const struct rcx_ingest_input *input = &report->inputs[i];
        char digest[RCX_DIGEST_TEXT_BYTES];
        rcx_json_object(&json);
        rcx_json_put_text(&json, "path", input->path);
        rcx_json_put_u64(&json, "accepted", input->accepted);
        rcx_json_put_u64(&json, "rejected", input->rejected);
        rcx_json_put_text(&json, "encoding", input->cp1252 ? "windows-1252" : "utf-8");
        rcx_json_put_text(&json, "digest", rcx_digest_format(input->digest, digest));
        rcx_json_object_end(&json);
    }
    rcx_json_array_end(&json);
    rcx_cli_json_end(cli, &json);
}

static void print_text(struct rcx_cli *cli, const char *store,
                       const struct rcx_ingest_report *report)
{
    char rows[32], guests[32], bytes[32], count[32];
    bool cp1252 = false;

    for (size_t i = 0; i < report->input_count; i++)
        cp1252 = cp1252 || report->inputs[i].cp1252;
    rcx_cli_print(cli, "%s: version %" PRIu64 ", %s row%s added (%s of guests), %s\n", store,
                  report->store.version, rcx_format_count(report->accepted, rows),
                  report->accepted == 1 ? "" : "s", rcx_format_count(report->guests, guests),
                  rcx_format_bytes(report->store.bytes, bytes));
    rcx_cli_print(
        cli, "dates %s, decimal %s, customer ids %s%s%s\n", rcx_reading_name(report->date_reading),
        report->decisions.decimal_mark == ',' ? "comma" : "point",
        report->decisions.customer_is_text ? "text" : "numbers", cp1252 ? ", Windows-1252" : "",
        report->decisions_reused ? " (as the store has them)" : "");
    if (report->decoded_rows > 0)
        rcx_cli_print(cli, "%s rows had characters of Windows-1252\n",
                      rcx_format_count(report->decoded_rows, count));
    if (report->headers > 0)
        rcx_cli_print(cli, "%s lines were the header once more and are left out\n",
                      rcx_format_count(report->headers, count));
    if (report->rounded_prices > 0)
        rcx_cli_print(cli, "%s prices were rounded to %u places\n",
                      rcx_format_count(report->rounded_prices, count),
                      report->decisions.price_decimals);
    if (report->rejected > 0) {
        struct rcx_buf reasons = {0};
        rcx_reject_counts_describe(&report->rejects, &reasons);
        rcx_cli_print(cli, "%s row%s rejected, see %s: %s\n",
                      rcx_format_count(report->rejected, count), report->rejected == 1 ? "" : "s",
                      report->rejects_path, rcx_buf_text(&reasons));
        rcx_buf_release(&reasons);
    }
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct ingest_options *given = values;
    struct rcx_ingest_map *maps = NULL;
    struct rcx_ingest_report report = {0};
    struct rcx_ingest_bar bar = {.cli = cli};
    enum rcx_status status = rcx_cli_ingest_maps(&given->maps, &maps, err);

    if (status == RCX_OK) {
        const struct rcx_ingest_options ingest = {
            .inputs = cli->operands,
            .input_count = cli->operand_count,
            .store = given->store,
            .rejects = given->rejects,
            .maps = maps,
            .map_count = given->maps.count,
            .again = given->again,
            .replace = given->replace,
            .memory_limit = cli->memory_bytes,
            .parallel = cli->parallel,
            .zstd_level = (int)cli->config->store.zstd_level,
            .no_sync = !cli->config->store.sync,
            .temp_directory = cli->config->runtime.temp_dir,
            .log = cli->log,
            .progress = rcx_ingest_bar_advance,
            .progress_context = &bar,
        };
        status = rcx_ingest(&cli->config->ingest, &ingest, &report, err);
        rcx_ingest_bar_end(&bar);
    }
    if (status == RCX_OK && cli->json)
        print_json(cli, given->store, &report);
    else if (status == RCX_OK)
        print_text(cli, given->store, &report);
    rcx_ingest_report_release(&report);
    rcx_free(maps);
    return status;
}

static const struct rcx_option options[] = {
    RCX_OPTION_REQUIRED(TEXT, struct ingest_options, store, "store", 's', "DIR",
                        "the store, made when there is none"),
    RCX_OPTION(TEXTS, struct ingest_options, maps, "map", 0, "FIELD=COLUMN",
               "the column that holds a field; may be repeated"),
    RCX_OPTION_KEY("date-format", 0, "FORMAT", "ingest.date_format",
                   "order of the dates: dmy, mdy, ymd, yyyymmdd, excel"),
    RCX_OPTION_KEY("sheet", 0, "NAME,...", "ingest.sheets",
                   "sheets of a workbook (all visible ones with the same header)"),
    RCX_OPTION(TEXT, struct ingest_options, rejects, "rejects", 0, "FILE",
               "where rejected rows are listed (rejects.csv beside the store)"),
    RCX_OPTION(FLAG, struct ingest_options, again, "again", 0, NULL,
               "load files that the store already holds once more"),
    RCX_OPTION(FLAG, struct ingest_options, replace, "replace", 0, NULL,
               "the new version holds only these files"),
};

const struct rcx_command rcx_cmd_ingest = {
    .name = "ingest",
    .summary = "load files into a store, as one more committed version",
    .operands = "FILE...",
    .operands_min = 1,
    .operands_max = RCX_OPERANDS_ANY,
    .details =
        "CSV or TSV (plain, .gz or .zst), XLSX and Parquet; several files, directories of parts, "
        "patterns,\n"
        "- for standard input. Sheets of a workbook with the same header are read as one table.\n"
        "Columns are found by name; dates, numbers and customer ids are judged on the whole "
        "column. What\n"
        "cannot be decided is refused (exit code 3) with the evidence; rows that cannot be read\n"
        "are listed in the rejects file.\n"
        "\n"
        "  rcx ingest sales.csv --store store\n"
        "  rcx ingest 2024-*.csv.zst --store store --map customer_id=Kundennummer\n"
        "  rcx ingest sales.xlsx --store store --sheet \"2010,2011\"\n"
        "  zcat sales.csv.gz | rcx ingest - --store store --date-format dmy",
    RCX_OPTIONS(options, struct ingest_options),
    .run = run,
};
