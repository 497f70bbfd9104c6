/* rcx cohorts: who came when, who came back, and what they brought */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/flow_cohorts.h"
#include "cli/sink_options.h"

struct cohorts_options {
    const char *store, *output, *format;
    uint64_t version;
};

enum { AGES = 12, CELLS = 2 + AGES, CELL_BYTES = 32, MOST_COHORTS = 36 };

/* Retention as a triangle: a line per cohort (the latest MOST_COHORTS), a column per age. */
static void print_triangle(struct rcx_cli *cli, const struct rcx_cohorts *cohorts,
                           char (*text)[CELLS][CELL_BYTES], const char **cells)
{
    struct rcx_cli_column columns[CELLS] = {{"cohort", false}, {"customers", true}};
    char names[AGES][16];
    size_t rows = 0;
    size_t first = cohorts->months > MOST_COHORTS ? cohorts->months - MOST_COHORTS : 0;
    for (size_t age = 0; age < AGES; age++) {
        snprintf(names[age], sizeof names[age], "+%zu", age);
        columns[2 + age] = (struct rcx_cli_column){names[age], true};
    }
    for (size_t c = first; c < cohorts->months; c++) {
        const struct rcx_cohort_cell *cell = &cohorts->cells[rcx_cohort_start(cohorts, c)];
        char date[RCX_DATE_TEXT_BYTES], count[32];
        if (cohorts->customers[c] == 0)
            continue;
        (void)rcx_format_day(rcx_month_after(cohorts->first_month, c), date);
        snprintf(text[rows][0], CELL_BYTES, "%.7s", date);
        snprintf(text[rows][1], CELL_BYTES, "%s", rcx_format_count(cohorts->customers[c], count));
        cells[rows * CELLS] = text[rows][0];
        cells[rows * CELLS + 1] = text[rows][1];
        for (size_t age = 0; age < AGES; age++) {
            bool known = c + age < cohorts->months;
            bool complete = c + age + 1 < cohorts->months || cohorts->last_complete;
            cells[rows * CELLS + 2 + age] = known ? text[rows][2 + age] : NULL;
            if (known)
                snprintf(text[rows][2 + age], CELL_BYTES, "%.0f%%%s",
                         100.0 * (double)cell[age].active / (double)cohorts->customers[c],
                         complete ? "" : "*");
        }
        rows++;
    }
    rcx_cli_table(cli, columns, CELLS, cells, rows);
}

static enum rcx_status print_summary(struct rcx_cli *cli, const struct rcx_cohorts *cohorts,
                                     struct rcx_error *err)
{
    char(*text)[CELLS][CELL_BYTES] = rcx_calloc(MOST_COHORTS, sizeof *text);
    const char **cells = rcx_calloc((size_t)MOST_COHORTS * CELLS, sizeof *cells);
    char money[64];
    if (text && cells) {
        print_triangle(cli, cohorts, text, cells);
        rcx_cli_print(
            cli, "\nshare of a month's new customers who bought again so many months later%s\n",
            cohorts->last_complete ? "" : "; * the data end within the month");
        rcx_cli_print(cli, "customers of the first month may have bought before the data begin\n");
        if (cohorts->without_purchase > 0)
            rcx_cli_print(
                cli, "%" PRIu64 " customers without any purchase belong to no cohort (%s)\n",
                cohorts->without_purchase,
                rcx_format_money(cohorts->revenue_without_purchase, cohorts->places, 2, money));
    }
    bool ok = text && cells;
    rcx_free(text);
    rcx_free(cells);
    return ok ? RCX_OK : rcx_fail_nomem(err, "cohorts", 0);
}

static void put_ages(struct rcx_json *json, const struct rcx_cohorts *cohorts, size_t cohort)
{
    const struct rcx_cohort_cell *cells = &cohorts->cells[rcx_cohort_start(cohorts, cohort)];
    double unit = (double)rcx_pow10(cohorts->places);
    rcx_json_key(json, "active_customers");
    rcx_json_array(json);
    for (size_t age = 0; cohort + age < cohorts->months; age++)
        rcx_json_u64(json, cells[age].active);
    rcx_json_array_end(json);
    rcx_json_key(json, "revenue");
    rcx_json_array(json);
    for (size_t age = 0; cohort + age < cohorts->months; age++)
        rcx_json_real(json, (double)cells[age].revenue / unit);
    rcx_json_array_end(json);
}

static void print_json(struct rcx_cli *cli, const struct rcx_cohorts *cohorts)
{
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.cohorts/1");
    char date[RCX_DATE_TEXT_BYTES];
    rcx_json_put_bool(&json, "last_month_complete", cohorts->last_complete);
    rcx_json_put_u64(&json, "customers_without_purchase", cohorts->without_purchase);
    rcx_json_put_real(&json, "revenue_without_purchase",
                      (double)cohorts->revenue_without_purchase /
                          (double)rcx_pow10(cohorts->places));
    rcx_json_key(&json, "cohorts");
    rcx_json_array(&json);
    for (size_t c = 0; c < cohorts->months; c++) {
        if (cohorts->customers[c] == 0)
            continue;
        rcx_json_object(&json);
        rcx_json_put_text(&json, "cohort",
                          rcx_format_day(rcx_month_after(cohorts->first_month, c), date));
        rcx_json_put_u64(&json, "customers", cohorts->customers[c]);
        put_ages(&json, cohorts, c);
        rcx_json_object_end(&json);
    }
    rcx_json_array_end(&json);
    rcx_cli_json_end(cli, &json);
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct cohorts_options *given = values;
    struct rcx_flow_store store;
    struct rcx_cohorts cohorts = {0};
    bool to_stdout = given->output && strcmp(given->output, "-") == 0;
    enum rcx_status status = rcx_flow_store_open(given->store, given->version, cli->config,
                                                 &cli->parallel, &store, err);
    if (status != RCX_OK)
        return status;
    struct rcx_sink_options sink = rcx_flow_sink_options(&cli->config->export, cli->parallel);
    sink.format = given->format;
    status = rcx_flow_cohorts(&store, &sink, given->output, &cohorts, err);
    if (status == RCX_OK && cli->json)
        print_json(cli, &cohorts);
    else if (status == RCX_OK && !to_stdout)
        status = print_summary(cli, &cohorts, err);
    rcx_cohorts_release(&cohorts);
    rcx_flow_store_close(&store);
    return status;
}

static const struct rcx_option options_of_cohorts[] = {
    RCX_OPTION_REQUIRED(TEXT, struct cohorts_options, store, "store", 's', "DIR", "the store"),
    RCX_OPTION(TEXT, struct cohorts_options, output, "output", 'o', "FILE",
               "write a row per cohort and age, - is standard output"),
    RCX_OPTION(TEXT, struct cohorts_options, format, "format", 0, "NAME",
               "csv or parquet, whatever the name of FILE"),
    RCX_OPTION(U64, struct cohorts_options, version, "version", 0, "N",
               "an older version of the store"),
};

const struct rcx_command rcx_cmd_cohorts = {
    .name = "cohorts",
    .summary = "customers by the month they came, and who of them came back",
    .details = "Cleaned rows count. A customer belongs to the month of the first purchase and is "
               "active in\n"
               "every month with one; revenue is net of returns.\n"
               "\n"
               "    rcx cohorts --store shop\n"
               "    rcx cohorts --store shop -o cohorts.csv",
    RCX_OPTIONS(options_of_cohorts, struct cohorts_options),
    .run = run,
};
