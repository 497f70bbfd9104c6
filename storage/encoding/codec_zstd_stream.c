#include <string.h>

#define ZSTD_STATIC_LINKING_ONLY /* for ZSTD_customMem: all memory comes from base/memory.h */
#include <zstd.h>
#include <zstd_errors.h>

#include "base/memory.h"
#include "storage/encoding/codec_stream_rows.h"

struct stream {
    ZSTD_DCtx *decoder;
    bool complete;
};

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

/* Also when a frame that is to be skipped comes first, as programs that compress in parallel write. */
static bool zstd_matches(const uint8_t *bytes, size_t length)
{
    static const uint8_t frame[] = {0x28, 0xB5, 0x2F, 0xFD}, skipped[] = {0x2A, 0x4D, 0x18};
    return length >= 4 &&
           (memcmp(bytes, frame, 4) == 0 ||
            ((bytes[0] & 0xF0) == 0x50 && memcmp(bytes + 1, skipped, sizeof skipped) == 0));
}

static void *zstd_open(void)
{
    struct stream *stream = rcx_malloc(sizeof *stream);
    if (!stream)
        return NULL;
    stream->complete = true;
    stream->decoder = ZSTD_createDCtx_advanced((ZSTD_customMem){allocate, release, NULL});
    if (!stream->decoder) {
        rcx_free(stream);
        return NULL;
    }
    return stream;
}

static void zstd_close(void *state)
{
    struct stream *stream = state;
    if (!stream)
        return;
    ZSTD_freeDCtx(stream->decoder);
    rcx_free(stream);
}

static void zstd_reset(void *state)
{
    struct stream *stream = state;
    ZSTD_DCtx_reset(stream->decoder, ZSTD_reset_session_only);
    stream->complete = true;
}

static enum rcx_status zstd_decode(void *state, const char *name, const uint8_t *in,
                                   size_t in_bytes, size_t *in_used, uint8_t *out, size_t capacity,
                                   size_t *out_written, struct rcx_error *err)
{
    struct stream *stream = state;
    ZSTD_inBuffer input = {in, in_bytes, 0};
    ZSTD_outBuffer output = {out, capacity, 0};
    while (output.pos < output.size) {
        size_t before_in = input.pos, before_out = output.pos;
        size_t result = ZSTD_decompressStream(stream->decoder, &output, &input);
        if (ZSTD_isError(result)) {
            if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation)
                return rcx_fail_nomem(err, name, 0);
            return rcx_fail(err, RCX_E_INPUT, "%s: not a sound zstd file: %s", name,
                            ZSTD_getErrorName(result));
        }
        if (input.pos != before_in || output.pos != before_out)
            stream->complete = result == 0;
        else
            break;
    }
    *in_used = input.pos;
    *out_written = output.pos;
    return RCX_OK;
}

static bool zstd_complete(const void *state)
{
    const struct stream *stream = state;
    return stream->complete;
}

const struct rcx_stream_codec rcx_stream_codec_zstd = {
    .name = "zstd",
    .matches = zstd_matches,
    .open = zstd_open,
    .close = zstd_close,
    .reset = zstd_reset,
    .decode = zstd_decode,
    .complete = zstd_complete,
};
