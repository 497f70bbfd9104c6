#pragma once
/* The behaviour models beside the features: receives the summary of every snapshot, fits, and writes
 * the behaviour table, the parameters of all snapshots, and the model of the last one. Prints
 * nothing.
 *
 *     struct rcx_flow_behaviour *behaviour;
 *     rcx_flow_behaviour_open(&options, &behaviour, err)
 *     flow.summary_work = rcx_flow_behaviour_fit; flow.summary = rcx_flow_behaviour_add;
 *     flow.summary_context = behaviour; rcx_flow_features(...)
 *     rcx_flow_behaviour_commit(behaviour, &result, err); rcx_flow_behaviour_close(behaviour) */
#include "config/config.h"
#include "engine/exec/feature_run.h"
#include "ml/btyd/behaviour.h"

struct rcx_flow_behaviour_options {
    const struct rcx_config *config; /* btyd, churn, clv, export */
    struct rcx_parallel parallel;
    const char *output;     /* the table; NULL: none */
    const char *parameters; /* btyd_parameters.json; NULL: none */
    const char *model;      /* btyd.json, the last snapshot's; NULL: none */
    bool no_sync;
};

struct rcx_flow_behaviour_result {
    size_t snapshots, rows;
    size_t not_fitted, replaced, not_converged; /* snapshots */
};

struct rcx_flow_behaviour;

/* The plan of the behaviour table that the configuration asks for. */
struct rcx_behaviour_plan rcx_behaviour_plan_of(const struct rcx_config *config,
                                                struct rcx_parallel parallel);

/* Errors: of the sink; RCX_E_NOMEM. Borrows the options' texts. */
enum rcx_status rcx_flow_behaviour_open(const struct rcx_flow_behaviour_options *options,
                                        struct rcx_flow_behaviour **out, struct rcx_error *err);
/* Fits a summary table and adds the columns to it; several tables at once, if one likes.
 *  context  struct rcx_flow_behaviour */
rcx_feature_sink_function rcx_flow_behaviour_fit;
/* Adds the rows of a table that was fitted to the output. */
rcx_feature_sink_function rcx_flow_behaviour_add;
/* Puts the files under their names. Errors: RCX_E_IO, RCX_E_NOMEM. */
enum rcx_status rcx_flow_behaviour_commit(struct rcx_flow_behaviour *behaviour,
                                          struct rcx_flow_behaviour_result *out,
                                          struct rcx_error *err);
/* Without a commit no file is there. NULL is fine. */
void rcx_flow_behaviour_close(struct rcx_flow_behaviour *behaviour);
