#include "storage/store/store_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

static enum rcx_status fail_busy(int descriptor, const char *directory, struct rcx_error *err)
{
    const struct timespec moment = {.tv_nsec = 2000000};
    char holder[128];
    ssize_t length = pread(descriptor, holder, sizeof holder - 1, 0);

    /* between taking the lock and saying so the holder may be interrupted for a while */
    for (unsigned tries = 0; length == 0 && tries < 250; tries++) {
        nanosleep(&moment, NULL);
        length = pread(descriptor, holder, sizeof holder - 1, 0);
    }
    holder[length > 0 ? length : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    return rcx_fail(err, RCX_E_BUSY, "%s: another writer is at work (%s); wait for it to end",
                    directory, holder[0] ? holder : "unknown process");
}

/* Whether `path` still names the open file: a writer that gave up a new store removes its lock file. */
static bool is_in_place(int descriptor, const char *path)
{
    struct stat opened, named;

    return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0 &&
           opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

static enum rcx_status lock_file(const char *path, const char *directory, int *out_descriptor,
                                 struct rcx_error *err)
{
    for (;;) {
        int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

        if (descriptor < 0)
            return rcx_fail_errno(err, errno, "%s: cannot open the lock file", path);
        if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
            enum rcx_status status = errno == EWOULDBLOCK
                                         ? fail_busy(descriptor, directory, err)
                                         : rcx_fail_errno(err, errno, "%s: cannot lock", path);

            close(descriptor);
            return status;
        }
        if (is_in_place(descriptor, path)) {
            *out_descriptor = descriptor;
            return RCX_OK;
        }
        close(descriptor);
    }
}

enum rcx_status rcx_store_lock(const char *directory, int *out_descriptor, struct rcx_error *err)
{
    char line[128], since[64];
    time_t now = time(NULL);
    struct tm parts;
    char *path = rcx_path_join(directory, "LOCK");
    int descriptor = -1;
    enum rcx_status status = path ? lock_file(path, directory, &descriptor, err)
                                  : rcx_fail_nomem(err, directory, 0);

    rcx_free(path);
    if (status != RCX_OK)
        return status;
    localtime_r(&now, &parts);
    strftime(since, sizeof since, "%Y-%m-%d %H:%M:%S", &parts);
    int length = snprintf(line, sizeof line, "pid %ld since %s\n", (long)getpid(), since);
    /* the text only helps people; a full disk must not stop a reader of it */
    if (ftruncate(descriptor, 0) == 0 && pwrite(descriptor, line, (size_t)length, 0) < 0)
        errno = 0;
    *out_descriptor = descriptor;
    return RCX_OK;
}

void rcx_store_unlock(int descriptor)
{
    if (descriptor < 0)
        return;
    if (ftruncate(descriptor, 0) != 0) /* the next holder's name must not be ours for a moment */
        errno = 0;
    close(descriptor);
}
