#pragma once
/* The cleaning stage between a store and files: cleaned rows and their accounts. Prints nothing. */
#include "cli/flow_store.h"

struct rcx_flow_clean {
    const struct rcx_flow_store *from;
    const struct rcx_cfg_export *export;
    struct rcx_parallel parallel;
    const char *output;     /* cleaned rows; NULL: none */
    const char *format;     /* NULL: by the extension of output */
    const char *statistics; /* cleaning_stats.json; NULL: none */
    bool no_sync;
};

/* Writes what is asked for; *out_stats is released by the caller.
 * Errors: of the scan, RCX_E_USAGE and RCX_E_IO of the files; then neither file is there. */
enum rcx_status rcx_flow_clean(const struct rcx_flow_clean *flow, struct rcx_clean_stats *out_stats,
                               struct rcx_error *err);
