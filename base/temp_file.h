#pragma once
/* A temporary file without a name: it is gone when it is closed, also by a crash. */
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Creates one on the file system of `directory`; *out_fd is open for reading and writing.
 * Errors: RCX_E_IO. */
enum rcx_status rcx_temp_file_open(const char *directory, int *out_fd, struct rcx_error *err);
/* Whole writes and reads at a position; `what` is for messages. Errors: RCX_E_IO. */
enum rcx_status rcx_temp_file_write(int fd, const void *bytes, size_t length, uint64_t position,
                                    const char *what, struct rcx_error *err);
enum rcx_status rcx_temp_file_read(int fd, void *out, size_t length, uint64_t position,
                                   const char *what, struct rcx_error *err);
