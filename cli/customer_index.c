#include "cli/customer_index.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"

const char *rcx_customer_text(const struct rcx_column *ids, size_t row, char out[64])
{
    if (ids->type == RCX_TYPE_TEXT) {
        struct rcx_text text = rcx_strings_get(ids->dictionary, ids->codes[row]);
        (void)snprintf(out, 64, "%.*s", (int)(text.length < 60 ? text.length : 60), text.data);
    } else {
        (void)snprintf(out, 64, "%" PRId64, ids->i64[row]);
    }
    return out;
}

static uint64_t hash_row(const struct rcx_column *ids, size_t row)
{
    if (ids->type != RCX_TYPE_TEXT)
        return rcx_mix64((uint64_t)ids->i64[row]);
    struct rcx_text text = rcx_strings_get(ids->dictionary, ids->codes[row]);
    return rcx_hash64(text.data, text.length);
}

static bool same(const struct rcx_column *a, size_t i, const struct rcx_column *b, size_t j)
{
    if (a->type != RCX_TYPE_TEXT)
        return a->i64[i] == b->i64[j];
    return rcx_text_equal(rcx_strings_get(a->dictionary, a->codes[i]),
                          rcx_strings_get(b->dictionary, b->codes[j]));
}

/* The slot of the row, or the free one where it belongs. */
static size_t slot_of(const struct rcx_customer_index *index, const struct rcx_column *ids,
                      size_t row)
{
    size_t slot = hash_row(ids, row) & (index->slot_count - 1);
    while (index->slots[slot] != 0 && !same(index->ids, index->slots[slot] - 1, ids, row))
        slot = (slot + 1) & (index->slot_count - 1);
    return slot;
}

static bool is_rising(const struct rcx_column *ids)
{
    for (size_t row = 1; row < ids->rows && ids->type != RCX_TYPE_TEXT; row++)
        if (ids->i64[row - 1] >= ids->i64[row])
            return false;
    return ids->type != RCX_TYPE_TEXT;
}

static uint32_t search(const struct rcx_column *ids, int64_t id)
{
    size_t low = 0, high = ids->rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ids->i64[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < ids->rows && ids->i64[low] == id ? (uint32_t)low : RCX_NO_ROW;
}

enum rcx_status rcx_customer_index_open(const struct rcx_column *ids, const char *what,
                                        struct rcx_customer_index *out, struct rcx_error *err)
{
    struct rcx_customer_index index = {.ids = ids, .slot_count = 16};
    char customer[64];
    if (is_rising(ids)) {
        *out = (struct rcx_customer_index){.ids = ids};
        return RCX_OK;
    }
    while (index.slot_count < 2 * ids->rows)
        index.slot_count *= 2;
    index.slots = rcx_calloc(index.slot_count, sizeof *index.slots);
    if (!index.slots)
        return rcx_fail_nomem(err, "index of customers", index.slot_count * sizeof *index.slots);
    for (size_t row = 0; row < ids->rows; row++) {
        size_t slot = slot_of(&index, ids, row);
        if (index.slots[slot] != 0) {
            rcx_customer_index_close(&index);
            return rcx_fail(err, RCX_E_INPUT,
                            "%s: customer %s is there twice, expected one row for each customer",
                            what, rcx_customer_text(ids, row, customer));
        }
        index.slots[slot] = (uint32_t)row + 1;
    }
    *out = index;
    return RCX_OK;
}

void rcx_customer_index_close(struct rcx_customer_index *index)
{
    rcx_free(index->slots);
    *index = (struct rcx_customer_index){0};
}

uint32_t rcx_customer_index_find(const struct rcx_customer_index *index,
                                 const struct rcx_column *ids, size_t row)
{
    if (row < index->ids->rows && same(index->ids, row, ids, row))
        return (uint32_t)row;
    if (!index->slots)
        return search(index->ids, ids->i64[row]);
    uint32_t found = index->slots[slot_of(index, ids, row)];
    return found == 0 ? RCX_NO_ROW : found - 1;
}

uint32_t rcx_customer_index_find_text(const struct rcx_customer_index *index, struct rcx_text id)
{
    int64_t number = 0;
    uint32_t code = 0;
    uint64_t offsets[2] = {0, id.length};
    struct rcx_column column = {.type = index->ids->type, .rows = 1};
    struct rcx_strings strings = {.count = 1, .offsets = offsets};
    char bytes[256];
    if (index->ids->type != RCX_TYPE_TEXT) {
        if (!rcx_parse_i64(id, &number))
            return RCX_NO_ROW;
        column.i64 = &number;
        return rcx_customer_index_find(index, &column, 0);
    }
    if (id.length > sizeof bytes)
        return RCX_NO_ROW; /* longer than ids are */
    memcpy(bytes, id.data, id.length);
    strings.bytes = bytes;
    column.codes = &code;
    column.dictionary = &strings;
    return rcx_customer_index_find(index, &column, 0);
}
