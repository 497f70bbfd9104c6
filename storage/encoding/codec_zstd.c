/* Zstandard frames (RFC 8878) with content size, without checksum: our files have their own. */
#define ZSTD_STATIC_LINKING_ONLY /* for ZSTD_customMem: all memory comes from base/memory.h */
#include <zstd.h>
#include <zstd_errors.h>

#include "base/memory.h"
#include "storage/encoding/codec_rows.h"

enum { LEVEL_MIN = 1, LEVEL_MAX = 19, LEVEL_DEFAULT = 3 };

static void *allocate(void *opaque, size_t bytes)
{
    (void)opaque;
    return rcx_malloc(bytes);
}

static void release(void *opaque, void *block)
{
    (void)opaque;
    rcx_free(block);
}

static const ZSTD_customMem memory = {allocate, release, NULL};

static void release_encoder(void *state)
{
    ZSTD_freeCCtx(state);
}

static void release_decoder(void *state)
{
    ZSTD_freeDCtx(state);
}

static ZSTD_CCtx *encoder_of(struct rcx_codec_context *context)
{
    void **state = &context->slots[RCX_CODEC_SLOT_ZSTD_COMPRESS].state;
    if (!*state) {
        *state = ZSTD_createCCtx_advanced(memory);
        context->slots[RCX_CODEC_SLOT_ZSTD_COMPRESS].release = release_encoder;
    }
    return *state;
}

static ZSTD_DCtx *decoder_of(struct rcx_codec_context *context)
{
    void **state = &context->slots[RCX_CODEC_SLOT_ZSTD_DECOMPRESS].state;
    if (!*state) {
        *state = ZSTD_createDCtx_advanced(memory);
        context->slots[RCX_CODEC_SLOT_ZSTD_DECOMPRESS].release = release_decoder;
    }
    return *state;
}

static enum rcx_status compress(struct rcx_codec_context *context, int level, const void *in,
                                size_t bytes, void *out, size_t capacity, size_t *out_bytes,
                                struct rcx_error *err)
{
    ZSTD_CCtx *encoder = encoder_of(context);
    if (!encoder)
        return rcx_fail_nomem(err, "zstd context", 0);
    size_t written = ZSTD_compressCCtx(encoder, out, capacity, in, bytes,
                                       level ? level : LEVEL_DEFAULT);
    if (ZSTD_isError(written)) {
        if (ZSTD_getErrorCode(written) == ZSTD_error_memory_allocation)
            return rcx_fail_nomem(err, "zstd", bytes);
        return rcx_fail(err, RCX_E_INTERNAL, "zstd: %zu bytes into %zu: %s", bytes, capacity,
                        ZSTD_getErrorName(written));
    }
    *out_bytes = written;
    return RCX_OK;
}

static enum rcx_status decompress(struct rcx_codec_context *context, const void *in, size_t bytes,
                                  void *out, size_t out_bytes, struct rcx_error *err)
{
    ZSTD_DCtx *decoder = decoder_of(context);
    if (!decoder)
        return rcx_fail_nomem(err, "zstd context", 0);
    size_t got = ZSTD_decompressDCtx(decoder, out, out_bytes, in, bytes);
    if (ZSTD_isError(got)) {
        if (ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation)
            return rcx_fail_nomem(err, "zstd", out_bytes);
        return rcx_fail(err, RCX_E_CORRUPT, "zstd: %zu bytes, expected to become %zu: %s", bytes,
                        out_bytes, ZSTD_getErrorName(got));
    }
    if (got != out_bytes)
        return rcx_fail(err, RCX_E_CORRUPT, "zstd: the data hold %zu bytes, expected %zu", got,
                        out_bytes);
    return RCX_OK;
}

const struct rcx_codec rcx_codec_zstd = {
    .name = "zstd",
    .version = ZSTD_versionString,
    .level_min = LEVEL_MIN,
    .level_max = LEVEL_MAX,
    .level_default = LEVEL_DEFAULT,
    .bound = ZSTD_compressBound,
    .compress = compress,
    .decompress = decompress,
};
