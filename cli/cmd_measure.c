/* rcx measure: what a campaign did */
#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/flow_measure.h"

struct measure_options {
    const char *plan, *store, *output, *format, *tiers;
    struct rcx_date_option from;
    uint64_t days, version;
};

enum { CELLS = 8, CELL_BYTES = 64, ROWS_MOST = 33 };

/* "12.3 (4.5 to 20.1)" in units of 1 / scale. */
static const char *interval(struct rcx_interval value, double scale, char out[CELL_BYTES])
{
    if (isnan(value.estimate))
        return NULL;
    (void)snprintf(out, CELL_BYTES, "%.1f (%.1f to %.1f)", scale * value.estimate,
                   scale * value.low, scale * value.high);
    return out;
}

static const char *share(uint64_t part, uint64_t all, char out[CELL_BYTES])
{
    if (all == 0)
        return NULL;
    (void)snprintf(out, CELL_BYTES, "%.1f %%", 100 * (double)part / (double)all);
    return out;
}

static void print_table(struct rcx_cli *cli, const struct rcx_flow_measure_result *result)
{
    static const struct rcx_cli_column columns[CELLS] = {{"tier", false},
                                                         {"contacts", true},
                                                         {"control", true},
                                                         {"churned", true},
                                                         {"churned, control", true},
                                                         {"save rate %", true},
                                                         {"more revenue each", true},
                                                         {"realised value", true}};
    char text[ROWS_MOST][CELLS][CELL_BYTES];
    const char *cells[ROWS_MOST * CELLS];
    size_t rows = result->tier_count + 1 < ROWS_MOST ? result->tier_count + 1 : ROWS_MOST;
    for (size_t k = 0; k < rows; k++) {
        const struct rcx_uplift *u = &result->uplifts[k];
        const char **row = cells + k * CELLS;
        row[0] = k == 0 ? "all" : result->tiers[k - 1];
        row[1] = rcx_format_count(u->contacts, text[k][1]);
        row[2] = rcx_format_count(u->controls, text[k][2]);
        row[3] = share(u->churned_contacts, u->contacts, text[k][3]);
        row[4] = share(u->churned_controls, u->controls, text[k][4]);
        row[5] = interval(u->save_rate, 100, text[k][5]);
        row[6] = interval(u->revenue, 1, text[k][6]);
        row[7] = interval(u->value, 1, text[k][7]);
    }
    rcx_cli_table(cli, columns, CELLS, cells, rows);
}

static void print_verdict(struct rcx_cli *cli, const struct rcx_flow_measure_result *result)
{
    const struct rcx_uplift *all = &result->uplifts[0];
    char first[RCX_DATE_TEXT_BYTES], last[RCX_DATE_TEXT_BYTES];
    const char *verdict = isnan(all->churn.estimate) ? "there is no control group to compare with"
                          : all->churn.low > 0       ? "contacting kept customers"
                          : all->churn.high < 0      ? "contacting drove customers away"
                                                     : "no effect on churn is shown";
    rcx_cli_print(cli, "\n%s to %s: %s", rcx_format_day(result->first, first),
                  rcx_format_day(result->last, last), verdict);
    if (!isnan(all->churn.estimate))
        rcx_cli_print(cli, " (%.1f points fewer churned, %.0f %% interval %.1f to %.1f)",
                      100 * all->churn.estimate, 100 * cli->config->campaign.confidence,
                      100 * all->churn.low, 100 * all->churn.high);
    rcx_cli_print(cli, "\n");
    if (!isnan(all->predicted_controls) && all->controls > 0)
        rcx_cli_print(cli,
                      "predicted churn: %.1f %% of the contacts, %.1f %% of the control group\n",
                      100 * all->predicted_contacts, 100 * all->predicted_controls);
}

static void put_interval(struct rcx_json *json, const char *key, const struct rcx_interval *value)
{
    rcx_json_key(json, key);
    rcx_json_object(json);
    rcx_json_put_real(json, "estimate", value->estimate);
    rcx_json_put_real(json, "low", value->low);
    rcx_json_put_real(json, "high", value->high);
    rcx_json_object_end(json);
}

static void put_uplift(struct rcx_json *json, const char *name, const struct rcx_uplift *u)
{
    rcx_json_key(json, name);
    rcx_json_object(json);
    rcx_json_put_u64(json, "contacts", u->contacts);
    rcx_json_put_u64(json, "controls", u->controls);
    rcx_json_put_u64(json, "churned_contacts", u->churned_contacts);
    rcx_json_put_u64(json, "churned_controls", u->churned_controls);
    put_interval(json, "churn_reduction", &u->churn);
    put_interval(json, "save_rate", &u->save_rate);
    rcx_json_put_real(json, "revenue_contacts", u->revenue_contacts);
    rcx_json_put_real(json, "revenue_controls", u->revenue_controls);
    put_interval(json, "revenue_uplift", &u->revenue);
    rcx_json_put_real(json, "cost", u->cost);
    put_interval(json, "realised_value", &u->value);
    rcx_json_object_end(json);
}

static void print_json(struct rcx_cli *cli, const struct rcx_flow_measure_result *result)
{
    char date[RCX_DATE_TEXT_BYTES];
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.measure/1");
    rcx_json_put_text(&json, "first_day", rcx_format_day(result->first, date));
    rcx_json_put_text(&json, "last_day", rcx_format_day(result->last, date));
    rcx_json_put_bool(&json, "complete", result->last == result->asked);
    rcx_json_put_u64(&json, "silent_customers", result->silent);
    rcx_json_put_u64(&json, "unknown_customers", result->unknown);
    put_uplift(&json, "all", &result->uplifts[0]);
    rcx_json_key(&json, "tiers");
    rcx_json_object(&json);
    for (size_t k = 0; k < result->tier_count; k++)
        put_uplift(&json, result->tiers[k], &result->uplifts[k + 1]);
    rcx_json_object_end(&json);
    rcx_cli_json_end(cli, &json);
}

static void warn(struct rcx_cli *cli, const struct rcx_flow_measure_result *result)
{
    char last[32], asked[32];
    if (result->last < result->asked)
        rcx_log_write(cli->log, RCX_LOG_WARNING, "measure",
                      "the data end on %s, the span on %s: who is silent so far may still buy",
                      rcx_format_day(result->last, last), rcx_format_day(result->asked, asked));
    if (result->unknown > 0)
        rcx_log_write(
            cli->log, RCX_LOG_WARNING, "measure",
            "%s of the %s customers of the plan are not in the store; they count as silent",
            rcx_format_count(result->unknown, asked), rcx_format_count(result->customers, last));
    if (!result->measured_all)
        rcx_log_write(cli->log, RCX_LOG_WARNING, "measure",
                      "some tiers have no contacts or no control group; their save rates stay as "
                      "assumed");
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct measure_options *given = values;
    struct rcx_flow_measure_result result;
    struct rcx_flow_store store;
    enum rcx_status status = rcx_flow_store_attach(given->store, given->version, cli->config,
                                                   &store, err);
    if (status != RCX_OK)
        return status;
    const struct rcx_flow_measure flow = {
        .plan = given->plan,
        .from = &store,
        .config = cli->config,
        .parallel = cli->parallel,
        .has_first = given->from.given,
        .first = given->from.day,
        .days = given->days,
        .tiers = given->tiers,
        .output = given->output,
        .format = given->format,
    };
    status = rcx_flow_measure(&flow, &result, err);
    if (status == RCX_OK) {
        warn(cli, &result);
        if (cli->json) {
            print_json(cli, &result);
        } else {
            print_table(cli, &result);
            print_verdict(cli, &result);
        }
        rcx_flow_measure_result_release(&result);
    }
    rcx_flow_store_close(&store);
    return status;
}

static const struct rcx_option options[] = {
    RCX_OPTION_REQUIRED(TEXT, struct measure_options, plan, "plan", 'p', "FILE",
                        "the plan: campaign_execution_plan.csv of its run"),
    RCX_OPTION_REQUIRED(TEXT, struct measure_options, store, "store", 's', "DIR",
                        "the store, with later data"),
    RCX_OPTION(DATE, struct measure_options, from, "from", 0, "DATE",
               "first day that counts; default: the day after the plan's date"),
    RCX_OPTION(U64, struct measure_options, days, "days", 0, "N",
               "days that count; default: churn.horizon_days"),
    RCX_OPTION(TEXT, struct measure_options, output, "output", 'o', "FILE",
               "the comparison as .csv or .parquet"),
    RCX_OPTION(TEXT, struct measure_options, format, "format", 0, "NAME",
               "csv or parquet, whatever the name of FILE"),
    RCX_OPTION(TEXT, struct measure_options, tiers, "tiers-out", 0, "FILE",
               "the tiers with the realised save rates, for 'rcx campaign --tiers'"),
    RCX_OPTION(U64, struct measure_options, version, "version", 0, "N",
               "an older version of the store"),
};

const struct rcx_command rcx_cmd_measure = {
    .name = "measure",
    .summary = "compare the contacted customers of a plan with its control group on later data",
    .details =
        "Contacts and control group were drawn from the same customers, so what they did after "
        "the\n"
        "plan differs by the contact alone. Told are the customers without a purchase, the save\n"
        "rate (the share of would-be churners that was kept), revenue and realised value (margin\n"
        "times the revenue more, less the cost), each with its interval (campaign.confidence).\n"
        "\n"
        "    rcx ingest later.csv --store rcx-out/store\n"
        "    rcx measure --plan rcx-out/outputs/campaign_execution_plan.csv --store rcx-out/store\n"
        "    rcx measure --plan plan.csv --store shop --tiers-out tiers.yaml",
    RCX_OPTIONS(options, struct measure_options),
    .run = run,
};
