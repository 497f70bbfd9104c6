#include "storage/format/byte_source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/temp_file.h"
#include "storage/encoding/codec_stream.h"

/* A piece is hashed right after it was read, while it is in the second-level cache. */
enum { PIECE_BYTES = 256 * 1024 };

struct rcx_byte_source {
    char *name; /* for messages */
    int fd;
    bool owns_fd;
    bool pipe;       /* cannot be read twice */
    int spool;       /* what came through the pipe so far, or -1 */
    char *directory; /* for temporary files; NULL: there must not be any */
    int unpacked;    /* the plain bytes of a compressed input, or -1 */
    uint64_t unpacked_bytes;
    off_t start;      /* where the input begins in the file (standard input may be in its middle) */
    uint64_t size;    /* bytes from start, 0: unknown */
    uint64_t raw;     /* raw bytes delivered in this pass */
    uint64_t fetched; /* raw bytes hashed so far: the furthest any pass came */
    uint64_t plain;   /* plain bytes delivered in this pass */
    struct rcx_hasher *hasher;
    const struct rcx_stream_codec *codec; /* NULL: not compressed */
    void *decoder;
    uint8_t *piece; /* compressed bytes, or the first bytes of a plain input */
    size_t piece_used, piece_length;
};

static enum rcx_status read_some(struct rcx_byte_source *source, int fd, uint64_t offset,
                                 uint8_t *buffer, size_t length, size_t *out_got,
                                 struct rcx_error *err)
{
    for (;;) {
        ssize_t got = source->pipe && fd == source->fd
                          ? read(fd, buffer, length)
                          : pread(fd, buffer, length, source->start + (off_t)offset);
        if (got >= 0) {
            *out_got = (size_t)got;
            return RCX_OK;
        }
        if (errno != EINTR)
            return rcx_fail_errno(err, errno, "%s: cannot read", source->name);
    }
}

/* The next raw bytes: from the spool when a pipe is read again, else from the input itself. */
static enum rcx_status read_raw(struct rcx_byte_source *source, uint8_t *buffer, size_t length,
                                size_t *out_got, struct rcx_error *err)
{
    bool again = source->raw < source->fetched;
    if (again && length > source->fetched - source->raw)
        length = (size_t)(source->fetched - source->raw);
    int fd = again && source->pipe ? source->spool : source->fd;
    size_t got = 0;
    enum rcx_status status = read_some(source, fd, source->raw, buffer, length, &got, err);
    if (status != RCX_OK)
        return status;
    if (again && got == 0)
        return rcx_fail(err, RCX_E_IO, "%s: became shorter while it was read", source->name);
    if (!again && got > 0) {
        rcx_hasher_update(source->hasher, buffer, got);
        if (source->pipe && source->spool >= 0) {
            status = rcx_temp_file_write(source->spool, buffer, got, source->fetched, source->name,
                                         err);
            if (status != RCX_OK)
                return status;
        }
        source->fetched += got;
    }
    source->raw += got;
    *out_got = got;
    return RCX_OK;
}

static enum rcx_status fill_piece(struct rcx_byte_source *source, struct rcx_error *err)
{
    source->piece_used = 0;
    source->piece_length = 0;
    return read_raw(source, source->piece, PIECE_BYTES, &source->piece_length, err);
}

static enum rcx_status read_plain(struct rcx_byte_source *source, uint8_t *buffer, size_t length,
                                  size_t *out_got, struct rcx_error *err)
{
    size_t held = source->piece_length - source->piece_used;
    if (held > 0) {
        size_t take = held < length ? held : length;
        memcpy(buffer, source->piece + source->piece_used, take);
        source->piece_used += take;
        *out_got = take;
        return RCX_OK;
    }
    return read_raw(source, buffer, length < PIECE_BYTES ? length : PIECE_BYTES, out_got, err);
}

static enum rcx_status read_compressed(struct rcx_byte_source *source, uint8_t *buffer,
                                       size_t length, size_t *out_got, struct rcx_error *err)
{
    *out_got = 0;
    for (;;) {
        size_t used = 0;
        enum rcx_status status = source->codec->decode(
            source->decoder, source->name, source->piece + source->piece_used,
            source->piece_length - source->piece_used, &used, buffer, length, out_got, err);
        if (status != RCX_OK)
            return status;
        source->piece_used += used;
        if (*out_got > 0)
            return RCX_OK;
        if (source->piece_used < source->piece_length)
            continue;
        status = fill_piece(source, err);
        if (status != RCX_OK)
            return status;
        if (source->piece_length == 0) {
            if (!source->codec->complete(source->decoder))
                return rcx_fail(err, RCX_E_INPUT, "%s: the %s file is cut off", source->name,
                                source->codec->name);
            return RCX_OK;
        }
    }
}

enum rcx_status rcx_byte_source_read(struct rcx_byte_source *source, uint8_t *buffer, size_t length,
                                     size_t *out_got, struct rcx_error *err)
{
    size_t filled = 0;
    while (filled < length) {
        size_t got = 0;
        enum rcx_status status =
            source->codec ? read_compressed(source, buffer + filled, length - filled, &got, err)
                          : read_plain(source, buffer + filled, length - filled, &got, err);
        if (status != RCX_OK)
            return status;
        if (got == 0)
            break;
        filled += got;
    }
    source->plain += filled;
    *out_got = filled;
    return RCX_OK;
}

static enum rcx_status skip_plain(struct rcx_byte_source *source, uint64_t count,
                                  struct rcx_error *err)
{
    uint8_t *scratch = rcx_malloc(PIECE_BYTES);
    if (!scratch)
        return rcx_fail_nomem(err, source->name, PIECE_BYTES);
    enum rcx_status status = RCX_OK;
    while (count > 0 && status == RCX_OK) {
        size_t got = 0;
        size_t want = count < PIECE_BYTES ? (size_t)count : PIECE_BYTES;
        status = rcx_byte_source_read(source, scratch, want, &got, err);
        if (status == RCX_OK && got == 0)
            status = rcx_fail(err, RCX_E_IO, "%s: became shorter while it was read", source->name);
        count -= got;
    }
    rcx_free(scratch);
    return status;
}

enum rcx_status rcx_byte_source_seek(struct rcx_byte_source *source, uint64_t position,
                                     struct rcx_error *err)
{
    if (source->pipe && source->spool < 0)
        return rcx_fail(err, RCX_E_IO, "%s: a pipe cannot be read again", source->name);
    source->piece_used = 0;
    source->piece_length = 0;
    source->raw = source->codec ? 0 : position;
    source->plain = source->raw;
    if (!source->codec)
        return RCX_OK;
    source->codec->reset(source->decoder);
    return skip_plain(source, position, err);
}

enum rcx_status rcx_byte_source_drain(struct rcx_byte_source *source, struct rcx_error *err)
{
    source->raw = source->fetched;
    enum rcx_status status = RCX_OK;
    do {
        status = fill_piece(source, err);
    } while (status == RCX_OK && source->piece_length > 0);
    return status;
}

/* Reads a compressed input to its end, into a temporary file. */
static enum rcx_status unpack(struct rcx_byte_source *source, struct rcx_error *err)
{
    if (!source->directory)
        return rcx_fail(err, RCX_E_IO,
                        "%s: a compressed file of this kind needs room for a "
                        "temporary file",
                        source->name);
    uint8_t *buffer = rcx_malloc(PIECE_BYTES);
    if (!buffer)
        return rcx_fail_nomem(err, source->name, PIECE_BYTES);
    enum rcx_status status = rcx_byte_source_seek(source, 0, err);
    if (status == RCX_OK)
        status = rcx_temp_file_open(source->directory, &source->unpacked, err);
    size_t got = PIECE_BYTES;
    while (status == RCX_OK && got == PIECE_BYTES) {
        status = rcx_byte_source_read(source, buffer, PIECE_BYTES, &got, err);
        if (status == RCX_OK)
            status = rcx_temp_file_write(source->unpacked, buffer, got, source->unpacked_bytes,
                                         source->name, err);
        source->unpacked_bytes += got;
    }
    rcx_free(buffer);
    return status;
}

enum rcx_status rcx_byte_source_file(struct rcx_byte_source *source, struct rcx_byte_file *out,
                                     struct rcx_error *err)
{
    enum rcx_status status = RCX_OK;
    if (source->codec) {
        if (source->unpacked < 0)
            status = unpack(source, err);
        *out = (struct rcx_byte_file){source->unpacked, 0, source->unpacked_bytes};
        return status;
    }
    if (!source->pipe) {
        *out = (struct rcx_byte_file){source->fd, (uint64_t)source->start, source->size};
        return RCX_OK;
    }
    if (source->spool < 0)
        return rcx_fail(err, RCX_E_IO,
                        "%s: a pipe with a file of this kind needs room for a temporary file",
                        source->name);
    status = rcx_byte_source_drain(source, err);
    *out = (struct rcx_byte_file){source->spool, 0, source->fetched};
    return status;
}

static enum rcx_status open_input(struct rcx_byte_source *source, const char *path,
                                  const char *spool_directory, struct rcx_error *err)
{
    if (strcmp(path, "-") == 0) {
        source->fd = STDIN_FILENO;
    } else {
        source->fd = open(path, O_RDONLY | O_CLOEXEC);
        if (source->fd < 0)
            return rcx_fail_errno(err, errno, "%s: cannot open", path);
        source->owns_fd = true;
    }
    struct stat info;
    if (fstat(source->fd, &info) != 0)
        return rcx_fail_errno(err, errno, "%s: cannot open", source->name);
    if (S_ISDIR(info.st_mode))
        return rcx_fail(err, RCX_E_IO, "%s: is a directory, not a file", source->name);
    off_t start = S_ISREG(info.st_mode) ? lseek(source->fd, 0, SEEK_CUR) : -1;
    if (start >= 0) {
        source->start = start;
        source->size = info.st_size > start ? (uint64_t)(info.st_size - start) : 0;
        (void)posix_fadvise(source->fd, start, 0, POSIX_FADV_SEQUENTIAL);
        return RCX_OK;
    }
    source->pipe = true;
    return spool_directory ? rcx_temp_file_open(spool_directory, &source->spool, err) : RCX_OK;
}

/* Looks at the first bytes; they stay in `piece` for the first read. */
static enum rcx_status detect(struct rcx_byte_source *source, struct rcx_error *err)
{
    while (source->piece_length < RCX_STREAM_CODEC_PROBE_BYTES) {
        size_t got = 0;
        enum rcx_status status = read_raw(source, source->piece + source->piece_length,
                                          PIECE_BYTES - source->piece_length, &got, err);
        if (status != RCX_OK)
            return status;
        if (got == 0)
            return RCX_OK;
        source->piece_length += got;
    }
    source->codec = rcx_stream_codec_detect(source->piece, source->piece_length);
    if (!source->codec)
        return RCX_OK;
    source->decoder = source->codec->open();
    return source->decoder ? RCX_OK : rcx_fail_nomem(err, source->name, 0);
}

enum rcx_status rcx_byte_source_open(const char *path, const char *spool_directory,
                                     struct rcx_byte_source **out, struct rcx_error *err)
{
    struct rcx_byte_source *source = rcx_calloc(1, sizeof *source);
    if (!source)
        return rcx_fail_nomem(err, path, sizeof *source);
    source->fd = -1;
    source->spool = -1;
    source->unpacked = -1;
    source->name = rcx_strdup(strcmp(path, "-") == 0 ? "standard input" : path);
    source->directory = spool_directory ? rcx_strdup(spool_directory) : NULL;
    source->piece = rcx_malloc(PIECE_BYTES);
    source->hasher = rcx_hasher_open();
    enum rcx_status status = RCX_OK;
    if (!source->name || !source->piece || !source->hasher ||
        (spool_directory && !source->directory))
        status = rcx_fail_nomem(err, path, PIECE_BYTES);
    if (status == RCX_OK)
        status = open_input(source, path, spool_directory, err);
    if (status == RCX_OK)
        status = detect(source, err);
    if (status != RCX_OK) {
        rcx_byte_source_close(source);
        return status;
    }
    *out = source;
    return RCX_OK;
}

void rcx_byte_source_close(struct rcx_byte_source *source)
{
    if (!source)
        return;
    if (source->owns_fd)
        close(source->fd);
    if (source->spool >= 0)
        close(source->spool);
    if (source->unpacked >= 0)
        close(source->unpacked);
    rcx_free(source->directory);
    if (source->codec)
        source->codec->close(source->decoder);
    rcx_hasher_close(source->hasher);
    rcx_free(source->piece);
    rcx_free(source->name);
    rcx_free(source);
}

struct rcx_digest rcx_byte_source_digest(const struct rcx_byte_source *source)
{
    return rcx_hasher_digest(source->hasher);
}

bool rcx_byte_source_compressed(const struct rcx_byte_source *source)
{
    return source->codec != NULL;
}

uint64_t rcx_byte_source_size(const struct rcx_byte_source *source)
{
    return source->size;
}

uint64_t rcx_byte_source_consumed(const struct rcx_byte_source *source)
{
    return source->raw;
}
