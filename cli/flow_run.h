#pragma once
/* The whole pipeline on a run directory: which stages there are, what each writes where, and the
 * accounts of a run. Prints nothing.
 *
 * To add a stage: 1. its function in cli/run_stages.c; 2. its row in the table there, in the order of
 * the pipeline; 3. its files in the help of cli/cmd_run.c; 4. its case in tests/cli/test_run.py. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/parallel.h"
#include "config/settings.h"

struct rcx_flow_run {
    const struct rcx_settings *settings;
    struct rcx_parallel parallel;
    uint64_t memory_bytes;
    struct rcx_log *log;
    const char *directory; /* of the run; made when missing */
    const char *const *inputs;
    size_t input_count;
    const char *until; /* name of the last stage; NULL: all */
    bool force;        /* run stages whose inputs and keys did not change, too */
    /* Called when a stage begins and while it works (total 0: unknown); may be NULL. */
    void (*progress)(void *context, const char *stage, const char *step, uint64_t done,
                     uint64_t total);
    void *progress_context;
};

enum { RCX_RUN_STAGES_MOST = 16, RCX_RUN_OUTPUTS_MOST = 32, RCX_RUN_NOTE_BYTES = 400 };

/* A file of the run directory. */
struct rcx_run_output {
    char path[96]; /* relative to the directory */
    uint64_t bytes;
    struct rcx_digest digest; /* XXH3-128; of a store: of its content */
};

struct rcx_run_input {
    const char *path; /* borrowed from the flow */
    uint64_t bytes;
    struct rcx_digest digest;
};

struct rcx_run_stage {
    const char *name;              /* static */
    const char *also;              /* static: the second format of its tables; NULL: none */
    bool skipped;                  /* nothing that it depends on has changed */
    bool failed;                   /* a check did; its outputs are there, later stages run */
    struct rcx_digest fingerprint; /* of program, inputs and keys */
    struct rcx_run_output outputs[RCX_RUN_OUTPUTS_MOST];
    size_t output_count;
    uint64_t rows_in, rows_out;
    uint64_t bytes; /* written */
    double seconds;
    char note[RCX_RUN_NOTE_BYTES]; /* what came of it, for people */
};

struct rcx_run_report {
    struct rcx_run_input
        *inputs; /* [input_count] owned; empty when they cannot be digested before */
    size_t input_count;
    struct rcx_run_stage stages[RCX_RUN_STAGES_MOST];
    size_t stage_count;
    double seconds;
    uint64_t peak_bytes; /* VmHWM of the process */
};

void rcx_run_report_release(struct rcx_run_report *report);

/* The names of all stages in order, NULL past the end. */
const char *rcx_run_stage_name(size_t index);

/* Runs the stages. What finished stages wrote stays when a later one fails; *out tells how far it got
 * in either case, and is released by the caller. A failed
 * check lets later stages finish: *out is complete then. Errors: RCX_E_USAGE (no such stage), those of
 * the stages, RCX_E_CHECK of the first stage whose check failed. */
enum rcx_status rcx_flow_run(const struct rcx_flow_run *flow, struct rcx_run_report *out,
                             struct rcx_error *err);
