#include "ml/btyd/btyd_judge.h"

#include <math.h>

#include "base/memory.h"
#include "base/radix.h"

enum { CLASSES = 8, BINS = 10 };

void rcx_btyd_judgement_release(struct rcx_btyd_judgement *judgement)
{
    rcx_table_release(&judgement->by_frequency);
    rcx_table_release(&judgement->by_week);
    rcx_table_release(&judgement->calibration);
}

/* Rows of a class, a week or a bin. */
struct line {
    double key, customers, actual, expected;
};

static bool make_table(struct rcx_table *table, const char *key, const struct line *lines,
                       size_t count, bool with_customers)
{
    const char *const names[] = {key, "customers", "actual", "expected"};
    struct rcx_column *columns[4] = {NULL};
    if (!rcx_table_resize(table, count))
        return false;
    for (size_t c = 0; c < 4; c++) {
        if (c == 1 && !with_customers)
            continue;
        if (!rcx_table_add(table, names[c], c < 2 ? RCX_TYPE_INT64 : RCX_TYPE_REAL))
            return false;
    }
    for (size_t c = 0; c < 4; c++)
        columns[c] = rcx_table_find(table, names[c]);
    for (size_t i = 0; i < count; i++) {
        columns[0]->i64[i] = (int64_t)lines[i].key;
        if (columns[1])
            columns[1]->i64[i] = (int64_t)lines[i].customers;
        columns[2]->reals[i] = lines[i].actual;
        columns[3]->reals[i] = lines[i].expected;
    }
    return true;
}

static void add(struct line *line, double actual, double expected)
{
    line->customers++;
    line->actual += actual;
    line->expected += expected;
}

static void divide(struct line *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        lines[i].actual /= lines[i].customers;
        lines[i].expected /= lines[i].customers;
    }
}

static bool judge_frequency(const double *frequency, const double *actual, const double *expected,
                            size_t count, struct rcx_btyd_judgement *out)
{
    struct line all[CLASSES] = {0};
    struct line lines[CLASSES];
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        size_t class = frequency[i] < CLASSES - 1 ? (size_t)frequency[i] : CLASSES - 1;
        add(&all[class], actual[i], expected[i]);
        out->actual += actual[i];
        out->expected += expected[i];
        out->mean_absolute_error += fabs(actual[i] - expected[i]) / (double)count;
    }
    for (size_t k = 0; k < CLASSES; k++) {
        all[k].key = (double)k;
        if (all[k].customers > 0)
            lines[used++] = all[k];
    }
    divide(lines, used);
    return make_table(&out->by_frequency, "frequency", lines, used, true);
}

/* Ten groups of equal size by rising probability. */
static bool judge_silence(const double *actual, const double *silent, size_t count,
                          struct rcx_btyd_judgement *out)
{
    struct rcx_radix_item *items = rcx_malloc_array(count, 2 * sizeof *items);
    struct line lines[BINS] = {0};
    size_t bins = count < BINS ? count : BINS;
    if (!items)
        return false;
    for (size_t i = 0; i < count; i++) /* 2^52: finer than any difference that matters */
        items[i] = (struct rcx_radix_item){(uint64_t)(silent[i] * 0x1p52), (uint32_t)i, 0};
    rcx_radix_sort(items, items + count, count);
    for (size_t i = 0; i < count; i++) {
        uint32_t customer = items[i].payload;
        add(&lines[i * bins / count], actual[customer] == 0, silent[customer]);
    }
    for (size_t b = 0; b < bins; b++)
        lines[b].key = (double)b + 1;
    divide(lines, bins);
    rcx_free(items);
    return make_table(&out->calibration, "group", lines, bins, true);
}

static enum rcx_status judge_weeks(const struct rcx_btyd_fit *fit,
                                   const struct rcx_btyd_groups *groups,
                                   const struct rcx_btyd_holdout *holdout, double *scratch,
                                   const struct rcx_parallel *parallel,
                                   struct rcx_btyd_judgement *out, struct rcx_error *err)
{
    struct line *lines = rcx_calloc(holdout->weeks + 1, sizeof *lines);
    enum rcx_status status = lines ? RCX_OK : rcx_fail_nomem(err, "weeks", holdout->weeks);
    double actual = 0;
    for (size_t w = 0; w < holdout->weeks && status == RCX_OK; w++) {
        const struct rcx_btyd_request request = {
            .quantity = RCX_BTYD_PURCHASES, .horizon = (double)w + 1, .out = scratch};
        status = rcx_btyd_predict(fit, groups, &request, 1, parallel, err);
        actual += holdout->by_week[w];
        lines[w] = (struct line){.key = (double)w + 1, .actual = actual};
        for (size_t i = 0; i < rcx_btyd_groups_customers(groups) && status == RCX_OK; i++)
            lines[w].expected += scratch[i];
    }
    if (status == RCX_OK && !make_table(&out->by_week, "week", lines, holdout->weeks, false))
        status = rcx_fail_nomem(err, "weeks", holdout->weeks);
    rcx_free(lines);
    return status;
}

enum rcx_status rcx_btyd_judge(const struct rcx_btyd_fit *fit, const struct rcx_btyd_groups *groups,
                               const double *frequency, const struct rcx_btyd_holdout *holdout,
                               const struct rcx_parallel *parallel, struct rcx_btyd_judgement *out,
                               struct rcx_error *err)
{
    size_t count = rcx_btyd_groups_customers(groups);
    struct rcx_btyd_judgement judgement = {0};
    if (count == 0)
        return rcx_fail(err, RCX_E_INPUT, "no customers to judge the fit by");
    double *columns = rcx_malloc_array(2 * count, sizeof *columns);
    if (!columns)
        return rcx_fail_nomem(err, "judgement", 2 * count * sizeof *columns);
    double *expected = columns;
    double *silent = columns + count;
    const struct rcx_btyd_request requests[] = {
        {.quantity = RCX_BTYD_PURCHASES, .horizon = holdout->length, .out = expected},
        {.quantity = RCX_BTYD_P_NO_PURCHASE, .horizon = holdout->length, .out = silent}};
    enum rcx_status status = rcx_btyd_predict(fit, groups, requests, 2, parallel, err);
    if (status == RCX_OK &&
        (!judge_frequency(frequency, holdout->purchases, expected, count, &judgement) ||
         !judge_silence(holdout->purchases, silent, count, &judgement)))
        status = rcx_fail_nomem(err, "judgement", count * sizeof *columns);
    if (status == RCX_OK)
        status = judge_weeks(fit, groups, holdout, expected, parallel, &judgement, err);
    rcx_free(columns);
    if (status == RCX_OK)
        *out = judgement;
    else
        rcx_btyd_judgement_release(&judgement);
    return status;
}
