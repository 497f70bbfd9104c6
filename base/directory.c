#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

bool rcx_directory_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static enum rcx_status make_one(const char *path, struct rcx_error *err)
{
    if (mkdir(path, 0777) == 0)
        return RCX_OK;
    int problem = errno;
    /* Another process may have made it meanwhile; a file of that name is an error. */
    if (problem == EEXIST && rcx_directory_exists(path))
        return RCX_OK;
    return rcx_fail_errno(err, problem, "%s: cannot make directory", path);
}

enum rcx_status rcx_directory_make(const char *path, struct rcx_error *err)
{
    if (rcx_directory_exists(path))
        return RCX_OK;
    char *prefix = rcx_strdup(path);
    if (!prefix)
        return rcx_fail_nomem(err, path, strlen(path) + 1);
    enum rcx_status status = RCX_OK;
    for (char *p = prefix + 1; *prefix && *p && status == RCX_OK; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (!rcx_directory_exists(prefix))
            status = make_one(prefix, err);
        *p = '/';
    }
    rcx_free(prefix);
    return status == RCX_OK ? make_one(path, err) : status;
}

enum rcx_status rcx_directory_sync(const char *path, struct rcx_error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return rcx_fail_errno(err, errno, "%s: cannot open directory", path);
    enum rcx_status status = RCX_OK;
    /* Some file systems cannot sync a directory and say EINVAL; they have nothing to sync. */
    if (fsync(fd) != 0 && errno != EINVAL)
        status = rcx_fail_errno(err, errno, "%s: cannot sync directory", path);
    close(fd);
    return status;
}

void rcx_names_release(struct rcx_names *names)
{
    if (!names)
        return;
    for (size_t i = 0; i < names->count; i++)
        rcx_free(names->names[i]);
    rcx_free(names->names);
    *names = (struct rcx_names){0};
}

static bool append_name(struct rcx_names *names, const char *name)
{
    if (!rcx_array_reserve(&names->names, &names->capacity, names->count + 1, sizeof *names->names))
        return false;
    char *copy = rcx_strdup(name);
    if (!copy)
        return false;
    names->names[names->count++] = copy;
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum rcx_status rcx_directory_list(const char *path, struct rcx_names *out, struct rcx_error *err)
{
    DIR *directory = opendir(path);
    if (!directory)
        return rcx_fail_errno(err, errno, "%s: cannot list directory", path);
    struct rcx_names names = {0};
    enum rcx_status status = RCX_OK;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (!entry) {
            if (errno != 0)
                status = rcx_fail_errno(err, errno, "%s: cannot list directory", path);
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (!append_name(&names, entry->d_name)) {
            status = rcx_fail_nomem(err, path, strlen(entry->d_name) + 1);
            break;
        }
    }
    closedir(directory);
    if (status != RCX_OK) {
        rcx_names_release(&names);
        return status;
    }
    if (names.count > 1)
        qsort(names.names, names.count, sizeof *names.names, compare_names);
    *out = names;
    return RCX_OK;
}

enum rcx_status rcx_directory_make_temporary(const char *path, char **out, struct rcx_error *err)
{
    enum { SERIALS = 1000, SUFFIX_BYTES = 48 };
    size_t bytes = strlen(path) + SUFFIX_BYTES;
    char *name = rcx_malloc(bytes);
    if (!name)
        return rcx_fail_nomem(err, path, bytes);
    int problem = EEXIST;
    for (int serial = 0; serial < SERIALS && problem == EEXIST; serial++) {
        snprintf(name, bytes, "%s.tmp-%ld-%d", path, (long)getpid(), serial);
        problem = mkdir(name, 0700) == 0 ? 0 : errno;
    }
    if (problem != 0) {
        enum rcx_status status = rcx_fail_errno(err, problem, "%s: cannot make directory", name);
        rcx_free(name);
        return status;
    }
    *out = name;
    return RCX_OK;
}

enum rcx_status rcx_directory_remove(const char *path, struct rcx_error *err)
{
    struct rcx_names names = {0};
    enum rcx_status status = RCX_OK;
    if (!rcx_directory_exists(path))
        return RCX_OK;
    status = rcx_directory_list(path, &names, err);
    for (size_t i = 0; i < names.count && status == RCX_OK; i++) {
        char *full = rcx_path_join(path, names.names[i]);
        status = full ? rcx_file_remove(full, err)
                      : rcx_fail_nomem(err, path, strlen(names.names[i]));
        rcx_free(full);
    }
    rcx_names_release(&names);
    if (status == RCX_OK && rmdir(path) != 0)
        status = rcx_fail_errno(err, errno, "%s: cannot remove directory", path);
    return status;
}

char *rcx_path_join(const char *directory, const char *name)
{
    size_t length = strlen(directory);
    size_t name_length = strlen(name);
    bool slash = length > 0 && directory[length - 1] != '/';
    char *path = rcx_malloc(length + slash + name_length + 1);
    if (!path)
        return NULL;
    memcpy(path, directory, length);
    if (slash)
        path[length] = '/';
    memcpy(path + length + slash, name, name_length + 1);
    return path;
}
