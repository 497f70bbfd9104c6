#include "engine/quality/clean_batch.h"

#include <assert.h>
#include <string.h>

#include "base/decimal.h"
#include "base/memory.h"
#include "engine/quality/clean_kernels.h"

/* Sums of the revenues of a morsel stay below this, so that no int64 sum can overflow. */
enum { SUM_BITS = 62 };

/* More pairs than this are not compared one by one. */
enum { MOST_PAIRS = 4096 };

void rcx_clean_scratch_release(struct rcx_clean_scratch *scratch)
{
    rcx_free(scratch->rule);
    rcx_free(scratch->dropped);
    rcx_free(scratch->returns);
    rcx_free(scratch->match.returns);
    rcx_free(scratch->match.purchases);
    rcx_free(scratch->match.spare);
    rcx_free(scratch->match.stack);
    rcx_free(scratch->match.matches);
    *scratch = (struct rcx_clean_scratch){0};
}

static enum rcx_status reserve(struct rcx_clean_scratch *scratch, size_t rows,
                               struct rcx_error *err)
{
    if (rows <= scratch->capacity)
        return RCX_OK;
    rcx_clean_scratch_release(scratch);
    size_t room = rows + rows / 4;
    scratch->rule = rcx_malloc_array(room, sizeof *scratch->rule);
    scratch->dropped = rcx_malloc_array(room, sizeof *scratch->dropped);
    scratch->returns = rcx_malloc_array(room, sizeof *scratch->returns);
    scratch->match.returns = rcx_malloc_array(room, sizeof *scratch->match.returns);
    scratch->match.purchases = rcx_malloc_array(room, sizeof *scratch->match.purchases);
    scratch->match.spare = rcx_malloc_array(room, sizeof *scratch->match.spare);
    scratch->match.stack = rcx_malloc_array(room, sizeof *scratch->match.stack);
    scratch->match.matches = rcx_malloc_array(room, sizeof *scratch->match.matches);
    if (!scratch->rule || !scratch->dropped || !scratch->returns || !scratch->match.returns ||
        !scratch->match.purchases || !scratch->match.spare || !scratch->match.stack ||
        !scratch->match.matches) {
        rcx_clean_scratch_release(scratch);
        return rcx_fail_nomem(err, "cleaning scratch", room * 64);
    }
    scratch->capacity = room;
    return RCX_OK;
}

/* A duplicate differs in nothing from the row before, so its own marks of stage 1 are that row's. */
static void mark_duplicates(const struct rcx_batch *batch, uint8_t *rule)
{
    for (size_t i = 0; i < batch->repeat_count; i++) {
        uint8_t *mark = &rule[batch->repeats[i]];
        if (rcx_survives_stage_1(*mark))
            *mark = RCX_RULE_EXACT_DUPLICATE;
    }
}

static void mark_missing_invoices(const struct rcx_batch *batch, uint8_t *rule)
{
    for (size_t r = 0; r < batch->receipts; r++) {
        if (batch->invoice[r] == 0)
            memset(rule + batch->first_row[r], RCX_RULE_NULL_INVOICE,
                   batch->first_row[r + 1] - batch->first_row[r]);
    }
}

/* Purchase rows that stage 3 drops, ascending. */
static size_t find_dropped(const struct rcx_batch *batch, const uint8_t *rule, uint32_t *out)
{
    const uint64_t from_8_on = 0x0808080808080808u; /* a bit of every mark from 8 to 15 */
    size_t found = 0;
    size_t row = 0;
    static_assert(RCX_RULE_PRICE_OUTLIER > 8 && RCX_RULE_COUNT <= 16, "marks of stage 3");
    while (row < batch->rows) {
        uint64_t marks;
        if (batch->rows - row >= sizeof marks) {
            memcpy(&marks, rule + row, sizeof marks);
            if ((marks & from_8_on) == 0) {
                row += sizeof marks;
                continue;
            }
        }
        if (rule[row] >= RCX_RULE_PRICE_OUTLIER && batch->quantity[row] > 0)
            out[found++] = (uint32_t)row;
        row++;
    }
    return found;
}

/* Whether a return of one list may take back a row of the other; both of one customer. */
static bool may_match(const struct rcx_batch *batch, const uint32_t *dropped, size_t dropped_count,
                      const uint32_t *returns, size_t return_count)
{
    if (return_count > MOST_PAIRS / dropped_count)
        return true;
    for (size_t d = 0; d < dropped_count; d++) {
        for (size_t r = 0; r < return_count; r++) {
            if (batch->stock[dropped[d]] == batch->stock[returns[r]] &&
                batch->quantity[dropped[d]] == -batch->quantity[returns[r]])
                return true;
        }
    }
    return false;
}

static void match_customer(const struct rcx_batch *batch, struct rcx_clean_scratch *scratch,
                           size_t first, size_t end)
{
    uint8_t *rule = scratch->rule;
    size_t count = rcx_match_cancellations(batch, rule, first, end, true, &scratch->match);
    for (size_t i = 0; i < count; i++) {
        const struct rcx_match *match = &scratch->match.matches[i];
        if (rule[match->purchase_row] >= RCX_RULE_PRICE_OUTLIER &&
            rule[match->return_row] == RCX_RULE_KEPT)
            rule[match->return_row] = RCX_RULE_MATCHED_CANCELLATION;
    }
}

/* The number of leading entries of an ascending list that are below `limit`. */
static size_t count_below(const uint32_t *list, size_t count, uint32_t limit)
{
    size_t below = 0;
    while (below < count && list[below] < limit)
        below++;
    return below;
}

/* Few rows are dropped and few are returns: only customers with a likely pair are looked at. */
static void mark_matched(const struct rcx_batch *batch, struct rcx_clean_scratch *scratch)
{
    const uint32_t *dropped = scratch->dropped;
    const uint32_t *returns = scratch->returns;
    size_t dropped_count = find_dropped(batch, scratch->rule, scratch->dropped);
    if (dropped_count == 0)
        return;
    size_t return_count = RCX_KERNEL_CALL(rcx_find_returns)(batch->rows, batch->quantity,
                                                            scratch->returns);
    for (size_t first = 0; first < batch->receipts && dropped_count > 0;) {
        size_t end = rcx_batch_customer_end(batch, first);
        uint32_t end_row = batch->first_row[end];
        size_t d = count_below(dropped, dropped_count, end_row);
        size_t r = count_below(returns, return_count, end_row);
        if (d > 0 && r > 0 && may_match(batch, dropped, d, returns, r))
            match_customer(batch, scratch, first, end);
        dropped += d;
        dropped_count -= d;
        returns += r;
        return_count -= r;
        first = end;
    }
}

/* Called when the bound over the whole morsel is not enough: looks for the row that is to blame. */
static enum rcx_status check_revenues(const struct rcx_clean_plan *plan,
                                      const struct rcx_batch *batch, const uint8_t *rule,
                                      struct rcx_error *err)
{
    rcx_i128 most = ((rcx_i128)1 << SUM_BITS) / (rcx_i128)batch->rows;
    for (size_t r = 0; r < batch->receipts; r++) {
        for (uint32_t row = batch->first_row[r]; row < batch->first_row[r + 1]; row++) {
            rcx_i128 revenue = (rcx_i128)batch->quantity[row] * batch->unit_price[row];
            if (!rcx_survives_stage_2(rule[row]) || (revenue <= most && revenue >= -most))
                continue;
            char when[RCX_TIME_TEXT_BYTES];
            char money[64];
            return rcx_fail(
                err, RCX_E_INPUT,
                "row of %s, invoice code %u, customer %lld: revenue %s is too large for "
                "exact sums; lower cleaning.max_abs_quantity or ingest.price_decimals",
                rcx_format_time(batch->time[r], when), batch->invoice[r],
                (long long)batch->customer[r],
                rcx_format_money(revenue, rcx_clean_revenue_decimals(plan), 2, money));
        }
    }
    return RCX_OK;
}

static bool may_overflow(const struct rcx_clean_plan *plan, uint64_t price_bound, size_t rows)
{
    rcx_u128 revenue = (rcx_u128)price_bound * (uint64_t)plan->limits.max_abs_quantity;
    return rows > 0 && revenue > ((rcx_u128)1 << SUM_BITS) / rows;
}

enum rcx_status rcx_clean_batch(const struct rcx_clean_plan *plan, const struct rcx_scan *scan,
                                struct rcx_scan_buffer *buffer, struct rcx_batch *batch,
                                struct rcx_clean_scratch *scratch, struct rcx_error *err)
{
    enum rcx_status status = reserve(scratch, batch->rows, err);
    if (status != RCX_OK)
        return status;
    if (batch->guests) {
        memset(scratch->rule, RCX_RULE_NULL_CUSTOMER, batch->rows);
        return RCX_OK;
    }
    bool look = plan->description_required && !batch->has_all_descriptions;
    if (look && !batch->description)
        status = rcx_scan_read_more(scan, RCX_SCAN_DESCRIPTION, buffer, batch, err);
    if (status != RCX_OK)
        return status;

    uint64_t prices = RCX_KERNEL_CALL(rcx_mark_rows)(
        &plan->limits, batch->rows, batch->stock, batch->quantity, batch->unit_price,
        look ? batch->description : NULL, scratch->rule);
    if (plan->drop_duplicates)
        mark_duplicates(batch, scratch->rule);
    mark_missing_invoices(batch, scratch->rule);
    if (may_overflow(plan, prices, batch->rows)) {
        status = check_revenues(plan, batch, scratch->rule, err);
        if (status != RCX_OK)
            return status;
    }
    if (plan->match_cancellations)
        mark_matched(batch, scratch);
    return RCX_OK;
}
