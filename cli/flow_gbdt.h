#pragma once
/* The tree learner between files and tables, without printing: a model with the columns of a data file
 * that it takes, predictions and SHAP values as tables. Training: flow_gbdt_train.h. */
#include "base/parallel.h"
#include "base/table.h"
#include "cli/cli.h"
#include "ml/gbdt/gbdt_model.h"
#include "ml/gbdt/model_inputs.h"
#include "storage/format/sink.h"

double rcx_flow_seconds(void); /* of a clock that only goes forward */

/* A model and data that fit. Zero is a valid empty one; release also after an error. */
struct rcx_flow_gbdt {
    struct rcx_gbdt_model model;
    struct rcx_table table;
    struct rcx_gbdt_inputs inputs;
    struct rcx_parallel parallel;
    double load_seconds;
};
/* `data` NULL: only the model. Errors: of the model file (model_text.h), of the table, of the columns;
 * the message names the data file. */
enum rcx_status rcx_flow_gbdt_open(const char *model, const char *data,
                                   struct rcx_parallel parallel, struct rcx_flow_gbdt *out,
                                   struct rcx_error *err);
void rcx_flow_gbdt_close(struct rcx_flow_gbdt *flow);

/* The values of a named column as an owned array. `name` NULL: *out is NULL.
 *  what  "label", for messages
 * Errors: RCX_E_INPUT (no such column, text), RCX_E_NOMEM. */
enum rcx_status rcx_flow_gbdt_column(const struct rcx_table *table, const char *name,
                                     const char *what, double **out, struct rcx_error *err);

enum rcx_flow_gbdt_output {
    RCX_FLOW_GBDT_PREDICTION, /* column "prediction" */
    RCX_FLOW_GBDT_RAW,        /* column "raw_score" */
    RCX_FLOW_GBDT_LEAVES,     /* columns "leaf_0", "leaf_1", ... */
    RCX_FLOW_GBDT_SHAP,       /* a column per feature, and "base" */
};

struct rcx_flow_gbdt_apply {
    enum rcx_flow_gbdt_output what;
    size_t tree_limit;       /* 0: all */
    const char *start;       /* column of initial scores; NULL: none */
    const char *const *keep; /* columns of the data that come first */
    size_t keep_count;
    const char *output;
    const struct rcx_sink_options *sink;
};
/* Computes and writes a table with one row per row of the data, a part at a time.
 * Errors: RCX_E_INPUT, RCX_E_USAGE (format), RCX_E_IO, RCX_E_NOMEM, RCX_E_INTERRUPTED; then there is no
 * file. */
enum rcx_status rcx_flow_gbdt_apply(const struct rcx_flow_gbdt *flow,
                                    const struct rcx_flow_gbdt_apply *apply, struct rcx_error *err);
