#include "cli/sink_options.h"

struct rcx_sink_options rcx_cli_sink_options(const struct rcx_cli *cli)
{
    static const char *const codecs[] = {
        [RCX_EXPORT_CODEC_NONE] = "none",
        [RCX_EXPORT_CODEC_SNAPPY] = "snappy",
        [RCX_EXPORT_CODEC_ZSTD] = "zstd",
    };
    const struct rcx_cfg_export *section = &cli->config->export;
    return (struct rcx_sink_options){
        .codec = codecs[section->codec],
        .codec_level = section->codec == RCX_EXPORT_CODEC_ZSTD ? (int)section->zstd_level : 0,
        .row_group_rows = (size_t)section->row_group_rows,
        .parallel = cli->parallel,
    };
}
