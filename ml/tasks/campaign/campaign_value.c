#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ml/tasks/campaign/campaign.h"

struct rcx_campaign_terms rcx_campaign_terms_of(const struct rcx_cfg_campaign *cfg, uint64_t seed)
{
    struct rcx_campaign_terms terms = {
        .tier_count = cfg->tiers.count,
        .margin = cfg->margin,
        .redemption = cfg->redemption,
        .min_roi = cfg->min_roi,
        .budget = (int64_t)floor(cfg->budget * RCX_CAMPAIGN_UNIT),
        .control_share = cfg->control_share,
        .confidence = cfg->confidence,
        .power = cfg->power,
        .seed = seed,
    };
    for (size_t i = 0; i < cfg->tiers.count; i++) {
        const struct rcx_cfg_tier *from = &cfg->tiers.items[i];
        struct rcx_campaign_tier tier = {
            .name = from->name,
            .action = from->action,
            .cost = (int64_t)nearbyint(from->cost * RCX_CAMPAIGN_UNIT),
            .save_rate = from->save_rate,
            .discount = from->discount,
            .capacity = from->capacity,
        };
        size_t at = i;
        for (; at > 0 && terms.tiers[at - 1].cost > tier.cost; at--)
            terms.tiers[at] = terms.tiers[at - 1];
        terms.tiers[at] = tier;
    }
    return terms;
}

/* --- one customer --------------------------------------------------------------------------------- */

/* To the nearest whole number, ties to even; |x| < 2^51. */
static inline int64_t round_units(double x)
{
    return (int64_t)((x + 0x1.8p52) - 0x1.8p52);
}

/* What does not depend on the customer, in units: multiplied once, so that the value of a tier never
 * falls when its save rate rises. */
struct scaled {
    double margin, discount, loyal, save_rate;
    int64_t cost;
};

static struct scaled scale(const struct rcx_campaign_terms *terms,
                           const struct rcx_campaign_tier *tier)
{
    return (struct scaled){
        .margin = terms->margin * RCX_CAMPAIGN_UNIT,
        .discount = tier->discount * RCX_CAMPAIGN_UNIT,
        .loyal = terms->redemption * tier->discount * RCX_CAMPAIGN_UNIT,
        .save_rate = tier->save_rate,
        .cost = tier->cost,
    };
}

static inline int64_t gain_saved(const struct scaled *tier, double churn, double difference,
                                 double order)
{
    return round_units(churn * (tier->margin * difference - tier->discount * order) *
                       tier->save_rate);
}

static inline int64_t lost_loyal(const struct scaled *tier, double churn, double order)
{
    return round_units((1 - churn) * order * tier->loyal);
}

struct rcx_campaign_parts rcx_campaign_parts_of(const struct rcx_campaign_terms *terms,
                                                const struct rcx_campaign_tier *tier, double churn,
                                                double active, double lapsed, double order)
{
    const struct scaled scaled = scale(terms, tier);
    int64_t saved = gain_saved(&scaled, churn, active - lapsed, order);
    double saves = churn * tier->save_rate;
    struct rcx_campaign_parts parts = {
        .discount_saved = round_units(saves * tier->discount * order * RCX_CAMPAIGN_UNIT),
        .discount_loyal = lost_loyal(&scaled, churn, order),
        .cost = tier->cost,
        .revenue_saved = round_units(saves * (active - lapsed) * RCX_CAMPAIGN_UNIT),
        .saves = round_units(saves * RCX_SAVES_UNIT),
    };
    parts.retained_margin = saved + parts.discount_saved;
    parts.value = saved - parts.discount_loyal - parts.cost;
    return parts;
}

static bool is_known(const struct rcx_campaign_columns *columns, size_t row)
{
    return !isnan(columns->churn->reals[row]) && !isnan(columns->active->reals[row]) &&
           !isnan(columns->lapsed->reals[row]) && !isnan(columns->order->reals[row]);
}

struct rcx_campaign_parts rcx_campaign_parts_at(const struct rcx_campaign_terms *terms,
                                                const struct rcx_campaign_columns *columns,
                                                size_t row, size_t tier)
{
    if (!is_known(columns, row))
        return (struct rcx_campaign_parts){0};
    return rcx_campaign_parts_of(terms, &terms->tiers[tier], columns->churn->reals[row],
                                 columns->active->reals[row], columns->lapsed->reals[row],
                                 columns->order->reals[row]);
}

void rcx_campaign_add(struct rcx_campaign_totals *totals, const struct rcx_campaign_parts *parts)
{
    totals->customers++;
    totals->retained_margin += parts->retained_margin;
    totals->discount_saved += parts->discount_saved;
    totals->discount_loyal += parts->discount_loyal;
    totals->cost += parts->cost;
    totals->value += parts->value;
    totals->revenue_saved += parts->revenue_saved;
    totals->saves += parts->saves;
}

/* --- all customers -------------------------------------------------------------------------------- */

enum { CHUNK = 65536 };

struct compute {
    const struct rcx_campaign_terms *terms;
    const struct rcx_campaign_columns *columns;
    const uint8_t *suppressed;
    struct scaled tiers[RCX_TIERS_MOST];
    int64_t *values;
};

static enum rcx_status compute_chunk(void *context, size_t chunk, unsigned worker,
                                     struct rcx_error *err)
{
    const struct compute *compute = context;
    const struct rcx_campaign_columns *columns = compute->columns;
    size_t tiers = compute->terms->tier_count;
    size_t end = (chunk + 1) * CHUNK < columns->customers ? (chunk + 1) * CHUNK
                                                          : columns->customers;
    (void)worker;
    (void)err;
    for (size_t i = chunk * CHUNK; i < end; i++) {
        double churn = columns->churn->reals[i], order = columns->order->reals[i];
        double difference = columns->active->reals[i] - columns->lapsed->reals[i];
        bool excluded = !is_known(columns, i) || (compute->suppressed && compute->suppressed[i]);
        for (size_t k = 0; k < tiers; k++) {
            const struct scaled *tier = &compute->tiers[k];
            int64_t value = RCX_VALUE_NEVER;
            if (!excluded)
                value = gain_saved(tier, churn, difference, order) -
                        lost_loyal(tier, churn, order) - tier->cost;
            if ((double)value < compute->terms->min_roi * (double)tier->cost)
                value = RCX_VALUE_NEVER;
            compute->values[i * tiers + k] = value;
        }
    }
    return RCX_OK;
}

enum rcx_status rcx_campaign_values(const struct rcx_campaign_terms *terms,
                                    const struct rcx_campaign_columns *columns,
                                    const uint8_t *suppressed, const struct rcx_parallel *parallel,
                                    int64_t **out, struct rcx_error *err)
{
    struct compute compute = {.terms = terms, .columns = columns, .suppressed = suppressed};
    size_t cells = columns->customers * terms->tier_count;
    compute.values = rcx_malloc_array(cells + 1, sizeof *compute.values);
    if (!compute.values)
        return rcx_fail_nomem(err, "campaign values", cells * sizeof *compute.values);
    for (size_t k = 0; k < terms->tier_count; k++)
        compute.tiers[k] = scale(terms, &terms->tiers[k]);
    enum rcx_status status = rcx_parallel_for(parallel, (columns->customers + CHUNK - 1) / CHUNK,
                                              compute_chunk, &compute, err);
    if (status != RCX_OK) {
        rcx_free(compute.values);
        return status;
    }
    *out = compute.values;
    return RCX_OK;
}
