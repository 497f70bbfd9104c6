/* Assignment of names, scores, the model file, and the fit on odd sets of customers. */
#include "ml/tasks/segments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "ml/tasks/hungarian.h"
#include "tests/support/check.h"

static const struct rcx_parallel two = {2};

/* --- hungarian --- */

static double best_of_all(const double *costs, size_t rows, size_t columns, size_t row,
                          unsigned used)
{
    double best = row == rows ? 0 : INFINITY;
    for (size_t c = 0; row < rows && c < columns; c++)
        if (!(used >> c & 1))
            best = fmin(best, costs[row * columns + c] +
                                  best_of_all(costs, rows, columns, row + 1, used | 1U << c));
    return best;
}

static void assignments_are_the_cheapest(void **state)
{
    (void)state;
    struct rcx_random random = rcx_random_of(1, 2, 3);
    for (int i = 0; i < 400; i++) {
        size_t columns = 1 + rcx_random_below(&random, 7),
               rows = 1 + rcx_random_below(&random, columns);
        double costs[49], total = 0;
        size_t chosen[7];
        unsigned used = 0;
        for (size_t c = 0; c < rows * columns; c++)
            costs[c] = i % 3 == 0 ? (double)rcx_random_below(&random, 4)
                                  : rcx_random_unit(&random) - 0.3;
        assert_int_equal(rcx_hungarian(costs, rows, columns, chosen, NULL), RCX_OK);
        for (size_t r = 0; r < rows; r++) {
            assert_false(used >> chosen[r] & 1);
            used |= 1U << chosen[r];
            total += costs[r * columns + chosen[r]];
        }
        assert_true(fabs(total - best_of_all(costs, rows, columns, 0, 0)) < 1e-12);
    }
    size_t none[1];
    assert_int_equal(rcx_hungarian((double[]){RCX_ASSIGNMENT_FORBIDDEN}, 1, 1, none, NULL),
                     RCX_E_INTERNAL);
}

/* --- scores --- */

static void scores_count_edges(void **state)
{
    (void)state;
    double edges[RCX_SCORE_EDGES], ranks[10];
    const double values[] = {10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
    assert_int_equal(rcx_rank_values(values, 10, edges, ranks, NULL), RCX_OK);
    for (size_t e = 0; e < RCX_SCORE_EDGES; e++)
        assert_true(fabs(edges[e] - (2.8 + 1.8 * (double)e)) < 1e-12);
    for (size_t i = 0; i < 10; i++) {
        assert_true(fabs(ranks[i] - (9.5 - (double)i) / 10) < 1e-12);
        assert_int_equal(rcx_rfm_score(RCX_RFM_MONETARY, edges, values[i]), 5 - (int)i / 2);
        assert_int_equal(rcx_rfm_score(RCX_RFM_RECENCY, edges, values[i]), 1 + (int)i / 2);
    }
    const double ties[] = {1, 1, 1, 1, 1, 1, 2, 2, 3, 200, -5, -0.0, 0.0};
    assert_int_equal(rcx_rank_values(ties, 10, edges, ranks, NULL), RCX_OK);
    assert_int_equal(rcx_rfm_score(RCX_RFM_FREQUENCY, edges, 1), 1);
    assert_int_equal(rcx_rfm_score(RCX_RFM_FREQUENCY, edges, 3), 5);
    assert_true(fabs(ranks[0] - 0.3) < 1e-12 && fabs(ranks[6] - 0.7) < 1e-12);
    assert_int_equal(rcx_rank_values(ties + 10, 3, edges, ranks, NULL), RCX_OK);
    assert_true(ranks[0] < ranks[1] && ranks[1] == ranks[2]);
}

static void rules_name_every_score(void **state)
{
    (void)state;
    unsigned seen = 0;
    for (int r = 1; r <= 5; r++)
        for (int f = 1; f <= 5; f++)
            for (int m = 1; m <= 5; m++)
                seen |= 1U << rcx_rfm_segment(r, f, m);
    assert_int_equal(seen, (1U << RCX_SEGMENT_COUNT) - 1);
    assert_int_equal(rcx_rfm_segment(5, 5, 5), RCX_SEGMENT_CHAMPIONS);
    assert_int_equal(rcx_rfm_segment(1, 1, 1), RCX_SEGMENT_LOST);
    assert_int_equal(rcx_rfm_segment(1, 5, 5), RCX_SEGMENT_CANNOT_LOSE);
    assert_int_equal(rcx_rfm_segment(5, 1, 1), RCX_SEGMENT_NEW);
}

/* --- customers --- */

enum kind { VARIED, EQUAL, TWO_KINDS };

static struct rcx_table customers(size_t rows, enum kind kind, uint64_t seed)
{
    static const char *const reals[] = {"rfm_monetary_total", "avg_basket_size", "return_rate"};
    struct rcx_table table = {0};
    struct rcx_random random = rcx_random_of(seed, 1, rows);
    assert_true(rcx_table_resize(&table, rows));
    struct rcx_column *id = rcx_table_add(&table, "customer_id", RCX_TYPE_INT64);
    for (size_t i = 0; i < rows; i++)
        id->i64[i] = (int64_t)(100 + 3 * i);
    struct rcx_column *recency = rcx_table_add(&table, "rfm_recency_days", RCX_TYPE_INT32);
    for (size_t i = 0; i < rows; i++)
        recency->i32[i] = kind == VARIED ? (int32_t)rcx_random_below(&random, 180)
                                         : (int32_t)(kind == TWO_KINDS ? 5 + 90 * (i % 2) : 9);
    struct rcx_column *frequency = rcx_table_add(&table, "rfm_frequency_count", RCX_TYPE_INT32);
    for (size_t i = 0; i < rows; i++)
        frequency->i32[i] = kind == VARIED ? 1 + (int32_t)rcx_random_exponential(&random) : 2;
    for (size_t c = 0; c < 3; c++) {
        struct rcx_column *column = rcx_table_add(&table, reals[c], RCX_TYPE_REAL);
        for (size_t i = 0; i < rows; i++)
            column->reals[i] = kind == VARIED ? 400 * rcx_random_exponential(&random) - 20 : 77;
    }
    return table;
}

static struct rcx_cfg_segments section(void)
{
    static const char *const features[] = {"rfm_recency_days: log1p", "rfm_frequency_count:log1p",
                                           "rfm_monetary_total: log1p"};
    return (struct rcx_cfg_segments){.inputs = {3, features},
                                     .k_min = 3,
                                     .k_max = 8,
                                     .k_least = 4,
                                     .silhouette_slack = 0.02,
                                     .min_share = 0.02,
                                     .restarts = 10,
                                     .max_iterations = 300,
                                     .bootstraps = 5,
                                     .bootstrap_restarts = 2,
                                     .sample_rows = 20000,
                                     .strategies = ""};
}

static struct rcx_segmentation fit(const struct rcx_table *table,
                                   const struct rcx_cfg_segments *cfg)
{
    struct rcx_segmentation segmentation;
    struct rcx_strategies *strategies;
    struct rcx_error err = {0};
    assert_int_equal(rcx_strategies_load("", &strategies, NULL), RCX_OK);
    if (rcx_segments_fit(table, 15000, cfg, strategies, 1, &two, &segmentation, &err) != RCX_OK)
        fail_msg("%s", err.text);
    rcx_strategies_release(strategies);
    return segmentation;
}

/* What must hold of any segmentation: all customers, distinct names, the two that are bound, sums. */
static void check_segmentation(const struct rcx_segmentation *made, const struct rcx_table *table)
{
    const struct rcx_segment_model *model = &made->model;
    struct rcx_table assigned = {0}, summary = {0}, quality = {0};
    struct rcx_error err = {0};
    assert_int_equal(rcx_segment_assign(model, table, 15000, &two, &assigned, &err), RCX_OK);
    assert_int_equal(assigned.rows, table->rows);
    assert_int_equal(rcx_segment_summary(made, table, &assigned, &summary, &err), RCX_OK);
    assert_int_equal(rcx_segment_quality(made, &quality, &err), RCX_OK);
    assert_int_equal(quality.rows, made->choice.count);
    int64_t total = 0;
    double share = 0;
    for (size_t c = 0; c < model->k; c++) {
        total += rcx_table_find(&summary, "customers")->i64[c];
        share += rcx_table_find(&summary, "share")->reals[c];
        assert_true(c == 0 || model->names[c] > model->names[c - 1]);
        for (size_t o = 0; o < model->k; o++) {
            if (model->names[c] == RCX_SEGMENT_CHAMPIONS)
                assert_true(made->ranks[c][RCX_RFM_MONETARY] >= made->ranks[o][RCX_RFM_MONETARY]);
            if (model->names[c] == RCX_SEGMENT_LOST)
                assert_true(rcx_table_find(&summary, "recency_mean")->reals[c] >=
                            rcx_table_find(&summary, "recency_mean")->reals[o]);
        }
    }
    assert_int_equal(total, table->rows);
    assert_true(fabs(share - 1) < 1e-12);
    /* the fit and the assignment agree */
    const struct rcx_kmeans *kmeans = &made->choice.trials[made->choice.chosen].fit;
    for (size_t i = 0; i < table->rows; i++) {
        uint32_t first = kmeans->labels[i];
        for (size_t o = i; o < table->rows; o += 1 + o / 7)
            assert_int_equal(kmeans->labels[o] == first,
                             rcx_table_find(&assigned, "cluster")->i32[o] ==
                                 rcx_table_find(&assigned, "cluster")->i32[i]);
    }
    rcx_table_release(&assigned);
    rcx_table_release(&summary);
    rcx_table_release(&quality);
}

static void any_number_of_customers(void **state)
{
    (void)state;
    struct rcx_cfg_segments cfg = section();
    for (size_t rows = 1; rows < 900; rows += 1 + rows / 2) {
        for (int kind = VARIED; kind <= TWO_KINDS; kind++) {
            struct rcx_table table = customers(rows, (enum kind)kind, rows);
            struct rcx_segmentation made = fit(&table, &cfg);
            check_segmentation(&made, &table);
            if (kind == EQUAL)
                assert_int_equal(made.model.k, 1);
            if (kind == TWO_KINDS)
                assert_int_equal(made.model.k, rows < 2 ? 1 : 2);
            if (kind == VARIED && rows > 300)
                assert_true(made.model.k >= 4);
            rcx_segmentation_release(&made);
            rcx_table_release(&table);
        }
    }
}

static void threads_change_nothing(void **state)
{
    (void)state;
    struct rcx_cfg_segments cfg = section();
    struct rcx_table table = customers(700, VARIED, 1);
    struct rcx_strategies *strategies;
    struct rcx_buf first = {0};
    assert_int_equal(rcx_strategies_load("", &strategies, NULL), RCX_OK);
    for (unsigned threads = 1; threads <= 3; threads++) {
        const struct rcx_parallel parallel = {threads};
        struct rcx_segmentation made;
        struct rcx_table quality = {0};
        struct rcx_buf text = {0};
        assert_int_equal(
            rcx_segments_fit(&table, 15000, &cfg, strategies, 1, &parallel, &made, NULL), RCX_OK);
        assert_int_equal(rcx_segment_quality(&made, &quality, NULL), RCX_OK);
        struct rcx_digest digest = rcx_table_digest(&quality);
        assert_true(rcx_segment_model_json(&made.model, &text));
        rcx_buf_append(&text, &digest, sizeof digest);
        if (threads == 1)
            rcx_buf_append(&first, text.data, text.length);
        assert_int_equal(first.length, text.length);
        assert_memory_equal(first.data, text.data, text.length);
        rcx_buf_release(&text);
        rcx_table_release(&quality);
        rcx_segmentation_release(&made);
    }
    rcx_buf_release(&first);
    rcx_strategies_release(strategies);
    rcx_table_release(&table);
}

static void fixed_numbers_of_segments(void **state)
{
    (void)state;
    struct rcx_cfg_segments cfg = section();
    struct rcx_table table = customers(500, VARIED, 2), equal = customers(500, EQUAL, 2);
    struct rcx_segmentation made;
    struct rcx_strategies *strategies;
    struct rcx_error err = {0};
    for (cfg.k = 2; cfg.k <= 9; cfg.k++) {
        made = fit(&table, &cfg);
        assert_int_equal(made.model.k, cfg.k);
        check_segmentation(&made, &table);
        rcx_segmentation_release(&made);
    }
    assert_int_equal(rcx_strategies_load("", &strategies, NULL), RCX_OK);
    cfg.k = 4;
    assert_int_equal(rcx_segments_fit(&equal, 15000, &cfg, strategies, 1, &two, &made, &err),
                     RCX_E_INPUT);
    assert_non_null(strstr(err.text, "only 1 different customers"));
    assert_true(rcx_table_resize(&table, 0));
    assert_int_equal(rcx_segments_fit(&table, 15000, &cfg, strategies, 1, &two, &made, &err),
                     RCX_E_INPUT);
    assert_non_null(strstr(err.text, "no customers"));
    rcx_strategies_release(strategies);
    rcx_table_release(&table);
    rcx_table_release(&equal);
}

static void missing_values_and_columns_are_named(void **state)
{
    (void)state;
    struct rcx_cfg_segments cfg = section();
    struct rcx_table table = customers(50, VARIED, 2);
    struct rcx_segmentation made;
    struct rcx_strategies *strategies;
    struct rcx_error err = {0};
    assert_int_equal(rcx_strategies_load("", &strategies, NULL), RCX_OK);
    rcx_table_find(&table, "rfm_monetary_total")->reals[7] = NAN;
    assert_int_equal(rcx_segments_fit(&table, 15000, &cfg, strategies, 1, &two, &made, &err),
                     RCX_E_INPUT);
    assert_non_null(strstr(err.text, "'rfm_monetary_total' has no value for 1 of 50"));
    cfg.inputs.items = (const char *const[]){"nothing", "rfm_recency_days: log", ": none"};
    cfg.inputs.count = 1;
    assert_int_equal(rcx_segments_fit(&table, 15000, &cfg, strategies, 1, &two, &made, &err),
                     RCX_E_INPUT);
    assert_non_null(strstr(err.text, "no column of numbers 'nothing'"));
    cfg.inputs.count = 2;
    assert_int_equal(rcx_segments_fit(&table, 15000, &cfg, strategies, 1, &two, &made, &err),
                     RCX_E_CONFIG);
    assert_non_null(strstr(err.text, "expected the transform none or log1p"));
    rcx_strategies_release(strategies);
    rcx_table_release(&table);
}

/* --- the model file --- */

static void a_model_reads_back_and_refuses_changes(void **state)
{
    (void)state;
    struct rcx_cfg_segments cfg = section();
    struct rcx_table table = customers(300, VARIED, 4);
    struct rcx_segmentation made = fit(&table, &cfg);
    struct rcx_segment_model again;
    struct rcx_buf text = {0}, second = {0};
    struct check_random random = {3};
    assert_true(rcx_segment_model_json(&made.model, &text));
    assert_int_equal(rcx_segment_model_parse("m", text.data, text.length, &again, NULL), RCX_OK);
    assert_true(rcx_segment_model_json(&again, &second));
    assert_int_equal(text.length, second.length);
    assert_memory_equal(text.data, second.data, text.length);
    unsigned accepted = 0;
    for (size_t i = 0; i < 3000; i++) {
        size_t at = check_below(&random, text.length),
               length = i < 200 ? text.length * i / 200 : text.length;
        uint8_t kept = text.data[at];
        if (i >= 200)
            text.data[at] ^= (uint8_t)(1U << check_below(&random, 8));
        enum rcx_status status = rcx_segment_model_parse("m", text.data, length, &again, NULL);
        assert_true(status == RCX_OK || status == RCX_E_CORRUPT || status == RCX_E_VERSION);
        if (status == RCX_OK) { /* blanks, or digits that mean the same number */
            rcx_buf_clear(&second);
            assert_true(rcx_segment_model_json(&again, &second));
            text.data[at] = kept;
            assert_memory_equal(text.data, second.data, text.length);
            accepted++;
        }
        text.data[at] = kept;
    }
    assert_true(accepted < 900);
    rcx_buf_release(&text);
    rcx_buf_release(&second);
    rcx_segmentation_release(&made);
    rcx_table_release(&table);
}

/* --- migration --- */

static void moves_are_counted(void **state)
{
    (void)state;
    struct rcx_cfg_segments cfg = section();
    struct rcx_table before = customers(200, VARIED, 4), after = customers(230, VARIED, 5), out;
    struct rcx_segmentation made = fit(&before, &cfg);
    struct rcx_table a = {0}, b = {0};
    for (size_t i = 0; i < 230; i++) /* some come, some go */
        after.columns[0].i64[i] += 150;
    assert_int_equal(rcx_segment_assign(&made.model, &before, 14000, &two, &a, NULL), RCX_OK);
    assert_int_equal(rcx_segment_assign(&made.model, &after, 15000, &two, &b, NULL), RCX_OK);
    assert_true(rcx_table_find(&a, "hindsight")->booleans[0] &&
                !rcx_table_find(&b, "hindsight")->booleans[0]);
    assert_int_equal(rcx_segment_migration_begin(&out, NULL), RCX_OK);
    const struct rcx_segment_snapshot from = {14000, &a}, to = {15000, &b};
    assert_int_equal(rcx_segment_migration(&from, &to, &out, NULL), RCX_OK);
    int64_t stayed = 0, came = 0, went = 0;
    for (size_t i = 0; i < out.rows; i++) {
        int64_t count = rcx_table_find(&out, "customers")->i64[i];
        bool no_from = rcx_column_is_null(rcx_table_find(&out, "from_segment"), i);
        bool no_to = rcx_column_is_null(rcx_table_find(&out, "to_segment"), i);
        assert_false(no_from && no_to);
        *(no_from ? &came : no_to ? &went : &stayed) += count;
    }
    assert_int_equal(stayed, 150);
    assert_int_equal(came, 80);
    assert_int_equal(went, 50);
    assert_true(rcx_table_resize(&b, 0));
    assert_int_equal(rcx_segment_migration(&from, &to, &out, NULL), RCX_OK);
    rcx_table_release(&a);
    rcx_table_release(&b);
    rcx_table_release(&out);
    rcx_table_release(&before);
    rcx_table_release(&after);
    rcx_segmentation_release(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assignments_are_the_cheapest),
        cmocka_unit_test(scores_count_edges),
        cmocka_unit_test(rules_name_every_score),
        cmocka_unit_test(any_number_of_customers),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(fixed_numbers_of_segments),
        cmocka_unit_test(missing_values_and_columns_are_named),
        cmocka_unit_test(a_model_reads_back_and_refuses_changes),
        cmocka_unit_test(moves_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
