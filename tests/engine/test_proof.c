/* The proof on random shops: it succeeds, whatever the threads; it fails when something leaks; and
 * the made-up future is as unpleasant as it says. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/settings.h"
#include "engine/prove/future.h"
#include "engine/prove/prove.h"
#include "tests/support/test_rows.h"

enum { FIRST_DAY = 14975, DAYS = 260, CUSTOMERS = 40, MOST_ROWS = 20000 };

struct shop {
    char directory[RCX_TEST_PATH_BYTES];
    struct rcx_store *store;
    struct rcx_settings *settings;
    struct rcx_prove prove;
};

static struct rcx_row random_row(struct check_random *random)
{
    bool guest = check_below(random, 9) == 0;
    rcx_time hour = (rcx_time)check_below(random, DAYS * 24);
    bool back = check_below(random, 12) == 0;

    return (struct rcx_row){
        .customer = guest ? RCX_GUEST : 10 + (int64_t)check_below(random, CUSTOMERS) * 3,
        .time = (rcx_time)FIRST_DAY * RCX_DAY_SECONDS + hour * 3600 +
                (rcx_time)check_below(random, 3),
        /* a few invoices go on for days */
        .invoice = (uint32_t)(hour / (check_below(random, 20) ? 4 : 100) + 1),
        .stock = (uint32_t)check_below(random, 25),
        .quantity = (int64_t)(1 + check_below(random, 8)) * (back ? -1 : 1) *
                    (check_below(random, 40) ? 1 : 60),
        .unit_price = (int64_t)check_below(random, 900) - 5,
        .description = (uint32_t)check_below(random, 30),
        .country = 1 + (uint32_t)check_below(random, 2),
    };
}

/* Sorted rows of random order, some of them twice or given back. */
static void fill(struct shop *shop, uint64_t seed, size_t count)
{
    struct check_random random = {seed};
    struct rcx_row *rows = malloc(count * sizeof *rows);

    for (size_t i = 0; i < count; i++) {
        rows[i] = random_row(&random);
        if (i == 0 || check_below(&random, 6))
            continue;
        rows[i] = rows[i - 1];
        if (check_below(&random, 2)) {
            rows[i].quantity = -rows[i].quantity;
            rows[i].time += (rcx_time)check_below(&random, 40) * RCX_DAY_SECONDS;
        }
    }
    rcx_test_ingest(shop->directory, rows, count, 2);
    free(rows);
}

static void open_shop(struct shop *shop, uint64_t seed, bool text_customers, const char *set)
{
    const char *sets[] = {"cleaning.outliers.min_fit_rows=20", "prove.customers=30",
                          "cleaning.cancellation_prefix=i", set};
    const struct rcx_config_sources sources = {.sets = sets, .set_count = set ? 4 : 3};
    struct rcx_error err = {0};

    memset(shop, 0, sizeof *shop);
    rcx_test_text_customers = text_customers;
    rcx_test_dir_make(shop->directory);
    fill(shop, seed, 1500);
    if (seed % 2) /* two segments */
        fill(shop, seed + 1000, 500);
    assert_int_equal(rcx_store_open(shop->directory, NULL, &shop->store, &err), RCX_OK);
    assert_int_equal(rcx_settings_load(&sources, &shop->settings, &err), RCX_OK);
    const struct rcx_config *config = rcx_settings_config(shop->settings);
    shop->prove = (struct rcx_prove){
        .store = shop->store,
        .config = {&config->cleaning, &config->snapshots, &config->features, &config->churn,
                   &config->clv},
        .prove = &config->prove,
        .seed = seed,
        .parallel = {2},
    };
}

static void close_shop(struct shop *shop)
{
    rcx_settings_release(shop->settings);
    rcx_store_close(shop->store);
    rcx_test_dir_remove(shop->directory);
}

static struct rcx_proof prove(const struct shop *shop)
{
    struct rcx_error err = {0};
    struct rcx_proof proof;
    enum rcx_status status = rcx_prove(&shop->prove, &proof, &err);

    assert_string_equal(err.text, "");
    assert_int_equal(status, RCX_OK);
    return proof;
}

static void test_random_shops_are_proved(void **state)
{
    static const char *const sets[] = {
        NULL,
        "cleaning.outliers.quantity_scale=linear",
        "cleaning.outliers.action=flag",
        "cleaning.outliers.matched_cancellations=false",
        "cleaning.require_description=false",
        "cleaning.drop_exact_duplicates=false",
        "cleaning.customers.min_rows=20",
        "cleaning.outliers.min_fit_rows=1000000",
        "features.observation_days=360",
        "snapshots.every=week",
        "cleaning.outliers.price_percentile=70",
        "cleaning.outliers.quantity_iqr=0.3",
        "cleaning.service_codes=S3, s4",
        "churn.gap_days=7",
    };
    (void)state;
    for (uint64_t seed = 0; seed < 56; seed++) {
        struct shop shop;

        open_shop(&shop, seed, seed % 3 == 0, sets[seed % (sizeof sets / sizeof sets[0])]);
        struct rcx_proof proof = prove(&shop);
        for (size_t i = 0; i < RCX_PROOF_CHECK_COUNT; i++)
            if (!proof.checks[i].ok)
                fail_msg("seed %d: %s", (int)seed, proof.checks[i].detail);
        assert_true(proof.ok);
        assert_int_equal(proof.snapshot_count, 3);
        assert_int_equal(proof.sampled, 30);
        assert_true(proof.agreement.rows > 20 && proof.agreement.summary_rows > 20);
        rcx_proof_release(&proof);
        close_shop(&shop);
    }
}

static void test_snapshots_are_spread(void **state)
{
    static const char *const sets[] = {"prove.snapshots=1", "prove.snapshots=2",
                                       "prove.snapshots=5", "prove.snapshots=99"};
    (void)state;
    for (size_t s = 0; s < 4; s++) {
        struct shop shop;

        open_shop(&shop, 4, false, sets[s]);
        struct rcx_proof proof = prove(&shop);
        size_t wanted = (size_t)shop.prove.prove->snapshots;
        assert_int_equal(proof.snapshot_count, wanted < proof.planned ? wanted : proof.planned);
        for (size_t i = 1; i < proof.snapshot_count; i++)
            assert_true(proof.snapshots[i - 1].day < proof.snapshots[i].day);
        assert_true(proof.ok);
        rcx_proof_release(&proof);
        close_shop(&shop);
    }
}

static void test_threads_change_nothing(void **state)
{
    struct shop shop;
    (void)state;
    open_shop(&shop, 7, false, NULL);
    struct rcx_proof first = prove(&shop);
    for (unsigned threads = 1; threads < 9; threads += 3) {
        shop.prove.parallel.threads = threads;
        struct rcx_proof proof = prove(&shop);
        for (size_t i = 0; i < first.snapshot_count; i++)
            for (enum rcx_proof_way way = 0; way < RCX_PROOF_WAYS; way++) {
                const struct rcx_proof_run *a = &first.snapshots[i].runs[way];
                const struct rcx_proof_run *b = &proof.snapshots[i].runs[way];

                assert_int_equal(rcx_digest_compare(a->digests.features, b->digests.features), 0);
                assert_int_equal(a->rows, b->rows);
                assert_int_equal(a->fit.price_max, b->fit.price_max);
                assert_int_equal(b->threads, threads + way);
            }
        rcx_proof_release(&proof);
    }
    rcx_proof_release(&first);
    close_shop(&shop);
}

/* --- leaks ----------------------------------------------------------------------------------- */

/* Features that look a day ahead: they see the rows of a day that the view takes for the future. */
static void test_a_day_ahead_is_found_out(void **state)
{
    struct shop shop;
    struct rcx_error err = {0};
    (void)state;
    open_shop(&shop, 11, false, "snapshots.dates=2011-03-31, 2011-05-31, 2011-07-31");
    struct rcx_proof proof = prove(&shop);
    assert_true(proof.ok);
    for (size_t i = 0; i < proof.snapshot_count; i++) {
        const struct rcx_proof_snapshot *snapshot = &proof.snapshots[i];
        struct rcx_digest ordinary = snapshot->runs[RCX_PROOF_ORDINARY].digests.features;

        for (enum rcx_proof_way way = RCX_PROOF_HIDDEN; way < RCX_PROOF_WAYS; way++)
            for (int days = 0; days < 2; days++) {
                struct rcx_proof_run run;
                rcx_time cutoff = rcx_cutoff(snapshot->day) - days * RCX_DAY_SECONDS;

                assert_int_equal(
                    rcx_prove_again(&shop.prove, way, snapshot->day, cutoff, &run, &err), RCX_OK);
                assert_int_equal(rcx_digest_compare(run.digests.features, ordinary) == 0,
                                 days == 0);
            }
    }
    rcx_proof_release(&proof);
    close_shop(&shop);
}

static void expect_failure(const char *set)
{
    struct shop shop;
    open_shop(&shop, 13, false, set);
    struct rcx_proof proof = prove(&shop);
    assert_false(proof.ok);
    assert_false(proof.checks[RCX_PROOF_CHECK_DIGESTS].ok);
    assert_true(strlen(proof.checks[RCX_PROOF_CHECK_DIGESTS].detail) > 80);
    assert_true(proof.checks[RCX_PROOF_CHECK_DATES].ok);
    rcx_proof_release(&proof);
    close_shop(&shop);
}

static void test_what_looks_ahead_is_found_out(void **state)
{
    (void)state;
    expect_failure("cleaning.outliers.fit=all");
    expect_failure("features.definitions=original");
}

/* --- the plain recomputation ----------------------------------------------------------------- */

struct spoil {
    struct rcx_sample sample;
    struct rcx_plain_rules rules;
    rcx_day day;
    size_t spoiled, found;
};

typedef void add_to_agreement(struct rcx_agreement *, struct rcx_sample *,
                              const struct rcx_plain_rules *, rcx_day, const struct rcx_table *);

/* One value of one sampled customer is changed at a time. */
static void spoil_values(struct spoil *spoil, struct rcx_table *table, add_to_agreement *add)
{
    for (size_t c = 0; c < table->column_count; c++) {
        struct rcx_column *column = &table->columns[c];
        struct rcx_agreement spoiled = {0};
        size_t row = table->rows / 2;
        size_t width = rcx_type_bytes(column->type);
        unsigned char before[8];

        memcpy(before, (char *)column->values + row * width, width);
        if (column->type == RCX_TYPE_REAL)
            column->reals[row] = isnan(column->reals[row])
                                     ? 1
                                     : nextafter(column->reals[row], INFINITY);
        else if (rcx_column_is_null(column, row))
            continue;
        else
            ((unsigned char *)column->values)[row * width] ^= 1;
        add(&spoiled, &spoil->sample, &spoil->rules, spoil->day, table);
        spoil->spoiled++;
        spoil->found += spoiled.differences > 0 && spoiled.first[0] != '\0';
        memcpy((char *)column->values + row * width, before, width);
    }
}

static enum rcx_status spoil_table(void *context, size_t snapshot, struct rcx_table *table,
                                   struct rcx_error *err)
{
    struct spoil *spoil = context;
    struct rcx_agreement clean = {0};
    (void)snapshot;
    (void)err;
    rcx_agreement_add(&clean, &spoil->sample, &spoil->rules, spoil->day, table);
    assert_string_equal(clean.first, "");
    assert_int_equal(clean.rows + clean.absent, spoil->sample.count);
    assert_int_equal(clean.values, clean.rows * table->column_count - clean.rows);
    spoil_values(spoil, table, rcx_agreement_add);
    return RCX_OK;
}

/* And a row that is missing. */
static enum rcx_status spoil_summary(void *context, size_t snapshot, struct rcx_table *table,
                                     struct rcx_error *err)
{
    struct spoil *spoil = context;
    struct rcx_agreement clean = {0}, shorter = {0};
    (void)snapshot;
    (void)err;
    rcx_agreement_add_summary(&clean, &spoil->sample, &spoil->rules, spoil->day, table);
    assert_string_equal(clean.first, "");
    assert_true(clean.summary_rows > 20);
    assert_int_equal(clean.summary_rows + clean.summary_absent, spoil->sample.count);
    assert_int_equal(clean.values, clean.summary_rows * (table->column_count - 1));
    size_t before = spoil->spoiled;
    spoil_values(spoil, table, rcx_agreement_add_summary);
    assert_int_equal(spoil->spoiled, before + table->column_count);
    table->rows--;
    rcx_agreement_add_summary(&shorter, &spoil->sample, &spoil->rules, spoil->day, table);
    assert_int_equal(shorter.differences, 1);
    table->rows++;
    return RCX_OK;
}

static void test_a_wrong_value_is_found(void **state)
{
    struct shop shop;
    struct spoil spoil = {.day = FIRST_DAY + 150};
    struct rcx_error err = {0};
    struct rcx_outlier_fit fit;
    (void)state;
    open_shop(&shop, 2, false, NULL);
    const struct rcx_recompute_config *config = &shop.prove.config;
    struct rcx_data_range range = rcx_store_range(shop.store);
    spoil.rules = (struct rcx_plain_rules){config->cleaning,
                                           config->features,
                                           config->churn,
                                           config->clv,
                                           &rcx_store_summary(shop.store)->decisions,
                                           rcx_store_strings(shop.store, RCX_TEXT_STOCK),
                                           range.first,
                                           range.last};
    assert_int_equal(rcx_sample_draw(shop.store, &spoil.rules, 1000, 1, &spoil.sample, &err),
                     RCX_OK);
    assert_int_equal(spoil.sample.count, CUSTOMERS);
    const struct rcx_recompute run = {
        .config = config,
        .store = shop.store,
        .days = {1, &spoil.day},
        .with_labels = true,
        .parallel = {1},
        .sink = spoil_table,
        .summary_sink = spoil_summary,
        .sink_context = &spoil,
    };
    assert_int_equal(rcx_recompute(&run, &fit, &err), RCX_OK);
    assert_int_equal(fit.rows, spoil.sample.limits.learned_rows);
    assert_true(spoil.spoiled >= 35 + 6);
    assert_int_equal(spoil.found, spoil.spoiled);
    rcx_sample_release(&spoil.sample);
    close_shop(&shop);
}

/* --- the made-up future ---------------------------------------------------------------------- */

static size_t read_rows(const struct rcx_store *store, struct rcx_row *out)
{
    struct rcx_scan *scan;
    struct rcx_scan_buffer *buffer = rcx_scan_buffer_new();
    struct rcx_error err = {0};
    struct rcx_batch b;
    size_t count = 0;

    assert_int_equal(rcx_scan_open(store, RCX_SCAN_ALL, &scan, &err), RCX_OK);
    for (size_t m = 0; m < rcx_scan_morsels(scan); m++) {
        assert_int_equal(rcx_scan_read(scan, m, buffer, &b, &err), RCX_OK);
        for (size_t r = 0; r < b.receipts; r++)
            for (uint32_t i = b.first_row[r]; i < b.first_row[r + 1]; i++)
                out[count++] = (struct rcx_row){
                    .customer = b.customer[r],
                    .time = b.time[r],
                    .quantity = b.quantity[i],
                    .unit_price = b.unit_price[i],
                    .invoice = b.invoice[r],
                    .stock = b.stock[i],
                    .description = b.description[i],
                    .country = b.country[i],
                };
    }
    rcx_scan_close(scan);
    rcx_scan_buffer_release(buffer);
    return count;
}

static size_t read_poisoned(const struct rcx_store *store, rcx_time cutoff, uint64_t seed,
                            unsigned threads, struct rcx_row *out)
{
    const struct rcx_parallel parallel = {threads};
    struct rcx_poison poison;
    struct rcx_store *view;
    struct rcx_error err = {0};

    assert_int_equal(rcx_future_poison(store, cutoff, seed, &parallel, &poison, &view, &err),
                     RCX_OK);
    size_t count = read_rows(view, out);
    assert_int_equal(rcx_store_summary(view)->rows, count);
    rcx_store_close(view);
    return count;
}

/* What kinds of rows there are after the cutoff. */
struct kinds {
    size_t rows, new_customers, new_invoices, old_invoices, new_stocks, returns, empty, worthless,
        dear, many, at_once, far, known_customers;
};

static struct kinds count_kinds(const struct rcx_store *store, rcx_time cutoff,
                                const struct rcx_row *rows, size_t count)
{
    struct kinds k = {0};

    for (size_t i = 0; i < count; i++) {
        const struct rcx_row *row = &rows[i];
        rcx_i128 value = (rcx_i128)row->quantity * row->unit_price;

        if (row->time < cutoff)
            continue;
        assert_true(value <= (rcx_i128)1 << 40 && value >= -((rcx_i128)1 << 40));
        bool known = row->customer == RCX_GUEST || (row->customer - 10) % 3 == 0;
        bool beyond = row->customer != RCX_GUEST && row->customer >= 10 + 3 * CUSTOMERS;
        k.rows++;
        k.known_customers += known && !beyond;
        k.new_customers += !known || beyond;
        k.new_invoices += row->invoice >= rcx_store_strings(store, RCX_TEXT_INVOICE)->count;
        k.old_invoices += row->invoice > 0 &&
                          row->invoice < rcx_store_strings(store, RCX_TEXT_INVOICE)->count;
        k.new_stocks += row->stock >= rcx_store_strings(store, RCX_TEXT_STOCK)->count;
        k.returns += row->quantity < 0;
        k.empty += row->invoice == 0 || row->stock == 0 || row->description == 0;
        k.worthless += row->unit_price <= 0 || row->quantity == 0;
        k.dear += row->unit_price > 1000000;
        k.many += row->quantity > 100000 || row->quantity < -100000;
        k.at_once += row->time == cutoff;
        k.far += row->time > cutoff + (rcx_time)1000 * RCX_DAY_SECONDS;
    }
    return k;
}

static void test_the_made_up_future_is_unpleasant(void **state)
{
    struct shop shop;
    struct rcx_row *base = calloc(MOST_ROWS, sizeof *base);
    struct rcx_row *rows = calloc(MOST_ROWS, sizeof *rows);
    rcx_time cutoff = rcx_cutoff(FIRST_DAY + 100);
    size_t before = 0;
    (void)state;
    open_shop(&shop, 6, false, NULL);
    size_t base_count = read_rows(shop.store, base);
    size_t count = read_poisoned(shop.store, cutoff, 1, 3, rows);
    for (size_t i = 0; i < base_count; i++) /* what came before is there as it was */
        if (base[i].time < cutoff)
            base[before++] = base[i];
    for (size_t i = 0, at = 0; i < count; i++)
        if (rows[i].time < cutoff)
            assert_memory_equal(&rows[i], &base[at++], sizeof *rows);
    struct kinds k = count_kinds(shop.store, cutoff, rows, count);
    assert_int_equal(k.rows, count - before);
    assert_true(k.known_customers > 100 && k.new_customers > 20);
    assert_true(k.new_invoices > 50 && k.old_invoices > 50 && k.new_stocks > 20);
    assert_true(k.returns > 20 && k.empty > 20 && k.worthless > 10);
    assert_true(k.dear > 5 && k.many > 5 && k.at_once > 5 && k.far > 3);
    close_shop(&shop);
    free(base);
    free(rows);
}

static void test_the_made_up_future_depends_on_seed_and_cutoff(void **state)
{
    struct shop shop;
    struct rcx_row *a = calloc(MOST_ROWS, sizeof *a);
    struct rcx_row *b = calloc(MOST_ROWS, sizeof *b);
    rcx_time cutoff = rcx_cutoff(FIRST_DAY + 100);
    (void)state;
    for (int text = 0; text < 2; text++) {
        open_shop(&shop, 9, text, NULL);
        size_t count = read_poisoned(shop.store, cutoff, 1, 1, a);
        for (unsigned threads = 1; threads < 6; threads += 2) {
            assert_int_equal(read_poisoned(shop.store, cutoff, 1, threads, b), count);
            assert_memory_equal(a, b, count * sizeof *a);
        }
        size_t other = read_poisoned(shop.store, cutoff, 2, 1, b);
        assert_true(other != count || memcmp(a, b, count * sizeof *a) != 0);
        other = read_poisoned(shop.store, cutoff + RCX_DAY_SECONDS, 1, 1, b);
        assert_true(other != count || memcmp(a, b, count * sizeof *a) != 0);
        close_shop(&shop);
    }
    free(a);
    free(b);
}

/* --- out of memory --------------------------------------------------------------------------- */

static bool prove_once(void *context)
{
    struct rcx_proof proof = {0};
    struct rcx_error err = {0};
    enum rcx_status status = rcx_prove(context, &proof, &err);

    if (status != RCX_OK)
        assert_int_equal(status, RCX_E_NOMEM);
    else
        assert_true(proof.ok);
    rcx_proof_release(&proof);
    return status == RCX_OK;
}

static void test_out_of_memory_at_any_place(void **state)
{
    struct shop shop;
    (void)state;
    open_shop(&shop, 3, true, "prove.snapshots=1"); /* two segments, text ids */
    shop.prove.parallel.threads = 1;
    assert_true(check_allocation_failures(prove_once, &shop.prove) > 200);
    close_shop(&shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_shops_are_proved),
        cmocka_unit_test(test_snapshots_are_spread),
        cmocka_unit_test(test_threads_change_nothing),
        cmocka_unit_test(test_a_day_ahead_is_found_out),
        cmocka_unit_test(test_what_looks_ahead_is_found_out),
        cmocka_unit_test(test_a_wrong_value_is_found),
        cmocka_unit_test(test_the_made_up_future_is_unpleasant),
        cmocka_unit_test(test_the_made_up_future_depends_on_seed_and_cutoff),
        cmocka_unit_test(test_out_of_memory_at_any_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
