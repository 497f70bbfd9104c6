#pragma once
/* How tables are written, from the configuration: what every flow that writes one begins with. */
#include "config/config.h"
#include "storage/format/sink.h"

/* Codec, level and row groups of section `export`, and the threads. The rest is zero. */
struct rcx_sink_options rcx_flow_sink_options(const struct rcx_cfg_export *section,
                                              struct rcx_parallel parallel);
