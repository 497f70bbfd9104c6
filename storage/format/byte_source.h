#pragma once
/* The plain bytes of an input, one after the other: a file, standard input or a named pipe, each
 * as it is or compressed with zstd (told by its first bytes, not its name).
 *
 * It can go back to an earlier position: a file is read again; what comes through a pipe is kept in
 * an unlinked temporary file as it passes. The digest is that of the bytes as they came (of the
 * compressed ones, when compressed). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/status.h"

struct rcx_byte_source;

/* `path` "-" is standard input. `spool_directory` is where a pipe is kept; NULL: not kept, and
 * seeking back fails.
 * Errors: RCX_E_IO (no such file, a directory, no permission). */
enum rcx_status rcx_byte_source_open(const char *path, const char *spool_directory,
                                     struct rcx_byte_source **out, struct rcx_error *err);
void rcx_byte_source_close(struct rcx_byte_source *source);

/* Fills `buffer` as far as there are bytes: *out_got < length means the end.
 * Errors: RCX_E_IO, RCX_E_INPUT (damaged or cut zstd), RCX_E_NOMEM. */
enum rcx_status rcx_byte_source_read(struct rcx_byte_source *source, uint8_t *buffer, size_t length,
                                     size_t *out_got, struct rcx_error *err);
/* Continues at byte `position` of the plain bytes (not beyond what has been read so far). */
enum rcx_status rcx_byte_source_seek(struct rcx_byte_source *source, uint64_t position,
                                     struct rcx_error *err);
/* Of all bytes of the input; valid once it has been read to its end. */
struct rcx_digest rcx_byte_source_digest(const struct rcx_byte_source *source);
bool rcx_byte_source_compressed(const struct rcx_byte_source *source);
/* Bytes of the file on disk, 0 when unknown; and how many of them have been read in this pass. */
uint64_t rcx_byte_source_size(const struct rcx_byte_source *source);
uint64_t rcx_byte_source_consumed(const struct rcx_byte_source *source);
