#pragma once
/* The stages of a run: what each is made of, in the order of the pipeline. */
#include "cli/flow_rows.h"
#include "cli/flow_run.h"
#include "cli/flow_store.h"

/* What the stages of one run share. */
struct rcx_run_state {
    const struct rcx_flow_run *flow;
    const struct rcx_config *config;
    struct rcx_run_report *report;
    char *store_directory;
    struct rcx_flow_store store; /* opened by the first stage that reads it; else zero */
    struct rcx_error check;      /* of the first check that failed */
};

struct rcx_run_stage_row {
    const char *name;
    /* The stage's output depends on the program, what it reads (the inputs, or the store's content) and
     * the keys of these sections (or single keys). */
    bool reads_inputs;
    bool reads_outputs;       /* and what the stages before it wrote */
    const char *sections[12]; /* NULL-terminated */
    /* Fills rows, note and outputs of *stage; also when it returns RCX_E_CHECK, which ends the run
     * after the last stage. */
    enum rcx_status (*run)(struct rcx_run_state *run, struct rcx_run_stage *stage,
                           struct rcx_error *err);
};

extern const struct rcx_run_stage_row rcx_run_stages[];
extern const size_t rcx_run_stage_count;

/* Stages with files of their own. */
enum rcx_status rcx_run_stage_segment(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                      struct rcx_error *err);
enum rcx_status rcx_run_stage_churn(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                    struct rcx_error *err);
enum rcx_status rcx_run_stage_clv(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                  struct rcx_error *err);
enum rcx_status rcx_run_stage_campaign(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                       struct rcx_error *err);
enum rcx_status rcx_run_stage_report(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                     struct rcx_error *err);

/* A task on customers in this run. */
struct rcx_flow_task rcx_run_task(const struct rcx_run_state *run);

/* What a stage goes without when there is too little to make it of: no reason to stop a run. What an
 * earlier run wrote is removed, because it is not of these data, and later stages go on. */
struct rcx_run_absence {
    const char *stage, *what; /* "churn", "no model"; the note adds what the problem is */
    const char *(*output)(size_t index); /* names of its files; NULL past the end */
};
enum rcx_status rcx_run_stage_without(struct rcx_run_state *run, struct rcx_run_stage *stage,
                                      const struct rcx_run_absence *absence,
                                      const struct rcx_error *problem, struct rcx_error *err);
/* Adds the first `count` of these files to the outputs of the stage, or as many as there are. */
enum rcx_status rcx_run_stage_add_outputs(const struct rcx_run_state *run,
                                          struct rcx_run_stage *stage,
                                          const char *(*output)(size_t index), size_t count,
                                          struct rcx_error *err);

/* Full path of an output, with its folder made; NULL and an error when that fails, whose status the
 * other one tells. */
char *rcx_run_output_path(const struct rcx_run_state *run, const char *path, struct rcx_error *err);
enum rcx_status rcx_run_failed_path(const struct rcx_error *err);

/* Opens the store, once. */
enum rcx_status rcx_run_open_store(struct rcx_run_state *run, struct rcx_error *err);
/* And learns the thresholds of cleaning, once. */
enum rcx_status rcx_run_open_cleaned(struct rcx_run_state *run, struct rcx_error *err);
