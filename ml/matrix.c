#include "ml/matrix.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static void convert(const struct rcx_column *column, double *out)
{
    size_t rows = column->rows;

    switch (column->type) {
    case RCX_TYPE_BOOL:
        for (size_t r = 0; r < rows; r++)
            out[r] = column->booleans[r];
        break;
    case RCX_TYPE_INT8:
        for (size_t r = 0; r < rows; r++)
            out[r] = column->i8[r];
        break;
    case RCX_TYPE_INT32:
    case RCX_TYPE_DATE:
        for (size_t r = 0; r < rows; r++)
            out[r] = column->i32[r];
        break;
    case RCX_TYPE_INT64:
    case RCX_TYPE_TIME:
        for (size_t r = 0; r < rows; r++)
            out[r] = (double)column->i64[r];
        break;
    case RCX_TYPE_REAL:
        if (rows > 0)
            memcpy(out, column->reals, rows * sizeof(double));
        break;
    case RCX_TYPE_DECIMAL:
        for (size_t r = 0; r < rows; r++)
            out[r] = rcx_ratio(column->i64[r], rcx_pow10(column->scale));
        break;
    case RCX_TYPE_TEXT:
        for (size_t r = 0; r < rows; r++)
            out[r] = column->codes[r];
        break;
    case RCX_TYPE_COUNT:
        break;
    }
}

void rcx_column_to_reals(const struct rcx_column *column, double *out)
{
    convert(column, out);
    if (!column->valid || column->type == RCX_TYPE_REAL)
        return;
    for (size_t r = 0; r < column->rows; r++)
        if (!(column->valid[r / 8] >> (r % 8) & 1))
            out[r] = NAN;
}

static enum rcx_status no_column(const struct rcx_table *table, const char *name,
                                 struct rcx_error *err)
{
    char list[512];
    size_t length = 0;
    const char **names = rcx_malloc_array(table->column_count + 1, sizeof(*names));
    const char *near = NULL;
    bool all_shown = true;

    list[0] = '\0';
    for (size_t c = 0; c < table->column_count; c++) {
        const char *text = table->columns[c].name;
        if (names)
            names[c] = text;
        if (length + strlen(text) + 8 < sizeof(list)) {
            memcpy(list + length, c == 0 ? "" : ", ", c == 0 ? 0 : 2);
            length += c == 0 ? 0 : 2;
            memcpy(list + length, text, strlen(text) + 1);
            length += strlen(text);
        } else {
            all_shown = false;
        }
    }
    if (names)
        near = rcx_suggest(name, names, table->column_count);
    rcx_free(names);
    return rcx_fail(err, RCX_E_INPUT, "%s: no column '%s'%s%s%s; there are: %s%s",
                    table->name ? table->name : "table", name, near ? " (did you mean '" : "",
                    near ? near : "", near ? "'?)" : "", list, all_shown ? "" : ", ...");
}

static enum rcx_status add_column(struct rcx_matrix_source *out, size_t index,
                                  const struct rcx_column *column, struct rcx_error *err)
{
    out->names[index] = column->name;
    if (column->type == RCX_TYPE_REAL) {
        out->columns[index] = column->reals;
        return RCX_OK;
    }
    double *values = rcx_malloc_array(column->rows + 1, sizeof(double));
    if (!values)
        return rcx_fail_nomem(err, column->name, column->rows * sizeof(double));
    rcx_column_to_reals(column, values);
    out->converted[index] = values;
    out->columns[index] = values;
    return RCX_OK;
}

enum rcx_status rcx_matrix_build(const struct rcx_table *table, const char *const *names,
                                 size_t name_count, struct rcx_matrix_source *out,
                                 struct rcx_error *err)
{
    size_t count = names ? name_count : table->column_count;
    struct rcx_matrix_source built = {0};
    enum rcx_status status = RCX_OK;

    built.columns = rcx_calloc(count + 1, sizeof(*built.columns));
    built.names = rcx_calloc(count + 1, sizeof(*built.names));
    built.converted = rcx_calloc(count + 1, sizeof(*built.converted));
    if (!built.columns || !built.names || !built.converted)
        status = rcx_fail_nomem(err, "matrix", count * sizeof(*built.columns));
    built.matrix = (struct rcx_matrix){table->rows, count, built.columns, built.names};
    for (size_t c = 0; c < count && status == RCX_OK; c++) {
        const char *name = names ? names[c] : table->columns[c].name;
        const struct rcx_column *column = names ? rcx_table_find(table, name) : &table->columns[c];
        status = column ? add_column(&built, c, column, err) : no_column(table, name, err);
    }
    if (status != RCX_OK) {
        rcx_matrix_release(&built);
        return status;
    }
    *out = built;
    return RCX_OK;
}

void rcx_matrix_release(struct rcx_matrix_source *source)
{
    if (!source)
        return;
    for (size_t c = 0; c < source->matrix.column_count && source->converted; c++)
        rcx_free(source->converted[c]);
    rcx_free(source->converted);
    rcx_free(source->columns);
    rcx_free(source->names);
    *source = (struct rcx_matrix_source){0};
}
