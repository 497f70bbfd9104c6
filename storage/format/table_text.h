#pragma once
/* Text tables (source.h) into the in-memory table; see table_read.h for the rules.
 *
 * A window's chunks are parsed in parallel, straight into the columns, each cell as the kind that
 * its column has so far; a chunk notes the kind that it ended with, and after each window every
 * column is brought to the common kind. Texts are interned after that, column by column in
 * parallel, in the order of the rows. A column in which numbers were read before text appeared is
 * read again at the end. */
#include "storage/format/source.h"
#include "storage/format/table_read.h"

enum rcx_status rcx_table_text_read(struct rcx_source *source, const char *path,
                                    const struct rcx_table_read_options *options,
                                    struct rcx_table *out, struct rcx_error *err);
