/* gzip files: members one after the other, padded with zeros perhaps (tapes, tar). Anything else
 * behind a member is damage; the gzip program ignores it with a warning, here it is refused, because
 * what follows may be the rest of the data. */
#define ZLIB_CONST
#include <zlib.h>

#include "base/memory.h"
#include "storage/encoding/codec_stream_rows.h"

enum {
    WINDOW_BITS_GZIP = 15 + 16, /* gzip only */
    MOST_STEP = 1 << 30         /* zlib counts in 32 bits */
};

enum place { BEFORE_MEMBER, IN_MEMBER, IN_PADDING };

struct stream {
    z_stream decoder;
    enum place place;
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

static bool gzip_matches(const uint8_t *bytes, size_t length)
{
    return length >= 3 && bytes[0] == 0x1F && bytes[1] == 0x8B && bytes[2] == Z_DEFLATED;
}

static void *gzip_open(void)
{
    struct stream *stream = rcx_calloc(1, sizeof *stream);
    if (!stream)
        return NULL;
    stream->decoder.zalloc = allocate;
    stream->decoder.zfree = release;
    if (inflateInit2(&stream->decoder, WINDOW_BITS_GZIP) != Z_OK) {
        rcx_free(stream);
        return NULL;
    }
    return stream;
}

static void gzip_close(void *state)
{
    struct stream *stream = state;
    if (!stream)
        return;
    inflateEnd(&stream->decoder);
    rcx_free(stream);
}

static void gzip_reset(void *state)
{
    struct stream *stream = state;
    inflateReset(&stream->decoder);
    stream->place = BEFORE_MEMBER;
}

/* Passes padding; bytes from which a member begins are left. */
static enum rcx_status between_members(struct stream *stream, const char *name, const uint8_t *in,
                                       size_t in_bytes, size_t *used, struct rcx_error *err)
{
    while (*used < in_bytes && in[*used] == 0) {
        stream->place = IN_PADDING;
        ++*used;
    }
    if (*used == in_bytes)
        return RCX_OK;
    if (stream->place == IN_PADDING || in[*used] != 0x1F)
        return rcx_fail(err, RCX_E_INPUT,
                        "%s: not a sound gzip file: something else follows the compressed data",
                        name);
    inflateReset(&stream->decoder);
    stream->place = IN_MEMBER;
    return RCX_OK;
}

static enum rcx_status gzip_decode(void *state, const char *name, const uint8_t *in,
                                   size_t in_bytes, size_t *in_used, uint8_t *out, size_t capacity,
                                   size_t *out_written, struct rcx_error *err)
{
    struct stream *stream = state;
    z_stream *decoder = &stream->decoder;
    size_t used = 0, written = 0;
    while (written < capacity) {
        if (stream->place != IN_MEMBER) {
            enum rcx_status status = between_members(stream, name, in, in_bytes, &used, err);
            if (status != RCX_OK)
                return status;
            if (used == in_bytes)
                break;
        }
        uInt give = in_bytes - used < MOST_STEP ? (uInt)(in_bytes - used) : MOST_STEP;
        uInt room = capacity - written < MOST_STEP ? (uInt)(capacity - written) : MOST_STEP;
        decoder->next_in = in + used;
        decoder->avail_in = give;
        decoder->next_out = out + written;
        decoder->avail_out = room;
        int result = inflate(decoder, Z_NO_FLUSH);
        used += give - decoder->avail_in;
        written += room - decoder->avail_out;
        if (result == Z_MEM_ERROR)
            return rcx_fail_nomem(err, name, 0);
        if (result == Z_STREAM_END)
            stream->place = BEFORE_MEMBER;
        else if (result == Z_BUF_ERROR) /* nothing more can be done with these bytes */
            break;
        else if (result != Z_OK)
            return rcx_fail(err, RCX_E_INPUT, "%s: not a sound gzip file: %s", name,
                            decoder->msg ? decoder->msg : "invalid data");
    }
    *in_used = used;
    *out_written = written;
    return RCX_OK;
}

static bool gzip_complete(const void *state)
{
    const struct stream *stream = state;
    return stream->place != IN_MEMBER;
}

const struct rcx_stream_codec rcx_stream_codec_gzip = {
    .name = "gzip",
    .matches = gzip_matches,
    .open = gzip_open,
    .close = gzip_close,
    .reset = gzip_reset,
    .decode = gzip_decode,
    .complete = gzip_complete,
};
