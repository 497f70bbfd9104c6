#pragma once
/* What a run directory looked like before a run, so that a run that is refused leaves nothing behind:
 * no log of a run that never began, no empty folders. */
#include <stdbool.h>
#include <stddef.h>

struct rcx_run_traces {
    size_t kept; /* bytes of the directory's path that were there before */
    bool logs, outputs;
};

struct rcx_run_traces rcx_run_traces_look(const char *directory);
/* Removes what the run made and left empty: outputs, and when there is neither a store nor an output,
 * the log and the directory with the parents that were made for it. */
void rcx_run_traces_remove(const struct rcx_run_traces *before, const char *directory);
