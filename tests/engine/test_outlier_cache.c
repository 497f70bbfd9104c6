/* The file of learned thresholds: what comes back, and that anything but the right file is no file. */
#include <string.h>

#include "tests/support/temp_dir.h"
#include "tests/support/test_batch.h"

#include "base/file.h"
#include "base/memory.h"
#include "engine/quality/outlier_cache.h"

struct fixture {
    char directory[RCX_TEST_PATH_BYTES];
    struct rcx_clean_plan plan;
    struct rcx_outlier_fit fit;
    struct rcx_digest store;
    char *path;
};

static void prepare(struct fixture *f)
{
    *f = (struct fixture){
        .plan = {.fit_days = 30, .min_fit_rows = 1000, .limits = {.min_price = 100}},
        .fit = {.mode = RCX_OUTLIERS_FIT_FIRST_DAYS,
                .quantity_scale = RCX_QUANTITY_SCALE_LOG,
                .applied = true,
                .fit_days = 30,
                .before = 14974,
                .rows = 26351,
                .quantity_rows = 25670,
                .price_max = 149500,
                .quantity_min = 1,
                .quantity_max = 2592,
                .price_numerator = 299,
                .price_denominator = 20,
                .quantity_q1 = 2,
                .quantity_q3 = 12,
                .quantity_low = 1.0 / 108,
                .quantity_high = 2592},
        .store = {1, 2}};
    rcx_test_dir_make(f->directory);
    f->path = rcx_outlier_cache_path(f->directory, f->store, &f->plan);
    assert_non_null(f->path);
    assert_int_equal(rcx_outlier_cache_save(f->path, f->store, &f->plan, &f->fit, NULL), RCX_OK);
}

static void finish(struct fixture *f)
{
    rcx_free(f->path);
    rcx_test_dir_remove(f->directory);
}

static void test_comes_back(void **state)
{
    struct fixture f;
    struct rcx_outlier_fit fit = {0};

    (void)state;
    prepare(&f);
    assert_true(rcx_outlier_cache_load(f.path, f.store, &f.plan, &fit));
    assert_int_equal(fit.before, f.fit.before);
    assert_int_equal(fit.rows, f.fit.rows);
    assert_int_equal(fit.quantity_rows, f.fit.quantity_rows);
    assert_int_equal(fit.price_max, f.fit.price_max);
    assert_int_equal(fit.quantity_max, f.fit.quantity_max);
    assert_true(fit.applied && fit.quantity_low == f.fit.quantity_low);
    assert_int_equal(fit.price_numerator, 299);
    assert_int_equal(fit.price_denominator, 20);
    finish(&f);
}

static void test_other_stores_and_keys(void **state)
{
    struct fixture f;
    struct rcx_outlier_fit fit;

    (void)state;
    prepare(&f);
    assert_false(rcx_outlier_cache_load(f.path, (struct rcx_digest){1, 3}, &f.plan, &fit));
    f.plan.fit_days = 31;
    assert_false(rcx_outlier_cache_load(f.path, f.store, &f.plan, &fit));
    char *other = rcx_outlier_cache_path(f.directory, f.store, &f.plan);
    assert_string_not_equal(other, f.path);
    assert_false(rcx_outlier_cache_load(other, f.store, &f.plan, &fit));
    rcx_free(other);
    finish(&f);
}

static void test_damage_counts_as_missing(void **state)
{
    struct fixture f;
    struct rcx_buf bytes = {0};
    struct rcx_outlier_fit fit;
    const struct rcx_file_writer_options quick = {.no_sync = true};

    (void)state;
    prepare(&f);
    assert_int_equal(rcx_file_read(f.path, &bytes, NULL), RCX_OK);
    for (size_t length = 0; length < bytes.length; length++) {
        assert_int_equal(rcx_file_replace(f.path, bytes.data, length, &quick, NULL), RCX_OK);
        assert_false(rcx_outlier_cache_load(f.path, f.store, &f.plan, &fit));
    }
    for (size_t bit = 0; bit < bytes.length * 8; bit++) {
        bytes.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(rcx_file_replace(f.path, bytes.data, bytes.length, &quick, NULL), RCX_OK);
        assert_false(rcx_outlier_cache_load(f.path, f.store, &f.plan, &fit));
        bytes.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    rcx_buf_release(&bytes);
    finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_back),
        cmocka_unit_test(test_other_stores_and_keys),
        cmocka_unit_test(test_damage_counts_as_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
