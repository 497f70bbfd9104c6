#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

/* Large enough that a write is worth a system call, small enough to stay in the second-level cache.
 */
enum { BUFFER_BYTES = 256 * 1024 };

struct rcx_file_writer {
    int fd;
    bool in_place; /* standard output, a device, a pipe: written to as it is, nothing to rename */
    bool owns_fd;
    bool no_sync;
    char *path;
    char *temporary; /* NULL when in place */
    uint64_t position;
    size_t buffered;
    uint8_t buffer[BUFFER_BYTES];
};

/* Removes what was written and frees the writer. */
static void discard(struct rcx_file_writer *writer)
{
    if (writer->fd >= 0 && writer->owns_fd)
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

/* The file behind a symbolic link, as the kernel names it; false when `path` is no link (or there is
 * no /proc to ask). */
static bool follow_link(const char *path, char out[PATH_MAX])
{
    struct stat info;
    if (lstat(path, &info) != 0 || !S_ISLNK(info.st_mode))
        return false;
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return false;
    char name[32];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, out, PATH_MAX - 1);
    close(fd);
    out[length > 0 ? length : 0] = '\0';
    return length > 0;
}

/* What a rename onto `path` would destroy is not replaced: a device or a pipe (/dev/null, a FIFO) is
 * written in place, and a link keeps pointing where it did, the file behind it is replaced. */
static enum rcx_status open_target(struct rcx_file_writer *writer, const char *path,
                                   struct rcx_error *err)
{
    struct stat info;
    char resolved[PATH_MAX];
    bool exists = stat(path, &info) == 0;
    writer->in_place = exists && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
    bool follow = exists && !writer->in_place && follow_link(path, resolved);
    writer->path = rcx_strdup(follow ? resolved : path);
    if (!writer->path)
        return rcx_fail_nomem(err, path, strlen(path) + 1);
    writer->owns_fd = true;
    if (!writer->in_place)
        return open_temporary(writer, err);
    writer->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    return writer->fd >= 0 ? RCX_OK : rcx_fail_errno(err, errno, "%s: cannot open", path);
}

static enum rcx_status open_stdout(struct rcx_file_writer *writer, struct rcx_error *err)
{
    static const char name[] = "standard output";
    writer->in_place = true;
    writer->fd = STDOUT_FILENO;
    writer->path = rcx_strdup(name);
    return writer->path ? RCX_OK : rcx_fail_nomem(err, name, sizeof name);
}

enum rcx_status rcx_file_writer_open(const char *path,
                                     const struct rcx_file_writer_options *options,
                                     struct rcx_file_writer **out, struct rcx_error *err)
{
    struct rcx_file_writer *writer = rcx_malloc(sizeof *writer);
    if (!writer)
        return rcx_fail_nomem(err, path, sizeof *writer);
    writer->fd = -1;
    writer->in_place = false;
    writer->owns_fd = false;
    writer->no_sync = options && options->no_sync;
    writer->path = NULL;
    writer->temporary = NULL;
    writer->position = 0;
    writer->buffered = 0;
    enum rcx_status status = strcmp(path, "-") == 0 ? open_stdout(writer, err)
                                                    : open_target(writer, path, err);
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
    if (status != RCX_OK || writer->in_place) {
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

/* Whether a name is that of a temporary file whose writer is gone: "NAME.tmp-PID-SERIAL". */
static bool is_leftover(const char *name)
{
    static const char digits[] = "0123456789";
    const char *mark = strstr(name, ".tmp-");
    uint64_t pid = 0;
    if (!mark)
        return false;
    const char *number = mark + strlen(".tmp-");
    size_t length = strspn(number, digits);
    if (!rcx_parse_u64((struct rcx_text){number, length}, &pid) || pid == 0 || pid > INT_MAX)
        return false;
    const char *serial = number + length + 1;
    if (serial[-1] != '-' || *serial == '\0' || serial[strspn(serial, digits)] != '\0')
        return false;
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

void rcx_directory_remove_leftovers(const char *path, const char *prefix)
{
    struct rcx_names names = {0};
    if (rcx_directory_list(path, &names, NULL) != RCX_OK)
        return;
    for (size_t i = 0; i < names.count; i++) {
        bool ours = strncmp(names.names[i], prefix, strlen(prefix)) == 0;
        char *full = ours && is_leftover(names.names[i]) ? rcx_path_join(path, names.names[i])
                                                         : NULL;
        if (full && unlink(full) != 0)
            (void)rcx_directory_remove(full, NULL);
        rcx_free(full);
    }
    rcx_names_release(&names);
}
