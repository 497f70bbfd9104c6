#pragma once
/* Cutting a run of CSV bytes into chunks of whole records and finding the fields in them, in
 * parallel.
 *
 * Whether a byte is inside quotes depends on all bytes before it. So the cuts are guessed: behind a
 * line feed after which records have as many fields as the header. Every chunk is scanned as if it
 * began a record; it is right when the chunk before it, itself right, ends exactly there with a
 * whole record. A chunk that does not is scanned on through the next one, which then was cut
 * wrongly. The result is that of one scan from the front, whatever was guessed. */
#include <stddef.h>
#include <stdint.h>

#include "base/parallel.h"
#include "base/status.h"
#include "storage/format/csv_kernels.h"
#include "storage/format/source.h"

struct rcx_csv_piece {
    size_t begin, end;
    struct rcx_csv_scan scan;
    size_t field_capacity, record_capacity;
};

/* Reused from window to window. Zero is a valid empty one. */
struct rcx_csv_window {
    uint8_t delimiter;
    size_t column_count; /* of the header, for the guesses */
    size_t piece_count, piece_capacity;
    struct rcx_csv_piece *pieces;
    size_t chunk_capacity;
    struct rcx_source_chunk *chunks;
    size_t chunk_count;
};

/* Scans [begin, end), which begins with a record; line is that of the first one.
 * Fills window->chunks. *out_rest is where the last, incomplete record begins (end: there is none),
 * *out_line its line. */
enum rcx_status rcx_csv_window_scan(struct rcx_csv_window *window, const uint8_t *bytes,
                                    size_t begin, size_t end, size_t chunk_bytes, uint64_t line,
                                    const struct rcx_parallel *parallel, size_t *out_rest,
                                    uint64_t *out_line, struct rcx_error *err);
void rcx_csv_window_release(struct rcx_csv_window *window);
