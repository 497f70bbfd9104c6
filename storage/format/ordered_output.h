#pragma once
/* Blocks that are encoded in any order by several threads and written in their own order. Whoever
 * finishes the next block in line writes it and those behind it that are ready, so encoding and
 * writing overlap and about one block per thread is in memory.
 *
 * Threads: `put` from any number of threads; the rest from one. */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/status.h"

struct rcx_ordered_block {
    struct rcx_buf bytes; /* once written: empty memory for a later block */
    uint64_t offset;      /* where it begins in the file, known once written */
    bool ready;
};

struct rcx_ordered_output {
    struct rcx_file_writer *file; /* borrowed */
    struct rcx_ordered_block *blocks;
    size_t count;
    size_t next;   /* the first block that is not written yet */
    size_t reused; /* the first written block whose memory nobody took yet */
    bool failed;
    struct rcx_error error; /* why, when `failed` */
    pthread_mutex_t lock;
};

enum rcx_status rcx_ordered_init(struct rcx_ordered_output *output, struct rcx_file_writer *file,
                                 size_t count, struct rcx_error *err);
void rcx_ordered_release(struct rcx_ordered_output *output);
/* Hands over block `index`, once; takes `bytes` and gives back an empty buffer, which owns the memory
 * of a block already written when there is one.
 * Errors: RCX_E_IO, of this or an earlier block. */
enum rcx_status rcx_ordered_put(struct rcx_ordered_output *output, size_t index,
                                struct rcx_buf *bytes, struct rcx_error *err);
