#pragma once
/* The page index of a column chunk, read back into the pages that the writer kept (counterpart of
 * parquet_footer.c). */
#include "storage/format/parquet_chunk.h"
#include "storage/format/parquet_file.h"

/* Fills `out->pages`. Errors: RCX_E_INPUT (the file has no such index), RCX_E_CORRUPT, RCX_E_NOMEM.
 */
enum rcx_status rcx_parquet_index_read(const struct rcx_parquet_file *file, size_t group,
                                       size_t leaf, struct rcx_parquet_chunk *out,
                                       struct rcx_error *err);
