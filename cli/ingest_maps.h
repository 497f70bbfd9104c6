#pragma once
/* The texts of --map FIELD=COLUMN. */
#include "cli/command.h"
#include "storage/ingest/mapping.h"

/* *out[texts->count] is to be freed, also after an error. Errors: of rcx_ingest_map_parse. */
enum rcx_status rcx_cli_ingest_maps(const struct rcx_texts *texts, struct rcx_ingest_map **out,
                                    struct rcx_error *err);
