/* A CSV file of any bytes: cut finely or not at all, it gives the same records, and ingest the same
 * rows, the same rejects or the same refusal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "config/settings.h"
#include "storage/format/csv_record.h"
#include "storage/format/csv_window.h"
#include "storage/ingest/ingest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* Chunks of 64 bytes against one byte at a time. */
static void check_window(const uint8_t *data, size_t size)
{
    struct rcx_csv_window window = {.delimiter = ',', .column_count = 3};
    struct rcx_parallel parallel = {1};
    size_t rest = 0, at = 0;
    uint64_t line = 0;
    require(rcx_csv_window_scan(&window, data, 0, size, 64, 1, &parallel, &rest, &line, NULL) ==
            RCX_OK);
    for (size_t c = 0; c < window.chunk_count; c++) {
        const struct rcx_source_chunk *chunk = &window.chunks[c];
        size_t fields = 0;
        for (size_t r = 0; r < chunk->records; r++) {
            enum rcx_csv_state state = RCX_CSV_FIELD_START;
            at = rcx_csv_record_end(data, at, size, ',', &state, &fields);
            require(fields == chunk->record_ends[r]);
            require(at == (size_t)chunk->field_ends[fields - 1] + 1);
        }
    }
    require(at == rest || (window.chunk_count == 0 && (rest == 0 || size == 0)));
    enum rcx_csv_state state = RCX_CSV_FIELD_START;
    require(rcx_csv_record_end(data, rest, size, ',', &state, NULL) == SIZE_MAX);
    rcx_csv_window_release(&window);
}

static void remove_directory(const char *path)
{
    struct rcx_names names = {0};
    if (rcx_directory_list(path, &names, NULL) != RCX_OK)
        return;
    for (size_t i = 0; i < names.count; i++) {
        char *file = rcx_path_join(path, names.names[i]);
        (void)rcx_file_remove(file, NULL);
        rcx_free(file);
    }
    rcx_names_release(&names);
    (void)rmdir(path);
}

struct outcome {
    enum rcx_status status;
    uint64_t accepted, rejected;
    struct rcx_digest digest;
};

static struct outcome ingest(const struct rcx_cfg_ingest *config, const char *path,
                             struct rcx_ingest_options options)
{
    char store[96], rejects[96];
    (void)snprintf(store, sizeof store, "%s.store", path);
    (void)snprintf(rejects, sizeof rejects, "%s.rejects", path);
    const char *inputs[] = {path};
    options.inputs = inputs;
    options.input_count = 1;
    options.store = store;
    options.rejects = rejects;
    options.no_sync = true;
    options.zstd_level = 1;
    options.parallel.threads = 1;
    struct rcx_ingest_report report;
    struct outcome outcome = {.status = rcx_ingest(config, &options, &report, NULL)};
    outcome.accepted = report.accepted;
    outcome.rejected = report.rejected;
    outcome.digest = report.store.digest;
    rcx_ingest_report_release(&report);
    remove_directory(store);
    (void)unlink(rejects);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rcx_settings *settings;
    const struct rcx_config_sources sources = {0};
    if (!settings)
        require(rcx_settings_load(&sources, &settings, NULL) == RCX_OK);
    check_window(data, size);

    struct rcx_cfg_ingest config = rcx_settings_config(settings)->ingest;
    config.max_reject_share = 0.9;
    config.max_line_bytes = 512;
    char path[64];
    (void)snprintf(path, sizeof path, "/dev/shm/rcx-fuzz-csv-%ld", (long)getpid());
    const struct rcx_file_writer_options writer = {.no_sync = true};
    require(rcx_file_replace(path, data, size, &writer, NULL) == RCX_OK);
    struct outcome whole = ingest(&config, path, (struct rcx_ingest_options){0});
    struct outcome cut = ingest(
        &config, path,
        (struct rcx_ingest_options){.window_bytes = 1024, .chunk_bytes = 64, .row_bytes = 1});
    require(whole.status == cut.status);
    if (whole.status == RCX_OK) {
        require(whole.accepted == cut.accepted && whole.rejected == cut.rejected);
        require(rcx_digest_compare(whole.digest, cut.digest) == 0);
    }
    (void)unlink(path);
    return 0;
}
