/* LZ4 through its library: the bare block ("lz4_raw", Parquet's LZ4_RAW) and the frame ("lz4",
 * Arrow's LZ4_FRAME). */
#include <limits.h>
#include <lz4.h>
#include <lz4frame.h>
#include <string.h>

#include "storage/encoding/codec_rows.h"

/* --- block --------------------------------------------------------------------------------- */

static size_t raw_bound(size_t bytes)
{
    return bytes > LZ4_MAX_INPUT_SIZE ? 0 : (size_t)LZ4_compressBound((int)bytes);
}

static enum rcx_status raw_compress(struct rcx_codec_context *context, int level, const void *in,
                                    size_t bytes, void *out, size_t capacity, size_t *out_bytes,
                                    struct rcx_error *err)
{
    (void)context;
    (void)level;
    int room = capacity > INT_MAX ? INT_MAX : (int)capacity;
    int written = bytes > LZ4_MAX_INPUT_SIZE
                      ? 0
                      : LZ4_compress_default(bytes ? in : "", out, (int)bytes, room);
    if (written <= 0)
        return rcx_fail(err, RCX_E_INTERNAL, "lz4: %zu bytes do not fit into %zu", bytes, capacity);
    *out_bytes = (size_t)written;
    return RCX_OK;
}

static enum rcx_status raw_decompress(struct rcx_codec_context *context, const void *in,
                                      size_t bytes, void *out, size_t out_bytes,
                                      struct rcx_error *err)
{
    (void)context;
    char nothing[1];
    if (bytes > INT_MAX || out_bytes > INT_MAX)
        return rcx_fail(err, RCX_E_CORRUPT, "lz4: a block of %zu bytes is too large", out_bytes);
    int got = LZ4_decompress_safe(bytes ? in : "", out_bytes ? out : nothing, (int)bytes,
                                  (int)out_bytes);
    if (got < 0 || (size_t)got != out_bytes)
        return rcx_fail(err, RCX_E_CORRUPT, "lz4: invalid data (%zu bytes)", bytes);
    return RCX_OK;
}

const struct rcx_codec rcx_codec_lz4_raw = {
    .name = "lz4_raw",
    .version = LZ4_versionString,
    .bound = raw_bound,
    .compress = raw_compress,
    .decompress = raw_decompress,
};

/* --- frame --------------------------------------------------------------------------------- */

static size_t frame_bound(size_t bytes)
{
    return LZ4F_compressFrameBound(bytes, NULL);
}

static enum rcx_status frame_compress(struct rcx_codec_context *context, int level, const void *in,
                                      size_t bytes, void *out, size_t capacity, size_t *out_bytes,
                                      struct rcx_error *err)
{
    (void)context;
    (void)level;
    size_t written = LZ4F_compressFrame(out, capacity, bytes ? in : "", bytes, NULL);
    if (LZ4F_isError(written))
        return rcx_fail(err, RCX_E_INTERNAL, "lz4: %s", LZ4F_getErrorName(written));
    *out_bytes = written;
    return RCX_OK;
}

static void release_decoder(void *state)
{
    (void)LZ4F_freeDecompressionContext(state);
}

static LZ4F_dctx *decoder_of(struct rcx_codec_context *context)
{
    void **state = &context->slots[RCX_CODEC_SLOT_LZ4_DECOMPRESS].state;
    LZ4F_dctx *decoder = *state;
    if (decoder) {
        LZ4F_resetDecompressionContext(decoder);
        return decoder;
    }
    if (LZ4F_isError(LZ4F_createDecompressionContext(&decoder, LZ4F_VERSION)))
        return NULL;
    context->slots[RCX_CODEC_SLOT_LZ4_DECOMPRESS].release = release_decoder;
    *state = decoder;
    return decoder;
}

static enum rcx_status frame_decompress(struct rcx_codec_context *context, const void *in,
                                        size_t bytes, void *out, size_t out_bytes,
                                        struct rcx_error *err)
{
    LZ4F_dctx *decoder = decoder_of(context);
    if (!decoder)
        return rcx_fail_nomem(err, "lz4 decoder", 0);
    char nothing[1];
    char *to = out_bytes ? out : nothing;
    const char *from = in;
    size_t used = 0, filled = 0, hint = 1;
    while (hint != 0) {
        size_t read = bytes - used, written = out_bytes - filled;
        hint = LZ4F_decompress(decoder, to + filled, &written, read ? from + used : "", &read,
                               NULL);
        if (LZ4F_isError(hint) || (read == 0 && written == 0 && hint != 0))
            return rcx_fail(err, RCX_E_CORRUPT, "lz4: invalid data (%zu bytes)", bytes);
        used += read;
        filled += written;
    }
    if (used != bytes || filled != out_bytes)
        return rcx_fail(err, RCX_E_CORRUPT, "lz4: %zu bytes, expected %zu", filled, out_bytes);
    return RCX_OK;
}

const struct rcx_codec rcx_codec_lz4 = {
    .name = "lz4",
    .version = LZ4_versionString,
    .bound = frame_bound,
    .compress = frame_compress,
    .decompress = frame_decompress,
};
