#pragma once
/* How far an ingest is, as rcx_ingest reports it (storage/ingest/ingest.h): one bar for each of its
 * steps. Zero, but for cli, is a valid one. */
#include "cli/progress.h"

struct rcx_ingest_bar {
    const struct rcx_cli *cli;
    const char *step; /* of the bar that is drawn; NULL: none */
    uint64_t done;
    struct rcx_progress progress;
};

/* For struct rcx_ingest_options, with the bar as context. */
void rcx_ingest_bar_advance(void *bar, const char *step, uint64_t done, uint64_t total);
void rcx_ingest_bar_end(struct rcx_ingest_bar *bar);
