/* k-means against plain Lloyd iterations, over shapes, weights, threads and instruction sets. */
#include "ml/kmeans/kmeans.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "base/random.h"
#include "ml/kmeans/kmeans_problem.h"
#include "tests/support/check.h"

enum { MOST_COLUMNS = 9 };

struct data {
    struct rcx_matrix matrix;
    const double *columns[MOST_COLUMNS];
    double *values;
};

/* Blobs around `centres` points, the given distance apart; with `grid` all values are small integers,
 * so that rows repeat and distances tie. */
static struct data make(size_t rows, size_t d, size_t centres, double apart, int grid,
                        uint64_t seed)
{
    struct data data = {.values = malloc((rows * d + 1) * sizeof(double))};
    struct rcx_random random = rcx_random_of(seed, 77, rows);
    assert_non_null(data.values);
    for (size_t i = 0; i < rows; i++) {
        size_t blob = rcx_random_below(&random, centres);
        for (size_t j = 0; j < d; j++) {
            double middle = apart * (double)((blob * (j + 3) * 7) % 11);
            double x = middle + rcx_random_normal(&random);
            data.values[j * rows + i] = grid ? rint(x) : x;
        }
    }
    for (size_t j = 0; j < d; j++)
        data.columns[j] = data.values + j * rows;
    data.matrix = (struct rcx_matrix){.rows = rows, .column_count = d};
    return data;
}

static const struct rcx_matrix *view(struct data *data)
{
    data->matrix.columns = data->columns;
    return &data->matrix;
}

static void assert_near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("%.17g, expected %.17g", got, expected);
}

static struct rcx_kmeans fit(struct data *data, struct rcx_kmeans_options options)
{
    struct rcx_kmeans kmeans = {0};
    struct rcx_error err = {0};
    if (options.parallel.threads == 0)
        options.parallel.threads = 1;
    if (rcx_kmeans_fit(view(data), &options, &kmeans, &err) != RCX_OK)
        fail_msg("%s", err.text);
    return kmeans;
}

static void assert_same(const struct rcx_kmeans *a, const struct rcx_kmeans *b)
{
    assert_int_equal(a->iterations, b->iterations);
    assert_int_equal(a->restart, b->restart);
    assert_int_equal(a->reseeded, b->reseeded);
    assert_memory_equal(&a->inertia, &b->inertia, sizeof a->inertia);
    assert_memory_equal(a->centres, b->centres, a->k * a->dimensions * sizeof(double));
    assert_memory_equal(a->labels, b->labels, a->rows * sizeof(uint32_t));
    assert_memory_equal(a->distances, b->distances, a->rows * sizeof(double));
}

static size_t nearest_plain(const struct rcx_matrix *matrix, size_t row, const double *centres,
                            size_t k, double *out)
{
    size_t found = 0;
    *out = INFINITY;
    for (size_t c = 0; c < k; c++) {
        double square = 0;
        for (size_t j = 0; j < matrix->column_count; j++) {
            double difference = matrix->columns[j][row] - centres[c * matrix->column_count + j];
            square += difference * difference;
        }
        if (square < *out) {
            *out = square;
            found = c;
        }
    }
    return found;
}

static void labels_are_the_nearest_centres(void **state)
{
    (void)state;
    for (size_t d = 1; d <= MOST_COLUMNS; d++) {
        for (size_t rows = 1; rows <= 70; rows += 1 + rows / 9) {
            for (size_t k = 1; k <= 11 && k <= rows; k++) {
                struct data data = make(rows, d, 4, 2, rows % 2, d);
                struct rcx_kmeans kmeans = fit(&data,
                                               (struct rcx_kmeans_options){.k = k, .restarts = 2});
                double sum = 0;
                for (size_t i = 0; i < rows; i++) {
                    double square;
                    assert_int_equal(kmeans.labels[i],
                                     nearest_plain(&data.matrix, i, kmeans.centres, k, &square));
                    assert_true(square == kmeans.distances[i]);
                    sum += square;
                }
                assert_near(sum, kmeans.inertia, 1e-9 * (1 + sum));
                rcx_kmeans_release(&kmeans);
                free(data.values);
            }
        }
    }
}

/* With doubles for sums: what the textbook says, without empty centres. */
static double plain_lloyd(const struct rcx_matrix *matrix, double *centres, size_t k,
                          size_t *out_iterations)
{
    size_t d = matrix->column_count, rows = matrix->rows, changed = 1;
    size_t *labels = malloc(rows * sizeof *labels);
    double inertia = 0;
    memset(labels, 0xFF, rows * sizeof *labels);
    for (*out_iterations = 0; changed > 0 && *out_iterations < 300; ++*out_iterations) {
        double sums[16][MOST_COLUMNS] = {{0}}, counts[16] = {0}, square;
        changed = 0;
        inertia = 0;
        for (size_t i = 0; i < rows; i++) {
            size_t label = nearest_plain(matrix, i, centres, k, &square);
            inertia += square;
            changed += label != labels[i];
            labels[i] = label;
            counts[label]++;
            for (size_t j = 0; j < d; j++)
                sums[label][j] += matrix->columns[j][i];
        }
        for (size_t c = 0; c < k; c++)
            for (size_t j = 0; j < d && counts[c] > 0; j++)
                centres[c * d + j] = sums[c][j] / counts[c];
    }
    free(labels);
    return inertia;
}

static void finds_what_lloyd_finds(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct data data = make(500, 1 + seed % 4, 5, 3, 0, seed);
        size_t k = 2 + seed % 7, d = data.matrix.column_count, iterations;
        double start[16 * MOST_COLUMNS], centres[16 * MOST_COLUMNS];
        view(&data);
        for (size_t c = 0; c < k; c++)
            for (size_t j = 0; j < d; j++)
                start[c * d + j] = centres[c * d + j] = data.columns[j][c * 37];
        double inertia = plain_lloyd(&data.matrix, centres, k, &iterations);
        struct rcx_kmeans kmeans = fit(&data,
                                       (struct rcx_kmeans_options){.k = k, .centres = start});
        assert_true(kmeans.converged);
        if (kmeans.reseeded == 0) {
            assert_int_equal(kmeans.iterations, iterations);
            assert_near(kmeans.inertia, inertia, 1e-9 * inertia);
        }
        rcx_kmeans_release(&kmeans);
        free(data.values);
    }
}

static void assert_all_ways_are_one(struct data *data, struct rcx_kmeans_options options)
{
    const enum rcx_kmeans_algorithm ways[] = {RCX_KMEANS_BOUNDS, RCX_KMEANS_SCREENED,
                                              RCX_KMEANS_AUTO};
    options.algorithm = RCX_KMEANS_LLOYD;
    struct rcx_kmeans plain = fit(data, options);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        options.algorithm = ways[i];
        struct rcx_kmeans other = fit(data, options);
        assert_same(&plain, &other);
        rcx_kmeans_release(&other);
    }
    rcx_kmeans_release(&plain);
}

static void bounds_and_screen_change_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        size_t rows = seed % 5 == 0 ? 5000 : 300 + seed * 41;
        struct data data = make(rows, 1 + seed % 9, 1 + seed % 6, (double)(seed % 4), seed % 3 == 0,
                                seed);
        struct rcx_kmeans_options options = {
            .k = 1 + seed % 20, .restarts = 3, .seed = seed, .tolerance = seed % 7 == 0 ? 1e-3 : 0};
        assert_all_ways_are_one(&data, options);
        free(data.values);
    }
}

/* Bounds and screened rows are floats: what is far too small or large for those changes nothing. */
static void scales_change_nothing(void **state)
{
    (void)state;
    const double scales[] = {1e-300, 1e-160, 1e-40, 1e-20, 1, 1e20, 1e40, 1e140};
    for (size_t s = 0; s < sizeof scales / sizeof scales[0]; s++) {
        struct data data = make(700, 3, 5, 1, 0, s);
        for (size_t i = 0; i < 2100; i++)
            data.values[i] *= scales[s];
        assert_all_ways_are_one(&data, (struct rcx_kmeans_options){.k = 6, .restarts = 2});
        free(data.values);
    }
}

static void outliers_and_distant_centres_change_nothing(void **state)
{
    (void)state;
    const double far[] = {1e4, 1e12, 1e30, 1e120};
    for (size_t f = 0; f < 4; f++) {
        struct data data = make(900, 3, 5, 2, f % 2, f);
        double start[18] = {0};
        data.values[17] = far[f];
        data.values[900 + 400] = -far[f];
        view(&data);
        for (size_t c = 0; c < 6; c++)
            for (size_t j = 0; j < 3; j++)
                start[c * 3 + j] = c == 5 ? far[f] * 1e10 : data.columns[j][c * 100];
        assert_all_ways_are_one(&data, (struct rcx_kmeans_options){.k = 6, .restarts = 2});
        assert_all_ways_are_one(&data, (struct rcx_kmeans_options){.k = 6, .centres = start});
        free(data.values);
    }
}

/* 256 centres are the most the screen takes. */
static void many_centres_change_nothing(void **state)
{
    (void)state;
    struct data data = make(1500, 4, 7, 2, 0, 3);
    for (size_t k = 255; k <= 257; k++)
        assert_all_ways_are_one(
            &data, (struct rcx_kmeans_options){.k = k, .restarts = 1, .max_iterations = 20});
    free(data.values);
}

/* Rows within rounding errors of floats, and of doubles, of the middle of two centres. */
static void rows_halfway_go_where_doubles_say(void **state)
{
    (void)state;
    for (size_t d = 1; d <= MOST_COLUMNS; d += 2) {
        struct data data = make(3000, d, 1, 0, 0, d);
        double start[2 * MOST_COLUMNS] = {0};
        view(&data);
        for (size_t j = 0; j < d; j++) {
            start[j] = 0.1 * (double)(j + 1);
            start[d + j] = -0.7 * (double)(j + 1);
        }
        for (size_t i = 0; i < 3000; i++) {
            double off = ldexp((double)(i % 7) - 3, -10 - (int)(i % 50));
            for (size_t j = 0; j < d; j++)
                data.values[j * 3000 + i] = (start[j] + start[d + j]) / 2 + off;
        }
        assert_all_ways_are_one(
            &data, (struct rcx_kmeans_options){.k = 2, .centres = start, .max_iterations = 1});
        assert_all_ways_are_one(&data, (struct rcx_kmeans_options){.k = 2, .centres = start});
        free(data.values);
    }
}

/* The kernel by itself, at every level: labels that are not marked are the nearest centres, and few
 * are marked. */
static void screen_is_sure_of_most_and_never_wrong(void **state)
{
    (void)state;
    enum rcx_cpu_level best = rcx_cpu_level();
    enum { ROWS = 4096, MOST = 40 };
    for (size_t d = 1; d <= MOST_COLUMNS; d++) {
        struct data data = make(ROWS, d, 6, 1, 0, d);
        size_t k = 1 + d * d % MOST;
        double centres[MOST * MOST_COLUMNS] = {0}, square;
        float rounded[MOST * (MOST_COLUMNS + 1)];
        uint32_t labels[ROWS];
        struct rcx_kmeans_problem problem;
        struct rcx_kmeans_screen screen;
        const struct rcx_kmeans_options options = {.k = k, .parallel = {1}};
        view(&data);
        for (size_t c = 0; c < k; c++)
            for (size_t j = 0; j < d; j++)
                centres[c * d + j] = data.columns[j][c * 90];
        assert_int_equal(rcx_kmeans_problem_init(&data.matrix, &options, &problem, NULL), RCX_OK);
        assert_non_null(problem.tiles);
        assert_true(rcx_kmeans_screen_centres(&problem, centres, k, rounded, &screen));
        for (int level = RCX_CPU_V1; level <= (int)best; level++) {
            size_t unsure = 0;
            rcx_cpu_set((enum rcx_cpu_level)level);
            RCX_KERNEL_CALL(kmeans_screen)(&screen, problem.tiles, ROWS, labels);
            for (size_t i = 0; i < ROWS; i++) {
                if (labels[i] & RCX_KMEANS_UNSURE)
                    unsure++;
                else
                    assert_int_equal(labels[i],
                                     nearest_plain(&data.matrix, i, centres, k, &square));
            }
            assert_true(unsure < ROWS / 100);
        }
        rcx_cpu_set(best);
        rcx_kmeans_problem_release(&problem);
        free(data.values);
    }
}

static void threads_and_instruction_sets_change_nothing(void **state)
{
    (void)state;
    enum rcx_cpu_level best = rcx_cpu_level();
    struct data small = make(3000, 3, 5, 2, 0, 1), large = make(70001, 2, 9, 2, 0, 2);
    struct data *both[] = {&small, &large};
    for (size_t i = 0; i < 2; i++) {
        for (int start = RCX_KMEANS_START_PLUSPLUS; start <= RCX_KMEANS_START_PARALLEL; start++) {
            struct rcx_kmeans_options options = {
                .k = 7, .restarts = 3, .seed = 5, .start = (enum rcx_kmeans_start)start};
            struct rcx_kmeans expected = fit(both[i], options);
            for (unsigned threads = 1; threads <= 3; threads += 2) {
                for (int level = RCX_CPU_V1; level <= (int)best; level++) {
                    options.parallel.threads = threads;
                    rcx_cpu_set((enum rcx_cpu_level)level);
                    struct rcx_kmeans got = fit(both[i], options);
                    assert_same(&expected, &got);
                    rcx_kmeans_release(&got);
                }
            }
            rcx_cpu_set(best);
            rcx_kmeans_release(&expected);
        }
    }
    free(small.values);
    free(large.values);
}

static void weights_count_like_copies(void **state)
{
    (void)state;
    struct data once = make(400, 3, 4, 3, 0, 3);
    double *weights = malloc(400 * sizeof *weights), start[12];
    struct data copies = {.values = malloc(1200 * 3 * sizeof(double))};
    size_t rows = 0;
    for (size_t i = 0; i < 400; i++) {
        weights[i] = (double)(i % 4);
        rows += i % 4;
    }
    for (size_t j = 0; j < 3; j++) {
        copies.columns[j] = copies.values + j * rows;
        for (size_t i = 0, at = 0; i < 400; i++)
            for (size_t w = 0; w < i % 4; w++)
                copies.values[j * rows + at++] = once.columns[j][i];
        for (size_t c = 0; c < 4; c++)
            start[c * 3 + j] = once.columns[j][c * 50 + 1];
    }
    copies.matrix = (struct rcx_matrix){.rows = rows, .column_count = 3};
    struct rcx_kmeans a = fit(
        &once, (struct rcx_kmeans_options){.k = 4, .centres = start, .weights = weights});
    struct rcx_kmeans b = fit(&copies, (struct rcx_kmeans_options){.k = 4, .centres = start});
    assert_near(a.inertia, b.inertia, 1e-9 * b.inertia);
    assert_int_equal(a.iterations, b.iterations);
    for (size_t c = 0; c < 4; c++)
        assert_near(a.sizes[c], b.sizes[c], 0);
    rcx_kmeans_release(&a);
    rcx_kmeans_release(&b);
    free(weights);
    free(once.values);
    free(copies.values);
}

static void a_large_offset_costs_no_precision(void **state)
{
    (void)state;
    struct data data = make(2000, 2, 5, 3, 1, 9);
    struct rcx_kmeans near = fit(&data, (struct rcx_kmeans_options){.k = 5, .seed = 1});
    for (size_t i = 0; i < 4000; i++)
        data.values[i] += 1e9; /* integers: exact */
    struct rcx_kmeans far = fit(&data, (struct rcx_kmeans_options){.k = 5, .seed = 1});
    assert_near(near.inertia, far.inertia, 1e-6 * near.inertia);
    rcx_kmeans_release(&near);
    rcx_kmeans_release(&far);
    free(data.values);
}

static void empty_centres_are_filled(void **state)
{
    (void)state;
    struct data data = make(300, 2, 6, 5, 0, 4);
    double start[12]; /* all at one place */
    for (size_t i = 0; i < 12; i++)
        start[i] = 1000;
    struct rcx_kmeans kmeans = fit(&data, (struct rcx_kmeans_options){.k = 6, .centres = start});
    assert_true(kmeans.reseeded >= 5);
    for (size_t c = 0; c < 6; c++)
        assert_true(kmeans.sizes[c] > 0);
    rcx_kmeans_release(&kmeans);
    free(data.values);
}

static void equal_rows_leave_centres_empty(void **state)
{
    (void)state;
    struct data data = make(50, 3, 1, 0, 0, 4);
    for (size_t i = 0; i < 150; i++)
        data.values[i] = 7;
    for (int start = RCX_KMEANS_START_PLUSPLUS; start <= RCX_KMEANS_START_PARALLEL; start++) {
        struct rcx_kmeans kmeans = fit(
            &data, (struct rcx_kmeans_options){.k = 4, .start = (enum rcx_kmeans_start)start});
        assert_true(kmeans.inertia == 0 && kmeans.converged);
        assert_true(kmeans.sizes[0] == 50);
        rcx_kmeans_release(&kmeans);
    }
    free(data.values);
}

static void more_starts_are_no_worse_and_kmeans_parallel_comes_close(void **state)
{
    (void)state;
    struct data data = make(20000, 3, 8, 4, 0, 6);
    struct rcx_kmeans one = fit(&data, (struct rcx_kmeans_options){.k = 8, .restarts = 1});
    struct rcx_kmeans ten = fit(&data, (struct rcx_kmeans_options){.k = 8});
    struct rcx_kmeans parallel = fit(
        &data, (struct rcx_kmeans_options){.k = 8, .start = RCX_KMEANS_START_PARALLEL});
    struct rcx_kmeans batch = fit(
        &data, (struct rcx_kmeans_options){
                   .k = 8, .algorithm = RCX_KMEANS_MINI_BATCH, .max_iterations = 100});
    struct rcx_kmeans swapped = fit(
        &data, (struct rcx_kmeans_options){.k = 8, .restarts = 1, .swap = true});
    assert_true(swapped.inertia <= one.inertia && swapped.inertia <= ten.inertia * 1.001);
    rcx_kmeans_release(&swapped);
    assert_true(ten.inertia <= one.inertia);
    assert_true(parallel.inertia <= ten.inertia * 1.02);
    assert_true(batch.inertia <= ten.inertia * 1.2 && batch.inertia >= ten.inertia * 0.999);
    rcx_kmeans_release(&one);
    rcx_kmeans_release(&ten);
    rcx_kmeans_release(&parallel);
    rcx_kmeans_release(&batch);
    free(data.values);
}

static void refused(struct data *data, struct rcx_kmeans_options options, enum rcx_status status,
                    const char *pattern)
{
    struct rcx_kmeans kmeans = {0};
    struct rcx_error err = {0};
    assert_int_equal(rcx_kmeans_fit(view(data), &options, &kmeans, &err), status);
    if (!strstr(err.text, pattern))
        fail_msg("'%s' is not in '%s'", pattern, err.text);
    assert_null(kmeans.centres);
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    struct data data = make(20, 2, 2, 1, 0, 1);
    double weights[20] = {0};
    refused(&data, (struct rcx_kmeans_options){.k = 21}, RCX_E_INPUT, "20 rows for k = 21");
    refused(&data, (struct rcx_kmeans_options){.k = 0}, RCX_E_USAGE, "k is 0");
    refused(&data, (struct rcx_kmeans_options){.k = 100000}, RCX_E_USAGE, "k is 100000");
    refused(&data, (struct rcx_kmeans_options){.k = 2, .weights = weights}, RCX_E_INPUT, "are 0");
    weights[3] = -1;
    refused(&data, (struct rcx_kmeans_options){.k = 2, .weights = weights}, RCX_E_INPUT,
            "row 4: found -1");
    const double bad[] = {NAN, INFINITY, -INFINITY, 1e200};
    const char *texts[] = {"no value (NaN)", "infinity", "infinity", "larger"};
    for (size_t i = 0; i < 4; i++) {
        data.values[20 + 6] = bad[i];
        refused(&data, (struct rcx_kmeans_options){.k = 2}, RCX_E_INPUT, texts[i]);
        refused(&data, (struct rcx_kmeans_options){.k = 2}, RCX_E_INPUT, "column 2, row 7");
    }
    free(data.values);
}

static void out_of_memory_is_an_error(void **state)
{
    (void)state;
    struct data data = make(3000, 2, 3, 2, 0, 1);
    for (int way = 0; way < 4; way++) {
        enum rcx_kmeans_start start = way % 2 ? RCX_KMEANS_START_PARALLEL
                                              : RCX_KMEANS_START_PLUSPLUS;
        for (uint64_t k = 1;; k++) {
            struct rcx_kmeans kmeans = {0};
            const struct rcx_kmeans_options options = {.k = 3,
                                                       .restarts = 2,
                                                       .swap = way >= 2,
                                                       .algorithm = way < 2 ? RCX_KMEANS_BOUNDS
                                                                            : RCX_KMEANS_AUTO,
                                                       .start = start,
                                                       .parallel = {1}};
            rcx_memory_fail_at(k);
            enum rcx_status status = rcx_kmeans_fit(view(&data), &options, &kmeans, NULL);
            rcx_memory_fail_at(0);
            if (status == RCX_OK) {
                rcx_kmeans_release(&kmeans);
                break;
            }
            assert_int_equal(status, RCX_E_NOMEM);
            assert_null(kmeans.centres);
        }
    }
    free(data.values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_the_nearest_centres),
        cmocka_unit_test(finds_what_lloyd_finds),
        cmocka_unit_test(bounds_and_screen_change_nothing),
        cmocka_unit_test(outliers_and_distant_centres_change_nothing),
        cmocka_unit_test(many_centres_change_nothing),
        cmocka_unit_test(rows_halfway_go_where_doubles_say),
        cmocka_unit_test(screen_is_sure_of_most_and_never_wrong),
        cmocka_unit_test(scales_change_nothing),
        cmocka_unit_test(threads_and_instruction_sets_change_nothing),
        cmocka_unit_test(weights_count_like_copies),
        cmocka_unit_test(a_large_offset_costs_no_precision),
        cmocka_unit_test(empty_centres_are_filled),
        cmocka_unit_test(equal_rows_leave_centres_empty),
        cmocka_unit_test(more_starts_are_no_worse_and_kmeans_parallel_comes_close),
        cmocka_unit_test(bad_input_is_refused),
        cmocka_unit_test(out_of_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
