#pragma once
/* The two loops of prediction (forest.h). Plain arrays; nothing is checked or allocated. */
#include <stdint.h>

#include "base/kernel.h"

enum {
    RCX_FOREST_LANES = 8,      /* rows that walk side by side */
    RCX_FOREST_BLOCK = 256,    /* rows that are encoded together; a multiple of the lanes */
    RCX_FOREST_LEAF = 0xFFFF,  /* threshold code of a leaf: no code is above it */
    RCX_FOREST_RIGHT = 0xFFFE, /* code of a value that goes right at every split */
};

/* Children of a node are neighbours. Of a categorical node `code` is the number of its set, and
 * `left` has RCX_FOREST_SET. */
struct rcx_forest_node {
    uint16_t column, code;
    uint32_t left;
};
enum { RCX_FOREST_SET = (int)0x40000000 };

/* Categories as words of a bit set. */
struct rcx_forest_set {
    uint32_t begin, words;
};

/* out[i] = how many of the 2^levels - 1 ascending thresholds are below values[i]; 0 for NaN. */
RCX_KERNEL_DECLARE(void, rcx_forest_encode,
                   (const double *values, uint32_t count, const double *thresholds, unsigned levels,
                    uint16_t *out))

/* The nodes that `count` (a multiple of the lanes) rows end at; row r's codes are codes[r * columns].
 * Without categorical nodes. */
RCX_KERNEL_DECLARE(void, rcx_forest_walk,
                   (const struct rcx_forest_node *nodes, const uint16_t *codes, uint32_t columns,
                    uint32_t count, uint32_t *out))
/* With them. */
RCX_KERNEL_DECLARE(void, rcx_forest_walk_sets,
                   (const struct rcx_forest_node *nodes, const struct rcx_forest_set *sets,
                    const uint32_t *bits, const uint16_t *codes, uint32_t columns, uint32_t count,
                    uint32_t *out))
