#pragma once
/* General-purpose compression: one registry row per codec, used by the store and by file formats.
 *
 * A codec turns one block of bytes into another in buffers of the caller. What a compressor needs
 * besides (tables, windows) lives in a context that is made once per worker and reused, so that
 * compressing a chunk allocates nothing after the first one. Blocks are self-contained: a context
 * carries memory from block to block, never history.
 *
 * To add a codec: 1. a file codec_<name>.c with a `const struct rcx_codec`; 2. its declaration in
 * codec_rows.h; 3. its row in codec.c; 4. a slot in enum rcx_codec_slot when it keeps a state. */
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Working memory of all codecs; opaque. Threads: one thread at a time. */
struct rcx_codec_context;
struct rcx_codec_context *rcx_codec_context_new(void);             /* NULL when out of memory */
void rcx_codec_context_release(struct rcx_codec_context *context); /* accepts NULL */

struct rcx_codec {
    const char *name;
    const char *(*version)(void); /* of the library behind it; NULL when it does not tell */
    int level_min, level_max, level_default; /* all 0: the codec has no levels */

    /* Most bytes that `bytes` bytes can become. */
    size_t (*bound)(size_t bytes);

    /* Compresses into `out`, which has room for `capacity` >= bound(bytes) bytes. The same input
     * and level give the same bytes, whatever the context did before. level   in [level_min,
     * level_max]; 0: the default Errors: RCX_E_NOMEM; RCX_E_INTERNAL when the library refuses. */
    enum rcx_status (*compress)(struct rcx_codec_context *context, int level, const void *in,
                                size_t bytes, void *out, size_t capacity, size_t *out_bytes,
                                struct rcx_error *err);

    /* Decompresses exactly `out_bytes` bytes; `in` may be anything.
     * Errors: RCX_E_CORRUPT (not this codec's bytes, or another size), RCX_E_NOMEM. The contents of
     * `out` are undefined then. */
    enum rcx_status (*decompress)(struct rcx_codec_context *context, const void *in, size_t bytes,
                                  void *out, size_t out_bytes, struct rcx_error *err);
};

/* The codec of a name ("none", "snappy", "zstd", "gzip", "lz4", "lz4_raw"), or NULL. */
const struct rcx_codec *rcx_codec_find(const char *name);
/* The registry in a fixed order; NULL past the end. For tests and suggestions. */
const struct rcx_codec *rcx_codec_at(size_t index);
