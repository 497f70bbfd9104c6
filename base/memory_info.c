/* What the system says about memory: /proc and control groups, read without allocating. */
#include "base/memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SMALL_FILE_BYTES = 8192, PATH_BYTES = 4096 };

/* Reads the start of a small file as NUL-terminated text; false when it cannot be read. */
static bool read_small_file(const char *path, char out[SMALL_FILE_BYTES])
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    size_t length = 0;
    while (length < SMALL_FILE_BYTES - 1) {
        ssize_t got = read(descriptor, out + length, SMALL_FILE_BYTES - 1 - length);
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    close(descriptor);
    out[length] = '\0';
    return length > 0;
}

/* The digits at `text`; UINT64_MAX when there are none ("max") or too many. */
static uint64_t leading_number(const char *text)
{
    uint64_t value = 0;
    bool any = false;
    for (; *text >= '0' && *text <= '9'; text++, any = true)
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return UINT64_MAX;
    return any ? value : UINT64_MAX;
}

/* A line such as "VmHWM:     1234 kB" of a /proc file, in bytes; 0 when it is not there. */
static uint64_t proc_kilobytes(const char *path, const char *key)
{
    char text[SMALL_FILE_BYTES];
    if (!read_small_file(path, text))
        return 0;
    size_t key_length = strlen(key);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        if (*line == '\n')
            line++;
        if (strncmp(line, key, key_length) != 0 || line[key_length] != ':')
            continue;
        const char *digits = line + key_length + 1;
        digits += strspn(digits, " \t");
        uint64_t kilobytes = leading_number(digits);
        return kilobytes > UINT64_MAX / 1024 ? 0 : kilobytes * 1024;
    }
    return 0;
}

uint64_t rcx_memory_peak(void)
{
    return proc_kilobytes("/proc/self/status", "VmHWM");
}

uint64_t rcx_memory_resident(void)
{
    return proc_kilobytes("/proc/self/status", "VmRSS");
}

bool rcx_memory_peak_reset(void)
{
    int descriptor = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    bool written = write(descriptor, "5", 1) == 1; /* 5: proc(5) */
    close(descriptor);
    return written;
}

/* The lowest limit of the group and of its parents: a group may not exceed any of them. */
static uint64_t lowest_limit(const char *hierarchy, char *group, const char *file)
{
    uint64_t lowest = UINT64_MAX;
    for (;;) {
        char path[PATH_BYTES];
        char text[SMALL_FILE_BYTES];
        int length = snprintf(path, sizeof path, "%s%s/%s", hierarchy, group, file);
        if (length > 0 && (size_t)length < sizeof path && read_small_file(path, text)) {
            uint64_t limit = leading_number(text);
            lowest = limit < lowest ? limit : lowest;
        }
        char *slash = strrchr(group, '/');
        if (slash == NULL)
            return lowest;
        *slash = '\0';
    }
}

/* One line "id:controllers:/path" of /proc/self/cgroup; cuts it into its fields. */
static uint64_t line_limit(char *line, const char *mount)
{
    char *controllers = strchr(line, ':');
    if (controllers == NULL)
        return UINT64_MAX;
    *controllers++ = '\0';
    char *group = strchr(controllers, ':');
    if (group == NULL)
        return UINT64_MAX;
    *group++ = '\0';

    size_t length = strlen(group);
    if (length > 0 && group[length - 1] == '/') /* the root is the empty path */
        group[length - 1] = '\0';
    char hierarchy[PATH_BYTES];
    if (*controllers == '\0') /* version 2: one hierarchy for everything */
        return lowest_limit(mount, group, "memory.max");
    if (strcmp(controllers, "memory") != 0)
        return UINT64_MAX;
    int wanted = snprintf(hierarchy, sizeof hierarchy, "%s/memory", mount);
    if (wanted < 0 || (size_t)wanted >= sizeof hierarchy)
        return UINT64_MAX;
    return lowest_limit(hierarchy, group, "memory.limit_in_bytes");
}

uint64_t rcx_memory_cgroup_limit(const char *membership, const char *mount)
{
    char text[SMALL_FILE_BYTES];
    if (!read_small_file(membership, text))
        return UINT64_MAX;
    uint64_t lowest = UINT64_MAX;
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        uint64_t limit = line_limit(line, mount);
        lowest = limit < lowest ? limit : lowest;
    }
    return lowest;
}

uint64_t rcx_memory_physical(void)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    long page_bytes = sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page_bytes <= 0)
        return 0;
    uint64_t installed = (uint64_t)pages * (uint64_t)page_bytes;
    uint64_t limit = rcx_memory_cgroup_limit("/proc/self/cgroup", "/sys/fs/cgroup");
    return limit < installed ? limit : installed;
}
