#pragma once
/* Small generated data sets for the tests of the tree learner. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ml/gbdt/gbdt.h"

enum { TREE_DATA_COLUMNS = 8 };

/* Columns: 0 normal, 1 normal with a fifth missing, 2 whole numbers 0..6, 3 category 0..39, 4 category
 * 0..2, 5 constant, 6 all missing, 7 uniform. Label 0/1 and an amount >= 0 depend on them. */
struct tree_data {
    size_t rows;
    double *values; /* [columns][rows] */
    const double *columns[TREE_DATA_COLUMNS];
    double *binary, *amount, *weight;
    struct rcx_matrix matrix;
    bool categorical[TREE_DATA_COLUMNS];
    struct rcx_gbdt_params params;
    struct rcx_gbdt_bins bins;
    struct rcx_gbdt_dataset dataset;
};

void tree_data_make(struct tree_data *data, size_t rows, uint64_t seed);
/* Sets a parameter; fails the test when it is refused. */
void tree_data_set(struct tree_data *data, const char *name, const char *value);
/* Bins and data set with these labels (data->binary or data->amount) for `threads`. */
void tree_data_bin(struct tree_data *data, const double *label, unsigned threads);
/* Trains; fails the test when training fails. */
void tree_data_train(struct tree_data *data, unsigned threads, struct rcx_gbdt_model *out);
void tree_data_release(struct tree_data *data);

/* Raw score by walking the trees. */
double tree_data_raw(const struct rcx_gbdt_model *model, const double *row);
/* Of everything a model file holds of the trees. */
uint64_t tree_data_digest(const struct rcx_gbdt_model *model);
