#include "ml/tasks/campaign/table_columns.h"

#include <math.h>
#include <string.h>

#include "base/decimal.h"

struct rcx_column *rcx_columns_add(struct rcx_columns *columns, const char *name,
                                   enum rcx_type type)
{
    struct rcx_column *column = columns->failed ? NULL : rcx_table_add(columns->table, name, type);
    columns->failed = !column;
    return column;
}

struct rcx_column *rcx_columns_decimal(struct rcx_columns *columns, const char *name,
                                       unsigned places)
{
    struct rcx_column *column = rcx_columns_add(columns, name, RCX_TYPE_DECIMAL);
    if (column)
        column->scale = places;
    return column;
}

void rcx_columns_round(struct rcx_columns *columns, struct rcx_column *column, size_t row,
                       double value)
{
    if (!column)
        return;
    double scaled = value * (double)rcx_pow10(column->scale);
    bool fits = fabs(scaled) < 0x1p62; /* false for NaN */
    column->i64[row] = fits ? llround(scaled) : 0;
    if (!fits)
        rcx_columns_null(columns, column, row);
}

struct rcx_column *rcx_columns_texts(struct rcx_columns *columns, const char *name,
                                     const char *const *texts, size_t count)
{
    struct rcx_column *column = rcx_columns_add(columns, name, RCX_TYPE_TEXT);
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += strlen(texts[i]);
    struct rcx_strings *strings = column ? rcx_strings_new((uint32_t)count, bytes) : NULL;
    columns->failed = !strings;
    if (!strings)
        return NULL;
    bytes = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(texts[i]);
        memcpy(strings->bytes + bytes, texts[i], length);
        bytes += length;
        strings->offsets[i + 1] = bytes;
    }
    column->dictionary = strings;
    return column;
}

void rcx_columns_gather(struct rcx_columns *columns, const char *name,
                        const struct rcx_column *from, const uint32_t *rows)
{
    struct rcx_column *column = from ? rcx_columns_add(columns, name, from->type) : NULL;
    if (!column)
        return;
    size_t width = rcx_type_bytes(from->type);
    column->scale = from->scale;
    column->dictionary = rcx_strings_retain(from->dictionary);
    for (size_t i = 0; i < columns->table->rows; i++)
        memcpy((uint8_t *)column->values + i * width,
               (const uint8_t *)from->values + rows[i] * width, width);
    if (!from->valid)
        return;
    for (size_t i = 0; i < columns->table->rows; i++)
        if (rcx_column_is_null(from, rows[i]))
            rcx_columns_null(columns, column, i);
}

void rcx_columns_null(struct rcx_columns *columns, struct rcx_column *column, size_t row)
{
    if (column && !rcx_column_set_null(column, row))
        columns->failed = true;
}
