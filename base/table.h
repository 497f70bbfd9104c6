#pragma once
/* The one in-memory table: named, typed columns of equal length with validity.
 *
 * Features, labels, predictions, plans and reports are tables; every sink takes one.
 * `struct rcx_table t = {0}` is a valid empty table. A table owns its columns.
 *
 * Null: in REAL columns NaN is null; in all others a bit of `valid` (bit i % 8 of byte i / 8, set =
 * there is a value; NULL pointer = no nulls). Text columns hold codes into a dictionary. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/date.h"
#include "base/decimal.h"
#include "base/hash.h"
#include "base/status.h"

/* clang-format off */
/*       name     C type    bytes */
#define RCX_TYPES(X)                                                                               \
    X(BOOL,    uint8_t,  1) /* 0 or 1 */                                                           \
    X(INT8,    int8_t,   1)                                                                        \
    X(INT32,   int32_t,  4)                                                                        \
    X(INT64,   int64_t,  8)                                                                        \
    X(REAL,    double,   8)                                                                        \
    X(DECIMAL, int64_t,  8) /* value * 10^-scale */                                                \
    X(DATE,    int32_t,  4) /* rcx_day */                                                          \
    X(TIME,    int64_t,  8) /* rcx_time */                                                         \
    X(TEXT,    uint32_t, 4) /* code into `dictionary` */
/* clang-format on */

enum rcx_type {
#define X(name, c_type, bytes) RCX_TYPE_##name,
    RCX_TYPES(X)
#undef X
        RCX_TYPE_COUNT
};

/* Immutable list of distinct or repeated texts, shared by reference count.
 * text i = bytes[offsets[i] .. offsets[i + 1]). */
struct rcx_strings {
    uint32_t count;
    uint64_t *offsets; /* count + 1 */
    char *bytes;       /* UTF-8 */
    uint32_t references;
};
struct rcx_strings *rcx_strings_new(uint32_t count,
                                    uint64_t byte_count); /* offsets, bytes unset; 1 reference */
/* The same of arrays that exist already (`bytes` not NULL): takes both
 * and sets the caller's pointers to NULL; on failure the caller keeps them. */
struct rcx_strings *rcx_strings_take(uint32_t count, uint64_t **offsets, uint8_t **bytes);
/* One more reference; also through a borrowed view, because counting is no change of the texts. */
struct rcx_strings *rcx_strings_retain(const struct rcx_strings *strings);
void rcx_strings_release(struct rcx_strings *strings);
static inline struct rcx_text rcx_strings_get(const struct rcx_strings *strings, uint32_t code)
{
    return (struct rcx_text){strings->bytes + strings->offsets[code],
                             (size_t)(strings->offsets[code + 1] - strings->offsets[code])};
}

struct rcx_column {
    char *name;
    enum rcx_type type;
    unsigned scale; /* DECIMAL only */
    size_t rows;
    size_t capacity;
    bool in_block; /* the values lie in the table's block */
    union {
        void *values;
        uint8_t *booleans;
        int8_t *i8;
        int32_t *i32;
        int64_t *i64;
        double *reals;
        uint32_t *codes;
    };
    uint8_t *valid;                 /* NULL: no nulls */
    struct rcx_strings *dictionary; /* TEXT only; a reference is held */
};

struct rcx_table {
    char *name; /* may be NULL */
    size_t rows;
    size_t column_count;
    size_t column_capacity;
    struct rcx_column *columns;
    void *block; /* values of all columns that had their room reserved together; NULL: none */
    size_t block_bytes;
};

size_t rcx_type_bytes(enum rcx_type type);
const char *rcx_type_name(enum rcx_type type); /* "real" */

void rcx_table_release(struct rcx_table *table);
/* Adds a column of table->rows uninitialised values (zero rows: see rcx_table_resize).
 * Returns NULL when out of memory. The pointer is valid until the next column is added. */
struct rcx_column *rcx_table_add(struct rcx_table *table, const char *name, enum rcx_type type);
/* Sets the row count of every column; new values are uninitialised, new validity bits are set. */
bool rcx_table_resize(struct rcx_table *table, size_t rows);
/* Room for `rows` in every column without changing the row count. */
bool rcx_table_reserve(struct rcx_table *table, size_t rows);
/* The same when most of that room will be used: the columns of a large table that has none yet get it
 * in one block of huge pages, which cost memory in full but far fewer page faults. */
bool rcx_table_reserve_dense(struct rcx_table *table, size_t rows);
struct rcx_column *rcx_table_find(const struct rcx_table *table, const char *name); /* NULL: none */
bool rcx_column_is_null(const struct rcx_column *column, size_t row);
bool rcx_column_set_null(struct rcx_column *column, size_t row); /* false: out of memory */
size_t rcx_column_null_count(const struct rcx_column *column);
/* Digest of names, types, values and nulls (not of addresses or capacity): same content, same digest. */
struct rcx_digest rcx_table_digest(const struct rcx_table *table);
