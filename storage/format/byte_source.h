#pragma once
/* The plain bytes of an input, one after the other: a file, standard input or a named pipe, each
 * as it is or compressed with zstd or gzip (told by its first bytes, not its name).
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
 * Errors: RCX_E_IO, RCX_E_INPUT (damaged or cut .zst or .gz), RCX_E_NOMEM. */
enum rcx_status rcx_byte_source_read(struct rcx_byte_source *source, uint8_t *buffer, size_t length,
                                     size_t *out_got, struct rcx_error *err);
/* Continues at byte `position` of the plain bytes (not beyond what has been read so far). */
enum rcx_status rcx_byte_source_seek(struct rcx_byte_source *source, uint64_t position,
                                     struct rcx_error *err);

/* The plain bytes for formats that are not read from front to back: byte k of the input is byte
 * start + k of `fd`, which stays the source's; read it with pread. */
struct rcx_byte_file {
    int fd;
    uint64_t start, length;
};
/* A file costs nothing; a pipe or a compressed input is first read to its end, into a temporary file.
 * Not to be mixed with rcx_byte_source_read and _seek.
 * Errors: RCX_E_IO, RCX_E_INPUT (damaged or cut .zst or .gz), RCX_E_NOMEM. */
enum rcx_status rcx_byte_source_file(struct rcx_byte_source *source, struct rcx_byte_file *out,
                                     struct rcx_error *err);
/* Reads all bytes that have not been read yet, for the digest. */
enum rcx_status rcx_byte_source_drain(struct rcx_byte_source *source, struct rcx_error *err);

/* Of all bytes of the input; valid once it has been read to its end. */
struct rcx_digest rcx_byte_source_digest(const struct rcx_byte_source *source);
bool rcx_byte_source_compressed(const struct rcx_byte_source *source);
/* Bytes of the file on disk, 0 when unknown; and how many of them have been read in this pass. */
uint64_t rcx_byte_source_size(const struct rcx_byte_source *source);
uint64_t rcx_byte_source_consumed(const struct rcx_byte_source *source);
