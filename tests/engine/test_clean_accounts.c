/* The accounts of cleaning on hundreds of small dirty shops: every row and every penny is either kept
 * or under one rule, and under the right one, by a reference that applies the rules one after the
 * other to a list of rows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "engine/simulate/simulate.h"
#include "storage/ingest/ingest.h"
#include "tests/support/ingest_input.h"
#include "tests/support/test_shop.h"

enum { ROWS = 600, DAYS = 150, SHOPS = 300 };

/* ---- the reference ---- */

struct variant {
    const char *set;
    bool description, duplicates, matched, flag, fit;
    int64_t min_rows;
};

struct reference {
    const struct variant *variant;
    struct rcx_row rows[ROWS];
    uint8_t mark[ROWS]; /* enum rcx_clean_rule */
    bool outlier[ROWS], matched[ROWS];
    size_t pairs;
    uint64_t fit_rows;
};

static void drop(struct reference *r, size_t row, enum rcx_clean_rule rule)
{
    if (r->mark[row] == RCX_RULE_KEPT)
        r->mark[row] = (uint8_t)rule;
}

static bool repeats(const struct reference *r, size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (memcmp(&r->rows[i], &r->rows[row], sizeof r->rows[0]) == 0)
            return true;
    return false;
}

static void stages_1_and_2(struct reference *r)
{
    for (size_t i = 0; i < ROWS; i++) {
        const struct rcx_row *row = &r->rows[i];
        if (row->customer == RCX_GUEST)
            drop(r, i, RCX_RULE_NULL_CUSTOMER);
        if (row->invoice == 0)
            drop(r, i, RCX_RULE_NULL_INVOICE);
        if (row->stock == 0)
            drop(r, i, RCX_RULE_NULL_STOCK_CODE);
        if (row->description == 0 && r->variant->description)
            drop(r, i, RCX_RULE_NULL_DESCRIPTION);
        if (r->variant->duplicates && repeats(r, i))
            drop(r, i, RCX_RULE_EXACT_DUPLICATE);
        if (row->unit_price < 1) /* 0.01 in hundredths */
            drop(r, i, RCX_RULE_INVALID_PRICE);
        if (row->quantity == 0)
            drop(r, i, RCX_RULE_ZERO_QUANTITY);
        if (llabs(row->quantity) > 100000)
            drop(r, i, RCX_RULE_QUANTITY_RANGE);
    }
}

static int compare_numbers(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Between the two values next to position share * (count - 1). */
static double log_percentile(const int64_t *sorted, size_t count, double share)
{
    double position = share * (double)(count - 1);
    size_t below = (size_t)position;
    double part = position - (double)below;
    double low = log((double)sorted[below]);
    return part == 0 ? low : low + (log((double)sorted[below + 1]) - low) * part;
}

static void find_outliers(struct reference *r)
{
    int64_t prices[ROWS], quantities[ROWS], begin = INT64_MAX;
    size_t price_count = 0, quantity_count = 0;
    for (size_t i = 0; i < ROWS; i++)
        begin = r->rows[i].time < begin ? r->rows[i].time : begin;
    int64_t until = ((int64_t)rcx_day_of_time(begin) + 30) * RCX_DAY_SECONDS;
    for (size_t i = 0; i < ROWS; i++) {
        if (r->mark[i] != RCX_RULE_KEPT || r->rows[i].time >= until)
            continue;
        prices[price_count++] = r->rows[i].unit_price;
        if (r->rows[i].quantity > 0)
            quantities[quantity_count++] = r->rows[i].quantity;
    }
    r->fit_rows = price_count;
    if (!r->variant->fit || price_count < 20)
        return;
    qsort(prices, price_count, sizeof *prices, compare_numbers);
    qsort(quantities, quantity_count, sizeof *quantities, compare_numbers);
    size_t position = 99 * (price_count - 1), part = position % 100;
    int64_t low = prices[position / 100], high = part ? prices[position / 100 + 1] : low;
    int64_t bound = low * (int64_t)(100 - part) + high * (int64_t)part; /* hundredfold */
    double q1 = log_percentile(quantities, quantity_count, 0.25);
    double q3 = log_percentile(quantities, quantity_count, 0.75);
    for (size_t i = 0; i < ROWS; i++) {
        double size = r->rows[i].quantity > 0 ? log((double)r->rows[i].quantity) : q1;
        bool dear = 100 * r->rows[i].unit_price > bound;
        bool far = size > q3 + 3 * (q3 - q1) + 1e-9 || size < q1 - 3 * (q3 - q1) - 1e-9;
        r->outlier[i] = dear || far;
        if (r->outlier[i] && !r->variant->flag)
            drop(r, i, dear ? RCX_RULE_PRICE_OUTLIER : RCX_RULE_QUANTITY_OUTLIER);
    }
}

/* The rows are in the store's order. Returns the purchase that row `back` takes back, or ROWS. */
static size_t purchase_of(const struct reference *r, const bool *taken, size_t back)
{
    const struct rcx_row *row = &r->rows[back];
    size_t best = ROWS;
    for (size_t i = 0; i < ROWS; i++) {
        const struct rcx_row *other = &r->rows[i];
        if (taken[i] || !rcx_survives_stage_2(r->mark[i]) || other->customer != row->customer ||
            other->stock != row->stock || other->quantity != -row->quantity ||
            other->time > row->time)
            continue;
        if (best == ROWS || other->time >= r->rows[best].time)
            best = i; /* equal times: the order of rows is that of invoices and prices */
    }
    return best;
}

static void find_matches(struct reference *r)
{
    bool taken[ROWS] = {0}, dropped[ROWS] = {0};
    size_t purchase[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        purchase[i] = ROWS;
        if (r->rows[i].quantity >= 0 || !rcx_survives_stage_2(r->mark[i]))
            continue;
        purchase[i] = purchase_of(r, taken, i);
        if (purchase[i] == ROWS)
            continue;
        taken[purchase[i]] = true;
        r->pairs++;
        dropped[i] = r->mark[purchase[i]] != RCX_RULE_KEPT;
    }
    for (size_t i = 0; i < ROWS && r->variant->matched && !r->variant->flag; i++)
        if (dropped[i])
            drop(r, i, RCX_RULE_MATCHED_CANCELLATION);
    for (size_t i = 0; i < ROWS; i++) { /* of few rows: below */
        if (purchase[i] != ROWS)
            r->matched[i] = r->matched[purchase[i]] = r->mark[i] == RCX_RULE_KEPT &&
                                                      r->mark[purchase[i]] == RCX_RULE_KEPT;
    }
}

static int64_t rows_of(const struct reference *r, int64_t customer, bool returns_only)
{
    int64_t count = 0;
    for (size_t i = 0; i < ROWS; i++)
        count += r->mark[i] == RCX_RULE_KEPT && r->rows[i].customer == customer &&
                 (!returns_only || r->rows[i].quantity < 0);
    return count;
}

static void reference_clean(struct reference *r, const struct variant *variant)
{
    bool few[ROWS];
    r->variant = variant;
    qsort(r->rows, ROWS, sizeof r->rows[0], rcx_test_compare_rows);
    stages_1_and_2(r);
    find_outliers(r);
    find_matches(r);
    for (size_t i = 0; i < ROWS; i++)
        few[i] = rows_of(r, r->rows[i].customer, false) < variant->min_rows;
    for (size_t i = 0; i < ROWS; i++)
        if (few[i])
            drop(r, i, RCX_RULE_MIN_ROWS);
}

/* ---- the comparison ---- */

static bool customer_has(const struct reference *r, int64_t customer, unsigned first, unsigned last)
{
    for (size_t i = 0; i < ROWS; i++)
        if (r->rows[i].customer == customer && r->mark[i] >= first && r->mark[i] <= last)
            return true;
    return false;
}

static void compare_rule(const struct reference *r, unsigned rule,
                         const struct rcx_clean_account *found)
{
    struct rcx_clean_account wanted = {0};
    for (size_t i = 0; i < ROWS; i++) {
        int64_t revenue = r->rows[i].quantity * r->rows[i].unit_price;
        wanted.rows += r->mark[i] == rule;
        wanted.net += r->mark[i] == rule ? revenue : 0;
        wanted.gross += r->mark[i] == rule && r->rows[i].quantity > 0 ? revenue : 0;
    }
    for (int64_t c = 0; c < RCX_TEST_CUSTOMERS; c++) {
        int64_t customer = 10 + 3 * c;
        bool touched = customer_has(r, customer, rule, rule);
        bool left = customer_has(r, customer, RCX_RULE_KEPT, RCX_RULE_KEPT) ||
                    customer_has(r, customer, rule + 1, RCX_RULE_COUNT);
        wanted.customers_touched += touched;
        wanted.customers_removed += rule != RCX_RULE_KEPT && touched && !left;
    }
    if (found->rows != wanted.rows || found->net != wanted.net || found->gross != wanted.gross ||
        found->customers_touched != wanted.customers_touched ||
        found->customers_removed != wanted.customers_removed)
        fail_msg("%s: %d rows, %d customers, %d of them all; wanted %d, %d, %d",
                 rcx_clean_rule_name(rule), (int)found->rows, (int)found->customers_touched,
                 (int)found->customers_removed, (int)wanted.rows, (int)wanted.customers_touched,
                 (int)wanted.customers_removed);
}

/* An invoice number of "i1" and more digits whose net quantity is < 0. */
static bool is_cancelled(const struct reference *r, size_t row)
{
    uint32_t number = r->rows[row].invoice, lead = number;
    int64_t net = 0;
    while (lead >= 10)
        lead /= 10;
    if (lead != 1 || number < 10)
        return false;
    for (size_t i = 0; i < ROWS; i++)
        if (r->rows[i].customer == r->rows[row].customer && r->rows[i].invoice == number &&
            rcx_survives_stage_1(r->mark[i]))
            net += r->rows[i].quantity;
    return net < 0;
}

static void compare_flags(const struct reference *r, const struct rcx_test_cleaned *found)
{
    uint64_t cancelled = 0, returns = 0, services = 0, outliers = 0, matched = 0, high = 0;
    for (size_t i = 0; i < ROWS; i++) {
        const struct rcx_row *row = &r->rows[i];
        if (r->mark[i] != RCX_RULE_KEPT)
            continue;
        cancelled += is_cancelled(r, i);
        returns += row->quantity < 0;
        services += row->stock == 3 || row->stock == 4;
        outliers += r->outlier[i];
        matched += r->matched[i];
        high += 10 * rows_of(r, row->customer, true) > 8 * rows_of(r, row->customer, false);
    }
    assert_int_equal(found->cancellations, cancelled);
    assert_int_equal(found->stats.cancellation_rows, cancelled);
    assert_int_equal(found->returns, returns);
    assert_int_equal(found->stats.return_rows, returns);
    assert_int_equal(found->services, services);
    assert_int_equal(found->stats.service_rows, services);
    assert_int_equal(found->outliers, outliers);
    assert_int_equal(found->stats.outlier_rows, outliers);
    assert_int_equal(found->matched, matched);
    assert_int_equal(2 * found->stats.matched_pairs_final, matched);
    assert_int_equal(found->stats.matched_pairs_stage_2, r->pairs);
    assert_int_equal(found->high_returns, high);
}

/* What must hold of any accounts: nothing is counted twice, nothing is forgotten. */
static void accounts_close(const struct rcx_test_cleaned *found, uint64_t rows, rcx_i128 net,
                           rcx_i128 gross)
{
    const struct rcx_clean_stats *s = &found->stats;
    struct rcx_clean_account all = rcx_clean_stats_removed(s, 0, 4);
    struct rcx_clean_account early = rcx_clean_stats_removed(s, 1, 2);
    uint64_t stage_2 = 0, stage_3 = 0;
    assert_int_equal(s->initial_rows, rows);
    assert_int_equal(all.rows, rows);
    assert_true(all.net == net && all.gross == gross);
    assert_int_equal(s->rules[RCX_RULE_KEPT].rows, found->rows);
    assert_true(s->rules[RCX_RULE_KEPT].net == found->net);
    assert_true(s->rules[RCX_RULE_KEPT].gross == found->gross);
    assert_int_equal(s->stage_2.rows, rows - early.rows);
    assert_true(s->stage_2.net == net - early.net && s->stage_2.gross == gross - early.gross);
    for (size_t m = 0; m < s->month_count; m++) {
        stage_2 += s->months[m].rows;
        stage_3 += s->months[m].removed;
    }
    assert_int_equal(stage_2, s->stage_2.rows);
    assert_int_equal(stage_3, rcx_clean_stats_removed(s, 3, 3).rows);
    uint64_t gone = all.customers_removed;
    assert_int_equal(s->initial_customers - gone, s->rules[RCX_RULE_KEPT].customers_touched);
}

static const struct variant variants[] = {
    {"cleaning.min_unit_price=0.01", true, true, true, false, true, 2},
    {"cleaning.require_description=false", false, true, true, false, true, 2},
    {"cleaning.drop_exact_duplicates=false", true, false, true, false, true, 2},
    {"cleaning.outliers.matched_cancellations=false", true, true, false, false, true, 2},
    {"cleaning.outliers.action=flag", true, true, true, true, true, 2},
    {"cleaning.outliers.min_fit_rows=100000", true, true, true, false, false, 2},
    {"cleaning.customers.min_rows=15", true, true, true, false, true, 15},
};
enum { VARIANTS = sizeof variants / sizeof variants[0] };

static void check_shop(uint64_t seed, uint64_t *seen)
{
    static struct reference r;
    const struct variant *variant = &variants[seed % VARIANTS];
    struct check_random random = {seed * 7919};
    struct rcx_test_shop shop;
    struct rcx_test_cleaned found, again;
    rcx_i128 net = 0, gross = 0;
    memset(&r, 0, sizeof r);
    rcx_test_shop_rows(&random, RCX_TEST_FIRST_DAY, DAYS, r.rows, ROWS);
    rcx_test_shop_open(&shop, r.rows, ROWS, 1 + seed % 3, &variant->set, 1);
    reference_clean(&r, variant);
    for (size_t i = 0; i < ROWS; i++) {
        net += r.rows[i].quantity * r.rows[i].unit_price;
        gross += r.rows[i].quantity > 0 ? r.rows[i].quantity * r.rows[i].unit_price : 0;
    }
    rcx_test_clean(&shop, 1, &found);
    rcx_test_clean(&shop, 2 + (unsigned)(seed % 6), &again);
    assert_int_equal(rcx_digest_compare(found.rows_digest, again.rows_digest), 0);
    assert_memory_equal(found.stats.rules, again.stats.rules, sizeof found.stats.rules);
    assert_int_equal(shop.fit.rows, r.fit_rows);
    accounts_close(&found, ROWS, net, gross);
    accounts_close(&again, ROWS, net, gross);
    for (unsigned rule = 0; rule < RCX_RULE_COUNT; rule++) {
        compare_rule(&r, rule, &found.stats.rules[rule]);
        seen[rule] += found.stats.rules[rule].rows > 0;
    }
    compare_flags(&r, &found);
    rcx_clean_stats_release(&found.stats);
    rcx_clean_stats_release(&again.stats);
    rcx_test_shop_close(&shop);
}

static void test_every_row_is_under_the_right_rule(void **state)
{
    uint64_t seen[RCX_RULE_COUNT] = {0};
    (void)state;
    for (uint64_t seed = 0; seed < SHOPS; seed++)
        check_shop(seed, seen);
    for (unsigned rule = 0; rule < RCX_RULE_COUNT; rule++)
        assert_true(seen[rule] >= 20); /* shops in which the rule has work to do */
}

/* ---- shops of rcx generate --dirty ---- */

static enum rcx_status append(void *context, const void *data, size_t length, uint64_t rows,
                              struct rcx_error *err)
{
    (void)rows;
    return rcx_buf_append(context, data, length) ? RCX_OK : rcx_fail_nomem(err, "test", length);
}

static void simulate(uint64_t seed, const char *path)
{
    const struct rcx_parallel one = {1};
    struct rcx_simulate_options options = rcx_simulate_defaults();
    struct rcx_simulation *simulation = NULL;
    struct rcx_buf text = {0};
    options.rows = 500 + 37 * (seed % 10);
    options.customers = seed % 2 ? 30 : 0;
    options.seed = seed;
    options.days = 120;
    options.products = 60;
    options.dirty_share = (double)(seed % 5) * 0.05;
    options.return_share = 0.3;
    assert_int_equal(rcx_simulate_open(&options, &one, &simulation, NULL), RCX_OK);
    assert_int_equal(rcx_simulate_write(simulation, append, &text, NULL), RCX_OK);
    rcx_simulate_close(simulation);
    rcx_test_write_file(path, text.data, text.length);
    rcx_buf_release(&text);
}

static void load(const char *path, const char *store)
{
    struct rcx_cfg_ingest config = rcx_test_ingest_config();
    struct rcx_ingest_report report;
    struct rcx_error err = {0};
    const struct rcx_ingest_options options = {.inputs = &path,
                                               .input_count = 1,
                                               .store = store,
                                               .parallel = {1},
                                               .zstd_level = 1,
                                               .no_sync = true};
    config.max_reject_share = 1;
    if (rcx_ingest(&config, &options, &report, &err) != RCX_OK)
        fail_msg("%s", err.text);
    rcx_ingest_report_release(&report);
}

/* Rows and money of everything in the store, read column by column. */
static void sum_store(const struct rcx_store *store, uint64_t *rows, rcx_i128 *net, rcx_i128 *gross)
{
    struct rcx_scan_buffer *buffer = rcx_scan_buffer_new();
    struct rcx_scan *scan = NULL;
    struct rcx_batch batch;
    *rows = 0;
    *net = *gross = 0;
    assert_int_equal(rcx_scan_open(store, RCX_SCAN_QUANTITY | RCX_SCAN_PRICE, &scan, NULL), RCX_OK);
    for (size_t m = 0; m < rcx_scan_morsels(scan); m++) {
        assert_int_equal(rcx_scan_read(scan, m, buffer, &batch, NULL), RCX_OK);
        *rows += batch.rows;
        for (size_t i = 0; i < batch.rows; i++) {
            rcx_i128 revenue = (rcx_i128)batch.quantity[i] * batch.unit_price[i];
            *net += revenue;
            *gross += batch.quantity[i] > 0 ? revenue : 0;
        }
    }
    rcx_scan_close(scan);
    rcx_scan_buffer_release(buffer);
}

static void test_simulated_dirty_shops(void **state)
{
    static const char *const sets[] = {"cleaning.cancellation_prefix=C",
                                       "cleaning.service_codes=POST, D, M",
                                       "cleaning.outliers.action=flag"};
    uint64_t removed = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        struct rcx_test_shop shop = {0};
        char folder[RCX_TEST_PATH_BYTES], path[RCX_TEST_PATH_BYTES];
        rcx_test_dir_make(folder);
        rcx_test_path(folder, "store", shop.directory);
        simulate(seed, rcx_test_path(folder, "shop.csv", path));
        load(path, shop.directory);
        rcx_test_shop_attach(&shop, sets, seed % 3 ? 2 : 3);
        struct rcx_test_cleaned found;
        uint64_t rows;
        rcx_i128 net, gross;
        sum_store(shop.store, &rows, &net, &gross);
        rcx_test_clean(&shop, 1 + (unsigned)seed % 4, &found);
        accounts_close(&found, rows, net, gross);
        removed += rows - found.rows;
        rcx_clean_stats_release(&found.stats);
        rcx_test_shop_close(&shop);
        rcx_test_dir_remove(folder);
    }
    assert_true(removed > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_under_the_right_rule),
        cmocka_unit_test(test_simulated_dirty_shops),
    };
    return cmocka_run_group_tests(tests, rcx_test_ingest_setup, rcx_test_ingest_teardown);
}
