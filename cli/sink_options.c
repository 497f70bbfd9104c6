#include "cli/sink_options.h"

struct rcx_sink_options rcx_flow_sink_options(const struct rcx_cfg_export *section,
                                              struct rcx_parallel parallel)
{
    static const char *const codecs[] = {
        [RCX_EXPORT_CODEC_NONE] = "none",
        [RCX_EXPORT_CODEC_SNAPPY] = "snappy",
        [RCX_EXPORT_CODEC_LZ4] = "lz4",
        [RCX_EXPORT_CODEC_ZSTD] = "zstd",
    };
    return (struct rcx_sink_options){
        .codec = codecs[section->codec],
        .codec_level = (int)section->zstd_level, /* codecs without levels ignore it */
        .row_group_rows = (size_t)section->row_group_rows,
        .parallel = parallel,
    };
}

const char *rcx_flow_run_also(const struct rcx_cfg_export *section)
{
    static const char *const formats[] = {
        [RCX_EXPORT_ALSO_NONE] = NULL,
        [RCX_EXPORT_ALSO_CSV] = "csv",
        [RCX_EXPORT_ALSO_PARQUET] = "parquet",
        [RCX_EXPORT_ALSO_ARROW] = "arrow",
    };
    return formats[section->also];
}

struct rcx_sink_options rcx_flow_run_sink_options(const struct rcx_cfg_export *section,
                                                  struct rcx_parallel parallel)
{
    struct rcx_sink_options options = rcx_flow_sink_options(section, parallel);
    options.also = rcx_flow_run_also(section);
    return options;
}
