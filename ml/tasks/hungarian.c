#include "ml/tasks/hungarian.h"

#include <math.h>
#include <stdbool.h>

#include "base/memory.h"

/* Rows and columns are counted from 1; 0 is a helper. */
struct search {
    const double *costs;
    size_t rows, columns;
    double *row_price, *column_price; /* potentials */
    double *slack;                    /* [columns + 1] least reduced cost of reaching the column */
    size_t *owner;                    /* [columns + 1] row that has the column, 0: none */
    size_t *from;                     /* [columns + 1] column before it on the path */
    bool *reached;                    /* [columns + 1] */
};

/* Grows the tree of reached columns from the row in owner[0] until it meets a free column. */
static size_t reach_free_column(struct search *search)
{
    size_t column = 0;
    for (size_t c = 0; c <= search->columns; c++) {
        search->slack[c] = INFINITY;
        search->reached[c] = false;
    }
    do {
        size_t row = search->owner[column], next = 0;
        double least = INFINITY;
        search->reached[column] = true;
        for (size_t c = 1; c <= search->columns; c++) {
            if (search->reached[c])
                continue;
            double reduced = search->costs[(row - 1) * search->columns + c - 1] -
                             search->row_price[row] - search->column_price[c];
            if (reduced < search->slack[c]) {
                search->slack[c] = reduced;
                search->from[c] = column;
            }
            if (search->slack[c] < least) {
                least = search->slack[c];
                next = c;
            }
        }
        for (size_t c = 0; c <= search->columns; c++) {
            if (search->reached[c]) {
                search->row_price[search->owner[c]] += least;
                search->column_price[c] -= least;
            } else {
                search->slack[c] -= least;
            }
        }
        column = next;
    } while (search->owner[column] != 0);
    return column;
}

static enum rcx_status conclude(const struct search *search, size_t *out, struct rcx_error *err)
{
    double total = 0;
    for (size_t c = 1; c <= search->columns; c++) {
        if (search->owner[c] == 0)
            continue;
        out[search->owner[c] - 1] = c - 1;
        total += search->costs[(search->owner[c] - 1) * search->columns + c - 1];
    }
    if (total >= RCX_ASSIGNMENT_FORBIDDEN)
        return rcx_fail(err, RCX_E_INTERNAL, "assignment: every one is forbidden");
    return RCX_OK;
}

enum rcx_status rcx_hungarian(const double *costs, size_t rows, size_t columns, size_t *out,
                              struct rcx_error *err)
{
    struct search search = {
        .costs = costs,
        .rows = rows,
        .columns = columns,
        .row_price = rcx_calloc(rows + 1, sizeof(double)),
        .column_price = rcx_calloc(columns + 1, sizeof(double)),
        .slack = rcx_calloc(columns + 1, sizeof(double)),
        .owner = rcx_calloc(columns + 1, sizeof(size_t)),
        .from = rcx_calloc(columns + 1, sizeof(size_t)),
        .reached = rcx_calloc(columns + 1, sizeof(bool)),
    };
    enum rcx_status status = RCX_E_NOMEM;
    if (!search.row_price || !search.column_price || !search.slack || !search.owner ||
        !search.from || !search.reached) {
        rcx_fail_nomem(err, "assignment", rows * columns);
        goto done;
    }
    for (size_t row = 1; row <= rows; row++) {
        search.owner[0] = row;
        for (size_t column = reach_free_column(&search); column != 0; column = search.from[column])
            search.owner[column] = search.owner[search.from[column]];
    }
    status = conclude(&search, out, err);
done:
    rcx_free(search.row_price);
    rcx_free(search.column_price);
    rcx_free(search.slack);
    rcx_free(search.owner);
    rcx_free(search.from);
    rcx_free(search.reached);
    return status;
}
