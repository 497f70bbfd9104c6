/* gzip (RFC 1952) through zlib: blocks as Parquet has them, one member or several. Read are zlib's own
 * wrapping (RFC 1950), too, since some writers mistook one for the other. */
#define ZLIB_CONST
#include <stdbool.h>
#include <zlib.h>

#include "base/memory.h"
#include "storage/encoding/codec_rows.h"

enum {
    LEVEL_MIN = 1,
    LEVEL_MAX = 9,
    LEVEL_DEFAULT = 6,
    WINDOW_BITS = 15,
    WRAP_GZIP = 16,     /* added to the window bits: write gzip */
    WRAP_DETECT = 32,   /* read gzip or zlib */
    MEMORY_LEVEL = 8,   /* zlib's default */
    WRAP_BYTES = 18,    /* of a gzip member around the deflated bytes */
    MOST_STEP = 1 << 30 /* zlib counts in 32 bits */
};

static void *allocate(void *opaque, uInt count, uInt size)
{
    (void)opaque;
    return rcx_malloc_array(count, size);
}

static void release(void *opaque, void *block)
{
    (void)opaque;
    rcx_free(block);
}

static void release_encoder(void *state)
{
    deflateEnd(state);
    rcx_free(state);
}

static void release_decoder(void *state)
{
    inflateEnd(state);
    rcx_free(state);
}

static z_stream *encoder_of(struct rcx_codec_context *context)
{
    void **state = &context->slots[RCX_CODEC_SLOT_GZIP_COMPRESS].state;
    if (*state)
        return deflateReset(*state) == Z_OK ? *state : NULL;
    z_stream *encoder = rcx_calloc(1, sizeof *encoder);
    if (!encoder)
        return NULL;
    encoder->zalloc = allocate;
    encoder->zfree = release;
    if (deflateInit2(encoder, LEVEL_DEFAULT, Z_DEFLATED, WINDOW_BITS + WRAP_GZIP, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        rcx_free(encoder);
        return NULL;
    }
    context->slots[RCX_CODEC_SLOT_GZIP_COMPRESS].release = release_encoder;
    return *state = encoder;
}

static z_stream *decoder_of(struct rcx_codec_context *context)
{
    void **state = &context->slots[RCX_CODEC_SLOT_GZIP_DECOMPRESS].state;
    if (*state)
        return inflateReset2(*state, WINDOW_BITS + WRAP_DETECT) == Z_OK ? *state : NULL;
    z_stream *decoder = rcx_calloc(1, sizeof *decoder);
    if (!decoder)
        return NULL;
    decoder->zalloc = allocate;
    decoder->zfree = release;
    if (inflateInit2(decoder, WINDOW_BITS + WRAP_DETECT) != Z_OK) {
        rcx_free(decoder);
        return NULL;
    }
    context->slots[RCX_CODEC_SLOT_GZIP_DECOMPRESS].release = release_decoder;
    return *state = decoder;
}

static size_t bound(size_t bytes)
{
    /* zlib's deflateBound for its default window and memory level */
    return bytes + (bytes >> 12) + (bytes >> 14) + (bytes >> 25) + 13 + WRAP_BYTES;
}

static uInt step(size_t left)
{
    return left < MOST_STEP ? (uInt)left : MOST_STEP;
}

static enum rcx_status compress_block(struct rcx_codec_context *context, int level, const void *in,
                                      size_t bytes, void *out, size_t capacity, size_t *out_bytes,
                                      struct rcx_error *err)
{
    z_stream *encoder = encoder_of(context);
    if (!encoder)
        return rcx_fail_nomem(err, "gzip context", 0);
    int result = deflateParams(encoder, level ? level : LEVEL_DEFAULT, Z_DEFAULT_STRATEGY);
    size_t read = 0, written = 0;
    while (result == Z_OK) {
        uInt give = step(bytes - read), room = step(capacity - written);
        encoder->next_in = (const Bytef *)in + read;
        encoder->avail_in = give;
        encoder->next_out = (Bytef *)out + written;
        encoder->avail_out = room;
        result = deflate(encoder, read + give == bytes ? Z_FINISH : Z_NO_FLUSH);
        read += give - encoder->avail_in;
        written += room - encoder->avail_out;
    }
    if (result != Z_STREAM_END)
        return rcx_fail(err, RCX_E_INTERNAL, "gzip: %zu bytes do not fit into %zu", bytes,
                        capacity);
    *out_bytes = written;
    return RCX_OK;
}

static enum rcx_status fail_data(int result, const z_stream *decoder, size_t bytes, size_t expected,
                                 struct rcx_error *err)
{
    if (result == Z_MEM_ERROR)
        return rcx_fail_nomem(err, "gzip", 0);
    return rcx_fail(err, RCX_E_CORRUPT, "gzip: %zu bytes, expected to become %zu: %s", bytes,
                    expected, decoder->msg ? decoder->msg : "the data end early or are longer");
}

static enum rcx_status decompress_block(struct rcx_codec_context *context, const void *in,
                                        size_t bytes, void *out, size_t out_bytes,
                                        struct rcx_error *err)
{
    z_stream *decoder = decoder_of(context);
    if (!decoder)
        return rcx_fail_nomem(err, "gzip context", 0);
    Bytef beyond = 0; /* a byte that must not be asked for: zlib wants somewhere to point at */
    size_t read = 0, written = 0;
    for (;;) {
        uInt give = step(bytes - read), room = step(out_bytes - written);
        decoder->next_in = (const Bytef *)in + read;
        decoder->avail_in = give;
        decoder->next_out = room > 0 ? (Bytef *)out + written : &beyond;
        decoder->avail_out = room > 0 ? room : 1;
        int result = inflate(decoder, Z_NO_FLUSH);
        read += give - decoder->avail_in;
        size_t got = (room > 0 ? room : 1) - decoder->avail_out;
        if (room == 0 && got > 0)
            return fail_data(Z_BUF_ERROR, decoder, bytes, out_bytes, err);
        written += got;
        if (result == Z_STREAM_END && read == bytes && written == out_bytes)
            return RCX_OK;
        bool member = result == Z_STREAM_END && read < bytes;
        if (member && inflateReset(decoder) != Z_OK)
            return fail_data(Z_MEM_ERROR, decoder, bytes, out_bytes, err);
        if (!member && (result != Z_OK || (got == 0 && give == decoder->avail_in)))
            return fail_data(result, decoder, bytes, out_bytes, err);
    }
}

const struct rcx_codec rcx_codec_gzip = {
    .name = "gzip",
    .version = zlibVersion,
    .level_min = LEVEL_MIN,
    .level_max = LEVEL_MAX,
    .level_default = LEVEL_DEFAULT,
    .bound = bound,
    .compress = compress_block,
    .decompress = decompress_block,
};
