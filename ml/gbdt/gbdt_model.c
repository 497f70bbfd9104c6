#include "ml/gbdt/gbdt_model.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"

/* ---- objectives ---- */

static const struct {
    const char *name;
    enum rcx_gbdt_link link;
} objectives[RCX_GBDT_OBJECTIVE_COUNT] = {
#define X(id, name, link, parameter) [RCX_GBDT_##id] = {name, RCX_GBDT_LINK_##link},
    RCX_GBDT_OBJECTIVES(X)
#undef X
};

const char *rcx_gbdt_objective_name(enum rcx_gbdt_objective objective)
{
    return objectives[objective].name;
}

bool rcx_gbdt_objective_find(const char *name, enum rcx_gbdt_objective *out)
{
    for (unsigned o = 0; o < RCX_GBDT_OBJECTIVE_COUNT; o++) {
        if (strcmp(objectives[o].name, name) == 0) {
            *out = (enum rcx_gbdt_objective)o;
            return true;
        }
    }
    return false;
}

enum rcx_gbdt_link rcx_gbdt_model_link(const struct rcx_gbdt_model *model)
{
    if (model->objective == RCX_GBDT_REGRESSION && model->reg_sqrt)
        return RCX_GBDT_LINK_SQUARE;
    return objectives[model->objective].link;
}

void rcx_gbdt_model_transform(const struct rcx_gbdt_model *model, double *scores, size_t count)
{
    double steepness = model->objective == RCX_GBDT_BINARY ? model->sigmoid : 1;
    switch (rcx_gbdt_model_link(model)) {
    case RCX_GBDT_LINK_IDENTITY:
        break;
    case RCX_GBDT_LINK_SIGMOID:
        for (size_t i = 0; i < count; i++)
            scores[i] = 1 / (1 + exp(-steepness * scores[i]));
        break;
    case RCX_GBDT_LINK_EXP:
        for (size_t i = 0; i < count; i++)
            scores[i] = exp(scores[i]);
        break;
    case RCX_GBDT_LINK_LOG1PEXP:
        for (size_t i = 0; i < count; i++)
            scores[i] = log1p(exp(scores[i]));
        break;
    case RCX_GBDT_LINK_SQUARE:
        for (size_t i = 0; i < count; i++)
            scores[i] = copysign(scores[i] * scores[i], scores[i]);
        break;
    }
}

/* ---- trees ---- */

/* Hands out aligned parts of one block; with base NULL it only measures. */
struct carve {
    char *base;
    size_t used;
};

static void *take(struct carve *carve, size_t count, size_t size)
{
    enum { ALIGNMENT = 8 };
    void *part = carve->base ? carve->base + carve->used : NULL;
    carve->used += (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return part;
}

static void lay_out(struct rcx_gbdt_tree *tree, struct carve *carve)
{
    size_t leaves = tree->leaf_count, splits = leaves - 1;
    tree->threshold = take(carve, splits, sizeof(double));
    tree->split_gain = take(carve, splits, sizeof(double));
    tree->internal_value = take(carve, splits, sizeof(double));
    tree->internal_weight = take(carve, splits, sizeof(double));
    tree->leaf_value = take(carve, leaves, sizeof(double));
    tree->leaf_weight = take(carve, leaves, sizeof(double));
    tree->split_feature = take(carve, splits, sizeof(int32_t));
    tree->left_child = take(carve, splits, sizeof(int32_t));
    tree->right_child = take(carve, splits, sizeof(int32_t));
    tree->internal_rows = take(carve, splits, sizeof(uint32_t));
    tree->leaf_rows = take(carve, leaves, sizeof(uint32_t));
    if (tree->category_sets > 0) {
        tree->category_begin = take(carve, (size_t)tree->category_sets + 1, sizeof(uint32_t));
        tree->category_bits = take(carve, tree->category_words, sizeof(uint32_t));
    }
    tree->decision_type = take(carve, splits, sizeof(uint8_t));
}

bool rcx_gbdt_tree_init(struct rcx_gbdt_tree *tree, uint32_t leaf_count, uint32_t category_sets,
                        uint32_t category_words)
{
    assert(leaf_count > 0);
    struct carve carve = {0};
    *tree = (struct rcx_gbdt_tree){.leaf_count = leaf_count,
                                   .category_sets = category_sets,
                                   .category_words = category_words,
                                   .shrinkage = 1};
    lay_out(tree, &carve);
    tree->block = rcx_calloc(carve.used, 1);
    if (!tree->block) {
        *tree = (struct rcx_gbdt_tree){0};
        return false;
    }
    carve = (struct carve){.base = tree->block};
    lay_out(tree, &carve);
    return true;
}

void rcx_gbdt_tree_release(struct rcx_gbdt_tree *tree)
{
    rcx_free(tree->block);
    *tree = (struct rcx_gbdt_tree){0};
}

static bool goes_left_by_category(const struct rcx_gbdt_tree *tree, uint32_t split, double value)
{
    if (!(value > -1 && value < 0x1p31)) /* (-1, 0) is category 0, as in a cast to int */
        return false;
    uint32_t set = (uint32_t)tree->threshold[split], category = (uint32_t)(int32_t)value;
    uint32_t begin = tree->category_begin[set], end = tree->category_begin[set + 1];
    return category / 32 < end - begin &&
           (tree->category_bits[begin + category / 32] >> category % 32 & 1) != 0;
}

bool rcx_gbdt_tree_goes_left(const struct rcx_gbdt_tree *tree, uint32_t split, double value)
{
    unsigned type = tree->decision_type[split], missing = type >> RCX_GBDT_MISSING_SHIFT & 3;
    if (type & RCX_GBDT_CATEGORICAL)
        return goes_left_by_category(tree, split, value);
    if (isnan(value) && missing != RCX_GBDT_MISSING_NAN)
        value = 0;
    if ((missing == RCX_GBDT_MISSING_ZERO && fabs(value) <= RCX_GBDT_ZERO) ||
        (missing == RCX_GBDT_MISSING_NAN && isnan(value)))
        return (type & RCX_GBDT_DEFAULT_LEFT) != 0;
    return value <= tree->threshold[split];
}

uint32_t rcx_gbdt_tree_leaf(const struct rcx_gbdt_tree *tree, const double *row)
{
    int32_t node = tree->leaf_count > 1 ? 0 : ~0;
    while (node >= 0) {
        double value = row[tree->split_feature[node]];
        node = rcx_gbdt_tree_goes_left(tree, (uint32_t)node, value) ? tree->left_child[node]
                                                                    : tree->right_child[node];
    }
    return (uint32_t)~node;
}

/* ---- models ---- */

enum rcx_status rcx_gbdt_model_init(struct rcx_gbdt_model *model, size_t feature_count,
                                    struct rcx_error *err)
{
    *model = (struct rcx_gbdt_model){.sigmoid = 1, .alpha = 0.9, .tweedie_variance_power = 1.5};
    model->features = rcx_calloc(feature_count, sizeof *model->features);
    if (!model->features && feature_count > 0)
        return rcx_fail_nomem(err, "model", feature_count * sizeof *model->features);
    model->feature_count = feature_count;
    enum rcx_status status = RCX_OK;
    for (size_t f = 0; f < feature_count && status == RCX_OK; f++)
        status = rcx_gbdt_model_set_info(model, f, "none", err);
    if (status != RCX_OK)
        rcx_gbdt_model_release(model);
    return status;
}

void rcx_gbdt_model_release(struct rcx_gbdt_model *model)
{
    for (size_t f = 0; f < model->feature_count; f++) {
        rcx_free(model->features[f].name);
        rcx_free(model->features[f].info);
        if (model->features[f].categories)
            rcx_strings_release(model->features[f].categories);
    }
    rcx_gbdt_model_truncate(model, 0);
    rcx_free(model->features);
    rcx_free(model->trees);
    rcx_free(model->parameters);
    *model = (struct rcx_gbdt_model){0};
}

static enum rcx_status set_text(char **place, const char *text, struct rcx_error *err)
{
    char *copy = rcx_strdup(text);
    if (!copy)
        return rcx_fail_nomem(err, "model", strlen(text) + 1);
    rcx_free(*place);
    *place = copy;
    return RCX_OK;
}

enum rcx_status rcx_gbdt_model_set_name(struct rcx_gbdt_model *model, size_t feature,
                                        const char *name, struct rcx_error *err)
{
    return set_text(&model->features[feature].name, name, err);
}

enum rcx_status rcx_gbdt_model_set_info(struct rcx_gbdt_model *model, size_t feature,
                                        const char *info, struct rcx_error *err)
{
    return set_text(&model->features[feature].info, info, err);
}

enum rcx_status rcx_gbdt_model_set_range(struct rcx_gbdt_model *model, size_t feature, double min,
                                         double max, struct rcx_error *err)
{
    struct rcx_buf text = {0};
    char low[RCX_REAL_TEXT_BYTES], high[RCX_REAL_TEXT_BYTES];
    (void)rcx_buf_append_byte(&text, '[');
    (void)rcx_buf_append(&text, low, rcx_format_real(min, low));
    (void)rcx_buf_append_byte(&text, ':');
    (void)rcx_buf_append(&text, high, rcx_format_real(max, high));
    (void)rcx_buf_append_byte(&text, ']');
    enum rcx_status status = text.failed ? rcx_fail_nomem(err, "model", text.length)
                                         : rcx_gbdt_model_set_info(model, feature,
                                                                   rcx_buf_text(&text), err);
    rcx_buf_release(&text);
    return status;
}

enum rcx_status rcx_gbdt_model_set_categories(struct rcx_gbdt_model *model, size_t feature,
                                              const int32_t *categories, size_t count,
                                              struct rcx_error *err)
{
    struct rcx_buf text = {0};
    for (size_t i = 0; i < count; i++)
        (void)rcx_buf_printf(&text, "%s%d", i > 0 ? ":" : "", (int)categories[i]);
    if (count == 0)
        (void)rcx_buf_append_text(&text, "none");
    enum rcx_status status = text.failed ? rcx_fail_nomem(err, "model", text.length)
                                         : rcx_gbdt_model_set_info(model, feature,
                                                                   rcx_buf_text(&text), err);
    rcx_buf_release(&text);
    return status;
}

bool rcx_gbdt_feature_is_categorical(const struct rcx_gbdt_feature *feature)
{
    return feature->info[0] != '[' && strcmp(feature->info, "none") != 0;
}

enum rcx_status rcx_gbdt_model_append(struct rcx_gbdt_model *model, struct rcx_gbdt_tree *tree,
                                      struct rcx_error *err)
{
    struct rcx_gbdt_tree taken = *tree;
    *tree = (struct rcx_gbdt_tree){0};
    if (!rcx_array_reserve(&model->trees, &model->tree_capacity, model->tree_count + 1,
                           sizeof *model->trees)) {
        rcx_gbdt_tree_release(&taken);
        return rcx_fail_nomem(err, "model", (model->tree_count + 1) * sizeof *model->trees);
    }
    model->trees[model->tree_count++] = taken;
    return RCX_OK;
}

void rcx_gbdt_model_truncate(struct rcx_gbdt_model *model, size_t tree_count)
{
    while (model->tree_count > tree_count)
        rcx_gbdt_tree_release(&model->trees[--model->tree_count]);
}
