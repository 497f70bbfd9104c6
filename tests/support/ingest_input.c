#include "tests/support/ingest_input.h"

#include "tests/support/check.h"

#include "base/file.h"
#include "config/settings.h"

static struct rcx_settings *settings;

int rcx_test_ingest_setup(void **state)
{
    (void)state;
    const struct rcx_config_sources sources = {0};
    return rcx_settings_load(&sources, &settings, NULL) == RCX_OK ? 0 : -1;
}

int rcx_test_ingest_teardown(void **state)
{
    (void)state;
    rcx_settings_release(settings);
    return 0;
}

struct rcx_cfg_ingest rcx_test_ingest_config(void)
{
    return rcx_settings_config(settings)->ingest;
}

void rcx_test_write_file(const char *path, const void *data, size_t length)
{
    const struct rcx_file_writer_options options = {.no_sync = true};
    assert_int_equal(rcx_file_replace(path, data, length, &options, NULL), RCX_OK);
}
