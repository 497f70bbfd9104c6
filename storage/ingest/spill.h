#pragma once
/* Sorted runs on disk, for inputs larger than memory: all in one nameless temporary file, merged in
 * one pass at the end. */
#include "storage/ingest/row_sort.h"

struct rcx_spill;
/* The file lies on the file system of `directory`. */
enum rcx_status rcx_spill_open(const char *directory, struct rcx_spill **out,
                               struct rcx_error *err);
void rcx_spill_close(struct rcx_spill *spill); /* accepts NULL */

/* Starts a new run; the rows given to rcx_spill_append until the next call belong to it. */
enum rcx_status rcx_spill_begin_run(struct rcx_spill *spill, struct rcx_error *err);
rcx_row_sink rcx_spill_append; /* context: the spill */
size_t rcx_spill_runs(const struct rcx_spill *spill);
uint64_t rcx_spill_bytes(const struct rcx_spill *spill);

/* Hands the rows of all runs to the sink, in order, about batch_rows at a time; the read buffers of
 * all runs together take about buffer_bytes. */
enum rcx_status rcx_spill_merge(struct rcx_spill *spill, size_t batch_rows, size_t buffer_bytes,
                                rcx_row_sink *sink, void *context, struct rcx_error *err);
