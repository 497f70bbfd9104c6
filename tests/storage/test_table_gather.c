/* Gathered tables against the one table that they are pieces of. */
#include <string.h>

#include "tests/support/check.h"
#include "tests/support/table_cases.h"

#include "storage/format/table_gather.h"

static struct rcx_table table_of(const char *name, size_t rows)
{
    struct rcx_table table = {0};
    for (size_t i = 0; i < table_case_count; i++)
        if (strcmp(table_cases[i].name, name) == 0)
            assert_true(table_cases[i].fill(&table, rows));
    return table;
}

/* Rows [begin, begin + rows) of `table`, copied value by value. */
static struct rcx_table piece_of(const struct rcx_table *table, size_t begin, size_t rows)
{
    struct rcx_table piece = {0};
    for (size_t c = 0; c < table->column_count; c++) {
        const struct rcx_column *from = &table->columns[c];
        struct rcx_column *column = rcx_table_add(&piece, from->name, from->type);
        assert_non_null(column);
        column->scale = from->scale;
        column->dictionary = rcx_strings_retain(from->dictionary);
    }
    assert_true(rcx_table_resize(&piece, rows));
    for (size_t c = 0; c < table->column_count; c++) {
        size_t width = rcx_type_bytes(table->columns[c].type);
        if (rows)
            memcpy(piece.columns[c].values, (char *)table->columns[c].values + begin * width,
                   rows * width);
        for (size_t i = 0; i < rows; i++)
            if (rcx_column_is_null(&table->columns[c], begin + i))
                assert_true(rcx_column_set_null(&piece.columns[c], i));
    }
    return piece;
}

static void check_pieces(const char *name, size_t longest, uint64_t seed)
{
    struct check_random random = {seed};
    struct rcx_table whole = table_of(name, 700), gathered = {0};
    for (unsigned round = 0; round < 2; round++) { /* the second in memory of the first */
        for (size_t begin = 0; begin < whole.rows;) {
            size_t rows = check_below(&random, longest + 1);
            if (rows > whole.rows - begin)
                rows = whole.rows - begin;
            struct rcx_table piece = piece_of(&whole, begin, rows);
            assert_true(rcx_gather_fits(&gathered, &piece));
            assert_true(rcx_gather_append(&gathered, &piece));
            rcx_table_release(&piece);
            begin += rows;
        }
        assert_int_equal(gathered.rows, whole.rows);
        assert_int_equal(rcx_digest_compare(rcx_table_digest(&gathered), rcx_table_digest(&whole)),
                         0);
        rcx_gather_clear(&gathered);
        assert_int_equal(gathered.rows, 0);
    }
    rcx_table_release(&whole);
    rcx_table_release(&gathered);
}

static void test_pieces(void **state)
{
    (void)state;
    for (size_t longest = 1; longest < 600; longest = longest * 2 + 1) {
        check_pieces("types", longest, longest);
        check_pieces("nulls", longest, longest);
        check_pieces("all_null", longest, longest);
    }
}

/* Codes mean nothing in another list. */
static void test_other_texts_do_not_fit(void **state)
{
    (void)state;
    struct rcx_table a = table_of("types", 5), b = table_of("types", 5), gathered = {0};
    assert_true(rcx_gather_fits(&gathered, &a));
    assert_true(rcx_gather_append(&gathered, &a));
    assert_true(rcx_gather_fits(&gathered, &a));
    assert_false(rcx_gather_fits(&gathered, &b));
    rcx_gather_clear(&gathered);
    assert_true(rcx_gather_fits(&gathered, &b));
    assert_true(rcx_gather_append(&gathered, &b));
    assert_int_equal(rcx_digest_compare(rcx_table_digest(&gathered), rcx_table_digest(&b)), 0);
    rcx_table_release(&a);
    rcx_table_release(&b);
    rcx_table_release(&gathered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_other_texts_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
