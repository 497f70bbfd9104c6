/* rcx report: everything a run computed, on one page */
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/report/report.h"

struct report_options {
    const char *directory, *output;
};

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct report_options *given = values;
    struct rcx_report_result result;
    char *beside = given->output ? NULL : rcx_path_join(given->directory, "outputs/report.html");
    const char *output = given->output ? given->output : beside;
    if (!output)
        return rcx_fail_nomem(err, "path", 0);
    const struct rcx_report_options options = {
        .directory = given->directory, .output = output, .parallel = cli->parallel};
    enum rcx_status status = rcx_report_write(&options, &result, err);
    if (status == RCX_OK && cli->json) {
        struct rcx_json json = rcx_cli_json_begin(cli, "rcx.report/1");
        rcx_json_put_text(&json, "report", output);
        rcx_json_put_u64(&json, "inputs", result.inputs);
        rcx_json_put_u64(&json, "missing", result.missing);
        rcx_json_put_u64(&json, "bytes", result.bytes);
        rcx_cli_json_end(cli, &json);
    } else if (status == RCX_OK) {
        rcx_cli_print(cli, "%s: %.1f MB, %zu of %zu inputs\n", output, (double)result.bytes / 1e6,
                      result.inputs, result.inputs + result.missing);
    }
    rcx_free(beside);
    return status;
}

static const struct rcx_option options_of_report[] = {
    RCX_OPTION_REQUIRED(TEXT, struct report_options, directory, "output", 'o', "DIR",
                        "directory of a run"),
    RCX_OPTION(TEXT, struct report_options, output, "html", 0, "FILE",
               "where the report goes; default: outputs/report.html of the run"),
};

const struct rcx_command rcx_cmd_report = {
    .name = "report",
    .summary = "put what a run computed on one page that opens in a browser",
    .details = "The file holds everything it shows and needs no network. Stages that were not run "
               "are left\n"
               "out.\n"
               "\n"
               "    rcx report -o rcx-out",
    RCX_OPTIONS(options_of_report, struct report_options),
    .run = run,
};
