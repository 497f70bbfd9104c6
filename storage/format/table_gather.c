#include "storage/format/table_gather.h"

#include <string.h>

#include "base/memory.h"

bool rcx_gather_fits(const struct rcx_table *into, const struct rcx_table *from)
{
    for (size_t i = 0; into->rows > 0 && i < into->column_count; i++)
        if (into->columns[i].dictionary != from->columns[i].dictionary)
            return false;
    return true;
}

static bool add_columns(struct rcx_table *into, const struct rcx_table *from)
{
    for (size_t i = 0; i < from->column_count; i++) {
        struct rcx_column *column = rcx_table_add(into, from->columns[i].name,
                                                  from->columns[i].type);
        if (!column)
            return false;
        column->scale = from->columns[i].scale;
    }
    return true;
}

static bool append_nulls(struct rcx_column *into, size_t begin, const struct rcx_column *from)
{
    for (size_t row = 0; from->valid && row < from->rows; row++) {
        if (row % 8 == 0 && from->valid[row / 8] == 0xFF) {
            row += 7;
            continue;
        }
        if (!(from->valid[row / 8] >> row % 8 & 1) && !rcx_column_set_null(into, begin + row))
            return false;
    }
    return true;
}

bool rcx_gather_append(struct rcx_table *into, const struct rcx_table *from)
{
    if (into->column_count == 0 && !add_columns(into, from))
        return false;
    size_t begin = into->rows;
    if (!rcx_table_resize(into, begin + from->rows))
        return false;
    for (size_t i = 0; from->rows > 0 && i < into->column_count; i++) {
        struct rcx_column *column = &into->columns[i];
        const struct rcx_column *source = &from->columns[i];
        size_t width = rcx_type_bytes(column->type);
        memcpy((char *)column->values + begin * width, source->values, from->rows * width);
        if (column->type != RCX_TYPE_REAL && !append_nulls(column, begin, source))
            return false;
        if (column->dictionary != source->dictionary) {
            rcx_strings_release(column->dictionary);
            column->dictionary = rcx_strings_retain(source->dictionary);
        }
    }
    return true;
}

void rcx_gather_clear(struct rcx_table *table)
{
    for (size_t i = 0; i < table->column_count; i++) {
        rcx_free(table->columns[i].valid);
        table->columns[i].valid = NULL;
    }
    rcx_table_resize(table, 0); /* smaller: cannot fail */
}
