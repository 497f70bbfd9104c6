#pragma once
/* Rows as small integers for one model (forest.h): which columns of codes there are, and how values
 * become codes.
 *
 * Splits on one feature that treat missing values alike share a column. Of a numerical column the code
 * of a value is the number of the feature's thresholds (of all splits on it) below the value, and a
 * split at the k-th threshold sends codes <= k left. Of a categorical column the code is the category,
 * RCX_FOREST_RIGHT for missing and for what no set holds. */
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "ml/gbdt/gbdt_model.h"
#include "ml/matrix.h"

struct rcx_forest_column {
    uint32_t feature; /* place in `features` */
    uint8_t kind;     /* decision type without the direction where nothing is missing */
    uint16_t missing; /* code of a missing value */
};

/* A feature that splits use. */
struct rcx_forest_feature {
    uint32_t number;    /* in the model */
    unsigned levels;    /* 2^levels - 1 thresholds, those at the end infinite */
    double *thresholds; /* ascending, distinct */
    uint32_t threshold_count;
    uint32_t first_column, column_count;
    bool has_numeric;
};

struct rcx_forest_codes {
    uint32_t feature_count, column_count;
    struct rcx_forest_feature *features;
    struct rcx_forest_column *columns;
    uint32_t *place_of; /* feature number of the model -> place in features */
    double *pool;       /* behind `thresholds` */
};

/*  out_fits  whether 16 bits hold all codes; when not, *out is empty
 * Errors: RCX_E_NOMEM. */
enum rcx_status rcx_forest_codes_build(const struct rcx_gbdt_model *model, size_t tree_count,
                                       struct rcx_forest_codes *out, bool *out_fits,
                                       struct rcx_error *err);
void rcx_forest_codes_release(struct rcx_forest_codes *codes);

uint16_t rcx_forest_codes_column(const struct rcx_forest_codes *codes,
                                 const struct rcx_gbdt_tree *tree, uint32_t split);
uint16_t rcx_forest_codes_threshold(const struct rcx_forest_codes *codes,
                                    const struct rcx_gbdt_tree *tree, uint32_t split);
/* out[r * row_stride + c * column_stride] for rows first.. of at most RCX_FOREST_BLOCK. */
void rcx_forest_codes_encode(const struct rcx_forest_codes *codes, const struct rcx_matrix *matrix,
                             size_t first, uint32_t count, size_t row_stride, size_t column_stride,
                             uint16_t *out);
