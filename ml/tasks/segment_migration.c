/* Where customers went between two snapshots. */
#include <string.h>

#include "ml/tasks/segments.h"

enum { ABSENT = RCX_SEGMENT_COUNT, PLACES = RCX_SEGMENT_COUNT + 1 };
enum column_id { FROM_DATE, TO_DATE, FROM, TO, CUSTOMERS, SHARE_FROM, SHARE_TO, COLUMNS };

static int compare_ids(const struct rcx_column *a, size_t row_a, const struct rcx_column *b,
                       size_t row_b)
{
    if (a->type == RCX_TYPE_TEXT)
        return rcx_text_compare(rcx_strings_get(a->dictionary, a->codes[row_a]),
                                rcx_strings_get(b->dictionary, b->codes[row_b]));
    return (a->i64[row_a] > b->i64[row_b]) - (a->i64[row_a] < b->i64[row_b]);
}

static void count_moves(const struct rcx_table *before, const struct rcx_table *after,
                        int64_t counts[PLACES][PLACES])
{
    const struct rcx_column *ids = rcx_table_find(before, "customer_id");
    const struct rcx_column *others = rcx_table_find(after, "customer_id");
    const uint32_t *from = rcx_table_find(before, "segment")->codes;
    const uint32_t *to = rcx_table_find(after, "segment")->codes;
    size_t a = 0, b = 0;
    while (a < before->rows || b < after->rows) {
        int order = a == before->rows ? 1 : b == after->rows ? -1 : compare_ids(ids, a, others, b);
        counts[order <= 0 ? from[a] : ABSENT][order >= 0 ? to[b] : ABSENT]++;
        a += order <= 0;
        b += order >= 0;
    }
}

enum rcx_status rcx_segment_migration_begin(struct rcx_table *out, struct rcx_error *err)
{
    static const struct {
        const char *name;
        enum rcx_type type;
    } columns[COLUMNS] = {
        {"from_date", RCX_TYPE_DATE},    {"to_date", RCX_TYPE_DATE},
        {"from_segment", RCX_TYPE_TEXT}, {"to_segment", RCX_TYPE_TEXT},
        {"customers", RCX_TYPE_INT64},   {"share_of_from", RCX_TYPE_REAL},
        {"share_of_to", RCX_TYPE_REAL},
    };
    bool ok = true;
    *out = (struct rcx_table){0};
    for (size_t c = 0; ok && c < COLUMNS; c++)
        ok = rcx_table_add(out, columns[c].name, columns[c].type) != NULL;
    ok = ok && (out->columns[FROM].dictionary = rcx_segment_texts()) != NULL &&
         (out->columns[TO].dictionary = rcx_segment_texts()) != NULL;
    if (ok)
        return RCX_OK;
    rcx_table_release(out);
    return rcx_fail_nomem(err, "segments", 0);
}

static bool put_place(struct rcx_column *column, size_t row, size_t place)
{
    column->codes[row] = place == ABSENT ? 0 : (uint32_t)place;
    return place != ABSENT || rcx_column_set_null(column, row);
}

enum rcx_status rcx_segment_migration(const struct rcx_segment_snapshot *before,
                                      const struct rcx_segment_snapshot *after,
                                      struct rcx_table *out, struct rcx_error *err)
{
    int64_t counts[PLACES][PLACES] = {{0}}, from[PLACES] = {0}, to[PLACES] = {0};
    size_t rows = out->rows, added = 0;
    if (rcx_table_find(before->assigned, "customer_id")->type !=
        rcx_table_find(after->assigned, "customer_id")->type)
        return rcx_fail(err, RCX_E_INTERNAL, "segments: customer ids of two kinds");
    count_moves(before->assigned, after->assigned, counts);
    for (size_t f = 0; f < PLACES; f++)
        for (size_t t = 0; t < PLACES; t++) {
            from[f] += counts[f][t];
            to[t] += counts[f][t];
            added += counts[f][t] > 0;
        }
    bool ok = rcx_table_resize(out, rows + added);
    for (size_t f = 0; ok && f < PLACES; f++) {
        for (size_t t = 0; ok && t < PLACES; t++) {
            if (counts[f][t] == 0)
                continue;
            out->columns[FROM_DATE].i32[rows] = before->day;
            out->columns[TO_DATE].i32[rows] = after->day;
            out->columns[CUSTOMERS].i64[rows] = counts[f][t];
            out->columns[SHARE_FROM].reals[rows] = (double)counts[f][t] / (double)from[f];
            out->columns[SHARE_TO].reals[rows] = (double)counts[f][t] / (double)to[t];
            ok = put_place(&out->columns[FROM], rows, f) && put_place(&out->columns[TO], rows, t);
            rows++;
        }
    }
    return ok ? RCX_OK : rcx_fail_nomem(err, "segments", added * COLUMNS * 8);
}
