#pragma once
/* Histograms of some rows in all features.
 *
 * Rows are taken in blocks. The words of a block's rows are copied together once; then group after group is
 * added from the copy, so that a group's histograms stay in the first cache for a block, and the lines of the
 * next block's rows are fetched meanwhile. A run of neighbouring rows is added where it is. One update costs
 * about the same whether the rows lie densely or far apart. */
#include <stddef.h>
#include <stdint.h>

#include "ml/gbdt/gbdt_dataset.h"
#include "ml/gbdt/histogram.h"

/* Rows of a block, words of its copy: with the histograms of a group they fit the second cache. */
enum { RCX_HISTOGRAM_BLOCK = 2048, RCX_HISTOGRAM_WORDS = 8192 };

/* One for each thread. */
struct rcx_histogram_scratch {
    uint64_t sums[RCX_HISTOGRAM_BLOCK];
    uint64_t words[RCX_HISTOGRAM_WORDS];
};

/* Adds the records (in ascending order of rows) to the histograms of the groups first..end-1 in `slot`, where
 * feature f begins at offset[f]. */
void rcx_histogram_rows(const struct rcx_gbdt_dataset *dataset, const uint64_t *records,
                        size_t count, size_t first, size_t end, const uint32_t *offset,
                        uint64_t *slot, struct rcx_histogram_scratch *scratch);
