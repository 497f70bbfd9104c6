/* Segment, dictionary and manifest files whose checksums are right and whose content is anything: the
 * input is the part that a checksum covers, chosen by its first byte. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "storage/store/dictionary_file.h"
#include "storage/store/scan_columns.h"
#include "storage/store/segment_layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_digest(struct rcx_buf *out)
{
    struct rcx_digest digest = rcx_hash128(out->data, out->length);

    rcx_buf_append_u64(out, digest.low);
    rcx_buf_append_u64(out, digest.high);
}

static void write_file(const char *path, const struct rcx_buf *bytes)
{
    FILE *file = fopen(path, "wb");

    if (!file || fwrite(bytes->data, 1, bytes->length, file) != bytes->length || fclose(file) != 0)
        abort();
}

/* data: two bytes for the number of chunk bytes, these, then the footer. */
static void try_segment(const char *path, const uint8_t *data, size_t size)
{
    struct rcx_buf covered = {0}, file = {0};
    struct rcx_segment segment;

    if (size < 2)
        return;
    size_t split = (size_t)(data[0] | data[1] << 8) % (size - 1);
    const uint8_t *chunks = data + 2, *footer = chunks + split;
    size_t footer_bytes = size - 2 - split;

    rcx_buf_append(&covered, RCX_SEGMENT_MAGIC, 8);
    rcx_buf_append_u32(&covered, RCX_SEGMENT_FORMAT);
    rcx_buf_append_u32(&covered, 0);
    rcx_buf_append(&file, covered.data, covered.length);
    rcx_buf_append(&covered, footer, footer_bytes);
    rcx_buf_append_u64(&covered, footer_bytes);
    rcx_buf_append(&file, chunks, split);
    rcx_buf_append(&file, covered.data + RCX_SEGMENT_HEADER_BYTES,
                   covered.length - RCX_SEGMENT_HEADER_BYTES);
    struct rcx_digest digest = rcx_hash128(covered.data, covered.length);
    rcx_buf_append_u64(&file, digest.low);
    rcx_buf_append_u64(&file, digest.high);
    rcx_buf_append(&file, RCX_SEGMENT_END_MAGIC, 8);
    write_file(path, &file);
    if (rcx_segment_open(path, &segment, NULL) == RCX_OK) {
        const struct rcx_code_limits limits = {100, 100, 100, 100, 0};
        struct rcx_chunk_reader reader = {0};
        struct rcx_columns columns = {0};

        for (size_t c = 0; c < segment.chunk_count && c < 4; c++)
            (void)rcx_columns_read(&columns, &segment, c, c + 1, RCX_SCAN_ALL, &limits, &reader,
                                   NULL);
        rcx_columns_release(&columns);
        rcx_chunk_reader_release(&reader);
        rcx_segment_close(&segment);
    }
    rcx_buf_release(&covered);
    rcx_buf_release(&file);
}

static void try_dictionary(const char *path, const uint8_t *data, size_t size)
{
    struct rcx_buf file = {0};
    struct rcx_text_list list = {.count = 1};
    struct rcx_manifest_dictionary entry = {.count = size ? data[0] : 0};

    rcx_buf_append(&file, "RCXDICT\n", 8);
    rcx_buf_append_u32(&file, 1);
    rcx_buf_append_varint(&file, entry.count);
    if (size > 1)
        rcx_buf_append(&file, data + 1, size - 1);
    entry.digest = rcx_hash128(file.data, file.length);
    put_digest(&file);
    entry.bytes = file.length;
    write_file(path, &file);
    (void)rcx_dictionary_file_read(path, &entry, &list, NULL);
    rcx_text_list_release(&list);
    rcx_buf_release(&file);
}

static void try_manifest(const char *path, const uint8_t *data, size_t size)
{
    struct rcx_buf file = {0};
    struct rcx_manifest manifest;

    rcx_buf_append(&file, "RCXMANI\n", 8);
    rcx_buf_append_u32(&file, RCX_MANIFEST_FORMAT);
    rcx_buf_append(&file, data, size);
    put_digest(&file);
    write_file(path, &file);
    if (rcx_manifest_read(path, &manifest, NULL) == RCX_OK)
        rcx_manifest_release(&manifest);
    rcx_buf_release(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];

    if (size == 0)
        return 0;
    snprintf(path, sizeof path, "/dev/shm/rcx-fuzz-%ld", (long)getpid());
    if (data[0] % 3 == 0)
        try_segment(path, data + 1, size - 1);
    else if (data[0] % 3 == 1)
        try_dictionary(path, data + 1, size - 1);
    else
        try_manifest(path, data + 1, size - 1);
    unlink(path);
    return 0;
}
