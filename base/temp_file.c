#include "base/temp_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

enum rcx_status rcx_temp_file_open(const char *directory, int *out_fd, struct rcx_error *err)
{
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        /* Not every file system knows O_TMPFILE. */
        size_t room = strlen(directory) + 32;
        char *name = rcx_malloc(room);
        if (!name)
            return rcx_fail_nomem(err, directory, room);
        snprintf(name, room, "%s/rcx.tmp-XXXXXX", directory);
        fd = mkostemp(name, O_CLOEXEC);
        if (fd >= 0)
            unlink(name);
        rcx_free(name);
    }
    if (fd < 0)
        return rcx_fail_errno(err, errno, "%s: cannot create a temporary file", directory);
    *out_fd = fd;
    return RCX_OK;
}

enum rcx_status rcx_temp_file_write(int fd, const void *bytes, size_t length, uint64_t position,
                                    const char *what, struct rcx_error *err)
{
    const char *at = bytes;
    while (length > 0) {
        ssize_t put = pwrite(fd, at, length, (off_t)position);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return rcx_fail_errno(err, put < 0 ? errno : ENOSPC,
                                  "%s: cannot write a temporary file", what);
        at += put;
        position += (uint64_t)put;
        length -= (size_t)put;
    }
    return RCX_OK;
}

enum rcx_status rcx_temp_file_read(int fd, void *out, size_t length, uint64_t position,
                                   const char *what, struct rcx_error *err)
{
    char *at = out;
    while (length > 0) {
        ssize_t got = pread(fd, at, length, (off_t)position);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return rcx_fail_errno(err, got < 0 ? errno : EIO, "%s: cannot read a temporary file",
                                  what);
        at += got;
        position += (uint64_t)got;
        length -= (size_t)got;
    }
    return RCX_OK;
}
