/* rcx vacuum: remove what no version needs */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "storage/store/maintain.h"

struct vacuum_options {
    const char *store;
    uint64_t keep;
    bool dry_run;
};

static void print_vacuum(struct rcx_cli *cli, const struct vacuum_options *given,
                         const struct rcx_vacuum_report *report)
{
    char bytes[32];

    for (size_t i = 0; i < report->count; i++)
        rcx_cli_print(cli, "%s\n", report->names[i]);
    rcx_cli_print(cli, "%s: %zu file%s, %s %s\n", given->store, report->count,
                  report->count == 1 ? "" : "s", rcx_format_bytes(report->bytes, bytes),
                  given->dry_run ? "would be removed" : "removed");
}

static void json_vacuum(struct rcx_cli *cli, const struct vacuum_options *given,
                        const struct rcx_vacuum_report *report)
{
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.vacuum/1");

    rcx_json_put_bool(&json, "dry_run", given->dry_run);
    rcx_json_key(&json, "files");
    rcx_json_array(&json);
    for (size_t i = 0; i < report->count; i++)
        rcx_json_text(&json, report->names[i]);
    rcx_json_array_end(&json);
    rcx_json_put_u64(&json, "bytes", report->bytes);
    rcx_cli_json_end(cli, &json);
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct vacuum_options *given = values;
    const struct rcx_vacuum_options options = {given->dry_run, given->keep};
    struct rcx_vacuum_report report;
    enum rcx_status status = rcx_store_vacuum(given->store, &options, &report, err);

    if (status != RCX_OK)
        return status;
    if (cli->json)
        json_vacuum(cli, given, &report);
    else
        print_vacuum(cli, given, &report);
    rcx_vacuum_report_release(&report);
    return RCX_OK;
}

static const struct rcx_option options_of_vacuum[] = {
    RCX_OPTION_REQUIRED(TEXT, struct vacuum_options, store, "store", 's', "DIR", "the store"),
    RCX_OPTION(U64, struct vacuum_options, keep, "keep", 0, "N",
               "keep only the newest N versions (default: all)"),
    RCX_OPTION(FLAG, struct vacuum_options, dry_run, "dry-run", 'n', NULL,
               "only list what would be removed"),
};

const struct rcx_command rcx_cmd_vacuum = {
    .name = "vacuum",
    .summary = "remove files of a store that no version needs",
    RCX_OPTIONS(options_of_vacuum, struct vacuum_options),
    .run = run,
};
