#pragma once
/* A table that is filled row by row, or not at all: what runs out of memory is remembered and looked
 * at once, by rcx_filling_finish. Zero is a valid empty one. */
#include <stdbool.h>

#include "base/table.h"

struct rcx_filling {
    struct rcx_table table;
    bool failed;
};

/* A column of the rows so far; NULL when something failed. */
struct rcx_column *rcx_filling_add(struct rcx_filling *filling, const char *name,
                                   enum rcx_type type);
void rcx_filling_add_reals(struct rcx_filling *filling, const char *const *names, size_t count);
/* Texts to choose from, for a column of codes. */
void rcx_filling_set_texts(struct rcx_filling *filling, size_t column, const char *const *texts,
                           size_t count);
bool rcx_filling_resize(struct rcx_filling *filling, size_t rows); /* false: something failed */
void rcx_filling_set_null(struct rcx_filling *filling, size_t column, size_t row);
/* Hands the table over; RCX_E_NOMEM, and nothing is left, when something failed. */
enum rcx_status rcx_filling_finish(struct rcx_filling *filling, const char *what,
                                   struct rcx_table *out, struct rcx_error *err);
