#include "ml/gbdt/shap_kernels.h"

#include <string.h>

/* Vectors are arguments of static inline functions only, so how they are passed is nobody's business. */
#pragma GCC diagnostic ignored "-Wpsabi"

static inline rcx_shap_reals all(double value)
{
    return value - (rcx_shap_reals){0};
}

static inline rcx_shap_reals pick(rcx_shap_masks mask, rcx_shap_reals yes, rcx_shap_reals no)
{
    return (rcx_shap_reals)((mask & (rcx_shap_masks)yes) | (~mask & (rcx_shap_masks)no));
}

static inline rcx_shap_reals choose(rcx_shap_masks mask, double yes, double no)
{
    return pick(mask, all(yes), all(no));
}

/* The products of the edge's child from those of its parent. */
static inline void descend(const struct rcx_shap_edge *edge, const double *tables, uint32_t nodes,
                           const rcx_shap_masks *follows, const rcx_shap_reals *from,
                           rcx_shap_reals *to)
{
    const double *on = tables, *turn = tables + nodes;
    rcx_shap_masks here = follows[edge->depth];
    if (edge->above == 0) {
        for (uint32_t q = 0; q < nodes; q++)
            to[q] = from[q] * choose(here, on[q], turn[q]);
        return;
    }
    rcx_shap_masks before = follows[edge->above];
    rcx_shap_reals off = all(edge->off);
    for (uint32_t q = 0; q < nodes; q++)
        to[q] = from[q] * pick(before, choose(here, on[q], turn[q]), off);
}

/* What the leaves below an edge, with these sums, add to its feature. */
static inline rcx_shap_reals gain(const struct rcx_shap_edge *edge, const double *tables,
                                  uint32_t nodes, const rcx_shap_masks *follows,
                                  const rcx_shap_reals *sums)
{
    const double *on = tables + 2 * (size_t)nodes, *off = tables + 3 * (size_t)nodes;
    rcx_shap_masks here = follows[edge->depth];
    rcx_shap_reals total = {0};
    for (uint32_t q = 0; q < nodes; q++)
        total += sums[q] * choose(here, on[q], off[q]);
    return edge->above == 0 ? total : pick(follows[edge->above], total, all(0));
}

void RCX_KERNEL(rcx_shap_tree)(const struct rcx_shap_tree *tree, struct rcx_shap_scratch *scratch,
                               rcx_shap_reals *out)
{
    uint32_t nodes = tree->nodes;
    rcx_shap_masks *follows = scratch->follows;
    for (uint32_t q = 0; q < nodes; q++)
        scratch->products[q] = all(1);
    for (uint32_t e = 0; e < tree->edge_count; e++) {
        const struct rcx_shap_edge *edge = &tree->edges[e];
        uint32_t depth = edge->depth;
        rcx_shap_reals *products = scratch->products + (size_t)depth * nodes;
        rcx_shap_masks left = scratch->left[edge->split];
        follows[depth] = edge->to_right ? ~left : left;
        if (edge->above > 0)
            follows[depth] &= follows[edge->above];
        scratch->path[depth] = e;
        descend(edge, tree->tables + 4 * (size_t)e * nodes, nodes, follows, products - nodes,
                products);
        rcx_shap_reals *sums = scratch->sums + (size_t)depth * nodes;
        if (edge->closes == 0) {
            memset(sums, 0, nodes * sizeof *sums);
            continue;
        }
        for (uint32_t q = 0; q < nodes; q++)
            sums[q] = products[q] * edge->leaf_value;
        for (uint32_t up = 0; up < edge->closes; up++, depth--, sums -= nodes) {
            uint32_t closed = scratch->path[depth];
            out[tree->edges[closed].feature] += gain(&tree->edges[closed],
                                                     tree->tables + 4 * (size_t)closed * nodes,
                                                     nodes, follows, sums);
            for (uint32_t q = 0; q < nodes && depth > 1; q++)
                (sums - nodes)[q] += sums[q];
        }
    }
}

typedef uint16_t codes_of_lanes __attribute__((vector_size(2 * RCX_SHAP_LANES)));
typedef int16_t short_masks __attribute__((vector_size(2 * RCX_SHAP_LANES)));

void RCX_KERNEL(rcx_shap_decide)(const struct rcx_shap_split *splits, uint32_t count,
                                 const uint16_t *codes, uint32_t stride, rcx_shap_masks *left)
{
    for (uint32_t i = 0; i < count; i++) {
        codes_of_lanes found;
        if (splits[i].is_set)
            continue;
        memcpy(&found, codes + (size_t)splits[i].column * stride, sizeof found);
        short_masks mask = found <= splits[i].code;
        left[i] = __builtin_convertvector(mask, rcx_shap_masks);
    }
}
