#pragma once
/* Inputs for tests of ingest: the default configuration, and files with given bytes. */
#include <stddef.h>

#include "config/config.h"

/* Group setup and teardown around tests that use the configuration. */
int rcx_test_ingest_setup(void **state);
int rcx_test_ingest_teardown(void **state);
/* The defaults; a copy to change. */
struct rcx_cfg_ingest rcx_test_ingest_config(void);
/* Writes the file; fails the test on any error. */
void rcx_test_write_file(const char *path, const void *data, size_t length);
