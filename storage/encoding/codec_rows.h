#pragma once
/* What the codec files share among themselves: the registry's rows and the inside of a context. */
#include "storage/encoding/codec.h"

enum rcx_codec_slot {
    RCX_CODEC_SLOT_ZSTD_COMPRESS,
    RCX_CODEC_SLOT_ZSTD_DECOMPRESS,
    RCX_CODEC_SLOT_GZIP_COMPRESS,
    RCX_CODEC_SLOT_GZIP_DECOMPRESS,
    RCX_CODEC_SLOT_LZ4_DECOMPRESS,
    RCX_CODEC_SLOTS
};

struct rcx_codec_context {
    struct {
        void *state;             /* made at the first use; NULL before */
        void (*release)(void *); /* set together with `state` */
    } slots[RCX_CODEC_SLOTS];
};

extern const struct rcx_codec rcx_codec_none, rcx_codec_snappy, rcx_codec_zstd, rcx_codec_gzip,
    rcx_codec_lz4, rcx_codec_lz4_raw;
