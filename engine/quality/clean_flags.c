#include "engine/quality/clean_flags.h"

#include <string.h>

#include "base/decimal.h"
#include "base/memory.h"
#include "engine/quality/clean_kernels.h"

void rcx_clean_flags_release(struct rcx_clean_flags *flags)
{
    rcx_free(flags->flags);
    rcx_free(flags->learned);
    rcx_free(flags->invoices);
    rcx_free(flags->spare);
    *flags = (struct rcx_clean_flags){0};
}

static enum rcx_status reserve(struct rcx_clean_flags *flags, const struct rcx_batch *batch,
                               struct rcx_error *err)
{
    if (batch->rows > flags->row_capacity || batch->receipts > flags->receipt_capacity) {
        rcx_clean_flags_release(flags);
        flags->flags = rcx_malloc_array(batch->rows, 1);
        flags->learned = rcx_malloc_array(batch->rows, 1);
        flags->invoices = rcx_malloc_array(batch->receipts, sizeof *flags->invoices);
        flags->spare = rcx_malloc_array(batch->receipts, sizeof *flags->spare);
        if (!flags->flags || !flags->learned || !flags->invoices || !flags->spare) {
            rcx_clean_flags_release(flags);
            return rcx_fail_nomem(err, "cleaning flags", 2 * batch->rows + 32 * batch->receipts);
        }
        flags->row_capacity = batch->rows;
        flags->receipt_capacity = batch->receipts;
    }
    flags->matched_pairs = 0;
    flags->cancelled_invoices = 0;
    flags->high_return_customers = 0;
    return RCX_OK;
}

/* Net quantity of a run of receipts of one invoice; false when stage 1 leaves none of its rows. */
static bool net_quantity(const struct rcx_batch *batch, const uint8_t *rule,
                         const struct rcx_radix_item *items, size_t count, rcx_i128 *out)
{
    bool any = false;
    rcx_i128 net = 0; /* quantities are not limited before stage 2 */
    for (size_t i = 0; i < count; i++) {
        uint32_t receipt = items[i].payload;
        for (uint32_t row = batch->first_row[receipt]; row < batch->first_row[receipt + 1]; row++) {
            if (!rcx_survives_stage_1(rule[row]))
                continue;
            any = true;
            net += batch->quantity[row];
        }
    }
    *out = net;
    return any;
}

static void flag_cancellations(const struct rcx_clean_plan *plan, const struct rcx_batch *batch,
                               const uint8_t *rule, size_t first, size_t end,
                               struct rcx_clean_flags *out)
{
    struct rcx_radix_item *items = out->invoices;
    size_t count = 0;
    for (size_t r = first; r < end; r++) {
        if (rcx_looks_like_cancellation(plan, batch->invoice[r]))
            items[count++] = (struct rcx_radix_item){batch->invoice[r], (uint32_t)r, 0};
    }
    rcx_radix_sort(items, out->spare, count);
    for (size_t i = 0; i < count;) {
        size_t next = i + 1;
        while (next < count && items[next].key == items[i].key)
            next++;
        rcx_i128 net = 0;
        bool any = net_quantity(batch, rule, items + i, next - i, &net);
        if (any && (net < 0 || plan->definitions == RCX_DEFINITIONS_ORIGINAL)) {
            out->cancelled_invoices++;
            for (size_t k = i; k < next; k++) {
                uint32_t receipt = items[k].payload;
                for (uint32_t row = batch->first_row[receipt]; row < batch->first_row[receipt + 1];
                     row++)
                    out->flags[row] |= RCX_ROW_CANCELLATION;
            }
        }
        i = next;
    }
}

static void flag_matches(const struct rcx_batch *batch, struct rcx_clean_scratch *clean,
                         size_t first, size_t end, struct rcx_clean_flags *out)
{
    const uint8_t *rule = clean->rule;
    size_t count = rcx_match_cancellations(batch, rule, first, end, false, &clean->match);
    out->matched_pairs += count;
    for (size_t i = 0; i < count; i++) {
        const struct rcx_match *match = &clean->match.matches[i];
        if (rule[match->purchase_row] == RCX_RULE_KEPT &&
            rule[match->return_row] == RCX_RULE_KEPT) {
            out->flags[match->purchase_row] |= RCX_ROW_MATCHED;
            out->flags[match->return_row] |= RCX_ROW_MATCHED;
        }
    }
}

/* Stage 4 for one customer: too few rows, and the share of returns. */
static void finish_customer(const struct rcx_clean_plan *plan, const struct rcx_batch *batch,
                            uint8_t *rule, uint32_t begin, uint32_t end,
                            struct rcx_clean_flags *out)
{
    int64_t kept = 0;
    int64_t returns = 0;
    for (uint32_t row = begin; row < end; row++) {
        kept += rule[row] == RCX_RULE_KEPT;
        returns += rule[row] == RCX_RULE_KEPT && batch->quantity[row] < 0;
    }
    bool few = kept < plan->min_rows;
    bool high = !few && (double)returns / (double)kept > plan->high_return_rate;
    out->high_return_customers += high;
    if (!few && !high)
        return;
    for (uint32_t row = begin; row < end; row++) {
        if (rule[row] != RCX_RULE_KEPT)
            continue;
        if (few)
            rule[row] = RCX_RULE_MIN_ROWS;
        else
            out->flags[row] |= RCX_ROW_HIGH_RETURNS;
    }
}

static void flag_outliers(const struct rcx_clean_plan *plan, const struct rcx_batch *batch,
                          struct rcx_clean_flags *out)
{
    (void)RCX_KERNEL_CALL(rcx_mark_rows)(&plan->learned, batch->rows, batch->stock, batch->quantity,
                                         batch->unit_price, NULL, out->learned);
    for (size_t row = 0; row < batch->rows; row++) {
        if (out->learned[row] >= RCX_RULE_PRICE_OUTLIER)
            out->flags[row] |= RCX_ROW_OUTLIER;
    }
}

enum rcx_status rcx_clean_flag_batch(const struct rcx_clean_plan *plan,
                                     const struct rcx_batch *batch, struct rcx_clean_scratch *clean,
                                     struct rcx_clean_flags *out, struct rcx_error *err)
{
    enum rcx_status status = reserve(out, batch, err);
    if (status != RCX_OK)
        return status;
    memset(out->flags, 0, batch->rows);
    if (batch->guests)
        return RCX_OK;
    if (plan->flag_outliers)
        flag_outliers(plan, batch, out);
    for (size_t first = 0; first < batch->receipts;) {
        size_t end = rcx_batch_customer_end(batch, first);
        flag_cancellations(plan, batch, clean->rule, first, end, out);
        finish_customer(plan, batch, clean->rule, batch->first_row[first], batch->first_row[end],
                        out);
        flag_matches(batch, clean, first, end, out);
        first = end;
    }
    return RCX_OK;
}
