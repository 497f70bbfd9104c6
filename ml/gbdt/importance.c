#include "ml/gbdt/importance.h"

#include <string.h>

void rcx_gbdt_importance_gain(const struct rcx_gbdt_model *model, double *out)
{
    memset(out, 0, model->feature_count * sizeof *out);
    for (size_t t = 0; t < model->tree_count; t++) {
        const struct rcx_gbdt_tree *tree = &model->trees[t];
        for (uint32_t s = 0; s + 1 < tree->leaf_count; s++)
            if (tree->split_gain[s] > 0)
                out[tree->split_feature[s]] += tree->split_gain[s];
    }
}

/* As LightGBM, splits that gained nothing do not count. */
void rcx_gbdt_importance_split(const struct rcx_gbdt_model *model, double *out)
{
    memset(out, 0, model->feature_count * sizeof *out);
    for (size_t t = 0; t < model->tree_count; t++) {
        const struct rcx_gbdt_tree *tree = &model->trees[t];
        for (uint32_t s = 0; s + 1 < tree->leaf_count; s++)
            if (tree->split_gain[s] > 0)
                out[tree->split_feature[s]]++;
    }
}

/* Insertion: features are few. */
void rcx_gbdt_importance_order(const double *importance, size_t count, size_t *out_order)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        while (at > 0 && importance[out_order[at - 1]] < importance[i]) {
            out_order[at] = out_order[at - 1];
            at--;
        }
        out_order[at] = i;
    }
}
