/* Rows by customer against a plain search: ids that rise, that do not, and texts. */
#include "cli/customer_index.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/check.h"

enum { MOST = 300 };

static uint32_t find_plainly(const int64_t *ids, size_t rows, int64_t id)
{
    for (size_t row = 0; row < rows; row++)
        if (ids[row] == id)
            return (uint32_t)row;
    return RCX_NO_ROW;
}

/* `rows` different ids, some looked up in another order, some unknown. */
static void check_numbers(size_t rows, bool rising, struct check_random *random)
{
    struct rcx_table table = {.rows = rows}, asked = {.rows = 2 * rows + 4};
    struct rcx_column *ids = rcx_table_add(&table, "customer_id", RCX_TYPE_INT64);
    struct rcx_column *wanted = rcx_table_add(&asked, "customer_id", RCX_TYPE_INT64);
    struct rcx_customer_index index;
    char text[32];
    for (size_t i = 0; i < rows; i++)
        ids->i64[i] = (int64_t)(3 * i) - 40;
    for (size_t i = rows; i-- > 1 && !rising;) {
        size_t j = check_below(random, i + 1);
        int64_t swap = ids->i64[i];
        ids->i64[i] = ids->i64[j];
        ids->i64[j] = swap;
    }
    for (size_t i = 0; i < asked.rows; i++)
        wanted->i64[i] = i < rows / 2 ? ids->i64[i] : (int64_t)check_below(random, 1200) - 100;
    assert_int_equal(rcx_customer_index_open(ids, "test", &index, NULL), RCX_OK);
    for (size_t i = 0; i < asked.rows; i++) {
        uint32_t row = find_plainly(ids->i64, rows, wanted->i64[i]);
        assert_int_equal(rcx_customer_index_find(&index, wanted, i), row);
        int length = snprintf(text, sizeof text, "%lld", (long long)wanted->i64[i]);
        assert_int_equal(
            rcx_customer_index_find_text(&index, (struct rcx_text){text, (size_t)length}), row);
    }
    assert_int_equal(rcx_customer_index_find_text(&index, (struct rcx_text){"x1", 2}), RCX_NO_ROW);
    rcx_customer_index_close(&index);
    if (rows > 1) { /* a customer twice, next to or far from the other row */
        ids->i64[rows - 1] = ids->i64[check_below(random, rows - 1)];
        assert_int_equal(rcx_customer_index_open(ids, "test", &index, NULL), RCX_E_INPUT);
    }
    rcx_table_release(&table);
    rcx_table_release(&asked);
}

static void test_numbers(void **state)
{
    struct check_random random = {1};
    (void)state;
    for (size_t rows = 0; rows <= MOST; rows += rows < 20 ? 1 : 31) {
        check_numbers(rows, true, &random);
        check_numbers(rows, false, &random);
    }
}

static void test_texts(void **state)
{
    struct rcx_table table = {.rows = MOST};
    struct rcx_column *ids = rcx_table_add(&table, "customer_id", RCX_TYPE_TEXT);
    struct rcx_customer_index index;
    char text[32];
    (void)state;
    ids->dictionary = rcx_strings_new(MOST, (uint64_t)MOST * 4);
    assert_non_null(ids->dictionary);
    for (uint32_t i = 0; i < MOST; i++) {
        (void)snprintf(text, sizeof text, "K%03u", (unsigned)(i * 7 % MOST));
        memcpy(ids->dictionary->bytes + (size_t)i * 4, text, 4);
        ids->dictionary->offsets[i + 1] = ((uint64_t)i + 1) * 4;
        ids->codes[i] = MOST - 1 - i;
    }
    assert_int_equal(rcx_customer_index_open(ids, "test", &index, NULL), RCX_OK);
    for (uint32_t i = 0; i < MOST; i++) {
        struct rcx_text id = rcx_strings_get(ids->dictionary, ids->codes[i]);
        assert_int_equal(rcx_customer_index_find_text(&index, id), i);
        assert_int_equal(rcx_customer_index_find(&index, ids, i), i);
    }
    assert_int_equal(rcx_customer_index_find_text(&index, (struct rcx_text){"K", 1}), RCX_NO_ROW);
    rcx_customer_index_close(&index);
    ids->codes[3] = ids->codes[200];
    assert_int_equal(rcx_customer_index_open(ids, "test", &index, NULL), RCX_E_INPUT);
    rcx_table_release(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers),
                                       cmocka_unit_test(test_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
