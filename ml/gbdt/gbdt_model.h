#pragma once
/* A model of gradient-boosted trees in memory: what the trainer makes, what the file holds
 * (model_text.h), what prediction and explanation read (forest.h, tree_shap.h).
 *
 * The raw score of a row is the sum of one leaf value per tree, in the order of the trees, as doubles
 * and from 0. (A constant start score is part of the leaf values of the first tree.) The link of the
 * objective turns it into a prediction.
 *
 * A tree is a set of parallel arrays, as in LightGBM's files (version v4), so that both read each
 * other's: split s sends a row to left_child[s] or right_child[s]; a child c >= 0 is split c, a child
 * c < 0 is leaf ~c; split 0 is the root, and a child split has a higher number than its parent. Arrays of splits have leaf_count - 1 items: none for a tree of
 * one leaf. Ke, Meng et al., "LightGBM", NIPS 2017. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/table.h"

/* clang-format off */
/*       id                    name in files           link       parameter of the objective */
#define RCX_GBDT_OBJECTIVES(X)                                                                     \
    X(REGRESSION,           "regression",           IDENTITY, NONE)                                \
    X(REGRESSION_L1,        "regression_l1",        IDENTITY, NONE)                                \
    X(HUBER,                "huber",                IDENTITY, NONE)                                \
    X(FAIR,                 "fair",                 IDENTITY, NONE)                                \
    X(QUANTILE,             "quantile",             IDENTITY, ALPHA)                               \
    X(MAPE,                 "mape",                 IDENTITY, NONE)                                \
    X(POISSON,              "poisson",              EXP,      NONE)                                \
    X(GAMMA,                "gamma",                EXP,      NONE)                                \
    X(TWEEDIE,              "tweedie",              EXP,      TWEEDIE_VARIANCE_POWER)              \
    X(BINARY,               "binary",               SIGMOID,  SIGMOID)                             \
    X(CROSS_ENTROPY,        "cross_entropy",        SIGMOID,  NONE)                                \
    X(CROSS_ENTROPY_LAMBDA, "cross_entropy_lambda", LOG1PEXP, NONE)                                \
    X(LAMBDARANK,           "lambdarank",           IDENTITY, NONE)                                \
    X(RANK_XENDCG,          "rank_xendcg",          IDENTITY, NONE)                                \
    X(CUSTOM,               "custom",               IDENTITY, NONE) /* a file without objective */
/* clang-format on */

enum rcx_gbdt_objective {
#define X(id, name, link, parameter) RCX_GBDT_##id,
    RCX_GBDT_OBJECTIVES(X)
#undef X
        RCX_GBDT_OBJECTIVE_COUNT
};

/* How a raw score s becomes a prediction. */
enum rcx_gbdt_link {
    RCX_GBDT_LINK_IDENTITY,
    RCX_GBDT_LINK_SIGMOID,  /* 1 / (1 + exp(-sigmoid s)) */
    RCX_GBDT_LINK_EXP,      /* exp(s) */
    RCX_GBDT_LINK_LOG1PEXP, /* log(1 + exp(s)) */
    RCX_GBDT_LINK_SQUARE,   /* sign(s) s^2: regression with reg_sqrt */
};

const char *rcx_gbdt_objective_name(enum rcx_gbdt_objective objective); /* "binary" */
bool rcx_gbdt_objective_find(const char *name, enum rcx_gbdt_objective *out);

/* Bits of decision_type. */
enum {
    RCX_GBDT_CATEGORICAL = 1,   /* left: the category is in the set; else right, missing too */
    RCX_GBDT_DEFAULT_LEFT = 2,  /* missing values go left */
    RCX_GBDT_MISSING_SHIFT = 2, /* two bits: enum rcx_gbdt_missing */
};
/* What a numerical split takes for missing; everything else goes left when value <= threshold. */
enum rcx_gbdt_missing {
    RCX_GBDT_MISSING_NONE, /* nothing: NaN is 0 */
    RCX_GBDT_MISSING_ZERO, /* NaN and |value| <= RCX_GBDT_ZERO */
    RCX_GBDT_MISSING_NAN,  /* NaN */
};
/* Half the width of what counts as zero: LightGBM's kZeroThreshold, a float, as a double. */
#define RCX_GBDT_ZERO ((double)1e-35f)

struct rcx_gbdt_tree {
    uint32_t leaf_count;     /* at least 1 */
    uint32_t category_sets;  /* splits that are categorical */
    uint32_t category_words; /* of all sets together */
    double shrinkage;        /* what leaf values were multiplied with; told, not used */
    /* of each split */
    int32_t *split_feature;
    double *threshold; /* numerical: left when <=; categorical: the number of its set */
    uint8_t *decision_type;
    int32_t *left_child, *right_child;
    double *split_gain;
    double *internal_value;  /* the leaf value that the node would have */
    double *internal_weight; /* sum of hessians */
    uint32_t *internal_rows; /* training rows below */
    /* of each leaf */
    double *leaf_value, *leaf_weight;
    uint32_t *leaf_rows;
    /* Set k holds category c when bit c % 32 of category_bits[category_begin[k] + c / 32] is set and
     * c / 32 < category_begin[k + 1] - category_begin[k]. */
    uint32_t *category_begin; /* category_sets + 1; NULL without sets */
    uint32_t *category_bits;  /* category_words */
    void *block;              /* the one allocation behind the arrays */
};

/* Zeroed arrays for a tree of that size. False: out of memory, and `tree` is empty. */
bool rcx_gbdt_tree_init(struct rcx_gbdt_tree *tree, uint32_t leaf_count, uint32_t category_sets,
                        uint32_t category_words);
void rcx_gbdt_tree_release(struct rcx_gbdt_tree *tree);
/* Whether the split sends this value of its feature left. */
bool rcx_gbdt_tree_goes_left(const struct rcx_gbdt_tree *tree, uint32_t split, double value);
/* Leaf that a row falls into; `row` holds one value per feature of the model. The reference for
 * everything faster. */
uint32_t rcx_gbdt_tree_leaf(const struct rcx_gbdt_tree *tree, const double *row);

struct rcx_gbdt_feature {
    char *name;
    char *info; /* "[min:max]" of the training rows, "3:1:7" for the categories, "none": unused */
    int8_t monotone; /* -1, 0, 1 */
    /* Texts that the categories 0, 1, ... stand for, when the column was text; NULL: the category is
     * the number itself. A reference is held. */
    struct rcx_strings *categories;
};

struct rcx_gbdt_model {
    enum rcx_gbdt_objective objective;
    double sigmoid;                /* binary; 1 */
    double alpha;                  /* quantile */
    double tweedie_variance_power; /* tweedie */
    bool reg_sqrt;                 /* regression: trained on sign(y) sqrt(|y|) */
    size_t feature_count;
    struct rcx_gbdt_feature *features;
    size_t tree_count, tree_capacity;
    struct rcx_gbdt_tree *trees;
    char *parameters; /* lines "[key: value]\n" of what it was trained with; NULL: none */
};

/* An empty model of unnamed features with info "none". Errors: RCX_E_NOMEM. */
enum rcx_status rcx_gbdt_model_init(struct rcx_gbdt_model *model, size_t feature_count,
                                    struct rcx_error *err);
void rcx_gbdt_model_release(struct rcx_gbdt_model *model);
/* Both copy the text. Errors: RCX_E_NOMEM. */
enum rcx_status rcx_gbdt_model_set_name(struct rcx_gbdt_model *model, size_t feature,
                                        const char *name, struct rcx_error *err);
enum rcx_status rcx_gbdt_model_set_info(struct rcx_gbdt_model *model, size_t feature,
                                        const char *info, struct rcx_error *err);
/* Info "[min:max]" of a numerical feature, "c:c:c" of a categorical one. */
enum rcx_status rcx_gbdt_model_set_range(struct rcx_gbdt_model *model, size_t feature, double min,
                                         double max, struct rcx_error *err);
enum rcx_status rcx_gbdt_model_set_categories(struct rcx_gbdt_model *model, size_t feature,
                                              const int32_t *categories, size_t count,
                                              struct rcx_error *err);
bool rcx_gbdt_feature_is_categorical(const struct rcx_gbdt_feature *feature);
/* Takes the tree's arrays (also on failure, when they are released) and leaves it empty.
 * Errors: RCX_E_NOMEM. */
enum rcx_status rcx_gbdt_model_append(struct rcx_gbdt_model *model, struct rcx_gbdt_tree *tree,
                                      struct rcx_error *err);
/* Forgets the trees from `tree_count` on. */
void rcx_gbdt_model_truncate(struct rcx_gbdt_model *model, size_t tree_count);

enum rcx_gbdt_link rcx_gbdt_model_link(const struct rcx_gbdt_model *model);
/* Turns raw scores into predictions, in place. */
void rcx_gbdt_model_transform(const struct rcx_gbdt_model *model, double *scores, size_t count);
