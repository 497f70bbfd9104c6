/* rcx btyd: behaviour models on any table of customers */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/flow_btyd.h"

enum { NUMBER_BYTES = 32 };

static enum rcx_status find_model(const struct rcx_cli *cli, const char *name,
                                  enum rcx_btyd_model *out, struct rcx_error *err)
{
    const char *names[RCX_BTYD_MODEL_COUNT];
    *out = (enum rcx_btyd_model)cli->config->btyd.model;
    if (!name || rcx_btyd_model_of(name, out))
        return RCX_OK;
    for (unsigned m = 0; m < RCX_BTYD_MODEL_COUNT; m++)
        names[m] = rcx_btyd_model_name((enum rcx_btyd_model)m);
    return rcx_cli_fail_unknown(err, RCX_E_USAGE, "model", name,
                                rcx_suggest(name, names, RCX_BTYD_MODEL_COUNT),
                                "there are auto, bgnbd, mbgnbd, pareto and nbd");
}

/* --- fit --------------------------------------------------------------------------------------- */

struct fit_options {
    const char *data, *model, *output, *time_unit;
};

static void print_parameter(struct rcx_cli *cli, const char *name, double value, double error)
{
    rcx_cli_print(cli, "  %-8s %12.6g  (standard error %.4g)\n", name, value, error);
}

static void print_fit(struct rcx_cli *cli, const struct rcx_btyd_file *file)
{
    const struct rcx_btyd_fit *fit = &file->purchases;
    const struct rcx_gamma_gamma_fit *money = &file->money;
    char words[RCX_BTYD_WORDS_BYTES], customers[NUMBER_BYTES], distinct[NUMBER_BYTES];
    rcx_cli_print(cli, "%s: %s customers, %s different; times in %ss\n", rcx_btyd_words(fit, words),
                  rcx_format_count(fit->customers, customers),
                  rcx_format_count(fit->distinct, distinct), file->time_unit);
    for (unsigned i = 0; i < rcx_btyd_parameter_count(fit->model); i++)
        print_parameter(cli, rcx_btyd_parameter_name(fit->model, i), fit->parameters[i],
                        fit->standard_errors[i]);
    rcx_cli_print(cli, "  log-likelihood %.4f\n", fit->log_likelihood);
    rcx_cli_print(cli, "  %u of %u starts agree; gradient %.1e, condition %.3g, %u iterations%s\n",
                  fit->starts_agreed, fit->starts, fit->gradient_norm, fit->condition,
                  fit->iterations, fit->derivative_free ? ", after Nelder-Mead" : "");
    if (!file->has_money)
        return;
    rcx_cli_print(cli, "Gamma-Gamma: %s customers with repeat purchases%s\n",
                  rcx_format_count(money->customers, customers),
                  money->converged || money->plain_mean ? "" : ", not converged");
    if (money->left_out > 0)
        rcx_cli_print(cli, "  %s left out: their mean value is not above 0\n",
                      rcx_format_count(money->left_out, customers));
    if (money->plain_mean)
        rcx_cli_print(cli, "  no finite mean in the population: everyone gets the mean, %.6g\n",
                      money->mean);
    if (!money->plain_mean) {
        print_parameter(cli, "p", money->p, money->standard_errors[0]);
        print_parameter(cli, "q", money->q, money->standard_errors[1]);
        print_parameter(cli, "v", money->v, money->standard_errors[2]);
        rcx_cli_print(cli, "  mean value %.6g, log-likelihood %.4f\n", money->mean,
                      money->log_likelihood);
    }
}

static enum rcx_status run_fit(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct fit_options *given = values;
    struct rcx_flow_btyd_fit flow = {.data = given->data,
                                     .output = given->output,
                                     .time_unit = given->time_unit,
                                     .parallel = cli->parallel};
    struct rcx_btyd_file file;
    double seconds;
    enum rcx_status status = find_model(cli, given->model, &flow.model, err);
    if (status == RCX_OK)
        status = rcx_flow_btyd_fit(&flow, &file, &seconds, err);
    if (status != RCX_OK)
        return status;
    if (!cli->json) {
        print_fit(cli, &file);
        return RCX_OK;
    }
    struct rcx_json json = rcx_cli_json_begin(cli, "rcx.btyd.fit/1");
    rcx_json_put_text(&json, "time_unit", file.time_unit);
    rcx_json_put_real(&json, "fit_seconds", seconds);
    rcx_json_key(&json, "purchases");
    rcx_json_object(&json);
    rcx_btyd_put_fit(&json, &file.purchases);
    rcx_json_object_end(&json);
    rcx_json_key(&json, "money");
    if (file.has_money) {
        rcx_json_object(&json);
        rcx_gamma_gamma_put_fit(&json, &file.money);
        rcx_json_object_end(&json);
    } else {
        rcx_json_null(&json);
    }
    rcx_cli_json_end(cli, &json);
    return RCX_OK;
}

static const struct fit_options fit_initial = {.time_unit = "week"};
static const struct rcx_option fit_options[] = {
    RCX_OPTION_REQUIRED(TEXT, struct fit_options, data, "data", 'd', "FILE",
                        "columns frequency, recency, T and perhaps monetary_value"),
    RCX_OPTION(TEXT, struct fit_options, model, "model", 0, "NAME",
               "auto, bgnbd, mbgnbd, pareto or nbd (default: btyd.model)"),
    RCX_OPTION(TEXT, struct fit_options, time_unit, "time-unit", 0, "UNIT",
               "unit of recency and T: day, week (default) or year"),
    RCX_OPTION(TEXT, struct fit_options, output, "output", 'o', "FILE",
               "write the model, as JSON for 'rcx btyd predict'"),
};
static const struct rcx_command action_fit = {
    .name = "btyd fit",
    .summary = "fit a behaviour model by maximum likelihood",
    .details = "frequency counts repeat purchases, recency is the time from the first to the last\n"
               "purchase, T that from the first purchase to now. With monetary_value, the mean\n"
               "value of the repeat purchases, a Gamma-Gamma model is fitted, too.\n"
               "\n"
               "    rcx btyd fit --data customers.csv --model bgnbd -o model.json",
    RCX_OPTIONS(fit_options, struct fit_options),
    .values_initial = &fit_initial,
    .run = run_fit,
};

/* --- predict ----------------------------------------------------------------------------------- */

struct predict_options {
    const char *data, *fit, *output;
    struct rcx_texts horizons;
    uint64_t counts;
};

static enum rcx_status run_predict(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    static const char *const standard[] = {"90d"};
    const struct predict_options *given = values;
    bool some = given->horizons.count > 0;
    const struct rcx_flow_btyd_predict flow = {
        .data = given->data,
        .model = given->fit,
        .output = given->output,
        .horizons = some ? given->horizons.items : standard,
        .horizon_count = some ? given->horizons.count : 1,
        .counts = given->counts,
        .intervals = cli->config->btyd.intervals,
        .annual_discount_rate = cli->config->clv.annual_discount_rate,
        .export = &cli->config->export,
        .parallel = cli->parallel,
    };
    struct rcx_flow_btyd_predicted done;
    char customers[NUMBER_BYTES], distinct[NUMBER_BYTES];
    enum rcx_status status = rcx_flow_btyd_predict(&flow, &done, err);
    if (status != RCX_OK || strcmp(given->output, "-") == 0)
        return status;
    if (cli->json) {
        struct rcx_json json = rcx_cli_json_begin(cli, "rcx.btyd.predict/1");
        rcx_json_put_u64(&json, "customers", done.customers);
        rcx_json_put_u64(&json, "distinct", done.distinct);
        rcx_json_put_u64(&json, "columns", done.columns);
        rcx_json_put_text(&json, "output", given->output);
        rcx_cli_json_end(cli, &json);
        return RCX_OK;
    }
    rcx_cli_print(cli, "%s customers, %s different: %zu columns added\n",
                  rcx_format_count(done.customers, customers),
                  rcx_format_count(done.distinct, distinct), done.columns);
    return RCX_OK;
}

static const struct rcx_option predict_options[] = {
    RCX_OPTION_REQUIRED(TEXT, struct predict_options, data, "data", 'd', "FILE",
                        "columns frequency, recency, T and perhaps monetary_value"),
    RCX_OPTION_REQUIRED(TEXT, struct predict_options, fit, "fit", 'm', "FILE",
                        "the model that 'rcx btyd fit' wrote"),
    RCX_OPTION_REQUIRED(TEXT, struct predict_options, output, "output", 'o', "FILE",
                        "the table with the new columns, as .parquet or .csv"),
    RCX_OPTION(TEXTS, struct predict_options, horizons, "horizon", 0, "DURATION",
               "how far to look, with its unit: 90d (default), 13w, 1y; may be repeated"),
    RCX_OPTION(U64, struct predict_options, counts, "counts", 0, "N",
               "also the probability of exactly 0, 1, ... N - 1 purchases"),
};
static const struct rcx_command action_predict = {
    .name = "btyd predict",
    .summary = "what a behaviour model says of each customer",
    .details =
        "Adds p_alive and, for every horizon, p_no_purchase, expected_purchases and, with a\n"
        "model of money, expected_value and discounted_value (clv.annual_discount_rate).\n"
        "With --set btyd.intervals=true each has a 95 % interval in _low and _high.\n"
        "\n"
        "    rcx btyd predict --data customers.csv --fit model.json --horizon 39w -o p.csv",
    RCX_OPTIONS(predict_options, struct predict_options),
    .run = run_predict,
};

/* --- judge ------------------------------------------------------------------------------------- */

struct judge_options {
    const char *data, *fit, *holdout;
};

static double cell(const struct rcx_column *column, size_t row)
{
    return column->type == RCX_TYPE_INT64 ? (double)column->i64[row] : column->reals[row];
}

static void print_table(struct rcx_cli *cli, const char *title, const struct rcx_table *table)
{
    if (table->rows == 0)
        return;
    rcx_cli_print(cli, "\n%s\n", title);
    for (size_t c = 0; c < table->column_count; c++)
        rcx_cli_print(cli, "%12s", table->columns[c].name);
    rcx_cli_print(cli, "\n");
    for (size_t row = 0; row < table->rows; row++) {
        for (size_t c = 0; c < table->column_count; c++)
            rcx_cli_print(cli, "%12.6g", cell(&table->columns[c], row));
        rcx_cli_print(cli, "\n");
    }
}

static void put_table(struct rcx_json *json, const char *key, const struct rcx_table *table)
{
    rcx_json_key(json, key);
    rcx_json_array(json);
    for (size_t row = 0; row < table->rows; row++) {
        rcx_json_object(json);
        for (size_t c = 0; c < table->column_count; c++)
            rcx_json_put_real(json, table->columns[c].name, cell(&table->columns[c], row));
        rcx_json_object_end(json);
    }
    rcx_json_array_end(json);
}

static enum rcx_status run_judge(struct rcx_cli *cli, const void *values, struct rcx_error *err)
{
    const struct judge_options *given = values;
    struct rcx_btyd_judgement judgement;
    enum rcx_status status = rcx_flow_btyd_judge(given->data, given->fit, given->holdout,
                                                 &cli->parallel, &judgement, err);
    if (status != RCX_OK)
        return status;
    if (cli->json) {
        struct rcx_json json = rcx_cli_json_begin(cli, "rcx.btyd.judge/1");
        rcx_json_put_real(&json, "actual", judgement.actual);
        rcx_json_put_real(&json, "expected", judgement.expected);
        rcx_json_put_real(&json, "mean_absolute_error", judgement.mean_absolute_error);
        put_table(&json, "by_frequency", &judgement.by_frequency);
        put_table(&json, "by_week", &judgement.by_week);
        put_table(&json, "calibration", &judgement.calibration);
        rcx_cli_json_end(cli, &json);
    } else {
        rcx_cli_print(cli,
                      "purchases in the holdout: %.6g, expected %.6g; mean absolute error %.4g\n",
                      judgement.actual, judgement.expected, judgement.mean_absolute_error);
        print_table(cli, "purchases of a customer by frequency before (7: 7 and more)",
                    &judgement.by_frequency);
        print_table(cli, "purchases of all, up to the end of each week", &judgement.by_week);
        print_table(cli, "customers without a purchase, by P(no purchase)", &judgement.calibration);
    }
    rcx_btyd_judgement_release(&judgement);
    return RCX_OK;
}

static const struct rcx_option judge_options[] = {
    RCX_OPTION_REQUIRED(
        TEXT, struct judge_options, data, "data", 'd', "FILE",
        "as for predict, with frequency_holdout and perhaps week_1, week_2 and so on"),
    RCX_OPTION_REQUIRED(TEXT, struct judge_options, fit, "fit", 'm', "FILE",
                        "the model that 'rcx btyd fit' wrote"),
    RCX_OPTION_REQUIRED(TEXT, struct judge_options, holdout, "holdout", 0, "DURATION",
                        "length of the holdout with its unit: 39w"),
};
static const struct rcx_command action_judge = {
    .name = "btyd judge",
    .summary = "compare what a model expected with what happened",
    .details =
        "frequency_holdout is the number of purchases of each customer in the holdout, week_n\n"
        "that of its n-th unit of time.\n"
        "\n"
        "    rcx btyd judge --data customers.csv --fit model.json --holdout 39w",
    RCX_OPTIONS(judge_options, struct judge_options),
    .run = run_judge,
};

static const struct rcx_command *const actions[] = {&action_fit, &action_predict, &action_judge};
const struct rcx_command rcx_cmd_btyd = {
    .name = "btyd",
    .summary = "behaviour models: BG/NBD, MBG/NBD, Pareto/NBD, NBD, Gamma-Gamma",
    RCX_ACTIONS(actions),
};
