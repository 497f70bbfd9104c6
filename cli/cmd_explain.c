/* rcx explain: the decision about one customer, and what is behind it */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/flow_score.h"
#include "engine/exec/customer_invoices.h"

struct explain_options {
    const char *directory, *customer;
    struct rcx_date_option as_of;
};

enum { INVOICES_SHOWN = 12 };

/* Row of the customer in a table, SIZE_MAX when it is not there. */
static size_t find_row(const struct rcx_table *table, const char *customer)
{
    const struct rcx_column *id = rcx_table_find(table, "customer_id");
    struct rcx_text wanted = rcx_text_of(customer);
    int64_t number = 0;
    bool numeric = rcx_parse_i64(wanted, &number);
    for (size_t i = 0; id && i < id->rows; i++) {
        if (id->type == RCX_TYPE_TEXT
                ? rcx_text_equal(rcx_strings_get(id->dictionary, id->codes[i]), wanted)
                : numeric && id->i64[i] == number)
            return i;
    }
    return SIZE_MAX;
}

static struct rcx_text text_at(const struct rcx_table *table, const char *name, size_t row)
{
    const struct rcx_column *column = rcx_table_find(table, name);
    if (!column || rcx_column_is_null(column, row))
        return (struct rcx_text){"", 0};
    return rcx_strings_get(column->dictionary, column->codes[row]);
}

static double real_at(const struct rcx_table *table, const char *name, size_t row)
{
    const struct rcx_column *column = rcx_table_find(table, name);
    return column ? column->reals[row] : (double)NAN;
}

/* A feature's value as text; "-" when it has none. */
static const char *value_text(const struct rcx_column *column, size_t row, char out[64])
{
    if (rcx_column_is_null(column, row) ||
        (column->type == RCX_TYPE_REAL && isnan(column->reals[row])))
        return "-";
    if (column->type == RCX_TYPE_INT32)
        (void)snprintf(out, 64, "%" PRId32, column->i32[row]);
    else
        (void)snprintf(out, 64, "%.4g", column->reals[row]);
    return out;
}

static void print_decision(struct rcx_cli *cli, const struct rcx_flow_score_result *result,
                           size_t row)
{
    static const char *const reasons[] = {"reason_1", "reason_2", "reason_3"};
    static const char *const effects[] = {"effect_1", "effect_2", "effect_3"};
    const struct rcx_table *table = &result->predictions;
    struct rcx_text status = text_at(table, "status", row);
    struct rcx_text risk = text_at(table, "risk_level", row);
    double p = real_at(table, "churn_probability", row);
    if (isnan(p))
        rcx_cli_print(cli, "no probability (%.*s)\n", (int)status.length, status.data);
    else
        rcx_cli_print(cli, "%.1f %% to leave, risk %.*s, %s (threshold %.2f; %.*s)\n", 100 * p,
                      (int)risk.length, risk.data,
                      p >= result->churn.threshold ? "act" : "leave alone", result->churn.threshold,
                      (int)status.length, status.data);
    for (size_t r = 0; r < 3; r++) {
        struct rcx_text reason = text_at(table, reasons[r], row);
        double effect = real_at(table, effects[r], row);
        if (reason.length > 0 && isnan(effect))
            rcx_cli_print(cli, "  %.*s\n", (int)reason.length, reason.data);
        else if (reason.length > 0)
            rcx_cli_print(cli, "  %.*s (%s the risk, %+.2f on the log-odds)\n", (int)reason.length,
                          reason.data, effect > 0 ? "raises" : "lowers", effect);
    }
}

static void print_features(struct rcx_cli *cli, const struct rcx_table *features, size_t row)
{
    rcx_cli_print(cli, "\n");
    for (size_t c = 2; c < features->column_count; c++) {
        const struct rcx_column *column = &features->columns[c];
        char text[64];
        if (strcmp(column->name, "observation_start_date") == 0)
            break;
        rcx_cli_print(cli, "  %-32s %12s\n", column->name, value_text(column, row, text));
    }
}

static void print_invoices(struct rcx_cli *cli, const struct rcx_customer_invoices *invoices)
{
    size_t shown = invoices->count < INVOICES_SHOWN ? invoices->count : INVOICES_SHOWN;
    rcx_cli_print(cli, "\n%zu invoices before the cutoff", invoices->count);
    rcx_cli_print(cli, shown < invoices->count ? ", the last %zu:\n" : ":\n", shown);
    for (size_t i = invoices->count - shown; i < invoices->count; i++) {
        const struct rcx_customer_invoice *invoice = &invoices->items[i];
        char time[RCX_TIME_TEXT_BYTES];
        rcx_cli_print(cli, "  %s  %-12.*s %6" PRIu32 " rows %14.2f\n",
                      rcx_format_time(invoice->time, time), (int)invoice->number.length,
                      invoice->number.data, invoice->rows, invoice->revenue);
    }
}

static void put_reasons(struct rcx_json *json, const struct rcx_table *table, size_t row)
{
    static const char *const reasons[] = {"reason_1", "reason_2", "reason_3"};
    static const char *const effects[] = {"effect_1", "effect_2", "effect_3"};
    rcx_json_key(json, "reasons");
    rcx_json_array(json);
    for (size_t r = 0; r < 3; r++) {
        struct rcx_text reason = text_at(table, reasons[r], row);
        if (reason.length == 0)
            continue;
        rcx_json_object(json);
        rcx_json_key(json, "text");
        rcx_json_text_n(json, reason.data, reason.length);
        rcx_json_put_real(json, "effect", real_at(table, effects[r], row));
        rcx_json_object_end(json);
    }
    rcx_json_array_end(json);
}

static void put_features(struct rcx_json *json, const struct rcx_table *features, size_t row)
{
    rcx_json_key(json, "features");
    rcx_json_object(json);
    for (size_t c = 2; row != SIZE_MAX && c < features->column_count; c++) {
        const struct rcx_column *column = &features->columns[c];
        if (strcmp(column->name, "observation_start_date") == 0)
            break;
        rcx_json_put_real(json, column->name,
                          rcx_column_is_null(column, row)  ? (double)NAN
                          : column->type == RCX_TYPE_INT32 ? (double)column->i32[row]
                                                           : column->reals[row]);
    }
    rcx_json_object_end(json);
}

static void put_invoices(struct rcx_json *json, const struct rcx_customer_invoices *invoices)
{
    rcx_json_key(json, "invoices");
    rcx_json_array(json);
    for (size_t i = 0; i < invoices->count; i++) {
        const struct rcx_customer_invoice *invoice = &invoices->items[i];
        char time[RCX_TIME_TEXT_BYTES];
        rcx_json_object(json);
        rcx_json_put_text(json, "time", rcx_format_time(invoice->time, time));
        rcx_json_key(json, "number");
        rcx_json_text_n(json, invoice->number.data, invoice->number.length);
        rcx_json_put_u64(json, "rows", invoice->rows);
        rcx_json_put_real(json, "revenue", invoice->revenue);
        rcx_json_object_end(json);
    }
    rcx_json_array_end(json);
}

static void print_json(struct rcx_cli *cli, const struct explain_options *given,
                       const struct rcx_flow_score_result *result, size_t row,
                       const struct rcx_customer_invoices *invoices, rcx_day day)
{
    char date[RCX_DATE_TEXT_BYTES];
    const struct rcx_table *table = &result->predictions;
    struct rcx_text status = text_at(table, "status", row),
                    risk = text_at(table, "risk_level", row);
    double p = real_at(table, "churn_probability", row);
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.explain/1");
    rcx_json_put_text(&json, "customer", given->customer);
    rcx_json_put_text(&json, "as_of", rcx_format_day(day, date));
    rcx_json_put_real(&json, "churn_probability", p);
    rcx_json_put_real(&json, "threshold", result->churn.threshold);
    rcx_json_put_bool(&json, "decision", p >= result->churn.threshold);
    rcx_json_key(&json, "risk_level");
    rcx_json_text_n(&json, risk.data, risk.length);
    rcx_json_key(&json, "status");
    rcx_json_text_n(&json, status.data, status.length);
    put_reasons(&json, table, row);
    put_features(&json, &result->features, find_row(&result->features, given->customer));
    put_invoices(&json, invoices);
    rcx_cli_json_end(cli, &json);
}

static enum rcx_status explain(struct rcx_cli *cli, const struct explain_options *given,
                               const struct rcx_flow_score *flow,
                               const struct rcx_flow_score_result *result, struct rcx_error *err)
{
    char date[RCX_DATE_TEXT_BYTES];
    struct rcx_customer_invoices invoices = {0};
    size_t row = find_row(&result->predictions, given->customer);
    if (row == SIZE_MAX)
        return rcx_fail(err, RCX_E_INPUT, "no customer '%s' has a row before %s", given->customer,
                        rcx_format_day(flow->day + 1, date));
    const struct rcx_column *id = rcx_table_find(&result->predictions, "customer_id");
    int64_t key = id->type == RCX_TYPE_TEXT ? (int64_t)id->codes[row] : id->i64[row];
    enum rcx_status status = rcx_customer_invoices_read(flow->from->store, &flow->from->plan, key,
                                                        flow->day, &flow->parallel, &invoices, err);
    if (status == RCX_OK && cli->json) {
        print_json(cli, given, result, row, &invoices, flow->day);
    } else if (status == RCX_OK) {
        size_t feature_row = find_row(&result->features, given->customer);
        rcx_cli_print(cli, "customer %s as of %s: ", given->customer,
                      rcx_format_day(flow->day, date));
        print_decision(cli, result, row);
        if (feature_row != SIZE_MAX)
            print_features(cli, &result->features, feature_row);
        print_invoices(cli, &invoices);
    }
    rcx_customer_invoices_release(&invoices);
    return status;
}

static enum rcx_status run(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct explain_options *given = values;
    const char *directory = given->directory ? given->directory : "rcx-out";
    struct rcx_flow_score_result result = {0};
    struct rcx_flow_store store = {0};
    enum rcx_status status = rcx_flow_store_open_run(directory, cli->config, &cli->parallel, &store,
                                                     err);
    const struct rcx_flow_score flow = {.from = &store,
                                        .config = cli->config,
                                        .directory = directory,
                                        .day = given->as_of.given ? given->as_of.day
                                                                  : store.range.last,
                                        .parallel = cli->parallel,
                                        .table_bytes = cli->memory_bytes / 2};
    if (status == RCX_OK)
        status = rcx_flow_score(&flow, &result, err);
    if (status == RCX_OK)
        status = explain(cli, given, &flow, &result, err);
    rcx_flow_score_result_release(&result);
    rcx_flow_store_close(&store);
    return status;
}

static const struct rcx_option options[] = {
    RCX_OPTION_REQUIRED(TEXT, struct explain_options, customer, "customer", 0, "ID",
                        "the customer"),
    RCX_OPTION(TEXT, struct explain_options, directory, "output", 'o', "DIR",
               "directory of the run (default rcx-out)"),
    RCX_OPTION(DATE, struct explain_options, as_of, "as-of", 0, "DATE",
               "the date (default: the last day of the data)"),
};

const struct rcx_command rcx_cmd_explain = {
    .name = "explain",
    .summary = "explain the decision about one customer: reasons, features, transactions",
    .details = "Scores as of the date with the models in DIR/models, as rcx score does.\n"
               "\n"
               "    rcx explain --customer 17850 -o rcx-out --as-of 2011-11-30",
    RCX_OPTIONS(options, struct explain_options),
    .run = run,
};
