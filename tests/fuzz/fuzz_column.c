/* The decoders of column chunks, without the hash in front of them. First byte: encoding; second:
 * number of values; then the stored bytes. */
#include <stdint.h>
#include <stdlib.h>

#include "storage/encoding/column.h"

enum { MOST = 256 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rcx_codec_context *codec;
    static struct rcx_column_scratch scratch;
    static uint32_t groups[MOST + 1], keys[MOST];
    int64_t out[MOST];

    if (size < 2)
        return 0;
    if (!codec)
        codec = rcx_codec_context_new();
    size_t count = data[1], group_count = 0;
    for (size_t i = 0; i < count; i++) {
        keys[i] = (uint32_t)(i * 7 % 16);
        if (i % 3 == 0)
            groups[group_count++] = (uint32_t)i;
    }
    groups[group_count] = (uint32_t)count;
    const struct rcx_column_context context = {groups, group_count, keys, 16};
    struct rcx_decoder decoder = {.codec = codec, .in = rcx_cursor_of(data + 2, size - 2)};
    (void)rcx_column_get(&decoder, data[0] % (RCX_ENCODING_END + 1), out, count, &context, &scratch,
                         NULL);
    rcx_decoder_release(&decoder);
    return 0;
}
