#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/radix.h"

enum { SMALL_SIZES = 258, LARGE = 70001 };

static uint64_t random_state = 42;

static uint64_t next_random(void)
{
    uint64_t z = (random_state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Key shapes: each one a way to be skewed. */
static uint64_t make_key(unsigned shape, size_t i)
{
    switch (shape) {
    case 0:
        return next_random();
    case 1:
        return 7; /* all equal */
    case 2:
        return next_random() % 3;
    case 3:
        return next_random() << 56; /* only the highest byte varies */
    case 4:
        return i; /* sorted */
    case 5:
        return UINT64_MAX - i; /* reversed, nearly all bits set */
    case 6:
        return 0x00FF00FF00000000u | (next_random() & 0x0000000000FF00FFu);
    default:
        return next_random() % 100 == 0 ? next_random() : 5; /* one heavy value */
    }
}

enum { SHAPES = 8 };

/* The payload is the input position, so this order is the stable one. */
static int compare(const void *a, const void *b)
{
    const struct rcx_radix_item *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->payload < y->payload ? -1 : x->payload > y->payload;
}

static void check(unsigned shape, size_t count)
{
    struct rcx_radix_item *items = calloc(count + 1, sizeof *items);
    struct rcx_radix_item *scratch = calloc(count + 1, sizeof *scratch);
    struct rcx_radix_item *expected = calloc(count + 1, sizeof *expected);
    assert_true(items && scratch && expected);
    for (size_t i = 0; i < count; i++)
        items[i] = (struct rcx_radix_item){make_key(shape, i), (uint32_t)i, 0};
    struct rcx_radix_item guard = {123, 456, 789};
    items[count] = scratch[count] = guard;
    memcpy(expected, items, count * sizeof *items);
    qsort(expected, count, sizeof *expected, compare);
    rcx_radix_sort(items, scratch, count);
    assert_memory_equal(items, expected, count * sizeof *items);
    assert_memory_equal(&items[count], &guard, sizeof guard);
    assert_memory_equal(&scratch[count], &guard, sizeof guard);
    free(items);
    free(scratch);
    free(expected);
}

static void equals_a_stable_qsort(void **state)
{
    (void)state;
    for (unsigned shape = 0; shape < SHAPES; shape++) {
        for (size_t count = 1; count < SMALL_SIZES; count++)
            check(shape, count);
        check(shape, LARGE);
    }
}

static void nothing_is_sorted(void **state)
{
    (void)state;
    struct rcx_radix_item item = {1, 2, 3}, scratch = {4, 5, 6};
    rcx_radix_sort(&item, &scratch, 0);
    assert_true(item.key == 1 && scratch.key == 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_a_stable_qsort),
        cmocka_unit_test(nothing_is_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
