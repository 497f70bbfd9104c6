/* Snappy (raw format), through the C interface of Google's library. */
#include <snappy-c.h>

#include "storage/encoding/codec_rows.h"

static enum rcx_status compress(struct rcx_codec_context *context, int level, const void *in,
                                size_t bytes, void *out, size_t capacity, size_t *out_bytes,
                                struct rcx_error *err)
{
    (void)context;
    (void)level;
    size_t written = capacity;
    if (snappy_compress(bytes ? in : "", bytes, out, &written) != SNAPPY_OK)
        return rcx_fail(err, RCX_E_INTERNAL, "snappy: %zu bytes do not fit into %zu", bytes,
                        capacity);
    *out_bytes = written;
    return RCX_OK;
}

static enum rcx_status decompress(struct rcx_codec_context *context, const void *in, size_t bytes,
                                  void *out, size_t out_bytes, struct rcx_error *err)
{
    (void)context;
    char nothing[1];
    size_t length = 0;
    if (bytes == 0 || snappy_uncompressed_length(in, bytes, &length) != SNAPPY_OK)
        return rcx_fail(err, RCX_E_CORRUPT, "snappy: %zu bytes without a valid length", bytes);
    if (length != out_bytes)
        return rcx_fail(err, RCX_E_CORRUPT, "snappy: the data say %zu bytes, expected %zu", length,
                        out_bytes);
    if (snappy_uncompress(in, bytes, out_bytes ? out : nothing, &length) != SNAPPY_OK)
        return rcx_fail(err, RCX_E_CORRUPT, "snappy: invalid data (%zu bytes)", bytes);
    return RCX_OK;
}

const struct rcx_codec rcx_codec_snappy = {
    .name = "snappy",
    .bound = snappy_max_compressed_length,
    .compress = compress,
    .decompress = decompress,
};
