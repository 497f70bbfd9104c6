#include "cli/flow_btyd.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/sink_options.h"
#include "ml/matrix.h"
#include "storage/format/table_read.h"

static const struct {
    char letter;
    const char *name;
    double days;
} UNITS[] = {{'d', "day", 1}, {'w', "week", 7}, {'y', "year", 365}};
enum { UNIT_COUNT = sizeof UNITS / sizeof UNITS[0], DAYS_A_YEAR = 365 };

enum rcx_status rcx_flow_btyd_duration(const char *option, const char *text, double *out_days,
                                       struct rcx_error *err)
{
    size_t length = strlen(text);
    double number;
    for (size_t u = 0; u < UNIT_COUNT && length > 1; u++) {
        if (text[length - 1] == UNITS[u].letter &&
            rcx_parse_real((struct rcx_text){text, length - 1}, &number) && number >= 0 &&
            isfinite(number)) {
            *out_days = number * UNITS[u].days;
            return RCX_OK;
        }
    }
    return rcx_fail(err, RCX_E_USAGE,
                    "%s is '%s'; expected a duration with its unit: 90d, 13w or 1y", option, text);
}

static double unit_days(const char *name)
{
    for (size_t u = 0; u < UNIT_COUNT; u++) {
        if (strcmp(UNITS[u].name, name) == 0)
            return UNITS[u].days;
    }
    return 0;
}

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* --- the data ---------------------------------------------------------------------------------- */

void rcx_flow_btyd_data_release(struct rcx_flow_btyd_data *data)
{
    rcx_table_release(&data->table);
    rcx_free(data->columns);
    rcx_btyd_groups_release(data->groups);
    *data = (struct rcx_flow_btyd_data){0};
}

static enum rcx_status convert(const char *path, struct rcx_flow_btyd_data *data,
                               struct rcx_error *err)
{
    static const char *const names[] = {"frequency", "recency", "T", "monetary_value"};
    enum { NAMES = sizeof names / sizeof names[0] };
    size_t rows = data->table.rows;
    data->columns = rcx_calloc(NAMES * rows + 1, sizeof *data->columns);
    if (!data->columns)
        return rcx_fail_nomem(err, path, NAMES * rows * sizeof *data->columns);
    for (size_t i = 0; i < NAMES; i++) {
        const struct rcx_column *column = rcx_table_find(&data->table, names[i]);
        if (!column && i < NAMES - 1)
            return rcx_fail(err, RCX_E_INPUT,
                            "%s has no column '%s'; expected frequency, recency, T and, for money, "
                            "monetary_value",
                            path, names[i]);
        if (column && column->type == RCX_TYPE_TEXT)
            return rcx_fail(err, RCX_E_INPUT, "%s: column '%s' is text; expected numbers", path,
                            names[i]);
        if (column)
            rcx_column_to_reals(column, data->columns + i * rows);
        if (column && i == NAMES - 1)
            data->value = data->columns + i * rows;
    }
    data->customers = (struct rcx_btyd_customers){rows, data->columns, data->columns + rows,
                                                  data->columns + 2 * rows};
    return RCX_OK;
}

enum rcx_status rcx_flow_btyd_read(const char *path, const struct rcx_parallel *parallel,
                                   struct rcx_flow_btyd_data *out, struct rcx_error *err)
{
    const struct rcx_table_read_options options = {.parallel = parallel};
    struct rcx_flow_btyd_data data = {0};
    struct rcx_error detail = {0};
    enum rcx_status status = rcx_table_read(path, &options, &data.table, err);
    if (status == RCX_OK)
        status = convert(path, &data, err);
    double begin = now_seconds();
    if (status == RCX_OK) {
        status = rcx_btyd_groups_build(&data.customers, parallel, &data.groups, &detail);
        if (status != RCX_OK)
            status = rcx_fail(err, status, "%s: %s", path, detail.text);
    }
    data.group_seconds = now_seconds() - begin;
    if (status == RCX_OK)
        *out = data;
    else
        rcx_flow_btyd_data_release(&data);
    return status;
}

/* --- fit --------------------------------------------------------------------------------------- */

static enum rcx_status write_model(const struct rcx_flow_btyd_fit *flow,
                                   const struct rcx_btyd_file *file, struct rcx_error *err)
{
    const struct rcx_file_writer_options options = {.no_sync = flow->no_sync};
    struct rcx_buf text = {0};
    enum rcx_status status = rcx_btyd_file_json(file, &text)
                                 ? rcx_file_replace(flow->output, text.data, text.length, &options,
                                                    err)
                                 : rcx_fail_nomem(err, flow->output, text.length);
    rcx_buf_release(&text);
    return status;
}

enum rcx_status rcx_flow_btyd_fit(const struct rcx_flow_btyd_fit *flow, struct rcx_btyd_file *out,
                                  double *out_seconds, struct rcx_error *err)
{
    struct rcx_flow_btyd_data data = {0};
    struct rcx_btyd_file file = {0};
    const struct rcx_btyd_fit_options options = {.model = flow->model, .parallel = flow->parallel};
    if (unit_days(flow->time_unit) <= 0)
        return rcx_fail(err, RCX_E_USAGE, "--time-unit is '%s'; expected day, week or year",
                        flow->time_unit);
    snprintf(file.time_unit, sizeof file.time_unit, "%s", flow->time_unit);
    enum rcx_status status = rcx_flow_btyd_read(flow->data, &flow->parallel, &data, err);
    double begin = now_seconds();
    if (status == RCX_OK)
        status = rcx_btyd_fit(data.groups, &options, &file.purchases, err);
    double seconds = data.group_seconds + now_seconds() - begin;
    file.has_money = data.value != NULL;
    if (status == RCX_OK && file.has_money)
        status = rcx_gamma_gamma_fit(data.customers.frequency, data.value, data.customers.count,
                                     &flow->parallel, &file.money, err);
    if (status == RCX_OK && flow->output)
        status = write_model(flow, &file, err);
    rcx_flow_btyd_data_release(&data);
    if (status == RCX_OK) {
        *out = file;
        *out_seconds = seconds;
    }
    return status;
}

/* --- predict ----------------------------------------------------------------------------------- */

enum { NAME_BYTES = 96 };

/* What is being added to a table. */
struct prediction {
    const struct rcx_flow_btyd_predict *flow;
    struct rcx_flow_btyd_data *data;
    const struct rcx_btyd_file *file;
    double days_a_unit;
    size_t columns;
};

static enum rcx_status add_column(struct prediction *prediction, const char *name, double **out,
                                  struct rcx_error *err)
{
    struct rcx_table *table = &prediction->data->table;
    if (rcx_table_find(table, name))
        return rcx_fail(err, RCX_E_INPUT, "%s has a column '%s' already", prediction->flow->data,
                        name);
    struct rcx_column *column = rcx_table_add(table, name, RCX_TYPE_REAL);
    if (!column)
        return rcx_fail_nomem(err, name, table->rows * sizeof(double));
    *out = column->reals;
    prediction->columns++;
    return RCX_OK;
}

/* Columns for a quantity: the number and, when wanted, its interval. */
static enum rcx_status add_columns(struct prediction *prediction, const char *name, double *out[3],
                                   struct rcx_error *err)
{
    static const char *const suffixes[] = {"", "_low", "_high"};
    char full[NAME_BYTES + 8];
    size_t count = prediction->flow->intervals ? 3 : 1;
    for (size_t i = 0; i < count; i++) {
        snprintf(full, sizeof full, "%s%s", name, suffixes[i]);
        enum rcx_status status = add_column(prediction, full, &out[i], err);
        if (status != RCX_OK)
            return status;
    }
    return RCX_OK;
}

static enum rcx_status predict_one(struct prediction *prediction, const char *name,
                                   struct rcx_btyd_request request, double *columns[3],
                                   struct rcx_error *err)
{
    enum rcx_status status = add_columns(prediction, name, columns, err);
    request.out = columns[0];
    request.low = columns[1];
    request.high = columns[2];
    if (status == RCX_OK)
        status = rcx_btyd_predict(&prediction->file->purchases, prediction->data->groups, &request,
                                  1, &prediction->flow->parallel, err);
    return status;
}

/* Turns expected purchases into money: the interval of a product, in logarithms. */
static void multiply(double *columns[3], double *const by[3], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double before = columns[0][i];
        columns[0][i] *= by[0][i];
        if (!columns[1] || !columns[2] || !by[2]) /* no intervals */
            continue;
        double ours = before > 0 ? log(columns[2][i] / before) : 0;
        double theirs = by[0][i] > 0 ? log(by[2][i] / by[0][i]) : 0;
        double reach = exp(sqrt(ours * ours + theirs * theirs));
        columns[1][i] = columns[0][i] / reach;
        columns[2][i] = columns[0][i] * reach;
    }
}

static enum rcx_status predict_horizon(struct prediction *prediction, const char *text,
                                       double *const order[3], struct rcx_error *err)
{
    const struct rcx_flow_btyd_predict *flow = prediction->flow;
    double days = 0;
    char name[NAME_BYTES];
    enum rcx_status status = rcx_flow_btyd_duration("--horizon", text, &days, err);
    double horizon = days / prediction->days_a_unit;
    double discount = log1p(flow->annual_discount_rate) * prediction->days_a_unit / DAYS_A_YEAR;
    double *silent[3] = {NULL}, *purchases[3] = {NULL}, *value[3] = {NULL};
    snprintf(name, sizeof name, "p_no_purchase_%s", text);
    if (status == RCX_OK)
        status = predict_one(prediction, name,
                             (struct rcx_btyd_request){RCX_BTYD_P_NO_PURCHASE, .horizon = horizon},
                             silent, err);
    snprintf(name, sizeof name, "expected_purchases_%s", text);
    if (status == RCX_OK)
        status = predict_one(prediction, name,
                             (struct rcx_btyd_request){RCX_BTYD_PURCHASES, .horizon = horizon},
                             purchases, err);
    for (unsigned n = 0; n < flow->counts && status == RCX_OK; n++) {
        double *exactly[3] = {NULL};
        snprintf(name, sizeof name, "p_%u_purchases_%s", n, text);
        status = predict_one(
            prediction, name,
            (struct rcx_btyd_request){RCX_BTYD_P_COUNT, .horizon = horizon, .purchases = n},
            exactly, err);
    }
    if (!order[0])
        return status;
    for (unsigned discounted = 0; discounted < 2 && status == RCX_OK; discounted++) {
        const struct rcx_btyd_request request = {.quantity = discounted ? RCX_BTYD_DISCOUNTED
                                                                        : RCX_BTYD_PURCHASES,
                                                 .horizon = horizon,
                                                 .discount = discount};
        snprintf(name, sizeof name, "%s_value_%s", discounted ? "discounted" : "expected", text);
        value[0] = value[1] = value[2] = NULL;
        status = predict_one(prediction, name, request, value, err);
        if (status == RCX_OK)
            multiply(value, order, prediction->data->customers.count);
    }
    return status;
}

static enum rcx_status predict_all(struct prediction *prediction, struct rcx_error *err)
{
    const struct rcx_flow_btyd_predict *flow = prediction->flow;
    const struct rcx_flow_btyd_data *data = prediction->data;
    double *alive[3] = {NULL}, *order[3] = {NULL};
    enum rcx_status status = predict_one(
        prediction, "p_alive", (struct rcx_btyd_request){.quantity = RCX_BTYD_P_ALIVE}, alive, err);
    if (status == RCX_OK && data->value && prediction->file->has_money) {
        status = add_columns(prediction, "expected_order_value", order, err);
        if (status == RCX_OK)
            rcx_gamma_gamma_expect(&prediction->file->money, data->customers.frequency, data->value,
                                   data->customers.count, order[0], order[1], order[2]);
    }
    for (size_t h = 0; h < flow->horizon_count && status == RCX_OK; h++)
        status = predict_horizon(prediction, flow->horizons[h], order, err);
    return status;
}

enum rcx_status rcx_flow_btyd_predict(const struct rcx_flow_btyd_predict *flow,
                                      struct rcx_flow_btyd_predicted *out, struct rcx_error *err)
{
    struct rcx_flow_btyd_data data = {0};
    struct rcx_btyd_file file;
    enum rcx_status status = rcx_btyd_file_read(flow->model, &file, err);
    if (status == RCX_OK)
        status = rcx_flow_btyd_read(flow->data, &flow->parallel, &data, err);
    if (status == RCX_OK && unit_days(file.time_unit) <= 0)
        status = rcx_fail(err, RCX_E_CORRUPT, "%s: unknown time_unit '%s'", flow->model,
                          file.time_unit);
    struct prediction prediction = {flow, &data, &file, 1, 0};
    if (status == RCX_OK) {
        prediction.days_a_unit = unit_days(file.time_unit);
        status = predict_all(&prediction, err);
    }
    if (status == RCX_OK) {
        struct rcx_sink_options sink = rcx_flow_sink_options(flow->export, flow->parallel);
        *out = (struct rcx_flow_btyd_predicted){
            data.table.rows, rcx_btyd_groups_distinct(data.groups), prediction.columns};
        status = rcx_sink_write_table(flow->output, &sink, &data.table, err);
    }
    rcx_flow_btyd_data_release(&data);
    return status;
}

/* --- judge ------------------------------------------------------------------------------------- */

/* Sums of the columns week_1, week_2, ... */
static double *sum_weeks(const struct rcx_table *table, double *scratch, size_t *out_weeks)
{
    enum { MOST = 10000 };
    double *sums = rcx_calloc(MOST, sizeof *sums);
    char name[32];
    size_t weeks = 0;
    for (; sums && weeks < MOST; weeks++) {
        snprintf(name, sizeof name, "week_%zu", weeks + 1);
        const struct rcx_column *column = rcx_table_find(table, name);
        if (!column)
            break;
        rcx_column_to_reals(column, scratch);
        for (size_t i = 0; i < table->rows; i++)
            sums[weeks] += scratch[i];
    }
    *out_weeks = weeks;
    return sums;
}

static enum rcx_status judge(const char *path, const struct rcx_flow_btyd_data *data,
                             const struct rcx_btyd_file *file, double days,
                             const struct rcx_parallel *parallel, struct rcx_btyd_judgement *out,
                             struct rcx_error *err)
{
    const struct rcx_column *column = rcx_table_find(&data->table, "frequency_holdout");
    struct rcx_btyd_holdout holdout = {.length = days / unit_days(file->time_unit)};
    if (!column)
        return rcx_fail(err, RCX_E_INPUT,
                        "%s has no column 'frequency_holdout': purchases in the holdout", path);
    double *columns = rcx_malloc_array(2 * data->table.rows + 1, sizeof *columns);
    if (!columns)
        return rcx_fail_nomem(err, path, 2 * data->table.rows * sizeof *columns);
    rcx_column_to_reals(column, columns);
    holdout.purchases = columns;
    double *weeks = sum_weeks(&data->table, columns + data->table.rows, &holdout.weeks);
    holdout.by_week = weeks;
    enum rcx_status status = weeks ? rcx_btyd_judge(&file->purchases, data->groups,
                                                    data->customers.frequency, &holdout, parallel,
                                                    out, err)
                                   : rcx_fail_nomem(err, path, 0);
    rcx_free(weeks);
    rcx_free(columns);
    return status;
}

enum rcx_status rcx_flow_btyd_judge(const char *data_path, const char *model, const char *holdout,
                                    const struct rcx_parallel *parallel,
                                    struct rcx_btyd_judgement *out, struct rcx_error *err)
{
    struct rcx_flow_btyd_data data = {0};
    struct rcx_btyd_file file;
    double days = 0;
    enum rcx_status status = rcx_flow_btyd_duration("--holdout", holdout, &days, err);
    if (status == RCX_OK)
        status = rcx_btyd_file_read(model, &file, err);
    if (status == RCX_OK)
        status = rcx_flow_btyd_read(data_path, parallel, &data, err);
    if (status == RCX_OK)
        status = judge(data_path, &data, &file, days, parallel, out, err);
    rcx_flow_btyd_data_release(&data);
    return status;
}
