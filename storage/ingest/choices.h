#pragma once
/* What keys of the configuration mean for reading an input; shared by ingest and inspect. */
#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "storage/format/source.h"
#include "storage/ingest/judge.h"
#include "storage/ingest/mapping.h"

/* The delimiter, the order of dates and the decimal mark as told; 0 or undecided: to be found. */
char rcx_chosen_delimiter(const struct rcx_cfg_ingest *config);
struct rcx_verdict_given rcx_chosen_verdict(const struct rcx_cfg_ingest *config);

/* For rcx_source_options: whether a sheet has the columns that are needed. */
struct rcx_chosen_columns {
    const struct rcx_cfg_ingest *config;
    const struct rcx_ingest_map *maps;
    size_t map_count;
};
bool rcx_chosen_columns_found(void *columns, const char *const *names, size_t count);
