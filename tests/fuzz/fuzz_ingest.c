/* Ingest of a CSV file of any bytes: cut finely, with rows that do not fit the memory, or not at all,
 * it makes the same store, the same number of rejects or the same refusal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "config/settings.h"
#include "storage/ingest/ingest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_at(bool condition, int line)
{
    if (!condition) {
        (void)fprintf(stderr, "line %d\n", line);
        abort();
    }
}
#define require(condition) require_at(condition, __LINE__)

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
        require(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0 && /* each page of 2 MiB is zeroed */
                rcx_settings_load(&sources, &settings, NULL) == RCX_OK);

    struct rcx_cfg_ingest config = rcx_settings_config(settings)->ingest;
    config.max_reject_share = 0.9;
    config.max_line_bytes = 512;
    char path[64];
    (void)snprintf(path, sizeof path, "/dev/shm/rcx-fuzz-ingest-%ld", (long)getpid());
    const struct rcx_file_writer_options writer = {.no_sync = true};
    require(rcx_file_replace(path, data, size, &writer, NULL) == RCX_OK);
    struct outcome whole = ingest(
        &config, path,
        (struct rcx_ingest_options){.window_bytes = size + 1024, .memory_limit = 1 << 30});
    struct outcome cut = ingest(
        &config, path,
        (struct rcx_ingest_options){
            .window_bytes = 1024, .chunk_bytes = 64, .row_bytes = 1, .memory_limit = 1 << 30});
    require(whole.status == cut.status);
    if (whole.status == RCX_OK) {
        require(whole.accepted == cut.accepted && whole.rejected == cut.rejected);
        require(rcx_digest_compare(whole.digest, cut.digest) == 0);
    }
    (void)unlink(path);
    return 0;
}
