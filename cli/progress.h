#pragma once
/* How far a long step is: a bar on standard error when that is a terminal, else one line at the
 * end. Updates may come from any thread, are cheap, and are drawn at most ten times a second. */
#include <stdatomic.h>
#include <stdint.h>

#include "cli/cli.h"

struct rcx_progress {
    const struct rcx_cli *cli;
    const char *label;
    const char *unit;
    uint64_t total; /* 0: unknown */
    _Atomic uint64_t done;
    _Atomic int64_t next_draw_ns;
    int64_t begin_ns;
};

/* `unit` such as "rows" or "bytes" (shown as MB). Texts are borrowed until the end. */
void rcx_progress_begin(struct rcx_progress *progress, const struct rcx_cli *cli, const char *label,
                        uint64_t total, const char *unit);
void rcx_progress_add(struct rcx_progress *progress, uint64_t count);
/* Parts of a whole, one after the other: draws a bar of them on a terminal, else logs
 * "<label>: <what> 3 of 10" (info). Erased by the next thing drawn, or rcx_progress_erase. */
void rcx_progress_part(const struct rcx_cli *cli, const char *label, const char *what, size_t part,
                       size_t parts);
void rcx_progress_erase(const struct rcx_cli *cli);
/* Erases the bar and logs "<label>: <count> <unit> in <seconds> s" (info). Returns the seconds. */
double rcx_progress_end(struct rcx_progress *progress);
