#include "tests/support/test_shop.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "engine/exec/clean_table.h"

enum { MOST_SETS = 24 };

static struct rcx_row random_row(struct check_random *random, rcx_day first, rcx_day days)
{
    bool guest = check_below(random, 9) == 0;
    rcx_time hour = (rcx_time)check_below(random, (uint64_t)days * 24);
    bool back = check_below(random, 12) == 0;
    uint64_t odd = check_below(random, 200);
    struct rcx_row row = {
        .customer = guest ? RCX_GUEST : 10 + (int64_t)check_below(random, RCX_TEST_CUSTOMERS) * 3,
        .time = (rcx_time)first * RCX_DAY_SECONDS + hour * 3600 + (rcx_time)check_below(random, 3),
        /* some invoices go on for days; a few rows have no number */
        .invoice = (uint32_t)(hour / (check_below(random, 20) ? 5 : 100) + 1),
        .stock = 1 + (uint32_t)check_below(random, 25),
        .quantity = (int64_t)(1 + check_below(random, 8)) * (back ? -1 : 1) *
                    (check_below(random, 40) ? 1 : 60),
        .unit_price = 1 + (int64_t)check_below(random, 900),
        .description = 1 + (uint32_t)check_below(random, 30),
        .country = 1 + (uint32_t)check_below(random, 2),
    };

    if (odd < 3)
        row.unit_price = (int64_t)odd - 2;
    else if (odd < 5)
        row.quantity = 0;
    else if (odd < 8)
        row.quantity = (int64_t)check_below(random, 400001) - 200000;
    else if (odd < 10)
        row.unit_price = 4000000;
    else if (odd < 12)
        row.description = 0;
    else if (odd == 12)
        row.stock = 0;
    else if (odd == 13)
        row.invoice = 0;
    return row;
}

void rcx_test_shop_rows(struct check_random *random, rcx_day first, rcx_day days,
                        struct rcx_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rows[i] = random_row(random, first, days);
        if (i > 0 && check_below(random, 2)) { /* one more line of the invoice */
            rows[i].customer = rows[i - 1].customer;
            rows[i].time = rows[i - 1].time;
            rows[i].invoice = rows[i - 1].invoice;
        }
        if (i == 0 || check_below(random, 6))
            continue;
        rows[i] = rows[check_below(random, i)]; /* once more, or given back later */
        rcx_time later = rows[i].time + (rcx_time)check_below(random, 40) * RCX_DAY_SECONDS;
        if (check_below(random, 2) && later < ((rcx_time)first + days) * RCX_DAY_SECONDS) {
            rows[i].quantity = -rows[i].quantity;
            rows[i].time = later;
            rows[i].unit_price += check_below(random, 3) == 0 ? 5 : 0;
            rows[i].invoice = 10 + (uint32_t)check_below(random, 10);
        }
    }
}

void rcx_test_shop_attach(struct rcx_test_shop *shop, const char *const *sets, size_t set_count)
{
    const char *all[MOST_SETS] = {
        "cleaning.outliers.min_fit_rows=20",
        "cleaning.cancellation_prefix=i1",
        "cleaning.service_codes=S3, s4",
    };
    const struct rcx_config_sources sources = {.sets = all, .set_count = 3 + set_count};
    const struct rcx_parallel parallel = {2};
    struct rcx_error err = {0};

    assert_true(3 + set_count <= MOST_SETS);
    for (size_t i = 0; i < set_count; i++)
        all[3 + i] = sets[i];
    if (rcx_settings_load(&sources, &shop->settings, &err) != RCX_OK)
        fail_msg("%s", err.text);
    shop->config = rcx_settings_config(shop->settings);
    assert_int_equal(rcx_store_open(shop->directory, NULL, &shop->store, &err), RCX_OK);
    const struct rcx_store_summary *summary = rcx_store_summary(shop->store);
    assert_int_equal(
        rcx_clean_plan_init(&shop->config->cleaning, shop->config->features.definitions,
                            &summary->decisions, rcx_store_strings(shop->store, RCX_TEXT_INVOICE),
                            rcx_store_strings(shop->store, RCX_TEXT_STOCK), &shop->plan, &err),
        RCX_OK);
    shop->range = rcx_store_range(shop->store);
    assert_int_equal(
        rcx_outliers_learn(&shop->plan, shop->store, &parallel, shop->range, &shop->fit, &err),
        RCX_OK);
    rcx_clean_plan_set_outliers(&shop->plan, &shop->fit);
}

void rcx_test_shop_open(struct rcx_test_shop *shop, const struct rcx_row *rows, size_t count,
                        size_t parts, const char *const *sets, size_t set_count)
{
    struct rcx_row *copy = malloc(count * sizeof *copy);

    memset(shop, 0, sizeof *shop);
    rcx_test_dir_make(shop->directory);
    for (size_t part = 0; part < parts; part++) {
        size_t n = 0;
        for (size_t i = part; i < count; i += parts)
            copy[n++] = rows[i];
        rcx_test_ingest(shop->directory, copy, n, 1 + (unsigned)part % 3);
    }
    free(copy);
    rcx_test_shop_attach(shop, sets, set_count);
}

void rcx_test_shop_close(struct rcx_test_shop *shop)
{
    rcx_clean_plan_release(&shop->plan);
    rcx_store_close(shop->store);
    rcx_settings_release(shop->settings);
    rcx_test_dir_remove(shop->directory);
    memset(shop, 0, sizeof *shop);
}

/* ---- cleaning ---- */

struct gathering {
    struct rcx_hasher *hasher;
    struct rcx_test_cleaned *out;
};

static enum rcx_status gather(void *context, const struct rcx_table *rows, struct rcx_error *err)
{
    struct gathering *to = context;
    struct rcx_test_cleaned *out = to->out;
    const struct rcx_digest digest = rcx_table_digest(rows);
    const struct rcx_column *c = rows->columns;

    (void)err;
    rcx_hasher_update(to->hasher, &digest, sizeof digest);
    out->rows += rows->rows;
    for (size_t i = 0; i < rows->rows; i++) {
        int64_t quantity = c[RCX_CLEAN_QUANTITY].i64[i];
        int64_t revenue = c[RCX_CLEAN_REVENUE].i64[i];

        assert_int_equal(revenue, quantity * c[RCX_CLEAN_UNIT_PRICE].i64[i]);
        assert_int_equal(c[RCX_CLEAN_ABS_QUANTITY].i64[i], llabs(quantity));
        assert_int_equal(c[RCX_CLEAN_ABS_REVENUE].i64[i], llabs(revenue));
        assert_int_equal(c[RCX_CLEAN_IS_RETURN].booleans[i], quantity < 0);
        out->net += revenue;
        out->gross += quantity > 0 ? revenue : 0;
        out->quantity += quantity;
        out->cancellations += c[RCX_CLEAN_IS_CANCELLATION].booleans[i];
        out->returns += c[RCX_CLEAN_IS_RETURN].booleans[i];
        out->services += c[RCX_CLEAN_IS_SERVICE].booleans[i];
        out->outliers += c[RCX_CLEAN_IS_OUTLIER].booleans[i];
        out->matched += c[RCX_CLEAN_MATCHED_RETURN].booleans[i];
        out->high_returns += c[RCX_CLEAN_HIGH_RETURN_RATE].booleans[i];
    }
    return RCX_OK;
}

void rcx_test_clean(const struct rcx_test_shop *shop, unsigned threads,
                    struct rcx_test_cleaned *out)
{
    struct gathering gathering = {.hasher = rcx_hasher_open(), .out = out};
    struct rcx_error err = {0};
    const struct rcx_clean_run run = {
        .store = shop->store,
        .plan = &shop->plan,
        .parallel = {threads},
        .rows = gather,
        .rows_context = &gathering,
    };

    memset(out, 0, sizeof *out);
    assert_non_null(gathering.hasher);
    if (rcx_clean_run(&run, &out->stats, &err) != RCX_OK)
        fail_msg("%s", err.text);
    out->rows_digest = rcx_hasher_digest(gathering.hasher);
    rcx_hasher_close(gathering.hasher);
}

/* ---- features ---- */

static enum rcx_status take(void *context, size_t snapshot, struct rcx_table *table,
                            struct rcx_error *err)
{
    struct rcx_table *tables = context;

    (void)err;
    tables[snapshot] = *table;
    *table = (struct rcx_table){0};
    return RCX_OK;
}

void rcx_test_features(const struct rcx_test_shop *shop, const rcx_day *days, size_t count,
                       unsigned threads, bool labels, struct rcx_table *out)
{
    struct rcx_label_plan label_plan = rcx_label_plan_of(&shop->config->churn, &shop->config->clv,
                                                         shop->range);
    rcx_day *copy = malloc(count * sizeof *copy);
    struct rcx_error err = {0};
    const struct rcx_snapshots snapshots = {.count = count, .days = copy};
    struct rcx_feature_run_stats stats = {.snapshots = calloc(count, sizeof *stats.snapshots)};
    const struct rcx_feature_run run = {
        .store = shop->store,
        .cfg = &shop->config->features,
        .clean = &shop->plan,
        .snapshots = &snapshots,
        .labels = labels ? &label_plan : NULL,
        .parallel = {threads},
        .sink = take,
        .sink_context = out,
    };

    memcpy(copy, days, count * sizeof *copy);
    if (rcx_feature_run(&run, &stats, &err) != RCX_OK)
        fail_msg("%s", err.text);
    free(stats.snapshots);
    free(copy);
}
