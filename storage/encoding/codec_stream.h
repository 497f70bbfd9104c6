#pragma once
/* Reading compressed files as a stream: compressed bytes in, plain bytes out, any sizes. One registry
 * row per format (zstd, gzip), told by the first bytes of the file. Frames (zstd) or members (gzip)
 * one after the other are one stream, as their programs have it.
 *
 * To add a format: 1. a file codec_<name>_stream.c with a `const struct rcx_stream_codec`; 2. its
 * declaration in codec_stream_rows.h; 3. its row in codec_stream.c; 4. a row in tests/storage/
 * test_codec_stream.c. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct rcx_stream_codec {
    const char *name;
    /* Whether these first bytes of a file are of this format. */
    bool (*matches)(const uint8_t *bytes, size_t length);
    void *(*open)(void); /* NULL when out of memory */
    void (*close)(void *state);
    /* Forgets everything, ready for the first frame again. */
    void (*reset)(void *state);
    /* Decompresses as much as both buffers allow; *in_used and *out_written say how much that was.
     * `name` is for messages. Errors: RCX_E_INPUT (not this format), RCX_E_NOMEM. */
    enum rcx_status (*decode)(void *state, const char *name, const uint8_t *in, size_t in_bytes,
                              size_t *in_used, uint8_t *out, size_t capacity, size_t *out_written,
                              struct rcx_error *err);
    /* Whether the bytes so far end with a whole frame: false at the end of the file means it is cut. */
    bool (*complete)(const void *state);
};

enum { RCX_STREAM_CODEC_PROBE_BYTES = 4 };
/* The format of a file that begins with these bytes (RCX_STREAM_CODEC_PROBE_BYTES, or all there are);
 * NULL: none. */
const struct rcx_stream_codec *rcx_stream_codec_detect(const uint8_t *bytes, size_t length);
/* The registry in a fixed order; NULL past the end. */
const struct rcx_stream_codec *rcx_stream_codec_at(size_t index);
