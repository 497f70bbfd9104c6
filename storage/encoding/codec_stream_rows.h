#pragma once
/* The registry's rows. */
#include "storage/encoding/codec_stream.h"

extern const struct rcx_stream_codec rcx_stream_codec_zstd, rcx_stream_codec_gzip;
