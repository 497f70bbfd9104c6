/* What the plan rests on: nothing of it is known before a campaign was measured.
 *
 * With the chosen customers and tiers as they are, the plan's value is linear in each assumption's
 * factor f, so the break-even factor is a quotient. Churn probabilities stop at 1, so what the plan
 * brings when they are higher is summed up anew. Save rates and shares are not cut at 1. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ml/tasks/campaign/campaign_tables.h"
#include "ml/tasks/campaign/table_columns.h"

enum assumption { SAVE_RATE, MARGIN, VALUE, CHURN, REDEMPTION, DISCOUNT, COST, ASSUMPTIONS };

static const char *const assumption_names[ASSUMPTIONS] = {
    "save_rate", "margin", "value_of_staying", "churn_probability", "redemption",
    "discount",  "cost"};

static const char *const meanings[ASSUMPTIONS] = {
    [SAVE_RATE] = "share of would-be churners whom the contact keeps",
    [MARGIN] = "share of revenue that is earned",
    [VALUE] = "revenue of a customer who stays, beyond that of one who leaves",
    [CHURN] = "how likely customers are to leave without a contact",
    [REDEMPTION] = "share of loyal customers who take the discount too",
    [DISCOUNT] = "price reduction on the next order",
    [COST] = "what a contact costs",
};

/* The plan's value with the factor `f` on one assumption, of the sums of its parts. */
static double value_at(const struct rcx_campaign_totals *t, enum assumption assumption, double f)
{
    double retained = (double)t->retained_margin, saved = (double)t->discount_saved,
           loyal = (double)t->discount_loyal, cost = (double)t->cost;
    switch (assumption) {
    case SAVE_RATE:
        return f * (retained - saved) - loyal - cost;
    case MARGIN:
    case VALUE: /* what staying is worth, v1 - v0: enters with the margin */
        return f * retained - saved - loyal - cost;
    case REDEMPTION:
        return retained - saved - f * loyal - cost;
    case DISCOUNT:
        return retained - f * (saved + loyal) - cost;
    case COST:
        return retained - saved - loyal - f * cost;
    case CHURN:
    case ASSUMPTIONS:
        break;
    }
    return NAN;
}

/* The factor at which the value is zero; NaN: none above zero. */
static double break_even(const struct rcx_campaign_totals *totals, enum assumption assumption)
{
    double at_zero = value_at(totals, assumption, 0);
    double slope = value_at(totals, assumption, 1) - at_zero;
    double factor = -at_zero / slope;
    return slope != 0 && factor >= 0 ? factor : NAN;
}

double rcx_campaign_break_even_saves(const struct rcx_campaign_plan *plan)
{
    return break_even(&plan->total, SAVE_RATE);
}

/* --- churn probabilities -------------------------------------------------------------------------- */

struct scope {
    const struct rcx_campaign_plan *plan;
    const struct rcx_campaign_columns *columns;
    size_t tier; /* tier_count: all */
};

/* In units of 10^-4, sums of reals in the order of the plan. */
static double value_with_churn(const struct scope *scope, double factor)
{
    const struct rcx_campaign_plan *plan = scope->plan;
    double sum = 0;
    for (size_t i = 0; i < plan->contacts; i++) {
        size_t row = plan->order[i], tier = plan->allocation.options[row] - 1u;
        if (scope->tier < plan->terms.tier_count && tier != scope->tier)
            continue;
        double churn = factor * scope->columns->churn->reals[row];
        struct rcx_campaign_parts parts = rcx_campaign_parts_of(
            &plan->terms, &plan->terms.tiers[tier], churn < 1 ? churn : 1,
            scope->columns->active->reals[row], scope->columns->lapsed->reals[row],
            scope->columns->order->reals[row]);
        sum += (double)parts.value;
    }
    return sum;
}

/* Up to a factor of 1 no probability is cut, so there the value is linear, too. */
static double break_even_churn(const struct scope *scope)
{
    double low = value_with_churn(scope, 0), high = value_with_churn(scope, 1);
    return low < 0 && high >= 0 ? low / (low - high) : NAN;
}

/* --- the table ------------------------------------------------------------------------------------ */

/* The assumed value itself; NaN when it differs from customer to customer. */
static double assumed(const struct scope *scope, enum assumption assumption)
{
    const struct rcx_campaign_terms *terms = &scope->plan->terms;
    bool one = scope->tier < terms->tier_count;
    switch (assumption) {
    case MARGIN:
        return terms->margin;
    case REDEMPTION:
        return terms->redemption;
    case SAVE_RATE:
        return one ? terms->tiers[scope->tier].save_rate : NAN;
    case DISCOUNT:
        return one ? terms->tiers[scope->tier].discount : NAN;
    case COST:
        return one ? rcx_campaign_money(terms->tiers[scope->tier].cost) : NAN;
    case VALUE:
    case CHURN:
    case ASSUMPTIONS:
        break;
    }
    return NAN;
}

struct sheet {
    struct rcx_columns *columns;
    struct rcx_column *scope, *name, *meaning, *assumed, *factor, *at, *now, *less, *more;
};

/* Shares that would have to be above 1 can never cost the plan its value. */
static bool is_possible(enum assumption assumption, double value)
{
    return (assumption != REDEMPTION && assumption != DISCOUNT) || value <= 1;
}

static void put_row(const struct sheet *to, size_t row, const struct scope *scope,
                    enum assumption assumption)
{
    const struct rcx_campaign_plan *plan = scope->plan;
    const struct rcx_campaign_totals *totals = scope->tier < plan->terms.tier_count
                                                   ? &plan->tiers[scope->tier]
                                                   : &plan->total;
    bool churn = assumption == CHURN;
    double factor = churn ? break_even_churn(scope) : break_even(totals, assumption);
    to->scope->codes[row] = (uint32_t)scope->tier;
    to->name->codes[row] = (uint32_t)assumption;
    to->meaning->codes[row] = (uint32_t)assumption;
    double present = assumed(scope, assumption), at = factor * present;
    rcx_columns_round(to->columns, to->assumed, row, present);
    rcx_columns_round(to->columns, to->factor, row, factor);
    rcx_columns_round(to->columns, to->at, row, is_possible(assumption, at) ? at : NAN);
    to->now->i64[row] = (int64_t)totals->value;
    to->less->i64[row] = llround(churn ? value_with_churn(scope, 0.8)
                                       : value_at(totals, assumption, 0.8));
    to->more->i64[row] = llround(churn ? value_with_churn(scope, 1.2)
                                       : value_at(totals, assumption, 1.2));
}

static void add_columns(struct rcx_columns *columns, const struct rcx_campaign_terms *terms)
{
    const char *scopes[RCX_TIERS_MOST + 1];
    for (size_t k = 0; k < terms->tier_count; k++)
        scopes[k] = terms->tiers[k].name;
    scopes[terms->tier_count] = "plan";
    (void)rcx_columns_texts(columns, "scope", scopes, terms->tier_count + 1);
    (void)rcx_columns_texts(columns, "assumption", assumption_names, ASSUMPTIONS);
    (void)rcx_columns_texts(columns, "meaning", meanings, ASSUMPTIONS);
    (void)rcx_columns_decimal(columns, "assumed", RCX_CAMPAIGN_PLACES);
    (void)rcx_columns_decimal(columns, "break_even_factor", 6);
    (void)rcx_columns_decimal(columns, "break_even", 6);
    (void)rcx_columns_decimal(columns, "expected_value", RCX_CAMPAIGN_PLACES);
    (void)rcx_columns_decimal(columns, "expected_value_minus_20_pct", RCX_CAMPAIGN_PLACES);
    (void)rcx_columns_decimal(columns, "expected_value_plus_20_pct", RCX_CAMPAIGN_PLACES);
}

enum rcx_status rcx_campaign_assumptions(const struct rcx_campaign_plan *plan,
                                         const struct rcx_campaign_columns *columns,
                                         struct rcx_table *out, struct rcx_error *err)
{
    size_t tiers = plan->terms.tier_count;
    struct rcx_columns to = {.table = out};
    *out = (struct rcx_table){.rows = (tiers + 1) * ASSUMPTIONS};
    add_columns(&to, &plan->terms);
    if (to.failed) {
        rcx_table_release(out);
        return rcx_fail_nomem(err, "assumption sheet", 0);
    }
    struct rcx_column *c = out->columns;
    struct sheet sheet = {&to, &c[0], &c[1], &c[2], &c[3], &c[4], &c[5], &c[6], &c[7], &c[8]};
    for (size_t s = 0, row = 0; s <= tiers; s++) {
        struct scope scope = {plan, columns, s == 0 ? tiers : s - 1}; /* the whole plan first */
        for (int a = 0; a < ASSUMPTIONS; a++)
            put_row(&sheet, row++, &scope, (enum assumption)a);
    }
    if (!to.failed)
        return RCX_OK;
    rcx_table_release(out);
    return rcx_fail_nomem(err, "assumption sheet", 0);
}
