#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ml/matrix.h"

/* Three rows: integers with a null, reals, money, categories. */
static void make_table(struct rcx_table *table)
{
    *table = (struct rcx_table){.rows = 3};
    struct rcx_column *column = rcx_table_add(table, "visits", RCX_TYPE_INT32);
    memcpy(column->i32, (int32_t[]){-1, 2, 1 << 30}, 12);
    assert_true(rcx_column_set_null(column, 1));
    column = rcx_table_add(table, "ratio", RCX_TYPE_REAL);
    memcpy(column->reals, (double[]){0.5, NAN, -1e300}, 24);
    column = rcx_table_add(table, "price", RCX_TYPE_DECIMAL);
    column->scale = 4;
    memcpy(column->i64, (int64_t[]){123400, -1, INT64_MAX}, 24);
    column = rcx_table_add(table, "country", RCX_TYPE_TEXT);
    column->dictionary = rcx_strings_new(2, 2);
    memcpy(column->dictionary->offsets, (uint64_t[]){0, 1, 2}, 24);
    memcpy(column->dictionary->bytes, "xy", 2);
    memcpy(column->codes, (uint32_t[]){1, 0, 1}, 12);
}

static void all_columns_become_reals(void **state)
{
    (void)state;
    struct rcx_table table;
    struct rcx_matrix_source source = {0};
    make_table(&table);
    assert_int_equal(rcx_matrix_build(&table, NULL, 0, &source, NULL), RCX_OK);
    const struct rcx_matrix *matrix = &source.matrix;
    assert_int_equal(matrix->rows, 3);
    assert_int_equal(matrix->column_count, 4);
    assert_true(matrix->columns[0][0] == -1 && isnan(matrix->columns[0][1]) &&
                matrix->columns[0][2] == 1073741824.0);
    assert_ptr_equal(matrix->columns[1], table.columns[1].reals);
    assert_true(matrix->columns[2][0] == 12.34 && matrix->columns[2][1] == -0.0001 &&
                matrix->columns[2][2] == 922337203685477.5807);
    assert_true(matrix->columns[3][0] == 1 && matrix->columns[3][1] == 0);
    rcx_matrix_release(&source);
    rcx_matrix_release(&source);
    rcx_table_release(&table);
}

static void columns_are_chosen_by_name(void **state)
{
    (void)state;
    struct rcx_table table;
    struct rcx_matrix_source source = {0};
    struct rcx_error err = {0};
    make_table(&table);
    const char *two[] = {"price", "ratio"}, *wrong[] = {"ratio", "prize"};
    assert_int_equal(rcx_matrix_build(&table, two, 2, &source, NULL), RCX_OK);
    assert_string_equal(source.matrix.names[0], "price");
    assert_ptr_equal(source.matrix.columns[1], table.columns[1].reals);
    rcx_matrix_release(&source);
    assert_int_equal(rcx_matrix_build(&table, wrong, 2, &source, &err), RCX_E_INPUT);
    assert_string_equal(err.text, "table: no column 'prize' (did you mean 'price'?); there are: "
                                  "visits, ratio, price, country");
    rcx_table_release(&table);
}

static void failed_allocations_leave_nothing(void **state)
{
    (void)state;
    struct rcx_table table;
    make_table(&table);
    for (uint64_t k = 1;; k++) {
        struct rcx_matrix_source source = {0};
        struct rcx_error err = {0};
        (void)rcx_memory_fail_at(k);
        enum rcx_status status = rcx_matrix_build(&table, NULL, 0, &source, &err);
        (void)rcx_memory_fail_at(0);
        if (status == RCX_OK) {
            rcx_matrix_release(&source);
            break;
        }
        assert_int_equal(status, RCX_E_NOMEM);
        assert_null(source.columns);
    }
    rcx_table_release(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_columns_become_reals),
        cmocka_unit_test(columns_are_chosen_by_name),
        cmocka_unit_test(failed_allocations_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
