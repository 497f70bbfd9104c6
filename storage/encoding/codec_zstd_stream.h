#pragma once
/* Reading a .zst file as a stream: compressed bytes in, plain bytes out, any sizes. Concatenated
 * frames are one stream, as the zstd program has it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct rcx_zstd_stream;

/* Whether these first bytes of a file (4 suffice) are those of a zstd frame. */
bool rcx_zstd_stream_matches(const uint8_t *bytes, size_t length);

struct rcx_zstd_stream *rcx_zstd_stream_open(void); /* NULL when out of memory */
void rcx_zstd_stream_close(struct rcx_zstd_stream *stream);
/* Forgets everything, ready for the first frame again. */
void rcx_zstd_stream_reset(struct rcx_zstd_stream *stream);

/* Decompresses as much as both buffers allow; *in_used and *out_written say how much that was.
 * `name` is for messages. Errors: RCX_E_INPUT (not zstd), RCX_E_NOMEM. */
enum rcx_status rcx_zstd_stream_decode(struct rcx_zstd_stream *stream, const char *name,
                                       const uint8_t *in, size_t in_bytes, size_t *in_used,
                                       uint8_t *out, size_t capacity, size_t *out_written,
                                       struct rcx_error *err);
/* Whether the bytes so far end with a whole frame: false at the end of the file means it is cut. */
bool rcx_zstd_stream_complete(const struct rcx_zstd_stream *stream);
