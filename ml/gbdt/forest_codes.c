#include "ml/gbdt/forest_codes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ml/gbdt/forest_kernels.h"

enum {
    /* Codes of thresholds, categories, sets and columns stay below the two special ones. */
    MOST_CODES = RCX_FOREST_RIGHT - 1,
    KINDS = 16, /* decision types */
};

/* Where nothing is missing, the direction of the missing does not matter; nor does either of a set. */
static uint8_t kind_of(const struct rcx_gbdt_tree *tree, uint32_t split)
{
    unsigned type = tree->decision_type[split];
    if (type & RCX_GBDT_CATEGORICAL)
        return RCX_GBDT_CATEGORICAL;
    return type >> RCX_GBDT_MISSING_SHIFT == RCX_GBDT_MISSING_NONE ? 0 : (uint8_t)type;
}

static int compare_reals(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static unsigned levels_for(uint32_t count)
{
    unsigned levels = 0;
    while ((1u << levels) - 1 < count)
        levels++;
    return levels;
}

/* What the splits of the model say of one feature before columns are given out. */
struct usage {
    uint32_t splits; /* numerical ones */
    uint32_t kinds;  /* bit per kind */
};

/* False when a set or tree does not fit. */
static bool gather_usage(const struct rcx_gbdt_model *model, size_t tree_count, struct usage *usage)
{
    for (size_t t = 0; t < tree_count; t++) {
        const struct rcx_gbdt_tree *tree = &model->trees[t];
        if (tree->category_sets > MOST_CODES)
            return false;
        for (uint32_t s = 0; s < tree->category_sets; s++)
            if (tree->category_begin[s + 1] - tree->category_begin[s] > MOST_CODES / 32)
                return false;
        for (uint32_t s = 0; s + 1 < tree->leaf_count; s++) {
            struct usage *of = &usage[tree->split_feature[s]];
            of->kinds |= 1u << kind_of(tree, s);
            of->splits += (tree->decision_type[s] & RCX_GBDT_CATEGORICAL) == 0;
        }
    }
    return true;
}

/* Features that are used, their columns, and room for their thresholds. */
static bool lay_out(const struct usage *usage, size_t model_features,
                    struct rcx_forest_codes *codes, double **begin)
{
    double *next = codes->pool;
    for (size_t f = 0; f < model_features; f++) {
        if (usage[f].kinds == 0)
            continue;
        struct rcx_forest_feature *feature = &codes->features[codes->feature_count];
        *feature = (struct rcx_forest_feature){.number = (uint32_t)f,
                                               .thresholds = next,
                                               .first_column = codes->column_count,
                                               .has_numeric = usage[f].splits > 0};
        begin[codes->feature_count] = next;
        next += ((size_t)1 << levels_for(usage[f].splits)) - 1;
        codes->place_of[f] = codes->feature_count;
        for (unsigned kind = 0; kind < KINDS; kind++)
            if (usage[f].kinds >> kind & 1)
                codes->columns[codes->column_count++] = (struct rcx_forest_column){
                    .feature = codes->feature_count, .kind = (uint8_t)kind};
        feature->column_count = codes->column_count - feature->first_column;
        codes->feature_count++;
    }
    return codes->column_count <= MOST_CODES;
}

static void gather_thresholds(const struct rcx_gbdt_model *model, size_t tree_count,
                              const struct rcx_forest_codes *codes, double **next)
{
    for (size_t t = 0; t < tree_count; t++) {
        const struct rcx_gbdt_tree *tree = &model->trees[t];
        for (uint32_t s = 0; s + 1 < tree->leaf_count; s++)
            if ((tree->decision_type[s] & RCX_GBDT_CATEGORICAL) == 0)
                *next[codes->place_of[tree->split_feature[s]]]++ = tree->threshold[s];
    }
}

/* Sorts, drops repetitions, fills up with infinity. */
static bool settle_thresholds(struct rcx_forest_feature *feature, size_t gathered)
{
    double *all = feature->thresholds;
    uint32_t kept = 0;
    if (gathered > 0)
        qsort(all, gathered, sizeof *all, compare_reals);
    for (size_t i = 0; i < gathered; i++)
        if (kept == 0 || all[i] > all[kept - 1])
            all[kept++] = all[i];
    feature->threshold_count = kept;
    feature->levels = levels_for(kept);
    for (size_t i = kept; i < ((size_t)1 << feature->levels) - 1; i++)
        all[i] = INFINITY;
    return kept <= MOST_CODES;
}

/* How many thresholds are below the value. */
static uint16_t code_of(const struct rcx_forest_feature *feature, double value)
{
    uint16_t code = 0;
    RCX_KERNEL_CALL(rcx_forest_encode)(&value, 1, feature->thresholds, feature->levels, &code);
    return code;
}

static void settle_columns(struct rcx_forest_codes *codes)
{
    for (uint32_t c = 0; c < codes->column_count; c++) {
        struct rcx_forest_column *column = &codes->columns[c];
        if (column->kind == RCX_GBDT_CATEGORICAL)
            column->missing = RCX_FOREST_RIGHT;
        else if (column->kind == 0)
            column->missing = code_of(&codes->features[column->feature], 0);
        else
            column->missing = column->kind & RCX_GBDT_DEFAULT_LEFT ? 0 : RCX_FOREST_RIGHT;
    }
}

static bool build(const struct rcx_gbdt_model *model, size_t tree_count, const struct usage *usage,
                  struct rcx_forest_codes *codes, double **begin, double **end)
{
    if (!lay_out(usage, model->feature_count, codes, begin))
        return false;
    memcpy(end, begin, codes->feature_count * sizeof *end);
    gather_thresholds(model, tree_count, codes, end);
    for (uint32_t f = 0; f < codes->feature_count; f++)
        if (!settle_thresholds(&codes->features[f], (size_t)(end[f] - begin[f])))
            return false;
    settle_columns(codes);
    return true;
}

enum rcx_status rcx_forest_codes_build(const struct rcx_gbdt_model *model, size_t tree_count,
                                       struct rcx_forest_codes *out, bool *out_fits,
                                       struct rcx_error *err)
{
    size_t features = model->feature_count, room = 1, columns = 1;
    struct rcx_forest_codes codes = {0};
    struct usage *usage = rcx_calloc(features + 1, sizeof *usage);
    *out = codes;
    *out_fits = usage && gather_usage(model, tree_count, usage);
    if (usage && !*out_fits) {
        rcx_free(usage);
        return RCX_OK;
    }
    for (size_t f = 0; f < features && usage; f++) {
        room += (size_t)1 << levels_for(usage[f].splits);
        columns += (size_t)__builtin_popcount(usage[f].kinds);
    }
    double **begin = rcx_calloc(features + 1, sizeof *begin);
    double **end = rcx_calloc(features + 1, sizeof *end);
    codes.features = rcx_calloc(features + 1, sizeof *codes.features);
    codes.columns = rcx_calloc(columns, sizeof *codes.columns);
    codes.place_of = rcx_calloc(features + 1, sizeof *codes.place_of);
    codes.pool = rcx_calloc(room, sizeof *codes.pool);
    bool enough = usage && begin && end && codes.features && codes.columns && codes.place_of &&
                  codes.pool;
    if (enough)
        *out_fits = build(model, tree_count, usage, &codes, begin, end);
    rcx_free(usage);
    rcx_free(begin);
    rcx_free(end);
    if (enough && *out_fits)
        *out = codes;
    else
        rcx_forest_codes_release(&codes);
    return enough ? RCX_OK : rcx_fail_nomem(err, "forest", room * sizeof *codes.pool);
}

void rcx_forest_codes_release(struct rcx_forest_codes *codes)
{
    rcx_free(codes->features);
    rcx_free(codes->columns);
    rcx_free(codes->place_of);
    rcx_free(codes->pool);
    *codes = (struct rcx_forest_codes){0};
}

uint16_t rcx_forest_codes_column(const struct rcx_forest_codes *codes,
                                 const struct rcx_gbdt_tree *tree, uint32_t split)
{
    const struct rcx_forest_feature *feature =
        &codes->features[codes->place_of[tree->split_feature[split]]];
    uint32_t column = feature->first_column;
    while (codes->columns[column].kind != kind_of(tree, split))
        column++;
    return (uint16_t)column;
}

uint16_t rcx_forest_codes_threshold(const struct rcx_forest_codes *codes,
                                    const struct rcx_gbdt_tree *tree, uint32_t split)
{
    return code_of(&codes->features[codes->place_of[tree->split_feature[split]]],
                   tree->threshold[split]);
}

/* ---- rows ---- */

static void put_categories(const double *values, uint32_t count, uint16_t *out, size_t stride)
{
    for (uint32_t r = 0; r < count; r++) {
        double value = values[r]; /* (-1, 0) is category 0, as in a cast to int */
        out[r * stride] = value > -1 && value < MOST_CODES ? (uint16_t)(int32_t)value
                                                           : (uint16_t)RCX_FOREST_RIGHT;
    }
}

static void put_numbers(const double *values, const uint16_t *below, uint32_t count,
                        const struct rcx_forest_column *column, uint16_t *out, size_t stride)
{
    uint16_t missing = column->missing;
    if (column->kind >> RCX_GBDT_MISSING_SHIFT == RCX_GBDT_MISSING_ZERO)
        for (uint32_t r = 0; r < count; r++)
            out[r * stride] = fabs(values[r]) > RCX_GBDT_ZERO ? below[r] : missing;
    else
        for (uint32_t r = 0; r < count; r++)
            out[r * stride] = isnan(values[r]) ? missing : below[r];
}

void rcx_forest_codes_encode(const struct rcx_forest_codes *codes, const struct rcx_matrix *matrix,
                             size_t first, uint32_t count, size_t row_stride, size_t column_stride,
                             uint16_t *out)
{
    uint16_t below[RCX_FOREST_BLOCK] = {0};
    for (uint32_t f = 0; f < codes->feature_count; f++) {
        const struct rcx_forest_feature *feature = &codes->features[f];
        const double *values = matrix->columns[feature->number] + first;
        if (feature->has_numeric)
            RCX_KERNEL_CALL(rcx_forest_encode)
        (values, count, feature->thresholds, feature->levels, below);
        for (uint32_t c = feature->first_column; c < feature->first_column + feature->column_count;
             c++) {
            const struct rcx_forest_column *column = &codes->columns[c];
            if (column->kind == RCX_GBDT_CATEGORICAL)
                put_categories(values, count, out + c * column_stride, row_stride);
            else
                put_numbers(values, below, count, column, out + c * column_stride, row_stride);
        }
    }
}
