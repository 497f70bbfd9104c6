/* rcx export: the stored transactions as a table file */
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/flow_export.h"
#include "cli/sink_options.h"

struct export_options {
    const char *store, *output, *format;
    uint64_t version;
};

static void print_json(struct rcx_cli *cli, const struct export_options *given,
                       const struct rcx_store_summary *summary)
{
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.export/1");
    rcx_json_put_text(&json, "file", given->output);
    rcx_json_put_u64(&json, "version", summary->version);
    rcx_json_put_u64(&json, "rows", summary->rows);
    rcx_json_put_u64(&json, "guest_rows", summary->guest_rows);
    rcx_cli_json_end(cli, &json);
}

/* Two blocks of decoded rows and what the sink makes of one take about this much per row; besides
 * there are the pages of the store, scan buffers and the program itself. */
enum { BLOCK_ROW_BYTES = 256, LEAST_BLOCK_ROWS = 1 << 16, OTHER_BYTES = 48 << 20 };

/* Row groups as configured, or as many rows as the memory limit allows. */
static size_t block_rows(const struct rcx_cli *cli, size_t configured)
{
    uint64_t most = cli->memory_bytes > OTHER_BYTES
                        ? (cli->memory_bytes - OTHER_BYTES) / BLOCK_ROW_BYTES
                        : 0;
    if (most < LEAST_BLOCK_ROWS)
        most = LEAST_BLOCK_ROWS;
    return most < configured ? (size_t)most : configured;
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct export_options *given = values;
    const struct rcx_store_open_options open = {.version = given->version};
    struct rcx_store *store = NULL;
    if (cli->json && strcmp(given->output, "-") == 0)
        return rcx_fail(err, RCX_E_USAGE,
                        "the rows go to standard output, so the report (--json) cannot");
    enum rcx_status status = rcx_store_open(given->store, &open, &store, err);
    if (status)
        return status;
    const struct rcx_store_summary *summary = rcx_store_summary(store);
    struct rcx_sink_options options = rcx_flow_sink_options(&cli->config->export, cli->parallel);
    struct rcx_progress progress;
    options.format = given->format;
    options.row_group_rows = block_rows(cli, options.row_group_rows);
    rcx_progress_begin(&progress, cli, "export", summary->rows, "rows");
    status = rcx_flow_export(store, given->output, &options, &progress, err);
    rcx_progress_end(&progress);
    if (!status && cli->json)
        print_json(cli, given, summary);
    rcx_store_close(store);
    return status;
}

static const struct rcx_option options_of_export[] = {
    RCX_OPTION_REQUIRED(TEXT, struct export_options, store, "store", 's', "DIR", "the store"),
    RCX_OPTION_REQUIRED(TEXT, struct export_options, output, "output", 'o', "FILE",
                        "the file to write, .csv, .parquet or .arrow; - is standard output"),
    RCX_OPTION(TEXT, struct export_options, format, "format", 0, "NAME",
               "csv, parquet or arrow, whatever the name of the file"),
    RCX_OPTION(U64, struct export_options, version, "version", 0, "N", "an older version of it"),
    RCX_OPTION_KEY("codec", 0, "NAME", "export.codec", "compression of a Parquet or Arrow file"),
};

const struct rcx_command rcx_cmd_export = {
    .name = "export",
    .summary = "write the stored transactions as CSV, Parquet or Arrow",
    .details = "Every accepted row, sorted by customer and time, guests last, in the columns "
               "InvoiceNo,\nStockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, "
               "Country. Numbers\nare exact; what is missing is null. Ingesting the file again "
               "gives the same rows.\n\n"
               "  rcx export --store shop -o shop.parquet --codec zstd",
    RCX_OPTIONS(options_of_export, struct export_options),
    .run = run,
};
