#include "storage/format/parquet_footer.h"

#include <string.h>

#include "base/memory.h"
#include "storage/format/parquet_thrift.h"

/* "<application> version <version> (build <hash>)" is what readers parse. */
#define CREATED_BY "rcx version " RCX_VERSION " (build " RCX_VERSION ")"

/* Where a chunk's page index stands in the file. */
struct index_place {
    uint64_t column_offset, offset_offset;
    uint32_t column_bytes, offset_bytes; /* column_bytes 0: none */
};

void rcx_parquet_footer_release_groups(struct rcx_parquet_footer *footer)
{
    for (size_t g = 0; g < footer->group_count; g++) {
        for (size_t c = 0; footer->groups[g].chunks && c < footer->column_count; c++)
            rcx_parquet_chunk_release(&footer->groups[g].chunks[c]);
        rcx_free(footer->groups[g].chunks);
    }
    rcx_free(footer->groups);
    footer->groups = NULL;
    footer->group_count = footer->group_capacity = 0;
}

static enum rcx_parquet_type type_of(const struct rcx_parquet_footer *footer, size_t column)
{
    return rcx_parquet_type_of(footer->columns[column].type);
}

/* --- page index ---------------------------------------------------------------------------- */

static bool page_has_values(const struct rcx_parquet_page *page)
{
    return page->rows > page->nulls;
}

static int compare_pages(enum rcx_parquet_type type, const uint8_t *a, const uint8_t *b)
{
    struct rcx_parquet_bound x = {0}, y = {0};
    memcpy(x.bytes, a, 8);
    memcpy(y.bytes, b, 8);
    return rcx_parquet_bound_compare(type, &x, &y);
}

/* How the bounds of the pages that hold values follow one another. */
static enum rcx_parquet_order order_of(const struct rcx_parquet_chunk *chunk,
                                       enum rcx_parquet_type type)
{
    bool ascending = true, descending = true;
    const struct rcx_parquet_page *last = NULL;
    for (size_t p = 0; p < chunk->page_count; p++) {
        const struct rcx_parquet_page *page = &chunk->pages[p];
        if (!page_has_values(page))
            continue;
        if (last) {
            int least = compare_pages(type, last->bounds.least, page->bounds.least);
            int greatest = compare_pages(type, last->bounds.greatest, page->bounds.greatest);
            ascending &= least <= 0 && greatest <= 0;
            descending &= least >= 0 && greatest >= 0;
        }
        last = page;
    }
    if (ascending)
        return RCX_PARQUET_ASCENDING;
    return descending ? RCX_PARQUET_DESCENDING : RCX_PARQUET_UNORDERED;
}

static void append_column_index(const struct rcx_parquet_chunk *chunk, enum rcx_parquet_type type,
                                struct rcx_buf *out)
{
    size_t width = rcx_parquet_width(type);
    struct rcx_thrift thrift = rcx_thrift_begin(out);
    rcx_thrift_list(&thrift, 1, RCX_THRIFT_TRUE, chunk->page_count);
    for (size_t p = 0; p < chunk->page_count; p++)
        rcx_thrift_element_bool(&thrift, !page_has_values(&chunk->pages[p]));
    rcx_thrift_list(&thrift, 2, RCX_THRIFT_BINARY, chunk->page_count);
    for (size_t p = 0; p < chunk->page_count; p++)
        rcx_thrift_element_binary(&thrift, chunk->pages[p].bounds.least,
                                  page_has_values(&chunk->pages[p]) ? width : 0);
    rcx_thrift_list(&thrift, 3, RCX_THRIFT_BINARY, chunk->page_count);
    for (size_t p = 0; p < chunk->page_count; p++)
        rcx_thrift_element_binary(&thrift, chunk->pages[p].bounds.greatest,
                                  page_has_values(&chunk->pages[p]) ? width : 0);
    rcx_thrift_i32(&thrift, 4, (int32_t)order_of(chunk, type));
    rcx_thrift_list(&thrift, 5, RCX_THRIFT_I64, chunk->page_count);
    for (size_t p = 0; p < chunk->page_count; p++)
        rcx_thrift_element_int(&thrift, chunk->pages[p].nulls);
    rcx_thrift_end(&thrift);
}

static void append_offset_index(const struct rcx_parquet_chunk *chunk, struct rcx_buf *out)
{
    struct rcx_thrift thrift = rcx_thrift_begin(out);
    rcx_thrift_list(&thrift, 1, RCX_THRIFT_STRUCT, chunk->page_count);
    uint64_t offset = chunk->offset + chunk->dictionary_bytes, row = 0;
    for (size_t p = 0; p < chunk->page_count; p++) {
        const struct rcx_parquet_page *page = &chunk->pages[p];
        rcx_thrift_element_struct(&thrift);
        rcx_thrift_i64(&thrift, 1, (int64_t)offset);
        rcx_thrift_i32(&thrift, 2, (int32_t)page->bytes);
        rcx_thrift_i64(&thrift, 3, (int64_t)row);
        rcx_thrift_end(&thrift);
        offset += page->bytes;
        row += page->rows;
    }
    rcx_thrift_end(&thrift);
}

/* All column indexes, then all offset indexes, as the format recommends. */
static void append_page_index(const struct rcx_parquet_footer *footer, uint64_t position,
                              struct index_place *places, struct rcx_buf *out)
{
    for (size_t i = 0; i < footer->group_count * footer->column_count; i++) {
        size_t column = i % footer->column_count;
        enum rcx_parquet_type type = type_of(footer, column);
        if (type == RCX_PARQUET_BYTE_ARRAY)
            continue;
        size_t begin = out->length;
        append_column_index(&footer->groups[i / footer->column_count].chunks[column], type, out);
        places[i].column_offset = position + begin;
        places[i].column_bytes = (uint32_t)(out->length - begin);
    }
    for (size_t i = 0; i < footer->group_count * footer->column_count; i++) {
        size_t column = i % footer->column_count, begin = out->length;
        append_offset_index(&footer->groups[i / footer->column_count].chunks[column], out);
        places[i].offset_offset = position + begin;
        places[i].offset_bytes = (uint32_t)(out->length - begin);
    }
}

/* --- schema -------------------------------------------------------------------------------- */

struct annotation {
    enum rcx_parquet_converted converted;
    enum rcx_parquet_logical logical;
    int8_t integer_bits;
};

static struct annotation annotation_of(enum rcx_type type)
{
    switch (type) {
    case RCX_TYPE_INT8:
        return (struct annotation){RCX_PARQUET_INT_8, RCX_PARQUET_LOGICAL_INTEGER, 8};
    case RCX_TYPE_INT32:
        return (struct annotation){RCX_PARQUET_INT_32, RCX_PARQUET_LOGICAL_INTEGER, 32};
    case RCX_TYPE_INT64:
        return (struct annotation){RCX_PARQUET_INT_64, RCX_PARQUET_LOGICAL_INTEGER, 64};
    case RCX_TYPE_DECIMAL:
        return (struct annotation){RCX_PARQUET_DECIMAL, RCX_PARQUET_LOGICAL_DECIMAL, 0};
    case RCX_TYPE_DATE:
        return (struct annotation){RCX_PARQUET_DATE, RCX_PARQUET_LOGICAL_DATE, 0};
    case RCX_TYPE_TIME: /* the old TIMESTAMP_MICROS would say UTC */
        return (struct annotation){RCX_PARQUET_CONVERTED_NONE, RCX_PARQUET_LOGICAL_TIMESTAMP, 0};
    case RCX_TYPE_TEXT:
        return (struct annotation){RCX_PARQUET_UTF8, RCX_PARQUET_LOGICAL_STRING, 0};
    case RCX_TYPE_BOOL:
    case RCX_TYPE_REAL:
    case RCX_TYPE_COUNT:
        break;
    }
    return (struct annotation){RCX_PARQUET_CONVERTED_NONE, RCX_PARQUET_LOGICAL_NONE, 0};
}

static void put_logical_type(struct rcx_thrift *thrift, const struct rcx_sink_column *column,
                             const struct annotation *annotation)
{
    rcx_thrift_struct(thrift, 10);
    rcx_thrift_struct(thrift, (int)annotation->logical);
    switch ((int)annotation->logical) {
    case RCX_PARQUET_LOGICAL_DECIMAL:
        rcx_thrift_i32(thrift, 1, (int32_t)column->scale);
        rcx_thrift_i32(thrift, 2, RCX_PARQUET_DECIMAL_DIGITS);
        break;
    case RCX_PARQUET_LOGICAL_TIMESTAMP:
        rcx_thrift_bool(thrift, 1, false); /* isAdjustedToUTC: a wall clock */
        rcx_thrift_struct(thrift, 2);
        rcx_thrift_empty(thrift, 2); /* microseconds */
        rcx_thrift_end(thrift);
        break;
    case RCX_PARQUET_LOGICAL_INTEGER:
        rcx_thrift_i8(thrift, 1, annotation->integer_bits);
        rcx_thrift_bool(thrift, 2, true); /* signed */
        break;
    default:
        break; /* says nothing more */
    }
    rcx_thrift_end(thrift);
    rcx_thrift_end(thrift);
}

static void put_schema_column(struct rcx_thrift *thrift, const struct rcx_sink_column *column)
{
    struct annotation annotation = annotation_of(column->type);
    rcx_thrift_element_struct(thrift);
    rcx_thrift_i32(thrift, 1, (int32_t)rcx_parquet_type_of(column->type));
    rcx_thrift_i32(thrift, 3, column->nullable ? RCX_PARQUET_OPTIONAL : RCX_PARQUET_REQUIRED);
    rcx_thrift_text(thrift, 4, column->name);
    if (annotation.converted != RCX_PARQUET_CONVERTED_NONE)
        rcx_thrift_i32(thrift, 6, annotation.converted);
    if (column->type == RCX_TYPE_DECIMAL) {
        rcx_thrift_i32(thrift, 7, (int32_t)column->scale);
        rcx_thrift_i32(thrift, 8, RCX_PARQUET_DECIMAL_DIGITS);
    }
    if (annotation.logical != RCX_PARQUET_LOGICAL_NONE)
        put_logical_type(thrift, column, &annotation);
    rcx_thrift_end(thrift);
}

static void put_schema(struct rcx_thrift *thrift, const struct rcx_parquet_footer *footer)
{
    rcx_thrift_list(thrift, 2, RCX_THRIFT_STRUCT, footer->column_count + 1);
    rcx_thrift_element_struct(thrift); /* the root */
    rcx_thrift_text(thrift, 4, "schema");
    rcx_thrift_i32(thrift, 5, (int32_t)footer->column_count);
    rcx_thrift_end(thrift);
    for (size_t c = 0; c < footer->column_count; c++)
        put_schema_column(thrift, &footer->columns[c]);
}

/* --- row groups ---------------------------------------------------------------------------- */

static void put_statistics(struct rcx_thrift *thrift, const struct rcx_parquet_chunk *chunk)
{
    const struct rcx_parquet_bounds *bounds = &chunk->bounds;
    rcx_thrift_struct(thrift, 12);
    rcx_thrift_i64(thrift, 3, (int64_t)chunk->nulls);
    if (bounds->known) {
        rcx_thrift_binary(thrift, 5, bounds->greatest.bytes, bounds->greatest.length);
        rcx_thrift_binary(thrift, 6, bounds->least.bytes, bounds->least.length);
        rcx_thrift_bool(thrift, 7, bounds->greatest.exact);
        rcx_thrift_bool(thrift, 8, bounds->least.exact);
    }
    rcx_thrift_end(thrift);
}

static void put_encoding_count(struct rcx_thrift *thrift, enum rcx_parquet_page_type page,
                               enum rcx_parquet_encoding encoding, size_t count)
{
    rcx_thrift_element_struct(thrift);
    rcx_thrift_i32(thrift, 1, (int32_t)page);
    rcx_thrift_i32(thrift, 2, (int32_t)encoding);
    rcx_thrift_i32(thrift, 3, (int32_t)count);
    rcx_thrift_end(thrift);
}

static void put_chunk_metadata(struct rcx_thrift *thrift, const struct rcx_parquet_footer *footer,
                               size_t column, const struct rcx_parquet_chunk *chunk,
                               enum rcx_parquet_codec codec)
{
    bool dictionary = chunk->dictionary_bytes > 0;
    rcx_thrift_struct(thrift, 3);
    rcx_thrift_i32(thrift, 1, (int32_t)type_of(footer, column));
    rcx_thrift_list(thrift, 2, RCX_THRIFT_I32, dictionary ? 3 : 2);
    rcx_thrift_element_int(thrift, RCX_PARQUET_PLAIN);
    rcx_thrift_element_int(thrift, RCX_PARQUET_RLE);
    if (dictionary)
        rcx_thrift_element_int(thrift, RCX_PARQUET_RLE_DICTIONARY);
    const char *name = footer->columns[column].name;
    rcx_thrift_list(thrift, 3, RCX_THRIFT_BINARY, 1);
    rcx_thrift_element_binary(thrift, name, strlen(name));
    rcx_thrift_i32(thrift, 4, (int32_t)codec);
    rcx_thrift_i64(thrift, 5, (int64_t)chunk->rows);
    rcx_thrift_i64(thrift, 6, (int64_t)chunk->plain_bytes);
    rcx_thrift_i64(thrift, 7, (int64_t)chunk->stored_bytes);
    rcx_thrift_i64(thrift, 9, (int64_t)(chunk->offset + chunk->dictionary_bytes));
    if (dictionary)
        rcx_thrift_i64(thrift, 11, (int64_t)chunk->offset);
    put_statistics(thrift, chunk);
    rcx_thrift_list(thrift, 13, RCX_THRIFT_STRUCT, dictionary ? 2 : 1);
    if (dictionary)
        put_encoding_count(thrift, RCX_PARQUET_DICTIONARY_PAGE, RCX_PARQUET_PLAIN, 1);
    put_encoding_count(thrift, RCX_PARQUET_DATA_PAGE,
                       dictionary ? RCX_PARQUET_RLE_DICTIONARY : RCX_PARQUET_PLAIN,
                       chunk->page_count);
    rcx_thrift_end(thrift);
}

static void put_chunk(struct rcx_thrift *thrift, const struct rcx_parquet_footer *footer,
                      size_t column, const struct rcx_parquet_group *group,
                      const struct index_place *place)
{
    rcx_thrift_element_struct(thrift);
    rcx_thrift_i64(thrift, 2, 0); /* file_offset: deprecated, 0 by the specification */
    put_chunk_metadata(thrift, footer, column, &group->chunks[column], group->codec);
    rcx_thrift_i64(thrift, 4, (int64_t)place->offset_offset);
    rcx_thrift_i32(thrift, 5, (int32_t)place->offset_bytes);
    if (place->column_bytes) {
        rcx_thrift_i64(thrift, 6, (int64_t)place->column_offset);
        rcx_thrift_i32(thrift, 7, (int32_t)place->column_bytes);
    }
    rcx_thrift_end(thrift);
}

static void put_sorting(struct rcx_thrift *thrift, const struct rcx_parquet_footer *footer)
{
    if (footer->sorted_by_count == 0)
        return;
    rcx_thrift_list(thrift, 4, RCX_THRIFT_STRUCT, footer->sorted_by_count);
    for (size_t i = 0; i < footer->sorted_by_count; i++) {
        rcx_thrift_element_struct(thrift);
        rcx_thrift_i32(thrift, 1, (int32_t)footer->sorted_by[i]);
        rcx_thrift_bool(thrift, 2, false); /* descending */
        rcx_thrift_bool(thrift, 3, false); /* nulls first */
        rcx_thrift_end(thrift);
    }
}

static void put_group(struct rcx_thrift *thrift, const struct rcx_parquet_footer *footer,
                      size_t ordinal, const struct index_place *places)
{
    const struct rcx_parquet_group *group = &footer->groups[ordinal];
    uint64_t plain_bytes = 0, stored_bytes = 0;
    rcx_thrift_element_struct(thrift);
    rcx_thrift_list(thrift, 1, RCX_THRIFT_STRUCT, footer->column_count);
    for (size_t c = 0; c < footer->column_count; c++) {
        put_chunk(thrift, footer, c, group, &places[c]);
        plain_bytes += group->chunks[c].plain_bytes;
        stored_bytes += group->chunks[c].stored_bytes;
    }
    rcx_thrift_i64(thrift, 2, (int64_t)plain_bytes);
    rcx_thrift_i64(thrift, 3, (int64_t)group->rows);
    put_sorting(thrift, footer);
    rcx_thrift_i64(thrift, 5, footer->column_count ? (int64_t)group->chunks[0].offset : 0);
    rcx_thrift_i64(thrift, 6, (int64_t)stored_bytes);
    if (ordinal <= INT16_MAX)
        rcx_thrift_i16(thrift, 7, (int16_t)ordinal);
    rcx_thrift_end(thrift);
}

/* --- the whole ----------------------------------------------------------------------------- */

static void put_entries(struct rcx_thrift *thrift, const struct rcx_parquet_footer *footer)
{
    if (footer->entry_count == 0)
        return;
    rcx_thrift_list(thrift, 5, RCX_THRIFT_STRUCT, footer->entry_count);
    for (size_t i = 0; i < footer->entry_count; i++) {
        rcx_thrift_element_struct(thrift);
        rcx_thrift_text(thrift, 1, footer->entries[i].key);
        rcx_thrift_text(thrift, 2, footer->entries[i].value);
        rcx_thrift_end(thrift);
    }
}

static void append_metadata(const struct rcx_parquet_footer *footer,
                            const struct index_place *places, struct rcx_buf *out)
{
    uint64_t rows = 0;
    for (size_t g = 0; g < footer->group_count; g++)
        rows += footer->groups[g].rows;
    struct rcx_thrift thrift = rcx_thrift_begin(out);
    rcx_thrift_i32(&thrift, 1, 2); /* version: 2 allows RLE_DICTIONARY */
    put_schema(&thrift, footer);
    rcx_thrift_i64(&thrift, 3, (int64_t)rows);
    rcx_thrift_list(&thrift, 4, RCX_THRIFT_STRUCT, footer->group_count);
    for (size_t g = 0; g < footer->group_count; g++)
        put_group(&thrift, footer, g, places + g * footer->column_count);
    put_entries(&thrift, footer);
    if (footer->created_by.data)
        rcx_thrift_binary(&thrift, 6, footer->created_by.data, footer->created_by.length);
    else
        rcx_thrift_text(&thrift, 6, CREATED_BY);
    rcx_thrift_list(&thrift, 7, RCX_THRIFT_STRUCT, footer->column_count);
    for (size_t c = 0; c < footer->column_count; c++) {
        rcx_thrift_element_struct(&thrift);
        rcx_thrift_empty(&thrift, 1); /* TypeDefinedOrder */
        rcx_thrift_end(&thrift);
    }
    rcx_thrift_end(&thrift);
}

void rcx_parquet_footer_append(const struct rcx_parquet_footer *footer, uint64_t position,
                               struct rcx_buf *out, struct rcx_buf *scratch)
{
    size_t bytes = footer->group_count * footer->column_count * sizeof(struct index_place);
    rcx_buf_clear(scratch);
    if (!rcx_buf_append_zeros(scratch, bytes + 1)) {
        out->failed = true;
        return;
    }
    struct index_place *places = (void *)scratch->data;
    uint64_t base = position - out->length; /* place of the buffer's first byte */
    append_page_index(footer, base, places, out);
    size_t begin = out->length;
    append_metadata(footer, places, out);
    rcx_buf_append_u32(out, (uint32_t)(out->length - begin));
    rcx_buf_append(out, "PAR1", 4);
}
