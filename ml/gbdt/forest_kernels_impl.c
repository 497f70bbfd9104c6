#include "ml/gbdt/forest_kernels.h"

#include <stddef.h>

void RCX_KERNEL(rcx_forest_encode)(const double *values, uint32_t count, const double *thresholds,
                                   unsigned levels, uint16_t *out)
{
    for (uint32_t i = 0; i < count; i++) {
        double value = values[i];
        uint32_t below = 0;
        for (uint32_t step = levels > 0 ? 1u << (levels - 1) : 0; step > 0; step >>= 1)
            below += thresholds[below + step - 1] < value ? step : 0;
        out[i] = (uint16_t)below;
    }
}

static inline uint32_t next(const struct rcx_forest_node *nodes, const uint16_t *codes,
                            uint32_t node)
{
    struct rcx_forest_node n = nodes[node];
    return n.left + (codes[n.column] > n.code);
}

void RCX_KERNEL(rcx_forest_walk)(const struct rcx_forest_node *nodes, const uint16_t *codes,
                                 uint32_t columns, uint32_t count, uint32_t *out)
{
    enum { L = RCX_FOREST_LANES };
    for (uint32_t r = 0; r < count; r += L) {
        const uint16_t *row = codes + (size_t)r * columns;
        uint32_t at[L] = {0}, moved;
        do {
            moved = 0;
#pragma GCC unroll 8
            for (uint32_t l = 0; l < L; l++) {
                at[l] = next(nodes, row + (size_t)l * columns, at[l]);
                uint32_t then = next(nodes, row + (size_t)l * columns, at[l]);
                moved |= then ^ at[l];
                at[l] = then;
            }
        } while (moved);
        for (uint32_t l = 0; l < L; l++)
            out[r + l] = at[l];
    }
}

void RCX_KERNEL(rcx_forest_walk_sets)(const struct rcx_forest_node *nodes,
                                      const struct rcx_forest_set *sets, const uint32_t *bits,
                                      const uint16_t *codes, uint32_t columns, uint32_t count,
                                      uint32_t *out)
{
    for (uint32_t r = 0; r < count; r++) {
        const uint16_t *row = codes + (size_t)r * columns;
        uint32_t at = 0;
        while (nodes[at].code != RCX_FOREST_LEAF || (nodes[at].left & RCX_FOREST_SET)) {
            struct rcx_forest_node n = nodes[at];
            uint32_t code = row[n.column];
            if (!(n.left & RCX_FOREST_SET)) {
                at = n.left + (code > n.code);
                continue;
            }
            struct rcx_forest_set set = sets[n.code];
            uint32_t in = code / 32 < set.words ? bits[set.begin + code / 32] >> code % 32 & 1 : 0;
            at = (n.left ^ RCX_FOREST_SET) + (in ^ 1);
        }
        out[r] = at;
    }
}
