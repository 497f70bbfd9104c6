#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

enum { READ_STEP = 1 << 20 };

/* --- reading --------------------------------------------------------------------------------- */

/* The data pointer of an empty map: maps of length 0 do not exist. */
static const uint8_t no_bytes[1];

static enum rcx_status open_regular(const char *path, int *out_fd, struct stat *out_stat,
                                    struct rcx_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return rcx_fail_errno(err, errno, "%s: cannot open", path);
    if (fstat(fd, out_stat) != 0) {
        int problem = errno;
        close(fd);
        return rcx_fail_errno(err, problem, "%s: cannot stat", path);
    }
    if (S_ISDIR(out_stat->st_mode)) {
        close(fd);
        return rcx_fail_errno(err, EISDIR, "%s: cannot read", path);
    }
    *out_fd = fd;
    return RCX_OK;
}

enum rcx_status rcx_map_open(const char *path, struct rcx_map *out, struct rcx_error *err)
{
    int fd;
    struct stat info;
    enum rcx_status status = open_regular(path, &fd, &info, err);
    if (status != RCX_OK)
        return status;
    size_t length = (size_t)info.st_size;
    void *data = NULL;
    if (!S_ISREG(info.st_mode)) {
        status = rcx_fail(err, RCX_E_IO, "%s: not a regular file, cannot be mapped", path);
    } else if (length > 0) {
        data = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0);
        if (data == MAP_FAILED)
            status = rcx_fail_errno(err, errno, "%s: cannot map %zu bytes", path, length);
    }
    close(fd);
    if (status == RCX_OK)
        *out = (struct rcx_map){length ? data : no_bytes, length};
    return status;
}

void rcx_map_close(struct rcx_map *map)
{
    if (!map)
        return;
    if (map->length > 0)
        munmap((void *)(uintptr_t)map->data, map->length);
    *map = (struct rcx_map){0};
}

void rcx_map_drop(const struct rcx_map *map, size_t offset, size_t length)
{
    if (offset >= map->length)
        return;
    if (length > map->length - offset)
        length = map->length - offset;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t start = (offset + page - 1) / page * page;
    size_t end = (offset + length) / page * page;
    if (start < end)
        madvise((void *)(uintptr_t)(map->data + start), end - start, MADV_DONTNEED);
}

/* Reads to the end whatever kind of file it is; the size is only a hint. */
static enum rcx_status read_all(int fd, const char *path, size_t size_hint, struct rcx_buf *out,
                                struct rcx_error *err)
{
    size_t step = size_hint ? size_hint + 1 : READ_STEP;
    for (;;) {
        if (!rcx_buf_reserve(out, step))
            return rcx_fail_nomem(err, path, step);
        ssize_t got = read(fd, out->data + out->length, step);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return rcx_fail_errno(err, errno, "%s: cannot read", path);
        if (got == 0)
            return RCX_OK;
        out->length += (size_t)got;
        step = READ_STEP;
    }
}

enum rcx_status rcx_file_read(const char *path, struct rcx_buf *out, struct rcx_error *err)
{
    int fd;
    struct stat info;
    enum rcx_status status = open_regular(path, &fd, &info, err);
    if (status != RCX_OK)
        return status;
    struct rcx_buf content = {0};
    status = read_all(fd, path, info.st_size > 0 ? (size_t)info.st_size : 0, &content, err);
    close(fd);
    if (status == RCX_OK) {
        rcx_buf_release(out);
        *out = content;
    } else {
        rcx_buf_release(&content);
    }
    return status;
}

bool rcx_file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

enum rcx_status rcx_file_size(const char *path, uint64_t *out, struct rcx_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return rcx_fail_errno(err, errno, "%s: cannot stat", path);
    *out = (uint64_t)info.st_size;
    return RCX_OK;
}

enum rcx_status rcx_file_remove(const char *path, struct rcx_error *err)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return rcx_fail_errno(err, errno, "%s: cannot remove", path);
    return RCX_OK;
}

enum rcx_status rcx_file_sync(const char *path, struct rcx_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum rcx_status status = RCX_OK;

    if (fd < 0 || fsync(fd) != 0)
        status = rcx_fail_errno(err, errno, "%s: cannot sync", path);
    if (fd >= 0)
        close(fd);
    return status;
}
