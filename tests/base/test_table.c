#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/table.h"

static struct rcx_strings *make_strings(const char *const *words, uint32_t count)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        bytes += strlen(words[i]);
    struct rcx_strings *strings = rcx_strings_new(count, bytes);
    assert_non_null(strings);
    for (uint32_t i = 0; i < count; i++) {
        size_t length = strlen(words[i]);
        memcpy(strings->bytes + strings->offsets[i], words[i], length);
        strings->offsets[i + 1] = strings->offsets[i] + length;
    }
    return strings;
}

static void strings_take_over_arrays(void **state)
{
    (void)state;
    uint64_t *offsets = rcx_malloc(3 * sizeof *offsets);
    uint8_t *bytes = rcx_malloc(3);
    memcpy(offsets, (uint64_t[]){0, 1, 3}, 24);
    memcpy(bytes, "abc", 3);
    (void)rcx_memory_fail_at(1);
    assert_null(rcx_strings_take(2, &offsets, &bytes));
    (void)rcx_memory_fail_at(0);
    assert_non_null(offsets); /* still the caller's */
    struct rcx_strings *strings = rcx_strings_take(2, &offsets, &bytes);
    assert_null(offsets);
    assert_null(bytes);
    struct rcx_text second = rcx_strings_get(strings, 1);
    assert_int_equal(second.length, 2);
    assert_memory_equal(second.data, "bc", 2);
    rcx_strings_release(strings);
}

static void types_have_sizes_and_names(void **state)
{
    (void)state;
    assert_int_equal(rcx_type_bytes(RCX_TYPE_BOOL), 1);
    assert_int_equal(rcx_type_bytes(RCX_TYPE_DATE), 4);
    assert_int_equal(rcx_type_bytes(RCX_TYPE_DECIMAL), 8);
    assert_string_equal(rcx_type_name(RCX_TYPE_REAL), "real");
    for (unsigned a = 0; a < RCX_TYPE_COUNT; a++)
        for (unsigned b = 0; b < a; b++)
            assert_string_not_equal(rcx_type_name((enum rcx_type)a),
                                    rcx_type_name((enum rcx_type)b));
}

static void empty_table_is_zero(void **state)
{
    (void)state;
    struct rcx_table table = {0};
    assert_true(rcx_table_resize(&table, 10));
    assert_int_equal(table.rows, 10);
    assert_null(rcx_table_find(&table, "x"));
    rcx_table_release(&table);
    rcx_table_release(&table);
    rcx_table_release(NULL);
}

static void values_survive_growth(void **state)
{
    (void)state;
    struct rcx_table table = {0};
    assert_non_null(rcx_table_add(&table, "id", RCX_TYPE_INT64));
    assert_non_null(rcx_table_add(&table, "flag", RCX_TYPE_BOOL));
    for (size_t row = 0; row < 1000; row++) {
        assert_true(rcx_table_resize(&table, row + 1));
        rcx_table_find(&table, "id")->i64[row] = (int64_t)row * 3;
        rcx_table_find(&table, "flag")->booleans[row] = row % 7 == 0;
    }
    const struct rcx_column *id = rcx_table_find(&table, "id");
    for (size_t row = 0; row < 1000; row++)
        assert_int_equal(id->i64[row], row * 3);
    assert_int_equal(id->rows, 1000);
    assert_true(id->capacity < 3000);
    rcx_table_release(&table);
}

/* Against an array of flags, over the sizes at which bitmaps go wrong. */
/* Columns in one block: apart from each other, and as good as others when they outgrow it. */
static void dense_columns_survive_growth(void **state)
{
    (void)state;
    enum { ROOM = 1000003 };
    struct rcx_table table = {0};
    assert_non_null(rcx_table_add(&table, "flag", RCX_TYPE_BOOL));
    assert_non_null(rcx_table_add(&table, "count", RCX_TYPE_INT32));
    assert_non_null(rcx_table_add(&table, "value", RCX_TYPE_REAL));
    assert_true(rcx_table_reserve_dense(&table, ROOM));
    assert_true(table.columns[0].in_block && table.columns[2].in_block);
    assert_true(rcx_table_resize(&table, ROOM));
    for (size_t i = 0; i < ROOM; i++) {
        table.columns[0].booleans[i] = i % 3 == 0;
        table.columns[1].i32[i] = (int32_t)i;
        table.columns[2].reals[i] = (double)i / 2;
    }
    assert_true(rcx_table_resize(&table, ROOM + 1));
    assert_false(table.columns[0].in_block);
    for (size_t i = 0; i < ROOM; i++) {
        assert_int_equal(table.columns[0].booleans[i], i % 3 == 0);
        assert_int_equal(table.columns[1].i32[i], i);
        assert_true(table.columns[2].reals[i] == (double)i / 2);
    }
    rcx_table_release(&table);
    assert_null(table.block);
}

static void nulls_are_where_they_were_set(void **state)
{
    (void)state;
    for (size_t rows = 1; rows < 258; rows++) {
        struct rcx_table table = {0};
        bool expected[258] = {false};
        struct rcx_column *column = rcx_table_add(&table, "v", RCX_TYPE_INT32);
        assert_non_null(column);
        assert_true(rcx_table_resize(&table, rows));
        assert_int_equal(rcx_column_null_count(column), 0);
        size_t nulls = 0;
        for (size_t row = 0; row < rows; row++) {
            column->i32[row] = 5;
            expected[row] = (row * 2654435761u >> 7) % 3 == 0 || row + 1 == rows;
            if (expected[row])
                assert_true(rcx_column_set_null(column, row));
            nulls += expected[row];
        }
        for (size_t row = 0; row < rows; row++)
            assert_int_equal(rcx_column_is_null(column, row), expected[row]);
        assert_int_equal(rcx_column_null_count(column), nulls);
        rcx_table_release(&table);
    }
}

static void new_rows_are_valid_also_after_shrinking(void **state)
{
    (void)state;
    for (size_t small = 1; small < 40; small++) {
        struct rcx_table table = {0};
        struct rcx_column *column = rcx_table_add(&table, "v", RCX_TYPE_INT8);
        assert_true(rcx_table_resize(&table, 40));
        for (size_t row = 0; row < 40; row++)
            assert_true(rcx_column_set_null(column, row));
        assert_true(rcx_table_resize(&table, small));
        assert_int_equal(rcx_column_null_count(column), small);
        assert_true(rcx_table_resize(&table, 1000));
        assert_int_equal(rcx_column_null_count(column), small);
        assert_false(rcx_column_is_null(column, small));
        rcx_table_release(&table);
    }
}

static void nan_is_the_null_of_reals(void **state)
{
    (void)state;
    struct rcx_table table = {0};
    struct rcx_column *column = rcx_table_add(&table, "r", RCX_TYPE_REAL);
    assert_true(rcx_table_resize(&table, 3));
    column->reals[0] = 1.0;
    column->reals[1] = NAN;
    column->reals[2] = INFINITY;
    assert_int_equal(rcx_column_null_count(column), 1);
    assert_true(rcx_column_is_null(column, 1));
    assert_true(rcx_column_set_null(column, 0));
    assert_int_equal(rcx_column_null_count(column), 2);
    assert_null(column->valid);
    rcx_table_release(&table);
}

/* Two rows: 7 and null, "beta" and "alpha". Variants differ in one thing each. */
static struct rcx_digest digest_of(unsigned variant)
{
    static const char *const words[] = {"alpha", "beta"};
    static const char *const words_reordered[] = {"beta", "unused", "alpha"};
    struct rcx_table table = {0};
    struct rcx_column *v = rcx_table_add(&table, variant == 1 ? "w" : "v",
                                         variant == 2 ? RCX_TYPE_TIME : RCX_TYPE_INT64);
    assert_true(variant != 3 || rcx_table_reserve(&table, 1000));
    assert_true(rcx_table_resize(&table, 2));
    v->i64[0] = variant == 4 ? 8 : 7;
    v->i64[1] = 99;
    if (variant != 5)
        assert_true(rcx_column_set_null(v, 1));
    if (variant == 6)
        v->i64[1] = 1234; /* under the null */
    struct rcx_column *text = rcx_table_add(&table, "t", RCX_TYPE_TEXT);
    bool reordered = variant == 7;
    text->dictionary = reordered ? make_strings(words_reordered, 3) : make_strings(words, 2);
    text->codes[0] = reordered ? 0 : 1;
    text->codes[1] = reordered ? 2 : 0;
    if (variant == 8)
        text->codes[1] = 1;
    if (variant == 9)
        text->scale = 2;
    struct rcx_digest digest = rcx_table_digest(&table);
    rcx_table_release(&table);
    return digest;
}

static void digest_tells_content_and_nothing_else(void **state)
{
    (void)state;
    struct rcx_digest plain = digest_of(0);
    static const bool same[10] = {[0] = true, [3] = true, [6] = true, [7] = true};
    for (unsigned variant = 0; variant < 10; variant++)
        assert_int_equal(rcx_digest_compare(digest_of(variant), plain) == 0, same[variant]);
}

static void digest_of_reals_ignores_which_nan(void **state)
{
    (void)state;
    struct rcx_digest digests[3];
    for (unsigned i = 0; i < 3; i++) {
        struct rcx_table table = {0};
        struct rcx_column *column = rcx_table_add(&table, "r", RCX_TYPE_REAL);
        assert_true(rcx_table_resize(&table, 700));
        for (size_t row = 0; row < 700; row++)
            column->reals[row] = (double)row;
        column->reals[600] = i == 0 ? NAN : (i == 1 ? -NAN : 0.0);
        digests[i] = rcx_table_digest(&table);
        rcx_table_release(&table);
    }
    assert_int_equal(rcx_digest_compare(digests[0], digests[1]), 0);
    assert_int_not_equal(rcx_digest_compare(digests[0], digests[2]), 0);
}

static void strings_are_shared_by_count(void **state)
{
    (void)state;
    static const char *const words[] = {"one", "", "three"};
    struct rcx_strings *strings = make_strings(words, 3);
    assert_ptr_equal(rcx_strings_retain(strings), strings);
    rcx_strings_release(strings);
    assert_int_equal(strings->references, 1);
    assert_int_equal(rcx_strings_get(strings, 1).length, 0);
    assert_true(rcx_text_equal(rcx_strings_get(strings, 2), rcx_text_of("three")));
    rcx_strings_release(strings);
    rcx_strings_release(NULL);
    assert_null(rcx_strings_retain(NULL));
}

static bool build_with_nulls(struct rcx_table *table)
{
    struct rcx_column *a = rcx_table_add(table, "a", RCX_TYPE_INT32);
    if (!a || !rcx_table_resize(table, 10) || !rcx_column_set_null(a, 3))
        return false;
    struct rcx_column *b = rcx_table_add(table, "b", RCX_TYPE_REAL);
    return b && rcx_table_resize(table, 1000);
}

static void running_out_of_memory_leaves_a_releasable_table(void **state)
{
    (void)state;
    bool ok = false;
    uint64_t k = 1;
    for (; !ok && k < 50; k++) {
        struct rcx_table table = {0};
        rcx_memory_fail_at(k);
        ok = build_with_nulls(&table);
        rcx_memory_fail_at(0);
        if (!ok)
            assert_in_range(table.rows, 0, 10);
        rcx_table_release(&table);
    }
    assert_true(ok);
    assert_true(k > 5);
    rcx_memory_fail_at(2);
    struct rcx_strings *strings = rcx_strings_new(10, 100);
    rcx_memory_fail_at(0);
    assert_null(strings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_take_over_arrays),
        cmocka_unit_test(types_have_sizes_and_names),
        cmocka_unit_test(empty_table_is_zero),
        cmocka_unit_test(values_survive_growth),
        cmocka_unit_test(dense_columns_survive_growth),
        cmocka_unit_test(nulls_are_where_they_were_set),
        cmocka_unit_test(new_rows_are_valid_also_after_shrinking),
        cmocka_unit_test(nan_is_the_null_of_reals),
        cmocka_unit_test(digest_tells_content_and_nothing_else),
        cmocka_unit_test(digest_of_reals_ignores_which_nan),
        cmocka_unit_test(strings_are_shared_by_count),
        cmocka_unit_test(running_out_of_memory_leaves_a_releasable_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
