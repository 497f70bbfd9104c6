/* rcx verify: every checksum and invariant of a store */
#include <inttypes.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "storage/store/verify.h"

struct verify_options {
    const char *store;
    uint64_t version;
};

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct verify_options *given = values;
    const struct rcx_store_open_options options = {.version = given->version};
    struct rcx_verify_report report;
    enum rcx_status status = rcx_store_verify(given->store, &options, &cli->parallel, &report, err);

    if (status != RCX_OK)
        return status;
    if (cli->json) {
        struct rcx_json json = rcx_cli_json_begin(cli, "rcx.verify/1");

        rcx_json_put_bool(&json, "ok", true);
        rcx_json_put_u64(&json, "version", report.version);
        rcx_json_put_u64(&json, "segments", report.segments);
        rcx_json_put_u64(&json, "chunks", report.chunks);
        rcx_json_put_u64(&json, "dictionaries", report.dictionaries);
        rcx_json_put_u64(&json, "rows", report.rows);
        rcx_json_put_u64(&json, "bytes", report.bytes);
        rcx_cli_json_end(cli, &json);
    } else {
        char rows[32], bytes[32];

        rcx_cli_print(cli,
                      "%s: version %" PRIu64 " is sound: %s rows in %" PRIu64 " chunks of %" PRIu64
                      " segment%s, %" PRIu64 " dictionary files, %s checked\n",
                      given->store, report.version, rcx_format_count(report.rows, rows),
                      report.chunks, report.segments, report.segments == 1 ? "" : "s",
                      report.dictionaries, rcx_format_bytes(report.bytes, bytes));
    }
    return RCX_OK;
}

static const struct rcx_option options[] = {
    RCX_OPTION_REQUIRED(TEXT, struct verify_options, store, "store", 's', "DIR", "the store"),
    RCX_OPTION(U64, struct verify_options, version, "version", 0, "N", "an older version of it"),
};

const struct rcx_command rcx_cmd_verify = {
    .name = "verify",
    .summary = "check every checksum and invariant of a store",
    .details =
        "Decodes all rows, checks values against their limits, the order of the rows and the\n"
        "totals. Exit code 4 names the first damaged file, column and chunk.",
    RCX_OPTIONS(options, struct verify_options),
    .run = run,
};
