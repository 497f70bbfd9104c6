#pragma once
/* Streams and integer sequences: the two layers between a column and its bytes in a segment.
 *
 * A *stream* is a run of bytes stored as they are, as one zstd frame, or as one repeated byte,
 * whichever is smallest. An *integer sequence* is a sequence of 64-bit values stored as byte
 * planes: one stream of all lowest bytes, one of all second bytes, and so on. zstd codes bytes, so
 * planes let its entropy stage see each digit of a number on its own; bit packing would hide them
 * from it (docs/store_format.md has the measured sizes), and upper planes that are all zero cost
 * two bytes.
 *
 * Layout (docs/store_format.md):
 *   stream:    kind u8, raw bytes varint, [stored bytes varint,] bytes
 *   sequence:  form u8, [base varint,] [unit varint,] width u8, `width` streams of n bytes each;
 *              value = stored * unit + base, or unit * zigzag decoded */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/status.h"
#include "storage/encoding/codec.h"

/* Scratch and destination of one encoding worker. Zero-initialise, then set codec, level, out. */
struct rcx_encoder {
    struct rcx_codec_context *codec; /* owned by the caller */
    int zstd_level;                  /* 0: streams are stored as they are */
    struct rcx_buf *out;             /* streams are appended here */
    struct rcx_buf planes, packed;
};
void rcx_encoder_release(struct rcx_encoder *encoder);

/* Source and scratch of one decoding worker. Errors are RCX_E_CORRUPT texts that start with
 * `where`. */
struct rcx_decoder {
    struct rcx_codec_context *codec; /* owned by the caller */
    struct rcx_cursor in;
    struct rcx_buf planes;
};
void rcx_decoder_release(struct rcx_decoder *decoder);

enum rcx_status rcx_stream_put(struct rcx_encoder *encoder, const uint8_t *bytes, size_t length,
                               struct rcx_error *err);
/* Reads one stream of exactly `length` bytes into `out`. */
enum rcx_status rcx_stream_get(struct rcx_decoder *decoder, uint8_t *out, size_t length,
                               struct rcx_error *err);

/* `values` is scratch: it is overwritten. */
enum rcx_status rcx_ints_put(struct rcx_encoder *encoder, int64_t *values, size_t count,
                             struct rcx_error *err);
enum rcx_status rcx_ints_get(struct rcx_decoder *decoder, int64_t *out, size_t count,
                             struct rcx_error *err);
