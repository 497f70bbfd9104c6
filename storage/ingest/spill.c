#include "storage/ingest/spill.h"

#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/temp_file.h"

struct run {
    uint64_t begin, end; /* in rows from the start of the file */
};

struct rcx_spill {
    char *directory;
    int fd;
    struct run *runs;
    size_t run_count, run_capacity;
    uint64_t rows;
};

enum rcx_status rcx_spill_open(const char *directory, struct rcx_spill **out, struct rcx_error *err)
{
    struct rcx_spill *spill = rcx_calloc(1, sizeof *spill);
    if (!spill)
        return rcx_fail_nomem(err, "spill", sizeof *spill);
    spill->fd = -1;
    spill->directory = rcx_strdup(directory);
    enum rcx_status status = spill->directory ? rcx_temp_file_open(directory, &spill->fd, err)
                                              : rcx_fail_nomem(err, "spill", 0);
    if (status != RCX_OK) {
        rcx_spill_close(spill);
        return status;
    }
    *out = spill;
    return RCX_OK;
}

void rcx_spill_close(struct rcx_spill *spill)
{
    if (!spill)
        return;
    if (spill->fd >= 0)
        close(spill->fd);
    rcx_free(spill->runs);
    rcx_free(spill->directory);
    rcx_free(spill);
}

enum rcx_status rcx_spill_begin_run(struct rcx_spill *spill, struct rcx_error *err)
{
    if (!rcx_array_reserve(&spill->runs, &spill->run_capacity, spill->run_count + 1,
                           sizeof *spill->runs))
        return rcx_fail_nomem(err, "spill", spill->run_count);
    spill->runs[spill->run_count++] = (struct run){spill->rows, spill->rows};
    return RCX_OK;
}

enum rcx_status rcx_spill_append(void *context, struct rcx_row *rows, size_t count, bool last,
                                 size_t *out_consumed, struct rcx_error *err)
{
    struct rcx_spill *spill = context;
    (void)last;
    enum rcx_status status = rcx_temp_file_write(spill->fd, rows, count * sizeof *rows,
                                                 spill->rows * sizeof *rows, spill->directory, err);
    if (status != RCX_OK)
        return status;
    spill->rows += count;
    spill->runs[spill->run_count - 1].end = spill->rows;
    *out_consumed = count;
    return RCX_OK;
}

size_t rcx_spill_runs(const struct rcx_spill *spill)
{
    return spill->run_count;
}

uint64_t rcx_spill_bytes(const struct rcx_spill *spill)
{
    return spill->rows * sizeof(struct rcx_row);
}

/* Reads one run through a buffer. */
struct reader {
    struct rcx_row *rows;
    size_t at, count;
    uint64_t next, end; /* what has not been read yet */
};

struct merge {
    struct rcx_spill *spill;
    struct reader *readers;
    size_t buffer_rows;
    struct rcx_row *buffers;
    size_t *heap; /* readers, the one with the least row first */
    size_t heap_count;
    struct rcx_row *batch;
};

static enum rcx_status refill(struct merge *merge, struct reader *reader, struct rcx_error *err)
{
    uint64_t left = reader->end - reader->next;
    reader->at = 0;
    reader->count = left < merge->buffer_rows ? (size_t)left : merge->buffer_rows;
    if (reader->count == 0)
        return RCX_OK;
    enum rcx_status status = rcx_temp_file_read(
        merge->spill->fd, reader->rows, reader->count * sizeof *reader->rows,
        reader->next * sizeof *reader->rows, merge->spill->directory, err);
    reader->next += reader->count;
    return status;
}

static inline bool before(const struct merge *merge, size_t a, size_t b)
{
    const struct reader *left = &merge->readers[a], *right = &merge->readers[b];
    return rcx_row_compare(&left->rows[left->at], &right->rows[right->at]) < 0;
}

static void sift_down(struct merge *merge, size_t at)
{
    size_t moved = merge->heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= merge->heap_count)
            break;
        if (child + 1 < merge->heap_count &&
            before(merge, merge->heap[child + 1], merge->heap[child]))
            child++;
        if (!before(merge, merge->heap[child], moved))
            break;
        merge->heap[at] = merge->heap[child];
        at = child;
    }
    merge->heap[at] = moved;
}

static enum rcx_status start(struct merge *merge, struct rcx_error *err)
{
    const struct rcx_spill *spill = merge->spill;
    for (size_t i = 0; i < spill->run_count; i++) {
        struct reader *reader = &merge->readers[i];
        *reader = (struct reader){.rows = merge->buffers + i * merge->buffer_rows,
                                  .next = spill->runs[i].begin,
                                  .end = spill->runs[i].end};
        enum rcx_status status = refill(merge, reader, err);
        if (status != RCX_OK)
            return status;
        if (reader->count > 0)
            merge->heap[merge->heap_count++] = i;
    }
    for (size_t i = merge->heap_count; i > 0; i--)
        sift_down(merge, i - 1);
    return RCX_OK;
}

/* Moves rows to the batch, from `count` on, until it holds `most` or there are no more. */
static enum rcx_status fill(struct merge *merge, size_t *count, size_t most, struct rcx_error *err)
{
    while (*count < most && merge->heap_count > 0) {
        struct reader *reader = &merge->readers[merge->heap[0]];
        merge->batch[(*count)++] = reader->rows[reader->at++];
        if (reader->at == reader->count) {
            enum rcx_status status = refill(merge, reader, err);
            if (status != RCX_OK)
                return status;
            if (reader->count == 0)
                merge->heap[0] = merge->heap[--merge->heap_count];
        }
        if (merge->heap_count > 0)
            sift_down(merge, 0);
    }
    return RCX_OK;
}

static enum rcx_status drain(struct merge *merge, size_t batch_rows, size_t capacity,
                             rcx_row_sink *sink, void *context, struct rcx_error *err)
{
    size_t held = 0;
    bool last = false;
    while (!last) {
        size_t want = held + batch_rows < capacity ? held + batch_rows : capacity;
        size_t count = held, consumed = 0;
        enum rcx_status status = fill(merge, &count, want, err);
        if (status != RCX_OK)
            return status;
        last = merge->heap_count == 0;
        status = sink(context, merge->batch, count, last, &consumed, err);
        if (status != RCX_OK)
            return status;
        if (consumed == 0 && !last && count == capacity)
            return rcx_fail(err, RCX_E_INTERNAL, "merging runs: %zu rows were not taken", count);
        held = count - consumed;
        memmove(merge->batch, merge->batch + consumed, held * sizeof *merge->batch);
    }
    return RCX_OK;
}

enum rcx_status rcx_spill_merge(struct rcx_spill *spill, size_t batch_rows, size_t buffer_bytes,
                                rcx_row_sink *sink, void *context, struct rcx_error *err)
{
    size_t runs = spill->run_count ? spill->run_count : 1;
    size_t capacity = 2 * batch_rows;
    struct merge merge = {.spill = spill};
    merge.buffer_rows = buffer_bytes / runs / sizeof(struct rcx_row);
    if (merge.buffer_rows < 1024)
        merge.buffer_rows = 1024;
    merge.readers = rcx_malloc_array(runs, sizeof *merge.readers);
    merge.heap = rcx_malloc_array(runs, sizeof *merge.heap);
    merge.buffers = rcx_malloc_array(runs * merge.buffer_rows, sizeof *merge.buffers);
    merge.batch = rcx_malloc_array(capacity, sizeof *merge.batch);
    enum rcx_status status = RCX_OK;
    if (!merge.readers || !merge.heap || !merge.buffers || !merge.batch)
        status = rcx_fail_nomem(err, "merging runs", runs * merge.buffer_rows);
    if (status == RCX_OK)
        status = start(&merge, err);
    if (status == RCX_OK)
        status = drain(&merge, batch_rows, capacity, sink, context, err);
    rcx_free(merge.readers);
    rcx_free(merge.heap);
    rcx_free(merge.buffers);
    rcx_free(merge.batch);
    return status;
}
