/* rcx clean: which rows count, and what the others were worth */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/flow_clean.h"

struct clean_options {
    const char *store, *output, *format, *statistics;
    uint64_t version;
};

enum { CELLS = 7, CELL_BYTES = 64 };

static const char *counted(uint64_t value, char out[CELL_BYTES])
{
    char text[32];
    snprintf(out, CELL_BYTES, "%s", rcx_format_count(value, text));
    return out;
}

static const struct rcx_cli_column columns[CELLS] = {
    {"rule", false},         {"rows", true},        {"customers", true}, {"of them all", true},
    {"gross revenue", true}, {"net revenue", true}, {"rows left", true}};

static void print_rules(struct rcx_cli *cli, const struct rcx_clean_stats *stats,
                        const struct rcx_clean_plan *plan)
{
    char text[RCX_RULE_COUNT][CELLS][CELL_BYTES];
    const char *cells[RCX_RULE_COUNT * CELLS];
    unsigned places = rcx_clean_revenue_decimals(plan);
    uint64_t left = stats->initial_rows;
    size_t rows = 0;
    for (enum rcx_clean_rule rule = RCX_RULE_NULL_CUSTOMER; rule < RCX_RULE_COUNT; rule++) {
        const struct rcx_clean_account *account = &stats->rules[rule];
        if (!rcx_clean_rule_enabled(plan, rule))
            continue;
        left -= account->rows;
        cells[rows * CELLS] = rcx_clean_rule_name(rule);
        cells[rows * CELLS + 1] = counted(account->rows, text[rows][1]);
        cells[rows * CELLS + 2] = counted(account->customers_touched, text[rows][2]);
        cells[rows * CELLS + 3] = counted(account->customers_removed, text[rows][3]);
        cells[rows * CELLS + 4] = rcx_format_money(account->gross, places, 2, text[rows][4]);
        cells[rows * CELLS + 5] = rcx_format_money(account->net, places, 2, text[rows][5]);
        cells[rows * CELLS + 6] = counted(left, text[rows][6]);
        rows++;
    }
    rcx_cli_table(cli, columns, CELLS, cells, rows);
}

static void print_thresholds(struct rcx_cli *cli, const struct rcx_clean_plan *plan,
                             const struct rcx_outlier_fit *fit)
{
    char rows[32];
    char date[RCX_DATE_TEXT_BYTES];
    (void)rcx_format_count(fit->rows, rows);
    if (!fit->applied) {
        rcx_cli_print(cli,
                      "no outlier rule: %s rows to learn from, cleaning.outliers.min_fit_rows asks "
                      "for %" PRId64 "\n",
                      rows, plan->min_fit_rows);
        return;
    }
    rcx_cli_print(cli, "thresholds: unit price up to %.10g, quantity %.4g to %.10g; ",
                  rcx_ratio(fit->price_numerator, fit->price_denominator), fit->quantity_low,
                  fit->quantity_high);
    if (fit->mode == RCX_OUTLIERS_FIT_FIRST_DAYS)
        rcx_cli_print(cli, "learned from %s rows before %s\n", rows,
                      rcx_format_day(fit->before, date));
    else
        rcx_cli_print(cli, "learned from all %s rows\n", rows);
}

static void print_summary(struct rcx_cli *cli, const struct rcx_clean_stats *stats,
                          const struct rcx_clean_plan *plan, const struct rcx_outlier_fit *fit)
{
    unsigned places = rcx_clean_revenue_decimals(plan);
    const struct rcx_clean_account *final = &stats->rules[RCX_RULE_KEPT];
    struct rcx_clean_account structure = rcx_clean_stats_removed(stats, 1, 1);
    struct rcx_clean_account business = rcx_clean_stats_removed(stats, 2, 4);
    char kept[32], all[32], customers[32], money[4][64];
    print_rules(cli, stats, plan);
    rcx_cli_print(cli, "\n");
    print_thresholds(cli, plan, fit);
    if (plan->flag_outliers)
        rcx_cli_print(cli, "outliers are flagged, not removed: %" PRIu64 " rows\n",
                      stats->outlier_rows);
    rcx_cli_print(
        cli,
        "money removed: %s net (%s gross) without customer or twice, %s net (%s gross) by "
        "price, quantity and outlier rules\n",
        rcx_format_money(structure.net, places, 2, money[0]),
        rcx_format_money(structure.gross, places, 2, money[1]),
        rcx_format_money(business.net, places, 2, money[2]),
        rcx_format_money(business.gross, places, 2, money[3]));
    rcx_cli_print(cli, "kept %s of %s rows of %s customers, %s net revenue\n",
                  rcx_format_count(final->rows, kept), rcx_format_count(stats->initial_rows, all),
                  rcx_format_count(final->customers_touched, customers),
                  rcx_format_money(final->net, places, 2, money[0]));
}

static enum rcx_status print_json(struct rcx_cli *cli, const struct rcx_clean_stats *stats,
                                  const struct rcx_flow_store *store, struct rcx_error *err)
{
    const struct rcx_clean_report report = {
        .stats = stats,
        .plan = &store->plan,
        .fit = &store->fit,
        .store = rcx_store_summary(store->store),
    };
    struct rcx_buf json = {0};
    bool ok = rcx_clean_stats_json(&report, &json);
    if (ok)
        rcx_cli_write(cli, json.data, json.length);
    rcx_buf_release(&json);
    return ok ? RCX_OK : rcx_fail_nomem(err, "cleaning statistics", 0);
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct clean_options *given = values;
    struct rcx_flow_store store;
    struct rcx_flow_clean_result result;
    bool to_stdout = given->output && strcmp(given->output, "-") == 0;
    char *beside = NULL;
    enum rcx_status status = rcx_flow_store_open(given->store, given->version, cli->config,
                                                 &cli->parallel, &store, err);
    if (status != RCX_OK)
        return status;
    if (given->output && !to_stdout && !given->statistics) {
        beside = rcx_flow_beside(given->output, "cleaning_stats.json");
        if (!beside) {
            status = rcx_fail_nomem(err, "path", strlen(given->output));
            goto done;
        }
    }
    const struct rcx_flow_clean flow = {
        .from = &store,
        .export = &cli->config->export,
        .parallel = cli->parallel,
        .output = given->output,
        .format = given->format,
        .statistics = given->statistics ? given->statistics : beside,
    };
    status = rcx_flow_clean(&flow, &result, err);
    if (status != RCX_OK)
        goto done;
    if (cli->json)
        status = print_json(cli, &result.stats, &store, err);
    else if (!to_stdout)
        print_summary(cli, &result.stats, &store.plan, &store.fit);
    rcx_clean_stats_release(&result.stats);

done:
    rcx_free(beside);
    rcx_flow_store_close(&store);
    return status;
}

static const struct rcx_option options[] = {
    RCX_OPTION_REQUIRED(TEXT, struct clean_options, store, "store", 's', "DIR", "the store"),
    RCX_OPTION(TEXT, struct clean_options, output, "output", 'o', "FILE",
               "cleaned rows as .parquet, .arrow or .csv, - is standard output; without it only "
               "the summary"),
    RCX_OPTION(TEXT, struct clean_options, format, "format", 0, "NAME",
               "csv or parquet, whatever the name of FILE"),
    RCX_OPTION(TEXT, struct clean_options, statistics, "stats", 0, "FILE",
               "where the statistics go; default: cleaning_stats.json beside the rows"),
    RCX_OPTION(U64, struct clean_options, version, "version", 0, "N",
               "an older version of the store"),
};

const struct rcx_command rcx_cmd_clean = {
    .name = "clean",
    .summary = "drop rows that cannot count, and say what they were worth",
    .details =
        "Rules, in order, are the keys of 'rcx config list cleaning'. A row is counted under the\n"
        "first rule that removes it, with its money.\n"
        "\n"
        "    rcx clean --store shop -o cleaned.parquet\n"
        "    rcx clean --store shop --set cleaning.outliers.action=flag",
    RCX_OPTIONS(options, struct clean_options),
    .run = run,
};
