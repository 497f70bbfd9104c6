#pragma once
/* The cleaning stage between a store and files: cleaned rows and their accounts. Prints nothing. */
#include "cli/flow_store.h"
#include "engine/quality/clean_model.h"

struct rcx_flow_clean {
    const struct rcx_flow_store *from;
    const struct rcx_cfg_export *export;
    struct rcx_parallel parallel;
    const char *output;      /* cleaned rows; NULL: none */
    const char *format;      /* NULL: by the extension of output */
    const char *statistics;  /* cleaning_stats.json; NULL: none */
    const char *model;       /* models/cleaning.json, compared with, then replaced; NULL: none */
    const char *also_format; /* of a second file beside `output`, see sink.h; NULL: none */
    bool no_sync;
};

struct rcx_flow_clean_result {
    struct rcx_clean_stats stats;
    char relearned[RCX_RELEARNED_BYTES]; /* why thresholds are not those of `model`; "": they are */
};

/* Writes what is asked for; out->stats is released by the caller. A model file that cannot be read is
 * as good as none.
 * Errors: of the scan, RCX_E_USAGE and RCX_E_IO of the files; then neither file is there. */
enum rcx_status rcx_flow_clean(const struct rcx_flow_clean *flow, struct rcx_flow_clean_result *out,
                               struct rcx_error *err);
