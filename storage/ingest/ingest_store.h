#pragma once
/* The second half of an ingest: texts get their place in the store, rows are sorted and appended.
 * Not for others. */
#include "storage/ingest/ingest_state.h"

/* Gives the texts to the writer and makes the translations from parsed codes to ranks. */
enum rcx_status rcx_ingest_translate(struct rcx_ingest_state *state, struct rcx_error *err);
/* Sorts all rows into the writer, by way of runs on disk when state->stop was reached. */
enum rcx_status rcx_ingest_append(struct rcx_ingest_state *state, struct rcx_error *err);
/* Releases what translate made. */
void rcx_ingest_release_maps(struct rcx_ingest_state *state);
