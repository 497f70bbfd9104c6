/* The statistics of a measurement, and comparing with a saved run. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "bench/bench_report.h"
#include "config/settings.h"
#include "tests/support/check.h"
#include "tests/support/temp_dir.h"

static struct rcx_bench_result result_of(size_t index, const double *seconds, size_t count)
{
    struct rcx_bench_result result = {.benchmark = rcx_bench_at(index),
                                      .work = {.items = 1000, .bytes = 4000},
                                      .repetitions = count};
    for (size_t i = 0; i < count; i++)
        result.samples[i] = (struct rcx_bench_sample){seconds[i], 2 * seconds[i]};
    rcx_bench_summarize(&result);
    return result;
}

static void test_summary(void **state)
{
    static const double odd[] = {5, 1, 3}, even[] = {4, 1, 2, 8}, one[] = {7};
    (void)state;
    struct rcx_bench_result r = result_of(0, odd, 3);
    assert_true(r.median == 3 && r.min == 1 && r.max == 5 && r.cpu_median == 6);
    assert_true(r.samples[0].seconds == 5); /* the order of the runs stays */
    assert_true(rcx_bench_items_per_second(&r) == 1000.0 / 3);
    assert_true(rcx_bench_ns_per_item(&r) == 3e9 / 1000);
    assert_true(rcx_bench_gb_per_second(&r) == 4000 * 1e-9 / 3);
    assert_true(rcx_bench_spread(&r) == 4.0 / 3);
    r = result_of(0, even, 4);
    assert_true(r.median == 3 && r.min == 1 && r.max == 8);
    r = result_of(0, one, 1);
    assert_true(r.median == 7 && rcx_bench_spread(&r) == 0);
    r.work = (struct rcx_bench_work){0};
    assert_true(rcx_bench_ns_per_item(&r) == 0 && rcx_bench_gb_per_second(&r) == 0);
}

static void test_names_are_distinct_and_rows_complete(void **state)
{
    (void)state;
    assert_true(rcx_bench_count() >= 10);
    assert_null(rcx_bench_at(rcx_bench_count()));
    for (size_t i = 0; i < rcx_bench_count(); i++) {
        const struct rcx_benchmark *b = rcx_bench_at(i);
        assert_true(b->name[0] && b->what[0] && b->unit[0] && b->setup && b->run && b->teardown);
        assert_true(strlen(b->name) < RCX_BENCH_NAME_BYTES);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(b->name, rcx_bench_at(k)->name);
        b->teardown(NULL); /* setup may have failed at once */
    }
}

static struct rcx_bench_report report_of(const struct rcx_bench_result *results, size_t count)
{
    return (struct rcx_bench_report){.machine = {.cpu = "A \"fast\" one", .isa = "v3"},
                                     .rows = 1000,
                                     .threads = 2,
                                     .repetitions = 3,
                                     .results = results,
                                     .count = count};
}

static void test_saved_and_compared(void **state)
{
    static const double then[] = {2, 2, 2}, now[] = {3, 3, 3};
    static struct rcx_bench_result saved[2], found;
    char folder[RCX_TEST_PATH_BYTES], path[RCX_TEST_PATH_BYTES];
    char text[RCX_BENCH_DIFFERENCE_BYTES];
    struct rcx_bench_saved against;
    (void)state;
    rcx_test_dir_make(folder);
    rcx_test_path(folder, "saved.json", path);
    saved[0] = result_of(0, then, 3);
    saved[1] = result_of(2, then, 3);
    struct rcx_bench_report report = report_of(saved, 2);
    assert_int_equal(rcx_bench_report_save(&report, path, NULL), RCX_OK);
    assert_int_equal(rcx_bench_saved_read(path, &against, NULL), RCX_OK);
    assert_int_equal(against.count, 2);
    found = result_of(2, now, 3);
    assert_true(rcx_bench_slowdown(&against, &found) == 1.5);
    found.work.items = 2000; /* compared by item */
    assert_true(rcx_bench_slowdown(&against, &found) == 0.75);
    found = result_of(1, now, 3);
    assert_true(rcx_bench_slowdown(&against, &found) == 0);
    assert_string_equal(rcx_bench_difference(&against, &report, text), "");
    report.rows = 7;
    report.threads = 1;
    snprintf(report.machine.cpu, sizeof report.machine.cpu, "another");
    assert_string_equal(rcx_bench_difference(&against, &report, text),
                        "on 'A \"fast\" one', of 1000 rows, with 2 threads");
    rcx_bench_saved_release(&against);
    rcx_test_dir_remove(folder);
}

static void test_what_is_no_saved_run(void **state)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"schema\": \"rcx.bench/2\"}",
        "{\"schema\": \"rcx.bench/1\", \"machine\": {\"cpu\": \"x\"}, \"rows\": 1}",
        ("{\"schema\": \"rcx.bench/1\", \"machine\": {\"cpu\": \"x\"}, \"rows\": 1, \"threads\": 1,"
         " \"benchmarks\": [{\"name\": \"hash\"}]}"),
    };
    char folder[RCX_TEST_PATH_BYTES], path[RCX_TEST_PATH_BYTES];
    struct rcx_bench_saved against = {0};
    (void)state;
    rcx_test_dir_make(folder);
    rcx_test_path(folder, "saved.json", path);
    assert_int_equal(rcx_bench_saved_read(path, &against, NULL), RCX_E_IO);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(rcx_file_replace(path, texts[i], strlen(texts[i]), NULL, NULL), RCX_OK);
        assert_int_equal(rcx_bench_saved_read(path, &against, NULL), RCX_E_CORRUPT);
        assert_null(against.results);
    }
    rcx_test_dir_remove(folder);
}

/* ---- every benchmark cleans up, whichever allocation fails ---- */

static bool measure_all(void *context)
{
    static struct rcx_bench_result result;
    const struct rcx_bench_data_options *options = context;
    struct rcx_bench_data *data = NULL;
    bool ok = rcx_bench_data_open(options, &data, NULL) == RCX_OK;
    for (size_t i = 0; i < rcx_bench_count() && ok; i++) {
        ok = rcx_bench_measure(rcx_bench_at(i), data, 1, &result, NULL) == RCX_OK;
        if (ok)
            assert_true(result.work.items > 0 && result.median > 0);
    }
    rcx_memory_fail_at(0); /* removing files takes memory, too */
    rcx_bench_data_close(data);
    return ok;
}

static void test_measures_all_and_leaves_nothing(void **state)
{
    const struct rcx_config_sources sources = {0};
    struct rcx_settings *settings = NULL;
    struct rcx_names names = {0};
    char folder[RCX_TEST_PATH_BYTES];
    (void)state;
    assert_int_equal(rcx_settings_load(&sources, &settings, NULL), RCX_OK);
    rcx_test_dir_make(folder);
    struct rcx_bench_data_options options = {.rows = 3000,
                                             .seed = 3,
                                             .parallel = {1},
                                             .config = rcx_settings_config(settings),
                                             .directory = folder};
    assert_true(measure_all(&options));
    options.parallel.threads = 3;
    assert_true(measure_all(&options));
    for (uint64_t k = 1; k < 4000; k += 1 + k / 7) { /* a sample: there are thousands */
        rcx_memory_fail_at(k);
        (void)measure_all(&options);
    }
    assert_int_equal(rcx_directory_list(folder, &names, NULL), RCX_OK);
    for (size_t i = 0; i < names.count; i++)
        assert_string_equal(names.names[i], "");
    rcx_names_release(&names);
    rcx_test_dir_remove(folder);
    rcx_settings_release(settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_summary),
        cmocka_unit_test(test_names_are_distinct_and_rows_complete),
        cmocka_unit_test(test_saved_and_compared),
        cmocka_unit_test(test_what_is_no_saved_run),
        cmocka_unit_test(test_measures_all_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
