#include "tests/support/tree_data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/random.h"
#include "tests/support/check.h"

void tree_data_make(struct tree_data *data, size_t rows, uint64_t seed)
{
    *data = (struct tree_data){.rows = rows};
    data->values = calloc(rows * TREE_DATA_COLUMNS, sizeof(double));
    data->binary = calloc(rows, sizeof(double));
    data->amount = calloc(rows, sizeof(double));
    data->weight = calloc(rows, sizeof(double));
    assert_true(data->values && data->binary && data->amount && data->weight);
    for (size_t c = 0; c < TREE_DATA_COLUMNS; c++)
        data->columns[c] = data->values + c * rows;
    for (size_t r = 0; r < rows; r++) {
        struct rcx_random random = rcx_random_of(seed, 77, r);
        double *v = data->values + r;
        double second = rcx_random_normal(&random);
        v[0] = rcx_random_normal(&random);
        v[rows] = rcx_random_unit(&random) < 0.2 ? NAN : second;
        v[2 * rows] = (double)rcx_random_below(&random, 7);
        v[3 * rows] = (double)rcx_random_below(&random, 40);
        v[4 * rows] = (double)rcx_random_below(&random, 3);
        v[5 * rows] = 3.5;
        v[6 * rows] = NAN;
        v[7 * rows] = rcx_random_unit(&random);
        double z = v[0] + 0.7 * second * (v[4 * rows] - 1) + 0.2 * v[2 * rows] +
                   0.5 * sin(7 * v[3 * rows]) + 2 * v[7 * rows] - 1.5;
        data->binary[r] = rcx_random_unit(&random) < 1 / (1 + exp(-z));
        double size = rcx_random_exponential(&random);
        data->amount[r] = rcx_random_unit(&random) < 0.3 ? 0 : exp(0.4 * z) * size;
        data->weight[r] = 0.25 * (double)(1 + rcx_random_below(&random, 8));
    }
    data->matrix = (struct rcx_matrix){
        .rows = rows, .column_count = TREE_DATA_COLUMNS, .columns = data->columns};
    data->categorical[3] = data->categorical[4] = true;
    rcx_gbdt_params_init(&data->params);
}

void tree_data_set(struct tree_data *data, const char *name, const char *value)
{
    struct rcx_error err = {0};
    if (rcx_gbdt_params_set(&data->params, name, value, &err) != RCX_OK)
        fail_msg("%s", err.text);
}

void tree_data_bin(struct tree_data *data, const double *label, unsigned threads)
{
    struct rcx_error err = {0};
    struct rcx_parallel parallel = {threads};
    struct rcx_gbdt_rows rows = {.matrix = &data->matrix, .label = label};
    rcx_gbdt_dataset_release(&data->dataset);
    rcx_gbdt_bins_release(&data->bins);
    if (rcx_gbdt_bins_build(&data->matrix, data->categorical, &data->params, &parallel, &data->bins,
                            &err) != RCX_OK ||
        rcx_gbdt_dataset_build(&data->bins, &rows, &parallel, &data->dataset, &err) != RCX_OK)
        fail_msg("%s", err.text);
}

void tree_data_train(struct tree_data *data, unsigned threads, struct rcx_gbdt_model *out)
{
    struct rcx_error err = {0};
    struct rcx_parallel parallel = {threads};
    struct rcx_gbdt_job job = {
        .params = &data->params, .train = &data->dataset, .parallel = &parallel};
    if (rcx_gbdt_train(&job, out, NULL, &err) != RCX_OK)
        fail_msg("%s", err.text);
}

void tree_data_release(struct tree_data *data)
{
    rcx_gbdt_dataset_release(&data->dataset);
    rcx_gbdt_bins_release(&data->bins);
    rcx_gbdt_params_release(&data->params);
    free(data->values);
    free(data->binary);
    free(data->amount);
    free(data->weight);
}

double tree_data_raw(const struct rcx_gbdt_model *model, const double *row)
{
    double sum = 0;
    for (size_t t = 0; t < model->tree_count; t++)
        sum += model->trees[t].leaf_value[rcx_gbdt_tree_leaf(&model->trees[t], row)];
    return sum;
}

uint64_t tree_data_digest(const struct rcx_gbdt_model *model)
{
    uint64_t digest = model->tree_count;
    for (size_t t = 0; t < model->tree_count; t++) {
        const struct rcx_gbdt_tree *tree = &model->trees[t];
        size_t leaves = tree->leaf_count, splits = leaves - 1;
#define MIX(array, count)                                                                          \
    if ((count) > 0)                                                                               \
    digest = digest * 31 + rcx_hash64(tree->array, (count) * sizeof *tree->array)
        MIX(leaf_value, leaves);
        MIX(leaf_weight, leaves);
        MIX(leaf_rows, leaves);
        MIX(split_feature, splits);
        MIX(threshold, splits);
        MIX(decision_type, splits);
        MIX(left_child, splits);
        MIX(right_child, splits);
        MIX(split_gain, splits);
        MIX(internal_value, splits);
        MIX(internal_weight, splits);
        MIX(internal_rows, splits);
        MIX(category_bits, (size_t)tree->category_words);
#undef MIX
    }
    return digest;
}
