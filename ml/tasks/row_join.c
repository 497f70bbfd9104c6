#include "ml/tasks/row_join.h"

#include "base/memory.h"

static struct rcx_text id_text(const struct rcx_column *id, size_t row)
{
    return rcx_strings_get(id->dictionary, id->codes[row]);
}

/* < 0, 0, > 0: the id of row a comes before that of row b. */
static int compare_ids(const struct rcx_column *a, size_t i, const struct rcx_column *b, size_t j)
{
    if (a->type == RCX_TYPE_INT64)
        return (a->i64[i] > b->i64[j]) - (a->i64[i] < b->i64[j]);
    if (a->dictionary == b->dictionary && a->codes[i] == b->codes[j])
        return 0;
    return rcx_text_compare(id_text(a, i), id_text(b, j));
}

static enum rcx_status check_order(const struct rcx_column *id, const char *what, const char *side,
                                   struct rcx_error *err)
{
    for (size_t i = 1; i < id->rows; i++) {
        if (compare_ids(id, i - 1, id, i) >= 0)
            return rcx_fail(err, RCX_E_INTERNAL,
                            "%s: %s row %zu: customers are not in order, or twice", what, side, i);
    }
    return RCX_OK;
}

/* The join itself; the number of pairs. */
static size_t pair(const struct rcx_column *a, const struct rcx_column *b, uint32_t *out)
{
    size_t pairs = 0;
    for (size_t i = 0, j = 0; i < a->rows; i++) {
        while (j < b->rows && compare_ids(b, j, a, i) < 0)
            j++;
        bool found = j < b->rows && compare_ids(b, j, a, i) == 0;
        out[i] = found ? (uint32_t)j++ : UINT32_MAX;
        pairs += found;
    }
    return pairs;
}

enum rcx_status rcx_row_join(const struct rcx_table *left, const struct rcx_table *right,
                             enum rcx_join_demand demand, const char *what, uint32_t **out,
                             struct rcx_error *err)
{
    const struct rcx_column *a = rcx_table_find(left, "customer_id");
    const struct rcx_column *b = rcx_table_find(right, "customer_id");
    if (!a || !b || a->type != b->type)
        return rcx_fail(err, RCX_E_INTERNAL, "%s: customer_id is missing or of another type", what);
    enum rcx_status status = check_order(a, what, "left", err);
    if (status == RCX_OK)
        status = check_order(b, what, "right", err);
    if (status != RCX_OK)
        return status;
    uint32_t *picks = rcx_malloc_array(left->rows + 1, sizeof *picks);
    if (!picks)
        return rcx_fail_nomem(err, what, left->rows * sizeof *picks);
    size_t pairs = pair(a, b, picks);
    size_t asked = demand == RCX_JOIN_EVERY_LEFT ? left->rows : right->rows;
    if (pairs != asked) {
        rcx_free(picks);
        return rcx_fail(err, RCX_E_INTERNAL,
                        "%s: the join of %zu with %zu rows has %zu pairs, %zu are due", what,
                        left->rows, right->rows, pairs, asked);
    }
    *out = picks;
    return RCX_OK;
}
