/* The plan: tiers, control group, and sums that close. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "ml/tasks/campaign/campaign.h"
#include "ml/tasks/campaign/control_group.h"

const char *rcx_campaign_fate_text(enum rcx_campaign_fate fate)
{
    static const char *const texts[RCX_FATE_COUNT] = {
        [RCX_FATE_CONTACT] = "contact",
        [RCX_FATE_CONTROL] = "do not contact: held back for comparison (control group)",
        [RCX_FATE_BUDGET] = "no contact: the budget brings more elsewhere",
        [RCX_FATE_NO_GAIN] = "no contact: none is worth its cost",
        [RCX_FATE_SUPPRESSED] = "do not contact: on the suppression list",
        [RCX_FATE_NO_PREDICTION] = "no contact: nothing is predicted",
    };
    return texts[fate];
}

void rcx_campaign_plan_release(struct rcx_campaign_plan *plan)
{
    if (!plan)
        return;
    rcx_free(plan->values);
    rcx_free(plan->fates);
    rcx_free(plan->order);
    rcx_allocation_release(&plan->allocation);
    *plan = (struct rcx_campaign_plan){0};
}

struct rcx_allocation_problem rcx_campaign_problem(const struct rcx_campaign_plan *plan,
                                                   int64_t costs[RCX_TIERS_MOST],
                                                   int64_t capacities[RCX_TIERS_MOST],
                                                   size_t customers, int64_t budget)
{
    const struct rcx_campaign_terms *terms = &plan->terms;
    for (size_t k = 0; k < terms->tier_count; k++) {
        costs[k] = terms->tiers[k].cost;
        capacities[k] = terms->tiers[k].capacity;
    }
    return (struct rcx_allocation_problem){
        .customers = customers,
        .tiers = terms->tier_count,
        .values = plan->values,
        .costs = costs,
        .capacities = capacities,
        .budget = budget < RCX_CAMPAIGN_BUDGET_MOST ? budget : RCX_CAMPAIGN_BUDGET_MOST,
    };
}

/* --- allocation and control group ----------------------------------------------------------------- */

struct draft {
    const struct rcx_campaign_columns *columns;
    const struct rcx_parallel *parallel;
    uint8_t *risks;
    uint64_t *identities;
    uint8_t *control;
};

static void release_draft(struct draft *draft)
{
    rcx_free(draft->risks);
    rcx_free(draft->identities);
    rcx_free(draft->control);
}

static enum rcx_status begin_draft(struct draft *draft, struct rcx_error *err)
{
    const struct rcx_campaign_columns *columns = draft->columns;
    const struct rcx_column *id = columns->id, *risk = columns->risk;
    size_t n = columns->customers;
    draft->risks = rcx_calloc(n + 1, 1);
    draft->control = rcx_calloc(n + 1, 1);
    draft->identities = rcx_malloc_array(n + 1, sizeof *draft->identities);
    if (!draft->risks || !draft->control || !draft->identities)
        return rcx_fail_nomem(err, "control group", n * 10);
    for (size_t i = 0; i < n; i++) {
        if (risk && !rcx_column_is_null(risk, i))
            draft->risks[i] = (uint8_t)(risk->codes[i] % RCX_RISKS_MOST);
        if (id->type == RCX_TYPE_TEXT) {
            struct rcx_text text = rcx_strings_get(id->dictionary, id->codes[i]);
            draft->identities[i] = rcx_hash64(text.data, text.length);
        } else {
            draft->identities[i] = (uint64_t)id->i64[i];
        }
    }
    return RCX_OK;
}

/* By how much the contacts of the allocation overspend, in money and places. */
struct excess {
    int64_t money;
    int64_t places[RCX_TIERS_MOST];
    bool any;
};

static struct excess excess_of(const struct rcx_campaign_plan *plan, const uint8_t *control,
                               size_t customers)
{
    const struct rcx_campaign_terms *terms = &plan->terms;
    struct excess excess = {.money = -terms->budget};
    for (size_t k = 0; k < terms->tier_count; k++)
        excess.places[k] = terms->tiers[k].capacity == RCX_CAPACITY_NONE
                               ? INT64_MIN / 2
                               : -terms->tiers[k].capacity;
    for (size_t i = 0; i < customers; i++) {
        unsigned option = plan->allocation.options[i];
        if (option == 0 || control[i])
            continue;
        excess.money += terms->tiers[option - 1].cost;
        excess.places[option - 1]++;
    }
    excess.any = excess.money > 0;
    for (size_t k = 0; k < terms->tier_count; k++)
        excess.any |= excess.places[k] > 0;
    return excess;
}

static enum rcx_status try_budget(struct rcx_campaign_plan *plan, struct draft *draft,
                                  struct rcx_error *err)
{
    int64_t costs[RCX_TIERS_MOST], capacities[RCX_TIERS_MOST];
    size_t n = draft->columns->customers;
    struct rcx_allocation_problem problem = rcx_campaign_problem(plan, costs, capacities, n,
                                                                 plan->chosen_budget);
    memcpy(capacities, plan->capacities, sizeof capacities);
    rcx_allocation_release(&plan->allocation);
    enum rcx_status status = rcx_allocate(&problem, draft->parallel, &plan->allocation, err);
    if (status != RCX_OK || n == 0)
        return status;
    const struct rcx_control_group group = {
        .customers = n,
        .tiers = plan->terms.tier_count,
        .options = plan->allocation.options,
        .risks = draft->risks,
        .identities = draft->identities,
        .share = plan->terms.control_share,
        .seed = plan->terms.seed,
    };
    return rcx_control_group_draw(&group, draft->control, err);
}

/* The largest budget and capacities to choose for, of which the contacts stay within the real ones:
 * the real ones divided by the share that is contacted, less what rounding makes too much; in the end
 * the real ones themselves, which always do. */
static enum rcx_status allocate(struct rcx_campaign_plan *plan, struct draft *draft,
                                struct rcx_error *err)
{
    enum { TRIES = 6 };
    const struct rcx_campaign_terms *terms = &plan->terms;
    double contacted = 1 - terms->control_share;
    size_t n = draft->columns->customers;
    enum rcx_status status = RCX_OK;
    plan->chosen_budget = (int64_t)floor((double)terms->budget / contacted);
    for (size_t k = 0; k < terms->tier_count; k++)
        plan->capacities[k] = terms->tiers[k].capacity == RCX_CAPACITY_NONE
                                  ? RCX_CAPACITY_NONE
                                  : (int64_t)floor((double)terms->tiers[k].capacity / contacted);
    for (int attempt = 0; attempt < TRIES; attempt++) {
        status = try_budget(plan, draft, err);
        if (status != RCX_OK || n == 0)
            return status;
        struct excess excess = excess_of(plan, draft->control, n);
        if (!excess.any)
            return RCX_OK;
        bool last = attempt == TRIES - 2;
        int64_t less = plan->chosen_budget - (excess.money > 0 ? excess.money : 0);
        plan->chosen_budget = last || less < terms->budget ? terms->budget : less;
        for (size_t k = 0; k < terms->tier_count; k++) {
            int64_t capacity = plan->capacities[k] - (excess.places[k] > 0 ? excess.places[k] : 0);
            if (terms->tiers[k].capacity == RCX_CAPACITY_NONE)
                continue;
            plan->capacities[k] = last || capacity < terms->tiers[k].capacity
                                      ? terms->tiers[k].capacity
                                      : capacity;
        }
    }
    return rcx_fail(err, RCX_E_INTERNAL, "campaign: the plan overspends");
}

/* --- who, in which order, and what comes of it ---------------------------------------------------- */

static enum rcx_campaign_fate fate_of(const struct rcx_campaign_plan *plan,
                                      const struct rcx_campaign_columns *columns,
                                      const uint8_t *suppressed, const uint8_t *control, size_t row)
{
    size_t tiers = plan->terms.tier_count;
    if (plan->allocation.options[row] > 0)
        return control[row] ? RCX_FATE_CONTROL : RCX_FATE_CONTACT;
    if (suppressed && suppressed[row])
        return RCX_FATE_SUPPRESSED;
    if (isnan(columns->churn->reals[row]) || isnan(columns->active->reals[row]) ||
        isnan(columns->lapsed->reals[row]) || isnan(columns->order->reals[row]))
        return RCX_FATE_NO_PREDICTION;
    for (size_t k = 0; k < tiers; k++)
        if (plan->values[row * tiers + k] > 0)
            return RCX_FATE_BUDGET;
    return RCX_FATE_NO_GAIN;
}

struct ranked {
    int64_t value;
    uint32_t row;
    uint8_t control;
};

static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->control != y->control)
        return x->control < y->control ? -1 : 1;
    if (x->value != y->value)
        return x->value > y->value ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static enum rcx_status rank(struct rcx_campaign_plan *plan, size_t customers, struct rcx_error *err)
{
    size_t chosen = plan->contacts + plan->controls, at = 0, tiers = plan->terms.tier_count;
    struct ranked *ranked = rcx_malloc_array(chosen + 1, sizeof *ranked);
    plan->order = rcx_malloc_array(chosen + 1, sizeof *plan->order);
    if (!ranked || !plan->order) {
        rcx_free(ranked);
        return rcx_fail_nomem(err, "campaign plan", chosen * sizeof *ranked);
    }
    for (size_t i = 0; i < customers; i++)
        if (plan->fates[i] <= RCX_FATE_CONTROL)
            ranked[at++] = (struct ranked){
                plan->values[i * tiers + plan->allocation.options[i] - 1u], (uint32_t)i,
                plan->fates[i] == RCX_FATE_CONTROL};
    qsort(ranked, chosen, sizeof *ranked, by_rank);
    for (size_t i = 0; i < chosen; i++)
        plan->order[i] = ranked[i].row;
    rcx_free(ranked);
    return RCX_OK;
}

static void sum(struct rcx_campaign_plan *plan, const struct rcx_campaign_columns *columns)
{
    for (size_t i = 0; i < columns->customers; i++) {
        plan->fate_counts[plan->fates[i]]++;
        if (plan->fates[i] > RCX_FATE_CONTROL)
            continue;
        unsigned tier = plan->allocation.options[i] - 1u;
        bool control = plan->fates[i] == RCX_FATE_CONTROL;
        struct rcx_campaign_parts parts = rcx_campaign_parts_at(&plan->terms, columns, i, tier);
        rcx_campaign_add(control ? &plan->held_back : &plan->total, &parts);
        rcx_campaign_add(control ? &plan->held_back_tiers[tier] : &plan->tiers[tier], &parts);
    }
    plan->contacts = (size_t)plan->fate_counts[RCX_FATE_CONTACT];
    plan->controls = (size_t)plan->fate_counts[RCX_FATE_CONTROL];
}

static enum rcx_status build(struct rcx_campaign_plan *plan, struct draft *draft,
                             const uint8_t *suppressed, struct rcx_error *err)
{
    const struct rcx_campaign_columns *columns = draft->columns;
    enum rcx_status status = begin_draft(draft, err);
    if (status == RCX_OK)
        status = rcx_campaign_values(&plan->terms, columns, suppressed, draft->parallel,
                                     &plan->values, err);
    if (status == RCX_OK)
        status = allocate(plan, draft, err);
    if (status != RCX_OK)
        return status;
    plan->fates = rcx_malloc_array(columns->customers + 1, 1);
    if (!plan->fates)
        return rcx_fail_nomem(err, "campaign plan", columns->customers);
    for (size_t i = 0; i < columns->customers; i++)
        plan->fates[i] = (uint8_t)fate_of(plan, columns, suppressed, draft->control, i);
    sum(plan, columns);
    return rank(plan, columns->customers, err);
}

enum rcx_status rcx_campaign_plan(const struct rcx_campaign_terms *terms,
                                  const struct rcx_campaign_columns *columns,
                                  const uint8_t *suppressed, const struct rcx_parallel *parallel,
                                  struct rcx_campaign_plan *out, struct rcx_error *err)
{
    struct rcx_campaign_plan plan = {.terms = *terms};
    struct draft draft = {.columns = columns, .parallel = parallel};
    enum rcx_status status = build(&plan, &draft, suppressed, err);
    release_draft(&draft);
    if (status != RCX_OK) {
        rcx_campaign_plan_release(&plan);
        return status;
    }
    *out = plan;
    return RCX_OK;
}
