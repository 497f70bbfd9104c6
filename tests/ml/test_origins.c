/* What an evaluation of customers is made of: the join of tables and the origins of a calendar. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ml/tasks/origins.h"
#include "ml/tasks/row_join.h"

/* A table of ids, each of 0..most with probability share. */
static void random_ids(struct check_random *random, double share, int64_t most,
                       struct rcx_table *out)
{
    struct rcx_column *id = rcx_table_add(out, "customer_id", RCX_TYPE_INT64);
    assert_non_null(id);
    assert_true(rcx_table_resize(out, (size_t)most));
    size_t rows = 0;
    for (int64_t i = 0; i < most; i++) {
        if (check_unit(random) < share)
            out->columns[0].i64[rows++] = i;
    }
    assert_true(rcx_table_resize(out, rows));
}

static void joins_pair_equal_ids_or_fail(void **state)
{
    struct check_random random = {5};
    size_t met = 0;
    (void)state;
    for (int trial = 0; trial < 400; trial++) {
        struct rcx_table left = {0}, right = {0};
        random_ids(&random, trial % 3 ? .9 : 1, 1 + (int64_t)check_below(&random, 12), &left);
        random_ids(&random, trial % 4 ? .9 : 1, 1 + (int64_t)check_below(&random, 12), &right);
        size_t pairs = 0;
        for (size_t i = 0; i < left.rows; i++) {
            for (size_t j = 0; j < right.rows; j++)
                pairs += left.columns[0].i64[i] == right.columns[0].i64[j];
        }
        for (int demand = RCX_JOIN_EVERY_LEFT; demand <= RCX_JOIN_EVERY_RIGHT; demand++) {
            size_t due = demand == RCX_JOIN_EVERY_LEFT ? left.rows : right.rows;
            uint32_t *row = NULL;
            enum rcx_status status = rcx_row_join(&left, &right, (enum rcx_join_demand)demand,
                                                  "ids", &row, NULL);
            assert_int_equal(status, pairs == due ? RCX_OK : RCX_E_INTERNAL);
            for (size_t i = 0; row && i < left.rows; i++) {
                if (row[i] != UINT32_MAX)
                    assert_int_equal(left.columns[0].i64[i], right.columns[0].i64[row[i]]);
            }
            met += row != NULL;
            rcx_free(row);
        }
        rcx_table_release(&left);
        rcx_table_release(&right);
    }
    assert_true(met > 50 && met < 750);
}

enum { SNAPSHOTS = 12, ROWS_EACH = 100 };

static void fill(struct rcx_calendar *calendar, int64_t *customer, rcx_day *day)
{
    for (size_t s = 0; s < SNAPSHOTS; s++) {
        const struct rcx_split_snapshot listed = {1000 + 30 * (rcx_day)s, ROWS_EACH, 40};
        const struct rcx_calendar_place place = {2 * s, s * ROWS_EACH};
        assert_int_equal(rcx_calendar_add(calendar, place, &listed, NULL), RCX_OK);
        for (size_t i = 0; i < ROWS_EACH; i++) {
            customer[s * ROWS_EACH + i] = (int64_t)i;
            day[s * ROWS_EACH + i] = listed.day;
        }
    }
}

/* Rows that train for an origin end before its label window begins, and a planted leak is found. */
static void origins_train_on_what_was_known(void **state)
{
    struct rcx_calendar calendar = {.rule = {0, 90}, .limits = {250, 100}};
    int64_t customer[SNAPSHOTS * ROWS_EACH];
    rcx_day day[SNAPSHOTS * ROWS_EACH];
    struct rcx_origin *origins = NULL;
    struct rcx_split split, early;
    size_t count = 0;
    (void)state;
    fill(&calendar, customer, day);
    assert_int_equal(rcx_calendar_split(&calendar, SIZE_MAX, &split, NULL), RCX_OK);
    assert_int_equal(split.test, SNAPSHOTS - 1);
    assert_int_equal(rcx_calendar_split(&calendar, 5, &early, NULL), RCX_OK);
    assert_int_equal(early.test, 5);
    assert_int_equal(rcx_calendar_origins(&calendar, &split, customer, day, &origins, &count, NULL),
                     RCX_OK);
    assert_int_equal(count, SNAPSHOTS - 5); /* snapshots 5.. have three or more to learn from */
    for (size_t o = 0; o < count; o++) {
        assert_int_equal(origins[o].listed, o + 5);
        assert_int_equal(origins[o].snapshot, 2 * (o + 5));
        assert_int_equal(origins[o].train_rows, (o + 3) * ROWS_EACH);
        assert_int_equal(origins[o].first, (o + 5) * ROWS_EACH);
        assert_true(day[origins[o].train_rows - 1] + 90 <= origins[o].day);
        assert_true(day[origins[o].train_rows] + 90 > origins[o].day);
        for (size_t later = 0; later < count; later++)
            assert_int_equal(rcx_origin_known_at(&calendar, &origins[o], origins[later].day),
                             origins[o].day + 90 <= origins[later].day);
    }
    rcx_free(origins);
    day[2 * ROWS_EACH] += 400; /* a row of the future among those of the past */
    assert_int_equal(rcx_calendar_origins(&calendar, &split, customer, day, &origins, &count, NULL),
                     RCX_E_INTERNAL);
    rcx_calendar_release(&calendar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_pair_equal_ids_or_fail),
        cmocka_unit_test(origins_train_on_what_was_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
