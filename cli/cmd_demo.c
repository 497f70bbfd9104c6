/* rcx demo: a small shop made up, and the whole pipeline on it */

#include "base/file.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/run_console.h"
#include "engine/simulate/simulate.h"

struct demo_options {
    const char *output;
};

/* About a year of a shop with 2,500 customers, one row in 1,000 broken. */
static struct rcx_simulate_options demo_shop(uint64_t seed)
{
    struct rcx_simulate_options options = rcx_simulate_defaults();

    options.rows = 200000;
    options.customers = 2500;
    options.dirty_share = 0.001;
    options.sane_prices = true;
    options.seed = seed;
    return options;
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct demo_options *given = values;
    const char *directory = given->output ? given->output : "rcx-out";
    char *path = rcx_path_join(directory, "shop.csv");
    enum rcx_status status = path ? rcx_directory_make(directory, err)
                                  : rcx_fail_nomem(err, directory, 0);
    const struct rcx_simulate_options shop = demo_shop((uint64_t)cli->config->runtime.seed);

    if (status == RCX_OK)
        status = rcx_simulate_file(&shop, &cli->parallel, path, err);
    if (status == RCX_OK) {
        const char *inputs[] = {path};

        rcx_log_write(cli->log, RCX_LOG_INFO, "demo", "made up 200,000 rows of a shop: %s", path);
        status = rcx_run_on_console(cli, inputs, 1, directory, NULL, false, err);
    }
    if (status == RCX_OK && !cli->json && !cli->quiet)
        rcx_cli_print(cli, "look at it: open %s/outputs/report.html in a browser\n", directory);
    rcx_free(path);
    return status;
}

static const struct rcx_option options[] = {
    RCX_OPTION(TEXT, struct demo_options, output, "output", 'o', "DIR",
               "directory of the run (default rcx-out)"),
};

const struct rcx_command rcx_cmd_demo = {
    .name = "demo",
    .summary = "make up a small shop and run the whole pipeline on it",
    RCX_OPTIONS(options, struct demo_options),
    .run = run,
};
