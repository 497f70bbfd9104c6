/* rcx campaign: whom to spend the budget on */
#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/flow_campaign.h"

struct campaign_options {
    const char *directory;
    bool dry_run;
};

enum { CELLS = 8, CELL_BYTES = 64 };

static const char *money(rcx_i128 units, char out[CELL_BYTES])
{
    char text[64];
    (void)snprintf(out, CELL_BYTES, "%s", rcx_format_money(units, RCX_CAMPAIGN_PLACES, 2, text));
    return out;
}

static const char *count(uint64_t value, char out[CELL_BYTES])
{
    char text[32];
    (void)snprintf(out, CELL_BYTES, "%s", rcx_format_count(value, text));
    return out;
}

static void fill_row(const char *name, const struct rcx_campaign_totals *totals, uint64_t controls,
                     char text[CELLS][CELL_BYTES], const char **cells)
{
    double roi = rcx_campaign_roi_pct(totals->value, totals->cost);
    cells[0] = name;
    cells[1] = count(totals->customers, text[1]);
    cells[2] = count(controls, text[2]);
    cells[3] = money(totals->cost, text[3]);
    (void)snprintf(text[4], CELL_BYTES, "%.1f", rcx_ratio(totals->saves, RCX_SAVES_UNIT));
    cells[4] = text[4];
    cells[5] = money(totals->revenue_saved, text[5]);
    cells[6] = money(totals->value, text[6]);
    (void)snprintf(text[7], CELL_BYTES, "%.0f %%", roi);
    cells[7] = isnan(roi) ? NULL : text[7];
}

static void print_tiers(struct rcx_cli *cli, const struct rcx_campaign_plan *plan)
{
    static const struct rcx_cli_column columns[CELLS] = {
        {"tier", false},           {"contacts", true},
        {"control", true},         {"cost", true},
        {"saved customers", true}, {"saved revenue", true},
        {"expected value", true},  {"ROI", true}};
    char text[RCX_TIERS_MOST + 1][CELLS][CELL_BYTES];
    const char *cells[(RCX_TIERS_MOST + 1) * CELLS];
    size_t tiers = plan->terms.tier_count;
    for (size_t k = 0; k < tiers; k++)
        fill_row(plan->terms.tiers[k].name, &plan->tiers[k], plan->held_back_tiers[k].customers,
                 text[k], cells + k * CELLS);
    fill_row("all", &plan->total, plan->held_back.customers, text[tiers], cells + tiers * CELLS);
    rcx_cli_table(cli, columns, CELLS, cells, tiers + 1);
}

/* Who gets nothing, and why; reasons of nobody are left out. */
static void print_others(struct rcx_cli *cli, const struct rcx_flow_campaign_result *result)
{
    static const struct {
        enum rcx_campaign_fate fate;
        const char *why;
    } whys[] = {{RCX_FATE_BUDGET, "for whom the budget brings more elsewhere"},
                {RCX_FATE_NO_GAIN, "for whom no contact is worth its cost"},
                {RCX_FATE_SUPPRESSED, "on the suppression list"},
                {RCX_FATE_NO_PREDICTION, "without a prediction"}};
    const struct rcx_campaign_plan *plan = &result->plan;
    char text[2][CELL_BYTES];
    uint64_t others = result->columns.customers - plan->contacts - plan->controls;
    rcx_cli_print(cli, "\n%s of %s customers are left alone", count(others, text[0]),
                  count(result->columns.customers, text[1]));
    const char *before = ": ";
    for (size_t w = 0; w < sizeof whys / sizeof whys[0]; w++) {
        if (plan->fate_counts[whys[w].fate] == 0)
            continue;
        rcx_cli_print(cli, "%s%s %s", before, count(plan->fate_counts[whys[w].fate], text[0]),
                      whys[w].why);
        before = ", ";
    }
    rcx_cli_print(cli, "\n");
}

static void print_certificate(struct rcx_cli *cli, const struct rcx_campaign_plan *plan)
{
    const struct rcx_allocation *allocation = &plan->allocation;
    char text[4][CELL_BYTES];
    rcx_i128 gap = allocation->bound - allocation->value;
    rcx_cli_print(cli, "%s of the budget of %s is spent", money(plan->total.cost, text[0]),
                  money(plan->terms.budget, text[1]));
    if (plan->controls > 0)
        rcx_cli_print(cli, "; the control group costs nothing, so customers were chosen for %s",
                      money(plan->chosen_budget, text[0]));
    rcx_cli_print(cli, "\n");
    if (allocation->optimal)
        rcx_cli_print(cli, "no other choice is worth more: %s%s (proven)\n",
                      money(allocation->value, text[0]),
                      plan->controls > 0 ? " with the control group" : "");
    else
        rcx_cli_print(
            cli, "the choice is worth %s%s; the best possible one at most %s more (%.2g %%)\n",
            money(allocation->value, text[0]), plan->controls > 0 ? " with the control group" : "",
            money(gap, text[1]),
            100 * ((double)gap / (double)(allocation->bound > 0 ? allocation->bound : 1)));
    rcx_cli_print(cli, "one more unit of budget would bring %.2f\n", allocation->shadow_price);
}

static void print_test(struct rcx_cli *cli, const struct rcx_flow_campaign_result *result)
{
    struct rcx_campaign_test test = rcx_campaign_test_of(&result->plan, &result->columns,
                                                         RCX_TIERS_MOST);
    if (test.controls == 0)
        return;
    rcx_cli_print(cli,
                  "churn of the chosen: %.1f %%, with the contact %.1f %% expected; the control "
                  "group shows a fall of %.1f points or more\n",
                  100 * test.churn, 100 * (test.churn - test.expected), 100 * test.detectable);
    if (test.expected < test.detectable)
        rcx_cli_print(cli, "that is more than expected: a larger campaign.control_share would show "
                           "what the campaign did\n");
}

static void print_plan(struct rcx_cli *cli, const struct rcx_flow_campaign_result *result)
{
    const struct rcx_campaign_plan *plan = &result->plan;
    double saves = rcx_campaign_break_even_saves(plan);
    print_tiers(cli, plan);
    print_others(cli, result);
    print_certificate(cli, plan);
    print_test(cli, result);
    rcx_cli_print(cli, "save rates, discounts, margin and redemption are assumed until 'rcx "
                       "measure' replaces them");
    if (!isnan(saves))
        rcx_cli_print(cli, "; the plan pays off while save rates are above %.0f %% of that",
                      100 * saves);
    rcx_cli_print(cli, "\n");
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct campaign_options *given = values;
    const struct rcx_flow_campaign flow = {
        .directory = given->directory ? given->directory : "rcx-out",
        .campaign = &cli->config->campaign,
        .export = &cli->config->export,
        .seed = (uint64_t)cli->config->runtime.seed,
        .parallel = cli->parallel,
        .log = cli->log,
        .dry_run = given->dry_run,
    };
    struct rcx_flow_campaign_result result;
    struct rcx_buf text = {0};
    enum rcx_status status = rcx_flow_campaign(&flow, &result, err);
    if (status != RCX_OK)
        return status;
    if (cli->json) {
        status = rcx_campaign_metrics(&result.plan, &result.columns, &text, err);
        if (status == RCX_OK)
            rcx_cli_write(cli, text.data, text.length);
        rcx_buf_release(&text);
    } else {
        print_plan(cli, &result);
    }
    rcx_flow_campaign_result_release(&result);
    return status;
}

static const struct rcx_option options[] = {
    RCX_OPTION(TEXT, struct campaign_options, directory, "output", 'o', "DIR",
               "directory of the run (default rcx-out)"),
    RCX_OPTION_KEY("budget", 'b', "MONEY", "campaign.budget", "most that the contacts may cost"),
    RCX_OPTION_KEY("tiers", 0, "FILE", "campaign.tiers",
                   "a YAML file of tiers, or the tiers: 'gift: cost=5; save_rate=0.2'"),
    RCX_OPTION_KEY("suppress", 0, "FILE", "campaign.suppression",
                   "customers who must not be contacted, one id a line"),
    RCX_OPTION(FLAG, struct campaign_options, dry_run, "dry-run", 'n', NULL,
               "tell the plan, write nothing"),
};

const struct rcx_command rcx_cmd_campaign = {
    .name = "campaign",
    .summary = "choose the customers to contact, and how, within a budget",
    .details =
        "Reads of the run directory outputs/churn_predictions.parquet, clv_predictions.parquet "
        "and\n"
        "segment_assignments.parquet; writes into it\n"
        "    outputs/campaign_execution_plan.csv          who is contacted and who is held back\n"
        "    outputs/optimal_campaign_allocation.parquet  every customer, the value of each tier\n"
        "    outputs/optimization_metrics.json            totals and certificate\n"
        "    outputs/budget_frontier.csv, budget_sensitivity.csv, assumption_sheet.csv\n"
        "    outputs/business_reports/                    action list, top 100, segments, impact\n"
        "\n"
        "    rcx campaign -o rcx-out --budget 5000 --dry-run\n"
        "    rcx campaign -o rcx-out --tiers tiers.yaml --suppress opted_out.txt",
    RCX_OPTIONS(options, struct campaign_options),
    .run = run,
};
