#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

/* Large enough that a write is worth a system call, small enough to stay in the second-level cache.
 */
enum { BUFFER_BYTES = 256 * 1024 };

struct rcx_file_writer {
    int fd;
    bool is_stdout;
    bool no_sync;
    char *path;
    char *temporary; /* NULL for standard output */
    uint64_t position;
    size_t buffered;
    uint8_t buffer[BUFFER_BYTES];
};

/* Removes what was written and frees the writer. */
static void discard(struct rcx_file_writer *writer)
{
    if (writer->fd >= 0 && !writer->is_stdout)
        close(writer->fd);
    if (writer->temporary && writer->fd >= 0)
        unlink(writer->temporary);
    rcx_free(writer->temporary);
    rcx_free(writer->path);
    rcx_free(writer);
}

/* A number that no other writer of this process uses for its temporary name. */
static unsigned next_serial(void)
{
    static atomic_uint serial;
    return atomic_fetch_add_explicit(&serial, 1, memory_order_relaxed);
}

static enum rcx_status open_temporary(struct rcx_file_writer *writer, struct rcx_error *err)
{
    size_t room = strlen(writer->path) + 48;
    writer->temporary = rcx_malloc(room);
    if (!writer->temporary)
        return rcx_fail_nomem(err, writer->path, room);
    /* A leftover of a crashed process with the same number is skipped, never overwritten. */
    for (unsigned attempt = 0; attempt < 1000; attempt++) {
        snprintf(writer->temporary, room, "%s.tmp-%ld-%u", writer->path, (long)getpid(),
                 next_serial());
        writer->fd = open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (writer->fd >= 0)
            return RCX_OK;
        if (errno != EEXIST)
            break;
    }
    return rcx_fail_errno(err, errno, "%s: cannot create", writer->path);
}

enum rcx_status rcx_file_writer_open(const char *path,
                                     const struct rcx_file_writer_options *options,
                                     struct rcx_file_writer **out, struct rcx_error *err)
{
    struct rcx_file_writer *writer = rcx_malloc(sizeof *writer);
    if (!writer)
        return rcx_fail_nomem(err, path, sizeof *writer);
    writer->fd = -1;
    writer->is_stdout = strcmp(path, "-") == 0;
    writer->no_sync = options && options->no_sync;
    writer->temporary = NULL;
    writer->position = 0;
    writer->buffered = 0;
    writer->path = rcx_strdup(writer->is_stdout ? "standard output" : path);
    enum rcx_status status = RCX_OK;
    if (!writer->path)
        status = rcx_fail_nomem(err, path, strlen(path) + 1);
    else if (writer->is_stdout)
        writer->fd = STDOUT_FILENO;
    else
        status = open_temporary(writer, err);
    if (status != RCX_OK)
        discard(writer);
    else
        *out = writer;
    return status;
}

static enum rcx_status write_fully(struct rcx_file_writer *writer, const uint8_t *data,
                                   size_t length, struct rcx_error *err)
{
    while (length > 0) {
        ssize_t put = write(writer->fd, data, length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return rcx_fail_errno(err, errno, "%s: cannot write", writer->path);
        data += put;
        length -= (size_t)put;
    }
    return RCX_OK;
}

static enum rcx_status flush(struct rcx_file_writer *writer, struct rcx_error *err)
{
    size_t length = writer->buffered;
    writer->buffered = 0;
    return write_fully(writer, writer->buffer, length, err);
}

enum rcx_status rcx_file_writer_write(struct rcx_file_writer *writer, const void *data,
                                      size_t length, struct rcx_error *err)
{
    if (length > BUFFER_BYTES - writer->buffered) {
        enum rcx_status status = flush(writer, err);
        if (status == RCX_OK && length >= BUFFER_BYTES) {
            status = write_fully(writer, data, length, err);
            if (status == RCX_OK)
                writer->position += length;
            return status;
        }
        if (status != RCX_OK)
            return status;
    }
    if (length > 0)
        memcpy(writer->buffer + writer->buffered, data, length);
    writer->buffered += length;
    writer->position += length;
    return RCX_OK;
}

uint64_t rcx_file_writer_position(const struct rcx_file_writer *writer)
{
    return writer->position;
}

static enum rcx_status sync_parent(const char *path, struct rcx_error *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return rcx_directory_sync(".", err);
    size_t length = slash == path ? 1 : (size_t)(slash - path);
    char *directory = rcx_strndup(path, length);
    if (!directory)
        return rcx_fail_nomem(err, path, length + 1);
    enum rcx_status status = rcx_directory_sync(directory, err);
    rcx_free(directory);
    return status;
}

enum rcx_status rcx_file_writer_commit(struct rcx_file_writer *writer, struct rcx_error *err)
{
    enum rcx_status status = flush(writer, err);
    if (status != RCX_OK || writer->is_stdout) {
        discard(writer);
        return status;
    }
    bool sync = !writer->no_sync;
    if (sync && fsync(writer->fd) != 0) {
        status = rcx_fail_errno(err, errno, "%s: cannot sync", writer->path);
        discard(writer);
        return status;
    }
    if (rename(writer->temporary, writer->path) != 0) {
        status = rcx_fail_errno(err, errno, "%s: cannot rename %s to it", writer->path,
                                writer->temporary);
        discard(writer);
        return status;
    }
    /* The temporary name is gone; from here on nothing may be removed. */
    rcx_free(writer->temporary);
    writer->temporary = NULL;
    if (close(writer->fd) != 0)
        status = rcx_fail_errno(err, errno, "%s: cannot close", writer->path);
    writer->fd = -1;
    if (status == RCX_OK && sync)
        status = sync_parent(writer->path, err);
    discard(writer);
    return status;
}

void rcx_file_writer_abort(struct rcx_file_writer *writer)
{
    if (writer)
        discard(writer);
}

enum rcx_status rcx_file_replace(const char *path, const void *data, size_t length,
                                 const struct rcx_file_writer_options *options,
                                 struct rcx_error *err)
{
    struct rcx_file_writer *writer;
    enum rcx_status status = rcx_file_writer_open(path, options, &writer, err);
    if (status != RCX_OK)
        return status;
    status = rcx_file_writer_write(writer, data, length, err);
    if (status != RCX_OK) {
        rcx_file_writer_abort(writer);
        return status;
    }
    return rcx_file_writer_commit(writer, err);
}
