/* rcx compact: one sorted run instead of many */
#include <inttypes.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "storage/store/maintain.h"

struct compact_options {
    const char *store;
};

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct compact_options *given = values;
    const struct rcx_store_writer_options options = {
        .zstd_level = (int)cli->config->store.zstd_level,
        .parallel = cli->parallel,
        .no_sync = !cli->config->store.sync};
    struct rcx_store_write_stats stats = {0};
    bool done = false;
    enum rcx_status status = rcx_store_compact(given->store, &options, &done, &stats, err);

    if (status != RCX_OK)
        return status;
    if (cli->json) {
        struct rcx_json json = rcx_cli_json_begin(cli, "rcx.compact/1");

        rcx_json_put_bool(&json, "compacted", done);
        if (done) {
            rcx_json_put_u64(&json, "version", stats.version);
            rcx_json_put_u64(&json, "rows", stats.rows);
            rcx_json_put_u64(&json, "bytes", stats.bytes);
        }
        rcx_cli_json_end(cli, &json);
    } else if (done) {
        char rows[32], bytes[32];

        rcx_cli_print(cli, "%s: version %" PRIu64 " holds %s rows in one segment of %s\n",
                      given->store, stats.version, rcx_format_count(stats.rows, rows),
                      rcx_format_bytes(stats.bytes, bytes));
    } else {
        rcx_cli_print(cli, "%s: one segment already, nothing to do\n", given->store);
    }
    return RCX_OK;
}

static const struct rcx_option options_of_compact[] = {
    RCX_OPTION_REQUIRED(TEXT, struct compact_options, store, "store", 's', "DIR", "the store"),
};

const struct rcx_command rcx_cmd_compact = {
    .name = "compact",
    .summary = "merge the sorted runs of a store into one, as a new version",
    .details = "Old versions stay readable until 'rcx vacuum --keep 1' removes them.",
    RCX_OPTIONS(options_of_compact, struct compact_options),
    .run = run,
};
