#pragma once
/* Rows of small tables put together, for formats that do better with many rows at a time. The gathered
 * table keeps its memory when it is emptied. Threads: one at a time. */
#include <stdbool.h>

#include "base/table.h"

/* Whether the rows of `from` can follow those in `into`: the same columns (the caller's to know), and
 * texts from the same lists. An empty table takes anything. */
bool rcx_gather_fits(const struct rcx_table *into, const struct rcx_table *from);
/* Appends all rows of `from`, which fit. False: out of memory, and `into` good for release only. */
bool rcx_gather_append(struct rcx_table *into, const struct rcx_table *from);
/* No rows and no validity; the columns stay. */
void rcx_gather_clear(struct rcx_table *table);
