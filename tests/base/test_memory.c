#include "base/memory.h"

#include <string.h>

#include "tests/support/check.h"

static void sizes_that_overflow_are_failures(void **state)
{
    (void)state;
    const size_t half = (SIZE_MAX / 2) + 1;
    assert_null(rcx_calloc(half, 2));
    assert_null(rcx_malloc_array(half, 2));
    assert_null(rcx_realloc_array(NULL, half, 2));
    assert_null(rcx_malloc(half));
    assert_null(rcx_calloc(half, 1));
    assert_null(rcx_realloc_array(NULL, half, 1));
    size_t capacity = 0;
    uint32_t *array = NULL;
    assert_false(rcx_array_reserve(&array, &capacity, SIZE_MAX / 2, sizeof *array));
    assert_null(array);
    assert_int_equal(capacity, 0);
}

static void empty_blocks_are_blocks(void **state)
{
    (void)state;
    void *blocks[] = {rcx_malloc(0), rcx_calloc(0, 8), rcx_malloc_array(4, 0),
                      rcx_realloc_array(NULL, 0, 4)};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        assert_non_null(blocks[i]);
        rcx_free(blocks[i]);
    }
    rcx_free(NULL);
    rcx_pages_free(NULL, 10);
}

static void calloc_is_zeroed_and_realloc_keeps(void **state)
{
    (void)state;
    uint8_t *block = rcx_calloc(100, 3);
    assert_non_null(block);
    for (size_t i = 0; i < 300; i++)
        assert_int_equal(block[i], 0);
    memset(block, 7, 300);
    block = rcx_realloc_array(block, 1000, 3);
    assert_non_null(block);
    for (size_t i = 0; i < 300; i++)
        assert_int_equal(block[i], 7);
    rcx_free(block);
}

static void copies_of_text_end_with_nul(void **state)
{
    (void)state;
    char *copy = rcx_strdup("shop");
    char *part = rcx_strndup("shop", 2);
    char *beyond = rcx_strndup("shop", 100);
    assert_string_equal(copy, "shop");
    assert_string_equal(part, "sh");
    assert_string_equal(beyond, "shop");
    rcx_free(copy);
    rcx_free(part);
    rcx_free(beyond);
}

static void arrays_double_and_keep_their_elements(void **state)
{
    (void)state;
    uint32_t *array = NULL;
    size_t capacity = 0;
    unsigned moves = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        size_t before = capacity;
        assert_true(rcx_array_reserve(&array, &capacity, i + 1, sizeof *array));
        moves += capacity != before;
        array[i] = i;
    }
    assert_true(moves <= 12); /* doubling, not one step at a time */
    for (uint32_t i = 0; i < 10000; i++)
        assert_int_equal(array[i], i);

    rcx_memory_fail_at(1);
    size_t before = capacity;
    uint32_t *same = array;
    assert_false(rcx_array_reserve(&array, &capacity, capacity + 1, sizeof *array));
    rcx_memory_fail_at(0);
    assert_ptr_equal(array, same);
    assert_int_equal(capacity, before);
    rcx_free(array);
}

static void pages_are_zeroed_and_cost_nothing_untouched(void **state)
{
    (void)state;
    const size_t bytes = (size_t)1 << 32;
    uint64_t before = rcx_memory_resident();
    uint8_t *pages = rcx_pages_alloc(bytes);
    assert_non_null(pages);
    assert_int_equal(pages[0], 0);
    assert_int_equal(pages[bytes - 1], 0);
    pages[bytes / 2] = 1;
    assert_true(rcx_memory_resident() < before + ((uint64_t)64 << 20));
    rcx_pages_free(pages, bytes);
    void *small = rcx_pages_alloc(0);
    assert_non_null(small);
    rcx_pages_free(small, 0);
}

static void the_kth_allocation_and_all_after_it_fail(void **state)
{
    (void)state;
    rcx_memory_fail_at(3);
    void *first = rcx_malloc(1);
    void *second = rcx_calloc(1, 1);
    assert_non_null(first);
    assert_non_null(second);
    assert_null(rcx_malloc(1));
    assert_null(rcx_strdup("x"));
    assert_null(rcx_realloc_array(NULL, 1, 1));
    assert_null(rcx_pages_alloc(1));
    assert_int_equal(rcx_memory_fail_at(0), 6);
    void *third = rcx_malloc(1);
    assert_non_null(third);
    assert_int_equal(rcx_memory_fail_at(0), 1);
    rcx_free(first);
    rcx_free(second);
    rcx_free(third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_that_overflow_are_failures),
        cmocka_unit_test(empty_blocks_are_blocks),
        cmocka_unit_test(calloc_is_zeroed_and_realloc_keeps),
        cmocka_unit_test(copies_of_text_end_with_nul),
        cmocka_unit_test(arrays_double_and_keep_their_elements),
        cmocka_unit_test(pages_are_zeroed_and_cost_nothing_untouched),
        cmocka_unit_test(the_kth_allocation_and_all_after_it_fail),
    };
    return cmocka_run_group_tests_name("base/memory", tests, NULL, NULL);
}
