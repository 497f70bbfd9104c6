#include "storage/ingest/receipts.h"

/* Puts an empty block in front of `list`. false: out of memory */
static bool push_block(struct rcx_block **list, struct rcx_block_pool *pool)
{
    struct rcx_block *block = rcx_block_pool_get(pool);
    if (!block)
        return false;
    block->next = *list;
    *list = block;
    return true;
}

bool rcx_receipts_begin(struct rcx_receipts *list, struct rcx_block_pool *pool, uint32_t group,
                        const struct rcx_row *row)
{
    if ((!list->receipts || list->receipts->used == RCX_BLOCK_RECEIPTS) &&
        !push_block(&list->receipts, pool))
        return false;
    if ((!list->lines || list->lines->used + 2 > RCX_BLOCK_LINES) &&
        !push_block(&list->lines, pool))
        return false;
    struct rcx_receipt *receipt = rcx_block_receipts(list->receipts) + list->receipts->used++;
    *receipt = (struct rcx_receipt){.customer = row->customer,
                                    .time = row->time,
                                    .first = rcx_block_lines(list->lines) + list->lines->used,
                                    .invoice = row->invoice,
                                    .country = row->country,
                                    .group = group & INT32_MAX};
    list->open = receipt;
    list->count++;
    return true;
}

static void append_list(struct rcx_block **list, struct rcx_block *more)
{
    while (*list)
        list = &(*list)->next;
    *list = more;
}

void rcx_receipts_join(struct rcx_receipts *into, struct rcx_receipts *from)
{
    append_list(&from->receipts, into->receipts);
    append_list(&from->lines, into->lines);
    into->receipts = from->receipts;
    into->lines = from->lines;
    into->open = NULL; /* `lines` may begin with a block that it is not in */
    into->count += from->count;
    into->rows += from->rows;
    *from = (struct rcx_receipts){0};
}

void rcx_receipts_clear(struct rcx_receipts *list, struct rcx_block_pool *pool)
{
    rcx_block_pool_put_list(pool, list->receipts);
    rcx_block_pool_put_list(pool, list->lines);
    *list = (struct rcx_receipts){0};
}
