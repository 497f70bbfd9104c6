#pragma once
/* Checking a store end to end: every checksum, every value against its limits, the order of all
 * rows, and the totals of the manifest. */
#include <stdint.h>

#include "base/parallel.h"
#include "storage/store/store.h"

struct rcx_verify_report {
    uint64_t version, segments, chunks, dictionaries;
    uint64_t rows, bytes; /* bytes read and checked */
};

/* The first damage found (in file order) is the error: RCX_E_CORRUPT naming file, column and chunk.
 */
enum rcx_status rcx_store_verify(const char *directory,
                                 const struct rcx_store_open_options *options,
                                 const struct rcx_parallel *parallel, struct rcx_verify_report *out,
                                 struct rcx_error *err);
