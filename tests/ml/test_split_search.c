#include "tests/support/check.h"

#include <math.h>
#include <string.h>

#include "ml/gbdt/histogram.h"
#include "ml/gbdt/split_search.h"

enum { BINS = 40, ROUNDS = 400 };

struct scene {
    uint64_t hist[RCX_GBDT_MOST_BINS];
    uint32_t rows[RCX_GBDT_MOST_BINS];
    struct rcx_gbdt_bin_map map;
    struct rcx_gbdt_params params;
    struct rcx_split_node node;
};

/* A histogram of random rows; every hessian is 1 unless `uneven`. */
static void make_scene(struct scene *scene, struct check_random *random, bool uneven)
{
    memset(scene, 0, sizeof *scene);
    rcx_gbdt_params_init(&scene->params);
    scene->map.bins = 2 + (uint32_t)check_below(random, BINS - 2);
    scene->map.has_missing = check_below(random, 2) == 0 && scene->map.bins > 2;
    scene->params.min_data_in_leaf = (int64_t)check_below(random, 30);
    scene->params.lambda_l1 = check_below(random, 2) ? 0 : 5 * check_unit(random);
    scene->params.lambda_l2 = check_below(random, 2) ? 0 : 5 * check_unit(random);
    for (uint32_t b = 0; b < scene->map.bins; b++) {
        scene->rows[b] = check_below(random, 3) == 0 ? 0 : (uint32_t)check_below(random, 30);
        for (uint32_t i = 0; i < scene->rows[b]; i++) {
            int32_t gradient = (int32_t)check_below(random, 200) - 100 + 3 * (int32_t)b;
            uint32_t hessian = uneven ? 1 + (uint32_t)check_below(random, 20) : 1;
            scene->hist[b] += rcx_record_sum(rcx_record(0, gradient, hessian));
        }
        scene->node.total += scene->hist[b];
        scene->node.rows += scene->rows[b];
    }
    scene->node.l2 = scene->params.lambda_l2;
    scene->node.lower = -INFINITY;
    scene->node.upper = INFINITY;
}

/* Gain of one side by the definition: the drop of the penalised second-order loss at its optimum. */
static double side(const struct scene *scene, double g, double h, double l2)
{
    double soft = fmax(fabs(g) - scene->params.lambda_l1, 0);
    return soft * soft / (h + l2);
}

/* The best over all sets that `left_of` makes, from bit 0 to `cuts` - 1; -1: none. */
struct reference {
    double gain;
    uint64_t left;
};

static void try_split(const struct scene *scene, uint64_t left, uint32_t left_rows, double l2,
                      struct reference *best)
{
    uint64_t right = scene->node.total - left;
    double gl = rcx_sum_gradient(left), hl = rcx_sum_hessian(left);
    double gr = rcx_sum_gradient(right), hr = rcx_sum_hessian(right);
    uint32_t right_rows = scene->node.rows - left_rows;
    if (left_rows == 0 || right_rows == 0 || left_rows < scene->params.min_data_in_leaf ||
        right_rows < scene->params.min_data_in_leaf)
        return;
    double gain = side(scene, gl, hl, l2) + side(scene, gr, hr, l2) -
                  side(scene, gl + gr, hl + hr, scene->params.lambda_l2);
    if (gain > best->gain)
        *best = (struct reference){gain, left};
}

static struct reference best_threshold(const struct scene *scene)
{
    struct reference best = {0, 0};
    uint32_t bins = scene->map.bins - scene->map.has_missing;
    for (int missing_left = 0; missing_left <= (int)scene->map.has_missing; missing_left++) {
        uint64_t left = missing_left ? scene->hist[bins] : 0;
        uint32_t rows = missing_left ? scene->rows[bins] : 0;
        for (uint32_t b = 0; b < bins; b++) {
            left += scene->hist[b];
            rows += scene->rows[b];
            try_split(scene, left, rows, scene->params.lambda_l2, &best);
        }
    }
    return best;
}

static uint64_t sum_of_left(const struct scene *scene, const struct rcx_split *split)
{
    uint8_t table[RCX_GBDT_MOST_BINS];
    uint64_t left = 0;
    rcx_split_table(split, &scene->map, table);
    for (uint32_t b = 0; b < scene->map.bins; b++)
        left += table[b] ? scene->hist[b] : 0;
    return left;
}

static void check_split(const struct scene *scene, const struct rcx_split *split,
                        const struct reference *expected)
{
    double tolerance = 1e-9 * (1 + fabs(expected->gain) + fabs(split->gain)) + 1e-6;
    if (!(fabs(fmax(split->gain, 0) - expected->gain) < tolerance))
        fail_msg("gain %.17g, by brute force %.17g", split->gain, expected->gain);
    if (split->gain > tolerance)
        assert_true(sum_of_left(scene, split) == split->left);
}

static void thresholds_equal_brute_force(void **state)
{
    (void)state;
    struct check_random random = {11};
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct scene scene;
        struct rcx_split_rules rules;
        struct rcx_split split[RCX_CPU_LEVELS] = {{.gain = 0}};
        make_scene(&scene, &random, false);
        if (scene.node.rows < 2)
            continue;
        struct reference expected = best_threshold(&scene);
        rcx_split_rules_init(&rules, &scene.params, 1, 1);
        for (int level = 0; level < RCX_CPU_LEVELS; level++) {
            rcx_cpu_set((enum rcx_cpu_level)level);
            rcx_split_find(&rules, &scene.map, 0, &scene.node, scene.hist, &split[level]);
            check_split(&scene, &split[level], &expected);
            assert_true(split[level].gain == split[0].gain && split[level].bin == split[0].bin);
        }
        rcx_cpu_set(rcx_cpu_detect());
    }
}

/* Rows by bin, rounded; the side that is not counted has the others. */
static void limits_count_rounded_rows(void **state)
{
    (void)state;
    struct check_random random = {16};
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct scene scene;
        make_scene(&scene, &random, true);
        uint32_t bins = scene.map.bins - scene.map.has_missing;
        double per_hessian = scene.node.rows / (double)(rcx_sum_hessian(scene.node.total) + 1);
        struct rcx_scan_rows rows = {.bins = bins,
                                     .per_hessian = (float)per_hessian,
                                     .rows = (int32_t)scene.node.rows,
                                     .least = (int32_t)scene.params.min_data_in_leaf,
                                     .count_left = round % 2};
        struct rcx_scan scan = {.last = bins - 1};
        for (int level = 0; level < RCX_CPU_LEVELS; level++) {
            rcx_cpu_set((enum rcx_cpu_level)level);
            scan.last = bins - 1;
            RCX_KERNEL_CALL(rcx_scan_limit)(scene.hist, &rows, &scan);
            for (uint32_t b = 0; b + 1 < bins; b++) {
                int32_t counted = 0;
                for (uint32_t c = rows.count_left ? 0 : b + 1; c < (rows.count_left ? b + 1 : bins);
                     c++)
                    counted += (int32_t)floorf(
                        (float)rcx_sum_hessian(scene.hist[c]) * rows.per_hessian + 0.5F);
                bool fits = counted >= rows.least && rows.rows - counted >= rows.least;
                assert_true(fits == (b >= scan.from && b < scan.last));
            }
        }
        rcx_cpu_set(rcx_cpu_detect());
    }
}

/* With units other than 1 the gain is that of the true gradients. */
static void units_scale_the_gain(void **state)
{
    (void)state;
    struct check_random random = {12};
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct scene scene;
        struct rcx_split_rules rules;
        struct rcx_split split = {0}, scaled = {0};
        make_scene(&scene, &random, true);
        scene.params.min_data_in_leaf = 0;
        scene.params.min_sum_hessian_in_leaf = 0;
        if (scene.node.rows < 2)
            continue;
        rcx_split_rules_init(&rules, &scene.params, 1, 1);
        rcx_split_find(&rules, &scene.map, 0, &scene.node, scene.hist, &split);
        scene.params.lambda_l1 *= 0.25;
        scene.params.lambda_l2 *= 0.5;
        rcx_split_rules_init(&rules, &scene.params, 0.25, 0.5);
        rcx_split_find(&rules, &scene.map, 0, &scene.node, scene.hist, &scaled);
        assert_true(fabs(scaled.gain - split.gain * 0.125) < 1e-9 * (1 + fabs(split.gain)));
    }
}

static void one_category_against_the_others(void **state)
{
    (void)state;
    struct check_random random = {13};
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct scene scene;
        struct rcx_split_rules rules;
        struct rcx_split split = {0};
        struct reference expected = {0, 0};
        make_scene(&scene, &random, false);
        scene.map.has_missing = false;
        scene.map.categorical = true;
        scene.params.max_cat_to_onehot = BINS;
        for (uint32_t b = 1; b < scene.map.bins; b++)
            try_split(&scene, scene.hist[b], scene.rows[b], scene.params.lambda_l2, &expected);
        if (scene.node.rows < 2)
            continue;
        rcx_split_rules_init(&rules, &scene.params, 1, 1);
        rcx_split_find(&rules, &scene.map, 0, &scene.node, scene.hist, &split);
        check_split(&scene, &split, &expected);
    }
}

/* Without smoothing and limits the cut of the ordered categories is the best of all subsets (Fisher
 * 1958); bin 0 stays on the right. */
static void ordered_categories_find_the_best_subset(void **state)
{
    (void)state;
    struct check_random random = {14};
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct scene scene;
        struct rcx_split_rules rules;
        struct rcx_split split = {0};
        struct reference expected = {0, 0};
        make_scene(&scene, &random, false);
        scene.map.has_missing = false;
        scene.map.categorical = true;
        scene.map.bins = scene.map.bins > 9 ? 9 : scene.map.bins;
        scene.params.max_cat_to_onehot = 1;
        scene.params.cat_l2 = scene.params.cat_smooth = scene.params.lambda_l1 = 0;
        scene.params.min_data_per_group = 1;
        scene.params.min_data_in_leaf = 0;
        scene.params.lambda_l2 = scene.node.l2 = 0;
        scene.node.total = 0;
        scene.node.rows = 0;
        scene.hist[0] = 0;
        scene.rows[0] = 0;
        for (uint32_t b = 0; b < scene.map.bins; b++) {
            scene.node.total += scene.hist[b];
            scene.node.rows += scene.rows[b];
        }
        if (scene.node.rows < 2 || scene.map.bins < 4)
            continue;
        for (uint32_t set = 1; set < 1u << (scene.map.bins - 1); set++) {
            uint64_t left = 0;
            uint32_t rows = 0;
            for (uint32_t b = 1; b < scene.map.bins; b++) {
                left += set >> (b - 1) & 1 ? scene.hist[b] : 0;
                rows += set >> (b - 1) & 1 ? scene.rows[b] : 0;
            }
            try_split(&scene, left, rows, 0, &expected);
        }
        rcx_split_rules_init(&rules, &scene.params, 1, 1);
        rcx_split_find(&rules, &scene.map, 0, &scene.node, scene.hist, &split);
        check_split(&scene, &split, &expected);
        assert_true((split.set[0] & 1) == 0);
    }
}

static void records_are_parted(void **state)
{
    (void)state;
    enum { ROWS = 300 };
    struct check_random random = {15};
    uint64_t records[ROWS];
    uint8_t bins[ROWS], go_left[256];
    for (size_t i = 0; i < ROWS; i++) {
        bins[i] = (uint8_t)check_next(&random);
        records[i] = rcx_record((uint32_t)check_below(&random, ROWS),
                                (int32_t)check_below(&random, 65535) - 32767,
                                (uint32_t)check_below(&random, 65536));
    }
    for (size_t i = 0; i < 256; i++)
        go_left[i] = (uint8_t)check_below(&random, 2);
    for (size_t count = 0; count <= ROWS; count += count < 66 ? 1 : 39) {
        for (int level = 0; level < RCX_CPU_LEVELS; level++) {
            rcx_cpu_set((enum rcx_cpu_level)level);
            uint64_t all[2 * ROWS], places[ROWS], rest[ROWS], kept = 42;
            uint8_t go[ROWS];
            memcpy(places, records, sizeof places);
            size_t lefts = RCX_KERNEL_CALL(rcx_records_judge)(places, count, bins, go_left, go);
            /* To tight places next to others' (42), and in place. */
            for (size_t i = 0; i < 2 * ROWS; i++)
                all[i] = kept;
            uint64_t *right = all + lefts + 1;
            struct rcx_parted tight = {all, all + lefts, right, right + count - lefts};
            RCX_KERNEL_CALL(rcx_records_part)(records, count, go, &tight);
            assert_true(all[lefts] == kept && right[count - lefts] == kept);
            struct rcx_parted loose = {places, places + count, rest, rest + count};
            RCX_KERNEL_CALL(rcx_records_part)(places, count, go, &loose);
            size_t l = 0, r = 0;
            for (size_t i = 0; i < count; i++) {
                if (go_left[bins[rcx_record_row(records[i])]]) {
                    assert_true(all[l] == records[i]);
                    assert_true(places[l++] == records[i]);
                } else {
                    assert_true(right[r] == records[i]);
                    assert_true(rest[r++] == records[i]);
                }
            }
            assert_int_equal(l, lefts);
        }
    }
    rcx_cpu_set(rcx_cpu_detect());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thresholds_equal_brute_force),
        cmocka_unit_test(limits_count_rounded_rows),
        cmocka_unit_test(units_scale_the_gain),
        cmocka_unit_test(one_category_against_the_others),
        cmocka_unit_test(ordered_categories_find_the_best_subset),
        cmocka_unit_test(records_are_parted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
