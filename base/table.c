#include "base/table.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"

#define X(name, c_type, bytes) _Static_assert(sizeof(c_type) == (bytes), #name);
RCX_TYPES(X)
#undef X

size_t rcx_type_bytes(enum rcx_type type)
{
    static const uint8_t sizes[RCX_TYPE_COUNT] = {
#define X(name, c_type, bytes) [RCX_TYPE_##name] = bytes,
        RCX_TYPES(X)
#undef X
    };
    assert((unsigned)type < RCX_TYPE_COUNT);
    return sizes[type];
}

const char *rcx_type_name(enum rcx_type type)
{
    static const char *const names[RCX_TYPE_COUNT] = {
        [RCX_TYPE_BOOL] = "bool",   [RCX_TYPE_INT8] = "int8", [RCX_TYPE_INT32] = "int32",
        [RCX_TYPE_INT64] = "int64", [RCX_TYPE_REAL] = "real", [RCX_TYPE_DECIMAL] = "decimal",
        [RCX_TYPE_DATE] = "date",   [RCX_TYPE_TIME] = "time", [RCX_TYPE_TEXT] = "text",
    };
    return (unsigned)type < RCX_TYPE_COUNT ? names[type] : "?";
}

/* --- strings ------------------------------------------------------------------------------- */

struct rcx_strings *rcx_strings_new(uint32_t count, uint64_t byte_count)
{
    struct rcx_strings *strings = rcx_calloc(1, sizeof *strings);
    if (!strings)
        return NULL;
    strings->count = count;
    strings->references = 1;
    strings->offsets = rcx_malloc_array((size_t)count + 1, sizeof *strings->offsets);
    strings->bytes = rcx_malloc(byte_count ? byte_count : 1);
    if (!strings->offsets || !strings->bytes) {
        rcx_strings_release(strings);
        return NULL;
    }
    strings->offsets[0] = 0;
    return strings;
}

struct rcx_strings *rcx_strings_take(uint32_t count, uint64_t **offsets, uint8_t **bytes)
{
    struct rcx_strings *strings = rcx_calloc(1, sizeof *strings);
    if (!strings)
        return NULL;
    *strings = (struct rcx_strings){
        .count = count, .offsets = *offsets, .bytes = (char *)*bytes, .references = 1};
    *offsets = NULL;
    *bytes = NULL;
    return strings;
}

struct rcx_strings *rcx_strings_retain(const struct rcx_strings *strings)
{
    struct rcx_strings *counted = (struct rcx_strings *)(uintptr_t)strings;
    if (counted)
        __atomic_fetch_add(&counted->references, 1, __ATOMIC_RELAXED);
    return counted;
}

void rcx_strings_release(struct rcx_strings *strings)
{
    if (!strings || __atomic_sub_fetch(&strings->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    rcx_free(strings->offsets);
    rcx_free(strings->bytes);
    rcx_free(strings);
}

/* --- rows and columns ------------------------------------------------------------------------ */

static size_t bitmap_bytes(size_t rows)
{
    return rows / 8 + (rows % 8 != 0);
}

static void column_release(struct rcx_column *column)
{
    rcx_free(column->name);
    if (!column->in_block)
        rcx_free(column->values);
    rcx_free(column->valid);
    rcx_strings_release(column->dictionary);
}

void rcx_table_release(struct rcx_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->column_count; i++)
        column_release(&table->columns[i]);
    rcx_pages_free(table->block, table->block_bytes);
    rcx_free(table->columns);
    rcx_free(table->name);
    *table = (struct rcx_table){0};
}

static bool grow_values(struct rcx_column *column, size_t capacity)
{
    size_t width = rcx_type_bytes(column->type);
    void *old = column->in_block ? NULL : column->values;
    void *values = rcx_realloc_array(old, capacity, width);
    if (!values)
        return false;
    if (column->in_block && column->capacity > 0)
        memcpy(values, column->values, column->capacity * width);
    column->values = values;
    column->in_block = false;
    return true;
}

/* Both arrays grow together; when the second fails the first is merely larger than it needs to be.
 * The bytes of the bitmap past the old capacity are set: a value is there unless said otherwise. */
static bool column_reserve(struct rcx_column *column, size_t rows)
{
    if (rows <= column->capacity)
        return true;
    size_t doubled = column->capacity > SIZE_MAX / 2 ? rows : column->capacity * 2;
    size_t capacity = rows > doubled ? rows : doubled;
    if (!grow_values(column, capacity))
        return false;
    if (column->valid) {
        uint8_t *valid = rcx_realloc_array(column->valid, bitmap_bytes(capacity), 1);
        if (!valid)
            return false;
        column->valid = valid;
        size_t old_bytes = bitmap_bytes(column->capacity);
        memset(valid + old_bytes, 0xFF, bitmap_bytes(capacity) - old_bytes);
    }
    column->capacity = capacity;
    return true;
}

struct rcx_column *rcx_table_add(struct rcx_table *table, const char *name, enum rcx_type type)
{
    assert(!rcx_table_find(table, name));
    if (!rcx_array_reserve(&table->columns, &table->column_capacity, table->column_count + 1,
                           sizeof *table->columns))
        return NULL;
    struct rcx_column column = {.name = rcx_strdup(name), .type = type, .rows = table->rows};
    if (!column.name || !column_reserve(&column, table->rows)) {
        column_release(&column);
        return NULL;
    }
    table->columns[table->column_count] = column;
    return &table->columns[table->column_count++];
}

/* Bytes of the room for `rows` of a column in a block, which ends where a cache line does. */
static size_t room_in_block(const struct rcx_column *column, size_t rows)
{
    return (rows * rcx_type_bytes(column->type) + 63) / 64 * 64;
}

/* Gives columns that have no room yet theirs in one block, when that is worth while. false: it is not,
 * or there is no memory of that kind. */
static bool reserve_block(struct rcx_table *table, size_t rows)
{
    enum { LEAST_BYTES = 8 << 20, MOST_WIDTH = 8 };
    size_t bytes = 0;
    if (table->block || rows > SIZE_MAX / MOST_WIDTH / (table->column_count + 1) - 64)
        return false;
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].capacity > 0)
            return false;
        bytes += room_in_block(&table->columns[i], rows);
    }
    if (bytes < LEAST_BYTES)
        return false;
    table->block = rcx_pages_alloc(bytes);
    if (!table->block)
        return false;
    table->block_bytes = bytes;
    uint8_t *at = table->block;
    for (size_t i = 0; i < table->column_count; i++) {
        struct rcx_column *column = &table->columns[i];
        column->values = at;
        column->in_block = true;
        column->capacity = rows;
        at += room_in_block(column, rows);
    }
    return true;
}

bool rcx_table_reserve_dense(struct rcx_table *table, size_t rows)
{
    return reserve_block(table, rows) || rcx_table_reserve(table, rows);
}

bool rcx_table_reserve(struct rcx_table *table, size_t rows)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (!column_reserve(&table->columns[i], rows))
            return false;
    return true;
}

/* Validity bits between the old and the new row count, which a shrunk table may have left clear. */
static void set_valid_bits(struct rcx_column *column, size_t from, size_t to)
{
    for (; from < to && from % 8 != 0; from++)
        column->valid[from / 8] |= (uint8_t)(1u << from % 8);
    if (from < to)
        memset(column->valid + from / 8, 0xFF, bitmap_bytes(to) - from / 8);
}

bool rcx_table_resize(struct rcx_table *table, size_t rows)
{
    if (!rcx_table_reserve(table, rows))
        return false;
    for (size_t i = 0; i < table->column_count; i++) {
        struct rcx_column *column = &table->columns[i];
        if (column->valid && rows > column->rows)
            set_valid_bits(column, column->rows, rows);
        column->rows = rows;
    }
    table->rows = rows;
    return true;
}

struct rcx_column *rcx_table_find(const struct rcx_table *table, const char *name)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return &table->columns[i];
    return NULL;
}

bool rcx_column_is_null(const struct rcx_column *column, size_t row)
{
    assert(row < column->rows);
    if (column->type == RCX_TYPE_REAL)
        return isnan(column->reals[row]);
    return column->valid && !(column->valid[row / 8] >> row % 8 & 1);
}

/* The value under a null is zero, so that equal tables have equal bytes. */
bool rcx_column_set_null(struct rcx_column *column, size_t row)
{
    assert(row < column->rows);
    if (column->type == RCX_TYPE_REAL) {
        column->reals[row] = NAN;
        return true;
    }
    if (!column->valid) {
        size_t bytes = bitmap_bytes(column->capacity);
        column->valid = rcx_malloc(bytes);
        if (!column->valid)
            return false;
        memset(column->valid, 0xFF, bytes);
    }
    column->valid[row / 8] &= (uint8_t) ~(1u << row % 8);
    size_t width = rcx_type_bytes(column->type);
    memset((uint8_t *)column->values + row * width, 0, width);
    return true;
}

size_t rcx_column_null_count(const struct rcx_column *column)
{
    size_t nulls = 0;
    if (column->type != RCX_TYPE_REAL && !column->valid)
        return 0;
    for (size_t row = 0; row < column->rows; row++)
        nulls += rcx_column_is_null(column, row);
    return nulls;
}

/* --- digest ---------------------------------------------------------------------------------- */

static void update_text(struct rcx_hasher *hasher, const char *data, size_t length)
{
    uint64_t size = length;
    rcx_hasher_update(hasher, &size, sizeof size);
    rcx_hasher_update(hasher, data, length);
}

/* Values are fed in blocks from a buffer in which nulls are zero and NaN has one bit pattern, so
 * that what lies under a null does not count. */
static void update_values(struct rcx_hasher *hasher, const struct rcx_column *column)
{
    enum { BLOCK_ROWS = 512 };
    uint64_t block[BLOCK_ROWS];
    uint8_t nulls[BLOCK_ROWS];
    size_t width = rcx_type_bytes(column->type);
    for (size_t start = 0; start < column->rows; start += BLOCK_ROWS) {
        size_t left = column->rows - start;
        size_t rows = left < BLOCK_ROWS ? left : BLOCK_ROWS;
        memcpy(block, (const uint8_t *)column->values + start * width, rows * width);
        for (size_t i = 0; i < rows; i++) {
            nulls[i] = rcx_column_is_null(column, start + i);
            if (nulls[i])
                memset((uint8_t *)block + i * width, 0, width);
        }
        rcx_hasher_update(hasher, nulls, rows);
        rcx_hasher_update(hasher, block, rows * width);
    }
}

/* Text counts by what it says, not by its code. */
static void update_texts(struct rcx_hasher *hasher, const struct rcx_column *column)
{
    for (size_t row = 0; row < column->rows; row++) {
        uint8_t null = rcx_column_is_null(column, row);
        rcx_hasher_update(hasher, &null, 1);
        if (null)
            continue;
        struct rcx_text text = rcx_strings_get(column->dictionary, column->codes[row]);
        update_text(hasher, text.data, text.length);
    }
}

struct rcx_digest rcx_table_digest(const struct rcx_table *table)
{
    struct rcx_hasher *hasher = rcx_hasher_open();
    if (!hasher)
        return (struct rcx_digest){0};
    uint64_t shape[2] = {table->rows, table->column_count};
    rcx_hasher_update(hasher, shape, sizeof shape);
    for (size_t i = 0; i < table->column_count; i++) {
        const struct rcx_column *column = &table->columns[i];
        uint32_t kind[2] = {(uint32_t)column->type, column->scale};
        update_text(hasher, column->name, strlen(column->name));
        rcx_hasher_update(hasher, kind, sizeof kind);
        if (column->type == RCX_TYPE_TEXT)
            update_texts(hasher, column);
        else
            update_values(hasher, column);
    }
    struct rcx_digest digest = rcx_hasher_digest(hasher);
    rcx_hasher_close(hasher);
    return digest;
}
