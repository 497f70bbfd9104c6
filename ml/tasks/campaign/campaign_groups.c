/* The plan by tier, risk level and segment. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ml/tasks/campaign/campaign_tables.h"
#include "ml/tasks/campaign/table_columns.h"

static const char no_name[] = "(none)";

struct group {
    char *name; /* owned */
    uint64_t customers, predicted, controls;
    double churn, value, at_risk; /* sums over the predicted, in the order of the table */
    struct rcx_campaign_totals contacts;
    uint64_t tiers[RCX_TIERS_MOST];
};

struct groups {
    struct group *items; /* the last one is of those without a name */
    size_t count;
};

static void release(struct groups *groups)
{
    for (size_t g = 0; groups->items && g < groups->count; g++)
        rcx_free(groups->items[g].name);
    rcx_free(groups->items);
}

static bool name_groups(struct groups *groups, const struct rcx_column *by)
{
    groups->count = (by ? by->dictionary->count : 0) + (size_t)1;
    groups->items = rcx_calloc(groups->count, sizeof *groups->items);
    if (!groups->items)
        return false;
    for (size_t g = 0; g < groups->count; g++) {
        struct rcx_text text = {no_name, sizeof no_name - 1};
        if (g + 1 < groups->count)
            text = rcx_strings_get(by->dictionary, (uint32_t)g);
        groups->items[g].name = rcx_strndup(text.data, text.length);
        if (!groups->items[g].name)
            return false;
    }
    return true;
}

/* An empty text is no name. */
static size_t group_of(const struct groups *groups, const struct rcx_column *by, size_t row)
{
    size_t last = groups->count - 1;
    if (!by || rcx_column_is_null(by, row) || groups->items[by->codes[row]].name[0] == '\0')
        return last;
    return by->codes[row];
}

static void add_customer(struct group *group, const struct rcx_campaign_plan *plan,
                         const struct rcx_campaign_columns *columns, size_t row)
{
    double churn = columns->churn->reals[row], value = columns->value->reals[row];
    group->customers++;
    if (!isnan(churn) && !isnan(value)) {
        double lost = churn * (columns->active->reals[row] - columns->lapsed->reals[row]);
        group->predicted++;
        group->churn += churn;
        group->value += value;
        group->at_risk += isnan(lost) ? 0 : lost;
    }
    group->controls += plan->fates[row] == RCX_FATE_CONTROL;
    if (plan->fates[row] != RCX_FATE_CONTACT)
        return;
    unsigned tier = plan->allocation.options[row] - 1u;
    struct rcx_campaign_parts parts = rcx_campaign_parts_at(&plan->terms, columns, row, tier);
    rcx_campaign_add(&group->contacts, &parts);
    group->tiers[tier]++;
}

static int by_size(const void *a, const void *b)
{
    const struct group *x = a, *y = b;
    if (x->customers != y->customers)
        return x->customers > y->customers ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Groups of a text column, the largest first; empty ones left out. */
static enum rcx_status group_by(const struct rcx_campaign_plan *plan,
                                const struct rcx_campaign_columns *columns,
                                const struct rcx_column *by, struct groups *out,
                                struct rcx_error *err)
{
    size_t kept = 0;
    if (!name_groups(out, by))
        return rcx_fail_nomem(err, "campaign groups", out->count * sizeof *out->items);
    for (size_t i = 0; i < columns->customers; i++)
        add_customer(&out->items[group_of(out, by, i)], plan, columns, i);
    qsort(out->items, out->count, sizeof *out->items, by_size);
    for (size_t g = 0; g < out->count; g++) {
        if (out->items[g].customers > 0)
            kept = g + 1;
        else
            rcx_free(out->items[g].name);
    }
    out->count = kept;
    return RCX_OK;
}

/* --- segment profiles ----------------------------------------------------------------------------- */

static const char *main_tier(const struct rcx_campaign_plan *plan, const struct group *group)
{
    size_t most = 0;
    for (size_t k = 1; k < plan->terms.tier_count; k++)
        if (group->tiers[k] > group->tiers[most])
            most = k;
    return group->contacts.customers > 0 ? plan->terms.tiers[most].name : "";
}

static void add_profile_columns(struct rcx_columns *to)
{
    static const struct {
        const char *name;
        unsigned places; /* 0: a whole number */
    } columns[] = {{"customers", 0},
                   {"share_pct", 2},
                   {"mean_churn_probability", 4},
                   {"mean_value", 2},
                   {"total_value", 2},
                   {"value_at_risk", 2},
                   {"contacts", 0},
                   {"controls", 0},
                   {"cost", RCX_CAMPAIGN_PLACES},
                   {"expected_value", RCX_CAMPAIGN_PLACES},
                   {"roi_pct", 2}};
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++)
        (void)(columns[c].places == 0
                   ? rcx_columns_add(to, columns[c].name, RCX_TYPE_INT64)
                   : rcx_columns_decimal(to, columns[c].name, columns[c].places));
}

static void put_profile(struct rcx_columns *to, size_t row, const struct group *group,
                        size_t customers)
{
    struct rcx_column *c = to->table->columns + 2; /* after segment and main_tier */
    double predicted = group->predicted > 0 ? (double)group->predicted : NAN;
    c[0].i64[row] = (int64_t)group->customers;
    rcx_columns_round(to, &c[1], row, 100 * (double)group->customers / (double)customers);
    rcx_columns_round(to, &c[2], row, group->churn / predicted);
    rcx_columns_round(to, &c[3], row, group->value / predicted);
    rcx_columns_round(to, &c[4], row, group->value);
    rcx_columns_round(to, &c[5], row, group->at_risk);
    c[6].i64[row] = (int64_t)group->contacts.customers;
    c[7].i64[row] = (int64_t)group->controls;
    c[8].i64[row] = (int64_t)group->contacts.cost;
    c[9].i64[row] = (int64_t)group->contacts.value;
    rcx_columns_round(to, &c[10], row,
                      rcx_campaign_roi_pct(group->contacts.value, group->contacts.cost));
}

static enum rcx_status put_profiles(const struct rcx_campaign_plan *plan,
                                    const struct groups *groups, size_t customers,
                                    struct rcx_table *out, struct rcx_error *err)
{
    const char **texts = rcx_malloc_array(groups->count + 1, sizeof *texts);
    struct rcx_columns to = {.table = out, .failed = !texts};
    *out = (struct rcx_table){.rows = groups->count};
    for (size_t g = 0; texts && g < groups->count; g++)
        texts[g] = groups->items[g].name;
    struct rcx_column *names = texts ? rcx_columns_texts(&to, "segment", texts, groups->count)
                                     : NULL;
    for (size_t g = 0; names && g < groups->count; g++) {
        names->codes[g] = (uint32_t)g;
        texts[g] = main_tier(plan, &groups->items[g]);
    }
    struct rcx_column *tiers = names ? rcx_columns_texts(&to, "main_tier", texts, groups->count)
                                     : NULL;
    for (size_t g = 0; tiers && g < groups->count; g++) {
        tiers->codes[g] = (uint32_t)g;
        if (texts[g][0] == '\0')
            rcx_columns_null(&to, tiers, g);
    }
    add_profile_columns(&to);
    rcx_free(texts);
    for (size_t g = 0; g < groups->count && !to.failed; g++)
        put_profile(&to, g, &groups->items[g], customers);
    if (!to.failed)
        return RCX_OK;
    rcx_table_release(out);
    return rcx_fail_nomem(err, "segment profiles", 0);
}

enum rcx_status rcx_campaign_segments(const struct rcx_campaign_plan *plan,
                                      const struct rcx_campaign_columns *columns,
                                      struct rcx_table *out, struct rcx_error *err)
{
    struct groups groups = {0};
    enum rcx_status status = group_by(plan, columns, columns->segment, &groups, err);
    if (status == RCX_OK)
        status = put_profiles(plan, &groups, columns->customers, out, err);
    release(&groups);
    return status;
}

/* --- impact --------------------------------------------------------------------------------------- */

enum { TOTAL, TIER, RISK, SEGMENT, DIMENSIONS };
static const char *const dimension_names[DIMENSIONS] = {"total", "tier", "risk_level", "segment"};

/* One line of the analysis, before it is a row. */
struct line {
    uint32_t dimension;
    const char *name;
    uint64_t controls;
    const struct rcx_campaign_totals *contacts;
};

static enum rcx_status put_impact(const struct line *lines, size_t count, struct rcx_table *out,
                                  struct rcx_error *err)
{
    enum { SUMS = 7 };
    static const char *const sums[SUMS] = {
        "cost",           "expected_saves", "expected_revenue_saved", "retained_margin",
        "discount_saved", "discount_loyal", "expected_value"};
    const char **texts = rcx_malloc_array(count + 1, sizeof *texts);
    struct rcx_columns to = {.table = out, .failed = !texts};
    *out = (struct rcx_table){.rows = count};
    for (size_t i = 0; texts && i < count; i++)
        texts[i] = lines[i].name;
    (void)(to.failed ? NULL : rcx_columns_texts(&to, "dimension", dimension_names, DIMENSIONS));
    (void)(to.failed ? NULL : rcx_columns_texts(&to, "name", texts, count));
    (void)rcx_columns_add(&to, "contacts", RCX_TYPE_INT64);
    (void)rcx_columns_add(&to, "controls", RCX_TYPE_INT64);
    for (size_t s = 0; s < SUMS; s++)
        (void)rcx_columns_decimal(&to, sums[s], s == 1 ? RCX_SAVES_PLACES : RCX_CAMPAIGN_PLACES);
    (void)rcx_columns_decimal(&to, "roi_pct", 2);
    rcx_free(texts);
    for (size_t i = 0; i < count && !to.failed; i++) {
        const struct rcx_campaign_totals *t = lines[i].contacts;
        const rcx_i128 cells[SUMS] = {
            t->cost,           t->saves,          t->revenue_saved, t->retained_margin,
            t->discount_saved, t->discount_loyal, t->value};
        out->columns[0].codes[i] = lines[i].dimension;
        out->columns[1].codes[i] = (uint32_t)i;
        out->columns[2].i64[i] = (int64_t)t->customers;
        out->columns[3].i64[i] = (int64_t)lines[i].controls;
        for (size_t s = 0; s < SUMS; s++)
            out->columns[4 + s].i64[i] = (int64_t)cells[s];
        rcx_columns_round(&to, &out->columns[4 + SUMS], i, rcx_campaign_roi_pct(t->value, t->cost));
    }
    if (!to.failed)
        return RCX_OK;
    rcx_table_release(out);
    return rcx_fail_nomem(err, "impact analysis", 0);
}

static size_t put_lines(const struct groups *groups, uint32_t dimension, struct line *lines)
{
    for (size_t g = 0; g < groups->count; g++)
        lines[g] = (struct line){dimension, groups->items[g].name, groups->items[g].controls,
                                 &groups->items[g].contacts};
    return groups->count;
}

enum rcx_status rcx_campaign_impact(const struct rcx_campaign_plan *plan,
                                    const struct rcx_campaign_columns *columns,
                                    struct rcx_table *out, struct rcx_error *err)
{
    struct groups risks = {0}, segments = {0};
    struct line *lines = NULL;
    size_t count = 0;
    enum rcx_status status = group_by(plan, columns, columns->risk, &risks, err);
    if (status == RCX_OK)
        status = group_by(plan, columns, columns->segment, &segments, err);
    if (status != RCX_OK)
        goto done;
    lines = rcx_malloc_array(1 + plan->terms.tier_count + risks.count + segments.count,
                             sizeof *lines);
    if (!lines) {
        status = rcx_fail_nomem(err, "impact analysis", 0);
        goto done;
    }
    lines[count++] = (struct line){TOTAL, "all", plan->held_back.customers, &plan->total};
    for (size_t k = 0; k < plan->terms.tier_count; k++)
        lines[count++] = (struct line){TIER, plan->terms.tiers[k].name,
                                       plan->held_back_tiers[k].customers, &plan->tiers[k]};
    count += put_lines(&risks, RISK, lines + count);
    count += put_lines(&segments, SEGMENT, lines + count);
    status = put_impact(lines, count, out, err);
done:
    rcx_free(lines);
    release(&risks);
    release(&segments);
    return status;
}
