#include "storage/format/parquet_metadata.h"

#include <string.h>

#include "base/memory.h"
#include "storage/format/parquet_format.h"
#include "storage/format/parquet_thrift_reader.h"

struct parser {
    struct rcx_thrift_reader reader;
    struct rcx_parquet_metadata *out;
    bool no_memory;
};

/* Room for one more element; NULL (and the parse has failed) when there is none. */
static void *grow(struct parser *parser, void *array_pointer, size_t *count, size_t *capacity,
                  size_t element_bytes)
{
    if (!rcx_array_reserve(array_pointer, capacity, *count + 1, element_bytes)) {
        parser->no_memory = true;
        parser->reader.cursor.failed = true;
        return NULL;
    }
    uint8_t *array;
    memcpy(&array, array_pointer, sizeof array);
    return array + element_bytes * (*count)++;
}

/* What a file must state is missing. */
static void require(struct parser *parser, bool present)
{
    if (!present)
        parser->reader.cursor.failed = true;
}

/* --- schema -------------------------------------------------------------------------------- */

static void parse_unit(struct rcx_thrift_reader *reader, struct rcx_parquet_element *element)
{
    rcx_thrift_enter(reader);
    for (struct rcx_thrift_field field; rcx_thrift_next(reader, &field);) {
        element->time_unit = field.id;
        rcx_thrift_skip(reader, &field);
    }
}

/* A member of the union LogicalType. */
static void parse_logical_member(struct rcx_thrift_reader *reader,
                                 struct rcx_parquet_element *element)
{
    bool is_time = element->logical == RCX_PARQUET_LOGICAL_TIME ||
                   element->logical == RCX_PARQUET_LOGICAL_TIMESTAMP;
    rcx_thrift_enter(reader);
    for (struct rcx_thrift_field field; rcx_thrift_next(reader, &field);) {
        if (element->logical == RCX_PARQUET_LOGICAL_DECIMAL && field.id == 1)
            element->scale = rcx_thrift_get_i32(reader, &field);
        else if (element->logical == RCX_PARQUET_LOGICAL_DECIMAL && field.id == 2)
            element->precision = rcx_thrift_get_i32(reader, &field);
        else if (is_time && field.id == 1)
            element->is_utc = rcx_thrift_get_bool(reader, &field);
        else if (is_time && field.id == 2 && field.type == RCX_THRIFT_STRUCT)
            parse_unit(reader, element);
        else if (element->logical == RCX_PARQUET_LOGICAL_INTEGER && field.id == 1)
            element->integer_bits = rcx_thrift_get_i32(reader, &field);
        else if (element->logical == RCX_PARQUET_LOGICAL_INTEGER && field.id == 2)
            element->integer_signed = rcx_thrift_get_bool(reader, &field);
        else
            rcx_thrift_skip(reader, &field);
    }
}

static void parse_logical(struct rcx_thrift_reader *reader, const struct rcx_thrift_field *field,
                          struct rcx_parquet_element *element)
{
    rcx_thrift_enter_field(reader, field);
    for (struct rcx_thrift_field member; rcx_thrift_next(reader, &member);) {
        element->logical = member.id;
        if (member.type == RCX_THRIFT_STRUCT)
            parse_logical_member(reader, element);
        else
            rcx_thrift_skip(reader, &member);
    }
}

static void parse_element(struct parser *parser, struct rcx_parquet_element *element)
{
    struct rcx_thrift_reader *reader = &parser->reader;
    *element = (struct rcx_parquet_element){.type = -1, .repetition = -1, .converted = -1};
    rcx_thrift_enter(reader);
    for (struct rcx_thrift_field field; rcx_thrift_next(reader, &field);) {
        switch (field.id) {
        case 1:
            element->type = rcx_thrift_get_i32(reader, &field);
            break;
        case 2:
            element->type_length = rcx_thrift_get_i32(reader, &field);
            break;
        case 3:
            element->repetition = rcx_thrift_get_i32(reader, &field);
            break;
        case 4:
            element->name = rcx_thrift_get_binary(reader, &field);
            break;
        case 5:
            element->children = rcx_thrift_get_size(reader, &field);
            break;
        case 6:
            element->converted = rcx_thrift_get_i32(reader, &field);
            break;
        case 7:
            element->scale = rcx_thrift_get_i32(reader, &field);
            break;
        case 8:
            element->precision = rcx_thrift_get_i32(reader, &field);
            break;
        case 10:
            parse_logical(reader, &field, element);
            break;
        default:
            rcx_thrift_skip(reader, &field);
        }
    }
    require(parser, element->name.data != NULL);
}

static void parse_schema(struct parser *parser, const struct rcx_thrift_field *field)
{
    struct rcx_parquet_metadata *out = parser->out;
    struct rcx_thrift_elements list = rcx_thrift_get_list(&parser->reader, field,
                                                          RCX_THRIFT_STRUCT);
    for (size_t i = 0; i < list.count && !parser->reader.cursor.failed; i++) {
        struct rcx_parquet_element *element = grow(parser, &out->elements, &out->element_count,
                                                   &out->element_capacity, sizeof *element);
        if (element)
            parse_element(parser, element);
    }
}

/* --- row groups ---------------------------------------------------------------------------- */

/* The bounds of fields 1 and 2 are from before the order of values was defined, and are not used.
 */
static void parse_statistics(struct rcx_thrift_reader *reader, const struct rcx_thrift_field *field,
                             struct rcx_parquet_chunk_info *chunk)
{
    rcx_thrift_enter_field(reader, field);
    for (struct rcx_thrift_field inner; rcx_thrift_next(reader, &inner);) {
        switch (inner.id) {
        case 3:
            chunk->nulls = (int64_t)rcx_thrift_get_size(reader, &inner);
            break;
        case 5:
            chunk->greatest = rcx_thrift_get_binary(reader, &inner);
            break;
        case 6:
            chunk->least = rcx_thrift_get_binary(reader, &inner);
            break;
        case 7:
            chunk->greatest_exact = rcx_thrift_get_bool(reader, &inner);
            break;
        case 8:
            chunk->least_exact = rcx_thrift_get_bool(reader, &inner);
            break;
        default:
            rcx_thrift_skip(reader, &inner);
        }
    }
    chunk->has_bounds = chunk->least.data && chunk->greatest.data;
}

static void parse_chunk_metadata(struct parser *parser, const struct rcx_thrift_field *field,
                                 struct rcx_parquet_chunk_info *chunk)
{
    struct rcx_thrift_reader *reader = &parser->reader;
    unsigned seen = 0; /* bit i: field i */
    rcx_thrift_enter_field(reader, field);
    for (struct rcx_thrift_field inner; rcx_thrift_next(reader, &inner);) {
        seen |= inner.id < 16 ? 1u << inner.id : 0;
        switch (inner.id) {
        case 1:
            chunk->type = rcx_thrift_get_i32(reader, &inner);
            break;
        case 4:
            chunk->codec = rcx_thrift_get_i32(reader, &inner);
            break;
        case 5:
            chunk->values = rcx_thrift_get_size(reader, &inner);
            break;
        case 6:
            chunk->plain_bytes = rcx_thrift_get_size(reader, &inner);
            break;
        case 7:
            chunk->stored_bytes = rcx_thrift_get_size(reader, &inner);
            break;
        case 9:
            chunk->data_offset = rcx_thrift_get_size(reader, &inner);
            break;
        case 11:
            chunk->dictionary_offset = rcx_thrift_get_size(reader, &inner);
            break;
        case 12:
            parse_statistics(reader, &inner, chunk);
            break;
        default:
            rcx_thrift_skip(reader, &inner);
        }
    }
    unsigned needed = 1u << 1 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 9;
    require(parser, (seen & needed) == needed);
}

static void parse_chunk(struct parser *parser, struct rcx_parquet_chunk_info *chunk)
{
    struct rcx_thrift_reader *reader = &parser->reader;
    bool has_metadata = false;
    *chunk = (struct rcx_parquet_chunk_info){.nulls = -1};
    rcx_thrift_enter(reader);
    for (struct rcx_thrift_field field; rcx_thrift_next(reader, &field);) {
        switch (field.id) {
        case 3:
            has_metadata = true;
            parse_chunk_metadata(parser, &field, chunk);
            break;
        case 4:
            chunk->offset_index.offset = rcx_thrift_get_size(reader, &field);
            break;
        case 5:
            chunk->offset_index.bytes = rcx_thrift_get_size(reader, &field);
            break;
        case 6:
            chunk->column_index.offset = rcx_thrift_get_size(reader, &field);
            break;
        case 7:
            chunk->column_index.bytes = rcx_thrift_get_size(reader, &field);
            break;
        case 1: /* file_path */
        case 8: /* crypto_metadata */
        case 9: /* encrypted_column_metadata */
            chunk->elsewhere = true;
            rcx_thrift_skip(reader, &field);
            break;
        default:
            rcx_thrift_skip(reader, &field);
        }
    }
    require(parser, has_metadata || chunk->elsewhere);
}

static void parse_chunks(struct parser *parser, const struct rcx_thrift_field *field,
                         struct rcx_parquet_group_info *group)
{
    struct rcx_parquet_metadata *out = parser->out;
    struct rcx_thrift_elements list = rcx_thrift_get_list(&parser->reader, field,
                                                          RCX_THRIFT_STRUCT);
    group->first_chunk = out->chunk_count;
    group->chunk_count = list.count;
    for (size_t i = 0; i < list.count && !parser->reader.cursor.failed; i++) {
        struct rcx_parquet_chunk_info *chunk = grow(parser, &out->chunks, &out->chunk_count,
                                                    &out->chunk_capacity, sizeof *chunk);
        if (chunk)
            parse_chunk(parser, chunk);
    }
}

static void parse_sorting(struct rcx_thrift_reader *reader, struct rcx_parquet_sorting *sorting)
{
    *sorting = (struct rcx_parquet_sorting){.column = -1};
    rcx_thrift_enter(reader);
    for (struct rcx_thrift_field field; rcx_thrift_next(reader, &field);) {
        if (field.id == 1)
            sorting->column = rcx_thrift_get_i32(reader, &field);
        else if (field.id == 2)
            sorting->descending = rcx_thrift_get_bool(reader, &field);
        else if (field.id == 3)
            sorting->nulls_first = rcx_thrift_get_bool(reader, &field);
        else
            rcx_thrift_skip(reader, &field);
    }
}

static void parse_sortings(struct parser *parser, const struct rcx_thrift_field *field,
                           struct rcx_parquet_group_info *group)
{
    struct rcx_parquet_metadata *out = parser->out;
    struct rcx_thrift_elements list = rcx_thrift_get_list(&parser->reader, field,
                                                          RCX_THRIFT_STRUCT);
    group->first_sorting = out->sorting_count;
    group->sorting_count = list.count;
    for (size_t i = 0; i < list.count && !parser->reader.cursor.failed; i++) {
        struct rcx_parquet_sorting *sorting = grow(parser, &out->sortings, &out->sorting_count,
                                                   &out->sorting_capacity, sizeof *sorting);
        if (sorting)
            parse_sorting(&parser->reader, sorting);
    }
}

static void parse_group(struct parser *parser, struct rcx_parquet_group_info *group)
{
    struct rcx_thrift_reader *reader = &parser->reader;
    unsigned seen = 0;
    *group = (struct rcx_parquet_group_info){0};
    rcx_thrift_enter(reader);
    for (struct rcx_thrift_field field; rcx_thrift_next(reader, &field);) {
        seen |= field.id < 16 ? 1u << field.id : 0;
        if (field.id == 1)
            parse_chunks(parser, &field, group);
        else if (field.id == 3)
            group->rows = rcx_thrift_get_size(reader, &field);
        else if (field.id == 4)
            parse_sortings(parser, &field, group);
        else
            rcx_thrift_skip(reader, &field);
    }
    require(parser, (seen & (1u << 1 | 1u << 3)) == (1u << 1 | 1u << 3));
}

static void parse_groups(struct parser *parser, const struct rcx_thrift_field *field)
{
    struct rcx_parquet_metadata *out = parser->out;
    struct rcx_thrift_elements list = rcx_thrift_get_list(&parser->reader, field,
                                                          RCX_THRIFT_STRUCT);
    for (size_t i = 0; i < list.count && !parser->reader.cursor.failed; i++) {
        struct rcx_parquet_group_info group;
        parse_group(parser, &group);
        struct rcx_parquet_group_info *slot = grow(parser, &out->groups, &out->group_count,
                                                   &out->group_capacity, sizeof *slot);
        if (slot)
            *slot = group;
    }
}

/* --- the whole ----------------------------------------------------------------------------- */

static void parse_entry(struct rcx_thrift_reader *reader, struct rcx_parquet_entry *entry)
{
    *entry = (struct rcx_parquet_entry){0};
    rcx_thrift_enter(reader);
    for (struct rcx_thrift_field field; rcx_thrift_next(reader, &field);) {
        if (field.id == 1)
            entry->key = rcx_thrift_get_binary(reader, &field);
        else if (field.id == 2)
            entry->value = rcx_thrift_get_binary(reader, &field);
        else
            rcx_thrift_skip(reader, &field);
    }
}

static void parse_entries(struct parser *parser, const struct rcx_thrift_field *field)
{
    struct rcx_parquet_metadata *out = parser->out;
    struct rcx_thrift_elements list = rcx_thrift_get_list(&parser->reader, field,
                                                          RCX_THRIFT_STRUCT);
    for (size_t i = 0; i < list.count && !parser->reader.cursor.failed; i++) {
        struct rcx_parquet_entry *entry = grow(parser, &out->entries, &out->entry_count,
                                               &out->entry_capacity, sizeof *entry);
        if (entry)
            parse_entry(&parser->reader, entry);
    }
}

static void parse_file(struct parser *parser)
{
    struct rcx_thrift_reader *reader = &parser->reader;
    unsigned seen = 0;
    rcx_thrift_enter(reader);
    for (struct rcx_thrift_field field; rcx_thrift_next(reader, &field);) {
        seen |= field.id < 16 ? 1u << field.id : 0;
        switch (field.id) {
        case 1:
            parser->out->version = rcx_thrift_get_i32(reader, &field);
            break;
        case 2:
            parse_schema(parser, &field);
            break;
        case 3:
            parser->out->rows = rcx_thrift_get_size(reader, &field);
            break;
        case 4:
            parse_groups(parser, &field);
            break;
        case 5:
            parse_entries(parser, &field);
            break;
        case 6:
            parser->out->created_by = rcx_thrift_get_binary(reader, &field);
            break;
        default:
            rcx_thrift_skip(reader, &field);
        }
    }
    unsigned needed = 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4;
    require(parser, (seen & needed) == needed);
}

enum rcx_status rcx_parquet_metadata_parse(const void *data, size_t length, const char *what,
                                           struct rcx_parquet_metadata *out, struct rcx_error *err)
{
    struct rcx_parquet_metadata metadata = {0};
    struct parser parser = {.reader = rcx_thrift_reader_of(data, length), .out = &metadata};
    parse_file(&parser);
    if (!parser.reader.cursor.failed) {
        *out = metadata;
        return RCX_OK;
    }
    rcx_parquet_metadata_release(&metadata);
    if (parser.no_memory)
        return rcx_fail_nomem(err, what, length);
    return rcx_fail(err, RCX_E_CORRUPT,
                    "%s: the Parquet footer of %zu bytes makes no sense at byte %zu of it", what,
                    length, parser.reader.cursor.position);
}

void rcx_parquet_metadata_release(struct rcx_parquet_metadata *metadata)
{
    rcx_free(metadata->elements);
    rcx_free(metadata->groups);
    rcx_free(metadata->chunks);
    rcx_free(metadata->sortings);
    rcx_free(metadata->entries);
    *metadata = (struct rcx_parquet_metadata){0};
}
