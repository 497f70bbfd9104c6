/* Workbooks of any bytes: a zip file ("PK...") is read to its end in windows of two sizes, with the same
 * records or the same refusal; anything else is taken as the rows of a sheet, which scanner and expat
 * must agree on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "storage/format/source.h"
#include "tests/support/sheet_pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

struct outcome {
    enum rcx_status status;
    uint64_t records;
    struct rcx_digest digest; /* of all fields */
};

static struct outcome read_all(const char *path, size_t window_bytes)
{
    const struct rcx_source_options options = {
        .window_bytes = window_bytes, .chunk_bytes = window_bytes / 4, .max_record_bytes = 4096};
    const struct rcx_parallel parallel = {1};
    struct outcome outcome = {0};
    struct rcx_source *source = NULL;
    struct rcx_hasher *hasher = rcx_hasher_open();
    outcome.status = rcx_source_open(path, &options, &source, NULL);
    for (bool end = outcome.status != RCX_OK; !end;) {
        struct rcx_source_window window = {0};
        outcome.status = rcx_source_next(source, &parallel, &window, NULL);
        end = outcome.status != RCX_OK || window.chunk_count == 0;
        for (size_t c = 0; c < window.chunk_count; c++) {
            const struct rcx_source_chunk *chunk = &window.chunks[c];
            outcome.records += chunk->records;
            for (size_t k = 0; k < chunk->record_ends[chunk->records - 1]; k++) {
                struct rcx_text text = rcx_chunk_field(chunk, k);
                rcx_hasher_update(hasher, text.data, text.length);
                rcx_hasher_update(hasher, "\t", 1);
            }
        }
    }
    outcome.digest = rcx_hasher_digest(hasher);
    rcx_hasher_close(hasher);
    rcx_source_close(source);
    return outcome;
}

static void check_workbook(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("workbook", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct outcome coarse = read_all(path, 1 << 20), fine = read_all(path, 4096);
    require(coarse.status == fine.status);
    if (coarse.status == RCX_OK)
        require(coarse.records == fine.records &&
                rcx_digest_compare(coarse.digest, fine.digest) == 0);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t records = 0;
    if (size > 100000)
        return 0;
    if (size >= 4 && memcmp(data, "PK\003\004", 4) == 0) {
        check_workbook(data, size);
        return 0;
    }
    enum sheet_pair pair = sheet_pair_read(data, size, &records);
    require(pair == SHEET_PAIR_SAME || pair == SHEET_PAIR_LEFT);
    return 0;
}
