#include "engine/quality/matching.h"

#include "engine/quality/rules.h"

/* Equal for rows that can match; the reverse needs a look at the quantity when it exceeds 32 bits.
 */
static uint64_t match_key(uint32_t stock, int64_t quantity)
{
    return (uint64_t)stock << 32 | (uint32_t)(quantity < 0 ? -quantity : quantity);
}

static size_t collect_returns(const struct rcx_batch *batch, const uint8_t *rule, size_t first,
                              size_t end, struct rcx_radix_item *out)
{
    size_t count = 0;
    for (size_t r = first; r < end; r++) {
        for (uint32_t row = batch->first_row[r]; row < batch->first_row[r + 1]; row++) {
            int64_t quantity = batch->quantity[row];
            if (quantity < 0 && rcx_survives_stage_2(rule[row]))
                out[count++] = (struct rcx_radix_item){match_key(batch->stock[row], quantity), row,
                                                       (uint32_t)r};
        }
    }
    return count;
}

static bool has_key(const struct rcx_radix_item *items, size_t count, uint64_t key)
{
    size_t low = 0;
    while (count > 0) {
        size_t half = count / 2;
        if (items[low + half].key < key) {
            low += half + 1;
            count -= half + 1;
        } else if (items[low + half].key == key) {
            return true;
        } else {
            count = half;
        }
    }
    return false;
}

/* Purchase rows that some return could take. */
static size_t collect_purchases(const struct rcx_batch *batch, const uint8_t *rule, size_t first,
                                size_t end, const struct rcx_radix_item *returns,
                                size_t return_count, struct rcx_radix_item *out)
{
    size_t count = 0;
    for (size_t r = first; r < end; r++) {
        for (uint32_t row = batch->first_row[r]; row < batch->first_row[r + 1]; row++) {
            if (batch->quantity[row] <= 0 || !rcx_survives_stage_2(rule[row]))
                continue;
            uint64_t key = match_key(batch->stock[row], batch->quantity[row]);
            if (has_key(returns, return_count, key))
                out[count++] = (struct rcx_radix_item){key, row, (uint32_t)r};
        }
    }
    return count;
}

static bool any_dropped(const struct rcx_batch *batch, const uint8_t *rule, size_t first,
                        size_t end, const struct rcx_radix_item *returns, size_t return_count)
{
    for (uint32_t row = batch->first_row[first]; row < batch->first_row[end]; row++) {
        if (rule[row] >= RCX_RULE_PRICE_OUTLIER && batch->quantity[row] > 0 &&
            has_key(returns, return_count, match_key(batch->stock[row], batch->quantity[row])))
            return true;
    }
    return false;
}

/* Takes the last entry of the stack with exactly the opposite quantity off it. */
static bool take(const struct rcx_batch *batch, uint32_t *stack, size_t *height,
                 uint32_t return_row, uint32_t *out)
{
    for (size_t i = *height; i-- > 0;) {
        if (batch->quantity[stack[i]] != -batch->quantity[return_row])
            continue;
        *out = stack[i];
        for (size_t j = i + 1; j < *height; j++)
            stack[j - 1] = stack[j];
        (*height)--;
        return true;
    }
    return false;
}

size_t rcx_match_cancellations(const struct rcx_batch *batch, const uint8_t *rule,
                               size_t first_receipt, size_t end_receipt, bool dropped_only,
                               struct rcx_match_scratch *scratch)
{
    struct rcx_radix_item *returns = scratch->returns;
    struct rcx_radix_item *purchases = scratch->purchases;
    size_t return_count = collect_returns(batch, rule, first_receipt, end_receipt, returns);
    if (return_count == 0)
        return 0;
    rcx_radix_sort(returns, scratch->spare, return_count); /* stable: the store's order stays */
    if (dropped_only &&
        !any_dropped(batch, rule, first_receipt, end_receipt, returns, return_count))
        return 0;
    size_t purchase_count = collect_purchases(batch, rule, first_receipt, end_receipt, returns,
                                              return_count, purchases);
    rcx_radix_sort(purchases, scratch->spare, purchase_count);

    size_t matched = 0;
    size_t p = 0;
    size_t height = 0;
    for (size_t i = 0; i < return_count; i++) {
        if (i == 0 || returns[i].key != returns[i - 1].key) {
            height = 0;
            while (p < purchase_count && purchases[p].key < returns[i].key)
                p++;
        }
        rcx_time time = batch->time[returns[i].pad];
        while (p < purchase_count && purchases[p].key == returns[i].key &&
               batch->time[purchases[p].pad] <= time)
            scratch->stack[height++] = purchases[p++].payload;
        uint32_t row;
        if (take(batch, scratch->stack, &height, returns[i].payload, &row))
            scratch->matches[matched++] = (struct rcx_match){row, returns[i].payload};
    }
    return matched;
}
