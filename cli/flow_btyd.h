#pragma once
/* Behaviour models on any table with columns frequency, recency, T and, for money, monetary_value.
 * Prints nothing. */
#include "config/config.h"
#include "ml/btyd/btyd_json.h"
#include "ml/btyd/btyd_judge.h"
#include "storage/format/sink.h"

/* A duration with its unit: "90d", "13w", "1y" (365 days). Errors: RCX_E_USAGE naming `option`. */
enum rcx_status rcx_flow_btyd_duration(const char *option, const char *text, double *out_days,
                                       struct rcx_error *err);

/* The table and its customers. */
struct rcx_flow_btyd_data {
    struct rcx_table table;
    double *columns; /* frequency, recency, T, monetary_value */
    struct rcx_btyd_customers customers;
    const double *value; /* NULL: there is no such column */
    struct rcx_btyd_groups *groups;
    double group_seconds; /* that finding equal customers took */
};
void rcx_flow_btyd_data_release(struct rcx_flow_btyd_data *data);
/* Errors: of the file; RCX_E_INPUT (a column missing, a value missing or out of range). */
enum rcx_status rcx_flow_btyd_read(const char *path, const struct rcx_parallel *parallel,
                                   struct rcx_flow_btyd_data *out, struct rcx_error *err);

struct rcx_flow_btyd_fit {
    const char *data;
    const char *output; /* the model file; NULL: none */
    const char *time_unit;
    enum rcx_btyd_model model;
    struct rcx_parallel parallel;
    bool no_sync;
};
/* Errors: of reading, fitting, writing; RCX_E_USAGE for an unknown unit.
 *  out_seconds  of grouping equal customers and fitting, without reading and writing */
enum rcx_status rcx_flow_btyd_fit(const struct rcx_flow_btyd_fit *flow, struct rcx_btyd_file *out,
                                  double *out_seconds, struct rcx_error *err);

struct rcx_flow_btyd_predict {
    const char *data, *model;
    const char *output;          /* the table with the new columns */
    const char *const *horizons; /* texts of durations */
    size_t horizon_count;
    uint64_t counts; /* P(exactly n purchases) for n below it */
    bool intervals;
    double annual_discount_rate;
    const struct rcx_cfg_export *export;
    struct rcx_parallel parallel;
};
struct rcx_flow_btyd_predicted {
    size_t customers, distinct, columns; /* columns: new ones */
};
enum rcx_status rcx_flow_btyd_predict(const struct rcx_flow_btyd_predict *flow,
                                      struct rcx_flow_btyd_predicted *out, struct rcx_error *err);

/* Judges a model by the columns frequency_holdout and, for weeks, week_1, week_2, ...
 *  holdout  its length as a duration */
enum rcx_status rcx_flow_btyd_judge(const char *data, const char *model, const char *holdout,
                                    const struct rcx_parallel *parallel,
                                    struct rcx_btyd_judgement *out, struct rcx_error *err);
