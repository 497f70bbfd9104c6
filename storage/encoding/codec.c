#include "storage/encoding/codec.h"

#include <string.h>

#include "base/memory.h"
#include "storage/encoding/codec_rows.h"

static const struct rcx_codec *const codecs[] = {&rcx_codec_none, &rcx_codec_snappy,
                                                 &rcx_codec_zstd, &rcx_codec_gzip,
                                                 &rcx_codec_lz4,  &rcx_codec_lz4_raw};
enum { CODEC_COUNT = sizeof codecs / sizeof codecs[0] };

const struct rcx_codec *rcx_codec_at(size_t index)
{
    return index < CODEC_COUNT ? codecs[index] : NULL;
}

const struct rcx_codec *rcx_codec_find(const char *name)
{
    for (size_t i = 0; i < CODEC_COUNT; i++)
        if (strcmp(codecs[i]->name, name) == 0)
            return codecs[i];
    return NULL;
}

struct rcx_codec_context *rcx_codec_context_new(void)
{
    return rcx_calloc(1, sizeof(struct rcx_codec_context));
}

void rcx_codec_context_release(struct rcx_codec_context *context)
{
    if (!context)
        return;
    for (size_t i = 0; i < RCX_CODEC_SLOTS; i++)
        if (context->slots[i].state)
            context->slots[i].release(context->slots[i].state);
    rcx_free(context);
}

static size_t none_bound(size_t bytes)
{
    return bytes;
}

static enum rcx_status none_compress(struct rcx_codec_context *context, int level, const void *in,
                                     size_t bytes, void *out, size_t capacity, size_t *out_bytes,
                                     struct rcx_error *err)
{
    (void)context;
    (void)level;
    if (capacity < bytes)
        return rcx_fail(err, RCX_E_INTERNAL, "none: %zu bytes do not fit into %zu", bytes,
                        capacity);
    if (bytes)
        memcpy(out, in, bytes);
    *out_bytes = bytes;
    return RCX_OK;
}

static enum rcx_status none_decompress(struct rcx_codec_context *context, const void *in,
                                       size_t bytes, void *out, size_t out_bytes,
                                       struct rcx_error *err)
{
    (void)context;
    if (bytes != out_bytes)
        return rcx_fail(err, RCX_E_CORRUPT, "none: %zu bytes, expected %zu", bytes, out_bytes);
    if (bytes)
        memcpy(out, in, bytes);
    return RCX_OK;
}

const struct rcx_codec rcx_codec_none = {
    .name = "none",
    .bound = none_bound,
    .compress = none_compress,
    .decompress = none_decompress,
};
