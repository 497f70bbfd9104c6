#pragma once
/* From a table to the columns that a model takes, by name.
 *
 * A feature finds its column by its exact name, or with blanks read as '_' (names in model files have
 * none). Columns in another order are fine, further ones are ignored. A feature with texts of
 * categories takes a column of texts, or of numbers that the texts are written as: a value becomes
 * the number of its text, an unknown one NaN. Every other feature takes numbers; a column of texts is
 * refused. */
#include "base/status.h"
#include "base/table.h"
#include "ml/gbdt/gbdt_model.h"
#include "ml/matrix.h"

/* A matrix with what had to be made for it. Zero is a valid empty one. */
struct rcx_gbdt_inputs {
    struct rcx_matrix matrix;
    const double **columns;
    const char **names;
    double **converted; /* one per feature; NULL where the table's own values serve */
    size_t ignored;     /* columns of the table that no feature took */
};

/*  features  of a model, or chosen for one (rcx_gbdt_features_choose)
 * Ownership: borrows table and features as long as *out is in use.
 * Errors: RCX_E_INPUT (missing columns, with those there are; texts for numbers; two features that
 * find one column), RCX_E_NOMEM. */
enum rcx_status rcx_gbdt_inputs_build(const struct rcx_gbdt_feature *features, size_t feature_count,
                                      const struct rcx_table *table, struct rcx_gbdt_inputs *out,
                                      struct rcx_error *err);
void rcx_gbdt_inputs_release(struct rcx_gbdt_inputs *inputs);

/* The features of a table to train on, all columns but those in `without`: names, and of columns of
 * texts the distinct ones in byte order.
 *  out  *out_count owned features; release with rcx_gbdt_features_release
 * Errors: RCX_E_NOMEM. */
enum rcx_status rcx_gbdt_features_choose(const struct rcx_table *table, const char *const *without,
                                         size_t without_count, struct rcx_gbdt_feature **out,
                                         size_t *out_count, struct rcx_error *err);
void rcx_gbdt_features_release(struct rcx_gbdt_feature *features, size_t count);

/* Gives the model the texts of the features it was trained on (same number and order). */
void rcx_gbdt_model_take_categories(struct rcx_gbdt_model *model,
                                    const struct rcx_gbdt_feature *features);
