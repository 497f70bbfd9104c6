#include "cli/ingest_bar.h"

void rcx_ingest_bar_end(struct rcx_ingest_bar *bar)
{
    if (bar->step)
        rcx_progress_end(&bar->progress);
    bar->step = NULL;
}

void rcx_ingest_bar_advance(void *context, const char *step, uint64_t done, uint64_t total)
{
    struct rcx_ingest_bar *bar = context;

    if (bar->step != step || done < bar->done) {
        rcx_ingest_bar_end(bar);
        rcx_progress_begin(&bar->progress, bar->cli, step, total, "bytes");
        bar->step = step;
        bar->done = 0;
    }
    rcx_progress_add(&bar->progress, done - bar->done);
    bar->done = done;
}
