#pragma once
/* Random models and rows for the tests of prediction, explanation and model files: every kind of split,
 * values on thresholds, around zero, missing, infinite, beyond all categories. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ml/gbdt/gbdt_model.h"
#include "ml/matrix.h"
#include "tests/support/check.h"

struct model_case {
    size_t features;
    uint32_t most_leaves;
    bool with_categories;
};

static inline double case_threshold(struct check_random *random)
{
    static const double special[] = {0, -0.0, 1e-35, -1e-36, 1e300, -1e300, 0.1, 3};
    if (check_below(random, 4) == 0)
        return special[check_below(random, sizeof special / sizeof special[0])];
    return (double)check_below(random, 41) / 4 - 5;
}

static inline double case_value(struct check_random *random)
{
    switch (check_below(random, 12)) {
    case 0:
        return NAN;
    case 1:
        return (double)INFINITY * (check_below(random, 2) ? 1 : -1);
    case 2:
        return (check_unit(random) - 0.5) * 1e-34;
    case 3:
        return check_unit(random) * 1e12;
    case 4:
        return 0;
    default:
        return check_below(random, 2) ? case_threshold(random) : check_unit(random) * 12 - 6;
    }
}

/* Splits random leaves; rows are shared out so that counts add up. Sets have one or two words. */
static inline void case_tree(struct check_random *random, const struct model_case *c,
                             struct rcx_gbdt_tree *tree)
{
    uint32_t leaves = 1 + (uint32_t)check_below(random, c->most_leaves), sets = 0, words = 0;
    uint8_t *types = calloc(leaves, 1);
    for (uint32_t s = 0; s + 1 < leaves; s++) {
        bool set = c->with_categories && check_below(random, 4) == 0;
        types[s] = set ? RCX_GBDT_CATEGORICAL
                       : (uint8_t)(check_below(random, 2) * RCX_GBDT_DEFAULT_LEFT +
                                   (check_below(random, 3) << RCX_GBDT_MISSING_SHIFT));
        sets += set;
        words += set ? 1 + s % 2 : 0;
    }
    assert_true(rcx_gbdt_tree_init(tree, leaves, sets, words));
    tree->leaf_rows[0] = leaves * 100;
    uint32_t set = 0;
    for (uint32_t s = 0; s + 1 < leaves; s++) {
        uint32_t leaf = (uint32_t)check_below(random, s + 1);
        for (uint32_t p = 0; p < s; p++) { /* the leaf becomes split s */
            if (tree->left_child[p] == ~(int32_t)leaf)
                tree->left_child[p] = (int32_t)s;
            if (tree->right_child[p] == ~(int32_t)leaf)
                tree->right_child[p] = (int32_t)s;
        }
        tree->left_child[s] = ~(int32_t)leaf;
        tree->right_child[s] = ~(int32_t)(s + 1);
        tree->split_feature[s] = (int32_t)check_below(random, c->features);
        tree->decision_type[s] = types[s];
        tree->split_gain[s] = check_unit(random) * 100;
        tree->internal_rows[s] = tree->leaf_rows[leaf];
        tree->internal_weight[s] = check_unit(random);
        uint32_t rows = tree->leaf_rows[leaf],
                 left = rows > 1 ? 1 + (uint32_t)check_below(random, rows - 1) : rows;
        tree->leaf_rows[leaf] = left;
        tree->leaf_rows[s + 1] = rows - left;
        tree->threshold[s] = case_threshold(random);
        if (types[s] == RCX_GBDT_CATEGORICAL) {
            uint32_t begin = tree->category_begin[set];
            tree->threshold[s] = set++;
            tree->category_begin[set] = begin + 1 + s % 2;
            for (uint32_t w = begin; w < tree->category_begin[set]; w++)
                tree->category_bits[w] = (uint32_t)check_next(random);
        }
    }
    for (uint32_t leaf = 0; leaf < leaves; leaf++) {
        tree->leaf_value[leaf] = check_unit(random) * 2 - 1;
        tree->leaf_weight[leaf] = check_unit(random) * 30;
    }
    tree->shrinkage = 0.1;
    free(types);
}

static inline void case_model(struct check_random *random, const struct model_case *c, size_t trees,
                              struct rcx_gbdt_model *model)
{
    char name[32];
    assert_int_equal(rcx_gbdt_model_init(model, c->features, NULL), RCX_OK);
    for (size_t f = 0; f < c->features; f++) {
        snprintf(name, sizeof name, "feature_%zu", f);
        assert_int_equal(rcx_gbdt_model_set_name(model, f, name, NULL), RCX_OK);
        assert_int_equal(rcx_gbdt_model_set_range(model, f, -5.25, 1e12 / 3, NULL), RCX_OK);
    }
    for (size_t t = 0; t < trees; t++) {
        struct rcx_gbdt_tree tree;
        case_tree(random, c, &tree);
        assert_int_equal(rcx_gbdt_model_append(model, &tree, NULL), RCX_OK);
    }
}

/* Rows of random values; free the one block behind columns[0] and the columns. */
static inline struct rcx_matrix case_rows(struct check_random *random, size_t rows, size_t columns)
{
    double *values = calloc(rows * columns + 1, sizeof *values);
    const double **pointers = calloc(columns + 1, sizeof *pointers);
    for (size_t i = 0; i < rows * columns; i++)
        values[i] = case_value(random);
    for (size_t c = 0; c < columns; c++)
        pointers[c] = values + c * rows;
    return (struct rcx_matrix){rows, columns, pointers, NULL};
}

static inline void case_rows_free(struct rcx_matrix *matrix)
{
    free((void *)(uintptr_t)matrix->columns[0]);
    free((void *)(uintptr_t)matrix->columns);
}

static inline double *case_row(const struct rcx_matrix *matrix, size_t row)
{
    double *values = calloc(matrix->column_count + 1, sizeof *values);
    for (size_t c = 0; c < matrix->column_count; c++)
        values[c] = matrix->columns[c][row];
    return values;
}

/* The plain way, in the order of the trees. */
static inline double case_score(const struct rcx_gbdt_model *model, const struct rcx_matrix *matrix,
                                size_t row, size_t trees)
{
    double *values = case_row(matrix, row), sum = 0;
    for (size_t t = 0; t < trees; t++)
        sum += model->trees[t].leaf_value[rcx_gbdt_tree_leaf(&model->trees[t], values)];
    free(values);
    return sum;
}
