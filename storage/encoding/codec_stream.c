#include "storage/encoding/codec_stream.h"

#include "storage/encoding/codec_stream_rows.h"

static const struct rcx_stream_codec *const codecs[] = {&rcx_stream_codec_zstd,
                                                        &rcx_stream_codec_gzip};

const struct rcx_stream_codec *rcx_stream_codec_at(size_t index)
{
    return index < sizeof codecs / sizeof codecs[0] ? codecs[index] : NULL;
}

const struct rcx_stream_codec *rcx_stream_codec_detect(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++)
        if (codecs[i]->matches(bytes, length))
            return codecs[i];
    return NULL;
}
