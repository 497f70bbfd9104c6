#pragma once
/* The loop of TreeSHAP over one tree for eight rows (tree_shap.h). */
#include <stdint.h>

#include "base/kernel.h"

enum { RCX_SHAP_LANES = 8 };
typedef double rcx_shap_reals __attribute__((vector_size(8 * RCX_SHAP_LANES)));
typedef int64_t rcx_shap_masks __attribute__((vector_size(8 * RCX_SHAP_LANES))); /* 0 or -1 */

/* The way from a split to one of its children, in depth-first order. With "the feature" that of the
 * split, "above" the nearest edge of the same feature on the path, if any. */
struct rcx_shap_edge {
    uint32_t feature; /* place among those that the model uses */
    uint32_t split;
    uint32_t depth;  /* of the child; 1 below the root */
    uint32_t above;  /* depth of that edge's child; 0: none */
    uint32_t closes; /* of a leaf: edges that end with it, its own included; 0: not a leaf */
    uint8_t to_right;
    double leaf_value;
    double off; /* factor of the path when the row left it above already: share of rows */
};

/* Tables of an edge: four times `nodes` reals, one after the other.
 *   on, turn         factor of the path when the row follows it here, or leaves it here
 *   gain_on, gain_off  weight of the leaves below in the feature's value in these cases */
struct rcx_shap_tree {
    struct rcx_shap_edge *edges;
    double *tables;
    uint32_t edge_count, nodes;
};

/* Scratch of one worker. */
struct rcx_shap_scratch {
    rcx_shap_masks *left;     /* per split: rows that go left */
    rcx_shap_masks *follows;  /* per depth: rows whose feature follows the path down to here */
    uint32_t *path;           /* per depth: edge */
    rcx_shap_reals *products; /* per depth and node */
    rcx_shap_reals *sums;     /* per depth and node */
};

/* Adds the values of the tree to out[feature]; scratch->left is set. */
RCX_KERNEL_DECLARE(void, rcx_shap_tree,
                   (const struct rcx_shap_tree *tree, struct rcx_shap_scratch *scratch,
                    rcx_shap_reals *out))
/* left[i] = codes[column of split i] <= its threshold, for eight rows side by side. */
struct rcx_shap_split {
    uint32_t column;
    uint16_t code;
    uint8_t is_set;
};
RCX_KERNEL_DECLARE(void, rcx_shap_decide,
                   (const struct rcx_shap_split *splits, uint32_t count, const uint16_t *codes,
                    uint32_t stride, rcx_shap_masks *left))
