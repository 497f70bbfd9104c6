#include "ml/gbdt/model_inputs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"

/* ---- names ---- */

/* Whether the name as a model file has it is that of the column. */
static bool same_name(const char *feature, const char *column)
{
    for (; *feature && *column; feature++, column++)
        if (*feature != *column && !(*feature == '_' && (unsigned char)*column <= ' '))
            return false;
    return *feature == *column;
}

static const struct rcx_column *find_column(const struct rcx_table *table, const char *name)
{
    const struct rcx_column *exact = rcx_table_find(table, name);
    for (size_t c = 0; c < table->column_count && !exact; c++)
        if (same_name(name, table->columns[c].name))
            return &table->columns[c];
    return exact;
}

static enum rcx_status fail_missing(const struct rcx_gbdt_feature *features, size_t count,
                                    const struct rcx_table *table, struct rcx_error *err)
{
    enum { SHOWN = 5, COLUMNS_SHOWN = 20 };
    struct rcx_buf text = {0};
    size_t missing = 0, columns = table->column_count;
    for (size_t f = 0; f < count; f++) {
        if (find_column(table, features[f].name))
            continue;
        if (missing < SHOWN)
            (void)rcx_buf_printf(&text, "%s'%s'", missing > 0 ? ", " : "", features[f].name);
        missing++;
    }
    if (missing > SHOWN)
        (void)rcx_buf_printf(&text, " and %zu more", missing - SHOWN);
    (void)rcx_buf_printf(&text, "; there %s %zu: ", columns == 1 ? "is" : "are", columns);
    for (size_t c = 0; c < columns && c < COLUMNS_SHOWN; c++)
        (void)rcx_buf_printf(&text, "%s%s", c > 0 ? ", " : "", table->columns[c].name);
    if (columns > COLUMNS_SHOWN)
        (void)rcx_buf_append_text(&text, ", ...");
    enum rcx_status status = rcx_fail(
        err, RCX_E_INPUT, "the data lack %zu of the %zu columns that the model takes: %s", missing,
        count, rcx_buf_text(&text));
    rcx_buf_release(&text);
    return status;
}

/* ---- values ---- */

/* Category numbers by text, in byte order. */
struct entry {
    struct rcx_text text;
    uint32_t category;
};

static int compare_entries(const void *a, const void *b)
{
    return rcx_text_compare(((const struct entry *)a)->text, ((const struct entry *)b)->text);
}

static double category_of(const struct entry *entries, size_t count, struct rcx_text text)
{
    struct entry wanted = {text, 0};
    const struct entry *found =
        count > 0 ? bsearch(&wanted, entries, count, sizeof *entries, compare_entries) : NULL;
    return found ? (double)found->category : (double)NAN;
}

/* Each text of the column's dictionary is looked up once. */
static bool convert_texts(const struct entry *entries, size_t count,
                          const struct rcx_column *column, double *out)
{
    uint32_t texts = column->dictionary ? column->dictionary->count : 0;
    double *category = rcx_malloc_array((size_t)texts + 1, sizeof *category);
    if (!category)
        return false;
    for (uint32_t code = 0; code < texts; code++)
        category[code] = category_of(entries, count, rcx_strings_get(column->dictionary, code));
    for (size_t r = 0; r < column->rows; r++)
        out[r] = rcx_column_is_null(column, r) ? NAN : category[column->codes[r]];
    rcx_free(category);
    return true;
}

/* Numbers whose texts are the categories: the text of the value, without ".0". */
static void convert_numbers(const struct entry *entries, size_t count,
                            const struct rcx_column *column, double *out)
{
    char text[RCX_REAL_TEXT_BYTES];
    rcx_column_to_reals(column, out);
    for (size_t r = 0; r < column->rows; r++) {
        if (isnan(out[r]))
            continue;
        size_t length = rcx_format_real(out[r], text);
        double found = category_of(entries, count, (struct rcx_text){text, length});
        if (isnan(found) && length > 2 && memcmp(text + length - 2, ".0", 2) == 0)
            found = category_of(entries, count, (struct rcx_text){text, length - 2});
        out[r] = found;
    }
}

static enum rcx_status convert_categories(const struct rcx_gbdt_feature *feature,
                                          const struct rcx_column *column, double *out,
                                          struct rcx_error *err)
{
    size_t count = feature->categories->count;
    struct entry *entries = rcx_malloc_array(count + 1, sizeof *entries);
    if (!entries)
        return rcx_fail_nomem(err, "categories", count * sizeof *entries);
    for (uint32_t c = 0; c < count; c++)
        entries[c] = (struct entry){rcx_strings_get(feature->categories, c), c};
    qsort(entries, count, sizeof *entries, compare_entries);
    bool enough = true;
    if (column->type == RCX_TYPE_TEXT)
        enough = convert_texts(entries, count, column, out);
    else
        convert_numbers(entries, count, column, out);
    rcx_free(entries);
    return enough ? RCX_OK : rcx_fail_nomem(err, "categories", column->rows * sizeof *out);
}

/* ---- matrix ---- */

static enum rcx_status put_column(const struct rcx_gbdt_feature *feature,
                                  const struct rcx_column *column, size_t f,
                                  struct rcx_gbdt_inputs *out, struct rcx_error *err)
{
    if (!feature->categories && column->type == RCX_TYPE_TEXT)
        return rcx_fail(err, RCX_E_INPUT,
                        "column '%s' is text; the model takes numbers there (a cell that is no "
                        "number makes a column text)",
                        column->name);
    if (!feature->categories && column->type == RCX_TYPE_REAL) {
        out->columns[f] = column->reals;
        return RCX_OK;
    }
    out->converted[f] = rcx_malloc_array(column->rows + 1, sizeof(double));
    if (!out->converted[f])
        return rcx_fail_nomem(err, "columns", column->rows * sizeof(double));
    out->columns[f] = out->converted[f];
    if (feature->categories)
        return convert_categories(feature, column, out->converted[f], err);
    rcx_column_to_reals(column, out->converted[f]);
    return RCX_OK;
}

enum rcx_status rcx_gbdt_inputs_build(const struct rcx_gbdt_feature *features, size_t feature_count,
                                      const struct rcx_table *table, struct rcx_gbdt_inputs *out,
                                      struct rcx_error *err)
{
    struct rcx_gbdt_inputs inputs = {0};
    enum rcx_status status = RCX_OK;
    size_t taken = 0;
    inputs.columns = rcx_calloc(feature_count + 1, sizeof *inputs.columns);
    inputs.names = rcx_calloc(feature_count + 1, sizeof *inputs.names);
    inputs.converted = rcx_calloc(feature_count + 1, sizeof *inputs.converted);
    inputs.matrix = (struct rcx_matrix){table->rows, feature_count, inputs.columns, inputs.names};
    bool *seen = rcx_calloc(table->column_count + 1, sizeof *seen);
    if (!inputs.columns || !inputs.names || !inputs.converted || !seen)
        status = rcx_fail_nomem(err, "columns", feature_count * sizeof *inputs.columns);
    for (size_t f = 0; f < feature_count && status == RCX_OK; f++) {
        const struct rcx_column *column = find_column(table, features[f].name);
        if (!column) {
            status = fail_missing(features, feature_count, table, err);
            break;
        }
        size_t place = (size_t)(column - table->columns);
        if (seen[place]) {
            status = rcx_fail(err, RCX_E_INPUT,
                              "two features of the model are called like column '%s'",
                              column->name);
            break;
        }
        seen[place] = true;
        taken++;
        inputs.names[f] = features[f].name;
        status = put_column(&features[f], column, f, &inputs, err);
    }
    inputs.ignored = table->column_count - taken;
    rcx_free(seen);
    if (status == RCX_OK)
        *out = inputs;
    else
        rcx_gbdt_inputs_release(&inputs);
    return status;
}

void rcx_gbdt_inputs_release(struct rcx_gbdt_inputs *inputs)
{
    for (size_t f = 0; f < inputs->matrix.column_count && inputs->converted; f++)
        rcx_free(inputs->converted[f]);
    rcx_free(inputs->columns);
    rcx_free(inputs->names);
    rcx_free(inputs->converted);
    *inputs = (struct rcx_gbdt_inputs){0};
}

/* ---- features of a table ---- */

static bool is_in(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (names[i] && strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* The texts that occur, sorted. */
static struct rcx_strings *sorted_texts(const struct rcx_column *column)
{
    uint32_t texts = column->dictionary ? column->dictionary->count : 0, used = 0;
    uint64_t bytes = 0;
    struct entry *entries = rcx_calloc((size_t)texts + 1, sizeof *entries);
    bool *occurs = rcx_calloc((size_t)texts + 1, sizeof *occurs);
    struct rcx_strings *sorted = NULL;
    for (size_t r = 0; r < column->rows && occurs; r++)
        if (!rcx_column_is_null(column, r))
            occurs[column->codes[r]] = true;
    for (uint32_t code = 0; code < texts && entries && occurs; code++)
        if (occurs[code])
            entries[used++].text = rcx_strings_get(column->dictionary, code);
    if (entries && occurs) {
        qsort(entries, used, sizeof *entries, compare_entries);
        for (uint32_t i = 0; i < used; i++)
            bytes += entries[i].text.length;
        sorted = rcx_strings_new(used, bytes);
    }
    bytes = 0;
    for (uint32_t i = 0; i < used && sorted; i++) {
        sorted->offsets[i] = bytes;
        memcpy(sorted->bytes + bytes, entries[i].text.data, entries[i].text.length);
        bytes += entries[i].text.length;
        sorted->offsets[i + 1] = bytes;
    }
    if (sorted && used == 0)
        sorted->offsets[0] = 0;
    rcx_free(entries);
    rcx_free(occurs);
    return sorted;
}

enum rcx_status rcx_gbdt_features_choose(const struct rcx_table *table, const char *const *without,
                                         size_t without_count, struct rcx_gbdt_feature **out,
                                         size_t *out_count, struct rcx_error *err)
{
    size_t count = 0;
    bool enough = true;
    struct rcx_gbdt_feature *features = rcx_calloc(table->column_count + 1, sizeof *features);
    for (size_t c = 0; c < table->column_count && features && enough; c++) {
        const struct rcx_column *column = &table->columns[c];
        if (is_in(column->name, without, without_count))
            continue;
        struct rcx_gbdt_feature *feature = &features[count++];
        feature->name = rcx_strdup(column->name);
        feature->info = rcx_strdup("none");
        if (column->type == RCX_TYPE_TEXT)
            feature->categories = sorted_texts(column);
        enough = feature->name && feature->info &&
                 (column->type != RCX_TYPE_TEXT || feature->categories);
    }
    if (!features || !enough) {
        rcx_gbdt_features_release(features, count);
        return rcx_fail_nomem(err, "features", table->column_count * sizeof *features);
    }
    *out = features;
    *out_count = count;
    return RCX_OK;
}

void rcx_gbdt_features_release(struct rcx_gbdt_feature *features, size_t count)
{
    for (size_t f = 0; f < count && features; f++) {
        rcx_free(features[f].name);
        rcx_free(features[f].info);
        if (features[f].categories)
            rcx_strings_release(features[f].categories);
    }
    rcx_free(features);
}

void rcx_gbdt_model_take_categories(struct rcx_gbdt_model *model,
                                    const struct rcx_gbdt_feature *features)
{
    for (size_t f = 0; f < model->feature_count; f++)
        if (features[f].categories && !model->features[f].categories)
            model->features[f].categories = rcx_strings_retain(features[f].categories);
}
