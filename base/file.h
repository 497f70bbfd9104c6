#pragma once
/* Files: whole reads, maps, atomic replacement, directories. Every error names the path. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/status.h"

/* A read-only memory map (or an owned copy for things that cannot be mapped). */
struct rcx_map {
    const uint8_t *data;
    size_t length;
};
enum rcx_status rcx_map_open(const char *path, struct rcx_map *out, struct rcx_error *err);
void rcx_map_close(struct rcx_map *map);
/* Tells the kernel that pages of [offset, offset + length) are not needed again soon. */
void rcx_map_drop(const struct rcx_map *map, size_t offset, size_t length);

enum rcx_status rcx_file_read(const char *path, struct rcx_buf *out, struct rcx_error *err);

/* Writes a file that appears under its name only when complete: data go to `<path>.tmp-<pid>-<n>`,
 * commit does fsync, rename and fsync of the directory; abort (or a crash) leaves nothing under the
 * name. Writes are buffered. "-" as path is standard output, and what exists but is no regular file
 * (a device such as /dev/null, a pipe) is written in place: nothing is renamed onto it. A symbolic
 * link stays; the file behind it is replaced. */
struct rcx_file_writer;
struct rcx_file_writer_options {
    bool no_sync; /* skip the fsyncs: for results that can be made again */
};
enum rcx_status rcx_file_writer_open(const char *path,
                                     const struct rcx_file_writer_options *options,
                                     struct rcx_file_writer **out, struct rcx_error *err);
enum rcx_status rcx_file_writer_write(struct rcx_file_writer *writer, const void *data,
                                      size_t length, struct rcx_error *err);
uint64_t rcx_file_writer_position(const struct rcx_file_writer *writer);
/* Both release the writer; commit that fails has removed the temporary file. abort accepts NULL. */
enum rcx_status rcx_file_writer_commit(struct rcx_file_writer *writer, struct rcx_error *err);
void rcx_file_writer_abort(struct rcx_file_writer *writer);
/* open + write + commit */
enum rcx_status rcx_file_replace(const char *path, const void *data, size_t length,
                                 const struct rcx_file_writer_options *options,
                                 struct rcx_error *err);

bool rcx_file_exists(const char *path);
bool rcx_directory_exists(const char *path);
enum rcx_status rcx_file_size(const char *path, uint64_t *out, struct rcx_error *err);
enum rcx_status rcx_directory_make(const char *path, struct rcx_error *err); /* with parents */
enum rcx_status rcx_directory_sync(const char *path, struct rcx_error *err);
/* fsync of a file that was written before. */
enum rcx_status rcx_file_sync(const char *path, struct rcx_error *err);
enum rcx_status rcx_file_remove(const char *path, struct rcx_error *err); /* missing is fine */
/* With the files in it; not one with directories in it. Missing is fine. */
enum rcx_status rcx_directory_remove(const char *path, struct rcx_error *err);
/* Names in a directory, sorted by byte order, without . and ..; free with rcx_names_release. */
struct rcx_names {
    char **names;
    size_t count;
    size_t capacity;
};
enum rcx_status rcx_directory_list(const char *path, struct rcx_names *out, struct rcx_error *err);
void rcx_names_release(struct rcx_names *names);
/* A new directory `<path>.tmp-<pid>-<n>` that nobody else may read; *out is its path, to be freed. */
enum rcx_status rcx_directory_make_temporary(const char *path, char **out, struct rcx_error *err);
/* Removes the temporary files and directories that processes that are no more left in a directory,
 * those whose names begin with `prefix` ("": all). What cannot be listed or removed stays. */
void rcx_directory_remove_leftovers(const char *path, const char *prefix);
/* "dir/name" into a malloc'ed text (NULL when out of memory). */
char *rcx_path_join(const char *directory, const char *name);
