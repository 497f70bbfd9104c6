#include "storage/format/ordered_output.h"

#include "base/memory.h"

enum rcx_status rcx_ordered_init(struct rcx_ordered_output *output, struct rcx_file_writer *file,
                                 size_t count, struct rcx_error *err)
{
    *output = (struct rcx_ordered_output){.file = file, .count = count};
    output->blocks = rcx_calloc(count ? count : 1, sizeof *output->blocks);
    if (!output->blocks)
        return rcx_fail_nomem(err, "blocks to write", count * sizeof *output->blocks);
    pthread_mutex_init(&output->lock, NULL);
    return RCX_OK;
}

void rcx_ordered_release(struct rcx_ordered_output *output)
{
    if (!output->blocks)
        return;
    for (size_t i = 0; i < output->count; i++)
        rcx_buf_release(&output->blocks[i].bytes);
    rcx_free(output->blocks);
    pthread_mutex_destroy(&output->lock);
    *output = (struct rcx_ordered_output){0};
}

static void write_ready(struct rcx_ordered_output *output)
{
    while (!output->failed && output->next < output->count && output->blocks[output->next].ready) {
        struct rcx_ordered_block *block = &output->blocks[output->next++];
        block->offset = rcx_file_writer_position(output->file);
        output->failed = rcx_file_writer_write(output->file, block->bytes.data, block->bytes.length,
                                               &output->error) != RCX_OK;
        rcx_buf_clear(&block->bytes);
    }
}

enum rcx_status rcx_ordered_put(struct rcx_ordered_output *output, size_t index,
                                struct rcx_buf *bytes, struct rcx_error *err)
{
    pthread_mutex_lock(&output->lock);
    output->blocks[index].bytes = *bytes;
    output->blocks[index].ready = true;
    *bytes = (struct rcx_buf){0};
    write_ready(output);
    if (output->reused < output->next) {
        struct rcx_buf *spare = &output->blocks[output->reused++].bytes;
        *bytes = *spare;
        *spare = (struct rcx_buf){0};
    }
    enum rcx_status status = output->failed
                                 ? rcx_fail(err, output->error.status, "%s", output->error.text)
                                 : RCX_OK;
    pthread_mutex_unlock(&output->lock);
    return status;
}
