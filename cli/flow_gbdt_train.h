#pragma once
/* Training between files: tables in, models out. Prints nothing. */
#include "base/parallel.h"
#include "base/status.h"
#include "ml/gbdt/gbdt.h"

struct rcx_flow_gbdt_train {
    const char *data; /* CSV or Parquet */
    const char *const *valid;
    size_t valid_count;
    const char *label, *weight, *init_score; /* columns, of the validation data, too; NULL: none */
    const char *const *categorical, *const *ignore; /* columns */
    size_t categorical_count, ignore_count;
    const char *input_model; /* continue from it; NULL: begin */
    const char *model;       /* where it goes */
    const struct rcx_gbdt_params *params;
    const double *quantiles; /* several models; none: one */
    size_t quantile_count;
    struct rcx_parallel parallel;
    rcx_gbdt_progress_function *progress; /* may be NULL */
    void *progress_context;
};

enum { RCX_FLOW_GBDT_MOST_QUANTILES = 32 };

struct rcx_flow_gbdt_trained {
    size_t rows, features, constant_features, text_features;
    size_t trees;                    /* of the model, or of the first of several */
    struct rcx_gbdt_history history; /* empty for quantiles */
    double load_seconds, bin_seconds, train_seconds;
};
void rcx_flow_gbdt_trained_release(struct rcx_flow_gbdt_trained *trained);

/* Columns that are neither label, weight, initial score nor ignored become features; those of text are
 * categorical. Several quantiles go to files of their own: "m.txt" for .1 is "m_q10.txt".
 * Errors: of the files, RCX_E_INPUT (columns, labels), RCX_E_CONFIG (parameters), RCX_E_NOMEM,
 * RCX_E_INTERRUPTED; then no model was written. The caller releases *out. */
enum rcx_status rcx_flow_gbdt_train(const struct rcx_flow_gbdt_train *train,
                                    struct rcx_flow_gbdt_trained *out, struct rcx_error *err);
/* The file of one quantile; owned, NULL: no memory. */
char *rcx_flow_gbdt_quantile_path(const char *model, double alpha);
