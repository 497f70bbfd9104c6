#pragma once
/* How tables are written, from the configuration: what every command that writes one passes on. */
#include "cli/cli.h"
#include "storage/format/sink.h"

/* Codec, level and row groups of section `export`, and the threads. The rest is zero. */
struct rcx_sink_options rcx_cli_sink_options(const struct rcx_cli *cli);
