/* A grown tree as the model's file knows it. */
#include <string.h>

#include "ml/gbdt/histogram.h"
#include "ml/gbdt/leaf_values.h"

enum { WORD = 32 };

static const struct rcx_gbdt_bin_map *map_of(const struct rcx_grower *grower,
                                             const struct rcx_split *split)
{
    const struct rcx_gbdt_dataset *dataset = grower->dataset;
    return &dataset->bins->maps[dataset->feature[split->feature]];
}

/* Words that the categories of the split's left side need. */
static uint32_t words_of(const struct rcx_gbdt_bin_map *map, const struct rcx_split *split)
{
    int32_t largest = 0;
    for (uint32_t b = 1; b < map->bins; b++) {
        if ((split->set[b / 64] >> (b % 64) & 1) && map->category[b] > largest)
            largest = map->category[b];
    }
    return (uint32_t)largest / WORD + 1;
}

static void export_categories(const struct rcx_gbdt_bin_map *map, const struct rcx_split *split,
                              uint32_t set, struct rcx_gbdt_tree *out)
{
    uint32_t begin = out->category_begin[set];
    for (uint32_t b = 1; b < map->bins; b++) {
        if (split->set[b / 64] >> (b % 64) & 1) {
            uint32_t category = (uint32_t)map->category[b];
            out->category_bits[begin + category / WORD] |= (uint32_t)1 << (category % WORD);
        }
    }
    out->category_begin[set + 1] = begin + words_of(map, split);
}

static uint8_t decision_of(const struct rcx_gbdt_bin_map *map, const struct rcx_split *split)
{
    if (split->categorical)
        return RCX_GBDT_CATEGORICAL;
    unsigned missing = map->has_missing ? RCX_GBDT_MISSING_NAN : RCX_GBDT_MISSING_NONE;
    return (uint8_t)((split->missing_left ? RCX_GBDT_DEFAULT_LEFT : 0u) |
                     missing << RCX_GBDT_MISSING_SHIFT);
}

/* Of the split's bin; behind all values but the missing ones it is beyond all numbers of a file. */
static double threshold_of(const struct rcx_gbdt_bin_map *map, const struct rcx_split *split)
{
    double upper = map->upper[split->bin];
    return upper > 1e300 ? 1e300 : upper;
}

static void export_split(const struct rcx_grower *grower, uint32_t s, double constant,
                         struct rcx_gbdt_tree *out)
{
    const struct rcx_grown_split *grown = &grower->splits[s];
    const struct rcx_split *split = &grown->split;
    const struct rcx_gbdt_bin_map *map = map_of(grower, split);
    out->split_feature[s] = (int32_t)grower->dataset->feature[split->feature];
    out->decision_type[s] = decision_of(map, split);
    out->left_child[s] = grown->left;
    out->right_child[s] = grown->right;
    out->split_gain[s] = split->gain;
    out->internal_value[s] = rcx_split_value(&grower->rules, grown->total, grown->l2) *
                                 grower->params->learning_rate +
                             constant;
    out->internal_weight[s] = rcx_sum_hessian(grown->total) * grower->rules.hessian_unit;
    out->internal_rows[s] = grown->rows;
    if (!split->categorical)
        out->threshold[s] = threshold_of(map, split);
}

enum rcx_status rcx_tree_export(const struct rcx_grower *grower, double constant,
                                struct rcx_gbdt_tree *out, struct rcx_error *err)
{
    uint32_t sets = 0, words = 0;
    for (uint32_t s = 0; s + 1 < grower->leaf_count; s++) {
        const struct rcx_split *split = &grower->splits[s].split;
        if (split->categorical) {
            sets++;
            words += words_of(map_of(grower, split), split);
        }
    }
    if (!rcx_gbdt_tree_init(out, grower->leaf_count, sets, words))
        return rcx_fail_nomem(err, "tree", grower->leaf_count * (uint64_t)100);
    uint32_t set = 0;
    for (uint32_t s = 0; s + 1 < grower->leaf_count; s++) {
        const struct rcx_split *split = &grower->splits[s].split;
        export_split(grower, s, constant, out);
        if (split->categorical) {
            export_categories(map_of(grower, split), split, set, out);
            out->threshold[s] = set++;
        }
    }
    for (uint32_t l = 0; l < grower->leaf_count; l++) {
        out->leaf_value[l] = grower->leaves[l].value + constant;
        out->leaf_weight[l] = grower->leaves[l].hessian;
        out->leaf_rows[l] = grower->leaves[l].rows;
    }
    out->shrinkage = grower->params->learning_rate;
    return RCX_OK;
}
