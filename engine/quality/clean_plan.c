#include "engine/quality/clean_plan.h"

#include <math.h>
#include <string.h>

#include "base/decimal.h"
#include "base/memory.h"
#include "engine/quality/outlier_fit.h"

/* `value` in units of 10^-places. Rounded when it is a unit but for the error of its double,
 * else the next unit above. */
int64_t rcx_units_of(double value, unsigned places)
{
    double scaled = value * (double)rcx_pow10(places);
    double nearest = nearbyint(scaled);
    if (fabs(scaled - nearest) <= 1e-6)
        scaled = nearest;
    if (scaled >= 9.2e18)
        return INT64_MAX;
    return (int64_t)ceil(scaled);
}

static bool has_prefix_nocase(struct rcx_text text, const char *prefix, size_t length)
{
    if (text.length < length)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (rcx_ascii_lower(text.data[i]) != rcx_ascii_lower(prefix[i]))
            return false;
    }
    return true;
}

/* The original system asks for the prefix only. */
static bool looks_like_cancellation(struct rcx_text number, const char *prefix, bool prefix_only)
{
    size_t length = strlen(prefix);
    if (!has_prefix_nocase(number, prefix, length))
        return false;
    if (prefix_only)
        return true;
    for (size_t i = length; i < number.length; i++) {
        if (number.data[i] < '0' || number.data[i] > '9')
            return false;
    }
    return number.length > length;
}

static bool is_service_code(struct rcx_text code, const struct rcx_cfg_list *codes)
{
    for (size_t i = 0; i < codes->count; i++) {
        if (rcx_text_equal_nocase(code, codes->items[i]))
            return true;
    }
    return false;
}

static void fill_tables(struct rcx_clean_plan *plan, const struct rcx_cfg_cleaning *cfg,
                        const struct rcx_strings *invoices, const struct rcx_strings *stocks)
{
    bool original = plan->definitions == RCX_DEFINITIONS_ORIGINAL;
    for (uint32_t i = 0; i < invoices->count; i++) {
        uint64_t bit = looks_like_cancellation(rcx_strings_get(invoices, i),
                                               cfg->cancellation_prefix, original);
        plan->cancellation_bits[i / 64] |= bit << i % 64;
    }
    for (uint32_t i = 0; i < stocks->count; i++) {
        plan->is_service[i] = is_service_code(rcx_strings_get(stocks, i), &cfg->service_codes);
        /* Code 0, the empty text, is there only when the data have no stock codes at all. */
        plan->is_product[i] = i != 0 && (original || !plan->is_service[i]);
    }
}

enum rcx_status rcx_clean_plan_init(const struct rcx_cfg_cleaning *cfg,
                                    enum rcx_definitions definitions,
                                    const struct rcx_decisions *decisions,
                                    const struct rcx_strings *invoices,
                                    const struct rcx_strings *stocks, struct rcx_clean_plan *out,
                                    struct rcx_error *err)
{
    bool original = definitions == RCX_DEFINITIONS_ORIGINAL;
    struct rcx_row_limits limits = {
        .stock_required = (decisions->field_mask >> RCX_FIELD_STOCK_CODE & 1) != 0,
        .min_price = rcx_units_of(cfg->min_unit_price, decisions->price_decimals),
        .max_abs_quantity = rcx_units_of((double)cfg->max_abs_quantity,
                                         decisions->quantity_decimals),
        .price_max = INT64_MAX,
        .quantity_min = 0,
        .quantity_max = INT64_MAX,
    };
    struct rcx_clean_plan plan = {
        .definitions = definitions,
        .limits = limits,
        .learned = limits,
        .description_required = cfg->require_description &&
                                (decisions->field_mask >> RCX_FIELD_DESCRIPTION & 1) != 0,
        .drop_duplicates = cfg->drop_exact_duplicates && !original,
        .match_cancellations = cfg->outliers_matched_cancellations && !original,
        .flag_outliers = cfg->outliers_action == RCX_OUTLIERS_FLAG,
        .fit = original ? RCX_OUTLIERS_FIT_ALL : cfg->outliers_fit,
        .quantity_scale = original ? RCX_QUANTITY_SCALE_LINEAR : cfg->outliers_quantity_scale,
        .fit_days = cfg->outliers_fit_days,
        .min_fit_rows = cfg->outliers_min_fit_rows,
        .price_percentile_e6 = llround(cfg->outliers_price_percentile * 1e6),
        .quantity_iqr_e6 = llround(cfg->outliers_quantity_iqr * 1e6),
        .min_rows = cfg->customers_min_rows,
        .high_return_rate = cfg->customers_high_return_rate,
        .price_decimals = decisions->price_decimals,
        .quantity_decimals = decisions->quantity_decimals,
        .invoice_count = invoices->count,
        .stock_count = stocks->count,
    };
    plan.cancellation_bits = rcx_calloc((size_t)invoices->count / 64 + 1, sizeof(uint64_t));
    plan.is_service = rcx_calloc((size_t)stocks->count + 1, 1);
    plan.is_product = rcx_calloc((size_t)stocks->count + 1, 1);
    if (!plan.cancellation_bits || !plan.is_service || !plan.is_product) {
        rcx_clean_plan_release(&plan);
        return rcx_fail_nomem(err, "cleaning tables", (size_t)invoices->count + stocks->count);
    }
    fill_tables(&plan, cfg, invoices, stocks);
    *out = plan;
    return RCX_OK;
}

void rcx_clean_plan_release(struct rcx_clean_plan *plan)
{
    rcx_free(plan->cancellation_bits);
    rcx_free(plan->is_service);
    rcx_free(plan->is_product);
    *plan = (struct rcx_clean_plan){0};
}

void rcx_clean_plan_set_outliers(struct rcx_clean_plan *plan, const struct rcx_outlier_fit *fit)
{
    if (!fit->applied)
        return;
    plan->learned.price_max = fit->price_max;
    plan->learned.quantity_min = fit->quantity_min;
    plan->learned.quantity_max = fit->quantity_max;
    if (!plan->flag_outliers)
        plan->limits = plan->learned;
}

bool rcx_clean_rule_enabled(const struct rcx_clean_plan *plan, enum rcx_clean_rule rule)
{
    if (rule == RCX_RULE_NULL_STOCK_CODE)
        return plan->limits.stock_required;
    if (rule == RCX_RULE_NULL_DESCRIPTION)
        return plan->description_required;
    if (rule == RCX_RULE_EXACT_DUPLICATE)
        return plan->drop_duplicates;
    if (rule == RCX_RULE_MATCHED_CANCELLATION)
        return plan->match_cancellations && !plan->flag_outliers;
    if (rule == RCX_RULE_PRICE_OUTLIER || rule == RCX_RULE_QUANTITY_OUTLIER)
        return !plan->flag_outliers;
    return rule != RCX_RULE_KEPT;
}
