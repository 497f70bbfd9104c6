#include "ml/tasks/table_filling.h"

#include <string.h>

struct rcx_column *rcx_filling_add(struct rcx_filling *filling, const char *name,
                                   enum rcx_type type)
{
    struct rcx_column *column = filling->failed ? NULL : rcx_table_add(&filling->table, name, type);
    filling->failed = filling->failed || !column;
    return column;
}

void rcx_filling_add_reals(struct rcx_filling *filling, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)rcx_filling_add(filling, names[i], RCX_TYPE_REAL);
}

void rcx_filling_set_texts(struct rcx_filling *filling, size_t column, const char *const *texts,
                           size_t count)
{
    uint64_t bytes = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        bytes += strlen(texts[i]);
    struct rcx_strings *strings = filling->failed ? NULL : rcx_strings_new((uint32_t)count, bytes);
    filling->failed = !strings;
    if (!strings)
        return;
    strings->offsets[0] = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(strings->bytes + at, texts[i], strlen(texts[i]));
        at += strlen(texts[i]);
        strings->offsets[i + 1] = at;
    }
    filling->table.columns[column].dictionary = strings;
}

bool rcx_filling_resize(struct rcx_filling *filling, size_t rows)
{
    filling->failed = filling->failed || !rcx_table_resize(&filling->table, rows);
    return !filling->failed;
}

void rcx_filling_set_null(struct rcx_filling *filling, size_t column, size_t row)
{
    if (!rcx_column_set_null(&filling->table.columns[column], row))
        filling->failed = true;
}

enum rcx_status rcx_filling_finish(struct rcx_filling *filling, const char *what,
                                   struct rcx_table *out, struct rcx_error *err)
{
    if (filling->failed) {
        rcx_table_release(&filling->table);
        return rcx_fail_nomem(err, what, 0);
    }
    *out = filling->table;
    return RCX_OK;
}
