/* Benchmarks of the campaign plan: values of all tiers, and the allocation with its certificate. */
#include "base/memory.h"
#include "base/random.h"
#include "bench/benchmark.h"
#include "ml/tasks/campaign/campaign.h"

enum { STREAM = 0xBE7C };

struct campaign_state {
    struct rcx_table table;
    struct rcx_campaign_columns columns;
    struct rcx_campaign_terms terms;
    struct rcx_parallel parallel;
    int64_t costs[RCX_TIERS_MOST], capacities[RCX_TIERS_MOST];
};

/* Customers as in a shop: lognormal values, any churn probability. */
static enum rcx_status make_customers(struct campaign_state *state, size_t rows, uint64_t seed,
                                      struct rcx_error *err)
{
    static const char *const names[] = {"churn_probability", "value", "value_if_active",
                                        "value_if_lapsed", "expected_order_value"};
    struct rcx_table *table = &state->table;
    table->rows = rows;
    bool ok = rcx_table_add(table, "customer_id", RCX_TYPE_INT64) != NULL;
    for (size_t c = 0; c < 5; c++)
        ok = ok && rcx_table_add(table, names[c], RCX_TYPE_REAL);
    if (!ok)
        return rcx_fail_nomem(err, "benchmark", rows * 48);
    for (size_t i = 0; i < rows; i++) {
        struct rcx_random random = rcx_random_of(seed, STREAM, i);
        double churn = rcx_random_unit(&random);
        double active = rcx_portable_exp(5.5 + 1.2 * rcx_random_normal(&random));
        const double cells[] = {churn, active * (1 - churn), active,
                                active * rcx_random_unit(&random) / 2, active / 4};
        table->columns[0].i64[i] = (int64_t)i;
        for (size_t c = 0; c < 5; c++)
            table->columns[1 + c].reals[i] = cells[c];
    }
    return rcx_campaign_columns_of(table, &state->columns, err);
}

enum rcx_status rcx_bench_campaign_setup(struct rcx_bench_data *data, void **out_state,
                                         struct rcx_error *err)
{
    const struct rcx_bench_data_options *options = rcx_bench_options(data);
    struct campaign_state *state = rcx_calloc(1, sizeof *state);
    if (!state)
        return rcx_fail_nomem(err, "benchmark", sizeof *state);
    *out_state = state;
    state->parallel = options->parallel;
    state->terms = rcx_campaign_terms_of(&options->config->campaign, options->seed);
    state->terms.budget = (int64_t)options->rows *
                          RCX_CAMPAIGN_UNIT; /* one for each customer: binds */
    for (size_t k = 0; k < state->terms.tier_count; k++)
        state->costs[k] = state->terms.tiers[k].cost;
    return make_customers(state, (size_t)options->rows, options->seed, err);
}

/* Few places in all tiers but the cheapest: 1 in 100 customers in the dearest, 1 in 50 in the next. */
enum rcx_status rcx_bench_campaign_places_setup(struct rcx_bench_data *data, void **out_state,
                                                struct rcx_error *err)
{
    enum rcx_status status = rcx_bench_campaign_setup(data, out_state, err);
    if (status != RCX_OK)
        return status;
    struct campaign_state *state = *out_state;
    int64_t places = (int64_t)state->columns.customers / 20;
    for (size_t k = state->terms.tier_count; k-- > 1; places *= 2)
        state->terms.tiers[k].capacity = places / 5;
    return RCX_OK;
}

enum rcx_status rcx_bench_campaign_run(void *context, struct rcx_bench_work *out,
                                       struct rcx_error *err)
{
    struct campaign_state *state = context;
    struct rcx_allocation plan;
    int64_t *values = NULL;
    enum rcx_status status = rcx_campaign_values(&state->terms, &state->columns, NULL,
                                                 &state->parallel, &values, err);
    if (status != RCX_OK)
        return status;
    for (size_t k = 0; k < state->terms.tier_count; k++)
        state->capacities[k] = state->terms.tiers[k].capacity;
    const struct rcx_allocation_problem problem = {.customers = state->columns.customers,
                                                   .tiers = state->terms.tier_count,
                                                   .values = values,
                                                   .costs = state->costs,
                                                   .capacities = state->capacities,
                                                   .budget = state->terms.budget};
    status = rcx_allocate(&problem, &state->parallel, &plan, err);
    if (status == RCX_OK)
        rcx_allocation_release(&plan);
    rcx_free(values);
    *out = (struct rcx_bench_work){.items = state->columns.customers};
    return status;
}

void rcx_bench_campaign_teardown(void *context)
{
    struct campaign_state *state = context;
    if (state)
        rcx_table_release(&state->table);
    rcx_free(state);
}
