#pragma once
/* How tables are written, from the configuration: what every flow that writes one begins with. */
#include "config/config.h"
#include "storage/format/sink.h"

/* Codec, level and row groups of section `export`, and the threads. The rest is zero. For a table
 * whose file the user named. */
struct rcx_sink_options rcx_flow_sink_options(const struct rcx_cfg_export *section,
                                              struct rcx_parallel parallel);
/* The same for a table of a run's directory: export.also asks for a second format of each. */
struct rcx_sink_options rcx_flow_run_sink_options(const struct rcx_cfg_export *section,
                                                  struct rcx_parallel parallel);
/* That format; NULL: none. */
const char *rcx_flow_run_also(const struct rcx_cfg_export *section);
