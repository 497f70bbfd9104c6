#pragma once
/* Columns of result tables. All return NULL (or false) when memory ran out, and accept a table for
 * which that happened before, so that a table is put together without checks in between. */
#include "base/table.h"

/* A table being put together; `failed` stays set. */
struct rcx_columns {
    struct rcx_table *table; /* rows set beforehand */
    bool failed;
};

struct rcx_column *rcx_columns_add(struct rcx_columns *columns, const char *name,
                                   enum rcx_type type);
struct rcx_column *rcx_columns_decimal(struct rcx_columns *columns, const char *name,
                                       unsigned places);
/* Numbers for people: rounded to `places`, null where they are not known (NaN). */
void rcx_columns_round(struct rcx_columns *columns, struct rcx_column *column, size_t row,
                       double value);
/* Values 0..count - 1 of the column, set by the caller as codes, stand for these texts. */
struct rcx_column *rcx_columns_texts(struct rcx_columns *columns, const char *name,
                                     const char *const *texts, size_t count);
/* The rows `rows` of another column, nulls included; nothing when `from` is NULL. */
void rcx_columns_gather(struct rcx_columns *columns, const char *name,
                        const struct rcx_column *from, const uint32_t *rows);
/* Column may be NULL. */
void rcx_columns_null(struct rcx_columns *columns, struct rcx_column *column, size_t row);
