#include "storage/format/table_select.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"

enum { NAMES_SHOWN = 40 };

static enum rcx_status no_such_column(const char *path, const char *const *names, size_t count,
                                      const char *wanted, struct rcx_error *err)
{
    struct rcx_buf list = {0};
    for (size_t i = 0; i < count && i < NAMES_SHOWN; i++)
        rcx_buf_printf(&list, "%s%s", i ? ", " : "", names[i]);
    if (count > NAMES_SHOWN)
        rcx_buf_printf(&list, " and %zu more", count - NAMES_SHOWN);
    const char *near = rcx_suggest(wanted, names, count);
    enum rcx_status status = rcx_fail(
        err, RCX_E_INPUT, "%s: there is no column '%s'%s%s%s; the file has: %s", path, wanted,
        near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "", rcx_buf_text(&list));
    rcx_buf_release(&list);
    return status;
}

static enum rcx_status find(const char *path, const char *const *names, size_t count,
                            const char *wanted, size_t *out, struct rcx_error *err)
{
    size_t found = count;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], wanted) != 0)
            continue;
        if (found < count)
            return rcx_fail(err, RCX_E_INPUT, "%s: two columns have the name '%s'", path, wanted);
        found = i;
    }
    if (found == count)
        return no_such_column(path, names, count, wanted, err);
    *out = found;
    return RCX_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum rcx_status check_distinct(const char *path, const char *const *names, size_t count,
                                      struct rcx_error *err)
{
    const char **sorted = rcx_malloc_array(count + 1, sizeof *sorted);
    if (!sorted)
        return rcx_fail_nomem(err, path, count * sizeof *sorted);
    enum rcx_status status = RCX_OK;
    for (size_t i = 0; i < count; i++)
        sorted[i] = names[i];
    qsort(sorted, count, sizeof *sorted, compare_names);
    for (size_t i = 1; i < count && status == RCX_OK; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            status = rcx_fail(err, RCX_E_INPUT, "%s: two columns have the name '%s'", path,
                              sorted[i]);
    rcx_free(sorted);
    return status;
}

enum rcx_status rcx_table_select(const char *path, const char *const *names, size_t count,
                                 const char *const *wanted, size_t wanted_count, size_t *out_places,
                                 size_t *out_count, struct rcx_error *err)
{
    if (wanted_count == 0) {
        for (size_t i = 0; i < count; i++)
            out_places[i] = i;
        *out_count = count;
        return check_distinct(path, names, count, err);
    }
    for (size_t i = 0; i < wanted_count; i++) {
        enum rcx_status status = find(path, names, count, wanted[i], &out_places[i], err);
        if (status != RCX_OK)
            return status;
    }
    *out_count = wanted_count;
    return check_distinct(path, wanted, wanted_count, err);
}
